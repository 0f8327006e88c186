package commands

import (
	"fmt"
	"slices"
	"strings"

	"lisplab/devices"
)

// Printer collects the lines of a configuration.
type Printer struct {
	set   *Set
	cfg   *devices.Config
	lines []string
	depth int
	frame frame
}

// Line adds a line at the indent of the block.
func (p *Printer) Line(format string, args ...any) {
	p.lines = append(p.lines, strings.Repeat(" ", p.depth)+fmt.Sprintf(format, args...))
}

// block prints a sub-mode: its opening line, what the rows of that mode print, and, if it has one, its closing `exit`.
// A `!` at the outer indent ends it.
func (p *Printer) block(f frame, exit bool, format string, args ...any) {
	p.Line(format, args...)
	outer := p.frame
	p.frame = f
	p.depth++
	for i := range p.set.rows {
		if r := &p.set.rows[i]; r.Print != nil && slices.Contains(r.Modes, f.mode) {
			r.Print(p.cfg, p)
		}
	}
	if exit {
		p.Line("exit")
	}
	p.depth--
	p.frame = outer
	p.separator()
}

// separator adds the `!` between blocks, unless one stands there.
func (p *Printer) separator() {
	bar := strings.Repeat(" ", p.depth) + "!"
	if n := len(p.lines); n == 0 || p.lines[n-1] != bar {
		p.lines = append(p.lines, bar)
	}
}

// RunningConfig returns the lines of a configuration, as its rows print them, without the lines that `show
// running-config` puts around them.
func (s *Set) RunningConfig(cfg devices.Config) []string {
	p := &Printer{set: s, cfg: &cfg, frame: frame{mode: Config}}
	for i := range s.rows {
		if r := &s.rows[i]; r.Print != nil && slices.Contains(r.Modes, Config) {
			r.Print(&cfg, p)
		}
	}
	return p.lines
}

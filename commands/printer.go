package commands

import (
	"fmt"
	"strings"

	"lisplab/devices"
)

// Printer collects the lines of a configuration, in the form of a release.
type Printer struct {
	set   *Set
	rel   devices.Release
	cfg   *devices.Config
	lines []string
	depth int
	frame frame
}

// Line adds a line at the indent of the block.
func (p *Printer) Line(format string, args ...any) {
	p.lines = append(p.lines, strings.Repeat(" ", p.depth)+fmt.Sprintf(format, args...))
}

// block prints a sub-mode: its opening line, what the rows of that mode print, and, if it has one, its closing line. A `!`
// at the outer indent ends it.
func (p *Printer) block(f frame, exit bool, format string, args ...any) {
	p.Line(format, args...)
	outer := p.frame
	p.frame = f
	p.depth++
	p.rows()
	if exit {
		p.Line("%s", exitLine(p.rel, f.mode))
	}
	p.depth--
	p.frame = outer
	p.separator()
}

// rows lets the rows of the present mode print themselves.
func (p *Printer) rows() {
	for i := range p.set.rows {
		if r := &p.set.rows[i]; r.prints(p.rel, p.frame.mode) {
			r.Print(p.cfg, p)
		}
	}
}

// separator adds the `!` between blocks, unless one stands there.
func (p *Printer) separator() {
	bar := strings.Repeat(" ", p.depth) + "!"
	if n := len(p.lines); n == 0 || p.lines[n-1] != bar {
		p.lines = append(p.lines, bar)
	}
}

// RunningConfig returns the lines of a configuration, as the rows of a release print them, without the lines that `show
// running-config` puts around them.
func (s *Set) RunningConfig(rel devices.Release, cfg devices.Config) []string {
	p := &Printer{set: s, rel: rel, cfg: &cfg, frame: frame{mode: Config}}
	p.rows()
	return p.lines
}

package transcripts

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/devices/underlay"
	"lisplab/shell"
)

// Options are what a replay needs from outside, all optional.
type Options struct {
	Lab      string                           // instead of the lab that the transcript names
	Underlay devices.Underlay                 // that the lab runs on: devices.Loopback when ""
	Seed     *uint64                          // instead of the lab file's or the transcript's
	Observe  func(underlay.Event)             // gets every event of the underlay
	Taps     []devices.Tap                    // capture from lab time 0 on
	Tamper   func(ev underlay.Event) []byte   // see devices.Options
	Step     func(done, all int)              // progress, after each item
	Final    func(lab *devices.Lab)           // sees the lab at the end, before it is closed
	Before   func(lab *devices.Lab) (e error) // sees the lab at lab time 0, before the first line
}

// Result is what a replay showed.
type Result struct {
	Transcript *Transcript // with the answers of this run
	Failures   []Failure   // the steps whose answer is another than the file's
	Steps      int
	Elapsed    time.Duration // lab time at the end
}

// Failure is one step whose answer differs.
type Failure struct {
	File string
	Line int // the first line that differs
	Step *Step
	Got  []string
}

// String tells the failure as a person reads it: where, what was typed, and a unified diff.
func (f Failure) String() string {
	want, got := text(f.Step.Output), text(f.Got)
	d := diff.Diff("the transcript", []byte(want), "this run", []byte(got))
	_, body, _ := strings.Cut(string(d), "\n") // without its own title
	return fmt.Sprintf("%s:%d: `%s%s` answers otherwise\n%s", f.File, f.Line, f.Step.Prompt, f.Step.Typed, body)
}

// text joins lines as the screen showed them.
func text(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// Replay plays a transcript on a fresh lab, from lab time 0 after everything due at 0 has run. What the file says wrong is
// an *Error, and nothing was started when it can be seen beforehand; answers that differ are failures of the Result.
func Replay(t *Transcript, opt Options) (*Result, error) {
	set, err := commands.New()
	if err != nil {
		return nil, err
	}
	p := &player{set: set, opt: opt, file: t.File, lab: devices.DefaultLab}
	if err := p.check(t); err != nil {
		return nil, err
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	res, err := p.play(t)
	if err == nil && opt.Final != nil {
		p.world.Do(func() { opt.Final(p.world) })
	}
	return res, errors.Join(err, p.world.Close())
}

// player is one replay.
type player struct {
	set  *commands.Set
	opt  Options
	file string

	lab     string // a built-in name or a path
	labLine int    // of the directive that names it
	seed    *uint64

	volatile []*regexp.Regexp // what differs from run to run in real time

	world *devices.Lab
	sh    *shell.Shell
}

// open starts the lab.
func (p *player) open() (err error) {
	opt := devices.Options{Parse: p.set.Load, Seed: p.seed, Underlay: p.opt.Underlay, Observe: p.opt.Observe, Taps: p.opt.Taps, Tamper: p.opt.Tamper}
	name := p.lab
	if p.opt.Seed != nil {
		opt.Seed = p.opt.Seed
	}
	if p.opt.Lab != "" {
		name = p.opt.Lab
	} else if isPath(name) {
		name = filepath.Join(filepath.Dir(p.file), name)
	}
	if p.world, err = devices.OpenLab(name, opt); err != nil {
		if p.labLine > 0 && p.opt.Lab == "" {
			return &Error{p.file, p.labLine, len(directive) + 1, err.Error()}
		}
		return err
	}
	p.sh = shell.New(p.world, p.set)
	if p.opt.Before != nil {
		p.world.Do(func() { err = p.opt.Before(p.world) })
	}
	if err == nil {
		p.world.Do(func() { err = p.world.Settle() })
	}
	if err != nil {
		return errors.Join(err, p.world.Close())
	}
	return nil
}

// isPath tells a lab file from the name of a built-in lab.
func isPath(lab string) bool { return strings.ContainsAny(lab, `/\.`) }

func (p *player) play(t *Transcript) (*Result, error) {
	start := p.now()
	res := &Result{Transcript: &Transcript{File: t.File}}
	for i, item := range t.Items {
		switch it := item.(type) {
		case *Directive:
			got, err := p.direct(it)
			if err != nil {
				return nil, err
			}
			if line, same := p.compare(it.step(), got); !same {
				res.Failures = append(res.Failures, Failure{t.File, line, it.step(), got})
			}
			item = &Directive{it.Line, it.Text, got}
		case *Step:
			got, err := p.step(it)
			if err != nil {
				return nil, err
			}
			res.Steps++
			if line, same := p.compare(it, got); !same {
				res.Failures = append(res.Failures, Failure{t.File, line, it, got})
			}
			item = &Step{it.Line, it.Prompt, it.Typed, got}
		}
		res.Transcript.Items = append(res.Transcript.Items, item)
		if p.opt.Step != nil {
			p.opt.Step(i+1, len(t.Items))
		}
	}
	res.Elapsed = p.now().Sub(start)
	return res, nil
}

func (p *player) now() (now time.Time) {
	p.world.Do(func() { now = p.world.Now() })
	return now
}

// step types one line at the router that its prompt names.
func (p *player) step(s *Step) ([]string, error) {
	if err := p.sh.AttachPrompt(s.Prompt); err != nil {
		return nil, &Error{p.file, s.Line, 1, err.Error()}
	}
	out, err := p.sh.Converse(s.Typed, s.answers())
	if err != nil {
		return nil, &Error{p.file, s.Line, len(s.Prompt) + 1, err.Error()}
	}
	return screenLines(out), nil
}

// screenLines takes what the screen showed apart into its lines.
func screenLines(out string) []string {
	if out == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}

// compare returns the line of the file at which an answer begins to differ.
func (p *player) compare(s *Step, got []string) (line int, same bool) {
	for i := range max(len(s.Output), len(got)) {
		if i >= len(s.Output) || i >= len(got) || p.lasting(s.Output[i]) != p.lasting(got[i]) {
			return s.Line + 1 + min(i, max(0, len(s.Output)-1)), false
		}
	}
	return 0, true
}

package transcripts

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
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
	Lab       string                           // instead of the lab that the transcript names
	Underlay  devices.Underlay                 // that the lab runs on: devices.Loopback when ""
	Seed      *uint64                          // instead of the lab file's or the transcript's
	Observe   func(underlay.Event)             // gets every event of the underlay
	Taps      []devices.Tap                    // capture from lab time 0 on
	Tamper    func(ev underlay.Event) []byte   // see devices.Options
	Step      func(done, all int)              // progress, after each item
	Interrupt <-chan struct{}                  // ends the replay, by devices.ErrInterrupted, when it is closed
	Final     func(lab *devices.Lab)           // sees the lab at the end, before it is closed
	Before    func(lab *devices.Lab) (e error) // sees the lab at lab time 0, before the first line
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
	return res, p.world.CloseAfter(err)
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

	console bool  // `!! console on`
	log     *Step // what the console has shown by itself, as long as it has no place among the items
}

// open starts the lab.
func (p *player) open() (err error) {
	opt := devices.Options{Parse: p.set.Load, Seed: p.seed, Underlay: p.opt.Underlay, Observe: p.opt.Observe, Taps: p.opt.Taps, Tamper: p.opt.Tamper, Interrupt: p.opt.Interrupt}
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
		if p.log != nil && endsLog(t.Items[i:], p.log.Prompt) {
			p.putLog(res)
			if item != (Blank{}) {
				res.Transcript.Items = append(res.Transcript.Items, Blank{})
			}
		}
		if err := p.item(res, item); err != nil {
			return nil, err
		}
		switch item.(type) {
		case *Directive, *Step:
			if prompt, log := p.sh.ConsoleLog(); log != "" {
				p.log = &Step{below(item), prompt, "", screenLines(log)}
			}
		}
		if p.opt.Step != nil {
			p.opt.Step(i+1, len(t.Items))
		}
	}
	p.putLog(res)
	res.Elapsed = p.now().Sub(start)
	return res, nil
}

// item plays one item.
func (p *player) item(res *Result, item Item) error {
	switch it := item.(type) {
	case *Directive:
		got, err := p.direct(it)
		if err != nil {
			return err
		}
		p.judge(res, it.step(), got)
		item = &Directive{it.Line, it.Text, got}
	case *Step:
		if err := p.sh.AttachPrompt(it.Prompt); err != nil {
			return &Error{p.file, it.Line, 1, err.Error()}
		}
		if p.log != nil && !it.isLog(p.log.Prompt) {
			p.putLog(res)
		}
		if _, log := p.sh.ConsoleLog(); log != "" { // what came while the terminal was elsewhere
			if p.log == nil {
				p.log = &Step{Line: it.Line, Prompt: it.Prompt}
			}
			p.log.Output = append(p.log.Output, screenLines(log)...)
		}
		if p.log != nil && it.isLog(p.log.Prompt) {
			p.judge(res, it, p.log.Output)
			item, p.log = &Step{it.Line, it.Prompt, "", p.log.Output}, nil
			break
		}
		p.putLog(res)
		got, err := p.step(it)
		if err != nil {
			return err
		}
		res.Steps++
		p.judge(res, it, got)
		if it.Typed == "" && len(it.Output) > 0 && len(got) == 0 && p.console {
			return nil // it stood there for lines of the log, and there are none
		}
		item = &Step{it.Line, it.Prompt, it.Typed, got}
	}
	res.Transcript.Items = append(res.Transcript.Items, item)
	return nil
}

// isLog tells whether nothing is typed at that prompt: there the file has lines of the log, if there are any.
func (s *Step) isLog(prompt string) bool { return s.Typed == "" && s.Prompt == prompt }

// endsLog tells whether lines of the log that the file does not have must stand before the next item, to be told from it:
// before an empty line that a comment or a directive follows, for instance. Items that run nothing may stand between what has
// brought them and the place that the file has for them.
func endsLog(next []Item, prompt string) bool {
	runs := slices.IndexFunc(next, func(item Item) bool {
		switch item.(type) {
		case Blank, Prose:
			return false
		}
		return true
	})
	if runs >= 0 {
		if s, ok := next[runs].(*Step); ok && s.isLog(prompt) {
			return false
		}
	}
	if next[0] == (Blank{}) {
		next = next[1:]
	}
	if len(next) == 0 {
		return false
	}
	switch next[0].(type) {
	case Prose, *Directive:
		return true
	}
	return false
}

// putLog adds lines of the log that the file does not have.
func (p *player) putLog(res *Result) {
	if p.log != nil {
		p.judge(res, &Step{Line: p.log.Line - 1, Prompt: p.log.Prompt}, p.log.Output)
		res.Transcript.Items = append(res.Transcript.Items, p.log)
		p.log = nil
	}
}

// judge compares an answer with the file's.
func (p *player) judge(res *Result, s *Step, got []string) {
	if line, same := p.compare(s, got); !same {
		res.Failures = append(res.Failures, Failure{p.file, line, s, got})
	}
}

// below is the line of the file behind an item.
func below(item Item) int {
	switch it := item.(type) {
	case *Directive:
		return it.Line + 1 + len(it.Output)
	case *Step:
		return it.Line + 1 + len(it.Output)
	}
	return 0
}

func (p *player) now() (now time.Time) {
	p.world.Do(func() { now = p.world.Now() })
	return now
}

// step types one line at the terminal.
func (p *player) step(s *Step) ([]string, error) {
	out, err := p.sh.Converse(s.Typed, s.answers())
	if err != nil {
		return nil, p.at(s.Line, len(s.Prompt)+1, err)
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

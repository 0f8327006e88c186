package transcripts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/shlex"

	"lisplab/commands"
	"lisplab/commands/grammar"
	"lisplab/devices"
)

// defaultWait is how long `!! wait` waits at most, in lab time that is not real; it looks every waitStep.
const (
	defaultWait = 10 * time.Minute
	waitStep    = time.Second
)

// check reads all directives before anything is started, and notes what the lab is to be.
func (p *player) check(t *Transcript) error {
	started := false
	page := 0 // the line where the open page begins
	for _, item := range t.Items {
		d, ok := item.(*Directive)
		if !ok {
			if _, typed := item.(*Step); typed {
				started = true
			}
			continue
		}
		words, err := shlex.Split(d.Text)
		if err != nil {
			return p.wrong(d, 0, "%v", err)
		}
		if len(words) == 0 {
			return p.wrong(d, 0, "found nothing, expected a directive")
		}
		switch name := words[0]; {
		case name == "lab" || name == "seed":
			if started {
				return p.wrong(d, 0, "found `%s` after the first line that runs, expected it before", name)
			}
			err = p.setUp(d, words)
		case name == "page":
			page, err = p.checkPage(d, words, page)
		default:
			started = true
			err = p.checkRunning(d, words)
		}
		if err != nil {
			return err
		}
	}
	if page > 0 {
		return &Error{p.file, page, 1, "found no `!! page end` for this page"}
	}
	return nil
}

// setUp reads the directives that say what the lab is.
func (p *player) setUp(d *Directive, words []string) error {
	if len(words) != 2 {
		return p.wrong(d, 1, "found %d words after `%s`, expected 1", len(words)-1, words[0])
	}
	if words[0] == "lab" {
		p.lab, p.labLine = words[1], d.Line
		return nil
	}
	seed, err := strconv.ParseUint(words[1], 10, 64)
	if err != nil {
		return p.wrong(d, 1, "found seed %q, expected a number", words[1])
	}
	p.seed = &seed
	return nil
}

func (p *player) checkPage(d *Directive, words []string, open int) (int, error) {
	switch {
	case len(words) == 3 && words[1] == "begin" && open == 0:
		return d.Line, nil
	case len(words) == 2 && words[1] == "end" && open > 0:
		return 0, nil
	}
	return 0, p.wrong(d, 1, "found `%s`, expected `page begin FILE` outside a page or `page end` inside one", clip(d.Text))
}

// checkRunning reads the directives that run.
func (p *player) checkRunning(d *Directive, words []string) error {
	switch words[0] {
	case "form":
		forms := []string{string(commands.FormIOS), string(commands.FormDocument), string(commands.FormJSON)}
		if len(words) != 2 || !slices.Contains(forms, words[1]) {
			return p.wrong(d, 1, "found `%s`, expected `form` and one of %s", clip(d.Text), strings.Join(forms, ", "))
		}
	case "volatile":
		_, err := p.parseVolatile(d, words)
		return err
	case "console":
		if len(words) != 2 || words[1] != "on" && words[1] != "off" {
			return p.wrong(d, 1, "found `%s`, expected `console on` or `console off`", clip(d.Text))
		}
	case "wait":
		_, err := p.parseWait(d, words)
		return err
	default:
		if err := p.set.CheckLab(d.Text); err != nil {
			return p.place(d, err)
		}
	}
	return nil
}

// direct carries out one directive, and returns its answer.
func (p *player) direct(d *Directive) (answer []string, err error) {
	words, err := shlex.Split(d.Text)
	if err != nil || len(words) == 0 {
		return nil, p.wrong(d, 0, "found `%s`, expected a directive", clip(d.Text))
	}
	switch words[0] {
	case "lab", "seed", "page":
		return nil, nil
	case "form":
		p.sh.SetForm(commands.Form(words[1]))
		return nil, nil
	case "volatile":
		list, err := p.parseVolatile(d, words)
		p.volatile = append(p.volatile, list...)
		return nil, err
	case "console":
		p.console = words[1] == "on"
		return nil, p.sh.SitAtConsole(p.console)
	case "wait":
		return nil, p.wait(d, words)
	}
	var out string
	p.world.Do(func() {
		if out, err = p.sh.Direct(d.Text); err == nil {
			err = p.world.Settle()
		}
	})
	if err != nil {
		return nil, p.place(d, err)
	}
	return screenLines(out), nil
}

// parseVolatile reads the patterns of a `!! volatile` directive.
func (p *player) parseVolatile(d *Directive, words []string) (list []*regexp.Regexp, err error) {
	if len(words) < 2 {
		return nil, p.wrong(d, 0, "found nothing after `volatile`, expected regular expressions")
	}
	for i, word := range words[1:] {
		pattern, err := regexp.Compile(word)
		if err != nil {
			return nil, p.wrong(d, i+1, "found %q, expected a regular expression: %v", word, err)
		}
		list = append(list, pattern)
	}
	return list, nil
}

// lasting is what of a line must be the same in every run: all of it, but for what is volatile in real time.
func (p *player) lasting(line string) string {
	if !p.world.Live() {
		return line
	}
	for _, v := range p.volatile {
		line = v.ReplaceAllString(line, "~")
	}
	return line
}

// wait is a `!! wait` directive.
type wait struct {
	command string
	until   *regexp.Regexp
	most    time.Duration // 0: nothing is said
}

func (p *player) parseWait(d *Directive, words []string) (w wait, err error) {
	if len(words) != 3 && len(words) != 4 {
		return w, p.wrong(d, 1, "found %d words after `wait`, expected \"COMMAND\" REGEXP and, if wanted, the longest time to wait", len(words)-1)
	}
	w.command = words[1]
	if w.until, err = regexp.Compile(words[2]); err != nil {
		return w, p.wrong(d, 2, "found %q, expected a regular expression: %v", words[2], err)
	}
	if len(words) == 4 {
		if w.most, err = time.ParseDuration(words[3]); err != nil || w.most <= 0 {
			return w, p.wrong(d, 3, "found %q, expected a time such as 90s", words[3])
		}
	}
	return w, nil
}

// wait advances lab time until the answer to a command at the attached router matches.
func (p *player) wait(d *Directive, words []string) error {
	w, err := p.parseWait(d, words)
	if err != nil {
		return err
	}
	if !p.sh.Attached() {
		return p.wrong(d, 0, "found `wait` where no router is attached, expected a prompt before it, such as `%s#`", p.world.Console())
	}
	switch err := p.world.MayPass(w.most); {
	case err != nil:
		return p.wrong(d, 3, "%v", err)
	case w.most == 0 && p.world.Live():
		w.most = devices.MaxWait
	case w.most == 0:
		w.most = defaultWait
	}
	for spent := time.Duration(0); ; spent += waitStep {
		out, err := p.sh.Exec(w.command)
		if err != nil {
			return p.place(d, err)
		}
		if w.until.MatchString(out) {
			return nil
		}
		if spent >= w.most {
			return p.wrong(d, 0, "`%s` has not shown %q within %v; it shows\n%s", w.command, w.until, w.most, out)
		}
		p.world.Do(func() { err = p.world.Advance(waitStep) })
		if err != nil {
			return p.place(d, err)
		}
	}
}

// wrong is what is wrong with a word of a directive.
func (p *player) wrong(d *Directive, word int, format string, args ...any) error {
	return &Error{p.file, d.Line, len(directive) + d.column(word) + 1, fmt.Sprintf(format, args...)}
}

// column returns where in the text a word stands: behind the quote, if it has any. What has no such word begins at 0.
func (d *Directive) column(word int) int {
	words, err := shlex.Split(d.Text)
	if err != nil || word >= len(words) {
		return 0
	}
	from := 0
	for _, w := range words[:word+1] {
		at := strings.Index(d.Text[from:], w)
		if at < 0 { // written with escapes inside
			return 0
		}
		from += at + len(w)
	}
	return from - len(words[word])
}

// place gives an error of a directive its place in the file.
func (p *player) place(d *Directive, err error) error {
	col := 0
	var syntax *grammar.Error
	if errors.As(err, &syntax) {
		col = min(syntax.Col, len(d.Text))
	}
	return p.at(d.Line, len(directive)+col+1, err)
}

// at gives an error its place in the file. An interrupt is no fault of the file's.
func (p *player) at(line, col int, err error) error {
	if errors.Is(err, devices.ErrInterrupted) {
		return err
	}
	return &Error{p.file, line, col, strings.TrimPrefix(err.Error(), "% ")}
}

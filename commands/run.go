package commands

import (
	"errors"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// Run runs one typed line in the session's mode. Its answer goes to c.Out; its error is for ErrorText. Empty lines and
// comments do nothing.
func (s *Set) Run(c *Context, line string) error {
	if text := strings.TrimSpace(line); text == "" || text[0] == '!' {
		return nil
	}
	c.set = s
	c.Unask()
	c.remember(line)
	m, depth, err := s.parse(c, line)
	if err != nil {
		return err
	}
	if m.Args.Has("do") && c.Device == nil {
		return m.Args.Invalid("do", "a line of configuration") // a file configures, and does nothing else
	}
	row, prefix := s.row(c, m), s.dialect(c.release()).prefix[m.Rule]
	frames := c.frames
	c.frames = frames[:min(depth+1, len(frames))]
	if slices.Contains(anyConfig, c.Mode()) && !m.Args.Has("do") {
		err = c.configure(func() error { return row.run(c, prefix, m.Args) })
	} else {
		err = row.Run(c, m.Args)
	}
	if err != nil {
		c.frames = frames
	}
	return err
}

// RunLab runs a line addressed to the lab: what stands behind the word `lab`, or behind `!!` in a transcript.
func (s *Set) RunLab(c *Context, line string) error {
	c.set = s
	words, err := splitLab(line)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return nil
	}
	m, err := s.dialect(c.release()).grammar.ParseWords(Lab, line, words)
	if err != nil {
		return err
	}
	return s.row(c, m).Run(c, m.Args)
}

// CheckLab tells whether a line addressed to the lab can be read, without running it.
func (s *Set) CheckLab(line string) error {
	words, err := splitLab(line)
	if err != nil {
		return err
	}
	_, err = s.dialect("").grammar.ParseWords(Lab, line, words)
	return err
}

// Next answers `?` in the session's mode. What a mode does not know, its parents may.
func (s *Set) Next(c *Context, line string) ([]grammar.Candidate, error) {
	g := s.dialect(c.release()).grammar
	list, err := g.Next(c.Mode(), line)
	for _, mode := range c.parents() {
		if err == nil {
			break
		}
		if more, err2 := g.Next(mode, line); err2 == nil {
			return more, nil
		}
	}
	return list, err
}

// Complete answers Tab in the session's mode: the line with its last word written out and a blank behind it, or the
// line as it is and false.
func (s *Set) Complete(c *Context, line string) (string, bool) {
	g := s.dialect(c.release()).grammar
	for _, mode := range append([]grammar.Mode{c.Mode()}, c.parents()...) {
		if completed, ok := g.Complete(mode, line); ok {
			return completed, true
		}
		if list, err := g.Next(mode, line); err == nil && len(list) > 0 {
			break // ambiguous here: the parents have no say
		}
	}
	return line, false
}

// NextLab and CompleteLab are Next and Complete for a line addressed to the lab.
func (s *Set) NextLab(line string) ([]grammar.Candidate, error) {
	return s.dialect("").grammar.Next(Lab, line)
}

// CompleteLab answers Tab for a line addressed to the lab.
func (s *Set) CompleteLab(line string) (string, bool) {
	return s.dialect("").grammar.Complete(Lab, line)
}

// row returns the row of a match.
func (s *Set) row(c *Context, m grammar.Match) *Row {
	return &s.rows[s.dialect(c.release()).rowOf[m.Rule]]
}

// parse reads a line in the session's mode, then in the mode's parents. depth is the level of the mode stack that knew
// it. When none does, the error that got furthest into the line is the one to tell. A word that is ambiguous in a mode is
// taken by a parent only when it is a whole keyword there.
func (s *Set) parse(c *Context, line string) (m grammar.Match, depth int, err error) {
	g := s.dialect(c.release()).grammar
	depth = max(0, len(c.frames)-1)
	m, err = g.Parse(c.Mode(), line)
	if err == nil {
		return m, depth, nil
	}
	worst := asSyntax(err)
	for i, mode := range c.parents() {
		if worst.Kind == grammar.Incomplete {
			break
		}
		m, err := g.Parse(mode, line)
		switch {
		case err != nil:
			if e := asSyntax(err); e.Col > worst.Col {
				worst = e
			}
		case worst.Kind != grammar.Ambiguous || spelledOut(g, mode, line, worst):
			return m, depth - 1 - i, nil
		}
	}
	if words := grammar.Split(line); len(words) == 1 && worst.Kind == grammar.Invalid && slices.Contains(anyExec, c.Mode()) {
		return m, 0, &UnknownWord{words[0].Text}
	}
	return m, 0, worst
}

// spelledOut tells whether a mode has the word that was ambiguous in a mode below it as a whole keyword. A beginning of one is
// not enough: a line that may mean two things here must not become a third one there.
func spelledOut(g *grammar.Grammar, m grammar.Mode, line string, ambiguous *grammar.Error) bool {
	list, _ := g.Next(m, line[:ambiguous.Col+len(ambiguous.Found)])
	return slices.ContainsFunc(list, func(c grammar.Candidate) bool { return strings.EqualFold(c.Text, ambiguous.Found) })
}

// parents returns the modes of configuration above the present one, innermost first.
func (c *Context) parents() []grammar.Mode {
	var modes []grammar.Mode
	for i := len(c.frames) - 2; i >= 1; i-- {
		modes = append(modes, c.frames[i].mode)
	}
	return modes
}

func asSyntax(err error) *grammar.Error {
	var e *grammar.Error
	if errors.As(err, &e) {
		return e
	}
	return &grammar.Error{Kind: grammar.Invalid}
}

// configure lets change work on a copy of the configuration, and applies the copy if it was changed.
func (c *Context) configure(change func() error) error {
	if c.Device == nil { // Load: the file is the candidate
		return change()
	}
	before := c.Device.Config()
	candidate := before.Clone()
	c.Config = &candidate
	defer func() { c.Config = nil }()
	if err := change(); err != nil {
		return err
	}
	if candidate.Equal(before) {
		return nil
	}
	return c.Device.Apply(candidate)
}

// remember adds a line of EXEC mode to the history. Lines of configuration have a history of their own, which only the
// line editor knows.
func (c *Context) remember(line string) {
	if !slices.Contains(anyExec, c.Mode()) {
		return
	}
	most := devices.DefaultHistory
	if c.Terminal != nil {
		most = c.Terminal.History
	}
	c.history = append(c.history, line)
	c.history = c.history[max(0, len(c.history)-most):]
}

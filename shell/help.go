package shell

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"lisplab/commands"
	"lisplab/commands/grammar"
)

// Help answers `?`, typed behind partial: what the screen shows before the prompt comes again with partial behind it.
// Directly behind a word it lists what the word can become, side by side; behind a blank it lists what may follow, each
// with its meaning.
func (s *Shell) Help(partial string) (text string) {
	s.lab.Do(func() { text = s.help(partial) })
	return text
}

func (s *Shell) help(partial string) string {
	if s.asked() || s.at.gone() {
		return ""
	}
	if rest, ok := s.labLine(partial); ok {
		if rest == "" {
			return listWords([]grammar.Candidate{{Text: labWord}})
		}
		list, err := s.set.NextLab(rest)
		return s.answer(partial, list, err)
	}
	s.at.revive()
	if !s.at.Device.Running() {
		return s.at.dead()
	}
	short, _ := unchained(partial)
	list, err := s.set.Next(&s.at.Context, short)
	if err != nil && short != partial { // the pipe sign is part of a pattern
		list, err = s.set.Next(&s.at.Context, partial)
	}
	if first := strings.TrimLeft(partial, " "); s.inExec() && s.console && strings.HasPrefix(labWord, strings.ToLower(first)) {
		list, err = withLab(list), nil
	}
	text := s.answer(partial, list, err)
	if title := titles[s.at.Mode()]; title != "" && strings.TrimSpace(partial) == "" {
		text = title + "\n" + text
	}
	return text
}

// titles head the list of all commands of a mode.
var titles = map[grammar.Mode]string{
	commands.User:      "Exec commands:",
	commands.Exec:      "Exec commands:",
	commands.Config:    "Configure commands:",
	commands.Interface: "Interface configuration commands:",
	commands.Line:      "Line configuration commands:",

	commands.ExtendedList: "Ext Access List configuration commands:",
	commands.StandardList: "Standard Access List configuration commands:",
}

func (s *Shell) inExec() bool {
	m := s.at.Mode()
	return m == commands.User || m == commands.Exec
}

// withLab puts the console's own word among the router's, in its place.
func withLab(list []grammar.Candidate) []grammar.Candidate {
	at := slices.IndexFunc(list, func(c grammar.Candidate) bool { return !c.Keyword || c.Text > labWord })
	if at < 0 {
		at = len(list)
	}
	return slices.Insert(slices.Clone(list), at, grammar.Candidate{Text: labWord, Help: labHelp, Keyword: true})
}

func (s *Shell) answer(partial string, list []grammar.Candidate, err error) string {
	var syntax *grammar.Error
	switch {
	case errors.As(err, &syntax) && syntax.Kind == grammar.Ambiguous:
		return commands.ErrorText(err, 0, partial)
	case err != nil:
		return "% Unrecognized command\n"
	case behindWord(partial) && !slices.ContainsFunc(list, func(c grammar.Candidate) bool { return !c.Keyword }):
		return listWords(list)
	}
	return listLines(list)
}

// behindWord tells whether the last word of a line is still being typed.
func behindWord(line string) bool {
	return line != "" && !strings.HasSuffix(line, " ") && !strings.HasSuffix(line, "\t")
}

// listWords lists keywords side by side.
func listWords(list []grammar.Candidate) string {
	words := make([]string, len(list))
	for i, c := range list {
		words[i] = c.Text
	}
	return strings.Join(words, "  ") + "\n\n"
}

// listLines lists candidates with their help; the help stands two blanks behind the longest of them.
func listLines(list []grammar.Candidate) string {
	longest := 0
	for _, c := range list {
		longest = max(longest, len(c.Text))
	}
	var b strings.Builder
	for _, c := range list {
		b.WriteString(strings.TrimRight(fmt.Sprintf("  %-*s  %s", longest, c.Text, c.Help), " "))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.String()
}

// Complete answers Tab: partial with its last word written out and a blank behind it, or partial as it is when the word
// begins no keyword or several.
func (s *Shell) Complete(partial string) (line string) {
	s.lab.Do(func() { line = s.complete(partial) })
	return line
}

func (s *Shell) complete(partial string) string {
	if s.asked() {
		return partial
	}
	if rest, ok := s.labLine(partial); ok {
		if rest == "" {
			return partial + " "
		}
		completed, _ := s.set.CompleteLab(rest)
		return partial[:len(partial)-len(rest)] + completed
	}
	s.at.revive()
	if !s.at.Device.Running() {
		return partial
	}
	short, cut := unchained(partial)
	completed, ok := s.set.Complete(&s.at.Context, short)
	if !ok {
		return partial
	}
	return partial[:cut] + completed[len(short)-(len(partial)-cut):]
}

package transcripts

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"

	"lisplab/shell"
)

// Transcript is one file: its items in order.
type Transcript struct {
	File  string // as errors name it
	Items []Item
}

// Item is a Blank, a Prose, a *Directive or a *Step.
type Item interface{ lines() []string }

// Blank is an empty line between two other items.
type Blank struct{}

// Prose is one line for the reader.
type Prose struct{ Text string }

// Directive is one line for the lab, and the answer of one that has any: `!! explain ...`, `!! host Server ping ...`.
type Directive struct {
	Line   int // in the file, from 1
	Text   string
	Output []string // without newlines
}

// Step is a line typed at a router, and the answer.
type Step struct {
	Line   int // of the prompt in the file, from 1
	Prompt string
	Typed  string
	Output []string // without newlines
}

func (Blank) lines() []string { return []string{""} }
func (p Prose) lines() []string {
	if p.Text == "" {
		return []string{"!"}
	}
	return []string{prose + p.Text}
}
func (d *Directive) lines() []string { return append([]string{directive + d.Text}, d.Output...) }
func (s *Step) lines() []string      { return append([]string{s.Prompt + s.Typed}, s.Output...) }

// step returns the directive as a line typed at the lab's prompt.
func (d *Directive) step() *Step { return &Step{d.Line, directive, d.Text, d.Output} }

const (
	prose     = "! "
	directive = "!! "
)

// prompts matches a prompt of IOS.
var prompts = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}(\(config[a-z0-9-]*\))?[#>]`)

// Error is a place in a transcript that can't be read or can't be played.
type Error struct {
	File      string
	Line, Col int // from 1
	Text      string
}

// Error returns "file:line:column: what is wrong".
func (e *Error) Error() string { return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Text) }

// Load reads and parses a file.
func Load(file string) (*Transcript, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, unread(file, "a transcript", err)
	}
	return Parse(file, string(text))
}

// Parse reads a transcript. Its errors are *Error; file is the name that they carry.
func Parse(file, text string) (*Transcript, error) {
	t := &Transcript{File: file}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if text == "" {
		lines = nil
	}
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	for n := 0; n < len(lines); {
		item, used := parseItem(lines, n)
		if s, ok := item.(*Step); ok {
			for i, line := range s.Output {
				if strings.HasPrefix(line, directive) {
					return nil, &Error{file, n + 2 + i, 1, fmt.Sprintf("found `%s` in the answer to `%s%s`, expected an empty line before it", clip(line), s.Prompt, clip(s.Typed))}
				}
			}
		}
		if item == nil {
			return nil, &Error{file, n + 1, 1, fmt.Sprintf("found %q, expected a prompt (as in `xTR1#show clock`), `! prose`, `!! directive` or an empty line", clip(lines[n]))}
		}
		t.Items = append(t.Items, item)
		n += used
	}
	return t, nil
}

// parseItem reads the item that begins at line n, and tells how many lines it takes; nil when there is none.
func parseItem(lines []string, n int) (Item, int) {
	line := lines[n]
	if text, ok := strings.CutPrefix(line, directive); ok {
		d := &Directive{Line: n + 1, Text: text}
		rest := lines[n+1:]
		end := 0
		for end < len(rest) && !endsDirective(rest[end:]) {
			end++
		}
		d.Output = append(d.Output, rest[:end]...)
		return d, 1 + end
	}
	if text, ok := strings.CutPrefix(line, prose); ok && text != "" {
		return Prose{text}, 1
	}
	switch line {
	case "":
		return Blank{}, 1
	case "!":
		return Prose{}, 1
	}
	prompt := prompts.FindString(line)
	if prompt == "" {
		return nil, 0
	}
	s := &Step{Line: n + 1, Prompt: prompt, Typed: line[len(prompt):]}
	rest := lines[n+1:]
	end := 0
	if partial, tab := strings.CutSuffix(s.Typed, shell.KeyTab); tab && len(rest) > 0 && hasFoldPrefix(rest[0], prompt+partial) {
		end = 1 // the prompt that comes again is the answer
	}
	for end < len(rest) && !prompts.MatchString(rest[end]) && !endsAnswer(rest[end:]) {
		end++
	}
	s.Output = append(s.Output, rest[:end]...)
	return s, 1 + end
}

// hasFoldPrefix is strings.HasPrefix without regard to case.
func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// endsAnswer tells whether lines begin with the empty line that stands between an answer and a comment.
func endsAnswer(lines []string) bool {
	return len(lines) > 1 && lines[0] == "" && (strings.HasPrefix(lines[1], prose) || strings.HasPrefix(lines[1], directive))
}

// endsDirective tells whether lines begin with what can't be part of the answer to a directive: few have one, and so it ends
// where a comment or a prompt does, even without an empty line before it.
func endsDirective(lines []string) bool {
	reads := func(line string) bool {
		return line == "!" || strings.HasPrefix(line, prose) || strings.HasPrefix(line, directive) || prompts.MatchString(line)
	}
	return reads(lines[0]) || lines[0] == "" && (len(lines) == 1 || lines[1] == "" || reads(lines[1]))
}

// Format writes the transcript down; Parse undoes it. The error is that of a transcript which would not read as what it
// is, such as one with an answer that holds the prompt of a router.
func (t *Transcript) Format() (string, error) {
	var b strings.Builder
	for _, item := range t.Items {
		for _, line := range item.lines() {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	text := b.String()
	again, err := Parse(t.File, text)
	if err != nil {
		return "", err
	}
	for i, item := range t.Items {
		if i < len(again.Items) && reflect.DeepEqual(unplaced(item), unplaced(again.Items[i])) {
			continue
		}
		s, ok := item.(*Step)
		if d, is := item.(*Directive); is {
			s, ok = d.step(), true
		}
		if ok {
			return "", &Error{t.File, s.Line, 1, fmt.Sprintf("the answer to `%s%s` can't be written down: a line of it reads as a prompt or as a comment", s.Prompt, s.Typed)}
		}
		return "", &Error{t.File, 1, 1, fmt.Sprintf("%q can't be written down: it reads as something else", clip(strings.Join(item.lines(), "\n")))}
	}
	if len(again.Items) != len(t.Items) {
		return "", &Error{t.File, 1, 1, "the transcript can't be written down: it reads as one of more lines"}
	}
	return text, nil
}

// unplaced returns the item without its place in a file.
func unplaced(item Item) Item {
	switch i := item.(type) {
	case *Directive:
		d := *i
		d.Line = 0
		if len(d.Output) == 0 {
			d.Output = nil
		}
		return &d
	case *Step:
		s := *i
		s.Line = 0
		if len(s.Output) == 0 {
			s.Output = nil
		}
		return &s
	}
	return item
}

// clip shortens a line for an error.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

package shell

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What may stand at the end of a line of a script in place of Enter.
const (
	KeyHelp = "?"
	KeyTab  = "<TAB>"
	KeyEnd  = "<^Z>"

	// KeyLeave leaves a connection to another router, which stays open.
	KeyLeave = "<^^>x"
)

// Type runs one line of a script, as a transcript writes it: a line that ends in `?` asks for help, one that ends in
// <TAB> shows the prompt again with the line completed, one that ends in <^Z> leaves configuration after what stands
// before, and any other line is run. The text is what the screen shows below the line; after help and Tab the line that
// was typed is taken back.
func (s *Shell) Type(typed string) (text string, err error) {
	if _, asked := s.Pending(); asked {
		return s.Exec(typed) // every character is part of the answer
	}
	if s.Busy() { // a connection: a script sees the end of each task
		s.lab.Do(func() { text, err = s.typeCall(typed) })
		return text, err
	}
	if partial, ok := strings.CutSuffix(typed, KeyHelp); ok {
		return s.Help(partial), nil
	}
	if partial, ok := strings.CutSuffix(typed, KeyTab); ok {
		return s.Prompt() + s.Complete(partial) + "\n", nil
	}
	if line, ok := strings.CutSuffix(typed, KeyEnd); ok {
		return s.ExecEnd(line)
	}
	return s.Exec(typed)
}

// Script serves lines that come from a pipe: each is shown behind its prompt, as if it were typed, with its answer below
// it. A Ctrl-Z ends configuration, NULs are ignored. A question that the last line leaves open is answered as where nobody
// can answer. A line that is refused does not end the script, but is an error of the whole: ErrRefused.
func (s *Shell) Script(in io.Reader, out io.Writer) error {
	var refused []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for !s.Closed() && lines.Scan() {
		typed := strings.ReplaceAll(strings.TrimSuffix(lines.Text(), "\r"), "\x00", "")
		if before, _, found := strings.Cut(typed, "\x1a"); found {
			typed = before + KeyEnd
		}
		prompt := s.Prompt()
		s.refused = false // by an earlier line, where this one asks for help
		text, err := s.Type(typed)
		if _, err := io.WriteString(out, prompt+typed+"\n"+text); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		if s.Refused() {
			refused = append(refused, prompt+typed)
		}
	}
	text, err := s.answerAll("", nil)
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	if err = errors.Join(lines.Err(), err); err == nil && len(refused) > 0 {
		err = fmt.Errorf("lines %w: %d, the first of them `%s`", ErrRefused, len(refused), refused[0])
	}
	return err
}

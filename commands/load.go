package commands

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// LoadError is a line of a configuration file that can't be taken.
type LoadError struct {
	File      string
	Line, Col int // from 1; Col counts characters
	Err       error
}

// Error returns "file:line:column: what was found and what was expected".
func (e *LoadError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, strings.TrimPrefix(e.Err.Error(), "% "))
}

// Unwrap returns the error of the line.
func (e *LoadError) Unwrap() error { return e.Err }

// Load reads a configuration file by running its lines through the rows of configuration, on an empty configuration. A line
// that is wrong is left out, with the block below it, as far as that is indented deeper. The error is a *LoadError, or
// several of them joined, one a line. Lines after `end` must be blank.
func (s *Set) Load(rel devices.Release, file, text string) (devices.Config, error) {
	var cfg devices.Config
	c := &Context{Out: io.Discard, Config: &cfg, loading: rel}
	c.enter(frame{mode: Config})
	var wrong []error
	ended, block := false, -1 // block: the indentation of the wrong line that the present one may belong to
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		words := grammar.Split(line)
		if len(words) == 0 || words[0].Text[0] == '!' || block >= 0 && words[0].Col > block {
			continue
		}
		block = -1
		if ended {
			err := fmt.Errorf("found %q after `end`, expected nothing", words[0].Text)
			wrong = append(wrong, &LoadError{file, i + 1, column(line, err, words), err})
			break
		}
		if err := s.Run(c, line); err != nil {
			wrong = append(wrong, &LoadError{file, i + 1, column(line, err, words), err})
			block = words[0].Col
		}
		ended = c.Mode() == Exec
	}
	if len(wrong) == 1 {
		return cfg, wrong[0]
	}
	return cfg, errors.Join(wrong...)
}

// column returns where in a line an error is, from 1, in characters.
func column(line string, err error, words []grammar.Word) int {
	col := words[0].Col
	if e, ok := err.(*grammar.Error); ok {
		col = min(e.Col, len(line))
	}
	return utf8.RuneCountInString(line[:col]) + 1
}

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
// that is wrong is left out, and so, without a word, is the block below it. The error is a *LoadError, or several of them
// joined, one a line. Lines after `end` must be blank.
func (s *Set) Load(rel devices.Release, file, text string) (devices.Config, error) {
	var cfg devices.Config
	c := &Context{Out: io.Discard, Config: &cfg, loading: rel}
	c.enter(frame{mode: Config})
	var wrong []error
	s.feed(c, text, func(number int, line string, err error) {
		if errors.Is(err, errLeftOut) { // one mistake is told once
			return
		}
		wrong = append(wrong, &LoadError{file, number, column(line, err), err})
	})
	if len(wrong) == 1 {
		return cfg, wrong[0]
	}
	return cfg, errors.Join(wrong...)
}

// feed runs the lines of a configuration file in the session's mode of configuration, up to `end`. refused hears of every
// line that is wrong. The block below such a line, which is what is indented deeper, is refused with it: it would be taken
// for part of the block before.
func (s *Set) feed(c *Context, text string, refused func(number int, line string, err error)) {
	banner, bannerLine := 0, "" // the last line that ran: the one that asks for a text, while a text is asked for
	ended, block := false, -1   // block: the indentation of the wrong line that the present one may belong to
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if _, asked := c.Asked(); asked { // the line is one of a banner's text
			if err := s.Answer(c, line); err != nil {
				refused(banner, bannerLine, err)
			}
			continue
		}
		words := grammar.Split(line)
		if len(words) == 0 || words[0].Text[0] == '!' {
			continue
		}
		if block >= 0 && words[0].Col > block {
			refused(i+1, line, errLeftOut)
			continue
		}
		block = -1
		if ended {
			refused(i+1, line, fmt.Errorf("found %q after `end`, expected nothing", words[0].Text))
			return
		}
		if ended = isEnd(words); ended {
			continue
		}
		if err := s.Run(c, line); err != nil {
			refused(i+1, line, err)
			block = words[0].Col
		}
		banner, bannerLine = i+1, line
		ended = c.Mode() == Exec // by one `exit` too many: what follows must not run as commands
	}
	if q, asked := c.Asked(); asked {
		c.Unask()
		refused(banner, bannerLine, fmt.Errorf("found no %q behind this text, expected it before the end of the file", q.Default))
	}
}

var errLeftOut = refuse("%% Left out with the wrong line above it.")

// isEnd tells whether a line is the last of a configuration.
func isEnd(words []grammar.Word) bool {
	return len(words) == 1 && strings.EqualFold(words[0].Text, "end")
}

// column returns where in a line an error is, from 1, in characters.
func column(line string, err error) int {
	col := grammar.Split(line)[0].Col
	if e, ok := err.(*grammar.Error); ok {
		col = min(e.Col, len(line))
	}
	return utf8.RuneCountInString(line[:col]) + 1
}

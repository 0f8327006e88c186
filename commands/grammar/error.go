package grammar

import (
	"fmt"
	"strings"
)

// Kind says what is wrong with a line.
type Kind uint8

const (
	Invalid    Kind = iota + 1 // nothing fits at the column
	Incomplete                 // more is needed
	Ambiguous                  // the word at the column begins several keywords
)

// Error is a line that can't be parsed. Col is the byte offset in the line: where it stopped making sense, its end when
// it is incomplete, the start of the word that is ambiguous.
type Error struct {
	Kind     Kind
	Col      int
	Found    string   // the offending word; "" when the line is incomplete
	Expected []string // what could stand there, as `?` would list it, with an example of what is written in its own way
}

// Error returns the error in one sentence, for logs and configuration files. How a terminal words it is the caller's.
func (e *Error) Error() string {
	switch e.Kind {
	case Incomplete:
		return "incomplete command: expected " + e.expected()
	case Ambiguous:
		return fmt.Sprintf("ambiguous word %q: it may be %s", e.Found, e.expected())
	}
	return fmt.Sprintf("found %q, expected %s", e.Found, e.expected())
}

// expected lists what could stand at the column. A long list is cut: it would tell nobody anything.
func (e *Error) expected() string {
	const most = 12
	switch n := len(e.Expected); {
	case n == 0:
		return "the end of the line"
	case n == 1:
		return e.Expected[0]
	case n > most:
		return strings.Join(e.Expected[:most], ", ") + ", ..."
	default:
		return strings.Join(e.Expected[:n-1], ", ") + " or " + e.Expected[n-1]
	}
}

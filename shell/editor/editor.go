package editor

import (
	"slices"
	"unicode/utf8"
)

// Event is what a key asks of whoever runs the editor.
type Event uint8

// The events. Behind each the cursor stands where the answer goes: on a new line.
const (
	None      Event = iota // more bytes are needed
	Enter                  // the line is finished
	End                    // Ctrl-Z: the line is finished, and so is configuration
	Interrupt              // Ctrl-C: the line is given up
	Help                   // `?`: what could stand at Before? Redraw shows the line again below the answer
	Complete               // Tab: SetBefore takes the answer, Redraw shows it
)

// Kind is what a line is for.
type Kind uint8

// The kinds of lines.
const (
	Command Kind = iota // all keys mean what they mean in IOS
	Answer              // to a question: `?` and Tab are not special, Ctrl-Z means nothing
	Secret              // an answer that is not echoed
)

// MaxLine is how many characters a line holds. What is typed beyond them is dropped, without echo.
const MaxLine = 1024

// Line is how a line is read.
type Line struct {
	Prompt  string // as it is shown, without a line break
	Kind    Kind
	History *History // of the lines to recall; nil for none
	Width   int      // of the terminal in columns; 0, 511 and above: long lines don't scroll
}

// Editor edits one line after the other. The zero Editor is ready for Begin.
type Editor struct {
	cfg  Line
	line []rune
	pos  int // of the cursor in line
	off  int // how many characters are scrolled out at the left

	recalled int    // from the newest line of history, 1 is that one; 0 is the line being typed
	typed    []rune // the line being typed, while another is recalled
	killed   []rune // what was cut out last

	screen []rune // what the terminal shows behind the prompt
	col    int    // where in screen the terminal's cursor stands

	cr      bool   // the last byte was CR: a LF or NUL behind it belongs to the same key
	literal bool   // Ctrl-V: the next character is plain
	seq     int    // in an escape sequence: 1 behind ESC, 2 behind its bracket
	param   []byte // of that sequence: its numbers
	partial []byte // of a character in UTF-8

	out []byte
}

// Begin begins a line: the prompt is shown.
func (e *Editor) Begin(l Line) {
	e.cfg = l
	e.line, e.pos, e.off = nil, 0, 0
	e.recalled, e.typed = 0, nil
	e.literal, e.seq, e.partial = false, 0, nil
	e.Redraw()
}

// Feed types bytes, until all are used or an event comes up. The bytes behind those used are type-ahead: they belong to
// whatever the event leads to.
func (e *Editor) Feed(p []byte) (used int, ev Event) {
	for i, b := range p {
		key, ok := e.Key(b)
		if !ok {
			continue
		}
		if ev := e.press(key); ev != None {
			return i + 1, ev
		}
	}
	return len(p), None
}

// Key is for one byte typed outside a line, such as at `--More--`: it returns the key, or false when the byte is none
// because it belongs to the Enter before it, or is a NUL. CR and LF are both Enter, and returned as CR. No byte waits for
// the one behind it: a CR is Enter at once, and the LF or NUL that may follow it is then ignored.
func (e *Editor) Key(b byte) (key byte, ok bool) {
	afterCR := e.cr
	e.cr = b == '\r'
	switch {
	case b == 0, b == '\n' && afterCR:
		return 0, false
	case b == '\n':
		return '\r', true
	}
	return b, true
}

// Output returns what the terminal has to be sent since the last call. It is valid until the next call of any method.
func (e *Editor) Output() []byte {
	p := e.out
	e.out = e.out[:0]
	return p
}

// Text returns the line as it is.
func (e *Editor) Text() string { return string(e.line) }

// Before returns the part of the line that stands before the cursor.
func (e *Editor) Before() string { return string(e.line[:e.pos]) }

// SetBefore replaces the part of the line that stands before the cursor. Redraw or the next key shows it.
func (e *Editor) SetBefore(text string) {
	e.line = append([]rune(text), e.line[e.pos:]...)
	if len(e.line) > MaxLine {
		e.line = e.line[:MaxLine]
	}
	e.pos = min(utf8.RuneCountInString(text), len(e.line))
}

// Redraw shows the prompt and the line anew. The terminal's cursor must stand at the left margin.
func (e *Editor) Redraw() {
	e.out = append(e.out, e.cfg.Prompt...)
	e.screen, e.col = e.screen[:0], 0
	e.paint()
}

// insert puts characters before the cursor.
func (e *Editor) insert(text ...rune) {
	text = text[:min(len(text), MaxLine-len(e.line))]
	e.line = slices.Insert(e.line, e.pos, text...)
	e.pos += len(text)
}

// cut takes characters out of the line. Those of more than one key's worth can be had back with Ctrl-Y.
func (e *Editor) cut(from, to int, keep bool) {
	if keep && from < to {
		e.killed = slices.Clone(e.line[from:to])
	}
	e.line = slices.Delete(e.line, from, to)
	e.pos = from
}

// wordLeft and wordRight find the ends of words, which blanks part.
func (e *Editor) wordLeft() int {
	i := e.pos
	for i > 0 && e.line[i-1] == ' ' {
		i--
	}
	for i > 0 && e.line[i-1] != ' ' {
		i--
	}
	return i
}

func (e *Editor) wordRight() int {
	i := e.wordStart()
	for i < len(e.line) && e.line[i] != ' ' {
		i++
	}
	return i
}

// wordStart is where the word begins that wordRight ends.
func (e *Editor) wordStart() int {
	i := e.pos
	for i < len(e.line) && e.line[i] == ' ' {
		i++
	}
	return i
}

// recall steps through history: 1 to older lines, -1 to newer ones. Behind the newest stands what was being typed.
func (e *Editor) recall(step int) {
	h := e.cfg.History
	at := e.recalled + step
	if h == nil || at < 0 || at > len(h.lines) {
		return
	}
	if e.recalled == 0 {
		e.typed = e.line
	}
	e.recalled = at
	if at == 0 {
		e.line = e.typed
	} else {
		e.line = []rune(h.lines[len(h.lines)-at])
	}
	e.pos = len(e.line)
}

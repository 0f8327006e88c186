package editor

import (
	"unicode"
	"unicode/utf8"
)

// ctrl is the byte that a key sends together with Control.
func ctrl(key byte) byte { return key & 0x1F }

const (
	backspace = 0x08
	enter     = '\r'
	tab       = '\t'
	escape    = 0x1B
	del       = 0x7F

	// maxParam is how long the numbers of an escape sequence may be; a longer one is none.
	maxParam = 16
)

// press handles one key.
func (e *Editor) press(key byte) Event {
	if key >= utf8.RuneSelf {
		e.character(key)
		e.paint()
		return None
	}
	e.partial = e.partial[:0]
	ev := None
	switch {
	case e.seq > 0 && key >= ' ':
		e.sequence(key)
	case key >= ' ' && key != del:
		if key == '?' && !e.literal && e.cfg.Kind == Command {
			ev = e.leave("?", Help)
			break
		}
		e.insert(rune(key))
		e.literal = false
	default:
		e.seq, e.literal = 0, false
		ev = e.control(key)
	}
	if ev == None {
		e.paint()
	}
	return ev
}

// character takes one byte of a character beyond ASCII. What is not UTF-8, and the control characters up there, are
// dropped.
func (e *Editor) character(b byte) {
	e.seq, e.literal = 0, false
	if utf8.RuneStart(b) {
		e.partial = e.partial[:0]
	}
	e.partial = append(e.partial, b)
	if !utf8.FullRune(e.partial) {
		return
	}
	r, _ := utf8.DecodeRune(e.partial)
	e.partial = e.partial[:0]
	if r != utf8.RuneError && !unicode.IsControl(r) {
		e.insert(r)
	}
}

// control handles a control character.
func (e *Editor) control(key byte) Event {
	switch key {
	case enter:
		return e.leave("", Enter)
	case ctrl('C'):
		return e.leave("^C", Interrupt)
	case ctrl('Z'):
		if e.cfg.Kind == Command {
			return e.leave("^Z", End)
		}
	case tab:
		if e.cfg.Kind == Command {
			return e.leave("", Complete)
		}
	case escape:
		e.seq, e.param = 1, e.param[:0]
	case ctrl('V'):
		e.literal = true

	case ctrl('A'):
		e.pos = 0
	case ctrl('B'):
		e.pos = max(e.pos-1, 0)
	case ctrl('E'):
		e.pos = len(e.line)
	case ctrl('F'):
		e.pos = min(e.pos+1, len(e.line))
	case ctrl('P'):
		e.recall(1)
	case ctrl('N'):
		e.recall(-1)

	case backspace, del:
		e.cut(max(e.pos-1, 0), e.pos, false)
	case ctrl('D'):
		e.cut(e.pos, min(e.pos+1, len(e.line)), false)
	case ctrl('K'):
		e.cut(e.pos, len(e.line), true)
	case ctrl('U'), ctrl('X'):
		e.cut(0, e.pos, true)
	case ctrl('W'):
		e.cut(e.wordLeft(), e.pos, true)
	case ctrl('Y'):
		e.insert(e.killed...)
	case ctrl('T'):
		e.transpose()

	case ctrl('L'), ctrl('R'):
		e.out = append(e.out, "\r\n"...)
		e.Redraw()
	}
	return None
}

// leave ends what the line shows with a mark, and goes to the next line of the terminal.
func (e *Editor) leave(mark string, ev Event) Event {
	if e.cfg.Kind == Secret {
		mark = ""
	}
	e.out = append(append(e.out, mark...), "\r\n"...)
	return ev
}

// sequence handles the bytes behind ESC: the keys Esc-B and so on, and what cursor keys send (ESC [ A or ESC O A, with
// numbers between).
func (e *Editor) sequence(key byte) {
	if e.seq == 1 {
		e.seq = 0
		if key == '[' || key == 'O' {
			e.seq = 2
			return
		}
		e.escaped(key)
		return
	}
	if key >= '0' && key <= '9' || key == ';' {
		e.param = append(e.param, key)
		if len(e.param) < maxParam {
			return
		}
	}
	e.seq = 0
	switch key {
	case 'A':
		e.control(ctrl('P'))
	case 'B':
		e.control(ctrl('N'))
	case 'C':
		e.control(ctrl('F'))
	case 'D':
		e.control(ctrl('B'))
	case 'H':
		e.control(ctrl('A'))
	case 'F':
		e.control(ctrl('E'))
	case '~':
		switch string(e.param) {
		case "1", "7":
			e.control(ctrl('A'))
		case "3":
			e.control(ctrl('D'))
		case "4", "8":
			e.control(ctrl('E'))
		}
	}
}

// escaped handles a key behind ESC.
func (e *Editor) escaped(key byte) {
	switch key {
	case 'b', 'B':
		e.pos = e.wordLeft()
	case 'f', 'F':
		e.pos = e.wordRight()
	case 'd', 'D':
		e.cut(e.pos, e.wordRight(), true)
	case del:
		e.cut(e.wordLeft(), e.pos, true)
	case 'c', 'C':
		first := e.wordStart()
		e.recase(func(i int, r rune) rune {
			if i == first {
				return unicode.ToUpper(r)
			}
			return unicode.ToLower(r)
		})
	case 'l', 'L':
		e.recase(func(_ int, r rune) rune { return unicode.ToLower(r) })
	case 'u', 'U':
		e.recase(func(_ int, r rune) rune { return unicode.ToUpper(r) })
	case 'q', 'Q':
		e.literal = true
	}
}

// recase changes the letters from the cursor to the end of the word, and goes there.
func (e *Editor) recase(to func(i int, r rune) rune) {
	end := e.wordRight()
	for ; e.pos < end; e.pos++ {
		e.line[e.pos] = to(e.pos, e.line[e.pos])
	}
}

// transpose swaps the characters before and at the cursor; at the end of the line, the last two.
func (e *Editor) transpose() {
	at := min(e.pos, len(e.line)-1)
	if at < 1 {
		return
	}
	e.line[at-1], e.line[at] = e.line[at], e.line[at-1]
	e.pos = at + 1
}

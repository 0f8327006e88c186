package shell

import (
	"io"
	"unicode/utf8"
)

// Keys that readline does not know, or would take for something else, reach it as characters of a private area, which the
// console's filter recognises. So they stay in order with the characters around them, however fast they are typed.
const (
	markHelp   = '\uE000' + iota // `?`
	markTab                      // Tab
	markRedraw                   // Ctrl-R, Ctrl-L: show the line again
	markEnd                      // Ctrl-Z; an Enter follows
	markBreak                    // Ctrl-C; an Enter follows
	markEOF                      // Ctrl-D; the same key follows
	markWake                     // nobody typed it: the router has logged something
	markOver                     // nobody typed it: the session is over; an Enter follows
)

const (
	ctrlC   = 0x03
	ctrlD   = 0x04
	ctrlL   = 0x0C
	ctrlR   = 0x12
	ctrlV   = 0x16
	ctrlX   = 0x18
	ctrlZ   = 0x1A
	escape  = 0x1B
	ctrlU   = 0x15
	deleted = 0x7F
)

// editing are the control characters that readline may have: those that move, delete and recall. Others, NUL among them,
// which it would take for the end of the input, are dropped.
const editing = "\x01\x02\x05\x06\x08\x0B\x0E\x10\x14\x15\x17\x19"

// keyboard hands the keys of a terminal to readline, one at a time, so that what is typed ahead behind an Enter is left
// for the pager or for the next line.
type keyboard struct {
	keys    chan byte
	wake    chan struct{}
	stop    <-chan struct{}
	pending []byte // for readline, not read yet

	kept  []byte // typed while a task had the terminal
	ahead []byte // of them, those that come before what is typed now

	over   func() bool // tells, when woken, whether the session is over; may be nil
	single bool        // one key is the whole line; set before readline begins the line

	literal bool // Ctrl-V: the next character is plain
	newline bool // the last key was CR: a LF behind it is the same Enter
	rest    int  // bytes that the character begun still needs
	seq     int  // inside an escape sequence: 1 behind ESC, 2 behind its bracket
}

// newKeyboard starts to read a terminal. The reading goroutine ends with the input; a read of a terminal can't be called
// off.
func newKeyboard(in io.Reader, stop <-chan struct{}) *keyboard {
	k := &keyboard{keys: make(chan byte, 1024), wake: make(chan struct{}, 1), stop: stop}
	go func() {
		defer close(k.keys)
		buf := make([]byte, 256)
		for {
			n, err := in.Read(buf)
			for _, b := range buf[:n] {
				k.keys <- b
			}
			if err != nil {
				return
			}
		}
	}()
	return k
}

// Wake tells the editor that there is something to show. It never blocks.
func (k *keyboard) Wake() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// keep puts keys aside that are not for what has the terminal; release has them typed behind it.
func (k *keyboard) keep(keys []byte) { k.kept = typedAhead(k.kept, keys) }

// release puts them before what is left of those that were put aside earlier: there they come from.
func (k *keyboard) release() {
	k.ahead = append(k.kept, k.ahead...)
	k.kept = nil
}

// next takes a key that was put aside.
func (k *keyboard) next() (b byte, ok bool) {
	if ok = len(k.ahead) > 0; ok {
		b, k.ahead = k.ahead[0], k.ahead[1:]
	}
	return b, ok
}

// Key returns one key as it was typed: what the pager asks for.
func (k *keyboard) Key() (byte, error) {
	if b, ok := k.next(); ok {
		return b, nil
	}
	select {
	case b, ok := <-k.keys:
		if ok {
			return b, nil
		}
	case <-k.stop:
	}
	return 0, io.EOF
}

// KeyOrWake returns one key as it was typed, or none when there is something to show.
func (k *keyboard) KeyOrWake() ([]byte, error) {
	if b, ok := k.next(); ok {
		return []byte{b}, nil
	}
	select {
	case b, ok := <-k.keys:
		if ok {
			return []byte{b}, nil
		}
	case <-k.wake:
		return nil, nil
	case <-k.stop:
	}
	return nil, io.EOF
}

// Read gives readline the next key. It is called only while a line is being edited.
func (k *keyboard) Read(p []byte) (int, error) {
	for len(k.pending) == 0 {
		if b, ok := k.next(); ok {
			k.pending = k.translate(b)
			continue
		}
		wake := k.wake
		if k.rest > 0 || k.seq > 0 { // never in the middle of a character or an escape sequence
			wake = nil
		}
		select {
		case b, ok := <-k.keys:
			if !ok {
				return 0, io.EOF
			}
			k.pending = k.translate(b)
		case <-wake:
			k.pending = utf8.AppendRune(nil, markWake)
			if k.over != nil && k.over() {
				k.pending = append(utf8.AppendRune(nil, markOver), '\r')
			}
		case <-k.stop:
			return 0, io.EOF
		}
	}
	n := copy(p, k.pending)
	k.pending = k.pending[n:]
	return n, nil
}

// Close is for io.ReadCloser; the terminal stays open.
func (k *keyboard) Close() error { return nil }

// translate turns one typed byte into what readline gets for it.
func (k *keyboard) translate(b byte) []byte {
	afterCR := k.newline
	k.newline = false
	switch {
	case k.rest > 0:
		k.rest--
		return []byte{b}
	case k.seq > 0:
		return k.sequence(b)
	case k.literal:
		k.literal = false
		if b >= ' ' && b < deleted {
			return []byte{b}
		}
	case k.single && b >= ' ' && b < deleted:
		return []byte{b, '\r'}
	}
	switch b {
	case '\r':
		k.newline = true
		return []byte{'\r'}
	case '\n':
		if afterCR {
			return nil
		}
		return []byte{'\r'}
	case '?':
		return utf8.AppendRune(nil, markHelp)
	case '\t':
		return utf8.AppendRune(nil, markTab)
	case ctrlR, ctrlL:
		return utf8.AppendRune(nil, markRedraw)
	case ctrlZ:
		return append(utf8.AppendRune(nil, markEnd), '\r')
	case ctrlC:
		return append(utf8.AppendRune(nil, markBreak), '\r')
	case ctrlD:
		return append(utf8.AppendRune(nil, markEOF), ctrlD)
	case ctrlV:
		k.literal = true
		return nil
	case ctrlX:
		return []byte{ctrlU}
	case escape:
		k.seq = 1
		return []byte{b}
	}
	if b < ' ' {
		for _, e := range []byte(editing) {
			if b == e {
				return []byte{b}
			}
		}
		return nil
	}
	if b >= utf8.RuneSelf {
		switch {
		case b >= 0xF0:
			k.rest = 3
		case b >= 0xE0:
			k.rest = 2
		case b >= 0xC0:
			k.rest = 1
		}
	}
	return []byte{b}
}

// sequence follows an escape sequence to its end. An Enter in the middle breaks it off.
func (k *keyboard) sequence(b byte) []byte {
	switch {
	case k.seq == 1 && (b == '[' || b == 'O'):
		k.seq = 2
	case k.seq == 2 && (b >= '0' && b <= '9' || b == ';'):
	default:
		k.seq = 0
	}
	return []byte{b}
}

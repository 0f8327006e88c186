package shell

import (
	"io"
	"strings"
	"testing"
)

// TestKeyboard types keys and holds what readline gets: no NUL, which it would take for the end, and no Ctrl-Z, at which
// it would stop the parent process.
func TestKeyboard(t *testing.T) {
	const help, tab, redraw, end, brk, eof = string(markHelp), string(markTab), string(markRedraw), string(markEnd), string(markBreak), string(markEOF)
	for _, tt := range []struct{ name, keys, want string }{
		{"a line", "show\r", "show\r"},
		{"CR LF is one Enter", "a\r\nb\nc\r\r\n", "a\rb\rc\r\r"},
		{"NUL", "a\x00b\x00\r", "ab\r"},
		{"Ctrl-Z", "a\x1a", "a" + end + "\r"},
		{"Ctrl-C", "a\x03", "a" + brk + "\r"},
		{"Ctrl-D", "\x04", eof + "\x04"},
		{"help and Tab", "sh?\t", "sh" + help + tab},
		{"Ctrl-V makes plain", "a\x16?\x16\x1ab", "a?" + end + "\rb"},
		{"Ctrl-X clears the line", "a\x18", "a\x15"},
		{"Ctrl-L and Ctrl-R show the line again", "\x0c\x12", redraw + redraw},
		{"keys without a meaning", "a\x07\x13\x1c\x1fb", "ab"},
		{"editing keys", "\x01\x05\x17\x7f\x08", "\x01\x05\x17\x7f\x08"},
		{"cursor keys", "\x1b[A\x1bOB\x1b[3~?", "\x1b[A\x1bOB\x1b[3~" + help},
		{"UTF-8", "caf\u00e9\u20ac?", "caf\u00e9\u20ac" + help},
	} {
		k := newKeyboard(strings.NewReader(tt.keys), nil)
		got, err := io.ReadAll(k)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %q: got %q (%v), want %q", tt.name, tt.keys, got, err, tt.want)
		}
	}
}

// TestWake holds that a wake never falls into the middle of a character or of an escape sequence.
func TestWake(t *testing.T) {
	in, out := io.Pipe()
	k := newKeyboard(in, nil)
	read := func() string {
		p := make([]byte, 8)
		n, err := k.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(p[:n])
	}
	k.Wake()
	k.Wake() // is the same one
	if got := read(); got != string(markWake) {
		t.Fatalf("got %q, want the wake", got)
	}
	for _, key := range []string{"\x1b[A", "\u20ac"} {
		go func() { _, _ = io.WriteString(out, key) }()
		got := read()
		k.Wake()
		for len(got) < len(key) {
			got += read()
		}
		if got != key {
			t.Errorf("got %q, want %q in one piece", got, key)
		}
		if got := read(); got != string(markWake) {
			t.Errorf("behind %q: got %q, want the wake", key, got)
		}
	}
}

// What was typed while one task had the terminal is for the next prompts, in its order, even when another task that was begun
// there has seen some of it already.
func TestKeysTypedDuringTasks(t *testing.T) {
	k := newKeyboard(strings.NewReader(""), nil)
	k.keep([]byte("abcd"))
	k.release()
	for range 2 { // the second task ends with two of them in hand
		key, err := k.KeyOrWake()
		if err != nil {
			t.Fatal(err)
		}
		k.keep(key)
	}
	k.release()
	for _, want := range "abcd" {
		if key, err := k.Key(); rune(key) != want || err != nil {
			t.Errorf("the key is %q (%v), expected %q", key, err, want)
		}
	}
	k.keep(make([]byte, maxAhead-1))
	if k.keep([]byte("xy")); len(k.kept) != maxAhead {
		t.Errorf("%d keys are kept, expected %d", len(k.kept), maxAhead)
	}
}

package editor

import (
	"flag"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hinshun/vt10x"
	"pgregory.net/rapid"

	"lisplab/shell/internal/keytable"
)

var update = flag.Bool("update", false, "write what the editor echoes into the key table")

var events = map[Event]string{None: "none", Enter: "enter", End: "end", Interrupt: "interrupt", Help: "help", Complete: "complete"}

var kinds = map[string]Kind{"command": Command, "answer": Answer, "secret": Secret}

// TestKeyTable types every row of the key table: the bytes that come back, the event, and the line.
func TestKeyTable(t *testing.T) {
	rows, err := keytable.Rows()
	if err != nil {
		t.Fatal(err)
	}
	var echoes []string
	for _, row := range rows {
		var e Editor
		h := &History{}
		for _, line := range row.History {
			h.Add(line)
		}
		e.Begin(Line{Prompt: keytable.Prompt, Kind: kinds[row.Kind], Width: row.Width, History: h})
		if got := string(e.Output()); got != keytable.Prompt {
			t.Errorf("%s: begins with %q", row.Name, got)
		}
		used, ev := e.Feed([]byte(row.Keys))
		echo := string(e.Output())
		echoes = append(echoes, echo)
		switch {
		case used != len(row.Keys):
			t.Errorf("%s: %d of %d bytes used, then %s", row.Name, used, len(row.Keys), events[ev])
		case events[ev] != row.Event:
			t.Errorf("%s: event %s, want %s", row.Name, events[ev], row.Event)
		case e.Text() != row.Line:
			t.Errorf("%s: line %q, want %q", row.Name, e.Text(), row.Line)
		case (ev == Help || ev == Complete) && e.Before() != row.Before:
			t.Errorf("%s: before the cursor %q, want %q", row.Name, e.Before(), row.Before)
		case echo != row.Bytes && !*update:
			t.Errorf("%s: echo\n got %q\nwant %q", row.Name, echo, row.Bytes)
		}
	}
	if *update && !t.Failed() {
		if err := os.WriteFile("../internal/keytable/keys.txt", []byte(keytable.SetBytes(echoes)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEnds holds that CR, LF, CR LF and CR NUL each are one Enter, byte by byte and in one piece, and that no byte is
// waited for.
func TestEnds(t *testing.T) {
	for keys, want := range map[string][]string{
		"a\rb\r":           {"a", "b"},
		"a\nb\n":           {"a", "b"},
		"a\r\nb\r\n":       {"a", "b"},
		"a\r\x00b\r\x00":   {"a", "b"},
		"a\r\n\r\nb\r\n":   {"a", "", "b"},
		"a\n\rb\n":         {"a", "", "b"},
		"a\r\x00\nb\r":     {"a", "", "b"},
		"a\r\r\n\nb\n":     {"a", "", "", "b"},
		"\x00a\x00\r\nb\r": {"a", "b"},
	} {
		for _, size := range []int{1, 2, 3, len(keys)} {
			var e Editor
			e.Begin(Line{})
			var got []string
			for rest := []byte(keys); len(rest) > 0; {
				chunk := rest[:min(size, len(rest))]
				used, ev := e.Feed(chunk)
				rest = rest[used:]
				if ev == Enter {
					got = append(got, e.Text())
					e.Begin(Line{})
				}
			}
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("%q in pieces of %d: got %q, want %q", keys, size, got, want)
			}
		}
	}
}

// TestKeyOutsideALine holds that the LF of a CR LF does not answer `--More--`, which the CR before it brought up.
func TestKeyOutsideALine(t *testing.T) {
	var e Editor
	e.Begin(Line{})
	if _, ev := e.Feed([]byte("show run\r")); ev != Enter {
		t.Fatal("no Enter")
	}
	var got []byte
	for _, b := range []byte("\n \r\nq") {
		if key, ok := e.Key(b); ok {
			got = append(got, key)
		}
	}
	if string(got) != " \rq" {
		t.Errorf("keys %q, want a blank, Enter and q", got)
	}
}

// TestHelpShowsTheLineAgain follows the screen through `?`, Tab and a line in between.
func TestHelpShowsTheLineAgain(t *testing.T) {
	var e Editor
	var screen strings.Builder
	e.Begin(Line{Prompt: "R1#"})
	if used, ev := e.Feed([]byte("sh?ow")); ev != Help || used != 3 {
		t.Fatalf("event %s behind %d bytes", events[ev], used)
	}
	screen.Write(e.Output())
	screen.WriteString("show\r\n\r\n")
	e.Redraw()
	if _, ev := e.Feed([]byte("\t")); ev != Complete {
		t.Fatalf("event %s", events[ev])
	}
	screen.Write(e.Output())
	e.SetBefore("show ")
	e.Redraw()
	e.Feed([]byte("clock\r"))
	screen.Write(e.Output())
	const want = "R1#sh?\r\nshow\r\n\r\nR1#sh\r\nR1#show clock\r\n"
	if screen.String() != want {
		t.Errorf("screen\n got %q\nwant %q", screen.String(), want)
	}
	if e.Text() != "show clock" {
		t.Errorf("line %q", e.Text())
	}
}

// typing draws keys as people press them: mostly text, some that edit, few that leave.
func typing() *rapid.Generator[[]byte] {
	key := rapid.OneOf(
		rapid.SampledFrom([]string{"a", "b", " ", "x", "\u00e9", "\u20ac"}),
		rapid.SampledFrom([]string{
			"\x01", "\x02", "\x04", "\x05", "\x06", "\x08", "\x0b", "\x0e", "\x10", "\x12", "\x14", "\x15", "\x17", "\x19", "\x7f",
			"\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[3~", "\x1bb", "\x1bf", "\x1bd", "\x1bc", "\x1bu", "\x1bl", "\x16?",
		}),
	)
	return rapid.Custom(func(t *rapid.T) []byte {
		return []byte(strings.Join(rapid.SliceOfN(key, 0, 120).Draw(t, "keys"), ""))
	})
}

// TestScreenShowsTheLine types anything into a terminal and holds that its screen shows the window of the line, with the
// cursor where it is.
func TestScreenShowsTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const prompt = "R1(config)#"
		width := rapid.SampledFrom([]int{0, 30, 40, 80}).Draw(t, "width")
		h := &History{}
		for _, line := range []string{"show version", "a line that is longer than some windows are, but not than all"} {
			h.Add(line)
		}
		var e Editor
		columns := width
		if width == 0 {
			columns = 1000
		}
		screen := vt10x.New(vt10x.WithSize(columns, 500))
		e.Begin(Line{Prompt: prompt, Width: width, History: h})
		for _, b := range typing().Draw(t, "typed") {
			e.Feed([]byte{b})
			out := e.Output()
			if strings.ContainsRune(string(out), '\x1b') {
				t.Fatalf("an escape sequence: %q", out)
			}
			if _, err := screen.Write(out); err != nil {
				t.Fatal(err)
			}
			if len(e.partial) > 0 {
				continue
			}
			view, col := e.view()
			var row strings.Builder
			for x := range columns {
				row.WriteRune(screen.Cell(x, screen.Cursor().Y).Char)
			}
			got := strings.TrimRight(row.String(), " \x00")
			if want := strings.TrimRight(prompt+string(view), " "); got != want {
				t.Fatalf("behind %q the screen shows\n%q, want\n%q", b, got, want)
			}
			if want := len(prompt) + col; screen.Cursor().X != want {
				t.Fatalf("the cursor stands in column %d, want %d", screen.Cursor().X, want)
			}
			if width > 0 && len(prompt)+len(view) >= width {
				t.Fatalf("%d columns of %d are used", len(prompt)+len(view), width)
			}
		}
	})
}

// TestEchoIsWhatWasTyped holds that text comes back as it was typed, whatever its length, when lines don't scroll.
func TestEchoIsWhatWasTyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -><@-~]{0,900}`).Draw(t, "text")
		var e Editor
		e.Begin(Line{Width: rapid.SampledFrom([]int{0, 511, 512}).Draw(t, "width")})
		_, ev := e.Feed([]byte(text + "\r"))
		if ev != Enter || e.Text() != text {
			t.Fatalf("%s, line %q", events[ev], e.Text())
		}
		if got := string(e.Output()); got != text+"\r\n" {
			t.Fatalf("echo %q", got)
		}
	})
}

// TestLineIsBounded types more than a line holds.
func TestLineIsBounded(t *testing.T) {
	var e Editor
	e.Begin(Line{})
	e.Feed([]byte(strings.Repeat("x", 3*MaxLine)))
	if got := len(e.Output()); got != MaxLine {
		t.Errorf("%d characters echoed, want %d", got, MaxLine)
	}
	e.Feed([]byte("\x15\x19\x19\x19"))
	if got := len(e.Text()); got != MaxLine {
		t.Errorf("%d characters after three Ctrl-Y, want %d", got, MaxLine)
	}
	e.Feed([]byte("\x01"))
	e.SetBefore("show ")
	if got := len(e.Text()); got != MaxLine {
		t.Errorf("%d characters after a completion, want %d", got, MaxLine)
	}
}

// TestHistory holds what a history keeps.
func TestHistory(t *testing.T) {
	var h History
	for i := range 30 {
		h.Add(string(rune('a' + i%26)))
	}
	h.Add("  ")
	if got := strings.Join(h.Lines(), ""); got != "klmnopqrstuvwxyzabcd" {
		t.Errorf("keeps %q, want the last 20", got)
	}
	h.SetSize(3)
	if got := strings.Join(h.Lines(), ""); got != "bcd" {
		t.Errorf("keeps %q, want the last 3", got)
	}
	h.SetSize(0)
	h.Add("x")
	if len(h.Lines()) > 0 || h.Size() != 0 {
		t.Errorf("keeps %q, want nothing", h.Lines())
	}
}

// FuzzFeed types random bytes: no panic, nothing but printable characters and cursor movement comes back, and the line
// stays one that can be run.
func FuzzFeed(f *testing.F) {
	rows, err := keytable.Rows()
	if err != nil {
		f.Fatal(err)
	}
	for _, row := range rows {
		f.Add([]byte(row.Keys), uint16(row.Width))
	}
	f.Fuzz(func(t *testing.T, keys []byte, width uint16) {
		var e Editor
		h := &History{}
		begin := func() { e.Begin(Line{Prompt: "R1#", Width: int(width), History: h}) }
		begin()
		for len(keys) > 0 {
			used, ev := e.Feed(keys)
			if used == 0 {
				t.Fatal("no byte used")
			}
			keys = keys[used:]
			for _, r := range string(e.Output()) {
				if r == utf8.RuneError || unicode.IsControl(r) && r != '\b' && r != '\r' && r != '\n' {
					t.Fatalf("sends %q", r)
				}
			}
			for _, r := range e.Text() {
				if unicode.IsControl(r) {
					t.Fatalf("line %q", e.Text())
				}
			}
			switch ev {
			case Enter, End, Interrupt:
				h.Add(e.Text())
				begin()
			case Complete:
				e.SetBefore(e.Before() + "x")
				e.Redraw()
			case Help:
				e.Redraw()
			}
		}
	})
}

// BenchmarkTyping is what one typed character costs.
func BenchmarkTyping(b *testing.B) {
	for _, tt := range []struct {
		name string
		line Line
	}{{"plain", Line{Prompt: "R1#"}}, {"scrolling", Line{Prompt: "R1#", Width: 80}}} {
		b.Run(tt.name, func(b *testing.B) {
			var e Editor
			e.Begin(tt.line)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%200 == 199 {
					e.Begin(tt.line)
				}
				e.Feed([]byte{'x'})
				e.Output()
			}
		})
	}
}

package telnet

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// names are the bytes of the protocol by the names that the RFCs give them.
var names = map[string]byte{
	"SE": se, "NOP": nop, "DM": 242, "BRK": brk, "IP": ip, "AO": 245, "AYT": ayt, "EC": ec, "EL": el, "GA": 249, "SB": sb,
	"WILL": will, "WONT": wont, "DO": do, "DONT": dont, "IAC": iac,
	"ECHO": optEcho, "SGA": optSGA, "TTYPE": optTType, "NAWS": optNAWS, "LINEMODE": 34, "BINARY": 0, "STATUS": 5,
	"IS": 0, "SEND": 1, "NUL": 0, "CR": '\r', "LF": '\n',
}

// wire reads a line of names and quoted text.
func wire(s string) []byte {
	var b []byte
	for _, word := range strings.Fields(s) {
		if text, ok := strings.CutPrefix(word, "'"); ok {
			b = append(b, strings.TrimSuffix(text, "'")...)
		} else if v, ok := names[word]; ok {
			b = append(b, v)
		} else {
			panic(word)
		}
	}
	return b
}

// TestDecode holds what the router makes of what a client sends behind the opening, in one piece and byte by byte.
func TestDecode(t *testing.T) {
	for _, tt := range []struct{ name, raw, data, reply string }{
		{"data", "'show' CR LF", "'show' CR LF", ""},
		{"CR NUL is CR", "'a' CR NUL 'b'", "'a' CR 'b'", ""},
		{"NUL elsewhere is data", "'a' NUL 'b' CR LF NUL", "'a' NUL 'b' CR LF NUL", ""},
		{"IAC IAC is a byte", "'a' IAC IAC 'b'", "'a' IAC 'b'", ""},
		{"NOP", "'a' IAC NOP 'b'", "'ab'", ""},
		{"commands without a meaning", "IAC DM IAC AO IAC GA IAC SE IAC NUL 'a'", "'a'", ""},
		{"Are You There", "IAC AYT", "", "CR LF '[Yes]' CR LF"},
		{"Interrupt Process and Break", "IAC IP IAC BRK", "'\x03\x03'", ""},
		{"Erase Character and Erase Line", "'a' IAC EC IAC EL", "'a\x7f\x15'", ""},
		{"Netmiko's answers", "IAC DO ECHO IAC DO SGA IAC WONT TTYPE IAC WONT NAWS 'lab' CR LF", "'lab' CR LF", ""},
		{"what is agreed is not answered again", "IAC DO ECHO IAC DO ECHO IAC DO ECHO", "", ""},
		{"an option taken back", "IAC DO ECHO IAC DONT ECHO IAC DONT ECHO", "", "IAC WONT ECHO"},
		{"and wanted again", "IAC DO ECHO IAC DONT ECHO IAC DO ECHO", "", "IAC WONT ECHO IAC WILL ECHO"},
		{"an option refused", "IAC DONT ECHO IAC DONT SGA", "", ""},
		{"an option that the client offers", "IAC WILL SGA", "", "IAC DO SGA"},
		{"the terminal's type", "IAC WILL TTYPE", "", "IAC SB TTYPE SEND IAC SE"},
		{"it is asked once", "IAC WILL TTYPE IAC WILL TTYPE", "", "IAC SB TTYPE SEND IAC SE"},
		{"unknown options", "IAC WILL LINEMODE IAC DO STATUS", "", "IAC DONT LINEMODE IAC WONT STATUS"},
		{"unknown options taken back", "IAC WONT LINEMODE IAC DONT STATUS", "", ""},
		{"a subnegotiation is no data", "'a' IAC SB TTYPE IS 'VT100' IAC SE 'b'", "'ab'", ""},
		{"IAC in a subnegotiation", "IAC SB NAWS NUL IAC IAC NUL 'A' IAC SE 'a'", "'a'", ""},
		{"an empty one", "IAC SB IAC SE 'a'", "'a'", ""},
		{"one without an end", "IAC SB NAWS NUL IAC NOP 'a' IAC SB IAC WILL LINEMODE 'b'", "'ab'", "IAC DONT LINEMODE"},
	} {
		for _, size := range []int{1, 1000} {
			var c Codec
			c.Open()
			var data, reply []byte
			for raw := wire(tt.raw); len(raw) > 0; {
				n := min(size, len(raw))
				d, r := c.Decode(raw[:n])
				data, reply = append(data, d...), append(reply, r...)
				raw = raw[n:]
			}
			if want := wire(tt.data); !bytes.Equal(data, want) {
				t.Errorf("%s, pieces of %d: data %q, want %q", tt.name, size, data, want)
			}
			if want := wire(tt.reply); !bytes.Equal(reply, want) {
				t.Errorf("%s, pieces of %d: replies %v, want %v", tt.name, size, reply, want)
			}
		}
	}
}

// TestOpen holds the order in which the router opens: what Netmiko and scrapli were seen to work with.
func TestOpen(t *testing.T) {
	var c Codec
	if got, want := c.Open(), wire("IAC WILL ECHO IAC WILL SGA IAC DO TTYPE IAC DO NAWS"); !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestTerminal holds what the router learns of the terminal.
func TestTerminal(t *testing.T) {
	var c Codec
	c.Open()
	c.Decode(wire("IAC WILL NAWS IAC SB NAWS"))
	c.Decode([]byte{0, 132, 0, 43, iac, se})
	c.Decode(wire("IAC SB TTYPE IS 'xterm-256color' IAC SE"))
	if columns, rows := c.Window(); columns != 132 || rows != 43 {
		t.Errorf("window %d by %d, want 132 by 43", columns, rows)
	}
	if c.Terminal() != "xterm-256color" {
		t.Errorf("terminal %q", c.Terminal())
	}
	c.Decode(wire("IAC SB NAWS NUL IAC SE IAC SB TTYPE IS IAC SE")) // too short: nothing changes
	if columns, rows := c.Window(); columns != 132 || rows != 43 || c.Terminal() != "xterm-256color" {
		t.Errorf("after broken ones: %d by %d, %q", columns, rows, c.Terminal())
	}
}

// TestSubnegotiationIsBounded sends one that never ends: the session is not lost.
func TestSubnegotiationIsBounded(t *testing.T) {
	var c Codec
	c.Open()
	c.Decode(wire("IAC SB TTYPE"))
	c.Decode(bytes.Repeat([]byte{'x'}, maxSub))
	if data, _ := c.Decode([]byte("show clock\r")); string(data) != "show clock\r" {
		t.Errorf("data %q", data)
	}
}

// TestEncode holds what is escaped on the way out, however it is cut into pieces.
func TestEncode(t *testing.T) {
	for _, tt := range []struct{ data, raw string }{
		{"R1#", "R1#"},
		{"a\r\nb\r\n", "a\r\nb\r\n"},
		{"a\rb", "a\r\x00b"},
		{"\r\r\n", "\r\x00\r\n"},
		{"\xff", "\xff\xff"},
	} {
		var whole, pieces Codec
		got := whole.Encode(nil, []byte(tt.data))
		var cut []byte
		for i := range len(tt.data) {
			cut = pieces.Encode(cut, []byte{tt.data[i]})
		}
		if string(got) != tt.raw || string(cut) != tt.raw {
			t.Errorf("%q: got %q and, byte by byte, %q, want %q", tt.data, got, cut, tt.raw)
		}
	}
}

// TestRoundTrip holds that what one end encodes the other decodes.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("\r\n\xff\x00")))).Draw(t, "data")
		var here, there Codec
		got, reply := there.Decode(here.Encode(nil, data))
		if !bytes.Equal(got, data) || len(reply) > 0 {
			t.Fatalf("got %q and replies %v, want %q", got, reply, data)
		}
	})
}

// pipe is a connection whose other end is a script.
type pipe struct {
	in      io.Reader
	out     bytes.Buffer
	refuses bool
	closed  bool
}

func (p *pipe) Read(b []byte) (int, error) { return p.in.Read(b) }
func (p *pipe) Write(b []byte) (int, error) {
	if p.refuses {
		return 0, io.ErrClosedPipe
	}
	return p.out.Write(b)
}
func (p *pipe) Close() error { p.closed = true; return nil }

// TestStream reads and writes a connection through the protocol.
func TestStream(t *testing.T) {
	p := &pipe{in: bytes.NewReader(wire("IAC DO ECHO IAC WILL LINEMODE 'sh' IAC NOP 'ow' CR NUL IAC NOP"))}
	s, err := NewStream(p)
	if err != nil {
		t.Fatal(err)
	}
	p.out.Reset()
	typed, err := io.ReadAll(io.LimitReader(s, 3))
	if rest, err2 := io.ReadAll(s); err != nil || err2 != nil || string(typed)+string(rest) != "show\r" {
		t.Errorf("read %q and %q (%v, %v)", typed, rest, err, err2)
	}
	if n, err := s.Write([]byte("a\xffb\r\n")); n != 5 || err != nil {
		t.Errorf("wrote %d (%v)", n, err)
	}
	if want := string(wire("IAC DONT LINEMODE 'a' IAC IAC 'b' CR LF")); p.out.String() != want {
		t.Errorf("sent %q, want %q", p.out.String(), want)
	}
	if err := s.Close(); err != nil || !p.closed {
		t.Errorf("closed %v (%v)", p.closed, err)
	}
}

// TestStreamFails holds that errors of the connection come through: on opening, on answering and on showing.
func TestStreamFails(t *testing.T) {
	if _, err := NewStream(&pipe{refuses: true}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("opening: %v", err)
	}
	p := &pipe{in: bytes.NewReader(wire("IAC AYT"))}
	s, err := NewStream(p)
	if err != nil {
		t.Fatal(err)
	}
	p.refuses = true
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("answering: %v", err)
	}
	if _, err := s.Write([]byte("a")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("showing: %v", err)
	}
}

// FuzzDecode sends random bytes: no panic, no more replies than the bytes account for, and the same whatever the pieces
// are.
func FuzzDecode(f *testing.F) {
	f.Add(wire("IAC WILL NAWS IAC SB NAWS NUL 'P' NUL 'x' IAC SE 'lab' CR NUL"), 1)
	f.Add(wire("IAC SB TTYPE IS 'vt100' IAC SE IAC DO STATUS IAC AYT IAC IAC"), 3)
	f.Fuzz(func(t *testing.T, raw []byte, size int) {
		size = max(1, size&0xFF)
		var whole, pieces Codec
		whole.Open()
		pieces.Open()
		data, reply := whole.Decode(raw)
		if len(data) > len(raw) || len(reply) > 5*len(raw) {
			t.Fatalf("%d bytes became %d of data and %d of replies", len(raw), len(data), len(reply))
		}
		var cutData, cutReply []byte
		for rest := raw; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			d, r := pieces.Decode(rest[:min(size, len(rest))])
			cutData, cutReply = append(cutData, d...), append(cutReply, r...)
		}
		if !bytes.Equal(data, cutData) || !bytes.Equal(reply, cutReply) {
			t.Fatalf("in pieces of %d: %q and %v; in one: %q and %v", size, cutData, cutReply, data, reply)
		}
	})
}

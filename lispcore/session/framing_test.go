package session_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// TestEdgeCases: what a session makes of well and badly formed frames. Broken framing (a length below 12, a wrong marker)
// closes without an answer; a bad body and an unknown type are answered by an Error Notification, and the session stays.
func TestEdgeCases(t *testing.T) {
	const refresh = "0014000f000000000000009facade9"
	for _, c := range []struct{ name, hex, want string }{
		{"a Refresh", refresh, "hears Registration Refresh all"},
		{"wrong marker", "0014000f0000000b000000deadbeef", "closes: wrong end marker"},
		{"length 8, no ID", "001400089facade9", "closes: bad length"},
		{"length 10", "0014000a00009facade9", "closes: bad length"},
		{"length 11", "0014000b0000019facade9", "closes: bad length"},
		{"length 0", "00140000", "closes: bad length"},
		{"a Refresh without data", "0014000c000000029facade9", "answers 0 Error 2: Registration Refresh, length 12, ID 2, 0 bytes of it"},
		{"an ACK without data", "0012000c000000059facade9", "answers 0 Error 2: Registration ACK, length 12, ID 5, 0 bytes of it"},
		{"a Refresh of scope 1 without prefix", "0014000f000000010180009facade9",
			"answers 0 Error 2: Registration Refresh, length 15, ID 1, 3 bytes of it"},
		{"type 99", "0063001000000003616263649facade9", "answers 0 Error 1: type 99, length 16, ID 3, 4 bytes of it"},
		{"type 99 of the least length", "0063000c000000039facade9", "answers 0 Error 1: type 99, length 12, ID 3, 0 bytes of it"},
		{"a UDP type", "0003000c000000039facade9", "answers 0 Error 1: type 3, length 12, ID 3, 0 bytes of it"},
		{"a large type 99", "006300c800000003" + strings.Repeat("ab", 200-12) + "9facade9",
			"answers 0 Error 1: type 99, length 200, ID 3, 64 bytes of it"},
		{"an Error Notification, marker inside its data", "0010001c000000060200000000110064000000099facade99facade9", ""},
		{"an Error Notification that can't be read", "0010000d00000006009facade9", ""},
		{"a Mapping Notification that is not expected",
			"0015004000000004111122223333444455556666777788880000000000000001000005a001180000000000010a0a0a000164ff0000010001cb00710b9facade9",
			"hears Mapping Notification; answers 0 Error 1: Mapping Notification, length 64, ID 4, 52 bytes of it"},
		{"two messages in one segment", "0014000f000000070000009facade90012001f0000000818400300000220000a0000000000010a0a0a009facade9",
			"hears Registration Refresh all; hears Registration ACK IID 0 10.10.10.0/24"},
		{"a good one before a broken one", refresh + "0014000f0000000b000000deadbeef", "hears Registration Refresh all; closes: wrong end marker"},
		{"a good one behind a bad body", "0014000c000000029facade9" + refresh,
			"hears Registration Refresh all; answers 0 Error 2: Registration Refresh, length 12, ID 2, 0 bytes of it"},
		{"half a frame", refresh[:20], ""},
		{"three bytes", "001400", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run(t, unhex(t, c.hex)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// run hands a session a stream in pieces, and tells what it did.
func run(t testing.TB, pieces ...[]byte) string {
	t.Helper()
	_, s := upSession(t)
	var out lispcore.Outbox
	var did []string
	e := &ear{}
	var err error
	for _, p := range pieces {
		lent := slices.Clone(p)
		err = s.Receive(lent, &out, e.handle)
		for i := range lent {
			lent[i] = 0xaa // a session must not keep a part of it
		}
		if err != nil {
			break
		}
	}
	for _, h := range e.heard {
		did = append(did, "hears "+h)
	}
	s.Flush(&out)
	for _, a := range answers(t, out.Drain()) {
		did = append(did, "answers "+a)
	}
	for _, sentinel := range []error{wire.ErrLength, wire.ErrMarker} {
		if errors.Is(err, sentinel) {
			did = append(did, "closes: "+sentinel.Error())
		}
	}
	return strings.Join(did, "; ")
}

// stream has every kind of message in it, and the marker where it means nothing.
const stream = "0014000f000000070000009facade9" + // Refresh
	"0012001f0000000818400300000220000a0000000000010a0a0a009facade9" + // ACK
	"0063001000000003616263649facade9" + // unknown
	"0010001c000000060200000000110064000000099facade99facade9" + // Error Notification
	"0014000c000000029facade9" + // bad body
	"001100119facade99facade9ff9facade9" + // Registration
	"0014000f0000000b000000deadbeef" // broken

// TestEveryCut hands over one stream cut at every pair of places, and byte by byte: it makes no difference.
func TestEveryCut(t *testing.T) {
	b := unhex(t, stream)
	want := run(t, b)
	if n := strings.Count(want, ";"); n != 5 {
		t.Fatalf("the test itself: %s", want)
	}
	for i := range b {
		for j := i; j < len(b); j++ {
			if got := run(t, b[:i], b[i:j], b[j:]); got != want {
				t.Fatalf("cut at %d and %d\n got %s\nwant %s", i, j, got, want)
			}
		}
	}
	if got := run(t, slices.Collect(slices.Chunk(b, 1))...); got != want {
		t.Fatalf("byte by byte\n got %s\nwant %s", got, want)
	}
}

// TestSegmentsMeanNothing is the same for any messages and any cuts.
func TestSegmentsMeanNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var b []byte
		for i := range rapid.IntRange(0, 6).Draw(rt, "messages") {
			data := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "data")
			kind := rapid.Uint16Range(14, 23).Draw(rt, "type")
			frame := append([]byte{byte(kind >> 8), byte(kind), 0, byte(wire.FrameOverhead + len(data)), 0, 0, 0, byte(i)}, data...)
			b = append(append(b, frame...), 0x9f, 0xac, 0xad, 0xe9)
		}
		b = append(b, rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "garbage")...)
		cuts := rapid.SliceOf(rapid.IntRange(0, len(b))).Draw(rt, "cuts")
		slices.Sort(cuts)
		var pieces [][]byte
		last := 0
		for _, c := range append(cuts, len(b)) {
			pieces, last = append(pieces, b[last:c]), c
		}
		if got, want := run(t, pieces...), run(t, b); got != want {
			rt.Fatal(fmt.Sprintf("%x cut at %v\n got %s\nwant %s", b, cuts, got, want))
		}
	})
}

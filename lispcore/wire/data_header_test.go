package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestDataHeader(t *testing.T) {
	for _, v := range []struct {
		name, hex string
		want      DataHeader
	}{
		{"nothing said", "00000000 00000000", DataHeader{}},
		{"a nonce and locator status", "c0123456 00000001", DataHeader{HasNonce: true, HasLSB: true, Nonce: 0x123456, LSB: 1}},
		{"a nonce to echo", "a0ffffff 00000000", DataHeader{HasNonce: true, EchoNonceRequest: true, Nonce: 0xffffff}},
		{"an instance", "08000000 00006400", DataHeader{HasInstance: true, Instance: 100}},
		{"an instance leaves 8 bits of locator status", "48000000 ffffffa5",
			DataHeader{HasInstance: true, HasLSB: true, Instance: 0xffffff, LSB: 0xa5}},
		{"map-versions", "10001002 00000000", DataHeader{HasVersion: true, SourceVersion: 1, DestinationVersion: 2}},
		{"the highest of all", "e8ffffff ffffffff", DataHeader{HasNonce: true, HasLSB: true, EchoNonceRequest: true, HasInstance: true,
			Nonce: 0xffffff, Instance: 0xffffff, LSB: 0xff}},
	} {
		t.Run(v.name, func(t *testing.T) { testDataHeader(t, unhex(t, v.hex), v.want) })
	}
}

// testDataHeader holds a header against its value, in both directions, with a packet behind it, and cut short.
func testDataHeader(t *testing.T, b []byte, want DataHeader) {
	t.Helper()
	var got DataHeader
	if err := got.Parse(append(b[:len(b):len(b)], "the inner packet"...)); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("Parse\n got %+v\nwant %+v", got, want)
	}
	if back := want.Append([]byte("before")); string(back) != "before"+string(b) {
		t.Errorf("Append\n got %x\nwant %x", back[len("before"):], b)
	}
	testTruncations(t, b, new(DataHeader).Parse)
}

// What the RFCs have a receiver pass over.
func TestDataHeaderIgnores(t *testing.T) {
	for _, v := range []struct {
		name, hex string
		want      DataHeader
	}{
		{"RFC 9300 5.3: E without N", "20123456 00000000", DataHeader{}},
		{"RFC 9302: V with N counts as a nonce", "90123456 00000000", DataHeader{HasNonce: true, Nonce: 0x123456}},
		{"a nonce without N or V", "00123456 00000000", DataHeader{}},
		{"locator status without L", "08000000 000064ff", DataHeader{HasInstance: true, Instance: 100}},
		{"locator status without L and I", "00000000 ffffffff", DataHeader{}},
		{"the reserved bit", "04000000 00000000", DataHeader{}},
	} {
		t.Run(v.name, func(t *testing.T) {
			got := DataHeader{HasLSB: true, Nonce: 7} // whatever was in it before
			if err := got.Parse(unhex(t, v.hex)); err != nil {
				t.Fatal(err)
			}
			if got != v.want {
				t.Errorf("\n got %+v\nwant %+v", got, v.want)
			}
		})
	}
}

func TestDataHeaderBadInputs(t *testing.T) {
	testBadInputs(t, new(DataHeader).Parse, []badInput{
		{"cut short", "00000000 000000", ErrShort, "data header: header at byte 7: short message"},
		{"an encrypted packet", "01000000 00000000", ErrUnsupported, "data header: K at byte 0: unsupported: encryption"},
	})
}

// Numbers too large for their field never spill into the flags beside it.
func TestDataHeaderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := DataHeader{
			HasNonce:         rapid.Bool().Draw(t, "N"),
			HasLSB:           rapid.Bool().Draw(t, "L"),
			EchoNonceRequest: rapid.Bool().Draw(t, "E"),
			HasVersion:       rapid.Bool().Draw(t, "V"),
			HasInstance:      rapid.Bool().Draw(t, "I"),

			Nonce:              rapid.Uint32().Draw(t, "nonce"),
			SourceVersion:      rapid.Uint16().Draw(t, "source version"),
			DestinationVersion: rapid.Uint16().Draw(t, "destination version"),
			Instance:           rapid.Uint32().Draw(t, "instance"),
			LSB:                rapid.Uint32().Draw(t, "LSB"),
		}
		var got DataHeader
		if err := got.Parse(h.Append(nil)); err != nil {
			t.Fatal(err)
		}
		want := DataHeader{
			HasNonce: h.HasNonce, HasLSB: h.HasLSB, HasInstance: h.HasInstance,
			EchoNonceRequest: h.HasNonce && h.EchoNonceRequest, HasVersion: !h.HasNonce && h.HasVersion,
		}
		if want.HasNonce {
			want.Nonce = h.Nonce & 0xffffff
		}
		if want.HasVersion {
			want.SourceVersion, want.DestinationVersion = h.SourceVersion&0xfff, h.DestinationVersion&0xfff
		}
		if want.HasLSB {
			want.LSB = h.LSB
		}
		if want.HasInstance {
			want.Instance, want.LSB = h.Instance&0xffffff, want.LSB&0xff
		}
		if got != want {
			t.Fatalf("\n got %+v\nwant %+v", got, want)
		}
	})
}

func FuzzDataHeader(f *testing.F) {
	f.Add(unhex(f, "e8ffffff ffffffff"))
	f.Add(unhex(f, "10001002 00000000 45"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h, again DataHeader
		if err := h.Parse(b); err != nil {
			fuzzError(t, err, len(b))
			return
		}
		if err := again.Parse(h.Append(nil)); err != nil || again != h {
			t.Fatalf("came back as %+v, %v; went as %+v", again, err, h)
		}
	})
}

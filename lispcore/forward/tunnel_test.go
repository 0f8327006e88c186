package forward

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"testing"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"

	"pgregory.net/rapid"
)

// RFC 9300 section 7.1: an effective MTU of 1500 leaves 1464 bytes in IPv4 and 1444 in IPv6.
func TestRFC9300_7_1_Overhead(t *testing.T) {
	if v4, v6 := 1500-Overhead(lispcore.IPv4), 1500-Overhead(lispcore.IPv6); v4 != 1464 || v6 != 1444 {
		t.Errorf("%d and %d bytes are left", v4, v6)
	}
}

func TestEncapsulate(t *testing.T) {
	header := wire.DataHeader{HasInstance: true, HasLSB: true, Instance: 100, LSB: 3}
	got := Encapsulate([]byte("before"), ping4(), header)
	if want := "before\x48\x00\x00\x00\x00\x00\x64\x03" + string(ping4()); string(got) != want {
		t.Errorf("\n got %x\nwant %x", got, want)
	}
}

// RFC 9300 section 5.3: the outer TTL is the inner one, the outer DSCP and ECN too.
func TestRFC9300_5_3_OuterFieldsAreTheInner(t *testing.T) {
	for _, b := range [][]byte{ping4(), ping6()} {
		if ttl, tos := OuterFields(mustParse(t, b)); ttl != 63 || tos != 0xb8 {
			t.Errorf("TTL %d, TOS %#x", ttl, tos)
		}
	}
}

// RFC 9300 section 5.3: the inner TTL is copied from the outer one where that is smaller, and never grows.
func TestRFC9300_5_3_InnerTTLNeverGrows(t *testing.T) {
	for _, b := range [][]byte{ping4(), ping6()} { // TTL 63
		for _, v := range []struct {
			outer     uint8
			propagate bool
			want      uint8
		}{
			{60, true, 60}, {63, true, 63}, {255, true, 63}, {0, true, 0},
			{60, false, 63}, // disable-ttl-propagate: the tunnel counts as one hop
		} {
			_, inner, err := Decapsulate(Encapsulate(nil, b, wire.DataHeader{}), v.outer, 0xb8, v.propagate)
			if err != nil {
				t.Fatal(err)
			}
			if p := mustParse(t, inner); p.TTL != v.want || p.TOS != 0xb8 {
				t.Errorf("IPv%d, outer TTL %d, propagate %v: TTL %d, TOS %#x", p.Version, v.outer, v.propagate, p.TTL, p.TOS)
			}
		}
	}
}

// RFC 6040 figure 4, cell by cell, in both versions.
func TestRFC6040_4_2_ECN(t *testing.T) {
	codepoints := []struct {
		name string
		bits uint8
	}{{"Not-ECT", 0}, {"ECT(0)", 2}, {"ECT(1)", 1}, {"CE", 3}}
	table := map[string][4]string{ // by inner; outer as above
		"Not-ECT": {"Not-ECT", "Not-ECT", "Not-ECT", "drop"},
		"ECT(0)":  {"ECT(0)", "ECT(0)", "ECT(1)", "CE"},
		"ECT(1)":  {"ECT(1)", "ECT(1)", "ECT(1)", "CE"},
		"CE":      {"CE", "CE", "CE", "CE"},
	}
	for _, build := range []func() []byte{ping4, ping6} {
		for _, in := range codepoints {
			for column, out := range codepoints {
				b := build()
				setTOS(b, 0x28|in.bits)
				_, inner, err := Decapsulate(Encapsulate(nil, b, wire.DataHeader{}), 255, 0x88|out.bits, true)
				got := "drop"
				if err == nil {
					p := mustParse(t, inner)
					for _, c := range codepoints {
						if p.TOS&3 == c.bits {
							got = c.name
						}
					}
					if p.TOS>>2 != 0x88>>2 {
						t.Errorf("DSCP %#x, want the outer one", p.TOS>>2)
					}
				} else if !errors.Is(err, ErrCongestion) {
					t.Error(err)
				}
				if want := table[in.name][column]; got != want {
					t.Errorf("inner %s, outer %s: %s, want %s", in.name, out.name, got, want)
				}
			}
		}
	}
}

// What is refused is left alone: it may be quoted in an ICMP error.
func TestDecapsulateRefuses(t *testing.T) {
	none := wire.DataHeader{}
	for _, v := range []struct {
		name    string
		payload []byte
		want    error
	}{
		{"half a header", make([]byte, 7), wire.ErrShort},
		{"nothing behind the header", make([]byte, 8), ErrShort},
		{"an encrypted packet", with(Encapsulate(nil, ping4(), none), func(b []byte) { b[0] = 1 }), wire.ErrUnsupported},
		{"no IP packet", make([]byte, 40), ErrVersion},
		{"a packet cut short", Encapsulate(nil, ping4()[:83], none), ErrShort},
		{"a broken header", Encapsulate(nil, func() []byte { b := ping4(); b[1]++; return b }(), none), ErrChecksum},
		{"a mark that the sender wouldn't understand", Encapsulate(nil, ping4(), none), ErrCongestion},
	} {
		t.Run(v.name, func(t *testing.T) {
			before := bytes.Clone(v.payload)
			_, inner, err := Decapsulate(v.payload, 1, 3, true)
			if !errors.Is(err, v.want) || inner != nil {
				t.Errorf("%x, %v; want %v", inner, err, v.want)
			}
			if !bytes.Equal(v.payload, before) {
				t.Errorf("became %x, was %x", v.payload, before)
			}
		})
	}
}

// Through a tunnel of any length a packet is what it was, but for its TTL, DSCP and ECN; and what follows it in the
// datagram is no part of it.
func TestTunnelProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := genPacket().Draw(t, "packet")
		before, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		header := wire.DataHeader{HasInstance: true, Instance: rapid.Uint32Max(1<<24-1).Draw(t, "instance")}
		payload := append(Encapsulate(nil, b, header), "padding"...)
		ttl, tos := OuterFields(before)
		hops := rapid.Uint8Max(ttl).Draw(t, "hops")
		h, inner, err := Decapsulate(payload, ttl-hops, tos, true)
		if err != nil {
			t.Fatal(err)
		}
		if h != header {
			t.Fatalf("header %+v, want %+v", h, header)
		}
		after, err := Parse(inner)
		if err != nil {
			t.Fatal(err)
		}
		want := before
		want.TTL -= hops
		if after != want || len(inner) != before.Length {
			t.Fatalf("%d bytes\n got %+v\nwant %+v", len(inner), after, want)
		}
		if !bytes.Equal(inner[after.HeaderLen:], b[before.HeaderLen:before.Length]) {
			t.Fatal("the payload has changed")
		}
	})
}

func FuzzDecapsulate(f *testing.F) {
	f.Add(Encapsulate(nil, ping4(), wire.DataHeader{}), uint8(60), uint8(0))
	f.Add(Encapsulate(nil, ping6(), wire.DataHeader{HasNonce: true, Nonce: 1}), uint8(255), uint8(2))
	f.Fuzz(func(t *testing.T, payload []byte, ttl, tos uint8) {
		before := bytes.Clone(payload)
		_, inner, err := Decapsulate(payload, ttl, tos, true)
		if err != nil {
			if inner != nil || !bytes.Equal(payload, before) {
				t.Fatalf("%v, but there is %x, and the payload became %x", err, inner, payload)
			}
			return
		}
		p := mustParse(t, inner)
		if p.Length != len(inner) || p.TTL > ttl || p.TOS>>2 != tos>>2 {
			t.Fatalf("%+v of %d bytes, outer TTL %d, TOS %#x", p, len(inner), ttl, tos)
		}
	})
}

// The packets between two sites of Open Overlay Router, as its xTR saw them: pings went out with TTL 63,
// and the answers came with 63 inside and 62 outside, one hop of the underlay further.
func TestOORPackets(t *testing.T) {
	file, err := os.ReadFile("../../../shared/captures/oor-xtr-resolve-data.pcap")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the captures are not beside this repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	const ethernet = 14
	var got []string
	for rest := file[24:]; len(rest) > 0; {
		n := binary.LittleEndian.Uint32(rest[8:])
		frame := rest[16 : 16+n]
		rest = rest[16+n:]
		outer, err := Parse(frame[ethernet:])
		if err != nil || outer.DestinationPort != lispcore.DataPort {
			continue
		}
		payload := frame[ethernet+outer.HeaderLen+udpHeaderLen:]
		h, inner, err := Decapsulate(payload, outer.TTL, outer.TOS, true)
		if err != nil {
			t.Fatal(err)
		}
		p := mustParse(t, inner)
		got = append(got, fmt.Sprintf("%v > %v: %v > %v TTL %d, DF %v", outer.Source, outer.Destination, p.Source, p.Destination, p.TTL, p.DF))
		if h != (wire.DataHeader{}) {
			t.Errorf("LISP header %+v", h)
		}
		if ttl, tos := OuterFields(p); ttl != outer.TTL || tos != outer.TOS {
			t.Errorf("we would have sent it with TTL %d and TOS %#x, not %d and %#x", ttl, tos, outer.TTL, outer.TOS)
		}
	}
	const out, back = "10.99.0.2 > 10.99.0.3: 10.1.0.10 > 10.2.0.10 TTL 63, DF true", "10.99.0.3 > 10.99.0.2: 10.2.0.10 > 10.1.0.10 TTL 62, DF false"
	want := []string{out, out, back, out, back, out, back}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

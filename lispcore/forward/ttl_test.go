package forward

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// RFC 1812 section 5.3.1: a router counts down by one, and never forwards what would arrive with 0.
func TestDecrementTTL(t *testing.T) {
	for _, v := range []struct {
		name    string
		packet  []byte
		forward bool
		after   uint8
	}{
		{"IPv4", ping4(), true, 62},
		{"IPv6", ping6(), true, 62},
		{"IPv4, the last but one hop", with(ping4(), func(b []byte) { b[ipv4TTL] = 2 }), true, 1},
		{"IPv4, the last hop", with(ping4(), func(b []byte) { b[ipv4TTL] = 1 }), false, 1},
		{"IPv4, beyond the last hop", with(ping4(), func(b []byte) { b[ipv4TTL] = 0 }), false, 0},
		{"IPv6, the last hop", with(ping6(), func(b []byte) { b[ipv6HopLimit] = 1 }), false, 1},
	} {
		t.Run(v.name, func(t *testing.T) {
			if got := DecrementTTL(v.packet); got != v.forward {
				t.Errorf("forward: %v", got)
			}
			if p := mustParse(t, v.packet); p.TTL != v.after {
				t.Errorf("TTL %d, want %d", p.TTL, v.after)
			}
		})
	}
	for _, junk := range [][]byte{nil, {0x45}, ping6()[:39], make([]byte, 60)} {
		before := bytes.Clone(junk)
		if DecrementTTL(junk) || !bytes.Equal(junk, before) {
			t.Errorf("%x is no packet, but became %x", before, junk)
		}
	}
}

// Down to 1 from anywhere the checksum stays right, and nothing else changes.
func TestDecrementTTLProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := genPacket().Draw(t, "packet")
		p, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		for want := p; DecrementTTL(b); {
			want.TTL--
			if got, err := Parse(b); err != nil || got != want {
				t.Fatalf("%v\n got %+v\nwant %+v", err, got, want)
			}
		}
	})
}

//go:build linux

package underlay

import (
	"bytes"
	"net/netip"
	"testing"

	"lisplab/devices/packet"
	"lisplab/lispcore/forward"
)

// A packet whose ends are named otherwise is, to the byte, the one that would have been made with these names.
func TestReaddress(t *testing.T) {
	names := map[netip.Addr]netip.Addr{
		netip.MustParseAddr("203.0.113.11"): netip.MustParseAddr("127.1.0.11"), netip.MustParseAddr("209.165.201.31"): netip.MustParseAddr("127.1.0.31"),
		netip.MustParseAddr("2001:db8::1"): netip.MustParseAddr("fd00::ffff:1"), netip.MustParseAddr("2001:db8::2"): netip.MustParseAddr("fd00::2"),
		netip.MustParseAddr("192.0.2.1"): netip.MustParseAddr("2001:db8::9"), // of another family: nothing is to come of it
	}
	to := func(a netip.Addr) netip.Addr {
		if other, ok := names[a]; ok {
			return other
		}
		return a
	}
	moved := func(h packet.Header) packet.Header {
		h.Source, h.Destination = to(h.Source), to(h.Destination)
		return h
	}
	v4 := packet.Header{Source: netip.MustParseAddr("203.0.113.11"), Destination: netip.MustParseAddr("209.165.201.31"), TTL: 9, TOS: 8, ID: 7, DF: true}
	v6 := packet.Header{Source: netip.MustParseAddr("2001:db8::1"), Destination: netip.MustParseAddr("2001:db8::2"), TTL: 9}
	half := packet.Header{Source: v4.Source, Destination: netip.MustParseAddr("8.8.8.8"), TTL: 1}
	reversed := packet.Header{Source: v4.Destination, Destination: v4.Source, TTL: 255}
	echo := func(h packet.Header) []byte { return packet.Echo(h, false, 5, 6, []byte("odd")) }
	udp := func(h packet.Header) []byte { return packet.UDP(h, 49152, 33434, []byte("traceroute")) }
	for _, row := range []struct {
		name string
		make func(move func(packet.Header) packet.Header) []byte
	}{
		{"echo", func(move func(packet.Header) packet.Header) []byte { return echo(move(v4)) }},
		{"echo over IPv6", func(move func(packet.Header) packet.Header) []byte { return echo(move(v6)) }},
		{"UDP", func(move func(packet.Header) packet.Header) []byte { return udp(move(v4)) }},
		{"UDP over IPv6", func(move func(packet.Header) packet.Header) []byte { return udp(move(v6)) }},
		{"TCP", func(move func(packet.Header) packet.Header) []byte { return packet.TCP(move(v4), 1, 4342) }},
		{"to somebody without another name", func(move func(packet.Header) packet.Header) []byte { return udp(move(half)) }},
		{"error about an echo", func(move func(packet.Header) packet.Header) []byte {
			return packet.Error(move(reversed), packet.TimeExceeded, 0, echo(move(v4)))
		}},
		{"a later fragment", func(move func(packet.Header) packet.Header) []byte {
			whole := udp(move(v4))
			whole[6] &^= 0x40 // DF
			mend(whole[10:], 0x4000, 0)
			pieces, err := forward.Fragment(nil, whole, 28)
			if err != nil || len(pieces) < 2 {
				t.Fatalf("%d pieces: %v", len(pieces), err)
			}
			return pieces[1]
		}},
		{"cut off", func(move func(packet.Header) packet.Header) []byte { return echo(move(v4))[:ipv4Header+3] }},
	} {
		got := row.make(func(h packet.Header) packet.Header { return h })
		readdress(got, to)
		if want := row.make(moved); !bytes.Equal(got, want) {
			t.Errorf("%s:\n% x\nwant\n% x", row.name, got, want)
		}
	}
	for _, rubbish := range [][]byte{nil, {0x45}, make([]byte, 40), append([]byte{0x41}, make([]byte, 30)...)} {
		was := bytes.Clone(rubbish)
		if readdress(rubbish, to); !bytes.Equal(rubbish, was) {
			t.Errorf("% x has become % x", was, rubbish)
		}
	}
}

// The checksum of what an error quotes stays, and the error's own holds.
func TestReaddressError(t *testing.T) {
	for _, row := range []struct{ at, lab, far string }{
		{"127.1.0.11", "203.0.113.11", "10.9.9.9"}, {"fd00::1", "2001:db8::ff01", "fd00::9"},
	} {
		at, lab, far := netip.MustParseAddr(row.at), netip.MustParseAddr(row.lab), netip.MustParseAddr(row.far)
		about := packet.UDP(packet.Header{Source: at, Destination: far, TTL: 1}, 49152, 33434, []byte("odd"))
		b := packet.Error(packet.Header{Source: far, Destination: at, TTL: 60}, packet.TimeExceeded, 0, about)
		readdress(b, func(a netip.Addr) netip.Addr {
			if a == at {
				return lab
			}
			return a
		})
		m, err := packet.Parse(b)
		if err != nil || m.Destination != lab || m.Source != far {
			t.Fatalf("%+v, %v", m, err)
		}
		if q, err := packet.ParseQuote(m.Quoted); err != nil || q.Source != lab || q.DestinationPort != 33434 {
			t.Errorf("it quotes %+v, %v", q, err)
		}
	}
}

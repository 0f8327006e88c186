package packet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	a4 = netip.MustParseAddr("10.10.10.1")
	b4 = netip.MustParseAddr("10.30.30.1")
	a6 = netip.MustParseAddr("2001:db8::1")
	b6 = netip.MustParseAddr("2001:db8:1::1")
	h4 = Header{Source: a4, Destination: b4, TTL: 255, TOS: 0x28, DF: true, ID: 7}
	h6 = Header{Source: a6, Destination: b6, TTL: 64, TOS: 0x28}
)

// What is built can be read, and a flipped bit is noticed.
func TestBuildAndParse(t *testing.T) {
	echo4, echo6 := Echo(h4, false, 3, 4, []byte("abc")), Echo(h6, true, 3, 4, []byte("abc"))
	udp4, udp6 := UDP(h4, 49153, 33434, []byte{1, 2, 3}), UDP(h6, 49153, 33434, []byte{1, 2, 3})
	for name, row := range map[string]struct {
		packet []byte
		want   Message
	}{
		"ICMP echo request": {echo4, Message{Kind: EchoRequest, ID: 3, Sequence: 4, Data: []byte("abc")}},
		"ICMPv6 echo reply": {echo6, Message{Kind: EchoReply, ID: 3, Sequence: 4, Data: []byte("abc")}},
		"UDP over IPv4":     {udp4, Message{Kind: UDPMessage, SourcePort: 49153, DestinationPort: 33434, Data: []byte{1, 2, 3}}},
		"UDP over IPv6":     {udp6, Message{Kind: UDPMessage, SourcePort: 49153, DestinationPort: 33434, Data: []byte{1, 2, 3}}},
		"fragmentation needed": {Error(h4, TooBig, 1464, echo4),
			Message{Kind: ErrorMessage, Error: TooBig, MTU: 1464, Quoted: echo4[:28]}},
		"packet too big": {Error(h6, TooBig, 1444, udp6), Message{Kind: ErrorMessage, Error: TooBig, MTU: 1444, Quoted: udp6}},
		"time exceeded":  {Error(h4, TimeExceeded, 0, udp4), Message{Kind: ErrorMessage, Error: TimeExceeded, Quoted: udp4[:28]}},
		"prohibited":     {Error(h6, Prohibited, 0, udp6), Message{Kind: ErrorMessage, Error: Prohibited, Quoted: udp6}},
	} {
		want := row.want
		want.Source, want.Destination, want.TTL, want.TOS = a4, b4, 255, 0x28
		if row.packet[0]>>4 == 6 {
			want.Source, want.Destination, want.TTL = a6, b6, 64
		}
		got, err := Parse(row.packet)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n%+v, want\n%+v", name, err, got, want)
		}
		damaged := bytes.Clone(row.packet)
		damaged[len(damaged)-1] ^= 1
		if _, err := Parse(damaged); !errors.Is(err, ErrChecksum) {
			t.Errorf("%s with a flipped bit: %v, want %v", name, err, ErrChecksum)
		}
		for n := range row.packet {
			if _, err := Parse(row.packet[:n]); err == nil {
				t.Errorf("%s cut to %d bytes is taken", name, n)
			}
		}
	}
}

func TestParseQuote(t *testing.T) {
	for name, row := range map[string]struct {
		packet []byte
		want   Quote
	}{
		"echo":         {Echo(h4, false, 3, 4, nil), Quote{a4, b4, EchoRequest, false, 3, 4, 0, 0}},
		"ICMPv6 reply": {Echo(h6, true, 3, 4, nil), Quote{a6, b6, EchoReply, false, 3, 4, 0, 0}},
		"UDP":          {UDP(h4, 5, 6, []byte("more than is quoted")), Quote{a4, b4, UDPMessage, false, 0, 0, 5, 6}},
		"an error":     {Error(h4, TimeExceeded, 0, UDP(h4, 5, 6, nil)), Quote{a4, b4, ErrorMessage, false, 0, 0, 0, 0}},
		"UDP in IPv6":  {UDP(h6, 5, 6, nil), Quote{a6, b6, UDPMessage, false, 0, 0, 5, 6}},
	} {
		short := row.packet[:HeaderSize(row.want.Source)+8]
		if got, err := ParseQuote(short); err != nil || got != row.want {
			t.Errorf("%s: %v %+v, want %+v", name, err, got, row.want)
		}
		for n := range short {
			if _, err := ParseQuote(short[:n]); err == nil {
				t.Errorf("%s: a quote of %d bytes is taken", name, n)
			}
		}
	}
}

// pieces makes fragments of a packet, of at most size bytes of data each.
func pieces(b []byte, size int) (list [][]byte) {
	for offset := 0; offset < len(b)-IPv4HeaderSize; offset += size {
		end := min(offset+size, len(b)-IPv4HeaderSize)
		f := append(bytes.Clone(b[:IPv4HeaderSize]), b[IPv4HeaderSize+offset:IPv4HeaderSize+end]...)
		field := uint16(offset / 8)
		if end < len(b)-IPv4HeaderSize {
			field |= 0x2000
		}
		binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
		binary.BigEndian.PutUint16(f[6:], field)
		list = append(list, f)
	}
	return list
}

// Fragments in any order, some of them twice, make the packet that they were cut of.
func TestReassembly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := h4
		h.DF = false
		packet := Echo(h, false, 1, 2, rapid.SliceOfN(rapid.Byte(), 20, 3000).Draw(t, "data"))
		parts := rapid.Permutation(pieces(packet, 8*rapid.IntRange(2, 200).Draw(t, "size"))).Draw(t, "order")
		var r Reassembly
		for i, p := range parts {
			if i < len(parts)-1 {
				r.Add(time.Time{}, p)
			}
			whole, ok := r.Add(time.Time{}, p)
			if ok != (i == len(parts)-1) {
				t.Fatalf("whole after %d of %d parts: %v", i+1, len(parts), ok)
			}
			if ok && !bytes.Equal(whole, packet) {
				t.Fatalf("\n%x, want\n%x", whole, packet)
			}
		}
		if len(r.partial) != 0 {
			t.Errorf("%d packets are kept", len(r.partial))
		}
	})
}

// Parts of many packets do not fill the memory, and those of an old one make no packet.
func TestReassemblyIsBounded(t *testing.T) {
	var r Reassembly
	h := h4
	h.DF = false
	for id := range 100 {
		h.ID = uint16(id)
		r.Add(time.Time{}, pieces(Echo(h, false, 1, 2, make([]byte, 100)), 64)[0])
	}
	if len(r.partial) != maxReassembling {
		t.Errorf("%d packets are kept, want %d", len(r.partial), maxReassembling)
	}
	parts := pieces(Echo(h, false, 1, 2, make([]byte, 100)), 64)
	if _, ok := r.Add(time.Time{}.Add(reassemblyTime), parts[1]); ok {
		t.Error("a part joins one that is too old")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Echo(h4, false, 1, 2, []byte("x")))
	f.Add(Error(h6, TooBig, 1444, UDP(h6, 1, 2, nil)))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err == nil && !m.Source.IsValid() {
			t.Errorf("%x: no source", b)
		}
		ParseQuote(b)
		var r Reassembly
		r.Add(time.Time{}, b)
	})
}

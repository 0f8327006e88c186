package forward

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"lisplab/lispcore/checksum"

	"pgregory.net/rapid"
)

// unhex turns commented hex into bytes: blanks count for nothing, and a # ends the line.
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("bad hex in the test itself: %v", err)
	}
	return b
}

// ping4 and ping6 are echo requests of 84 and 104 bytes with TTL 63 and TOS b8 (EF, not ECN-capable).
func ping4() []byte { return newIPv4("10.10.10.5", "10.30.30.7", 63, 0xb8, 1, make([]byte, 64)) }
func ping6() []byte {
	return newIPv6("2001:db8:10::5", "2001:db8:30::7", 63, 0xb8, 58, make([]byte, 64))
}

func newIPv4(from, to string, ttl, tos, protocol uint8, payload []byte) []byte {
	b := []byte{0x45, tos, 0, 0, 0, 1, 0, 0, ttl, protocol, 0, 0}
	b = append(b, netip.MustParseAddr(from).AsSlice()...)
	b = append(b, netip.MustParseAddr(to).AsSlice()...)
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return sum4(b)
}

func newIPv6(from, to string, ttl, tos, protocol uint8, payload []byte) []byte {
	b := []byte{0x60 | tos>>4, tos << 4, 0, 0, 0, 0, protocol, ttl}
	b = append(b, netip.MustParseAddr(from).AsSlice()...)
	b = append(b, netip.MustParseAddr(to).AsSlice()...)
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	return b
}

// sum4 writes the header checksum of an IPv4 packet.
func sum4(b []byte) []byte {
	binary.BigEndian.PutUint16(b[ipv4Checksum:], 0)
	binary.BigEndian.PutUint16(b[ipv4Checksum:], checksum.Sum(0, b[:int(b[0]&15)*4]))
	return b
}

// with returns the packet after a change of bytes, its IPv4 checksum right again.
func with(b []byte, change func(b []byte)) []byte {
	change(b)
	if b[0]>>4 == 4 {
		sum4(b)
	}
	return b
}

func mustParse(t testing.TB, b []byte) Packet {
	t.Helper()
	p, err := Parse(b)
	if err != nil {
		t.Fatalf("%v: %x", err, b)
	}
	return p
}

// genPacket draws an IP packet that can be parsed, of either version, with options or extension headers.
func genPacket() *rapid.Generator[[]byte] {
	return rapid.OneOf(genIPv4(), rapid.Custom(func(t *rapid.T) []byte {
		b := newIPv6("::", "::", rapid.Byte().Draw(t, "hop limit"), rapid.Byte().Draw(t, "traffic class"), protocolUDP,
			rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "payload"))
		copy(b[8:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "addresses"))
		return b
	}))
}

func genIPv4() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		options := rapid.SampledFrom([]string{"", "01010100", "8303040a00000000", "07070400000000" + "00"}).Draw(t, "options")
		raw, err := hex.DecodeString(options)
		if err != nil {
			panic(err)
		}
		size := rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(1400, 4000)).Draw(t, "size")
		payload := make([]byte, len(raw)+size)
		copy(payload, raw)
		for i := len(raw); i < len(payload); i++ {
			payload[i] = byte(i * 7)
		}
		b := newIPv4("10.0.0.1", "10.0.0.2", rapid.Byte().Draw(t, "TTL"), rapid.Byte().Draw(t, "TOS"), rapid.Byte().Draw(t, "protocol"), payload)
		b[0] += byte(len(raw) / 4)
		copy(b[12:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "addresses"))
		fragment := rapid.Uint16Max(7000).Draw(t, "fragment offset")
		if rapid.Bool().Draw(t, "MF") {
			fragment |= flagMF
		}
		binary.BigEndian.PutUint16(b[ipv4Fragment:], fragment)
		return sum4(b)
	})
}

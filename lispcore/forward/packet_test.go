package forward

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
)

func TestParse(t *testing.T) {
	a4, b4 := netip.MustParseAddr("10.10.10.5"), netip.MustParseAddr("10.30.30.7")
	a6, b6 := netip.MustParseAddr("2001:db8::5"), netip.MustParseAddr("2001:db8::7")
	const addrs6 = "20010db8000000000000000000000005 20010db8000000000000000000000007"
	for _, v := range []struct {
		name, hex string
		want      Packet
	}{
		{"IPv4, an echo request", `
			45 b8 0024 0001 0000 3f 01 3eed 0a0a0a05 0a1e1e07   # TOS b8, 36 bytes, ID 1, TTL 63, ICMP
			0800 6668 0001 0001 6162636465666768`,
			Packet{Version: 4, Source: a4, Destination: b4, TTL: 63, TOS: 0xb8, Protocol: 1, ID: 1, HeaderLen: 20, Length: 36}},
		{"IPv4, UDP, DF, and Ethernet's padding behind it", `
			45 00 001c beef 4000 40 11 3fae 0a0a0a05 0a1e1e07
			c351 10f6 0008 0000  000000000000`,
			Packet{Version: 4, Source: a4, Destination: b4, TTL: 64, Protocol: 17, DF: true, ID: 0xbeef, HeaderLen: 20, Length: 28,
				SourcePort: 50001, DestinationPort: 4342}},
		{"IPv4, TCP behind options", `
			46 00 001c 0000 0000 40 06 3ba8 0a0a0a05 0a1e1e07  01010100
			0016 c351`,
			Packet{Version: 4, Source: a4, Destination: b4, TTL: 64, Protocol: 6, HeaderLen: 24, Length: 28, SourcePort: 22, DestinationPort: 50001}},
		{"IPv4, the first fragment has ports", `
			45 00 001c 0007 2000 40 11 1e97 0a0a0a05 0a1e1e07
			c351 10f6 0010 0000`,
			Packet{Version: 4, Source: a4, Destination: b4, TTL: 64, Protocol: 17, MF: true, ID: 7, HeaderLen: 20, Length: 28,
				SourcePort: 50001, DestinationPort: 4342}},
		{"IPv4, the second has none", `
			45 00 001c 0007 0001 40 11 3e96 0a0a0a05 0a1e1e07
			c351 10f6 0010 0000`,
			Packet{Version: 4, Source: a4, Destination: b4, TTL: 64, Protocol: 17, FragmentOffset: 8, ID: 7, HeaderLen: 20, Length: 28}},
		{"IPv4, UDP that ends before its ports", `
			45 00 0016 0000 0000 40 11 3ea4 0a0a0a05 0a1e1e07  c351`,
			Packet{Version: 4, Source: a4, Destination: b4, TTL: 64, Protocol: 17, HeaderLen: 20, Length: 22}},
		{"IPv6, UDP", `
			6b8abcde 0008 11 3f ` + addrs6 + ` c351 10f6 0008 0000`,
			Packet{Version: 6, Source: a6, Destination: b6, TTL: 63, TOS: 0xb8, Protocol: 17, HeaderLen: 40, Length: 48,
				SourcePort: 50001, DestinationPort: 4342}},
		{"IPv6, every extension header", `
			60000000 0034 00 3f ` + addrs6 + `
			2b 00 000000000000                                 # hop-by-hop options
			3c 00 000000000000                                 # routing
			33 00 000000000000                                 # destination options
			2c 01 0000 00000000 00000000                       # AH: 12 bytes
			11 00 0000 00000000                                # an atomic fragment: offset 0, no more
			c351 10f6 0008 0000`,
			Packet{Version: 6, Source: a6, Destination: b6, TTL: 63, Protocol: 17, HeaderLen: 84, Length: 92,
				SourcePort: 50001, DestinationPort: 4342}},
		{"IPv6, the second fragment", `
			60000000 0010 2c 3f ` + addrs6 + `
			11 00 05a9 00000001 c351 10f6 0008 0000            # offset 1448, more to come`,
			Packet{Version: 6, Source: a6, Destination: b6, TTL: 63, Protocol: 17, MF: true, FragmentOffset: 1448, HeaderLen: 48, Length: 56}},
		{"IPv6, nothing behind the header", `60000000 0000 3b 3f ` + addrs6,
			Packet{Version: 6, Source: a6, Destination: b6, TTL: 63, Protocol: 59, HeaderLen: 40, Length: 40}},
	} {
		t.Run(v.name, func(t *testing.T) {
			b := unhex(t, v.hex)
			got, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if got != v.want {
				t.Errorf("\n got %+v\nwant %+v", got, v.want)
			}
			for n := range got.Length {
				if _, err := Parse(b[:n]); !errors.Is(err, ErrShort) {
					t.Fatalf("cut to %d bytes: %v, want %v", n, err, ErrShort)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, v := range []struct {
		name   string
		packet []byte
		want   error
	}{
		{"nothing", nil, ErrShort},
		{"ARP, say", []byte{0x00, 0x01, 0x08, 0x00}, ErrVersion},
		{"a header of 16 bytes", with(ping4(), func(b []byte) { b[0] = 0x44 }), ErrLength},
		{"a header longer than the packet", with(ping4(), func(b []byte) { b[0] = 0x46; b[3] = 22 }), ErrLength},
		{"a packet longer than there is", with(ping4(), func(b []byte) { b[3]++ }), ErrShort},
		{"an IPv6 packet longer than there is", with(ping6(), func(b []byte) { b[5]++ }), ErrShort},
		{"one bit of the header flipped", func() []byte { b := ping4(); b[15] ^= 1; return b }(), ErrChecksum},
		{"a fragment beyond 65,535 bytes", with(ping4(), func(b []byte) { binary.BigEndian.PutUint16(b[ipv4Fragment:], 0x1fff) }), ErrLength},
		{"an extension header beyond the end", with(ping6(), func(b []byte) { b[6] = extensionHopByHop; b[41] = 8 }), ErrLength},
		{"half an extension header", newIPv6("::1", "::2", 64, 0, extensionRouting, []byte{59}), ErrLength},
		{"half a fragment header", newIPv6("::1", "::2", 64, 0, extensionFragment, make([]byte, 7)), ErrLength},
	} {
		t.Run(v.name, func(t *testing.T) {
			if p, err := Parse(v.packet); !errors.Is(err, v.want) || p != (Packet{}) {
				t.Errorf("got %+v, %v; want %v", p, err, v.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(ping4())
	f.Add(ping6())
	f.Add(newIPv6("::1", "::2", 64, 0, extensionHopByHop, make([]byte, 16)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		if p.HeaderLen < ipv4HeaderLen || p.HeaderLen > p.Length || p.Length > len(b) || p.Source.Is4() != (p.Version == 4) {
			t.Fatalf("%+v of %d bytes", p, len(b))
		}
		FlowHash(p)
		if DecrementTTL(b) != (p.TTL > 1) {
			t.Fatalf("TTL %d", p.TTL)
		}
		if after := mustParse(t, b); p.TTL > 1 && after.TTL != p.TTL-1 {
			t.Fatalf("TTL %d after %d", after.TTL, p.TTL)
		}
	})
}

package wire

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"lisplab/lispcore/checksum"
)

// hexAsk is the Map-Request inside most vectors here.
const hexAsk = "10000001a1a2a3a4a5a6a7a800010a0a0a050001cb00710b002000010a1e1e07"

func controlVectors() []vector {
	return []vector{
		{
			name: "IPv4, every flag",
			hex: `
				87000000                            # type 8, D E M
				45 c0 003c 0001 4000 40 11 d5bf   # TOS c0, 60 bytes, ID 1, DF, TTL 64, UDP
				cb00710b 0a1e1e07                   # from the ITR to the EID
				c351 10f6 0028 ac2a               # 50001 to 4342, 40 bytes
				` + hexAsk,
			want: &EncapsulatedControl{
				DDT: true, ToETR: true, ToMS: true,
				TTL: 64, TOS: 0xc0, ID: 1, DF: true,
				Source: netip.MustParseAddrPort("203.0.113.11:50001"), Destination: netip.MustParseAddrPort("10.30.30.7:4342"),
				Payload: []byte("\x10\x00\x00\x01\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\x00\x01\x0a\x0a\x0a\x05\x00\x01\xcb\x00\x71\x0b\x00\x20\x00\x01\x0a\x1e\x1e\x07"),
			},
		},
		{
			name: "IPv6, one odd byte",
			hex: `
				80000000
				6c000000 0009 11 ff                 # Traffic Class c0, 9 bytes, UDP, Hop Limit 255
				20010db8ffff00000000000000000011 20010db8003000000000000000000007
				10f6 10f6 0009 7236 10`,
			want: &EncapsulatedControl{
				TTL: 255, TOS: 0xc0,
				Source:      netip.MustParseAddrPort("[2001:db8:ffff::11]:4342"),
				Destination: netip.MustParseAddrPort("[2001:db8:30::7]:4342"),
				Payload:     []byte{0x10},
			},
		},
	}
}

func TestEncapsulatedControl(t *testing.T) { testVectors(t, controlVectors()) }

// The payload is a part of the input: a Map-Server that passes it on copies nothing in between.
func TestEncapsulatedControlPayloadAliases(t *testing.T) {
	b := unhex(t, controlVectors()[0].hex)
	var m EncapsulatedControl
	if err := m.Parse(b); err != nil {
		t.Fatal(err)
	}
	b[len(b)-1]++
	if m.Payload[len(m.Payload)-1] != b[len(b)-1] {
		t.Error("the payload is a copy")
	}
}

// RFC 9301 section 5.8: the inner UDP checksum is never 0. When it comes to 0, all ones say the same (RFC 768).
func TestRFC9301_5_8_InnerChecksumIsNeverZero(t *testing.T) {
	m := &EncapsulatedControl{Source: netip.MustParseAddrPort("203.0.113.11:4342"), Destination: netip.MustParseAddrPort("10.30.30.7:4342"),
		Payload: []byte{0, 0}}
	zero := 0
	for filler := range 0x10000 {
		binary.BigEndian.PutUint16(m.Payload, uint16(filler))
		b, err := m.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		sum := binary.BigEndian.Uint16(b[4+ipv4HeaderLen+6:])
		if sum == 0 {
			t.Fatalf("payload %x goes without a checksum", m.Payload)
		}
		if sum == 0xffff {
			zero++
		}
		if err := new(EncapsulatedControl).Parse(b); err != nil {
			t.Fatal(err)
		}
	}
	if zero == 0 {
		t.Error("no payload whose checksum comes to 0: this test shows nothing")
	}
}

func TestEncapsulatedControlWithoutChecksum(t *testing.T) {
	for i, want := range []error{nil, ErrValue} {
		b := unhex(t, controlVectors()[i].hex)
		udp := 4 + []int{ipv4HeaderLen, ipv6HeaderLen}[i]
		b[udp+6], b[udp+7] = 0, 0
		err := new(EncapsulatedControl).Parse(b)
		if want == nil && err != nil {
			t.Errorf("IPv4: %v", err)
		} else if want != nil {
			wantError(t, err, want)
		}
	}
}

// One flipped bit anywhere behind the first word is seen: everything there is under a checksum or is one.
func TestEncapsulatedControlFlippedBits(t *testing.T) {
	for _, v := range controlVectors() {
		b := unhex(t, v.hex)
		var want, got EncapsulatedControl
		if err := want.Parse(b); err != nil {
			t.Fatal(err)
		}
		for bit := 4 * 8; bit < len(b)*8; bit++ {
			b[bit/8] ^= 0x80 >> (bit % 8)
			// IPv6 has no header checksum: Traffic Class, flow label and Hop Limit are under none.
			unprotected := want.Source.Addr().Is6() && (bit/8 < 8 || bit/8 == 11)
			if err := got.Parse(b); err == nil && !unprotected {
				t.Errorf("%s: bit %d of byte %d passes unseen", v.name, bit%8, bit/8)
			}
			b[bit/8] ^= 0x80 >> (bit % 8)
		}
	}
}

// IPv4 options are read over, and left out when the message is written again.
func TestEncapsulatedControlOptions(t *testing.T) {
	b := unhex(t, controlVectors()[0].hex)
	header := append(b[4:4+ipv4HeaderLen:4+ipv4HeaderLen], 1, 1, 1, 0)
	header[0] = 0x46
	binary.BigEndian.PutUint16(header[2:], 64)
	header[10], header[11] = 0, 0
	binary.BigEndian.PutUint16(header[10:], checksum.Sum(0, header))
	long := append(append(b[:4:4], header...), b[4+ipv4HeaderLen:]...)
	var m EncapsulatedControl
	if err := m.Parse(long); err != nil {
		t.Fatal(err)
	}
	testAppend(t, &m, b)
}

func TestEncapsulatedControlBadInputs(t *testing.T) {
	good := controlVectors()[0].hex
	change := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("no %q in the vector", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	testBadInputs(t, new(EncapsulatedControl).Parse, []badInput{
		{"a Map-Request", "10000000", ErrValue, "Encapsulated Control Message: Type at byte 0: bad value: Map-Request"},
		{"LISP-SEC", change("87000000", "88000000"), ErrUnsupported, "Encapsulated Control Message: S at byte 0: unsupported: LISP-SEC"},
		{"nothing inside", "80000000", ErrShort, "Encapsulated Control Message: inner IP Version at byte 4: short message"},
		{"IPv5 inside", change("45 c0", "55 c0"), ErrValue, "Encapsulated Control Message: inner IP Version at byte 4: bad value: 5"},
		{"a header too small", change("45 c0", "44 c0"), ErrLength, "Encapsulated Control Message: inner IPv4 IHL at byte 4: bad length: 16 bytes"},
		{"longer than it is", change("003c 0001", "003d 0001"), ErrShort,
			"Encapsulated Control Message: inner IPv4 Total Length at byte 6: short message: 61, but 60 bytes are there"},
		{"left-over bytes", good + "00", ErrLength,
			"Encapsulated Control Message: inner IPv4 Total Length at byte 6: bad length: 60, but 61 bytes are there"},
		{"a fragment", change("4000 40", "2000 40"), ErrUnsupported,
			"Encapsulated Control Message: inner IPv4 Fragment Offset at byte 10: unsupported: a fragment"},
		{"TCP", change("40 11", "40 06"), ErrUnsupported, "Encapsulated Control Message: inner IP Protocol at byte 13: unsupported: 6"},
		{"a wrong header checksum", change("40 11 d5bf", "40 11 0000"), ErrValue,
			"Encapsulated Control Message: inner IPv4 Header Checksum at byte 14: bad value: 0x0000"},
		{"a wrong UDP checksum", change("0028 ac2a", "0028 0001"), ErrValue,
			"Encapsulated Control Message: UDP Checksum at byte 30: bad value: 0x0001"},
		{"a UDP length too small", change("10f6 0028", "10f6 0027"), ErrLength,
			"Encapsulated Control Message: UDP Length at byte 28: bad length: 39, but 40 bytes are there"},
	})
}

func TestEncapsulatedControlBadValues(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("203.0.113.11:4342"), netip.MustParseAddrPort("[2001:db8::1]:4342")
	testBadValues(t, []badValue{
		{"no addresses", &EncapsulatedControl{}, ErrValue,
			"Encapsulated Control Message: inner IP header at byte 0: bad value: from invalid IP to invalid IP"},
		{"two families", &EncapsulatedControl{Source: v4, Destination: v6}, ErrValue,
			"Encapsulated Control Message: inner IP header at byte 0: bad value: from 203.0.113.11 to 2001:db8::1"},
		{"too long", &EncapsulatedControl{Source: v4, Destination: v4, Payload: make([]byte, 65508)}, ErrLength,
			"Encapsulated Control Message: UDP Length at byte 0: bad length: 65516"},
	})
}

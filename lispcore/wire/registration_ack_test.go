package wire

import (
	"net/netip"
	"testing"

	"lisplab/lispcore"
)

func ackVectors(testing.TB) []streamVector {
	return []streamVector{
		{"IPv4: an LCAF even in instance 0", `
			0012 001f 00000001                  # Registration ACK, 31 bytes, ID 1
			18                                  # Prefix-Length
			4003 0000 02 20 000a 00000000       # LCAF, instance 0
			0001 0a010200
			9facade9`, 1,
			&RegistrationACK{Prefix: EIDPrefix{EID: eid("10.1.2.0/24")}}},
		{"IPv4 with the plain AFI", `
			0012 0013 00000001 18 0001 0a010200 9facade9`, 1,
			&RegistrationACK{Prefix: EIDPrefix{EID: eid("10.1.2.0/24"), Plain: true}}},
		{"IPv6 in an instance", `
			0012 002b ffffffff
			30 4003 0000 02 20 0016 00000064 0002 20010db8001200000000000000000000
			9facade9`, 0xffffffff,
			&RegistrationACK{Prefix: EIDPrefix{EID: eid("100 2001:db8:12::/48")}}},
		{"IPv6 with the plain AFI, a default route", `
			0012 001f 00000000 00 0002 00000000000000000000000000000000 9facade9`, 0,
			&RegistrationACK{Prefix: EIDPrefix{EID: eid("::/0"), Plain: true}}},
	}
}

func TestRegistrationACK(t *testing.T) { testStreamVectors(t, ackVectors(t)) }

func TestRegistrationACKBadInputs(t *testing.T) {
	testBadFrames(t, []badInput{
		{"prefix too long", "0012 0013 00000001 21 0001 0a010200 9facade9", ErrValue,
			"Registration ACK: Prefix-Length at byte 8: bad value: 33, at most 32 for AFI 1"},
		{"prefix too long in an LCAF", "0012 001f 00000001 21 4003 0000 02 20 000a 00000064 0001 0a010200 9facade9", ErrValue,
			"Registration ACK: Prefix-Length at byte 8: bad value: 33, at most 32 for AFI 1"},
		{"LCAF Length does not fit", "0012 001f 00000001 18 4003 0000 02 20 0016 00000064 0001 0a010200 9facade9", ErrLength,
			"Registration ACK: LCAF Length at byte 15: bad length: 22, but AFI 1 makes it 10"},
		{"no address", "0012 000f 00000001 00 0000 9facade9", ErrValue,
			"Registration ACK: EID-Prefix-AFI at byte 9: bad value: no address"},
		{"a whole instance", "0012 001b 00000001 00 4003 0000 02 20 0006 00000064 0000 9facade9", ErrValue,
			"Registration ACK: EID-Prefix-AFI at byte 9: bad value: no address"},
		{"a prefix length of nothing", "0012 000f 00000001 18 0000 9facade9", ErrValue,
			"Registration ACK: Prefix-Length at byte 8: bad value: 24, at most 0 for AFI 0"},
		{"a MAC address", "0012 0015 00000001 30 0006 0a0b0c0d0e0f 9facade9", ErrUnsupported,
			"Registration ACK: EID-Prefix-AFI at byte 9: unsupported: AFI 6"},
		{"left-over bytes", "0012 0014 00000001 18 0001 0a010200 00 9facade9", ErrTrailing,
			"Registration ACK: end of message at byte 15: left-over bytes: 1"},
	})
}

func TestRegistrationACKBadValues(t *testing.T) {
	testBadStreamValues(t, []badStreamValue{
		{"no prefix", &RegistrationACK{}, ErrValue,
			"Registration ACK: Prefix-Length at byte 8: bad value: invalid Prefix"},
		{"a prefix of bad length", &RegistrationACK{Prefix: EIDPrefix{EID: badLengthEID}}, ErrValue,
			"Registration ACK: Prefix-Length at byte 8: bad value: invalid Prefix"},
		{"a plain prefix in an instance", &RegistrationACK{Prefix: EIDPrefix{EID: eid("100 10.1.2.0/24"), Plain: true}}, ErrValue,
			"Registration ACK: EID-Prefix-AFI at byte 9: bad value: instance 100: a plain AFI has no room for an instance"},
	})
}

var badLengthEID = lispcore.EID{Prefix: netip.PrefixFrom(netip.MustParseAddr("10.0.0.0"), 33)}

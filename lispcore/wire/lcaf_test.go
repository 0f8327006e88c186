package wire

import "testing"

func TestInstanceLCAFBadInputs(t *testing.T) {
	parse := func(b []byte) error { _, err := parseRecord(b); return err }
	const head = "00000001 00 18 0000 0000 4003" // TTL, /24, LCAF: the LCAF starts at byte 12
	testBadInputs(t, parse, []badInput{
		{"another LCAF type", head + "0000 01 20 000a 00000064 0001 0a0a0a00", ErrUnsupported,
			"record: LCAF Type at byte 14: unsupported: LCAF type 1"},
		{"Length a byte too small", head + "0000 02 20 0009 00000064 0001 0a0a0a00", ErrLength,
			"record: LCAF Length at byte 16: bad length: 9, but AFI 1 makes it 10"},
		{"Length a byte too great", head + "0000 02 20 000b 00000064 0001 0a0a0a00", ErrLength,
			"record: LCAF Length at byte 16: bad length: 11, but AFI 1 makes it 10"},
		{"Length of IPv4, AFI of IPv6", head + "0000 02 20 000a 00000064 0002 20010db8000000000000000000000000", ErrLength,
			"record: LCAF Length at byte 16: bad length: 10, but AFI 2 makes it 22"},
		{"Length 0", head + "0000 02 20 0000 00000064 0001 0a0a0a00", ErrLength,
			"record: LCAF Length at byte 16: bad length: 0, but AFI 1 makes it 10"},
		{"an LCAF in the LCAF", head + "0000 02 20 001a 00000064 4003 0000 02 20 000a 00000064 0001 0a0a0a00", ErrUnsupported,
			"record: LCAF AFI at byte 22: unsupported: AFI 16387"},
		{"a name in the LCAF", head + "0000 02 20 0008 00000064 0011 6100", ErrUnsupported,
			"record: LCAF AFI at byte 22: unsupported: AFI 17"},
		{"ends in the address", head + "0000 02 20 000a 00000064 0001 0a0a0a", ErrShort,
			"record: LCAF address at byte 24: short message"},
	})
}

package wire

import "testing"

func infoVectors() []vector {
	return []vector{
		{
			name: "SHA-1",
			hex: `
				70000000 d1d2d3d4d5d6d7d8           # type 7; nonce
				00 01 0014                          # key 0, SHA-1, 20 bytes
				9d0e8f07fd4110a05af98350844560d5b1adf470
				000005a0                            # TTL: a day
				00 18 0001 0a0a0a00                 # 10.10.10.0/24
				0000                                # AFI 0: the request
			`,
			want: &InfoRequest{Nonce: 0xd1d2d3d4d5d6d7d8, Auth: Auth{Algorithm: AlgSHA1}, TTL: 1440, EID: eid("10.10.10.0/24")},
		},
	}
}

func TestInfoRequest(t *testing.T) { testVectors(t, infoVectors()) }

func TestInfoRequestBadInputs(t *testing.T) {
	const head = "0000000000000001 0000 0000 000005a0 00 18 0001 0a0a0a00"
	testBadInputs(t, new(InfoRequest).Parse, []badInput{
		{"an Info-Reply", "78000000" + head + "0000", ErrUnsupported, "Info-Request: R at byte 0: unsupported: an Info-Reply"},
		{"ends in the first word", "700000", ErrShort, "Info-Request: Reserved at byte 3: short message"},
		{"an address where none belongs", "70000000" + head + "0001 0a0a0a00", ErrValue, "Info-Request: AFI at byte 28: bad value: 1"},
		{"no EID", "70000000 0000000000000001 0000 0000 000005a0 00 00 0000 0000", ErrUnsupported,
			"Info-Request: EID-Prefix-AFI at byte 22: unsupported: a record without an address"},
	})
	testBadValues(t, []badValue{
		{"no EID", &InfoRequest{}, ErrValue, "Info-Request: EID mask-len at byte 21: bad value: invalid Prefix"},
	})
}

package wire

import "testing"

// hexNotifyRecord is hexRegisterRecord as a Map-Server gives it back: A and L are clear.
const hexNotifyRecord = `
	00000005                            # Record TTL: 5 minutes
	01 18 0000 0000                     # 1 locator, /24, not authoritative
	0001 0a010200                       # IPv4 10.1.2.0
	01 64 ff 00 0001 0001 cb00710b      # 1/100, multicast 255/0, R, IPv4 203.0.113.11
`

func notifyRecord() Record { return record(5, "10.1.2.0/24", "203.0.113.11 1/100 255/0 R") }

func notifyVectors() []vector {
	return []vector{
		{
			name: "the answer, SHA-1",
			hex: `
				40000001 0102030405060708           # type 4, 1 record; nonce
				00 01 0014                          # key 0, SHA-1, 20 bytes
				29d549a92fcf88720db2b55d2d5ae611439920f0
				` + hexNotifyRecord,
			want: &MapNotify{
				Nonce:   0x0102030405060708,
				Auth:    Auth{Algorithm: AlgSHA1},
				Records: []Record{notifyRecord()},
			},
		},
		{
			name: "I and R, the tail, SHA-256",
			hex: `
				4c000001 0102030405060708           # type 4, I, R, 1 record; nonce
				07 02 0020                          # key 7, SHA-256, 32 bytes
				946aaac7d895e25ed174e0fcb5ac2f09fdcc038bc4e42336e4b34aa4ec59ee8f
				` + hexNotifyRecord + `
				0a0b0c0d0e0f10111213141516171819    # xTR-ID
				000000000000002a                    # Site-ID
			`,
			want: &MapNotify{
				HasXTRID: true,
				RTR:      true,
				Nonce:    0x0102030405060708,
				Auth:     Auth{KeyID: 7, Algorithm: AlgSHA256},
				Records:  []Record{notifyRecord()},
				XTRID:    testXTRID,
				SiteID:   42,
			},
		},
		{
			name: "algorithm 3: the key differs from a register's of the same nonce",
			hex: `
				40000001 0102030405060709 01 03 0010
				c5409f6bb1f1b6b87cbb8c31a9e7aa5a
				` + hexNotifyRecord,
			want: &MapNotify{
				Nonce:   0x0102030405060709,
				Auth:    Auth{KeyID: 1, Algorithm: AlgSHA256HKDF},
				Records: []Record{notifyRecord()},
			},
		},
	}
}

func TestMapNotify(t *testing.T) { testVectors(t, notifyVectors()) }

func TestMapNotifyBadInputs(t *testing.T) {
	testBadInputs(t, new(MapNotify).Parse, []badInput{
		{"a Map-Register", "30000000 0000000000000000 00000000", ErrValue,
			"Map-Notify: Type at byte 0: bad value: Map-Register"},
		{"I without the tail", "48000001 0000000000000000 00000000" + hexNotifyRecord, ErrShort,
			"Map-Notify: xTR-ID at byte 44: short message"},
		{"the tail without I", "40000000 0000000000000000 00000000 0a0b0c0d0e0f10111213141516171819 000000000000002a", ErrTrailing,
			"Map-Notify: end of message at byte 16: left-over bytes: 24"},
	})
}

package wire

import (
	"fmt"
	"strings"
	"testing"

	"lisplab/lispcore"
)

var testXTRID = XTRID{0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19}

// hexRegisterRecord is the record of most vectors here.
const hexRegisterRecord = `
	00000005                            # Record TTL: 5 minutes
	01 18 1000 0000                     # 1 locator, /24, A, map-version 0
	0001 0a010200                       # IPv4 10.1.2.0
	01 64 ff 00 0005 0001 cb00710b      # 1/100, multicast 255/0, L and R, IPv4 203.0.113.11
`

func registerRecord() Record {
	return authoritative(record(5, "10.1.2.0/24", "203.0.113.11 1/100 255/0 LR"))
}

func registerVectors() []vector {
	return []vector{
		{
			name: "one IPv4 prefix, SHA-1",
			hex: `
				30000101 0102030405060708           # type 3, M, 1 record; nonce
				00 01 0014                          # key 0, SHA-1, 20 bytes
				c7c3e111de609a8f573f9ad525cc9269c1b21e2d
				` + hexRegisterRecord,
			want: &MapRegister{
				WantNotify: true,
				Nonce:      0x0102030405060708,
				Auth:       Auth{Algorithm: AlgSHA1},
				Records:    []Record{registerRecord()},
			},
		},
		{
			name: "every flag, an instance, IPv6, two records, the tail, SHA-256",
			hex: `
				3f003d02 fffefdfcfbfaf9f8           # type 3, P S I RTR, r E T a M, 2 records; nonce
				07 02 0020                          # key 7, SHA-256, 32 bytes
				537aebb023e63d29cdcbd4f0fd83be960206040e21293580e9e22626bb4bea0c
				000005a0                            # Record TTL: a day
				02 30 1000 0007                     # 2 locators, /48, A, map-version 7
				4003 00 00 02 20 0016 00000064      # LCAF, Instance ID, mask-len 32, 22 bytes, instance 100
				0002 20010db8001200000000000000000000
				01 32 02 33 0005 0001 cb00710b      # 1/50, multicast 2/51, L and R, IPv4
				ff 00 ff 01 0003 0002 20010db8ffff00000000000000000021 # 255/0, multicast 255/1, p and R, IPv6
				00000000                            # Record TTL: withdrawn
				00 10 2000 0000                     # no locator, /16, ACT 1
				0001 0a020000
				0a0b0c0d0e0f10111213141516171819    # xTR-ID
				000000000000002a                    # Site-ID
			`,
			want: &MapRegister{
				ProxyReply: true, Security: true, HasXTRID: true, RTR: true, Reliable: true,
				EIDNotify: true, TTLTimeout: true, Merge: true, WantNotify: true,
				Nonce: 0xfffefdfcfbfaf9f8,
				Auth:  Auth{KeyID: 7, Algorithm: AlgSHA256},
				Records: []Record{
					{
						Mapping: lispcore.Mapping{
							EID: eid("100 2001:db8:12::/48"),
							TTL: 1440,
							Locators: []lispcore.Locator{
								locator("203.0.113.11 1/50 2/51 LR"),
								locator("2001:db8:ffff::21 255/0 255/1 pR"),
							},
							MapVersion: 7,
						},
						Authoritative: true,
					},
					{Mapping: lispcore.Mapping{EID: eid("10.2.0.0/16"), Action: lispcore.NativelyForward}},
				},
				XTRID:  testXTRID,
				SiteID: 42,
			},
		},
		{
			name: "SHA-1 cut to 12 bytes",
			hex: `
				30000101 0102030405060708 00 01 000c
				233c02df916449f3f0535ef4
				` + hexRegisterRecord,
			want: &MapRegister{
				WantNotify: true,
				Nonce:      0x0102030405060708,
				Auth:       Auth{Algorithm: AlgSHA1, Data: []byte("\x23\x3c\x02\xdf\x91\x64\x49\xf3\xf0\x53\x5e\xf4")},
				Records:    []Record{registerRecord()},
			},
		},
		{
			name: "SHA-256 cut to 16 bytes",
			hex: `
				30000101 0102030405060708 00 02 0010
				4171f9448f3cdd6782ce78d5d6ea2690
				` + hexRegisterRecord,
			want: &MapRegister{
				WantNotify: true,
				Nonce:      0x0102030405060708,
				Auth:       Auth{Algorithm: AlgSHA256},
				Records:    []Record{registerRecord()},
			},
		},
		{
			name: "algorithm 3",
			hex: `
				30000101 0102030405060709 01 03 0010
				19c4d87f63774f80f58ccb1fbc4ea612
				` + hexRegisterRecord,
			want: &MapRegister{
				WantNotify: true,
				Nonce:      0x0102030405060709,
				Auth:       Auth{KeyID: 1, Algorithm: AlgSHA256HKDF},
				Records:    []Record{registerRecord()},
			},
		},
	}
}

func TestMapRegister(t *testing.T) { testVectors(t, registerVectors()) }

// What a receiver must not mind: every reserved bit set.
func TestMapRegisterIgnoresReservedBits(t *testing.T) {
	var m MapRegister
	if err := m.Parse(unhex(t, `
		30ffc301 0000000000000000 00 00 0000
		00000005 01 18 0fff f000
		4003 ff ff 02 00 000a 00000007 0001 0a010200 # LCAF Rsvd1, Flags and IID mask-len too
		01 64 ff 00 fff8 0001 cb00710b
	`)); err != nil {
		t.Fatal(err)
	}
	want := record(5, "7 10.1.2.0/24", "203.0.113.11 1/100 255/0")
	if got := fmt.Sprintf("%+v", m.Records); got != fmt.Sprintf("%+v", []Record{want}) {
		t.Errorf("got  %s\nwant %+v", got, want)
	}
	m.Records, m.Auth = nil, Auth{}
	if got, want := fmt.Sprintf("%+v", m), fmt.Sprintf("%+v", MapRegister{WantNotify: true}); got != want {
		t.Errorf("flags\n got %s\nwant %s", got, want)
	}
}

func TestMapRegisterBadInputs(t *testing.T) {
	testBadInputs(t, new(MapRegister).Parse, []badInput{
		{"nothing at all", "", ErrShort,
			"Map-Register: Type at byte 0: short message"},
		{"ends before the record count", "300001", ErrShort,
			"Map-Register: Record Count at byte 3: short message"},
		{"ends in the nonce", "30000101 01020304", ErrShort,
			"Map-Register: Nonce at byte 4: short message"},
		{"a Map-Notify", "40000000 0000000000000000 00000000", ErrValue,
			"Map-Register: Type at byte 0: bad value: Map-Notify"},
		{"authentication data beyond the end", "30000000 0000000000000000 0001 0014 0000", ErrShort,
			"Map-Register: Authentication Data at byte 16: short message"},
		{"a record more announced than there is", "30000102 0000000000000000 0000 0000" + hexRegisterRecord, ErrShort,
			"Map-Register: Record TTL of record 2 at byte 44: short message"},
		{"a record more than announced", "30000100 0000000000000000 0000 0000" + hexRegisterRecord, ErrTrailing,
			"Map-Register: end of message at byte 16: left-over bytes: 28"},
		{"I without the tail", "32000101 0000000000000000 0000 0000" + hexRegisterRecord, ErrShort,
			"Map-Register: xTR-ID at byte 44: short message"},
		{"I and a tail without Site-ID", "32000100 0000000000000000 0000 0000" + strings.Repeat("11", 16), ErrShort,
			"Map-Register: Site-ID at byte 32: short message"},
		{"the tail without I", "30000100 0000000000000000 0000 0000" + strings.Repeat("11", 24), ErrTrailing,
			"Map-Register: end of message at byte 16: left-over bytes: 24"},
	})
}

func TestMapRegisterBadValues(t *testing.T) {
	testBadValues(t, []badValue{
		{"too many records", &MapRegister{Records: make([]Record, 256)}, ErrValue,
			"Map-Register: Record Count at byte 0: bad value: 256, at most 255"},
		{"an unknown algorithm and no data", &MapRegister{Auth: Auth{Algorithm: 9}}, ErrUnsupported,
			"Map-Register: Algorithm ID at byte 13: unsupported: algorithm 9"},
		{"too much authentication data", &MapRegister{Auth: Auth{Data: make([]byte, 1<<16)}}, ErrLength,
			"Map-Register: Authentication Data Length at byte 14: bad length: 65536"},
	})
}

// A message parsed into a used struct says what it says in a fresh one.
func TestMapRegisterParseAgain(t *testing.T) {
	vectors := registerVectors()
	var used MapRegister
	for i := range 2 * len(vectors) {
		b := unhex(t, vectors[i*3%len(vectors)].hex)
		if err := used.Parse(b); err != nil {
			t.Fatal(err)
		}
		var fresh MapRegister
		if err := fresh.Parse(b); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%+v", used), fmt.Sprintf("%+v", fresh); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		_ = used.Parse(b[:len(b)-1]) // a failure in between leaves no trace either
	}
}

// Nothing in a parsed message is part of the bytes it came from.
func TestMapRegisterKeepsNothingOfTheInput(t *testing.T) {
	b := unhex(t, registerVectors()[1].hex)
	var m MapRegister
	if err := m.Parse(b); err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprintf("%+v", m)
	clear(b)
	if after := fmt.Sprintf("%+v", m); after != before {
		t.Errorf("\n got %s\nwant %s", after, before)
	}
}

package wire

import (
	"net/netip"
	"testing"

	"lisplab/lispcore"
)

func requestVectors() []vector {
	return []vector{
		{
			name: "a packet asks",
			hex: `
				10000001 a1a2a3a4a5a6a7a8           # type 1, 1 ITR-RLOC, 1 record; nonce
				0001 0a0a0a05                       # Source EID 10.10.10.5
				0001 cb00710b                       # ITR-RLOC 203.0.113.11
				00 20 0001 0a1e1e07                 # 10.30.30.7/32
			`,
			want: &MapRequest{
				Nonce:     0xa1a2a3a4a5a6a7a8,
				SourceEID: netip.MustParseAddr("10.10.10.5"),
				ITRRLOCs:  addrs("203.0.113.11"),
				Records:   eids("10.30.30.7/32"),
			},
		},
		{
			name: "a probe: no source EID",
			hex:  "12000001 0000000000000001 0000 0001 cb00710b 00 18 0001 0a1e1e00",
			want: &MapRequest{Probe: true, Nonce: 1, ITRRLOCs: addrs("203.0.113.11"), Records: eids("10.30.30.0/24")},
		},
		{
			name: "a solicit that wants no answer",
			hex:  "11002001 0000000000000002 0001 0a0a0a00 0001 cb00710b 00 18 0001 0a1e1e00",
			want: &MapRequest{SMR: true, DontReply: true, Nonce: 2, SourceEID: netip.MustParseAddr("10.10.10.0"),
				ITRRLOCs: addrs("203.0.113.11"), Records: eids("10.30.30.0/24")},
		},
		{
			name: "every flag, an instance, IPv6, three ITR-RLOCs, two records, the sender's own mapping",
			hex: `
				1fc06202 fffefdfcfbfaf9f8           # type 1, A M P S p s, L D, IRC 2, 2 records; nonce
				4003 00 00 02 20 0016 00000064      # LCAF, Instance ID, mask-len 32, 22 bytes, instance 100
				0002 20010db8001000000000000000000005
				0001 cb00710b
				0002 20010db8ffff00000000000000000011
				0001 cb00710c
				00 80 4003 0000 02 20 0016 00000064 0002 20010db8003000000000000000000007
				00 00 0001 00000000                 # 0.0.0.0/0
				000005a0 01 30 1000 0007            # 1 locator, /48, A, map-version 7
				4003 0000 02 20 0016 00000064 0002 20010db8001000000000000000000000
				01 64 ff 00 0005 0001 cb00710b
			`,
			want: &MapRequest{
				Authoritative: true, MapData: true, Probe: true, SMR: true, PITR: true, SMRInvoked: true, LocalXTR: true, DontReply: true,
				Nonce:          0xfffefdfcfbfaf9f8,
				SourceInstance: 100,
				SourceEID:      netip.MustParseAddr("2001:db8:10::5"),
				ITRRLOCs:       addrs("203.0.113.11", "2001:db8:ffff::11", "203.0.113.12"),
				Records:        eids("100 2001:db8:30::7/128", "0.0.0.0/0"),
				Reply: &Record{
					Mapping: lispcore.Mapping{
						EID: eid("100 2001:db8:10::/48"), TTL: 1440, MapVersion: 7,
						Locators: []lispcore.Locator{locator("203.0.113.11 1/100 255/0 LR")},
					},
					Authoritative: true,
				},
			},
		},
		{
			name: "an instance without a source EID",
			hex: `
				10000001 0000000000000003
				4003 0000 02 20 0006 00000064 0000
				0001 cb00710b 00 18 4003 0000 02 20 000a 00000064 0001 0a1e1e00`,
			want: &MapRequest{Nonce: 3, SourceInstance: 100, ITRRLOCs: addrs("203.0.113.11"), Records: eids("100 10.30.30.0/24")},
		},
	}
}

func TestMapRequest(t *testing.T) { testVectors(t, requestVectors()) }

func TestMapRequestIgnoresReservedBits(t *testing.T) {
	var m MapRequest
	if err := m.Parse(unhex(t, "103f8001 0000000000000001 0000 0001 cb00710b ff 18 0001 0a1e1e00")); err != nil {
		t.Fatal(err)
	}
	testMessage(t, unhex(t, "10000001 0000000000000001 0000 0001 cb00710b 00 18 0001 0a1e1e00"), &m)
}

// Host bits of a prefix are cleared: one prefix, one key.
func TestMapRequestNormalisesTheEID(t *testing.T) {
	var m MapRequest
	if err := m.Parse(unhex(t, "10000001 0000000000000001 0000 0001 cb00710b 00 18 0001 0a1e1eff")); err != nil {
		t.Fatal(err)
	}
	if m.Records[0] != eid("10.30.30.0/24") {
		t.Errorf("asked for %v", m.Records[0])
	}
}

func TestRFC9301_5_3_MapRequestWithoutAnITRRLOCIsNoMapRequest(t *testing.T) {
	testBadInputs(t, new(MapRequest).Parse, []badInput{
		{"AFI 0", "10000001 0000000000000001 0000 0000 00 18 0001 0a1e1e00", ErrValue,
			"Map-Request: ITR-RLOC-AFI at byte 14: bad value: ITR-RLOC 1 has no address"},
		{"the second of two", "10000101 0000000000000001 0000 0001 cb00710b 0000 00 18 0001 0a1e1e00", ErrValue,
			"Map-Request: ITR-RLOC-AFI at byte 20: bad value: ITR-RLOC 2 has no address"},
	})
	testBadValues(t, []badValue{
		{"none", &MapRequest{Records: eids("10.30.30.0/24")}, ErrValue,
			"Map-Request: IRC at byte 0: bad value: 0 ITR-RLOCs, want 1 to 32"},
	})
}

func TestMapRequestBadInputs(t *testing.T) {
	testBadInputs(t, new(MapRequest).Parse, []badInput{
		{"nothing at all", "", ErrShort, "Map-Request: Type at byte 0: short message"},
		{"a Map-Reply", "20000001 0000000000000001", ErrValue, "Map-Request: Type at byte 0: bad value: Map-Reply"},
		{"no record", "10000000 0000000000000001 0000 0001 cb00710b", ErrValue,
			"Map-Request: Record Count at byte 3: bad value: 0"},
		{"fewer ITR-RLOCs than announced", "10001f01 0000000000000001 0000 0001 cb00710b", ErrShort,
			"Map-Request: ITR-RLOC-AFI at byte 20: short message"},
		{"a record more announced than there is", "10000002 0000000000000001 0000 0001 cb00710b 00 18 0001 0a1e1e00", ErrShort,
			"Map-Request: Reserved of record 2 at byte 28: short message"},
		{"a prefix too long", "10000001 0000000000000001 0000 0001 cb00710b 00 21 0001 0a1e1e00", ErrValue,
			"Map-Request: EID mask-len of record 1 at byte 21: bad value: 33, at most 32 for AFI 1"},
		{"a record without EID", "10000001 0000000000000001 0000 0001 cb00710b 00 00 0000", ErrUnsupported,
			"Map-Request: EID-Prefix-AFI of record 1 at byte 22: unsupported: a record without an address"},
		{"a MAC address as source", "10000001 0000000000000001 0006 0a0b0c0d0e0f 0001 cb00710b 00 18 0001 0a1e1e00", ErrUnsupported,
			"Map-Request: Source-EID-AFI at byte 12: unsupported: AFI 6"},
		{"an LCAF as ITR-RLOC", "10000001 0000000000000001 0000 4003 0000 02 20 0006 00000064 0000", ErrUnsupported,
			"Map-Request: ITR-RLOC-AFI at byte 14: unsupported: AFI 16387"},
		{"M without a mapping", "14000001 0000000000000001 0000 0001 cb00710b 00 18 0001 0a1e1e00", ErrShort,
			"Map-Request: Record TTL at byte 28: short message"},
		{"a mapping without M", "10000001 0000000000000001 0000 0001 cb00710b 00 18 0001 0a1e1e00 00000001 00 00 0000 0000 0001 00000000", ErrTrailing,
			"Map-Request: end of message at byte 28: left-over bytes: 16"},
	})
}

func TestMapRequestBadValues(t *testing.T) {
	with := func(change func(*MapRequest)) *MapRequest {
		m := &MapRequest{ITRRLOCs: addrs("203.0.113.11"), Records: eids("10.30.30.0/24")}
		change(m)
		return m
	}
	testBadValues(t, []badValue{
		{"too many ITR-RLOCs", with(func(m *MapRequest) { m.ITRRLOCs = make([]netip.Addr, 33) }), ErrValue,
			"Map-Request: IRC at byte 0: bad value: 33 ITR-RLOCs, want 1 to 32"},
		{"an ITR-RLOC that is none", with(func(m *MapRequest) { m.ITRRLOCs = make([]netip.Addr, 1) }), ErrValue,
			`Map-Request: ITR-RLOC-AFI at byte 14: bad value: ITR-RLOC 1 is "invalid IP"`},
		{"a source with a zone", with(func(m *MapRequest) { m.SourceEID = netip.MustParseAddr("fe80::1%eth0") }), ErrValue,
			`Map-Request: Source EID at byte 12: bad value: "fe80::1%eth0"`},
		{"no record", with(func(m *MapRequest) { m.Records = nil }), ErrValue,
			"Map-Request: Record Count at byte 0: bad value: 0, want 1 to 255"},
		{"a record without prefix", with(func(m *MapRequest) { m.Records = make([]lispcore.EID, 1) }), ErrValue,
			"Map-Request: EID mask-len of record 1 at byte 21: bad value: invalid Prefix"},
		{"M without a mapping", with(func(m *MapRequest) { m.MapData = true }), ErrValue,
			"Map-Request: M at byte 0: bad value: the bit and the Map-Reply Record go together"},
		{"a mapping without M", with(func(m *MapRequest) { m.Reply = new(Record) }), ErrValue,
			"Map-Request: M at byte 0: bad value: the bit and the Map-Reply Record go together"},
	})
}

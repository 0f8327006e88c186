package wire

import (
	"testing"

	"lisplab/lispcore"
)

func replyVectors() []vector {
	return []vector{
		{
			name: "an ETR answers",
			hex: `
				20000001 a1a2a3a4a5a6a7a8           # type 2, 1 record; nonce
				000005a0 02 18 1000 0003            # a day, 2 locators, /24, A, map-version 3
				0001 0a1e1e00
				01 64 ff 00 0005 0001 c6336415
				02 64 ff 00 0000 0001 c6336416      # not its own, not reachable
			`,
			want: &MapReply{
				Nonce: 0xa1a2a3a4a5a6a7a8,
				Records: []Record{{
					Mapping: lispcore.Mapping{
						EID: eid("10.30.30.0/24"), TTL: 1440, MapVersion: 3,
						Locators: []lispcore.Locator{locator("198.51.100.21 1/100 255/0 LR"), locator("198.51.100.22 2/100 255/0")},
					},
					Authoritative: true,
				}},
			},
		},
		{
			name: "a probe's answer: p marks the locator that was probed",
			hex: `
				2c000001 b1b2b3b4b5b6b7b8           # P, E
				000005a0 01 18 1000 0000 0001 0a1e1e00
				01 64 ff 00 0007 0001 c6336415`,
			want: &MapReply{Probe: true, EchoNonce: true, Nonce: 0xb1b2b3b4b5b6b7b8,
				Records: []Record{authoritative(record(1440, "10.30.30.0/24", "198.51.100.21 1/100 255/0 LpR"))}},
		},
		{
			name: "a covering prefix with what is more specific in it, in an instance",
			hex: `
				20000002 0000000000000001
				000005a0 01 10 1000 0000 4003 0000 02 20 000a 00000064 0001 0a1e0000 01 64 ff 00 0005 0001 c6336415
				0000000f 00 18 2000 0000 4003 0000 02 20 000a 00000064 0001 0a1e1e00`,
			want: &MapReply{Nonce: 1, Records: []Record{
				authoritative(record(1440, "100 10.30.0.0/16", "198.51.100.21 1/100 255/0 LR")),
				negative(15, "100 10.30.30.0/24", lispcore.NativelyForward),
			}},
		},
	}
}

func TestMapReply(t *testing.T) { testVectors(t, replyVectors()) }

// Every action of a negative Map-Reply has its three bits, and they pass unharmed (RFC 9301 section 5.4).
func TestMapReplyActions(t *testing.T) {
	for action, bits := range map[lispcore.Action]string{
		lispcore.NoAction: "0000", lispcore.NativelyForward: "2000", lispcore.SendMapRequest: "4000",
		lispcore.DropNoReason: "6000", lispcore.DropPolicyDenied: "8000", lispcore.DropAuthFailure: "a000",
	} {
		testMessage(t, unhex(t, "20000001 0000000000000001 00000001 00 18 "+bits+" 0000 0001 0a282800"),
			&MapReply{Nonce: 1, Records: []Record{negative(1, "10.40.40.0/24", action)}})
	}
}

func TestMapReplyBadInputs(t *testing.T) {
	testBadInputs(t, new(MapReply).Parse, []badInput{
		{"a Map-Request", "10000000 0000000000000001", ErrValue, "Map-Reply: Type at byte 0: bad value: Map-Request"},
		{"LISP-SEC", "22000000 0000000000000001", ErrUnsupported, "Map-Reply: S at byte 0: unsupported: LISP-SEC"},
		{"a record more announced than there is", "20000001 0000000000000001", ErrShort,
			"Map-Reply: Record TTL of record 1 at byte 12: short message"},
		{"left-over bytes", "20000000 0000000000000001 00", ErrTrailing,
			"Map-Reply: end of message at byte 12: left-over bytes: 1"},
	})
	testBadValues(t, []badValue{
		{"too many records", &MapReply{Records: make([]Record, 256)}, ErrValue,
			"Map-Reply: Record Count at byte 0: bad value: 256, at most 255"},
	})
}

package wire

import "testing"

func notifyAckVectors() []vector {
	return []vector{
		{
			name: "SHA-1",
			hex: `
				50000001 0102030405060708           # type 5, 1 record; nonce
				00 01 0014                          # key 0, SHA-1, 20 bytes
				6f562c5088173b6f2035b975acf00438427d8bb7
				` + hexNotifyRecord,
			want: &MapNotifyAck{
				Nonce:   0x0102030405060708,
				Auth:    Auth{Algorithm: AlgSHA1},
				Records: []Record{notifyRecord()},
			},
		},
		{
			name: "the tail, algorithm 3",
			hex: `
				58000001 0102030405060709 01 03 0010
				bd51b96aac326979caad57cf6b4cf7c0
				` + hexNotifyRecord + `
				0a0b0c0d0e0f10111213141516171819    # xTR-ID
				000000000000002a                    # Site-ID
			`,
			want: &MapNotifyAck{
				HasXTRID: true,
				Nonce:    0x0102030405060709,
				Auth:     Auth{KeyID: 1, Algorithm: AlgSHA256HKDF},
				Records:  []Record{notifyRecord()},
				XTRID:    testXTRID,
				SiteID:   42,
			},
		},
	}
}

func TestMapNotifyAck(t *testing.T) { testVectors(t, notifyAckVectors()) }

// An ack is the notify under another type, signed anew.
func TestMapNotifyAckOfANotify(t *testing.T) {
	var notify MapNotify
	if err := notify.Parse(unhex(t, notifyVectors()[0].hex)); err != nil {
		t.Fatal(err)
	}
	ack := MapNotifyAck(notify)
	b, err := ack.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := NewAuthenticator(vectorKey).Sign(b); err != nil {
		t.Fatal(err)
	}
	if want := unhex(t, notifyAckVectors()[0].hex); string(b) != string(want) {
		t.Errorf("\n got %x\nwant %x", b, want)
	}
}

func TestMapNotifyAckBadInputs(t *testing.T) {
	testBadInputs(t, new(MapNotifyAck).Parse, []badInput{
		{"a Map-Notify", "40000000 0000000000000000 00000000", ErrValue,
			"Map-Notify-Ack: Type at byte 0: bad value: Map-Notify"},
		{"left-over bytes", "50000000 0000000000000000 00000000 00", ErrTrailing,
			"Map-Notify-Ack: end of message at byte 16: left-over bytes: 1"},
	})
}

package wire

import "testing"

func TestPeekType(t *testing.T) {
	for first, want := range map[byte]string{
		0x00: "type 0", 0x10: "Map-Request", 0x28: "Map-Reply", 0x3f: "Map-Register", 0x48: "Map-Notify",
		0x50: "Map-Notify-Ack", 0x60: "Map-Referral", 0x70: "Info-Request", 0x80: "Encapsulated Control Message",
		0x90: "type 9", 0xf0: "type 15",
	} {
		got, err := PeekType([]byte{first})
		if got.String() != want {
			t.Errorf("%#x: %v, want %s", first, got, want)
		}
		if known := first>>4 >= 1 && first>>4 <= 8; known != (err == nil) {
			t.Errorf("%#x: error %v", first, err)
		} else if !known {
			wantError(t, err, ErrUnknownType)
		}
	}
	_, err := PeekType(nil)
	wantError(t, err, ErrShort)
}

func TestStreamTypeString(t *testing.T) {
	for typ, want := range map[StreamType]string{
		15: "type 15", 16: "Error Notification", 17: "Registration", 18: "Registration ACK", 19: "Registration NACK",
		20: "Registration Refresh", 21: "Mapping Notification", 22: "type 22",
	} {
		if got := typ.String(); got != want {
			t.Errorf("%d: %q, want %q", uint16(typ), got, want)
		}
	}
}

func TestEIDPrefixString(t *testing.T) {
	for text, want := range map[string]string{"100 10.1.0.0/16": "IID 100 10.1.0.0/16", "100": "IID 100"} {
		if got := (EIDPrefix{EID: eid(text)}).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

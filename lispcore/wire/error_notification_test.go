package wire

import "testing"

func errorNotificationVectors(testing.TB) []streamVector {
	return []streamVector{
		{"an unknown type, none of its data", `
			0010 0018 00000006                  # Error Notification, 24 bytes, ID 6
			01 000000                           # code 1
			0063 000c 00000007                  # type 99, 12 bytes, ID 7
			9facade9`, 6,
			&ErrorNotification{Code: ErrorUnknownType, Type: 99, Length: 12, ID: 7, Data: []byte{}}},
		{"a bad format, some of its data", `
			0010 0020 00000007
			02 000000                           # code 2
			0011 0064 00000009                  # Registration, 100 bytes, ID 9
			3000010101020304
			9facade9`, 7,
			&ErrorNotification{Code: ErrorFormat, Type: TypeRegistration, Length: 100, ID: 9,
				Data: []byte{0x30, 0, 1, 1, 1, 2, 3, 4}}},
		{"a code of another draft", `0010 0018 00000000 ff 000000 ffff ffff ffffffff 9facade9`, 0,
			&ErrorNotification{Code: 255, Type: 0xffff, Length: 0xffff, ID: 0xffffffff, Data: []byte{}}},
	}
}

func TestErrorNotification(t *testing.T) { testStreamVectors(t, errorNotificationVectors(t)) }

func TestErrorNotificationBadInputs(t *testing.T) {
	testBadFrames(t, []badInput{
		{"ends in the offending message's ID", "0010 0016 00000006 01 000000 0063 000c 0000 9facade9", ErrShort,
			"Error Notification: Offending message ID at byte 16: short message"},
	})
}

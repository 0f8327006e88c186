package wire

import "testing"

func mappingNotificationVectors(testing.TB) []streamVector {
	return []streamVector{
		{"IPv4 in instance 0: the plain AFI", `
			0015 0040 00000002                  # Mapping Notification, 64 bytes, ID 2
			0a0b0c0d0e0f10111213141516171819    # xTR-ID
			000000000000002a                    # Site-ID
			` + hexNotifyRecord + `
			9facade9`, 2,
			&MappingNotification{XTRID: testXTRID, SiteID: 42, Record: notifyRecord()}},
		{"IPv6 in an instance, nobody known, withdrawn", `
			0015 004c 00000006
			00000000000000000000000000000000 0000000000000000
			00000000 00 30 0000 0000
			4003 0000 02 20 0016 00000064 0002 20010db8001200000000000000000000
			9facade9`, 6,
			&MappingNotification{Record: record(0, "100 2001:db8:12::/48")}},
	}
}

func TestMappingNotification(t *testing.T) { testStreamVectors(t, mappingNotificationVectors(t)) }

func TestMappingNotificationBadInputs(t *testing.T) {
	const tail = "00000000000000000000000000000000 0000000000000000"
	testBadFrames(t, []badInput{
		{"two records", "0015 0044 00000002" + tail + "00000001 00 08 0000 0000 0001 0a000000 00000001 00 08 0000 0000 0001 0b000000 9facade9", ErrTrailing,
			"Mapping Notification: end of message at byte 48: left-over bytes: 16"},
		{"prefix too long", "0015 0034 00000002" + tail + "00000001 00 21 0000 0000 0001 0a000000 9facade9", ErrValue,
			"Mapping Notification: EID mask-len at byte 37: bad value: 33, at most 32 for AFI 1"},
		{"a locator too few", "0015 0034 00000002" + tail + "00000001 01 08 0000 0000 0001 0a000000 9facade9", ErrShort,
			"Mapping Notification: Priority of locator 1 at byte 48: short message"},
	})
}

func TestMappingNotificationBadValues(t *testing.T) {
	testBadStreamValues(t, []badStreamValue{
		{"no EID", &MappingNotification{}, ErrValue,
			"Mapping Notification: EID mask-len at byte 37: bad value: invalid Prefix"},
	})
}

package wire

import "testing"

func nackVectors(testing.TB) []streamVector {
	return []streamVector{
		{"no site has the prefix", `
			0013 0022 00000002                  # Registration NACK, 34 bytes, ID 2
			01 0000                             # reason
			1a                                  # Prefix-Length
			4003 0000 02 20 000a 00000000       # LCAF, instance 0
			0001 0a010240
			9facade9`, 2,
			&RegistrationNACK{Reason: ReasonNotValidSite, Prefix: EIDPrefix{EID: eid("10.1.2.64/26")}}},
		{"authentication, IPv6 in an instance", `
			0013 002e 00000003 02 0000
			30 4003 0000 02 20 0016 00000064 0002 20010db8001200000000000000000000
			9facade9`, 3,
			&RegistrationNACK{Reason: ReasonAuthentication, Prefix: EIDPrefix{EID: eid("100 2001:db8:12::/48")}}},
		{"a reason of another draft, plain AFI", `
			0013 0016 00000003 c8 0000 08 0001 0a000000 9facade9`, 3,
			&RegistrationNACK{Reason: 200, Prefix: EIDPrefix{EID: eid("10.0.0.0/8"), Plain: true}}},
	}
}

func TestRegistrationNACK(t *testing.T) { testStreamVectors(t, nackVectors(t)) }

func TestRegistrationNACKBadInputs(t *testing.T) {
	testBadFrames(t, []badInput{
		{"prefix too long", "0013 0016 00000002 01 0000 21 0001 0a010200 9facade9", ErrValue,
			"Registration NACK: Prefix-Length at byte 11: bad value: 33, at most 32 for AFI 1"},
		{"no address", "0013 0012 00000002 01 0000 00 0000 9facade9", ErrValue,
			"Registration NACK: EID-Prefix-AFI at byte 12: bad value: no address"},
		{"left-over bytes", "0013 0017 00000002 01 0000 18 0001 0a010200 ff 9facade9", ErrTrailing,
			"Registration NACK: end of message at byte 18: left-over bytes: 1"},
	})
}

func TestRegistrationNACKBadValues(t *testing.T) {
	testBadStreamValues(t, []badStreamValue{
		{"no prefix", &RegistrationNACK{Reason: ReasonOther}, ErrValue,
			"Registration NACK: Prefix-Length at byte 11: bad value: invalid Prefix"},
	})
}

func TestReasonString(t *testing.T) {
	for reason, want := range map[Reason]string{
		0:                    "reason 0",
		ReasonNotValidSite:   "not a valid site EID prefix",
		ReasonAuthentication: "authentication failure",
		ReasonLocators:       "locator set not allowed",
		ReasonOther:          "other reason",
		5:                    "reason 5",
	} {
		if got := reason.String(); got != want {
			t.Errorf("%d: %q, want %q", uint8(reason), got, want)
		}
	}
}

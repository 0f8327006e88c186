package wire

import "testing"

func refreshVectors(testing.TB) []streamVector {
	return []streamVector{
		{"everything", `
			0014 000f 00000000                  # Registration Refresh, 15 bytes, ID 0
			00 0000                             # scope 0, no R, and nothing more
			9facade9`, 0,
			&RegistrationRefresh{Scope: ScopeAll}},
		{"everything that was refused", `
			0014 000f 00000001
			00 8000                             # scope 0, R
			9facade9`, 1,
			&RegistrationRefresh{Scope: ScopeAll, RejectedOnly: true}},
		{"an instance", `
			0014 001e 00000002
			01 0000                             # scope 1
			00 4003 0000 02 20 0006 00000064 0000 # length 0, LCAF, 6 bytes, instance 100, no address
			9facade9`, 2,
			&RegistrationRefresh{Scope: ScopeInstance, Prefix: EIDPrefix{EID: eid("100")}}},
		{"an address family of an instance", `
			0014 0022 00000003
			02 0000                             # scope 2
			00 4003 0000 02 20 000a 00000064 0001 00000000
			9facade9`, 3,
			&RegistrationRefresh{Scope: ScopeFamily, Prefix: EIDPrefix{EID: eid("100 0.0.0.0/0")}}},
		{"IPv6 of instance 0, what was refused", `
			0014 002e 00000003
			02 8000
			00 4003 0000 02 20 0016 00000000 0002 00000000000000000000000000000000
			9facade9`, 3,
			&RegistrationRefresh{Scope: ScopeFamily, RejectedOnly: true, Prefix: EIDPrefix{EID: eid("::/0")}}},
		{"what a prefix covers", `
			0014 0022 00000004
			03 0000                             # scope 3
			08 4003 0000 02 20 000a 00000000 0001 0a000000
			9facade9`, 4,
			&RegistrationRefresh{Scope: ScopeCovered, Prefix: EIDPrefix{EID: eid("10.0.0.0/8")}}},
		{"one prefix, with the plain AFI", `
			0014 0016 00000005
			04 0000                             # scope 4
			18 0001 0a0a0a00
			9facade9`, 5,
			&RegistrationRefresh{Scope: ScopeExact, Prefix: EIDPrefix{EID: eid("10.10.10.0/24"), Plain: true}}},
	}
}

func TestRegistrationRefresh(t *testing.T) { testStreamVectors(t, refreshVectors(t)) }

func TestRegistrationRefreshBadInputs(t *testing.T) {
	testBadFrames(t, []badInput{
		{"scope 0 with a prefix", "0014 0016 00000005 00 0000 18 0001 0a0a0a00 9facade9", ErrTrailing,
			"Registration Refresh: end of message at byte 11: left-over bytes: 7"},
		{"scope 1 without a prefix", "0014 000f 00000001 01 8000 9facade9", ErrShort,
			"Registration Refresh: Prefix-Length at byte 11: short message"},
		{"scope 1 with an address", "0014 0022 00000003 01 0000 00 4003 0000 02 20 000a 00000064 0001 00000000 9facade9", ErrValue,
			"Registration Refresh: EID-Prefix-AFI at byte 12: bad value: scope 1: AFI does not fit the scope"},
		{"scope 1 without the LCAF", "0014 0012 00000003 01 0000 00 0000 9facade9", ErrValue,
			"Registration Refresh: EID-Prefix-AFI at byte 12: bad value: scope 1: AFI does not fit the scope"},
		{"scope 1 with a length", "0014 001e 00000002 01 0000 01 4003 0000 02 20 0006 00000064 0000 9facade9", ErrValue,
			"Registration Refresh: Prefix-Length at byte 11: bad value: 1, at most 0 for AFI 0"},
		{"scope 2 without an address", "0014 001e 00000002 02 0000 00 4003 0000 02 20 0006 00000064 0000 9facade9", ErrValue,
			"Registration Refresh: EID-Prefix-AFI at byte 12: bad value: scope 2: AFI does not fit the scope"},
		{"scope 2 without the LCAF", "0014 0016 00000005 02 0000 00 0001 00000000 9facade9", ErrValue,
			"Registration Refresh: EID-Prefix-AFI at byte 12: bad value: scope 2: AFI does not fit the scope"},
		{"scope 2 with a length", "0014 0022 00000003 02 0000 08 4003 0000 02 20 000a 00000064 0001 0a000000 9facade9", ErrValue,
			"Registration Refresh: Prefix-Length at byte 11: bad value: scope 2: prefix does not fit the scope"},
		{"scope 3 without an address", "0014 001e 00000002 03 0000 00 4003 0000 02 20 0006 00000064 0000 9facade9", ErrValue,
			"Registration Refresh: EID-Prefix-AFI at byte 12: bad value: scope 3: AFI does not fit the scope"},
		{"scope 3 with R", "0014 0016 00000005 03 8000 18 0001 0a0a0a00 9facade9", ErrValue,
			"Registration Refresh: R at byte 9: bad value: scope 3: R does not go with the scope of covered prefixes"},
		{"scope 4 without an address", "0014 0012 00000005 04 0000 00 0000 9facade9", ErrValue,
			"Registration Refresh: EID-Prefix-AFI at byte 12: bad value: scope 4: AFI does not fit the scope"},
		{"scope 5", "0014 0016 00000005 05 0000 18 0001 0a0a0a00 9facade9", ErrValue,
			"Registration Refresh: Scope at byte 8: bad value: scope 5: not defined"},
	})
}

// Scope 2 asks for a zero address, but only as a SHOULD.
func TestRegistrationRefreshFamilyIgnoresTheAddress(t *testing.T) {
	f := wholeFrame(t, unhex(t, "0014 0022 00000003 02 0000 00 4003 0000 02 20 000a 00000064 0001 0a010203 9facade9"))
	m, err := ParseStream(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.(*RegistrationRefresh).Prefix.EID, eid("100 0.0.0.0/0"); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRegistrationRefreshBadValues(t *testing.T) {
	testBadStreamValues(t, []badStreamValue{
		{"scope 0 with a prefix", &RegistrationRefresh{Prefix: EIDPrefix{EID: eid("10.0.0.0/8")}}, ErrValue,
			"Registration Refresh: Prefix-Length at byte 11: bad value: scope 0: prefix does not fit the scope"},
		{"scope 1 with a prefix", &RegistrationRefresh{Scope: ScopeInstance, Prefix: EIDPrefix{EID: eid("1 10.0.0.0/8")}}, ErrValue,
			"Registration Refresh: EID-Prefix-AFI at byte 12: bad value: scope 1: AFI does not fit the scope"},
		{"scope 4 without a prefix", &RegistrationRefresh{Scope: ScopeExact}, ErrValue,
			"Registration Refresh: EID-Prefix-AFI at byte 12: bad value: scope 4: AFI does not fit the scope"},
		{"scope 1 with a prefix of bad length", &RegistrationRefresh{Scope: ScopeInstance, Prefix: EIDPrefix{EID: badLengthEID}}, ErrValue,
			"Registration Refresh: Prefix-Length at byte 11: bad value: invalid Prefix"},
		{"scope 5", &RegistrationRefresh{Scope: 5}, ErrValue,
			"Registration Refresh: Scope at byte 8: bad value: scope 5: not defined"},
	})
}

func TestScopeString(t *testing.T) {
	for scope, want := range map[Scope]string{
		ScopeAll: "all", ScopeInstance: "instance", ScopeFamily: "address family",
		ScopeCovered: "covered prefixes", ScopeExact: "exact prefix", 5: "scope 5",
	} {
		if got := scope.String(); got != want {
			t.Errorf("%d: %q, want %q", uint8(scope), got, want)
		}
	}
}

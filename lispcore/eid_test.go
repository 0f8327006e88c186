package lispcore_test

import (
	"net/netip"
	"slices"
	"testing"

	"lisplab/lispcore"
)

func eid(instance uint32, prefix string) lispcore.EID {
	return lispcore.NewEID(instance, netip.MustParsePrefix(prefix))
}

// inOrder is how IOS lists EIDs: by instance, IPv4 before IPv6, by address, shorter prefixes first.
var inOrder = []lispcore.EID{
	eid(0, "0.0.0.0/0"), eid(0, "10.0.0.0/8"), eid(0, "10.0.0.0/16"), eid(0, "10.1.0.0/16"), eid(0, "172.16.0.0/12"), eid(0, "::/0"),
	eid(0, "2001:db8::/32"), eid(0, "2001:db8::/48"), eid(0, "2001:db8:1::/48"), eid(7, "0.0.0.0/0"), eid(7, "9.0.0.0/8"), eid(7, "::/0"), eid(100, "1.0.0.0/8"),
}

func TestEIDOrder(t *testing.T) {
	for i, a := range inOrder {
		for j, b := range inOrder {
			if got, want := a.Compare(b), compareInts(i, j); got != want {
				t.Errorf("%v against %v: %d, want %d", a, b, got, want)
			}
			if s := a.Service().Compare(b.Service()); s != 0 && s != compareInts(i, j) {
				t.Errorf("services of %v and %v: %d", a, b, s)
			}
		}
	}
}

func compareInts(i, j int) int {
	switch {
	case i < j:
		return -1
	case i > j:
		return 1
	}
	return 0
}

func TestEIDCovers(t *testing.T) {
	covered := map[lispcore.EID][]lispcore.EID{
		eid(0, "0.0.0.0/0"):       {eid(0, "0.0.0.0/0"), eid(0, "10.0.0.0/8"), eid(0, "10.0.0.0/16"), eid(0, "10.1.0.0/16"), eid(0, "172.16.0.0/12")},
		eid(0, "10.0.0.0/8"):      {eid(0, "10.0.0.0/8"), eid(0, "10.0.0.0/16"), eid(0, "10.1.0.0/16")},
		eid(0, "10.0.0.0/16"):     {eid(0, "10.0.0.0/16")},
		eid(0, "10.1.0.0/16"):     {eid(0, "10.1.0.0/16")},
		eid(0, "172.16.0.0/12"):   {eid(0, "172.16.0.0/12")},
		eid(0, "::/0"):            {eid(0, "::/0"), eid(0, "2001:db8::/32"), eid(0, "2001:db8::/48"), eid(0, "2001:db8:1::/48")},
		eid(0, "2001:db8::/32"):   {eid(0, "2001:db8::/32"), eid(0, "2001:db8::/48"), eid(0, "2001:db8:1::/48")},
		eid(0, "2001:db8::/48"):   {eid(0, "2001:db8::/48")},
		eid(0, "2001:db8:1::/48"): {eid(0, "2001:db8:1::/48")},
		eid(7, "0.0.0.0/0"):       {eid(7, "0.0.0.0/0"), eid(7, "9.0.0.0/8")},
		eid(7, "9.0.0.0/8"):       {eid(7, "9.0.0.0/8")},
		eid(7, "::/0"):            {eid(7, "::/0")},
		eid(100, "1.0.0.0/8"):     {eid(100, "1.0.0.0/8")},
	}
	for _, a := range inOrder {
		for _, b := range inOrder {
			if got, want := a.Covers(b), slices.Contains(covered[a], b); got != want {
				t.Errorf("%v covers %v: %t", a, b, got)
			}
		}
	}
}

func TestEIDClearsHostBits(t *testing.T) {
	if got := eid(5, "10.1.2.3/16"); got != eid(5, "10.1.0.0/16") || got.String() != "IID 5 10.1.0.0/16" {
		t.Errorf("%v", got)
	}
	if got := eid(0, "2001:db8::1/32").Service(); got != (lispcore.Service{Family: lispcore.IPv6}) {
		t.Errorf("%v", got)
	}
}

package mapserver_test

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/wire"
)

// TestSnapshot holds every field of a registration, by UDP and by TCP.
func TestSnapshot(t *testing.T) {
	p := enginetest.NewPlayer()
	p.Play("ms MS 10.0.0.9", "site MS A key-a 10.0.0.0/8*", "puppet X 10.0.0.1", "advance 1s",
		"send X MS port=5000 register key-a 10.1.1.0/24 nonce=17 P a mac=2/32 ttl=60 rloc=10.0.0.1/1/50 rloc=10.0.0.2/2/60", "advance 2s", "open X MS")
	ms := p.Bed().Node("MS").MS
	at := func(seconds int) time.Time { return enginetest.Epoch.Add(time.Duration(seconds) * time.Second) }
	want := mapserver.Registration{
		ETR: netip.MustParseAddr("10.0.0.1"), Port: 5000, First: at(1), Last: at(1),
		Mapping: lispcore.Mapping{EID: enginetest.ParseEID("10.1.1.0/24"), TTL: 60, Locators: []lispcore.Locator{
			{RLOC: netip.MustParseAddr("10.0.0.1"), Priority: 1, Weight: 50, MPriority: 1, MWeight: 50, Local: true, Reachable: true},
			{RLOC: netip.MustParseAddr("10.0.0.2"), Priority: 2, Weight: 60, MPriority: 2, MWeight: 60, Reachable: true},
		}},
		ProxyReply: true, WantNotify: true, Merge: true, Algorithm: wire.AlgSHA256, Nonce: 17, HasXTRID: true, XTRID: wire.XTRID{15: 2},
	}
	one := func() mapserver.Registration {
		t.Helper()
		list := ms.Snapshot().Sites[0].Entries[0].MoreSpecifics
		if len(list) != 1 || len(list[0].Registrations) != 1 {
			t.Fatalf("%+v", list)
		}
		if list[0].First != at(1) || list[0].EID != want.Mapping.EID {
			t.Errorf("%v first at %v", list[0].EID, list[0].First)
		}
		return list[0].Registrations[0]
	}
	if got := one(); !reflect.DeepEqual(got, want) {
		t.Errorf("by UDP\n got %+v\nwant %+v", got, want)
	}

	one().Mapping.Locators[0].Weight = 99
	if got := one(); !reflect.DeepEqual(got, want) {
		t.Errorf("the snapshot is no copy: %+v", got)
	}

	p.Play("write X MS registration key-a 10.1.1.0/24 nonce=18 without-I without-M ttl=60 rloc=10.0.0.1/1/50 rloc=10.0.0.2/2/60", "advance 1s")
	want.Port, want.Last, want.Reliable, want.Nonce, want.Algorithm = 11001, at(3), true, 18, wire.AlgSHA1
	want.ProxyReply, want.Merge, want.WantNotify, want.HasXTRID, want.XTRID = false, false, false, false, wire.XTRID{}
	if got := one(); !reflect.DeepEqual(got, want) {
		t.Errorf("by TCP\n got %+v\nwant %+v", got, want)
	}

	// A UDP register during the session is the newest word, but the registration stays the session's.
	p.Play("send X MS port=5000 register key-a 10.1.1.0/24 nonce=19 without-I without-M ttl=60 rloc=10.0.0.1/1/50 rloc=10.0.0.2/2/60")
	want.Last, want.Nonce = at(4), 19
	if got := one(); !reflect.DeepEqual(got, want) {
		t.Errorf("by UDP during the session\n got %+v\nwant %+v", got, want)
	}
}

// TestSitesShowTheirSettings: names, descriptions, and failures under the longest entry that matched.
func TestSitesShowTheirSettings(t *testing.T) {
	p := enginetest.NewPlayer()
	p.Play("ms MS 10.0.0.9", "site MS B key-b 10.1.0.0/16*", "site MS A key-a 10.0.0.0/8*", "puppet X 10.0.0.1")
	ms := p.Bed().Node("MS")
	ms.MSConfig.Sites[1].Description = "the second line"
	ms.Configure()
	p.Play("send X MS register key-x 10.1.1.0/24 10.2.1.0/24", "send X MS register key-x 10.1.1.0/24", "send X MS register key-a 10.1.1.0/24 99.0.0.0/8")
	v := ms.MS.Snapshot()
	if len(v.Sites) != 2 || v.Sites[0].Name != "A" || v.Sites[0].Description != "the second line" || v.Sites[1].Name != "B" {
		t.Errorf("%+v", v.Sites)
	}
	if a, b := v.Sites[0].Entries[0], v.Sites[1].Entries[0]; a.AuthFailures != 1 || b.AuthFailures != 2 {
		t.Errorf("failures: A %d, want 1; B %d, want 2", a.AuthFailures, b.AuthFailures)
	}
}

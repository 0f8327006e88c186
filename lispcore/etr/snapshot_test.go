package etr_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// TestSnapshot holds the fields of a snapshot, which is a deep, sorted copy.
func TestSnapshot(t *testing.T) {
	p := enginetest.NewPlayer()
	p.Play("puppet MS 10.0.0.9", "puppet TS 10.0.0.8", "etr X 10.0.0.1", "map-server X MS key-a", "map-server X TS key-t ipv6",
		"database X 2001:db8::/32 [7]10.1.0.0/16 10.2.0.0/16 10.1.0.0/16", "advance 500ms", "send MS X notify key-a nonce=n1 10.1.0.0/16 99.0.0.0/8")
	x, ms, ts := p.Bed().Node("X"), p.Bed().Node("MS"), p.Bed().Node("TS")
	x.ETRConfig.SiteID = 42
	x.Configure()
	p.Play("advance 500ms")
	now := enginetest.Epoch.Add(500e6)

	v := x.ETR.Snapshot()
	if v.XTRID != (wire.XTRID{15: 3}) || v.SiteID != 42 {
		t.Errorf("xTR-ID %x, Site-ID %d", v.XTRID, v.SiteID)
	}
	if want := []etr.MapServer{
		{Addr: ms.Addr, Family: lispcore.IPv4, LastNotify: now}, {Addr: ms.Addr, Family: lispcore.IPv6}, {Addr: ts.Addr, Family: lispcore.IPv6},
	}; !reflect.DeepEqual(v.MapServers, want) {
		t.Errorf("map servers %+v", v.MapServers)
	}
	type row struct {
		eid    string
		status []etr.Status
	}
	var got []row
	for _, en := range v.Database {
		got = append(got, row{enginetest.EID(en.Mapping.EID), en.Status})
	}
	if want := []row{
		{"10.1.0.0/16", []etr.Status{{MapServer: ms.Addr, State: etr.Periodic, Acked: now}}},
		{"10.2.0.0/16", []etr.Status{{MapServer: ms.Addr, State: etr.Periodic}}},
		{"2001:db8::/32", []etr.Status{{MapServer: ms.Addr, State: etr.Periodic}, {MapServer: ts.Addr, State: etr.Periodic}}},
		{"[7]10.1.0.0/16", []etr.Status{{MapServer: ms.Addr, State: etr.Periodic}}},
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("database\n got %+v\nwant %+v", got, want)
	}

	// An ACK counts like a Map-Notify, for its prefix and for its map-server line.
	p.Play("advance 1s", "write MS X refresh all", "advance 2s", "write MS X ack 2001:db8::/32")
	if got := x.ETR.Snapshot(); got.Database[2].Status[0].Acked != p.Bed().Now() || got.MapServers[1].LastNotify != p.Bed().Now() || got.MapServers[0].LastNotify != now {
		t.Errorf("after an ACK: %+v, %+v", got.Database[2].Status, got.MapServers)
	}

	v.Database[0].Mapping.Locators[0].Weight = 99
	if got := x.ETR.Snapshot().Database[0].Mapping.Locators[0].Weight; got != 100 {
		t.Errorf("the snapshot is no copy: weight %d", got)
	}
}

// The age of a prefix is that of its first configuration; its data may be younger.
func TestSnapshotAges(t *testing.T) {
	e := etr.New(session.NewTable())
	now := enginetest.Epoch
	prefix := func(p string, reachable bool) lispcore.Mapping {
		return lispcore.Mapping{EID: lispcore.NewEID(0, netip.MustParsePrefix(p)), TTL: 1440,
			Locators: []lispcore.Locator{{RLOC: netip.MustParseAddr("192.0.2.2"), Priority: 1, Weight: 50, Local: true, Reachable: reachable}}}
	}
	configure := func(after time.Duration, database ...lispcore.Mapping) {
		e.Configure(now.Add(after), etr.Config{Database: database, Rand: rand.New(rand.NewPCG(1, 2))})
	}
	configure(0, prefix("10.1.0.0/16", true), prefix("10.2.0.0/16", true))
	configure(time.Second, prefix("10.1.0.0/16", true), prefix("10.2.0.0/16", true), prefix("10.3.0.0/16", true))
	configure(2*time.Second, prefix("10.1.0.0/16", true), prefix("10.2.0.0/16", false))
	configure(3*time.Second, prefix("10.1.0.0/16", true), prefix("10.2.0.0/16", false), prefix("10.3.0.0/16", true))
	var got []string
	for _, en := range e.Snapshot().Database {
		got = append(got, fmt.Sprintf("%v since %v, changed %v", en.Mapping.EID.Prefix, en.Since.Sub(now), en.Changed.Sub(now)))
	}
	want := []string{"10.1.0.0/16 since 0s, changed 0s", "10.2.0.0/16 since 0s, changed 2s", "10.3.0.0/16 since 3s, changed 3s"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A map server without a key can't be registered with, and must not bring the ETR down.
func TestMapServerWithoutKey(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	e := etr.New(session.NewTable())
	e.Configure(now, etr.Config{
		Database:   []lispcore.Mapping{{EID: lispcore.NewEID(0, netip.MustParsePrefix("10.1.0.0/16")), TTL: 1440}},
		MapServers: []etr.MapServerConfig{{Addr: netip.MustParseAddr("192.0.2.1"), Family: lispcore.IPv4, Local: netip.MustParseAddr("192.0.2.2")}},
		Rand:       rand.New(rand.NewPCG(1, 2)),
	})
	e.Handle(now, lispcore.Tick{})
	if out := e.Drain(); len(out) != 0 {
		t.Errorf("it said %v", out)
	}
}

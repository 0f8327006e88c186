package commands

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/lispcore/etr"
)

// interfaceOf is an interface with its IPv4 address and, at will, IPv6 ones.
func interfaceOf(name string, up bool, addresses ...string) devices.InterfaceState {
	i := devices.InterfaceState{Interface: devices.Interface{Name: name}, Physical: !strings.HasPrefix(name, "Loopback"), LineUp: up}
	for _, a := range addresses {
		if p := netip.MustParsePrefix(a); p.Addr().Is4() {
			i.IPv4 = p
		} else {
			i.IPv6 = append(i.IPv6, p)
		}
	}
	return i
}

func routeOf(prefix, nextHop, out string) devices.StaticRoute {
	r := devices.StaticRoute{Prefix: netip.MustParsePrefix(prefix), Interface: out}
	if nextHop != "" {
		r.NextHop = netip.MustParseAddr(nextHop)
	}
	return r
}

// databaseRouter is a router with a database of two families, a locator-set, a second instance, and an ETR that
// registers the IPv4 prefixes of instance 0.
func databaseRouter() (*devices.LISP, etr.Snapshot) {
	own := devices.Locator{RLOC: netip.MustParseAddr("203.0.113.11"), Priority: 1, Weight: 50}
	neighbor := devices.Locator{RLOC: netip.MustParseAddr("203.0.113.12"), Priority: 255, Weight: 100}
	mapping := func(eid, set string, locators ...devices.Locator) devices.DatabaseMapping {
		return devices.DatabaseMapping{EID: netip.MustParsePrefix(eid), LocatorSet: set, Locators: locators}
	}
	cfg := &devices.LISP{
		LocatorSets: []devices.LocatorSet{{Name: "BOTH", Locators: []devices.Locator{own, neighbor}}},
		EIDTables: []devices.EIDTable{
			{VRF: "default", Mappings: []devices.DatabaseMapping{
				mapping("10.10.10.0/24", "", own), mapping("10.20.0.0/16", "BOTH"), mapping("10.20.20.0/24", "", own),
				mapping("2001:db8::/32", "", own)}},
			{VRF: "red", Instance: 4100, Explicit: true, Mappings: []devices.DatabaseMapping{mapping("10.10.10.0/24", "", neighbor)}},
		},
	}
	ours, theirs := locatorOf("203.0.113.11", true), locatorOf("203.0.113.12", false)
	theirs.Local, theirs.Priority, theirs.Weight = false, 255, 100
	entry := func(eid string, locators ...lispcore.Locator) etr.Entry {
		return etr.Entry{Mapping: lispcore.Mapping{EID: eidOf(0, eid), TTL: 1440, Locators: locators}}
	}
	return cfg, etr.Snapshot{Database: []etr.Entry{
		entry("10.10.10.0/24", ours), entry("10.20.0.0/16", ours, theirs), entry("10.20.20.0/24", ours)}}
}

func TestShowLISPDatabase(t *testing.T) {
	cfg, snap := databaseRouter()
	interfaces := []devices.InterfaceState{
		interfaceOf("Loopback0", true, "203.0.113.11/32"),
		interfaceOf("GigabitEthernet0/1", true, "10.10.10.1/24", "2001:db8:1::1/32"),
		interfaceOf("GigabitEthernet0/2", false, "10.20.20.1/24"),
	}
	static := []devices.StaticRoute{routeOf("0.0.0.0/0", "203.0.113.1", ""), routeOf("10.20.0.0/17", "10.10.10.9", "")}
	down := []devices.InterfaceState{interfaceOf("Loopback0", false, "203.0.113.11/32"), interfaceOf("GigabitEthernet0/1", false, "10.10.10.1/24")}
	noLAN := slices.Concat(interfaces[:1], down[1:])
	// show prints a table, or one EID of it. An EID belongs to the table's instance.
	show := func(table int, form Form, family lispcore.Family, eid string, snap etr.Snapshot, interfaces []devices.InterfaceState, static []devices.StaticRoute) func(*strings.Builder) {
		return func(w *strings.Builder) {
			eidTable := devices.EIDTable{VRF: "default"}
			if table >= 0 {
				eidTable = cfg.EIDTables[table]
			}
			view := viewDatabase(cfg, eidTable, family, snap, interfaces, static)
			entries := view.Entries
			if eid != "" {
				i := view.longest(eidOf(view.Instance, eid))
				entries = entries[i : i+1]
			}
			if err := writeDatabase(w, form, view, entries); err != nil {
				t.Error(err)
			}
		}
	}
	v4, v6 := lispcore.IPv4, lispcore.IPv6
	// 17.x knows how old an entry is, and where it is registered.
	aged := etr.Snapshot{Database: slices.Clone(snap.Database)}
	for i := range aged.Database {
		aged.Database[i].Since, aged.Database[i].Changed = labTime(0), labTime(30*i)
	}
	aged.Database[1].Status = []etr.Status{
		{MapServer: netip.MustParseAddr("209.165.201.31"), State: etr.Stable, Acked: labTime(40)},
		{MapServer: netip.MustParseAddr("209.165.201.41"), State: etr.Periodic},
		{MapServer: netip.MustParseAddr("2001:db8:f::31"), State: etr.AckWait, Acked: labTime(50)},
		{MapServer: netip.MustParseAddr("209.165.201.51"), State: etr.Rejected, Acked: labTime(50)},
	}
	xe := func(family lispcore.Family, eid string, snap etr.Snapshot, interfaces []devices.InterfaceState) func(*strings.Builder) {
		return func(w *strings.Builder) {
			view := viewDatabase(cfg, cfg.EIDTables[0], family, snap, interfaces, static)
			view.release, view.now = devices.Release179, labTime(100)
			entries := view.Entries
			if eid != "" {
				i := view.longest(eidOf(view.Instance, eid))
				entries, view.asked = entries[i:i+1], true
			}
			if err := writeDatabase(w, FormIOS, view, entries); err != nil {
				t.Error(err)
			}
		}
	}
	checkGolden(t, "show_lisp_database", []goldenCase{
		{"IPv4: a route to some, two by a connected network or a static route", show(0, FormIOS, v4, "", snap, interfaces, static)},
		{"IPv4: one EID", show(0, FormIOS, v4, "10.20.1.1/32", snap, interfaces, static)},
		{"IPv6: configured, but no ETR", show(0, FormIOS, v6, "", snap, interfaces, static)},
		{"an instance in a VRF, whose locator is another router's", show(1, FormIOS, v4, "", etr.Snapshot{}, interfaces, static)},
		{"nothing has a route, and the locators are down", show(0, FormIOS, v4, "", etr.Snapshot{}, down, nil)},
		{"nothing has a route, but the locators are registered as reachable", show(0, FormIOS, v4, "", snap, noLAN, nil)},
		{"the interface of the locator is down, whatever is registered", show(0, FormIOS, v4, "", snap, slices.Concat(down[:1], interfaces[1:]), static)},
		{"no mapping", show(-1, FormIOS, v4, "", snap, interfaces, static)},
		{"JSON", show(0, FormJSON, v4, "", snap, interfaces, static)},
		{"JSON: no mapping", show(-1, FormJSON, v6, "", snap, interfaces, static)},
		{"17.9: IPv4", xe(v4, "", aged, interfaces)},
		{"17.9: one EID", xe(v4, "10.20.1.1/32", aged, interfaces)},
		{"17.9: configured, but no ETR", xe(v6, "", aged, interfaces)},
		{"17.9: nothing has a route, and the locators are down", xe(v6, "", etr.Snapshot{}, down)},
	})
}

// Bit n of the Locator-Status-Bits stands for the n-th locator of the table by address, not of one entry.
func TestStatusBits(t *testing.T) {
	view := databaseView{Entries: []databaseEntry{
		{Locators: []lispcore.Locator{locatorOf("10.0.0.3", true)}},
		{Locators: []lispcore.Locator{locatorOf("10.0.0.1", true), locatorOf("10.0.0.2", false)}},
		{Locators: []lispcore.Locator{locatorOf("10.0.0.3", true), locatorOf("2001:db8::1", true)}},
	}}
	if got := view.statusBits(); got != 0b1101 {
		t.Errorf("status bits %#b, want 0b1101", got)
	}
	if got := (databaseView{}).statusBits(); got != 0 {
		t.Errorf("status bits of nothing %#b, want 0", got)
	}
}

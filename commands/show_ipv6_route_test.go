package commands

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
)

func TestShowIPv6Route(t *testing.T) {
	table := tableOf(false, []string{"2001:db8:1::1/48", "2001:db8::5/128"}, routeOf("::/0", "2001:db8:1::2", ""), routeOf("2001:db8:7::/48", "", "Null0"),
		routeOf("2001:db8:8::/48", "2001:db8:1::2", ""), routeOf("2001:db8:8::/48", "fe80::1", "GigabitEthernet0/0"))
	screen := func(rel devices.Release, vrf string, table rib, wanted func(ribRoute) bool) func(*strings.Builder) {
		return func(w *strings.Builder) { w.WriteString(routes6Text(rel, vrf, table, wanted)) }
	}
	checkGolden(t, "show_ipv6_route", []goldenCase{
		{"15.5", screen(devices.Release155, "", append(table, multicastRoute), everyRoute)},
		{"15.2, static routes of a VRF", screen(devices.Release152, "red", append(table, multicastRoute), ribRoute.static)},
		{"no IPv6", screen(devices.Release155, "", nil, everyRoute)},
	})
}

func TestShowIPv6RouteOfAnAddress(t *testing.T) {
	table := tableOf(false, []string{"2001:db8:1::1/48", "2001:db8::5/128"}, routeOf("::/0", "2001:db8:1::2", ""), routeOf("2001:db8:7::/48", "", "Null0"),
		routeOf("2001:db8:8::/48", "2001:db8:1::2", ""), routeOf("2001:db8:8::/48", "fe80::1", "GigabitEthernet0/0"), routeOf("2001:db8:9::/48", "", "GigabitEthernet0/0"))
	for i := range table {
		table[i].Since = labTime(i)
	}
	screen := func(rel devices.Release, address string) goldenCase {
		return goldenCase{string(rel) + ": " + address, func(w *strings.Builder) {
			w.WriteString(route6EntryText(rel, labTime(3600), table.lookup(netip.MustParseAddr(address))))
		}}
	}
	checkGolden(t, "show_ipv6_route_address", []goldenCase{
		screen(devices.Release155, "2001:db8:1::7"), // a connected network
		screen(devices.Release155, "2001:db8:1::1"), // the router itself
		screen(devices.Release155, "2001:db8::5"),   // its loopback
		screen(devices.Release155, "2001:db8:8::1"), // two ways
		screen(devices.Release179, "2001:db8:8::1"),
		screen(devices.Release152, "2001:db8:7::1"), // Null0
		screen(devices.Release155, "2001:db8:9::1"), // an interface
		screen(devices.Release155, "3fff::1"),       // by the default route
	})
}

// A route is as old as the time that it has been in the table; one that has gone and come again is new.
func TestIPv6RoutesHaveAges(t *testing.T) {
	set := compiled(t)
	lab := openSites(t, set)
	updated := func() string {
		t.Helper()
		for line := range strings.Lines(said(t, set, lab, "xTR1", "show ipv6 route 2001:db8:1::7")) {
			if age, ok := strings.CutPrefix(strings.TrimSpace(line), "Last updated "); ok {
				return age
			}
		}
		return "no route"
	}
	shut := func(shut bool) func() error {
		return func() error {
			xTR1 := lab.Device("xTR1")
			cfg := xTR1.Config().Clone()
			cfg.Interfaces[slices.IndexFunc(cfg.Interfaces, func(i devices.Interface) bool { return i.Name == "GigabitEthernet0/1" })].Shutdown = shut
			return xTR1.Apply(cfg)
		}
	}
	advance := func(d time.Duration) func() error { return func() error { return lab.Advance(d) } }
	for _, step := range []struct {
		what string
		do   func() error
		want string
	}{
		{"ten seconds after the boot", advance(0), "00:00:10 ago"},
		{"five minutes later", advance(5 * time.Minute), "00:05:10 ago"},
		{"another link goes down", func() error { return lab.SetLink("xTR1", "Core", false) }, "00:05:10 ago"},
		{"its interface is shut", shut(true), "no route"},
		{"a minute later", advance(time.Minute), "no route"},
		{"its interface is back", shut(false), "00:00:00 ago"},
		{"ten seconds later", advance(10 * time.Second), "00:00:10 ago"},
		{"the other link comes up", func() error { return lab.SetLink("xTR1", "Core", true) }, "00:00:10 ago"},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := updated(); got != step.want {
			t.Errorf("%s: the route was updated %s, want %s", step.what, got, step.want)
		}
	}
}

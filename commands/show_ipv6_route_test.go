package commands

import (
	"strings"
	"testing"

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

package commands

import (
	"net/netip"
	"strings"
	"testing"

	"lisplab/devices"
	"lisplab/devices/underlay"
)

// tableOf is a routing table of some addresses of interfaces that are up, and static routes.
func tableOf(v4 bool, addresses []string, static ...devices.StaticRoute) rib {
	var routes []underlay.RouteInfo
	for _, a := range addresses {
		p := netip.MustParsePrefix(a)
		iface := "GigabitEthernet0/0"
		if p.IsSingleIP() {
			iface = "Loopback0"
		} else {
			routes = append(routes, underlay.RouteInfo{Kind: underlay.RouteLocal, Prefix: netip.PrefixFrom(p.Addr(), p.Addr().BitLen()), Interface: iface})
		}
		routes = append(routes, underlay.RouteInfo{Kind: underlay.RouteConnected, Prefix: p.Masked(), Interface: iface})
	}
	return newRIB(routes, static, "", v4)
}

func everyRoute(ribRoute) bool { return true }

func TestShowIPRoute(t *testing.T) {
	screen := func(rel devices.Release, wanted func(ribRoute) bool, connected []string, static ...devices.StaticRoute) func(*strings.Builder) {
		return func(w *strings.Builder) { w.WriteString(routesText(rel, tableOf(true, connected, static...), wanted)) }
	}
	static := func(rel devices.Release, connected []string, routes ...devices.StaticRoute) func(*strings.Builder) {
		return screen(rel, ribRoute.static, connected, routes...)
	}
	checkGolden(t, "show_ip_route_static", []goldenCase{
		{"15.5: none", static(devices.Release155, nil)},
		{"15.2: none, and connected networks do not count as static", static(devices.Release152, []string{"10.0.0.1/24"})},
		{"whole classful networks stand alone", static(devices.Release155, nil,
			routeOf("192.168.1.0/24", "10.0.0.1", ""), routeOf("172.16.0.0/16", "", "Null0"), routeOf("11.0.0.0/8", "10.0.0.1", "GigabitEthernet0/0"))},
		{"subnets of one length are listed without it", static(devices.Release155, nil,
			routeOf("10.20.0.0/16", "192.0.2.1", ""), routeOf("10.10.0.0/16", "192.0.2.1", ""))},
		{"variably subnetted, with a connected network and its local address", static(devices.Release155, []string{"10.0.0.1/30"},
			routeOf("10.20.0.0/16", "10.0.0.2", ""), routeOf("203.0.113.11/32", "10.0.0.2", ""))},
		{"a loopback has no local route beside its own", static(devices.Release155, []string{"203.0.113.12/32"},
			routeOf("203.0.113.11/32", "10.0.0.2", ""))},
		{"a default route, a second way, a supernet, a route of no class; IPv6 is another table", static(devices.Release155, nil,
			routeOf("10.1.0.0/16", "192.0.2.1", ""), routeOf("10.1.0.0/16", "", "GigabitEthernet0/1"), routeOf("10.1.0.0/16", "192.0.2.9", ""),
			routeOf("2001:db8::/32", "2001:db8::1", ""), routeOf("0.0.0.0/0", "192.0.2.1", ""), routeOf("10.0.0.0/7", "192.0.2.1", ""),
			routeOf("192.168.0.0/16", "192.0.2.1", ""), routeOf("240.0.0.0/4", "", "Null0"), routeOf("10.0.0.0/8", "", "Null0"))},
		{"a default route out of an interface", static(devices.Release155, nil, routeOf("0.0.0.0/0", "", "GigabitEthernet0/0"))},
	})
	networks := []string{"203.0.113.11/24", "10.10.10.1/24", "198.51.100.1/32"}
	checkGolden(t, "show_ip_route", []goldenCase{
		{"no route", screen(devices.Release155, everyRoute, nil)},
		{"connected networks with their local addresses, a loopback, static routes and a default one", screen(devices.Release155, everyRoute,
			networks, routeOf("0.0.0.0/0", "203.0.113.1", ""), routeOf("10.0.0.0/8", "", "Null0"))},
		{"connected", screen(devices.Release155, only(Args{}.With("connected")), networks, routeOf("10.0.0.0/8", "", "Null0"))},
	})
}

func TestShowIPRouteOfAnAddress(t *testing.T) {
	table := tableOf(true, []string{"203.0.113.11/24", "10.10.10.1/24", "198.51.100.1/32"}, routeOf("0.0.0.0/0", "203.0.113.1", ""),
		routeOf("10.128.0.0/9", "", "Null0"), routeOf("172.16.0.0/16", "203.0.113.1", ""), routeOf("172.16.0.0/16", "203.0.113.2", "GigabitEthernet0/0"),
		routeOf("192.168.0.0/16", "203.0.113.1", ""), routeOf("10.20.0.0/16", "", "GigabitEthernet0/0"))
	var cases []goldenCase
	for _, c := range []struct{ name, address string }{
		{"a connected network", "203.0.113.1"},
		{"an address of the router", "203.0.113.11"},
		{"a loopback", "198.51.100.1"},
		{"a static route, two ways", "172.16.1.1"},
		{"a supernet", "192.168.1.1"},
		{"Null0", "10.200.0.1"},
		{"out of an interface", "10.20.0.1"},
		{"the default route answers for itself", "0.0.0.0"},
		{"other subnets are there", "10.30.30.1"},
		{"nothing of the network is there", "8.8.8.8"},
		{"no class", "224.0.0.1"},
	} {
		cases = append(cases, goldenCase{c.name + ": " + c.address, func(w *strings.Builder) {
			text, err := routeEntryText(table, netip.MustParseAddr(c.address))
			if err != nil {
				text = err.Error() + "\n"
			}
			w.WriteString(text)
		}})
	}
	checkGolden(t, "show_ip_route_address", cases)
}

func TestClassful(t *testing.T) {
	for prefix, want := range map[string]string{
		"10.1.2.0/24": "10.0.0.0/8", "10.0.0.0/8": "10.0.0.0/8", "10.0.0.0/7": "10.0.0.0/7", "127.0.0.1/32": "127.0.0.0/8",
		"128.0.0.0/24": "128.0.0.0/16", "191.255.1.0/24": "191.255.0.0/16", "192.0.2.1/32": "192.0.2.0/24",
		"223.255.255.128/25": "223.255.255.0/24", "224.0.0.0/4": "224.0.0.0/4", "0.0.0.0/0": "0.0.0.0/0",
	} {
		if got := classful(netip.MustParsePrefix(prefix)).String(); got != want {
			t.Errorf("classful(%s) = %s, want %s", prefix, got, want)
		}
	}
}

// A table holds the routes of its VRF and family only.
func TestTablesOfVRFs(t *testing.T) {
	red := routeOf("10.1.0.0/16", "", "Null0")
	red.VRF = "red"
	static := []devices.StaticRoute{red, routeOf("10.2.0.0/16", "", "Null0"), routeOf("2001:db8::/32", "", "Null0")}
	for _, c := range []struct {
		vrf  string
		v4   bool
		want string
	}{{"", true, "10.2.0.0/16"}, {"red", true, "10.1.0.0/16"}, {"", false, "2001:db8::/32"}, {"red", false, ""}} {
		var got []string
		for _, r := range newRIB(nil, static, c.vrf, c.v4) {
			got = append(got, r.Prefix.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("VRF %q, IPv4 %v: %q, want %s", c.vrf, c.v4, got, c.want)
		}
	}
	cfg := devices.Config{VRFs: []devices.VRF{{Name: "four", IPv4: true}, {Name: "old", Legacy: true}, {Name: "six", IPv6: true}}}
	for vrf, want := range map[string][2]bool{"": {true, true}, "four": {true, false}, "old": {true, false}, "six": {false, true}, "none": {false, false}} {
		if got := [2]bool{hasTable(cfg, vrf, true), hasTable(cfg, vrf, false)}; got != want {
			t.Errorf("VRF %q has tables of IPv4 and IPv6: %v, want %v", vrf, got, want)
		}
	}
}

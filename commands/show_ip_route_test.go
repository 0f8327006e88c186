package commands

import (
	"net/netip"
	"strings"
	"testing"

	"lisplab/devices"
)

func TestShowIPRouteStatic(t *testing.T) {
	screen := func(rel devices.Release, connected []string, static ...devices.StaticRoute) func(*strings.Builder) {
		return func(w *strings.Builder) {
			var networks []netip.Prefix
			for _, c := range connected {
				networks = append(networks, netip.MustParsePrefix(c))
			}
			if err := writeStaticRoutes(w, rel, static, networks); err != nil {
				t.Error(err)
			}
		}
	}
	checkGolden(t, "show_ip_route_static", []goldenCase{
		{"15.5: none", screen(devices.Release155, nil)},
		{"15.2: none, and connected networks do not count as static", screen(devices.Release152, []string{"10.0.0.1/24"})},
		{"whole classful networks stand alone", screen(devices.Release155, nil,
			routeOf("192.168.1.0/24", "10.0.0.1", ""), routeOf("172.16.0.0/16", "", "Null0"), routeOf("11.0.0.0/8", "10.0.0.1", "GigabitEthernet0/0"))},
		{"subnets of one length are listed without it", screen(devices.Release155, nil,
			routeOf("10.20.0.0/16", "192.0.2.1", ""), routeOf("10.10.0.0/16", "192.0.2.1", ""))},
		{"variably subnetted, with a connected network and its local address", screen(devices.Release155, []string{"10.0.0.1/30"},
			routeOf("10.20.0.0/16", "10.0.0.2", ""), routeOf("203.0.113.11/32", "10.0.0.2", ""))},
		{"a loopback has no local route beside its own", screen(devices.Release155, []string{"203.0.113.12/32"},
			routeOf("203.0.113.11/32", "10.0.0.2", ""))},
		{"a default route, a second way, a supernet, a route of no class; IPv6 is another table", screen(devices.Release155, nil,
			routeOf("10.1.0.0/16", "192.0.2.1", ""), routeOf("10.1.0.0/16", "", "GigabitEthernet0/1"), routeOf("10.1.0.0/16", "192.0.2.9", ""),
			routeOf("2001:db8::/32", "2001:db8::1", ""), routeOf("0.0.0.0/0", "192.0.2.1", ""), routeOf("10.0.0.0/7", "192.0.2.1", ""),
			routeOf("192.168.0.0/16", "192.0.2.1", ""), routeOf("240.0.0.0/4", "", "Null0"), routeOf("10.0.0.0/8", "", "Null0"))},
		{"a default route out of an interface", screen(devices.Release155, nil, routeOf("0.0.0.0/0", "", "GigabitEthernet0/0"))},
	})
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

// Only networks of interfaces whose line is up are connected.
func TestConnectedNetworks(t *testing.T) {
	got := connectedNetworks([]devices.InterfaceState{interfaceOf("Loopback0", true, "10.0.0.1/32"),
		interfaceOf("GigabitEthernet0/0", false, "10.1.0.1/24"), interfaceOf("GigabitEthernet0/1", true, "2001:db8::1/64")})
	if len(got) != 1 || got[0] != netip.MustParsePrefix("10.0.0.1/32") {
		t.Errorf("connected networks %v, want 10.0.0.1/32 alone", got)
	}
}

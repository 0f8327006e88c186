package commands

import "testing"

// Destinations of every kind, as forwarding decides about them.
func TestShowIPCEF(t *testing.T) {
	set := compiled(t)
	lab := openSites(t, set)
	var lines [][2]string
	show := func(router, what string) {
		lines = append(lines, [2]string{router, "show " + what}, [2]string{router, "show " + what + " detail"})
	}
	show("xTR1", "ip cef 10.30.30.2") // before the mapping is known
	lines = append(lines, [2]string{"xTR1", "ping 10.30.30.1 source 10.10.10.1"}, [2]string{"xTR1", "ping 172.20.0.2 source 10.10.10.1"})
	show("xTR1", "ip cef 10.30.30.2")    // encapsulated to its locator
	show("xTR1", "ip cef 172.20.0.2")    // encapsulated to the proxy ETR
	show("xTR1", "ip cef 10.10.10.2")    // a connected network
	show("xTR1", "ip cef 10.10.10.1")    // the router itself
	show("xTR1", "ip cef 224.0.0.1")     // no unicast
	show("xTR1", "ipv6 cef 2001:db8::9") // another family
	show("MSMR", "ip cef 203.0.113.11")  // the default route, without LISP
	show("Core", "ip cef 10.30.30.2")    // no route
	show("PxTR", "ip cef 10.30.30.2")    // a proxy ITR
	show("PxTR", "ip cef 10.99.0.1")
	show("xTR2", "ip cef vrf RED 10.10.10.1")
	lines = append(lines, [2]string{"xTR2", "show ip cef vrf BLUE 10.10.10.1"}, [2]string{"xTR2", "show ipv6 cef vrf RED 2001:db8::1"})
	checkGolden(t, "show_ip_cef", typedAt(t, set, lab, lines...))
}

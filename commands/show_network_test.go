package commands

import "testing"

// Routing tables, VRFs, access lists with their matches and sockets, of routers that run. An access list of Core keeps xTR1's
// sessions down.
func TestShowNetworkInTheLab(t *testing.T) {
	set := compiled(t)
	lab := openSites(t, set)
	checkGolden(t, "show_network", typedAt(t, set, lab, [][2]string{
		{"xTR2", "show ip route"},
		{"xTR2", "show ip route vrf RED"},
		{"xTR2", "show ip route vrf RED 10.40.40.9"},
		{"xTR2", "show ip route 10.40.40.9"},
		{"xTR2", "show ip route 10.30.30.9"},
		{"PxTR", "show ip route static"},
		{"xTR2", "show ip route vrf BLUE"},
		{"xTR2", "show ipv6 route"},
		{"Core", "show ipv6 route"},
		{"Core", "show ipv6 route 2001:db8::1"},
		{"xTR2", "show ipv6 route 2001:db8:2::1"},
		{"xTR2", "show ipv6 route 2001:db8:2::/64"},
		{"xTR2", "show ipv6 route FF02::1"},
		{"xTR2", "show ipv6 route vrf RED"},
		{"xTR2", "show vrf"},
		{"xTR2", "show vrf RED"},
		{"xTR2", "show vrf BLUE"},
		{"xTR2", "show ip vrf brief"},
		{"Core", "show vrf"},
		{"Core", "show access-lists"},
		{"Core", "clear access-list counters OTHER"},
		{"Core", "clear access-list counters NO-TCP"},
		{"Core", "show ip access-lists NO-TCP"},
		{"xTR1", "show tcp brief"},
		{"xTR2", "show tcp brief"},
		{"MSMR", "show tcp brief all"},
		{"xTR1", "show ip sockets"},
		{"MSMR", "show ip sockets"},
		{"Core", "show ip sockets"},
	}...))
}

package commands

import "testing"

// What the roles count while packets of every kind pass: with a mapping, by the proxy, too large, to nobody. What is cleared
// begins anew.
func TestShowLISPStatistics(t *testing.T) {
	set := compiled(t)
	lab := openSites(t, set)
	for _, l := range [][2]string{
		{"xTR1", "ping 10.30.30.1 source 10.10.10.1"},
		{"xTR1", "ping 172.20.0.2 source 10.10.10.1"},
		{"xTR1", "ping 10.30.30.1 source 10.10.10.1 size 1480 df-bit timeout 0"},
		{"xTR1", "ping 2001:db8:2::1 source 2001:db8:1::1"},
		{"", "host h0 ping 10.10.10.2"},
		{"", "host h0 ping 10.99.0.1 repeat 2"},
	} {
		said(t, set, lab, l[0], l[1])
	}
	checkGolden(t, "show_lisp_statistics", typedAt(t, set, lab, [][2]string{
		{"xTR1", "show ip lisp statistics"},
		{"xTR1", "show ipv6 lisp statistics"},
		{"xTR2", "show ip lisp statistics eid-table vrf RED"},
		{"MSMR", "show ip lisp statistics"},
		{"PxTR", "show ip lisp statistics"},
		{"xTR1", "clear ip lisp statistics"},
		{"", "advance 5s"},
		{"xTR1", "show ip lisp statistics"},
		{"MSMR", "clear ip lisp statistics"},
		{"MSMR", "show ip lisp statistics"},
		{"Core", "show ip lisp statistics"},
		{"xTR1", "clear ip lisp statistics instance-id 9"},
	}...))
}

package commands

import "testing"

// LISP as the data plane has it, with mappings of every kind, in two instances and at a proxy.
func TestShowLISPForwarding(t *testing.T) {
	set := compiled(t)
	lab := openSites(t, set)
	said(t, set, lab, "xTR1", "ping 10.30.30.1 source 10.10.10.1")
	said(t, set, lab, "xTR1", "ping 172.20.0.2 source 10.10.10.1")
	said(t, set, lab, "", "host h0 ping 10.99.0.1 repeat 2")
	checkGolden(t, "show_lisp_forwarding", typedAt(t, set, lab, [][2]string{
		{"xTR1", "show ip lisp forwarding eid local"},
		{"xTR1", "show ip lisp forwarding eid local 10.10.10.9"},
		{"xTR1", "show ip lisp forwarding eid local 4.2.2.2"},
		{"xTR2", "show ip lisp forwarding eid local eid-table vrf RED"},
		{"xTR1", "show ipv6 lisp forwarding eid local"},
		{"xTR1", "show ip lisp forwarding eid remote"},
		{"xTR1", "show ip lisp forwarding eid remote 10.30.30.2"},
		{"xTR1", "show ipv6 lisp forwarding eid remote"},
		{"PxTR", "show ip lisp forwarding eid remote"},
		{"PxTR", "show ip lisp forwarding eid remote 8.8.8.8"},
		{"xTR1", "show ip lisp forwarding state"},
		{"xTR2", "show ip lisp forwarding state instance-id 7"},
		{"PxTR", "show ip lisp forwarding state"},
		{"xTR1", "show ip lisp forwarding statistics"},
		{"PxTR", "show ip lisp forwarding statistics"},
		{"Core", "show ip lisp forwarding state"},
	}...))
}

package commands

import "testing"

// What routers of every role say of themselves, and of their instances.
func TestShowLISPService(t *testing.T) {
	set := compiled(t)
	lab := openSites(t, set)
	checkGolden(t, "show_lisp_service", typedAt(t, set, lab, [][2]string{
		{"xTR1", "show ip lisp"},
		{"xTR1", "show ipv6 lisp"},
		{"xTR2", "show ip lisp instance-id 7"},
		{"xTR2", "show ip lisp eid-table vrf RED"},
		{"MSMR", "show ip lisp"},
		{"PxTR", "show ip lisp eid-table default"},
		{"Core", "show ip lisp"},
		{"xTR1", "show ip lisp instance-id 99"},
		{"xTR1", "show ip lisp eid-table vrf BLUE"},
	}...))
}

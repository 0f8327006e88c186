package commands

import "testing"

// A packet's way before and after its mapping is known, in a VRF, to where nothing leads, and through a proxy. The lines
// tell what would be, and change nothing: the ping behind them loses its first packets all the same.
func TestLabExplain(t *testing.T) {
	set := compiled(t)
	lab := openSites(t, set)
	checkGolden(t, "lab_explain", typedAt(t, set, lab, [][2]string{
		{"", "explain h1 10.10.10.2 10.30.30.2"},
		{"xTR1", "ping 10.30.30.1 source 10.10.10.1"},
		{"", "explain h1 10.10.10.2 10.30.30.2"},
		{"", "explain xTR1 10.10.10.1 10.30.30.1 size 1480 df-bit"},
		{"", "explain xTR1 203.0.113.11 192.0.2.5 tcp 4342"},
		{"", "explain xTR1 203.0.113.11 192.0.2.5 ttl 1 udp 4342"},
		{"", "explain h1 2001:db8:1::2 2001:db8:2::2"},
		{"xTR2", "ping vrf RED 10.40.40.1"},
		{"", "explain xTR2 10.40.40.1 10.30.30.1 vrf RED"},
		{"xTR1", "ping 172.20.0.2 source 10.10.10.1"},
		{"", "explain h1 10.10.10.2 172.20.0.2"},
		{"", "explain h0 172.20.0.2 10.10.10.2"},
		{"", "explain h9 10.10.10.2 10.30.30.2"},
		{"", "explain h1 10.10.10.2 2001:db8::1"},
		{"", "explain xTR1 10.10.10.1 10.40.40.1 vrf BLUE"},
	}...))
}

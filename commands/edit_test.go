package commands

import (
	"slices"
	"strings"
	"testing"

	"lisplab/devices"
)

// configured is what a configuration prints between the lines that every configuration has.
func configured(t testing.TB, rel devices.Release, cfg devices.Config) []string {
	t.Helper()
	s := compiled(t)
	lines, empty := s.RunningConfig(rel, cfg), s.RunningConfig(rel, devices.Config{})
	head := slices.Index(empty, "!") + 1
	if tail := len(empty) - head; slices.Equal(lines[:head], empty[:head]) && slices.Equal(lines[len(lines)-tail:], empty[head:]) {
		return lines[head : len(lines)-tail]
	}
	t.Fatalf("the lines that every configuration has are missing:\n%s", strings.Join(lines, "\n"))
	return nil
}

// What a few typed lines leave behind, as the router prints it.
func TestEdits(t *testing.T) {
	for _, tt := range []struct{ what, typed, printed string }{
		{"an eid-prefix typed again takes the new options",
			"router lisp; site A; eid-prefix 10.0.0.0/8; eid-prefix 10.0.0.0/8 accept-more-specifics; eid-prefix ::/0 accept-more-specifics; eid-prefix ::/0",
			"router lisp| site A|  eid-prefix 10.0.0.0/8 accept-more-specifics|  eid-prefix ::/0|  exit| !| exit|!"},
		{"a map-server typed again takes the new key and keeps its place",
			"router lisp; ipv4 etr map-server 10.0.0.2 key a; ipv4 etr map-server 10.0.0.1 key b; ipv4 etr map-server 10.0.0.2 key c",
			"router lisp| ipv4 etr map-server 10.0.0.2 key c| ipv4 etr map-server 10.0.0.1 key b| exit|!"},
		{"mappings of an explicit default table stand in its block",
			"router lisp; database-mapping 10.0.0.0/8 10.9.9.9 priority 1 weight 1; eid-table default instance-id 0",
			"router lisp| eid-table default instance-id 0|  database-mapping 10.0.0.0/8 10.9.9.9 priority 1 weight 1|  exit| !| exit|!"},
		{"a mapping goes with its last locator, and a table that nobody typed with its last mapping",
			"router lisp; database-mapping 10.0.0.0/8 10.9.9.9 priority 1 weight 1; database-mapping 10.0.0.0/8 10.9.9.8 priority 1 weight 1; no database-mapping 10.0.0.0/8 10.9.9.9; no database-mapping 10.0.0.0/8 10.9.9.8",
			"router lisp| exit|!"},
		{"a locator typed again takes the new values",
			"router lisp; locator-set R; 10.9.9.9 priority 1 weight 1; 10.9.9.9 priority 2 weight 3; 10.9.9.8 priority 0 weight 0",
			"router lisp| locator-set R|  10.9.9.8 priority 0 weight 0|  10.9.9.9 priority 2 weight 3|  exit| !| exit|!"},
		{"an interface that is shut overlaps with nothing",
			"interface Gi0/0; shutdown; ip address 10.0.0.1 255.0.0.0; interface Gi0/1; ip address 10.0.0.2 255.0.0.0",
			"interface GigabitEthernet0/0| ip address 10.0.0.1 255.0.0.0| shutdown|!|interface GigabitEthernet0/1| ip address 10.0.0.2 255.0.0.0|!"},
		{"interfaces print by type and number",
			"interface gi0/10; interface gi0/9; interface lo10; interface lo9; interface e0/0",
			"interface Loopback9| no ip address|!|interface Loopback10| no ip address|!|interface Ethernet0/0| no ip address|!|" +
				"interface GigabitEthernet0/9| no ip address|!|interface GigabitEthernet0/10| no ip address|!"},
		{"one of several IPv6 addresses goes, or all",
			"interface lo0; ipv6 address 2001:db8::1/64; ipv6 address 2001:db8::2/64; no ipv6 address 2001:db8::1/64; interface lo1; ipv6 address 2001:db8:1::1/64; no ipv6 address",
			"interface Loopback0| no ip address| ipv6 address 2001:DB8::2/64|!|interface Loopback1| no ip address|!"},
		{"an IPv6 address takes its new length",
			"interface lo0; ipv6 address 2001:db8::1/64; ipv6 address 2001:db8::1/48",
			"interface Loopback0| no ip address| ipv6 address 2001:DB8::1/48|!"},
		{"one route of several goes",
			"ip route 10.0.0.0 255.0.0.0 10.9.9.9; ip route 10.0.0.0 255.0.0.0 10.9.9.8; ip route 10.0.0.0 255.0.0.0 Null0; no ip route 10.0.0.0 255.0.0.0 10.9.9.9",
			"ip route 10.0.0.0 255.0.0.0 Null0|ip route 10.0.0.0 255.0.0.0 10.9.9.8|!"},
		{"no router lisp", "router lisp; site A; no router lisp", ""},
	} {
		cfg := load(t, strings.ReplaceAll(tt.typed, "; ", "\n"))
		if got := strings.Join(configured(t, devices.Release155, cfg), "|"); got != tt.printed {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.printed)
		}
	}
}

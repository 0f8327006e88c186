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
		{"an interface that changes its VRF loses its addresses, and the VRF takes what is in it along",
			"vrf definition RED; address-family ipv4; interface gi0/0; ip address 10.0.0.1 255.0.0.0; ipv6 address 2001:db8::1/64; vrf forwarding RED; ip address 10.1.0.1 255.255.0.0; " +
				"interface gi0/1; vrf forwarding RED; ip address 10.2.0.1 255.255.0.0; no vrf forwarding; ip route vrf RED 0.0.0.0 0.0.0.0 10.1.0.9",
			"vrf definition RED| !| address-family ipv4| exit-address-family|!|interface GigabitEthernet0/0| vrf forwarding RED| ip address 10.1.0.1 255.255.0.0|!|" +
				"interface GigabitEthernet0/1| no ip address|!|ip route vrf RED 0.0.0.0 0.0.0.0 10.1.0.9|!"},
		{"no VRF, no routes and no addresses in it",
			"ip vrf BLUE; vrf definition RED; interface gi0/0; ip vrf forwarding BLUE; ip address 10.0.0.1 255.0.0.0; ip route vrf BLUE 0.0.0.0 0.0.0.0 Null0; no ip vrf BLUE",
			"vrf definition RED|!|interface GigabitEthernet0/0| no ip address|!"},
		{"networks may overlap in different VRFs",
			"ip vrf BLUE; interface gi0/0; ip address 10.0.0.1 255.0.0.0; interface gi0/1; ip vrf forwarding BLUE; ip address 10.0.0.1 255.0.0.0",
			"ip vrf BLUE|!|interface GigabitEthernet0/0| ip address 10.0.0.1 255.0.0.0|!|interface GigabitEthernet0/1| ip vrf forwarding BLUE| ip address 10.0.0.1 255.0.0.0|!"},
		{"entries of an access list: in between, twice, away by number and by words",
			"ip access-list extended L; permit ip any any; 5 deny tcp any any eq 4342; permit ip any any; deny udp host 10.0.0.1 eq 53 10.1.2.3 0.0.255.255 range 9 5 ; " +
				"permit icmp any any; 7 remark LISP; no 20; no permit icmp any any",
			"ip access-list extended L| deny   tcp any any eq 4342| remark LISP| permit ip any any|!"},
		{"numbered lists stand behind the named ones, and a list is of one kind",
			"access-list 101 permit tcp any eq telnet any established; access-list 7 permit 10.0.0.1; access-list 7 deny 10.0.0.0 0.255.255.255; access-list 7 permit any; " +
				"ip access-list standard A; permit host 10.0.0.9; ip access-list extended 100; deny udp any gt 1023 any lt 1024; access-list 100 permit tcp any range 1 9 any eq 80",
			"ip access-list standard A| permit 10.0.0.9|!|access-list 7 permit 10.0.0.1|access-list 7 deny   10.0.0.0 0.255.255.255|access-list 7 permit any|!|" +
				"access-list 100 deny   udp any gt 1023 any lt 1024|access-list 100 permit tcp any range 1 9 any eq www|!|access-list 101 permit tcp any eq telnet any established|!"},
		{"an access list goes whole", "access-list 7 permit any; ip access-list extended A; permit ip any any; no access-list 7; no ip access-list extended A", ""},
		{"a proxy ETR typed again takes the new values", "router lisp; ipv4 use-petr 10.9.9.9; ipv4 use-petr 10.9.9.8; ipv4 use-petr 10.9.9.9 priority 2 weight 3; no ipv4 use-petr 10.9.9.8",
			"router lisp| ipv4 use-petr 10.9.9.9 priority 2 weight 3| exit|!"},
		{"a static map-cache entry takes the new action", "router lisp; eid-table default instance-id 0; map-cache 10.0.0.0/8 map-request; map-cache 10.0.0.0/8 drop; map-cache 11.0.0.0/8 drop; no map-cache 11.0.0.0/8",
			"router lisp| eid-table default instance-id 0|  map-cache 10.0.0.0/8 drop|  exit| !| exit|!"},
	} {
		cfg := load(t, strings.ReplaceAll(tt.typed, "; ", "\n"))
		if got := strings.Join(configured(t, devices.Release155, cfg), "|"); got != tt.printed {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.printed)
		}
	}
}

// What is refused of VRFs and access lists, in the words of IOS.
func TestRefusedEdits(t *testing.T) {
	for _, tt := range []struct{ typed, refused string }{
		{"interface gi0/1; ip vrf forwarding NONE", "VRF NONE not configured."},
		{"vrf definition RED; interface gi0/1; ip vrf forwarding RED", "Use 'vrf forwarding' command for VRF 'RED'"},
		{"ip vrf RED; interface gi0/1; vrf forwarding RED", "Use 'ip vrf forwarding' command for VRF 'RED'"},
		{"ip vrf RED; vrf definition RED", "Use 'ip vrf' command for VRF 'RED'"},
		{"vrf definition RED; ip vrf RED", "Use 'vrf definition' command for VRF 'RED'"},
		{"no vrf definition RED", "VRF RED not found"},
		{"ip vrf RED; address-family ipv4", "found \"ipv4\""},
		{"ip route vrf NONE 0.0.0.0 0.0.0.0 Null0", "IP routing table NONE does not exist. Create first"},
		{"ip vrf RED; ipv6 route vrf RED ::/0 Null0", "IPv6 routing table RED does not exist. Create first"},
		{"ip access-list standard A; ip access-list extended A", "Access list type conflicts with prior definition"},
		{"ip access-list extended 7", "Invalid access list name: 7"},
		{"ip access-list extended A; 10 permit ip any any; 10 deny ip any any", "Duplicate sequence number"},
		{"ip access-list extended A; no permit ip any any", "No matching entry found"},
		{"ip access-list extended A; permit tcp any eq nosuch any", "found \"nosuch\", expected <1-65535>"},
		{"ip access-list extended A; permit tcp any any range 0 65535", "found"},
		{"router lisp; no ipv4 use-petr 10.0.0.1", "Proxy-ETR 10.0.0.1 is not configured."},
		{"router lisp; eid-table default instance-id 0; map-cache 11.0.0.0/8 drop; no map-cache 11.0.0.0/8 map-request", "Map-cache entry 11.0.0.0/8 is not configured."},
	} {
		_, err := compiled(t).Load(devices.Release155, "test.cfg", strings.ReplaceAll(tt.typed, "; ", "\n"))
		if err == nil || !strings.Contains(err.Error(), tt.refused) {
			t.Errorf("%s: %v, want %q", tt.typed, err, tt.refused)
		}
	}
}

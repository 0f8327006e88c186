package commands

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lisplab/devices"
)

// sites is a lab with packets: two LISP sites with a host each, the second of them in a VRF too, a Map-Server and
// Map-Resolver, a core router without LISP, and a proxy in front of a network without LISP.
//
//	h1 -- xTR1 -- Core -- xTR2 -- h2
//	              |  |
//	           MSMR  PxTR -- h0
const sites = `
name: sites
jitter: 0
devices:
  - {name: xTR1, config: xTR1}
  - {name: xTR2, config: xTR2, interfaces: [GigabitEthernet0/2]}
  - {name: Core, config: Core}
  - {name: MSMR, config: MSMR}
  - {name: PxTR, config: PxTR}
links:
  - xTR1:GigabitEthernet0/0 -- Core:GigabitEthernet0/1
  - xTR2:GigabitEthernet0/0 -- Core:GigabitEthernet0/2
  - MSMR:GigabitEthernet0/0 -- Core:GigabitEthernet0/3
  - PxTR:GigabitEthernet0/0 -- Core:GigabitEthernet0/4
hosts:
  - {name: h1, address: [10.10.10.2/24, "2001:db8:1::2/64"], attached: xTR1:GigabitEthernet0/1}
  - {name: h2, address: [10.30.30.2/24, "2001:db8:2::2/64"], attached: xTR2:GigabitEthernet0/1}
  - {name: h0, address: 172.20.0.2/24, attached: PxTR:GigabitEthernet0/1}
== xTR1
hostname xTR1
interface GigabitEthernet0/0
 ip address 203.0.113.11 255.255.255.0
interface GigabitEthernet0/1
 ip address 10.10.10.1 255.255.255.0
 ipv6 address 2001:db8:1::1/64
ip route 0.0.0.0 0.0.0.0 203.0.113.1
ipv6 unicast-routing
router lisp
 database-mapping 10.10.10.0/24 203.0.113.11 priority 1 weight 100
 database-mapping 2001:db8:1::/48 203.0.113.11 priority 1 weight 100
 ipv4 itr
 ipv4 itr map-resolver 192.0.2.5
 ipv4 etr
 ipv4 etr map-server 192.0.2.5 key secret
 ipv4 use-petr 192.0.2.7
 ipv6 itr
 ipv6 itr map-resolver 192.0.2.5
 ipv6 etr
 ipv6 etr map-server 192.0.2.5 key secret
== xTR2
hostname xTR2
vrf definition RED
 address-family ipv4
interface GigabitEthernet0/0
 ip address 198.51.100.21 255.255.255.0
interface GigabitEthernet0/1
 ip address 10.30.30.1 255.255.255.0
 ipv6 address 2001:db8:2::1/64
interface GigabitEthernet0/2
 vrf forwarding RED
 ip address 10.40.40.1 255.255.255.0
ip route 0.0.0.0 0.0.0.0 198.51.100.1
ipv6 unicast-routing
router lisp
 eid-table default instance-id 0
  database-mapping 10.30.30.0/24 198.51.100.21 priority 1 weight 100
  database-mapping 2001:db8:2::/48 198.51.100.21 priority 1 weight 100
  exit
 eid-table vrf RED instance-id 7
  database-mapping 10.40.40.0/24 198.51.100.21 priority 1 weight 100
  exit
 ipv4 itr
 ipv4 itr map-resolver 192.0.2.5
 ipv4 etr
 ipv4 etr map-server 192.0.2.5 key secret
 ipv6 itr
 ipv6 itr map-resolver 192.0.2.5
 ipv6 etr
 ipv6 etr map-server 192.0.2.5 key secret
== Core
hostname Core
ip access-list extended NO-TCP
 deny tcp any any eq 4342
 permit ip any any
interface GigabitEthernet0/1
 ip address 203.0.113.1 255.255.255.0
 ip access-group NO-TCP in
interface GigabitEthernet0/2
 ip address 198.51.100.1 255.255.255.0
interface GigabitEthernet0/3
 ip address 192.0.2.4 255.255.255.254
interface GigabitEthernet0/4
 ip address 192.0.2.6 255.255.255.254
== MSMR
hostname MSMR
interface GigabitEthernet0/0
 ip address 192.0.2.5 255.255.255.254
ip route 0.0.0.0 0.0.0.0 192.0.2.4
router lisp
 site A
  authentication-key secret
  eid-prefix 10.10.0.0/16 accept-more-specifics
  eid-prefix 10.30.30.0/24
  eid-prefix instance-id 7 10.40.40.0/24
  eid-prefix 2001:db8:1::/48
  eid-prefix 2001:db8:2::/48
  exit
 ipv4 map-server
 ipv4 map-resolver
 ipv6 map-server
 ipv6 map-resolver
== PxTR
hostname PxTR
interface GigabitEthernet0/0
 ip address 192.0.2.7 255.255.255.254
interface GigabitEthernet0/1
 ip address 172.20.0.1 255.255.255.0
ip route 0.0.0.0 0.0.0.0 192.0.2.6
ip route 10.0.0.0 255.0.0.0 Null0
router lisp
 eid-table default instance-id 0
  map-cache 10.0.0.0/8 map-request
  exit
 ipv4 proxy-itr 192.0.2.7
 ipv4 proxy-etr
 ipv4 itr map-resolver 192.0.2.5
`

// openSites opens the lab. Ten seconds have passed: everything is registered.
func openSites(t *testing.T, set *Set) *devices.Lab {
	t.Helper()
	parts := strings.Split(sites, "\n== ")
	files := fstest.MapFS{"lab.yaml": {Data: []byte(parts[0])}}
	for _, part := range parts[1:] {
		name, config, _ := strings.Cut(part, "\n")
		files[name] = &fstest.MapFile{Data: []byte(config)}
	}
	lab, err := devices.OpenLab("lab.yaml", devices.Options{Parse: set.Load, FS: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lab.Close() })
	if err := lab.Advance(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	return lab
}

// typedAt are the answers of routers to lines, in order, those of the lab itself where the router is "".
func typedAt(t *testing.T, set *Set, lab *devices.Lab, lines ...[2]string) (cases []goldenCase) {
	t.Helper()
	for _, l := range lines {
		router, line := l[0], l[1]
		title := router + "#" + line
		if router == "" {
			title = "lab " + line
		}
		cases = append(cases, goldenCase{title, func(w *strings.Builder) { w.WriteString(said(t, set, lab, router, line)) }})
	}
	return cases
}

// said is what a router, or with "" the lab, answers to a line. A task is awaited.
func said(t *testing.T, set *Set, lab *devices.Lab, router, line string) string {
	t.Helper()
	var w strings.Builder
	c := &Context{Lab: lab, Device: lab.Device(router), Out: &w}
	var err error
	if router == "" {
		err = set.RunLab(c, line)
	} else {
		err = set.Run(c, line)
	}
	if err != nil {
		w.WriteString(ErrorText(err, 0, line))
	}
	if task := c.Task(); task != nil {
		if err := lab.Await(task); err != nil {
			t.Fatal(err)
		}
		w.WriteString(task.Text())
	}
	return w.String()
}

package devices

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/devices/probe"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/itr"
)

// The first ping between two sites that know nothing of each other: the first packet asks for the mapping of the target, the
// answer to the second for that of the source, and the third arrives.
func TestPingBetweenSites(t *testing.T) {
	lab := openNetwork(t, sites)
	at := lab.Now()
	got := await(t, lab, lab.Device("xTR1").Ping(PingOptions{PingConfig: probe.PingConfig{Target: addr("10.30.30.1")}, Source: addr("10.10.10.1")}))
	want(t, "cold", got, `Type escape sequence to abort.
Sending 5, 100-byte ICMP Echos to 10.30.30.1, timeout is 2 seconds:
Packet sent with a source address of 10.10.10.1 `+`
..!!!
Success rate is 60 percent (3/5), round-trip min/avg/max = 1/1/1 ms
`)
	if took := since(lab, at); took != 4*time.Second {
		t.Errorf("it took %v, want 4 s", took)
	}
	want(t, "warm", ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1"), "!!!!!")
	want(t, "the other way round", ping(t, lab, "xTR2", "10.10.10.1", "10.30.30.1"), "!!!!!")
	snap, _ := lab.Device("xTR1").ITR()
	s, _ := snap.Service(service(0, true))
	if s.Statistics.Encapsulated != 4+5+5 {
		t.Errorf("xTR1 has encapsulated %d packets, want 14", s.Statistics.Encapsulated)
	}
}

// Without a source the RLOC is the source, which is no EID: the packets go natively, and a core router has no route.
func TestPingWithoutSource(t *testing.T) {
	lab := openNetwork(t, sites)
	want(t, "by the default route", ping(t, lab, "xTR1", "10.30.30.1", ""), "U.U.U")
	want(t, "to an RLOC", ping(t, lab, "xTR1", "198.51.100.21", ""), "!!!!!")
	want(t, "to itself", ping(t, lab, "xTR1", "10.10.10.1", ""), "!!!!!")
	want(t, "to nobody on its LAN", ping(t, lab, "xTR1", "10.10.10.77", ""), ".....")
	want(t, "to nobody on another's LAN", ping(t, lab, "xTR2", "203.0.113.77", ""), "U.U.U")
}

func TestPingIPv6OverIPv4RLOCs(t *testing.T) {
	lab := openNetwork(t, sites)
	want(t, "cold", ping(t, lab, "xTR1", "2001:db8:2::1", "2001:db8:1::1"), "..!!!")
	want(t, "warm", ping(t, lab, "xTR1", "2001:db8:2::1", "2001:db8:1::1"), "!!!!!")
	want(t, "between hosts", pingFrom(t, lab, "h1", "2001:db8:2::2"), "!!!!!")
}

func TestPingBetweenHosts(t *testing.T) {
	lab := openNetwork(t, sites)
	want(t, "the gateway", pingFrom(t, lab, "h1", "10.10.10.1"), "!!!!!")
	want(t, "cold", pingFrom(t, lab, "h1", "10.30.30.2"), "..!!!")
	want(t, "warm", pingFrom(t, lab, "h1", "10.30.30.2"), "!!!!!")
	want(t, "nobody in the other site, as its router tells", pingFrom(t, lab, "h1", "10.30.30.77"), "U.U.U")
}

// A network without LISP reaches a site through the proxy ITR, and is reached through the proxy ETR.
func TestProxy(t *testing.T) {
	lab := openNetwork(t, sites)
	want(t, "from the network without LISP, cold", pingFrom(t, lab, "h0", "10.10.10.2"), "..!!!")
	want(t, "warm", pingFrom(t, lab, "h0", "10.10.10.2"), "!!!!!")
	want(t, "into it", pingFrom(t, lab, "h1", "172.20.0.2"), "!!!!!")
	snap, _ := lab.Device("xTR1").ITR()
	s, _ := snap.Service(service(0, true))
	if n := s.Statistics.Reasons.Of(itr.ViaPETR); n == 0 {
		t.Errorf("no packet of xTR1 went by the proxy ETR: %+v", s.Statistics)
	}
	if n := lab.Device("PxTR").PacketCounters().Decapsulated; n == 0 {
		t.Error("PxTR has decapsulated nothing")
	}
}

// Without a proxy ETR a negative answer leads natively: by the default route.
func TestNegativeReplyAndNativeForwarding(t *testing.T) {
	lab := openNetwork(t, sites, " ipv4 use-petr 192.0.2.7\n", "", "ip route 172.20.0.0 255.255.255.0 192.0.2.1\n", "ip route 172.20.0.0 255.255.255.0 192.0.2.1\nip route 10.10.10.0 255.255.255.0 203.0.113.11\n",
		"ip route 172.20.0.0 255.255.255.0 192.0.2.7\n", "ip route 172.20.0.0 255.255.255.0 192.0.2.7\nip route 10.10.10.0 255.255.255.0 192.0.2.0\n",
		"ip route 10.0.0.0 255.0.0.0 Null0\n", "", " ipv4 proxy-itr 192.0.2.7\n", "")
	want(t, "cold: the first packet asks", pingFrom(t, lab, "h1", "172.20.0.2"), ".!!!!")
	want(t, "warm", pingFrom(t, lab, "h1", "172.20.0.2"), "!!!!!")
	snap, _ := lab.Device("xTR1").ITR()
	s, _ := snap.Service(service(0, true))
	if s.Statistics.Encapsulated != 0 || s.Statistics.Reasons.Of(itr.NativeEntry) != 9 {
		t.Errorf("%d encapsulated, %d natively, want 0 and 9", s.Statistics.Encapsulated, s.Statistics.Reasons.Of(itr.NativeEntry))
	}
}

// traceroute traces from a router and returns the hops.
func traceroute(t testing.TB, lab *Lab, device, to, source string) string {
	t.Helper()
	o := TracerouteOptions{TracerouteConfig: probe.TracerouteConfig{Target: addr(to)}, Source: addr(source)}
	return hops(await(t, lab, lab.Device(device).Traceroute(o)))
}

func tracerouteFrom(t testing.TB, lab *Lab, host, to string) string {
	t.Helper()
	h, err := lab.Host(host)
	must(t, err)
	return hops(await(t, lab, h.Traceroute(probe.TracerouteConfig{Target: addr(to)})))
}

// The outer TTL is the inner one: routers between the RLOCs show, since the ITR passes on what they say. The target lets one
// unreachable pass each 500 ms. With disable-ttl-propagate the tunnel is one hop.
func TestTraceroute(t *testing.T) {
	lab := openNetwork(t, sites)
	ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	want(t, "from xTR1", traceroute(t, lab, "xTR1", "10.30.30.1", "10.10.10.1"), `  1 203.0.113.1 1 msec 1 msec 1 msec
  2 192.0.2.1 1 msec 1 msec 1 msec
  3 10.30.30.1 1 msec *  1 msec
`)
	want(t, "from a host", tracerouteFrom(t, lab, "h1", "10.30.30.2"), `  1 10.10.10.1 1 msec 1 msec 1 msec
  2 203.0.113.1 1 msec 1 msec 1 msec
  3 192.0.2.1 1 msec 1 msec 1 msec
  4 10.30.30.1 1 msec 1 msec 1 msec
  5 10.30.30.2 1 msec 1 msec 1 msec
`)
	ping(t, lab, "xTR1", "2001:db8:2::1", "2001:db8:1::1")
	want(t, "IPv6, where the core has no names", traceroute(t, lab, "xTR1", "2001:db8:2::1", "2001:db8:1::1"), `  1 2001:DB8:1::1 1 msec 1 msec 1 msec
  2 2001:DB8:1::1 1 msec 1 msec 1 msec
  3 2001:DB8:2::1 1 msec 1 msec 1 msec
`)
	want(t, "natively, to nowhere", traceroute(t, lab, "xTR1", "10.30.30.1", ""), `  1 203.0.113.1 1 msec 1 msec 1 msec
  2 203.0.113.1 !H  *  !H 
`)
}

func TestTracerouteWithoutTTLPropagation(t *testing.T) {
	lab := openNetwork(t, sites, "router lisp\n database-mapping 10.10", "router lisp\n disable-ttl-propagate\n database-mapping 10.10",
		"router lisp\n database-mapping 10.30", "router lisp\n disable-ttl-propagate\n database-mapping 10.30")
	ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	want(t, "from xTR1", traceroute(t, lab, "xTR1", "10.30.30.1", "10.10.10.1"), "  1 10.30.30.1 1 msec *  1 msec\n")
	want(t, "from a host", tracerouteFrom(t, lab, "h1", "10.30.30.2"), `  1 10.10.10.1 1 msec 1 msec 1 msec
  2 10.30.30.1 1 msec 1 msec 1 msec
  3 10.30.30.2 1 msec 1 msec 1 msec
`)
}

// An access list on a core router keeps TCP 4342 out: the ETR goes on by UDP, its hits are counted, and the session comes when
// the list goes.
func TestAccessListDeniesReliableTransport(t *testing.T) {
	lab := openNetwork(t, sites, "== Core1\ninterface GigabitEthernet0/0\n ip address 192.0.2.0 255.255.255.254\ninterface GigabitEthernet0/1\n", `== Core1
ip access-list extended NO-TCP
 deny tcp any any eq 4342
 permit ip any any
interface GigabitEthernet0/0
 ip address 192.0.2.0 255.255.255.254
interface GigabitEthernet0/1
 ip access-group NO-TCP in
`)
	advance(t, lab, 100)
	wantSession(t, lab, "xTR1", addr("192.0.2.5"), "Down never 0/0 2")
	var mine []string
	for _, r := range registered(lab, "MSMR") {
		if strings.Contains(r, "203.0.113.11") {
			mine = append(mine, r)
		}
	}
	wantLines(t, "registered by UDP", mine, "A 10.10.10.0/24 203.0.113.11 50s\nA 2001:db8:1::/48 203.0.113.11 50s")
	core := lab.Device("Core1")
	list := core.AccessLists()[0]
	if list.Hits[0] == 0 || list.Hits[1] == 0 {
		t.Errorf("hits %v", list.Hits)
	}
	cfg := core.Config()
	cfg.Interfaces[1].AccessIn = ""
	must(t, core.Apply(cfg))
	advance(t, lab, 100)
	if got := sessionWith(lab, "xTR1", addr("192.0.2.5")); !strings.HasPrefix(got, "Up ") {
		t.Errorf("without the list the session is %s", got)
	}
	cfg.Interfaces[1].AccessIn = "NO-TCP"
	must(t, core.Apply(cfg))
	advance(t, lab, 300)
	if got := sessionWith(lab, "xTR1", addr("192.0.2.5")); !strings.HasPrefix(got, "Down ") {
		t.Errorf("with the list again the session is %s", got)
	}
	for _, r := range registered(lab, "MSMR") {
		if strings.Contains(r, "203.0.113.11") && strings.HasSuffix(r, "#") {
			t.Errorf("still by TCP: %s", r)
		}
	}
}

// vrfs is two customers with the same addresses at two sites, each in an instance of his own.
const vrfs = `
name: vrfs
jitter: 0
devices:
  - {name: xTR1, config: xTR1}
  - {name: xTR2, config: xTR2}
  - {name: MSMR, config: MSMR}
links:
  - xTR1:GigabitEthernet0/0 -- MSMR:GigabitEthernet0/1
  - xTR2:GigabitEthernet0/0 -- MSMR:GigabitEthernet0/2
hosts:
  - {name: red1, address: 10.1.0.2/24, attached: xTR1:GigabitEthernet0/1}
  - {name: blue1, address: 10.1.0.2/24, attached: xTR1:GigabitEthernet0/2}
  - {name: red2, address: 10.2.0.2/24, attached: xTR2:GigabitEthernet0/1}
  - {name: blue2, address: 10.2.0.2/24, attached: xTR2:GigabitEthernet0/2}
== xTR1
vrf definition RED
vrf definition BLUE
interface GigabitEthernet0/0
 ip address 192.0.2.1 255.255.255.254
interface GigabitEthernet0/1
 vrf forwarding RED
 ip address 10.1.0.1 255.255.255.0
interface GigabitEthernet0/2
 vrf forwarding BLUE
 ip address 10.1.0.1 255.255.255.0
ip route 0.0.0.0 0.0.0.0 192.0.2.0
router lisp
 eid-table vrf RED instance-id 101
 database-mapping 10.1.0.0/24 192.0.2.1
 eid-table vrf BLUE instance-id 102
 database-mapping 10.1.0.0/24 192.0.2.1
 ipv4 itr
 ipv4 itr map-resolver 192.0.2.0
 ipv4 etr
 ipv4 etr map-server 192.0.2.0 key secret
== xTR2
vrf definition RED
vrf definition BLUE
interface GigabitEthernet0/0
 ip address 192.0.2.3 255.255.255.254
interface GigabitEthernet0/1
 vrf forwarding RED
 ip address 10.2.0.1 255.255.255.0
interface GigabitEthernet0/2
 vrf forwarding BLUE
 ip address 10.2.0.1 255.255.255.0
ip route 0.0.0.0 0.0.0.0 192.0.2.2
router lisp
 eid-table vrf RED instance-id 101
 database-mapping 10.2.0.0/24 192.0.2.3
 eid-table vrf BLUE instance-id 102
 database-mapping 10.2.0.0/24 192.0.2.3
 ipv4 itr
 ipv4 itr map-resolver 192.0.2.2
 ipv4 etr
 ipv4 etr map-server 192.0.2.2 key secret
== MSMR
interface GigabitEthernet0/1
 ip address 192.0.2.0 255.255.255.254
interface GigabitEthernet0/2
 ip address 192.0.2.2 255.255.255.254
router lisp
 site A
  authentication-key secret
  eid-prefix instance-id 101 10.0.0.0/8 accept-more-specifics
  eid-prefix instance-id 102 10.0.0.0/8 accept-more-specifics
  exit
 ipv4 map-server
 ipv4 map-resolver
`

// Two VRFs use the same addresses: what is learned and what is sent in one is nothing to the other.
func TestOverlappingVRFs(t *testing.T) {
	heard := map[string]int{}
	lab := openObserved(t, func(e underlay.Event) {
		if e.Kind == underlay.Packet && e.Interface == "eth0" {
			heard[[]string{"red1", "blue1", "red2", "blue2"}[e.Node-3]]++
		}
	}, vrfs)
	want(t, "red, cold", pingFrom(t, lab, "red1", "10.2.0.2"), "..!!!")
	if heard["red1"] != 5 || heard["red2"] != 4 || heard["blue2"] != 0 {
		t.Errorf("sent by hosts: %v", heard)
	}
	want(t, "blue, cold", pingFrom(t, lab, "blue1", "10.2.0.2"), "..!!!")
	want(t, "from a router", marks(t, await(t, lab, lab.Device("xTR1").Ping(PingOptions{
		PingConfig: probe.PingConfig{Target: addr("10.2.0.1")}, VRF: "RED"}))), "!!!!!")
	want(t, "outside of the VRFs", ping(t, lab, "xTR1", "10.2.0.1", ""), "U.U.U")
	want(t, "an unknown VRF", await(t, lab, lab.Device("xTR1").Ping(PingOptions{
		PingConfig: probe.PingConfig{Target: addr("10.2.0.1")}, VRF: "GREEN"})), "% VRF GREEN does not exist\n")
	for i, v := range lab.Device("xTR1").VRFs() {
		want(t, v.Name, v.Interfaces[0], []string{"GigabitEthernet0/1", "GigabitEthernet0/2"}[i])
	}
}

// A packet that does not fit into the tunnel is cut in two, or, with DF, its sender is told how large one may be.
func TestLargePackets(t *testing.T) {
	lab := openNetwork(t, sites)
	ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	large := func(size int, df bool) string {
		o := PingOptions{PingConfig: probe.PingConfig{Target: addr("10.30.30.1"), Size: size, DF: df}, Source: addr("10.10.10.1")}
		return marks(t, await(t, lab, lab.Device("xTR1").Ping(o)))
	}
	want(t, "as large as fits", large(1464, true), "!!!!!")
	want(t, "one byte more", large(1465, true), "M.M.M")
	want(t, "one byte more, in pieces", large(1465, false), "!!!!!")
	want(t, "many pieces", large(10000, false), "!!!!!")
	want(t, "natively, in pieces", marks(t, await(t, lab, lab.Device("xTR1").Ping(PingOptions{
		PingConfig: probe.PingConfig{Target: addr("198.51.100.21"), Size: 4000}}))), "!!!!!")
	h, _ := lab.Host("h1")
	want(t, "from a host, in pieces", marks(t, await(t, lab, h.Ping(probe.PingConfig{Target: addr("10.30.30.2"), Size: 3000}))), "!!!!!")
	advance(t, lab, 1) // of such errors a router sends one each 500 ms
	want(t, "from a host, with DF", marks(t, await(t, lab, h.Ping(probe.PingConfig{Target: addr("10.30.30.2"), Size: 1480, DF: true}))), "M.M.M")
}

// A core whose MTU is smaller than the ITR thinks says so to the ITR, which learns it and passes it on.
func TestPathMTU(t *testing.T) {
	lab := openNetwork(t, sites, " ip address 192.0.2.0 255.255.255.254\n", " ip address 192.0.2.0 255.255.255.254\n ip mtu 1400\n")
	ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	h, _ := lab.Host("h1")
	df := func(size int) string {
		return marks(t, await(t, lab, h.Ping(probe.PingConfig{Target: addr("10.30.30.2"), Size: size, DF: true})))
	}
	pingFrom(t, lab, "h1", "10.30.30.2")
	want(t, "fits", df(1364), "!!!!!")
	want(t, "too big: the core tells, then the ITR itself", df(1365), "MM.M.")
}

// multihomed is a site with two xTRs on one LAN, and another site. Each of the two registers both locators.
const multihomed = `
name: multihomed
jitter: 0
devices:
  - {name: A1, config: A1}
  - {name: A2, config: A2}
  - {name: B, config: B}
  - {name: Core, config: Core}
links:
  - A1:GigabitEthernet0/0 -- Core:GigabitEthernet0/1
  - A2:GigabitEthernet0/0 -- Core:GigabitEthernet0/2
  - B:GigabitEthernet0/0 -- Core:GigabitEthernet0/3
  - A1:GigabitEthernet0/1 -- A2:GigabitEthernet0/1
hosts:
  - {name: hb, address: 10.2.0.2/24, attached: B:GigabitEthernet0/1}
== A1
interface GigabitEthernet0/0
 ip address 192.0.2.1 255.255.255.254
interface GigabitEthernet0/1
 ip address 10.1.0.1 255.255.255.0
ip route 0.0.0.0 0.0.0.0 192.0.2.0
ip route 192.0.2.3 255.255.255.255 192.0.2.0
router lisp
 loc-reach-algorithm rloc-probing
 database-mapping 10.1.0.0/24 192.0.2.1 192.0.2.3
 ipv4 itr
 ipv4 itr map-resolver 192.0.2.0
 ipv4 etr
 ipv4 etr map-server 192.0.2.0 key secret
== A2
interface GigabitEthernet0/0
 ip address 192.0.2.3 255.255.255.254
interface GigabitEthernet0/1
 ip address 10.1.0.2 255.255.255.0
ip route 0.0.0.0 0.0.0.0 192.0.2.2
ip route 192.0.2.1 255.255.255.255 192.0.2.2
router lisp
 loc-reach-algorithm rloc-probing
 database-mapping 10.1.0.0/24 192.0.2.1 192.0.2.3
 ipv4 itr
 ipv4 itr map-resolver 192.0.2.2
 ipv4 etr
 ipv4 etr map-server 192.0.2.2 key secret
== B
interface GigabitEthernet0/0
 ip address 192.0.2.5 255.255.255.254
interface GigabitEthernet0/1
 ip address 10.2.0.1 255.255.255.0
ip route 0.0.0.0 0.0.0.0 192.0.2.4
router lisp
 loc-reach-algorithm rloc-probing
 database-mapping 10.2.0.0/24 192.0.2.5
 ipv4 itr
 ipv4 itr map-resolver 192.0.2.4
 ipv4 etr
 ipv4 etr map-server 192.0.2.4 key secret
== Core
interface GigabitEthernet0/1
 ip address 192.0.2.0 255.255.255.254
interface GigabitEthernet0/2
 ip address 192.0.2.2 255.255.255.254
interface GigabitEthernet0/3
 ip address 192.0.2.4 255.255.255.254
router lisp
 site A
  authentication-key secret
  eid-prefix 10.1.0.0/24
  eid-prefix 10.2.0.0/24
  exit
 ipv4 map-server
 ipv4 map-resolver
`

// reachable prints the R bits of the newest registration of A's prefix: "192.0.2.1 up, 192.0.2.3 down".
func reachable(lab *Lab) string {
	snap, _ := lab.Device("Core").MapServer()
	entry := snap.Sites[0].Entries[0].Exact
	newest := entry.Registrations[0]
	for _, r := range entry.Registrations {
		if r.Last.After(newest.Last) {
			newest = r
		}
	}
	var list []string
	for _, l := range newest.Mapping.Locators {
		list = append(list, l.RLOC.String()+" "+upDown(l.Reachable))
	}
	return strings.Join(list, ", ")
}

// A locator of a multihomed site fails: its line, or its router. The other xTR of the site says R=0 of it once its probe, or
// its route, fails; who sends to the site uses the other locator; and all comes back.
func TestLocatorFailure(t *testing.T) {
	lab := openNetwork(t, multihomed)
	advance(t, lab, 120)
	want(t, "registered", reachable(lab), "192.0.2.1 up, 192.0.2.3 up")
	pingFrom(t, lab, "hb", "10.1.0.1")
	want(t, "ping", pingFrom(t, lab, "hb", "10.1.0.1"), "!!!!!")

	must(t, lab.SetLink("A2", "Core", false))
	advance(t, lab, 300)
	want(t, "A2 is away: A1 registers", reachable(lab), "192.0.2.1 up, 192.0.2.3 down")
	want(t, "ping by the other locator", pingFrom(t, lab, "hb", "10.1.0.1"), "!!!!!")

	must(t, lab.SetLink("A2", "Core", true))
	advance(t, lab, 300)
	want(t, "A2 is back", reachable(lab), "192.0.2.1 up, 192.0.2.3 up")
	want(t, "ping", pingFrom(t, lab, "hb", "10.1.0.1"), "!!!!!")
}

// A mapping that changes is solicited: who uses it asks anew, and has it before the next packet.
func TestChangedMappingIsSolicited(t *testing.T) {
	lab := openNetwork(t, sites)
	ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	d := lab.Device("xTR2")
	cfg := d.Config()
	cfg.LISP.EIDTables[0].Mappings[0].Locators[0].Weight = 7
	must(t, d.Apply(cfg))
	advance(t, lab, 1)
	snap, _ := lab.Device("xTR1").ITR()
	s, _ := snap.Service(service(0, true))
	for _, e := range s.Entries {
		if len(e.Locators) > 0 && e.Locators[0].Weight != 7 {
			t.Errorf("%v: weight %d, want 7", e.Prefix, e.Locators[0].Weight)
		}
	}
	if s.Statistics.SMRsIn != 1 || s.Statistics.SMRInvokedOut != 1 {
		t.Errorf("%d SMRs, %d Map-Requests for them, want one each", s.Statistics.SMRsIn, s.Statistics.SMRInvokedOut)
	}
	want(t, "ping", ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1"), "!!!!!")
}

// When the site behind an xTR is gone, its RLOC is no way to it any more.
func TestSiteWithoutRoutesIsUnreachable(t *testing.T) {
	lab := openNetwork(t, sites)
	d := lab.Device("xTR2")
	cfg := d.Config()
	for i := range cfg.Interfaces {
		if cfg.Interfaces[i].Name == "GigabitEthernet0/1" {
			cfg.Interfaces[i].Shutdown = true
		}
	}
	must(t, d.Apply(cfg))
	advance(t, lab, 1)
	snap, _ := lab.Device("MSMR").MapServer()
	for _, e := range snap.Sites[0].Entries {
		for _, r := range e.Exact.Registrations {
			if up := r.Mapping.Locators[0].Reachable; up != (r.ETR == addr("203.0.113.11")) {
				t.Errorf("%v of %v: R=%v", e.Exact.EID, r.ETR, up)
			}
		}
	}
}

// lig asks the mapping system, and prints who answered.
func TestLig(t *testing.T) {
	lab := openNetwork(t, sites)
	d := lab.Device("xTR1")
	lig := func(eid string, o LigOptions) string {
		a := addr(eid)
		o.EIDs = []lispcore.EID{lispcore.NewEID(0, netip.PrefixFrom(a, a.BitLen()))}
		return await(t, lab, d.Lig(o))
	}
	render := func(r itr.LigResult) string { return r.Records[0].EID.Prefix.String() + "\n" }
	want(t, "the other site", lig("10.30.30.1", LigOptions{Render: render}),
		"Mapping information for EID 10.30.30.1 from 198.51.100.21 with RTT 1 msecs\n10.30.30.0/24\n")
	want(t, "self", lig("10.10.10.1", LigOptions{}), "Mapping information for EID 10.10.10.1 from 203.0.113.11 with RTT 1 msecs\n")
	want(t, "nobody's", lig("172.20.0.2", LigOptions{}), "Mapping information for EID 172.20.0.2 from 192.0.2.5 with RTT 1 msecs\n")
	at := lab.Now()
	want(t, "a resolver that is none", lig("10.30.30.1", LigOptions{To: addr("192.0.2.1")}), "% No map-reply for EID 10.30.30.1 from map-resolver 192.0.2.1\n")
	if took := since(lab, at); took != 6*time.Second {
		t.Errorf("gave up after %v, want 6 s", took)
	}
	want(t, "a router that is no ITR", await(t, lab, lab.Device("Core1").Lig(LigOptions{})), "% LISP ITR functionality is not enabled\n")
}

// A task tells of news as it goes, can be stopped, and ends with its router's power.
func TestTasks(t *testing.T) {
	lab := openNetwork(t, sites)
	d := lab.Device("xTR1")
	ping := func() (Task, *string) {
		task := d.Ping(PingOptions{PingConfig: probe.PingConfig{Target: addr("10.30.30.1"), Count: 1000}, Source: addr("10.10.10.1")})
		screen := new(string)
		task.OnChange(func() { *screen += task.Text() })
		return task, screen
	}
	task, screen := ping()
	must(t, lab.Settle())
	if !strings.HasSuffix(*screen, "10.10.10.1 \n") {
		t.Errorf("at first: %q", *screen)
	}
	advance(t, lab, 2)
	if !strings.HasSuffix(*screen, ".") || task.Done() {
		t.Errorf("after 2 s: %q", *screen)
	}
	task.Abort()
	must(t, lab.Settle())
	if !task.Done() || !strings.HasSuffix(*screen, "\nSuccess rate is 0 percent (0/2)\n") {
		t.Errorf("aborted: %q", *screen)
	}
	task, screen = ping()
	must(t, lab.Await(task))
	if !strings.HasSuffix(*screen, "(1000/1000), round-trip min/avg/max = 1/1/1 ms\n") {
		t.Errorf("at its end: %q", *screen)
	}
	must(t, lab.StopDevice("xTR2"))
	task, screen = ping()
	advance(t, lab, 10)
	must(t, lab.StopDevice("xTR1"))
	if !task.Done() {
		t.Errorf("a ping outlives its router: %q", *screen)
	}
	must(t, lab.Await(task))
}

// `debug lisp control-plane all` fills the log while it is on.
func TestDebugging(t *testing.T) {
	lab := openNetwork(t, sites)
	d := lab.Device("xTR1")
	lines := func() (list []string) {
		for _, l := range d.Log() {
			if strings.HasPrefix(l.Text, "LISP") {
				list = append(list, l.Text)
			}
		}
		return list
	}
	d.SetDebugging(true)
	ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	wantLines(t, "debugged", lines(), `
		LISP: Send map request for EID prefix IID 0 10.30.30.1/32 to 192.0.2.5
		LISP-0: EID-AF IPv4, Sending map-request from 203.0.113.11 to 10.30.30.1 for EID 10.30.30.1/32, ITR-RLOCs 1, nonce 0xED1803D0-0x2E5F28E2 (encap src 203.0.113.11, dst 192.0.2.5)
		LISP: Processing received Map-Reply(2) message from 198.51.100.21
		LISP: Received map reply nonce 0xED1803D0-0x2E5F28E2, records 1
		LISP: Processing Map-Reply mapping record for IID 0 10.30.30.0/24
		LISP: Processing received Map-Request(1) message from 192.0.2.5
		LISP: Processing map request record for EID prefix IID 0 10.10.10.1/32
		LISP: Sending map-reply to 198.51.100.21 for EID prefix IID 0 10.10.10.0/24`)
	d.SetDebugging(false)
	n := len(lines())
	d.ClearMapCache(service(0, true), netip.Prefix{})
	ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	if len(lines()) != n {
		t.Error("it goes on when it is off")
	}
}

// One seed gives one run: every event, packets included, in the same order with the same bytes.
func TestForwardingIsDeterministic(t *testing.T) {
	run := func() [32]byte {
		h := sha256.New()
		lab := openObserved(t, func(e underlay.Event) { fmt.Fprintf(h, "%v\n", e) }, sites)
		ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
		pingFrom(t, lab, "h0", "10.10.10.2")
		traceroute(t, lab, "xTR1", "2001:db8:2::1", "2001:db8:1::1")
		return [32]byte(h.Sum(nil))
	}
	if a, b := run(), run(); a != b {
		t.Error("two runs differ")
	}
}

func TestAccessListMatching(t *testing.T) {
	entry := func(line string) AccessEntry { return parseAccess(10, strings.Fields(line)) }
	tcp := underlay.FlowInfo{Protocol: 6, Source: netip.MustParseAddrPort("10.1.2.3:11000"), Destination: netip.MustParseAddrPort("10.9.9.9:4342")}
	icmp := underlay.FlowInfo{Protocol: 1, Source: netip.MustParseAddrPort("10.1.2.3:0"), Destination: netip.MustParseAddrPort("10.9.9.9:0")}
	syn, ack, piece := tcp, tcp, tcp
	ack.Flags = underlay.ACK
	piece.Fragment, piece.Source, piece.Destination = true, icmp.Source, icmp.Destination
	for _, row := range []struct {
		line string
		f    underlay.FlowInfo
		want bool
	}{
		{"permit ip any any", icmp, true},
		{"permit tcp any any", icmp, false},
		{"permit icmp any any", icmp, true},
		{"permit ip host 10.1.2.3 any", tcp, true},
		{"permit ip host 10.1.2.4 any", tcp, false},
		{"permit ip 10.1.0.0 0.0.255.255 any", tcp, true},
		{"permit ip 10.2.0.0 0.0.255.255 any", tcp, false},
		{"permit ip 10.0.0.3 0.255.255.0 any", tcp, true}, // a wildcard need not be a mask
		{"permit ip any 10.9.9.8 0.0.0.1", tcp, true},
		{"permit tcp any any eq 4342", tcp, true},
		{"permit tcp any eq 4342 any", tcp, false},
		{"permit udp any any eq 4342", tcp, false},
		{"permit tcp any any established", syn, false},
		{"permit tcp any any established", ack, true},
		{"permit tcp any any eq 4342", piece, true},
		{"deny tcp any any eq 4342", piece, false},
		{"deny tcp any any", piece, true},
	} {
		if got := entry(row.line).matches(row.f, true); got != row.want {
			t.Errorf("%s matches %+v: %v", row.line, row.f, got)
		}
	}
}

// Access lists see native packets too; who is denied is told so.
func TestAccessListsOnNativePackets(t *testing.T) {
	lab := openNetwork(t, sites, " ip address 10.10.10.1 255.255.255.0\n", " ip address 10.10.10.1 255.255.255.0\n ip access-group IN in\n ip access-group OUT out\n",
		"== xTR1\n", "== xTR1\nip access-list extended IN\n deny icmp any host 10.10.10.1\n permit ip any any\n")
	d := lab.Device("xTR1")
	want(t, "denied on the way in", pingFrom(t, lab, "h1", "10.10.10.1"), "U.U.U")
	if hits := d.AccessLists()[0].Hits; hits[0] != 5 || hits[1] != 0 {
		t.Errorf("hits %v, want 5 and 0", hits)
	}
	if n := d.PacketCounters().Dropped(DropAccessIn); n != 5 {
		t.Errorf("%d counted as denied, want 5", n)
	}
	want(t, "its own packets pass", pingFrom(t, lab, "h1", "10.30.30.2"), "..!!!")
	d.ClearAccessLists("")
	if hits := d.AccessLists()[0].Hits; hits[0] != 0 {
		t.Errorf("hits %v after they were cleared", hits)
	}
}

func TestHostsOfALab(t *testing.T) {
	const begin = "devices: [{name: a, config: a.cfg}]\nhosts:\n"
	for _, row := range []struct{ text, want string }{
		{"- {address: 10.1.0.2/24, attached: a:GigabitEthernet0/1}", "3:3: found a mapping, expected a host with a name"},
		{"- {name: h, attached: a:GigabitEthernet0/1}", "3:3: found a mapping, expected a host with an address"},
		{"- {name: h, address: 10.1.0.2/24}", "3:3: found a mapping, expected a host that is attached: to an interface such as xTR1:GigabitEthernet0/1"},
		{"- name: A\n  address: 10.1.0.2/24\n  attached: a:GigabitEthernet0/1", `3:9: found "A", expected a name that no device and no other host has`},
		{"- name: h\n  address: 10.1.0.2\n  attached: a:GigabitEthernet0/1", `4:12: found "10.1.0.2", expected an address with its length, such as 10.10.10.2/24`},
		{"- name: h\n  address: 10.1.0.0/24\n  attached: a:GigabitEthernet0/1", `4:12: found "10.1.0.0/24", expected the address of a host, not of its network`},
		{"- name: h\n  address: 10.1.0.2/24\n  attached: b:GigabitEthernet0/1", `5:13: found "b", expected a device of this lab: a`},
		{"- name: h\n  address: 10.1.0.2/24\n  attached: a:Gi0/1", `5:15: found "Gi0/1", expected a physical interface in full, such as GigabitEthernet0/1`},
		{"- name: h\n  address: 10.1.0.2/24\n  gateway: 10.2.0.1\n  attached: a:GigabitEthernet0/1", `5:12: found "10.2.0.1", expected an address in a network of the host: [10.1.0.2/24]`},
	} {
		_, err := readLabFile("lab.yaml", []byte(begin+row.text))
		if err == nil || err.Error() != "lab.yaml:"+row.want {
			t.Errorf("%s\n%v, want\nlab.yaml:%s", row.text, err, row.want)
		}
	}
	lab := openNetwork(t, sites)
	h, err := lab.Host("H1")
	must(t, err)
	device, iface := h.Attached()
	want(t, "attached", device+" "+iface, "xTR1 GigabitEthernet0/1")
	if _, err := lab.Host("h9"); err == nil || err.Error() != `no host "h9" in lab sites: its hosts are h1, h2, h0` {
		t.Errorf("an unknown host: %v", err)
	}
}

// While lab time follows the wall clock a task runs by itself, and its news come on the goroutine that owns the lab.
func TestTaskWhileLabTimeFollowsTheWall(t *testing.T) {
	lab := openNetwork(t, sites)
	lab.FollowAt(t.Context(), 1000)
	done := make(chan string)
	lab.Do(func() {
		task := lab.Device("xTR1").Ping(PingOptions{PingConfig: probe.PingConfig{Target: addr("10.30.30.1")}, Source: addr("10.10.10.1")})
		must(t, lab.Inside().Await(task)) // does not wait
		screen := ""
		task.OnChange(func() {
			screen += task.Text()
			if task.Done() {
				task.OnChange(nil)
				done <- screen
			}
		})
	})
	want(t, "ping", marks(t, <-done), "..!!!")
}

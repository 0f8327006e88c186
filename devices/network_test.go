package devices

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lisplab/devices/probe"
	"lisplab/devices/underlay"
)

// sites is a network with everything in it: two LISP sites with a host each, a Map-Server that is also a Map-Resolver, two
// core routers without LISP, and a proxy ITR and ETR in front of a network without LISP, with a host too.
//
//	h1 -- xTR1 -- Core1 ---- Core2 -- xTR2 -- h2
//	                |          |
//	              MSMR       PxTR -- h0
const sites = `
name: sites
jitter: 0
devices:
  - {name: xTR1, config: xTR1}
  - {name: xTR2, config: xTR2}
  - {name: Core1, config: Core1}
  - {name: Core2, config: Core2}
  - {name: MSMR, config: MSMR}
  - {name: PxTR, config: PxTR}
links:
  - xTR1:GigabitEthernet0/0 -- Core1:GigabitEthernet0/1
  - xTR2:GigabitEthernet0/0 -- Core2:GigabitEthernet0/1
  - Core1:GigabitEthernet0/0 -- Core2:GigabitEthernet0/0
  - MSMR:GigabitEthernet0/0 -- Core1:GigabitEthernet0/2
  - PxTR:GigabitEthernet0/0 -- Core2:GigabitEthernet0/2
hosts:
  - {name: h1, address: [10.10.10.2/24, "2001:db8:1::2/64"], attached: xTR1:GigabitEthernet0/1}
  - {name: h2, address: [10.30.30.2/24, "2001:db8:2::2/64"], attached: xTR2:GigabitEthernet0/1}
  - {name: h0, address: 172.20.0.2/24, attached: PxTR:GigabitEthernet0/1}
== xTR1
interface GigabitEthernet0/0
 ip address 203.0.113.11 255.255.255.0
interface GigabitEthernet0/1
 ip address 10.10.10.1 255.255.255.0
 ipv6 address 2001:db8:1::1/64
ip route 0.0.0.0 0.0.0.0 203.0.113.1
ipv6 unicast-routing
router lisp
 database-mapping 10.10.10.0/24 203.0.113.11
 database-mapping 2001:db8:1::/48 203.0.113.11
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
interface GigabitEthernet0/0
 ip address 198.51.100.21 255.255.255.0
interface GigabitEthernet0/1
 ip address 10.30.30.1 255.255.255.0
 ipv6 address 2001:db8:2::1/64
ip route 0.0.0.0 0.0.0.0 198.51.100.1
ipv6 unicast-routing
router lisp
 database-mapping 10.30.30.0/24 198.51.100.21
 database-mapping 2001:db8:2::/48 198.51.100.21
 ipv4 itr
 ipv4 itr map-resolver 192.0.2.5
 ipv4 etr
 ipv4 etr map-server 192.0.2.5 key secret
 ipv6 itr
 ipv6 itr map-resolver 192.0.2.5
 ipv6 etr
 ipv6 etr map-server 192.0.2.5 key secret
== Core1
interface GigabitEthernet0/0
 ip address 192.0.2.0 255.255.255.254
interface GigabitEthernet0/1
 ip address 203.0.113.1 255.255.255.0
interface GigabitEthernet0/2
 ip address 192.0.2.4 255.255.255.254
ip route 198.51.100.0 255.255.255.0 192.0.2.1
ip route 192.0.2.6 255.255.255.254 192.0.2.1
ip route 172.20.0.0 255.255.255.0 192.0.2.1
== Core2
interface GigabitEthernet0/0
 ip address 192.0.2.1 255.255.255.254
interface GigabitEthernet0/1
 ip address 198.51.100.1 255.255.255.0
interface GigabitEthernet0/2
 ip address 192.0.2.6 255.255.255.254
ip route 203.0.113.0 255.255.255.0 192.0.2.0
ip route 192.0.2.4 255.255.255.254 192.0.2.0
ip route 172.20.0.0 255.255.255.0 192.0.2.7
== MSMR
interface GigabitEthernet0/0
 ip address 192.0.2.5 255.255.255.254
ip route 0.0.0.0 0.0.0.0 192.0.2.4
router lisp
 site A
  authentication-key secret
  eid-prefix 10.10.0.0/16 accept-more-specifics
  eid-prefix 10.30.30.0/24
  eid-prefix 2001:db8:1::/48
  eid-prefix 2001:db8:2::/48
  exit
 ipv4 map-server
 ipv4 map-resolver
 ipv6 map-server
 ipv6 map-resolver
== PxTR
interface GigabitEthernet0/0
 ip address 192.0.2.7 255.255.255.254
interface GigabitEthernet0/1
 ip address 172.20.0.1 255.255.255.0
ip route 0.0.0.0 0.0.0.0 192.0.2.6
ip route 10.0.0.0 255.0.0.0 Null0
router lisp
 map-cache 10.0.0.0/8 map-request
 ipv4 proxy-itr 192.0.2.7
 ipv4 proxy-etr
 ipv4 itr map-resolver 192.0.2.5
`

// openNetwork opens a network of a text such as sites, with lines changed: pairs of what stands there and what shall stand
// instead. Ten seconds have passed: everything is registered.
func openNetwork(t testing.TB, text string, changes ...string) *Lab {
	t.Helper()
	return openObserved(t, nil, text, changes...)
}

func openObserved(t testing.TB, observe func(underlay.Event), text string, changes ...string) *Lab {
	t.Helper()
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("the network has no %q", changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	lab := open(t, "net", Options{FS: networkFiles(text), Observe: observe})
	advance(t, lab, 10)
	return lab
}

// networkFiles are the files of a network such as sites.
func networkFiles(text string) fstest.MapFS {
	files := fstest.MapFS{}
	parts := strings.Split(text, "\n== ")
	files["net/lab.yaml"] = &fstest.MapFile{Data: []byte(parts[0])}
	for _, part := range parts[1:] {
		name, config, _ := strings.Cut(part, "\n")
		files["net/"+name] = &fstest.MapFile{Data: []byte(config)}
	}
	return files
}

// await runs a task to its end and returns what it printed.
func await(t testing.TB, lab *Lab, task Task) string {
	t.Helper()
	must(t, lab.Await(task))
	if !task.Done() {
		t.Fatal("the task is not done")
	}
	return task.Text()
}

// addr is netip.MustParseAddr; "" is the zero Addr.
func addr(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

// ping pings from a router and returns the marks: "..!!!".
func ping(t testing.TB, lab *Lab, device, to, source string) string {
	t.Helper()
	return marks(t, await(t, lab, lab.Device(device).Ping(PingOptions{PingConfig: probe.PingConfig{Target: addr(to)}, Source: addr(source)})))
}

// pingFrom pings from a host.
func pingFrom(t testing.TB, lab *Lab, host, to string) string {
	t.Helper()
	h, err := lab.Host(host)
	must(t, err)
	return marks(t, await(t, lab, h.Ping(probe.PingConfig{Target: addr(to)})))
}

// marks are the lines of a ping between its heading and its rate.
func marks(t testing.TB, text string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.Trim(line, "!.UMHATNBP&?") == "" && line != "" {
			return line
		}
	}
	t.Fatalf("no marks in\n%s", text)
	return ""
}

// hops are the lines of a traceroute below its heading.
func hops(text string) string {
	_, list, _ := strings.Cut(text, "vrf out name/id)\n")
	if list == "" {
		_, list, _ = strings.Cut(text, "\n\n")
	}
	return list
}

func want(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func since(lab *Lab, at time.Time) time.Duration { return lab.Now().Sub(at) }

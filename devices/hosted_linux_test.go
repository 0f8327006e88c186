package devices

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/devices/foreign"
	"lisplab/devices/underlay"
)

// joined is a Map-Server and a site of ours that another stack joins, with the addresses of the captures: its ETR is
// 10.99.0.2, its Map-Server 10.99.0.1.
const joined = `
name: joined
jitter: 0
devices:
  - {name: MSMR, config: MSMR, interfaces: [GigabitEthernet0/0]}
  - {name: xTR, config: xTR, interfaces: [GigabitEthernet0/0, GigabitEthernet0/1]}
  - {name: xTR1, config: xTR1, interfaces: [GigabitEthernet0/0, GigabitEthernet0/1]}
== MSMR
interface GigabitEthernet0/0
 ip address 10.99.0.1 255.255.255.0
router lisp
 site foreign
  authentication-key secret1
  eid-prefix 10.1.0.0/24
  eid-prefix 2001:db8:1::/64
  exit
 site ours
  authentication-key secret2
  eid-prefix 10.2.0.0/24
  exit
 ipv4 map-server
 ipv4 map-resolver
 ipv6 map-server
 ipv6 map-resolver
== xTR
interface GigabitEthernet0/0
 ip address 10.99.0.3 255.255.255.0
interface GigabitEthernet0/1
 ip address 10.2.0.1 255.255.255.0
router lisp
 database-mapping 10.2.0.0/24 10.99.0.3
 ipv4 itr
 ipv4 itr map-resolver 10.99.0.1
 ipv4 etr
 ipv4 etr map-server 10.99.0.1 key secret2
== xTR1
interface GigabitEthernet0/0
 ip address 10.99.0.2 255.255.255.0
interface GigabitEthernet0/1
 ip address 10.1.0.1 255.255.255.0
router lisp
 database-mapping 10.1.0.0/24 10.99.0.2
 ipv4 etr
 ipv4 etr map-server 10.99.0.1 key secret1
`

// ground is where the routers of a lab stand in a test: each at an address of a loopback block of their own.
func ground(t testing.TB, addrs ...string) map[netip.Addr]netip.Addr {
	t.Helper()
	at, release, err := underlay.TakeLoopback(len(addrs))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { must(t, release()) })
	places := make(map[netip.Addr]netip.Addr)
	for i, a := range addrs {
		places[addr(a)] = at[i].Addr()
	}
	return places
}

// openNode opens one router of a network such as joined on the host underlay.
func openNode(t testing.TB, text, node string, at map[netip.Addr]netip.Addr) *Lab {
	t.Helper()
	return open(t, "net", Options{FS: networkFiles(text), Underlay: OwnHost, Node: node, External: at})
}

// meanwhile lets labs live while fn runs.
func meanwhile(t testing.TB, fn func(), labs ...*Lab) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	for _, l := range labs {
		l.Follow(ctx)
	}
	fn()
	cancel()
	for _, l := range labs {
		l.unfollow()
		l.Do(func() { must(t, l.Err()) })
	}
}

// until lets a lab live until something is so.
func until(t testing.TB, lab *Lab, what string, ok func() bool) {
	t.Helper()
	must(t, lab.pass(ok, lab.Now().Add(30*time.Second)))
	if !ok() {
		t.Fatalf("not within 30 s: %s", what)
	}
}

func recorded(t testing.TB, name string) foreign.Recording {
	t.Helper()
	r, err := foreign.Read(filepath.Join("..", "..", "shared", "captures", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no capture: %v", err)
	}
	must(t, err)
	return r
}

// Two sites and their Map-Server, each in a process's place, register and resolve, and a host behind one reaches a host behind
// the other: encapsulated, over the machine's own UDP 4341.
func TestNodesForward(t *testing.T) {
	at := ground(t, "203.0.113.11", "198.51.100.21", "192.0.2.5")
	external := "\nexternal:" // what the lab file says is what --address says
	for lab, place := range at {
		external += fmt.Sprintf("\n  - %v at %v", lab, place)
	}
	text := strings.Replace(sites, "\n== ", external+"\n== ", 1)
	xtr1, xtr2, msmr := openNode(t, text, "xTR1", nil), openNode(t, text, "xTR2", nil), openNode(t, text, "MSMR", nil)
	meanwhile(t, func() {
		until(t, xtr1, "xTR1 has a session", func() bool {
			return strings.HasPrefix(sessionWith(xtr1, "xTR1", addr("192.0.2.5")), "Up")
		})
	}, xtr2, msmr)
	meanwhile(t, func() {
		until(t, msmr, "both sites are registered by reliable transport", func() bool {
			list := registered(msmr, "MSMR")
			return len(list) == 4 && !slices.ContainsFunc(list, func(r string) bool { return !strings.HasSuffix(r, "#") })
		})
	}, xtr1, xtr2)
	meanwhile(t, func() {
		if got := pingFrom(t, xtr1, "h1", "10.30.30.2"); !strings.HasSuffix(got, "!!") {
			t.Errorf("h1 pings h2: %s", got)
		}
	}, xtr2, msmr)
	if n := xtr2.Device("xTR2").PacketCounters().Decapsulated; n == 0 {
		t.Error("xTR2 has decapsulated nothing")
	}
	must(t, xtr2.StopDevice("xTR2"))
	must(t, xtr2.StartDevice("xTR2"))
	meanwhile(t, func() {
		until(t, xtr2, "xTR2 has a session again", func() bool {
			return strings.HasPrefix(sessionWith(xtr2, "xTR2", addr("192.0.2.5")), "Up")
		})
	}, xtr1, msmr)
	want(t, "the hosts of xTR1's process", fmt.Sprint(len(xtr1.Hosts())), "1")
}

// Rubbish from a stranger is counted, and changes nothing: not what is registered, not who has a session, not that the
// routers go on.
func TestRubbishChangesNothing(t *testing.T) {
	at := ground(t, "10.99.0.1", "10.99.0.2", "10.99.0.3")
	msmr, xtr := openNode(t, joined, "MSMR", at), openNode(t, joined, "xTR", at)
	recording := append(recorded(t, "oor-ms-probes.pcap"), recorded(t, "oor-xtr-resolve-data.pcap")...)
	stranger, err := foreign.NewETR(foreign.Config{Recording: recording, At: at[addr("10.99.0.2")], Key: "secret1", Places: at}, addr("10.99.0.1"))
	must(t, err)
	defer func() { must(t, stranger.Close()) }()
	eid := netip.MustParsePrefix("10.1.0.0/24")
	meanwhile(t, func() { must(t, stranger.Register(t.Context(), eid)) }, msmr, xtr)
	meanwhile(t, func() {
		until(t, msmr, "all is registered", func() bool {
			return strings.HasPrefix(sessionWith(msmr, "MSMR", addr("10.99.0.3")), "Up") && len(registered(msmr, "MSMR")) == 2
		})
	}, xtr)
	meanwhile(t, func() {
		until(t, xtr, "the session stands here, too", func() bool {
			return strings.HasPrefix(sessionWith(xtr, "xTR", addr("10.99.0.1")), "Up")
		})
	}, msmr)

	before := standing(msmr) + standing(xtr)
	source := rand.New(rand.NewPCG(2026, 11))
	meanwhile(t, func() {
		for _, to := range []string{"10.99.0.1", "10.99.0.3"} {
			for _, port := range []uint16{4342, 4341} {
				throw(t, netip.AddrPortFrom(at[addr(to)], port), recording.Rubbish(source, 500))
			}
			for range 20 {
				throwTCP(t, netip.AddrPortFrom(at[addr(to)], 4342), slices.Concat(recording.Rubbish(source, 10)...))
			}
		}
		must(t, stranger.Register(t.Context(), eid)) // who is authentic is still heard: the rubbish before it was read
	}, msmr, xtr)
	want(t, "what stands", standing(msmr)+standing(xtr), before)
	snap, _ := msmr.Device("MSMR").MapServer()
	if c := snap.Counters; c.AuthFailures == 0 || c.Malformed == 0 || c.ConnectionsRefused == 0 {
		t.Errorf("not counted: %+v", c)
	}
}

// standing is what rubbish must not change.
func standing(lab *Lab) string {
	d := lab.Devices()[0]
	var b strings.Builder
	fmt.Fprintf(&b, "%s runs: %v\n", d.Name(), d.Running() && lab.Err() == nil)
	for _, s := range d.Sessions() {
		fmt.Fprintf(&b, "  session with %v: %v since %v\n", s.Peer, s.State, s.Since)
	}
	if snap, ok := d.MapServer(); ok {
		for _, site := range snap.Sites {
			for _, e := range site.Entries {
				for _, r := range e.Exact.Registrations {
					fmt.Fprintf(&b, "  %v registered by %v: %v\n", e.EID, r.ETR, r.Mapping.Locators)
				}
			}
		}
	}
	if snap, ok := d.ITR(); ok {
		for _, s := range snap.Services {
			for _, e := range s.Entries {
				fmt.Fprintf(&b, "  map-cache: %v %v\n", e.Prefix, e.Action)
			}
		}
	}
	return b.String()
}

// throw sends datagrams from nobody's port.
func throw(t testing.TB, to netip.AddrPort, messages [][]byte) {
	t.Helper()
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
	must(t, err)
	defer func() { must(t, conn.Close()) }()
	for _, b := range messages {
		_, _ = conn.Write(b) // refused where nobody listens
	}
}

// throwTCP connects, where somebody listens, writes, and waits for the router to have enough of it.
func throwTCP(t testing.TB, to netip.AddrPort, b []byte) {
	t.Helper()
	conn, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(to))
	if err != nil {
		return
	}
	defer func() { must(t, conn.Close()) }()
	must(t, conn.SetDeadline(wall().Add(10*time.Second)))
	_, _ = conn.Write(b)
	if _, err := conn.Read(make([]byte, 1)); errors.Is(err, context.DeadlineExceeded) {
		t.Error("the router keeps a connection that nobody has authenticated")
	}
}

// A router at the machine's own addresses has no interface whose packets it could count: the machine's others use them, too.
func TestNodeHasNoCounters(t *testing.T) {
	lab := openNode(t, joined, "xTR", ground(t, "10.99.0.1", "10.99.0.2", "10.99.0.3"))
	if c, ok := lab.Device("xTR").InterfaceCounters("GigabitEthernet0/0"); ok {
		t.Errorf("counted are %+v", c)
	}
}

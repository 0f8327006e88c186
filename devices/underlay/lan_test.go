package underlay

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"lisplab/lispcore"
)

// newLAN is the world with a LAN behind a, on which h1 and h2 are, and one behind b, on which h3 is.
func newLAN(t testing.TB, change ...func(*Config)) *world {
	hosts := func(c *Config) {
		c.Hosts = []Host{
			{Name: "h1", Addrs: prefixes("10.10.10.5/24", "2001:db8:10::5/64"), Port: Port{0, "Gi1"}},
			{Name: "h2", Addrs: prefixes("10.10.10.6/24"), Port: Port{0, "Gi1"}},
			{Name: "h3", Addrs: prefixes("10.30.30.7/24"), Port: Port{2, "Gi1"}},
		}
	}
	w := newWorld(t, append([]func(*Config){hosts}, change...)...)
	w.configure(0, "10.0.1.1/31 Gi0", "10.10.10.1/24 Gi1", "0.0.0.0/0 10.0.1.0")
	w.configure(2, "10.0.2.1/31 Gi0", "10.30.30.1/24 Gi1", "0.0.0.0/0 10.0.2.0")
	w.n.nodes[0].routing.Interfaces[1].Addrs = prefixes("10.10.10.1/24", "2001:db8:10::1/64")
	for i := range 3 {
		w.check(w.n.SetPower(3+i, true))
	}
	w.update()
	return w
}

func prefixes(list ...string) (ps []netip.Prefix) {
	for _, s := range list {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

var lanNames = append(slices.Clone(worldNames), "h1", "h2", "h3")

// echo is an ICMP echo request.
func echo(t testing.TB, src, dst string) []byte {
	t.Helper()
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolICMPv4, SrcIP: netip.MustParseAddr(src).AsSlice(), DstIP: netip.MustParseAddr(dst).AsSlice()}
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip,
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Id: 1, Seq: 1})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Who on a segment takes a packet.
func TestNeighbors(t *testing.T) {
	for _, row := range []struct {
		name  string
		setup func(*world)
		from  int
		iface string
		next  string // "" leaves it to the destination
		told  string
		why   string
	}{
		{"a host to its router", nil, 3, HostInterface, "10.10.10.1", "a Gi1", ""},
		{"a host to a host", nil, 3, HostInterface, "10.10.10.6", "h2 eth0", ""},
		{"a router to a host", nil, 0, "Gi1", "10.10.10.5", "h1 eth0", ""},
		{"a router to a host, by IPv6", nil, 0, "Gi1", "2001:db8:10::5", "h1 eth0", ""},
		{"a router to a router", nil, 0, "Gi0", "10.0.1.0", "core Gi1", ""},
		{"a router to a router, on a route without a next hop", nil, 0, "Gi0", "", "core Gi1", ""},
		{"no host answers for others", nil, 0, "Gi1", "", "nobody", "nobody answers for 10.30.30.7 at a Gi1"},
		{"nobody has the address", nil, 0, "Gi1", "10.10.10.9", "nobody", "nobody answers for 10.10.10.9 at a Gi1"},
		{"nobody is oneself", nil, 0, "Gi1", "10.10.10.1", "nobody", "nobody answers for 10.10.10.1 at a Gi1"},
		{"the address of another segment", nil, 0, "Gi1", "10.0.1.0", "nobody", "nobody answers for 10.0.1.0 at a Gi1"},
		{"an address of a cable's network that nobody has", func(w *world) { w.n.nodes[0].routing.Interfaces[0].Addrs = prefixes("10.0.1.1/24") },
			0, "Gi0", "10.0.1.77", "nobody", "nobody answers for 10.0.1.77 at a Gi0"},
		{"a router answers for what it knows a longer route to", proxyARP, 3, HostInterface, "10.30.30.7", "a Gi1", ""},
		{"a router answers for what it has a route to Null0 for", proxyARP, 3, HostInterface, "10.40.40.7", "a Gi1", ""},
		{"a router does not answer for its own segment", proxyARP, 3, HostInterface, "10.99.0.1", "nobody", "nobody answers for 10.99.0.1 at h1 eth0"},
		{"a host without power", func(w *world) { w.check(w.n.SetPower(3, false)) }, 0, "Gi1", "10.10.10.5", "nobody", "nobody answers for 10.10.10.5 at a Gi1"},
		{"a host whose router has no power", func(w *world) { w.power(0, false) }, 3, HostInterface, "10.10.10.6", "nobody", "nobody answers for 10.10.10.6 at h1 eth0"},
		{"a host whose router's interface is shut", func(w *world) { w.n.nodes[0].routing.Interfaces[1].Shut = true }, 3, HostInterface, "10.10.10.6",
			"nobody", "nobody answers for 10.10.10.6 at h1 eth0"},
		{"a cable that is out", func(w *world) { w.n.SetLink(0, false) }, 0, "Gi0", "10.0.1.0", "nobody", "nobody answers for 10.0.1.0 at a Gi0"},
		{"no such interface", nil, 0, "Gi9", "10.0.1.0", "nobody", "nobody answers for 10.0.1.0 at a Gi9"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newLAN(t)
			if row.setup != nil {
				row.setup(w)
				w.update()
			}
			out := lispcore.SendPacket{Interface: row.iface, Data: echo(t, "10.10.10.5", "10.30.30.7")}
			if row.next != "" {
				out.NextHop = netip.MustParseAddr(row.next)
			}
			ds, err := w.n.Carry(w.now, row.from, out)
			if err != nil || len(ds) != 1 || len(w.events) != 1 {
				t.Fatalf("%d deliveries, %d events, %v", len(ds), len(w.events), err)
			}
			e := w.events[0]
			switch in := ds[0].Input.(type) {
			case lispcore.PacketReceived:
				if got := lanNames[ds[0].Node] + " " + in.Interface; got != row.told || e.Kind != Packet {
					t.Errorf("%v: %s takes it, want %s", e.Kind, got, row.told)
				}
				if in.Data[8]--; out.Data[8] != 64 {
					t.Error("the receiver shares the sender's packet")
				}
			case lispcore.PacketFailed:
				if ds[0].Node != row.from || in.Reason != lispcore.FailNoHost || row.told != "nobody" || in.Interface != row.iface || e.Kind != PacketDropped || string(in.Data) != string(out.Data) {
					t.Errorf("%v: %s is told of failure %d, want %s", e.Kind, lanNames[ds[0].Node], in.Reason, row.told)
				}
			}
			if e.Detail != row.why || e.Src.String() != "10.10.10.5:0" || e.Dst.String() != "10.30.30.7:0" || e.Node != row.from || e.Interface != row.iface {
				t.Errorf("event %+v, want detail %q", e, row.why)
			}
		})
	}
}

// proxyARP gives the LAN a network that holds others too.
func proxyARP(w *world) {
	r := &w.n.nodes[0].routing
	r.Interfaces[1].Addrs = prefixes("10.10.10.1/8")
	r.Routes = append(r.Routes, Route{Prefix: netip.MustParsePrefix("10.30.30.0/24"), NextHop: netip.MustParseAddr("10.0.1.0")},
		Route{Prefix: netip.MustParsePrefix("10.40.40.0/24"), Interface: "Null0"})
	w.n.nodes[3].routing.Interfaces[0].Addrs = prefixes("10.10.10.5/8")
}

// The neighbours of an event are those of the segment, not of the packet.
func TestPacketEventNamesNeighbors(t *testing.T) {
	w := newLAN(t)
	for _, row := range []struct {
		from       int
		iface      string
		next, want string
	}{
		{3, HostInterface, "10.10.10.1", "10.10.10.5 > 10.10.10.1"},
		{0, "Gi0", "10.0.1.0", "10.0.1.1 > 10.0.1.0"},
		{0, "Gi1", "2001:db8:10::5", "2001:db8:10::1 > 2001:db8:10::5"},
	} {
		_, err := w.n.Carry(w.now, row.from, lispcore.SendPacket{Interface: row.iface, NextHop: netip.MustParseAddr(row.next), Data: echo(t, "10.10.10.5", "10.30.30.7")})
		w.check(err)
		e := w.events[len(w.events)-1]
		if got := fmt.Sprintf("%v > %v", e.From, e.To); got != row.want || e.MTU != DefaultMTU {
			t.Errorf("%s with MTU %d, want %s", got, e.MTU, row.want)
		}
	}
	if s := w.n.Stats(); s.Packets != 3 || s.PacketsDropped != 0 {
		t.Errorf("%d packets counted, %d dropped", s.Packets, s.PacketsDropped)
	}
}

// A segment may be more than a cable and more than a LAN: hosts at both ends of a cable.
func TestSegmentOfHostsAndCable(t *testing.T) {
	w := newLAN(t, func(c *Config) {
		c.Hosts = append(c.Hosts, Host{Name: "h4", Addrs: prefixes("10.0.1.1/24"), Port: Port{0, "Gi0"}}, Host{Name: "h5", Addrs: prefixes("10.0.1.9/24"), Port: Port{1, "Gi1"}})
	})
	for i := range 2 {
		w.check(w.n.SetPower(6+i, true))
	}
	w.update()
	want := []Port{{0, "Gi0"}, {1, "Gi1"}, {7, HostInterface}}
	if got := w.n.neighbors(Port{6, HostInterface}); !slices.Equal(got, want) {
		t.Errorf("neighbours of h4: %v, want %v", got, want)
	}
	if got := w.n.neighbors(Port{1, "Gi1"}); !slices.Equal(got, []Port{{0, "Gi0"}, {6, HostInterface}, {7, HostInterface}}) {
		t.Errorf("neighbours of core: %v", got)
	}
}

// A host hears what comes to its address but has no port for it: the sender of a SYN is refused, and the host is told of a
// datagram, so that it can answer.
func TestHostsHaveNoSockets(t *testing.T) {
	w := newLAN(t)
	h1 := netip.MustParseAddr("10.10.10.5")
	from := netip.AddrPortFrom(netip.MustParseAddr("10.10.10.1"), lispcore.ControlPort)
	w.carry(0, lispcore.OpenStream{Stream: w.nextStream(0), From: from.Addr(), To: netip.AddrPortFrom(h1, 23)})
	ds, err := w.n.Carry(w.now, 0, lispcore.SendDatagram{From: from, To: netip.AddrPortFrom(h1, lispcore.ControlPort), Payload: []byte("x")})
	w.check(err)
	if w.told[0] != "0s a connection refused" || w.events[1].Kind != Refuse {
		t.Errorf("told %v, %v", w.told, w.events[1].Kind)
	}
	if failed, ok := ds[0].Input.(lispcore.PacketFailed); ds[0].Node != 3 || !ok || failed.Reason != lispcore.FailNoPort {
		t.Errorf("delivered %v", ds)
	}
	if e := w.events[2]; e.Detail != "nothing listens on UDP 4342 at h1" {
		t.Errorf("event %q", e.Detail)
	}
	// It is no router either.
	w.configure(0, "10.10.10.1/24 Gi1", "192.0.2.0/24 10.10.10.5")
	w.update()
	if got := w.n.path(0, "", netip.MustParseAddr("192.0.2.1")); got.why != "h1 does not forward IPv4" || got.reason != 0 {
		t.Errorf("walk over a host: %q, told %d", got.why, got.reason)
	}
	w.check(w.n.Quiet(w.now))
}

func TestHostRoutes(t *testing.T) {
	w := newLAN(t)
	w.n.Configure(5, Routing{
		Interfaces: []Interface{{Name: HostInterface, Addrs: prefixes("10.30.30.7/24")}},
		Routes:     []Route{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), NextHop: netip.MustParseAddr("10.30.30.1")}},
	})
	w.update()
	r, ok := w.n.Lookup(5, "", netip.MustParseAddr("10.10.10.5"))
	if !ok || r.NextHop.String() != "10.30.30.1" || r.Interface != HostInterface || r.Kind != RouteStatic {
		t.Errorf("route of h3: %+v", r)
	}
	if !w.n.LineUp(5, HostInterface) {
		t.Error("the line of h3 is down")
	}
	w.power(2, false)
	w.update()
	if w.n.LineUp(5, HostInterface) {
		t.Error("the line of h3 is up without its router")
	}
}

// The addresses and ports of an event are those of the packet, as far as it shows them.
func TestEndpoints(t *testing.T) {
	udp4 := echo(t, "10.0.0.1", "10.0.0.2")
	udp4[9] = protocolUDP
	copy(udp4[20:], []byte{0x12, 0x34, 0x56, 0x78})
	later := slices.Clone(udp4)
	later[7] = 1
	tcp6 := append([]byte{0x60, 0, 0, 0, 0, 4, protocolTCP, 64}, make([]byte, 32)...)
	tcp6[23], tcp6[39] = 1, 2
	tcp6 = append(tcp6, 0, 23, 0x2b, 0)
	for _, row := range []struct {
		name, want string
		packet     []byte
	}{
		{"ICMP", "10.0.0.1:0 10.0.0.2:0", echo(t, "10.0.0.1", "10.0.0.2")},
		{"UDP", "10.0.0.1:4660 10.0.0.2:22136", udp4},
		{"a later fragment", "10.0.0.1:0 10.0.0.2:0", later},
		{"TCP over IPv6", "[::1]:23 [::2]:11008", tcp6},
		{"TCP over IPv6, cut", "[::1]:0 [::2]:0", tcp6[:43]},
		{"a header that is too long", "10.0.0.1:0 10.0.0.2:0", append([]byte{0x4f}, udp4[1:]...)},
		{"nothing", "invalid AddrPort invalid AddrPort", nil},
		{"no IP", "invalid AddrPort invalid AddrPort", make([]byte, 60)},
	} {
		if src, dst, _ := endpoints(row.packet); fmt.Sprint(src, " ", dst) != row.want {
			t.Errorf("%s: %v %v, want %s", row.name, src, dst, row.want)
		}
	}
}

// Whatever is sent as a packet, and cut wherever, has endpoints or none.
func FuzzEndpoints(f *testing.F) {
	f.Add(echo(f, "10.0.0.1", "10.0.0.2"))
	f.Add(append([]byte{0x60, 0, 0, 0, 0, 8, protocolUDP, 64}, make([]byte, 40)...))
	f.Add([]byte{0x4f})
	f.Fuzz(func(t *testing.T, b []byte) {
		src, dst, _ := endpoints(b)
		if src.Addr().BitLen() != dst.Addr().BitLen() {
			t.Errorf("%v and %v are of two families", src, dst)
		}
	})
}

package underlay

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"lisplab/lispcore"
	"lisplab/lispcore/checksum"
)

// What becomes of one datagram from a to b, over core: what is left of it, or who is told what, and with which words it is
// dropped.
func TestWalk(t *testing.T) {
	a, b := netip.AddrPortFrom(worldAddrs[0], 61441), netip.AddrPortFrom(worldAddrs[2], lispcore.DataPort)
	six, over6 := netip.MustParseAddrPort("[2001:db8:1::1]:61441"), netip.MustParseAddrPort("[2001:db8:2::1]:4341")
	small := func(w *world) { w.mtu(1, "Gi2", 1400) }
	for _, row := range []struct {
		name  string
		setup func(*world)
		out   lispcore.SendDatagram
		told  string
		why   string
	}{
		{"what the sender does not say is as control messages have it", nil,
			lispcore.SendDatagram{From: a, To: b}, "b TTL 254 TOS c0", ""},
		{"TTL and TOS arrive, a hop later", nil,
			lispcore.SendDatagram{From: a, To: b, TTL: 63, TOS: 0xb9}, "b TTL 62 TOS b9", ""},
		{"a TTL that is just enough", nil,
			lispcore.SendDatagram{From: a, To: b, TTL: 2}, "b TTL 1 TOS 00", ""},
		{"a TTL that runs out", nil,
			lispcore.SendDatagram{From: a, To: b, TTL: 1}, "core TTL", "the TTL ran out at core"},
		{"the last router takes a TTL of 1", nil,
			lispcore.SendDatagram{From: a, To: netip.MustParseAddrPort("10.0.1.0:4341"), TTL: 1}, "core no port", "nothing listens on UDP 4341 at core"},
		{"a TTL that runs out where the route ends", func(w *world) { w.configure(1, "10.0.1.0/31 Gi1") },
			lispcore.SendDatagram{From: a, To: b, TTL: 1}, "core TTL", "the TTL ran out at core"},
		{"a TTL that runs out in a loop", func(w *world) { w.configure(1, "10.0.1.0/31 Gi1", "0.0.0.0/0 10.0.1.1") },
			lispcore.SendDatagram{From: a, To: b, TTL: 4}, "a TTL", "the TTL ran out at a"},
		{"a control message in a loop", func(w *world) { w.configure(1, "10.0.1.0/31 Gi1", "0.0.0.0/0 10.0.1.1") },
			lispcore.SendDatagram{From: a, To: b}, "core TTL", "the hop limit ran out at core: a forwarding loop"},
		{"a route that ends", func(w *world) { w.configure(1, "10.0.1.0/31 Gi1") },
			lispcore.SendDatagram{From: a, To: b, TTL: 9}, "core no route", "core has no route to 10.0.2.1"},
		{"a route that ends at the sender", func(w *world) { w.configure(0, "10.0.1.1/31 Gi0") },
			lispcore.SendDatagram{From: a, To: b, TTL: 9}, "a no route", "a has no route to 10.0.2.1"},
		{"nobody there", func(w *world) { w.configure(1, "10.0.1.0/31 Gi1", "10.0.2.0/24 Gi2") },
			lispcore.SendDatagram{From: a, To: netip.MustParseAddrPort("10.0.2.77:4341")}, "core no host", "nobody answers for 10.0.2.77 at core Gi2"},
		{"a socket for data that is closed", func(w *world) { w.check(w.n.ReceiveData(2, false)) },
			lispcore.SendDatagram{From: a, To: b}, "b no port", "nothing listens on UDP 4341 at b"},

		{"as long as the MTU", small,
			lispcore.SendDatagram{From: a, To: b, TTL: 9, DF: true, Payload: make([]byte, 1372)}, "b TTL 8 TOS 00", ""},
		{"longer than the MTU", small,
			lispcore.SendDatagram{From: a, To: b, TTL: 9, DF: true, Payload: make([]byte, 1373)}, "core too big 1400",
			"1401 bytes are more than the MTU of 1400 at core Gi2"},
		{"longer than the MTU, in fragments", small,
			lispcore.SendDatagram{From: a, To: b, TTL: 9, Payload: make([]byte, 1373)}, "b TTL 8 TOS 00", ""},
		{"longer than the sender's MTU", func(w *world) { w.mtu(0, "Gi0", 1400) },
			lispcore.SendDatagram{From: a, To: b, TTL: 9, DF: true, Payload: make([]byte, 1473)}, "a too big 1400",
			"1501 bytes are more than the MTU of 1400 at a Gi0"},
		{"IPv6 as long as the MTU", func(w *world) { dual(w); small(w) },
			lispcore.SendDatagram{From: six, To: over6, TTL: 9, Payload: make([]byte, 1352)}, "b TTL 8 TOS 00", ""},
		{"no router fragments IPv6", func(w *world) { dual(w); small(w) },
			lispcore.SendDatagram{From: six, To: over6, TTL: 9, Payload: make([]byte, 1353)}, "core too big 1400",
			"1401 bytes are more than the MTU of 1400 at core Gi2"},
		{"the sender fragments IPv6, by its own MTU", func(w *world) { dual(w) },
			lispcore.SendDatagram{From: six, To: over6, TTL: 9, Payload: make([]byte, 9000)}, "b TTL 8 TOS 00", ""},
		{"unless it must not", func(w *world) { dual(w) },
			lispcore.SendDatagram{From: six, To: over6, TTL: 9, DF: true, Payload: make([]byte, 9000)}, "a too big 1500",
			"9048 bytes are more than the MTU of 1500 at a Gi0"},

		{"an access list", func(w *world) { w.lists[listed{"Gi1", 4341}] = true },
			lispcore.SendDatagram{From: a, To: b}, "core prohibited", "an access list of core denies it into Gi1"},
		{"an access list is asked before the TTL counts", func(w *world) { w.lists[listed{"Gi1", 4341}] = true },
			lispcore.SendDatagram{From: a, To: b, TTL: 1}, "core prohibited", "an access list of core denies it into Gi1"},
		{"to itself", nil,
			lispcore.SendDatagram{From: a, To: netip.AddrPortFrom(worldAddrs[0], 4341), TTL: 1}, "a TTL 1 TOS 00", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.check(w.n.ReceiveData(0, true))
			w.check(w.n.ReceiveData(2, true))
			if row.setup != nil {
				row.setup(w)
			}
			w.update()
			row.out.ID = 0x1234
			ds, err := w.n.Carry(w.now, 0, row.out)
			if err != nil {
				t.Fatal(err)
			}
			if told := fate(t, ds, row.out); told != row.told {
				t.Errorf("told %q, want %q", told, row.told)
			}
			if e := w.events[0]; e.Detail != row.why || e.ID != 0x1234 || e.Node != 0 || (e.Kind == Datagram) != (row.why == "") {
				t.Errorf("event %v of %d with ID %x, %q, want %q", e.Kind, e.Node, e.ID, e.Detail, row.why)
			}
			w.check(w.n.Quiet(w.now))
		})
	}
}

// fate says what the delivery is, and holds that a packet that is told of is the one that was sent.
func fate(t *testing.T, ds []Delivery, sent lispcore.SendDatagram) string {
	t.Helper()
	if len(ds) != 1 {
		t.Fatalf("%d deliveries", len(ds))
	}
	switch in := ds[0].Input.(type) {
	case lispcore.Datagram:
		return fmt.Sprintf("%s TTL %d TOS %02x", worldNames[ds[0].Node], in.TTL, in.TOS)
	case lispcore.PacketFailed:
		checkQuote(t, in.Data, sent)
		s := worldNames[ds[0].Node] + " " + failNames[in.Reason]
		if in.MTU != 0 {
			s += fmt.Sprintf(" %d", in.MTU)
		}
		return s
	}
	return fmt.Sprintf("%T", ds[0].Input)
}

// checkQuote reads the packet that a router is told of with another codec.
func checkQuote(t *testing.T, quoted []byte, sent lispcore.SendDatagram) {
	t.Helper()
	if len(quoted) > 1232 {
		t.Errorf("%d bytes are more than an ICMP error quotes", len(quoted))
	}
	first := gopacket.Decoder(layers.LayerTypeIPv4)
	if sent.To.Addr().Is6() {
		first = layers.LayerTypeIPv6
	}
	p := gopacket.NewPacket(quoted, first, gopacket.Default)
	udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if !ok {
		t.Fatalf("no UDP in %x", quoted)
	}
	if udp.SrcPort != layers.UDPPort(sent.From.Port()) || udp.DstPort != layers.UDPPort(sent.To.Port()) || int(udp.Length) != len(sent.Payload)+8 {
		t.Errorf("UDP %d > %d, length %d", udp.SrcPort, udp.DstPort, udp.Length)
	}
	if flow := p.NetworkLayer().NetworkFlow(); flow.Src().String() != sent.From.Addr().String() || flow.Dst().String() != sent.To.Addr().String() {
		t.Errorf("addresses %v", flow)
	}
	if len(sent.Payload)+48 <= len(quoted) {
		if err := udp.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
			t.Fatal(err)
		}
	}
	if ip, ok := p.NetworkLayer().(*layers.IPv4); ok {
		if ip.Id != sent.ID || int(ip.Length) != len(sent.Payload)+28 || ip.Flags&layers.IPv4DontFragment != 0 != sent.DF {
			t.Errorf("IPv4 ID %x, length %d, flags %v", ip.Id, ip.Length, ip.Flags)
		}
		if checksum.Sum(0, quoted[:20]) != 0 {
			t.Error("wrong header checksum")
		}
		if udp.Checksum != 0 {
			t.Errorf("UDP checksum %04x of LISP data", udp.Checksum)
		}
	} else if udp.Checksum == 0 {
		t.Error("no UDP checksum over IPv6")
	}
}

// The first bytes of a control message that failed bear a checksum that another codec takes for right.
func TestQuoteHasChecksums(t *testing.T) {
	for _, ends := range [][2]string{{"10.0.1.1:4342", "10.0.2.1:4342"}, {"[2001:db8::1]:4342", "[2001:db8::2]:4342"}, {"[2001:db8::1]:61441", "[2001:db8::2]:4341"}} {
		for size := range 9 {
			out := lispcore.SendDatagram{From: netip.MustParseAddrPort(ends[0]), To: netip.MustParseAddrPort(ends[1]), TTL: 9, TOS: 0xb8, ID: 7, Payload: slices.Repeat([]byte{0xfe, 0xdc}, 5)[:size]}
			first := gopacket.Decoder(layers.LayerTypeIPv4)
			if out.To.Addr().Is6() {
				first = layers.LayerTypeIPv6
			}
			p := gopacket.NewPacket(quote(out, 3), first, gopacket.Default)
			if err := p.Layer(layers.LayerTypeUDP).(*layers.UDP).SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
				t.Fatal(err)
			}
			if err, wrong := p.VerifyChecksums(); err != nil || len(wrong) > 0 {
				t.Errorf("%v, %d bytes: %v %v", ends, size, err, wrong)
			}
		}
	}
}

// Access lists are asked of every packet, whatever is remembered of its way, in the order of the interfaces; that of the
// sender's own interface on the way out is not.
func TestFilterIsAskedOfEveryPacket(t *testing.T) {
	var asked []string
	w := newWorld(t, func(c *Config) {
		c.Filter = func(node int, iface string, out bool, p FlowInfo) bool {
			way := "in"
			if out {
				way = "out"
			}
			flags := ""
			for _, f := range []struct {
				flag TCPFlags
				name string
			}{{SYN, "S"}, {FIN, "F"}, {RST, "R"}, {ACK, "A"}} {
				if p.Flags&f.flag != 0 {
					flags += f.name
				}
			}
			if p.Packets > 0 {
				asked = append(asked, strings.TrimSpace(fmt.Sprintf("%s %s %s: %d of %d %s", worldNames[node], iface, way, p.Packets, p.Protocol, flags)))
			}
			return true
		}
	})
	for _, step := range []struct{ line, want string }{
		{"0s send a b x", `
			core Gi1 in: 1 of 17
			core Gi2 out: 1 of 17
			b Gi0 in: 1 of 17`},
		{"0s send a b x", `
			core Gi1 in: 1 of 17
			core Gi2 out: 1 of 17
			b Gi0 in: 1 of 17`},
		{"1s dial a b", `
			core Gi1 in: 1 of 6 S
			core Gi2 out: 1 of 6 S
			b Gi0 in: 1 of 6 S
			core Gi2 in: 1 of 6 SA
			core Gi1 out: 1 of 6 SA
			a Gi0 in: 1 of 6 SA
			core Gi1 in: 1 of 6 A
			core Gi2 out: 1 of 6 A
			b Gi0 in: 1 of 6 A`},
		{"2s write a " + strings.Repeat("x", 2*1460+1), `
			core Gi1 in: 3 of 6 A
			core Gi2 out: 3 of 6 A
			b Gi0 in: 3 of 6 A
			core Gi2 in: 2 of 6 A
			core Gi1 out: 2 of 6 A
			a Gi0 in: 2 of 6 A`},
		{"3s abort b", `
			core Gi2 in: 1 of 6 RA
			core Gi1 out: 1 of 6 RA
			a Gi0 in: 1 of 6 RA`},
		{"4s dial a b", "*"},
		{"5s close a", `
			core Gi1 in: 1 of 6 FA
			core Gi2 out: 1 of 6 FA
			b Gi0 in: 1 of 6 FA
			core Gi2 in: 1 of 6 A
			core Gi1 out: 1 of 6 A
			a Gi0 in: 1 of 6 A
			core Gi2 in: 1 of 6 FA
			core Gi1 out: 1 of 6 FA
			a Gi0 in: 1 of 6 FA
			core Gi1 in: 1 of 6 A
			core Gi2 out: 1 of 6 A
			b Gi0 in: 1 of 6 A`},
	} {
		asked = nil
		w.do(step.line)
		if want := lines(step.want); step.want != "*" && !slices.Equal(asked, want) {
			t.Errorf("%.20s: asked\n\t%s\nwant\n\t%s", step.line, strings.Join(asked, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
}

// A list that is changed without a word to the network is noticed at the next write.
func TestListThatChangesUnsaid(t *testing.T) {
	w := newWorld(t)
	w.do("0s dial a b")
	w.lists[listed{"Gi2", lispcore.ControlPort}] = true
	for _, line := range []string{"10s write a one", "20s permit 4342 b", "30s deny 4342 b", "999s end"} {
		w.do(line)
	}
	want := "0s a connected; 0s b accepted; 20s b data \"one\"; 2m30s a timed out; 2m30s b timed out"
	if got := strings.Join(w.told, "; "); got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
}

func TestIdentificationsCountUp(t *testing.T) {
	w := newWorld(t)
	w.n.nodes[0].nextID = 0xfffe
	for range 2 {
		w.do("0s send a b x")
	}
	w.do("0s send b a x")
	dual(w)
	w.update()
	w.carry(0, lispcore.SendDatagram{From: netip.MustParseAddrPort("[2001:db8:1::1]:4342"), To: netip.MustParseAddrPort("[2001:db8:2::1]:4342")})
	w.do("0s send a b x")
	var ids []uint16
	for _, e := range w.events {
		ids = append(ids, e.ID)
	}
	if want := []uint16{0xffff, 1, 1, 0, 2}; !slices.Equal(ids, want) { // IPv6 has none, and so 0 is none
		t.Errorf("identifications %x, want %x", ids, want)
	}
}

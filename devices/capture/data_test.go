package capture

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"lisplab/devices/packet"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/wire"
)

// plane is a network of two xTRs with a core router between them and a host behind each, whose packets are moved by hand:
//
//	h1 -- xTR1 ======= core ======= xTR2 -- h2
//	 10.10.10/24   203.0.113.10/31   198.51.100.20/31   10.30.30/24
type plane struct {
	t      testing.TB
	net    *underlay.Network
	closed bool // core's access list: no UDP 4341
	ids    uint16
}

// The nodes of a plane.
const (
	xTR1 = iota
	core
	xTR2
	h1
	h2
)

func newPlane(t testing.TB, observe func(underlay.Event)) *plane {
	t.Helper()
	p := &plane{t: t}
	port := func(node int, name string) underlay.Port { return underlay.Port{Node: node, Interface: name} }
	var err error
	p.net, err = underlay.New(underlay.Config{
		Names: []string{"xTR1", "core", "xTR2"},
		Links: []underlay.Link{{A: port(xTR1, "Gi0"), B: port(core, "Gi1"), Up: true}, {A: port(core, "Gi2"), B: port(xTR2, "Gi0"), Up: true}},
		Hosts: []underlay.Host{
			{Name: "h1", Addrs: prefixes("10.10.10.5/24 2001:db8:10::5/64"), Port: port(xTR1, "Gi1")},
			{Name: "h2", Addrs: prefixes("10.30.30.7/24 2001:db8:30::7/64"), Port: port(xTR2, "Gi1")},
		},
		Rand: rand.New(rand.NewPCG(1, 2)), Wall: time.Now,
		NextStream: func(int) lispcore.StreamID { return 1 },
		Observe:    observe,
		Filter:     func(node int, _ string, _ bool, f underlay.FlowInfo) bool { return node != core || !p.closed },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.check(p.net.Close()) })
	router := func(node int, routes string, interfaces ...underlay.Interface) {
		r := underlay.Routing{Forward6: true, Interfaces: interfaces}
		for _, route := range strings.Fields(routes) {
			prefix, via, _ := strings.Cut(route, ">")
			r.Routes = append(r.Routes, underlay.Route{Prefix: netip.MustParsePrefix(prefix), NextHop: netip.MustParseAddr(via)})
		}
		p.net.Configure(node, r)
	}
	router(xTR1, "0.0.0.0/0>203.0.113.10 ::/0>2001:db8:1::",
		underlay.Interface{Name: "Gi0", Addrs: prefixes("203.0.113.11/31 2001:db8:1::1/64")},
		underlay.Interface{Name: "Gi1", Addrs: prefixes("10.10.10.1/24 2001:db8:10::1/64")})
	router(core, "",
		underlay.Interface{Name: "Gi1", Addrs: prefixes("203.0.113.10/31 2001:db8:1::/64")},
		underlay.Interface{Name: "Gi2", Addrs: prefixes("198.51.100.20/31 2001:db8:2::/64"), MTU: 1450})
	router(xTR2, "0.0.0.0/0>198.51.100.20 ::/0>2001:db8:2::",
		underlay.Interface{Name: "Gi0", Addrs: prefixes("198.51.100.21/31 2001:db8:2::1/64")},
		underlay.Interface{Name: "Gi1", Addrs: prefixes("10.30.30.1/24 2001:db8:30::1/64")})
	for node := range 5 {
		p.check(p.net.SetPower(node, true))
	}
	for _, node := range []int{xTR1, xTR2} {
		p.check(p.net.ReceiveData(node, true))
	}
	p.net.Update(boot)
	return p
}

func prefixes(list string) (ps []netip.Prefix) {
	for _, s := range strings.Fields(list) {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

func (p *plane) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// native moves an IP packet over one segment and returns it as it arrives; nil when nobody takes it.
func (p *plane) native(from int, iface, next string, b []byte) []byte {
	p.t.Helper()
	ds, err := p.net.Carry(boot, from, lispcore.SendPacket{Interface: iface, NextHop: netip.MustParseAddr(next), Data: b})
	p.check(err)
	in, ok := ds[0].Input.(lispcore.PacketReceived)
	if !ok {
		return nil
	}
	return in.Data
}

// forwarded counts down the TTL.
func (p *plane) forwarded(b []byte) []byte {
	p.t.Helper()
	if !forward.DecrementTTL(b) {
		p.t.Fatal("the TTL ran out")
	}
	return b
}

// tunnel encapsulates a packet from one RLOC to another and returns what has left the tunnel, or what a router is told of
// the failure.
func (p *plane) tunnel(from int, source, destination string, b []byte, h wire.DataHeader, df bool) ([]byte, *lispcore.PacketFailed) {
	p.t.Helper()
	inner, err := forward.Parse(b)
	p.check(err)
	ttl, tos := forward.OuterFields(inner)
	p.ids++
	ds, err := p.net.Carry(boot, from, lispcore.SendDatagram{
		From: netip.AddrPortFrom(netip.MustParseAddr(source), 0xf000|uint16(forward.FlowHash(inner)&0xfff)),
		To:   netip.AddrPortFrom(netip.MustParseAddr(destination), lispcore.DataPort),
		TTL:  ttl, TOS: tos, DF: df, ID: 0x4000 + p.ids, Payload: forward.Encapsulate(nil, b, h),
	})
	p.check(err)
	switch in := ds[0].Input.(type) {
	case lispcore.Datagram:
		_, out, err := forward.Decapsulate(bytes.Clone(in.Payload), in.TTL, in.TOS, true)
		p.check(err)
		return out, nil
	case lispcore.PacketFailed:
		return nil, &in
	}
	p.t.Fatalf("delivered %T", ds[0].Input)
	return nil, nil
}

// The headers of encapsulated packets in the tests.
var (
	plain    = wire.DataHeader{HasLSB: true, LSB: 1}
	nonce    = wire.DataHeader{HasNonce: true, Nonce: 0x123456, HasLSB: true, LSB: 1}
	instance = wire.DataHeader{HasInstance: true, Instance: 100, HasLSB: true, LSB: 1}
)

// traffic is a ping between the hosts in each way that there is to carry it, and everything that may go wrong with it.
func traffic(p *plane) {
	v4 := packet.Header{Source: netip.MustParseAddr("10.10.10.5"), Destination: netip.MustParseAddr("10.30.30.7"), TTL: 64, TOS: 0xb8}
	v6 := packet.Header{Source: netip.MustParseAddr("2001:db8:10::5"), Destination: netip.MustParseAddr("2001:db8:30::7"), TTL: 64}
	data := make([]byte, 72)
	const a4, b4, a6, b6 = "203.0.113.11", "198.51.100.21", "2001:db8:1::1", "2001:db8:2::1"

	// Each way: in at xTR1, through the tunnel, out at xTR2, and the answer back.
	ping := func(h packet.Header, a, b string, lisp wire.DataHeader, gateway1, gateway2 string, size int) {
		h.ID++
		there := p.forwarded(p.native(h1, underlay.HostInterface, gateway1, packet.Echo(h, false, 1, h.ID, make([]byte, size))))
		out, failed := p.tunnel(xTR1, a, b, there, lisp, false)
		if failed != nil {
			p.t.Fatalf("%d bytes from %s to %s: failure %d", size, a, b, failed.Reason)
		}
		p.native(xTR2, "Gi1", h.Destination.String(), p.forwarded(out))
		h.Source, h.Destination = h.Destination, h.Source
		back := p.forwarded(p.native(h2, underlay.HostInterface, gateway2, packet.Echo(h, true, 1, h.ID, make([]byte, size))))
		out, failed = p.tunnel(xTR2, b, a, back, lisp, false)
		if failed != nil {
			p.t.Fatalf("%d bytes from %s to %s: failure %d", size, b, a, failed.Reason)
		}
		p.native(xTR1, "Gi1", h.Destination.String(), p.forwarded(out))
	}
	for _, lisp := range []wire.DataHeader{plain, nonce, instance} {
		ping(v4, a4, b4, lisp, "10.10.10.1", "10.30.30.1", 72)
		ping(v6, a4, b4, lisp, "2001:db8:10::1", "2001:db8:30::1", 72)
		ping(v4, a6, b6, lisp, "10.10.10.1", "10.30.30.1", 72)
		ping(v6, a6, b6, lisp, "2001:db8:10::1", "2001:db8:30::1", 72)
	}
	// An inner packet as long as the LAN takes makes an outer one in fragments.
	ping(v4, a4, b4, plain, "10.10.10.1", "10.30.30.1", 1472)

	// An inner packet in two fragments, each encapsulated for itself.
	pieces, err := forward.Fragment(nil, packet.Echo(v4, false, 2, 1, make([]byte, 1472)), 1400)
	p.check(err)
	for _, piece := range pieces {
		out, _ := p.tunnel(xTR1, a4, b4, piece, plain, true)
		p.native(xTR2, "Gi1", "10.30.30.7", out)
	}

	// The errors of the core: TTL, MTU and access list, over both families.
	fail := func(h packet.Header, a, b string, gateway string, kind packet.ErrorKind, size int) {
		_, failed := p.tunnel(xTR1, a, b, packet.Echo(h, false, 3, 1, make([]byte, size)), nonce, true)
		if failed == nil {
			p.t.Fatalf("a packet for an error of kind %d arrived", kind)
		}
		from := packet.Header{Source: netip.MustParseAddr(gateway), Destination: netip.MustParseAddr(a), TTL: 255}
		p.native(core, "Gi1", a, packet.Error(from, kind, failed.MTU, failed.Data))
	}
	for _, way := range [][3]string{{a4, b4, "203.0.113.10"}, {a6, b6, "2001:db8:1::"}} {
		short := v4
		short.TTL = 1
		fail(short, way[0], way[1], way[2], packet.TimeExceeded, 72)
		fail(v4, way[0], way[1], way[2], packet.TooBig, 1390)
		p.closed = true
		fail(v6, way[0], way[1], way[2], packet.Prohibited, 72)
		p.closed = false
	}

	// Native traffic: a traceroute's probe and the answer to it, an unreachable host, a packet that nobody takes.
	probe := p.native(h1, underlay.HostInterface, "10.10.10.1", packet.UDP(v4, 49152, 33434, data[:8]))
	router := packet.Header{Source: netip.MustParseAddr("10.10.10.1"), Destination: v4.Source, TTL: 255}
	p.native(xTR1, "Gi1", "10.10.10.5", packet.Error(router, packet.PortUnreachable, 0, probe))
	if p.native(xTR1, "Gi1", "10.10.10.9", packet.Echo(packet.Header{Source: v4.Source, Destination: netip.MustParseAddr("10.10.10.9"), TTL: 63}, false, 4, 1, data)) != nil {
		p.t.Error("somebody takes a packet for 10.10.10.9")
	}
	p.native(xTR1, "Gi1", "10.10.10.5", packet.Error(router, packet.HostUnreachable, 0, probe))
	p.check(p.net.Quiet(boot))
}

// TestTsharkData holds that tshark reads encapsulated and native packets without a complaint, down to the innermost checksum,
// names all their layers, and finds the TTLs and the stations of every hop.
func TestTsharkData(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	traffic(newPlane(t, w.Observe))
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data.pcapng")
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	bad := tshark(t, path, `_ws.malformed || _ws.expert.severity == error || ip.checksum.status == "Bad" || udp.checksum.status == "Bad"
		|| icmp.checksum.status == "Bad" || icmpv6.checksum.status == "Bad"`, "frame.number", "_ws.col.Info", "_ws.expert.message")
	if len(bad) > 0 {
		t.Errorf("tshark complains about %d packets: %v", len(bad), bad)
	}

	var hops []string
	seen := make(map[string]int)
	for _, row := range tshark(t, path, "frame", "frame.protocols", "icmp.type", "icmp.code", "icmp.mtu", "icmpv6.type", "icmpv6.code", "icmpv6.mtu",
		"lisp-data.nonce", "lisp-data.iid", "udp.checksum", "frame.comment", "ip.src", "ip.ttl", "ip.dsfield", "ip.id", "eth.src", "eth.dst") {
		s := strings.TrimPrefix(row[0], "eth:ethertype:")
		for i, name := range []string{"type", "code", "mtu", "type", "code", "mtu", "nonce", "iid", "sum", ""} {
			value := row[i+1]
			if name == "sum" && value != "0x0000" || value == "" { // a sum that is there is right
				continue
			}
			s += strings.TrimRight(" "+name, " ") + " " + value
		}
		seen[s]++
		if len(hops) < 6 {
			hops = append(hops, strings.Join(row[11:], " "))
		}
	}
	var got []string
	for _, s := range slices.Sorted(maps.Keys(seen)) {
		got = append(got, fmt.Sprintf("%d %s", seen[s], s))
	}
	if !slices.Equal(got, lines(tsharkSees)) {
		t.Errorf("tshark sees\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines(tsharkSees), "\n"))
	}

	// The first ping, there and back.
	want := []string{
		"10.10.10.5 64 0xb8 0x0001 02:00:0a:0a:0a:05 02:00:0a:0a:0a:01",
		"203.0.113.11,10.10.10.5 63,63 0xb8,0xb8 0x4001,0x0001 02:00:cb:00:71:0b 02:00:c6:33:64:15",
		"10.10.10.5 61 0xb8 0x0001 02:00:0a:1e:1e:01 02:00:0a:1e:1e:07",
		"10.30.30.7 64 0xb8 0x0001 02:00:0a:1e:1e:07 02:00:0a:1e:1e:01",
		"198.51.100.21,10.30.30.7 63,63 0xb8,0xb8 0x4002,0x0001 02:00:c6:33:64:15 02:00:cb:00:71:0b",
		"10.30.30.7 61 0xb8 0x0001 02:00:0a:0a:0a:01 02:00:0a:0a:0a:05",
	}
	if !slices.Equal(hops, want) {
		t.Errorf("hops\n%s\nwant\n%s", strings.Join(hops, "\n"), strings.Join(want, "\n"))
	}
}

// tsharkSees is how many packets of each kind the traffic has: their layers, and what is told of ICMP and LISP. Of a packet
// in fragments all but the last are "data"; the inner one in fragments is seen in the tunnel and behind it.
const tsharkSees = `
	4 ip:data
	14 ip:icmp:data type 0 code 0
	14 ip:icmp:data type 8 code 0
	1 ip:icmp:data type 8 code 0 lost: nobody answers for 10.10.10.9 at xTR1 Gi1
	1 ip:icmp:ip:udp type 11 code 0 sum 0x0000
	1 ip:icmp:ip:udp type 3 code 1
	1 ip:icmp:ip:udp type 3 code 13 sum 0x0000
	1 ip:icmp:ip:udp type 3 code 3
	1 ip:icmp:ip:udp type 3 code 4 mtu 1450 sum 0x0000
	1 ip:udp:data
	1 ip:udp:lisp-data:ip:data sum 0x0000
	1 ip:udp:lisp-data:ip:icmp:data type 0 code 0 iid 100 sum 0x0000
	1 ip:udp:lisp-data:ip:icmp:data type 0 code 0 nonce 1193046 sum 0x0000
	2 ip:udp:lisp-data:ip:icmp:data type 0 code 0 sum 0x0000
	1 ip:udp:lisp-data:ip:icmp:data type 8 code 0 iid 100 sum 0x0000
	1 ip:udp:lisp-data:ip:icmp:data type 8 code 0 nonce 1193046 sum 0x0000
	1 ip:udp:lisp-data:ip:icmp:data type 8 code 0 nonce 1193046 sum 0x0000 lost: 1454 bytes are more than the MTU of 1450 at core Gi2
	1 ip:udp:lisp-data:ip:icmp:data type 8 code 0 nonce 1193046 sum 0x0000 lost: the TTL ran out at core
	3 ip:udp:lisp-data:ip:icmp:data type 8 code 0 sum 0x0000
	1 ip:udp:lisp-data:ipv6:icmpv6:data type 128 code 0 iid 100 sum 0x0000
	1 ip:udp:lisp-data:ipv6:icmpv6:data type 128 code 0 nonce 1193046 sum 0x0000
	1 ip:udp:lisp-data:ipv6:icmpv6:data type 128 code 0 nonce 1193046 sum 0x0000 lost: an access list of core denies it into Gi1
	1 ip:udp:lisp-data:ipv6:icmpv6:data type 128 code 0 sum 0x0000
	1 ip:udp:lisp-data:ipv6:icmpv6:data type 129 code 0 iid 100 sum 0x0000
	1 ip:udp:lisp-data:ipv6:icmpv6:data type 129 code 0 nonce 1193046 sum 0x0000
	1 ip:udp:lisp-data:ipv6:icmpv6:data type 129 code 0 sum 0x0000
	12 ipv6:icmpv6:data type 128 code 0
	12 ipv6:icmpv6:data type 129 code 0
	1 ipv6:icmpv6:ipv6:udp:lisp-data:ip:icmp:data type 8 code 0 type 2 code 0 mtu 1450 nonce 1193046
	1 ipv6:icmpv6:ipv6:udp:lisp-data:ip:icmp:data type 8 code 0 type 3 code 0 nonce 1193046
	1 ipv6:icmpv6:ipv6:udp:lisp-data:ipv6:icmpv6:data type 1,128 code 1,0 nonce 1193046
	1 ipv6:udp:lisp-data:ip:icmp:data type 0 code 0
	1 ipv6:udp:lisp-data:ip:icmp:data type 0 code 0 iid 100
	1 ipv6:udp:lisp-data:ip:icmp:data type 0 code 0 nonce 1193046
	1 ipv6:udp:lisp-data:ip:icmp:data type 8 code 0
	1 ipv6:udp:lisp-data:ip:icmp:data type 8 code 0 iid 100
	1 ipv6:udp:lisp-data:ip:icmp:data type 8 code 0 nonce 1193046
	1 ipv6:udp:lisp-data:ip:icmp:data type 8 code 0 nonce 1193046 lost: 1474 bytes are more than the MTU of 1450 at core Gi2
	1 ipv6:udp:lisp-data:ip:icmp:data type 8 code 0 nonce 1193046 lost: the TTL ran out at core
	1 ipv6:udp:lisp-data:ipv6:icmpv6:data type 128 code 0
	1 ipv6:udp:lisp-data:ipv6:icmpv6:data type 128 code 0 iid 100
	1 ipv6:udp:lisp-data:ipv6:icmpv6:data type 128 code 0 nonce 1193046
	1 ipv6:udp:lisp-data:ipv6:icmpv6:data type 128 code 0 nonce 1193046 lost: an access list of core denies it into Gi1
	1 ipv6:udp:lisp-data:ipv6:icmpv6:data type 129 code 0
	1 ipv6:udp:lisp-data:ipv6:icmpv6:data type 129 code 0 iid 100
	1 ipv6:udp:lisp-data:ipv6:icmpv6:data type 129 code 0 nonce 1193046`

// lines splits a text into its lines.
func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// TestDataPackets shows what becomes of the events of forwarding.
func TestDataPackets(t *testing.T) {
	inner := packet.Echo(packet.Header{Source: netip.MustParseAddr("10.10.10.5"), Destination: netip.MustParseAddr("10.30.30.7"), TTL: 63}, false, 1, 1, make([]byte, 8))
	payload := forward.Encapsulate(nil, inner, nonce)
	from, to := netip.MustParseAddrPort("203.0.113.11:61441"), netip.MustParseAddrPort("198.51.100.21:4341")
	for _, row := range []struct {
		name  string
		event underlay.Event
		want  string
	}{
		{"a datagram has the header of its event", underlay.Event{Kind: underlay.Datagram, Src: from, Dst: to, TTL: 63, TOS: 0xb8, ID: 9, DF: true},
			"ttl 63 tos b8 id 9 DF sum 0, 44 bytes"},
		{"a datagram over IPv6 has a checksum", underlay.Event{Kind: underlay.Datagram, Src: v6(from), Dst: v6(to), TTL: 63, TOS: 0xb8},
			"ttl 63 tos b8 sum right, 44 bytes"},
		{"what the event leaves open is as for control messages", underlay.Event{Kind: underlay.Datagram, Src: from, Dst: to},
			"ttl 255 tos c0 id 1 sum 0, 44 bytes"},
		{"the MTU is that of the sender's interface", underlay.Event{Kind: underlay.Datagram, Src: from, Dst: to, TTL: 63, ID: 9, MTU: 68},
			"ttl 63 tos 00 id 9 at 0 of 48, more; ttl 63 tos 00 id 9 at 48 of 4"},
		{"what must not be fragmented is not", underlay.Event{Kind: underlay.DatagramDropped, Src: from, Dst: to, TTL: 63, ID: 9, MTU: 68, DF: true, Detail: "too long"},
			"ttl 63 tos 00 id 9 DF sum 0, 44 bytes (lost: too long)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.event.At, row.event.Payload = boot, payload
			var got []string
			for _, p := range read(t, record(t, []underlay.Event{row.event})) {
				got = append(got, header(t, p))
			}
			if s := strings.Join(got, "; "); s != row.want {
				t.Errorf("%s\nwant %s", s, row.want)
			}
		})
	}
}

// header tells what the IP and UDP headers of a packet say.
func header(t *testing.T, p captured) string {
	t.Helper()
	s := ""
	switch ip := p.NetworkLayer().(type) {
	case *layers.IPv4:
		s = fmt.Sprintf("ttl %d tos %02x id %d", ip.TTL, ip.TOS, ip.Id)
		if ip.Flags&layers.IPv4DontFragment != 0 {
			s += " DF"
		}
		if more := ip.Flags&layers.IPv4MoreFragments != 0; more || ip.FragOffset > 0 {
			s += fmt.Sprintf(" at %d of %d", ip.FragOffset*8, len(ip.Payload))
			if more {
				s += ", more"
			}
			return s
		}
	case *layers.IPv6:
		s = fmt.Sprintf("ttl %d tos %02x", ip.HopLimit, ip.TrafficClass)
	}
	udp := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if udp.Checksum == 0 {
		s += " sum 0"
	} else {
		if err := udp.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
			t.Fatal(err)
		}
		if err, wrong := udp.VerifyChecksum(); err == nil && wrong.Valid {
			s += " sum right"
		}
	}
	s += fmt.Sprintf(", %d bytes", len(udp.Payload))
	if p.comment != "" {
		s += " (" + p.comment + ")"
	}
	return s
}

// A packet that is none can't be written, and says so.
func TestNoPacket(t *testing.T) {
	w, err := NewWriter(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	w.Observe(underlay.Event{At: boot, Kind: underlay.PacketDropped, Payload: []byte("?")})
	if err := w.Flush(); err == nil || !strings.Contains(err.Error(), "it is no IP packet") {
		t.Errorf("error %v", err)
	}
}

package underlay

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
)

// HostInterface is the name of a host's only interface.
const HostInterface = "eth0"

// Host is a machine on the LAN behind a router's interface. It has no sockets: all it does is to send and to receive IP
// packets. Its line is up while it has power and the router's interface is up.
type Host struct {
	Name  string
	Addrs []netip.Prefix // with their lengths, not masked
	Port  Port           // the router's interface that it is plugged into
}

// addHosts makes the nodes of the hosts. Their connected networks are all that they route by, until Configure gives them
// more.
func (n *model) addHosts(hosts []Host) {
	for i := range hosts {
		h := &hosts[i]
		n.nodes = append(n.nodes, &node{
			index: len(n.nodes), name: h.Name, host: h,
			routing: Routing{Interfaces: []Interface{{Name: HostInterface, Addrs: slices.Clone(h.Addrs)}}},
		})
	}
}

// neighbors are the other ends of the segment at a port whose line is up: that of the cable, then the hosts.
//
//	xTR1 Gi0/1 ----+----+----        a router's interface, a cable to another one, hosts: one segment
//	              h1   h2
func (n *model) neighbors(p Port) []Port {
	if list, known := n.near[p]; known {
		return list
	}
	near := p
	if h := n.nodes[p.Node].host; h != nil {
		near = h.Port
	}
	ports := []Port{near}
	for _, l := range n.links {
		switch {
		case !l.Up:
		case l.A == near:
			ports = append(ports, l.B)
		case l.B == near:
			ports = append(ports, l.A)
		}
	}
	for _, nd := range n.nodes {
		if nd.host != nil && slices.Contains(ports, nd.host.Port) {
			ports = append(ports, Port{nd.index, HostInterface})
		}
	}
	ports = slices.DeleteFunc(ports, func(o Port) bool { return o == p || !n.LineUp(o.Node, o.Interface) })
	n.near[p] = ports
	return ports
}

// neighbor finds who takes a packet that is handed to an address on the segment: the one that bears it; else a router that
// answers ARP in its place. Of a route out of an interface without a next hop that is whatever router is there, and of an
// address in the segment's own network one that knows a better way to it.
func (n *model) neighbor(out Port, next netip.Addr, proxy bool) (Port, bool) {
	list := n.neighbors(out)
	for _, p := range list {
		nd := n.nodes[p.Node]
		if nd.vrf(nd.iface(p.Interface).VRF).own[next] == p.Interface {
			return p, true
		}
	}
	for _, p := range list {
		if n.nodes[p.Node].host == nil && (proxy || n.answersFor(p, next)) {
			return p, true
		}
	}
	return Port{}, false
}

// answersFor tells whether a router answers ARP for an address in the network of one of its interfaces that nobody there
// bears: when a longer route leads out by another interface, or into Null0, by which a proxy ITR draws the packets for a
// LISP site. It is what IOS does unless told otherwise; of IPv6 there is no such thing.
func (n *model) answersFor(p Port, a netip.Addr) bool {
	nd := n.nodes[p.Node]
	route, ok := n.Lookup(p.Node, nd.iface(p.Interface).VRF, a)
	return ok && a.Is4() && route.Kind != RouteLocal && route.Interface != p.Interface
}

// Neighbor finds who takes a packet that a node hands to an address out of an interface; false when nobody does.
func (n *model) Neighbor(node int, iface string, next netip.Addr) (Port, bool) {
	onLink := slices.ContainsFunc(n.nodes[node].iface(iface).Addrs, func(a netip.Prefix) bool { return a.Masked().Contains(next) })
	if !n.LineUp(node, iface) {
		return Port{}, false
	}
	return n.neighbor(Port{node, iface}, next, !onLink)
}

// sendPacket carries an IP packet across one segment. A next hop that lies in no network of the interface is the doing of a
// route out of the interface without a next hop.
func (n *Network) sendPacket(now time.Time, from *node, out lispcore.SendPacket) {
	src, dst, _ := endpoints(out.Data)
	iface := from.iface(out.Interface)
	event := Event{
		At: now, Kind: Packet, Src: src, Dst: dst, Payload: out.Data, Node: from.index, Interface: out.Interface,
		To: out.NextHop, MTU: iface.mtu(),
	}
	if !event.To.IsValid() {
		event.To = dst.Addr()
	}
	event.From, _ = iface.addr(event.To.Is4())
	at, ok := n.Neighbor(from.index, out.Interface, event.To)
	if !ok {
		n.stats.PacketsDropped++
		event.Kind, event.Detail = PacketDropped, "nobody answers for "+event.To.String()+" at "+from.name+" "+out.Interface
		n.observe(event)
		n.out = append(n.out, Delivery{from.index, lispcore.PacketFailed{Reason: lispcore.FailNoHost, Interface: out.Interface, Data: out.Data}})
		return
	}
	if !n.unimpaired() && n.impairPacket(now, from, out, event, at) {
		return
	}
	n.landPacket(event, at, out.Data)
}

// landPacket ends the way of a packet over a segment.
func (n *Network) landPacket(event Event, at Port, data []byte) {
	n.stats.Packets++
	n.crosses(&event, at)
	n.observe(event)
	// The receiver's packet is its own: it counts down the TTL in place.
	n.out = append(n.out, Delivery{at.Node, lispcore.PacketReceived{Interface: at.Interface, Data: slices.Clone(data)}})
}

// crosses gives the event of a native packet its way.
func (n *Network) crosses(event *Event, to Port) {
	n.crossing[0] = Hop{From: Port{event.Node, event.Interface}, To: to, Sender: event.From, Receiver: event.To, MTU: event.MTU}
	event.Way = n.crossing[:]
}

// endpoints reads the addresses and the protocol of an IP packet, and the ports where its first bytes behind the header are
// those of UDP or TCP. What is too short for that has none.
func endpoints(b []byte) (src, dst netip.AddrPort, protocol uint8) {
	var from, to netip.Addr
	var rest []byte
	switch {
	case len(b) >= ipv4Header && b[0]>>4 == 4:
		from, to = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		if size := int(b[0]&15) * 4; size <= len(b) && binary.BigEndian.Uint16(b[6:])&0x1fff == 0 {
			protocol, rest = b[9], b[size:]
		}
	case len(b) >= ipv6Header && b[0]>>4 == 6:
		from, to = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		protocol, rest = b[6], b[ipv6Header:]
	}
	if (protocol == protocolUDP || protocol == protocolTCP) && len(rest) >= 4 {
		return netip.AddrPortFrom(from, binary.BigEndian.Uint16(rest)), netip.AddrPortFrom(to, binary.BigEndian.Uint16(rest[2:])), protocol
	}
	return netip.AddrPortFrom(from, 0), netip.AddrPortFrom(to, 0), protocol
}

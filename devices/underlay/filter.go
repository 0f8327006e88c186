package underlay

import (
	"net/netip"

	"lisplab/lispcore/forward"
)

// FlowInfo is what an access list sees of a packet.
type FlowInfo struct {
	Protocol            uint8          // of IP: 6 is TCP, 17 is UDP
	Source, Destination netip.AddrPort // with port 0 where there is none
	Fragment            bool           // not the first: nobody knows its ports
	Flags               TCPFlags       // of TCP
	// Packets is how many packets like it are on their way: what a list adds to its hits. 0 only asks what would become of
	// one, and leaves no trace.
	Packets int
}

// FlowOf is what an access list sees of some packets like b, which forward.Parse has read.
func FlowOf(p forward.Packet, b []byte, packets int) FlowInfo {
	f := FlowInfo{
		Protocol: p.Protocol, Source: netip.AddrPortFrom(p.Source, p.SourcePort), Destination: netip.AddrPortFrom(p.Destination, p.DestinationPort),
		Fragment: p.FragmentOffset > 0, Packets: packets,
	}
	if flags := p.HeaderLen + tcpFlagsAt; p.Protocol == protocolTCP && !f.Fragment && flags < p.Length {
		f.Flags = TCPFlags(b[flags])
	}
	return f
}

// Filter is the access lists of routers: it tells whether the one at an interface permits a packet on the way in, or out. As on
// IOS, the one on the way out is not asked about what its own router has made.
type Filter func(node int, iface string, out bool, p FlowInfo) (permit bool)

// permitted asks the access list of an interface; hosts have none.
func (n *model) permitted(at Port, out bool, p FlowInfo) bool {
	return n.filter == nil || n.nodes[at.Node].host != nil || n.filter(at.Node, at.Interface, out, p)
}

// frameDenied asks the access list of an interface about a frame that leaves its node there, or is to come in. It returns the
// packet that the list denies. What is no IP packet no list is asked about, nor, on the way out, what the node itself has made,
// which its source tells.
func (n *model) frameDenied(at Port, out bool, frame []byte) (denied []byte, ok bool) {
	nd := n.nodes[at.Node]
	iface := nd.iface(at.Interface)
	if !iface.Filtered || !n.LineUp(at.Node, at.Interface) {
		return nil, false
	}
	p, isIP := packetIn(frame)
	if !isIP || out && nd.owns(iface.VRF, p.Source) || n.permitted(at, out, FlowOf(p.Packet, p.data, 1)) {
		return nil, false
	}
	return p.data[:p.Length], true
}

// The protocols of FlowInfo, and of what an impaired link changes.
const (
	protocolICMP  = 1
	protocolTCP   = 6
	protocolUDP   = 17
	protocolICMP6 = 58
)

// tcpFlagsAt is where a TCP header has its flags.
const tcpFlagsAt = 13

// TCPFlags are the flags of a TCP header, as bits of its fourteenth byte.
type TCPFlags uint8

// The flags (RFC 9293 section 3.1).
const (
	FIN TCPFlags = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// Established tells whether an access list takes the segment for one of a connection that stands: `established` asks for ACK
// or RST.
func (f TCPFlags) Established() bool { return f&(ACK|RST) != 0 }

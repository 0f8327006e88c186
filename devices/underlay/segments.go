package underlay

import (
	"net/netip"

	"lisplab/lispcore"
)

// segment takes one TCP segment, or several that are alike, along their way.
func (n *Network) segment(node int, vrf string, f FlowInfo) verdict {
	f.Protocol = protocolTCP
	return n.pass(n.path(node, vrf, f.Destination.Addr()), parcel{FlowInfo: f, ttl: controlTTL})
}

// segments takes some segments of a connection from e to its peer, past the access lists; with 0 it only asks.
func (n *Network) segments(e *end, flags TCPFlags, count int) verdict {
	return n.segment(e.node, e.vrf, FlowInfo{Source: e.addr, Destination: e.peer().addr, Flags: flags, Packets: count})
}

// segmentCount is how many segments carry some bytes over a path of DefaultMTU.
func segmentCount(e *end, bytes int) int {
	size := segmentSize(e.addr)
	return (bytes + size - 1) / size
}

// segmentSize is how many bytes of a stream a segment carries.
func segmentSize(a netip.AddrPort) int { return DefaultMTU - segmentHeaders(a) }

// segmentHeaders is how many bytes stand before them.
func segmentHeaders(a netip.AddrPort) int {
	if a.Addr().Is4() {
		return ipv4Header + tcpHeader
	}
	return ipv6Header + tcpHeader
}

// sendInVain is the first transmission of what must wait for the path: the access lists up to where it breaks see it.
func (n *Network) sendInVain(e *end, out lispcore.Output) {
	switch out := out.(type) {
	case lispcore.WriteStream:
		n.segments(e, ACK, segmentCount(e, len(out.Data)))
	case lispcore.CloseStream:
		flags := FIN | ACK
		if out.Abort {
			flags = RST | ACK
		}
		n.segments(e, flags, 1)
	}
}

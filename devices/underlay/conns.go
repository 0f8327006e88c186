package underlay

import (
	"maps"
	"net/netip"
	"slices"

	"lisplab/lispcore"
)

// TCPState is how far a connection of a router has come (RFC 9293 section 3.3.2).
type TCPState uint8

// The states that last: everything between them passes at one instant of lab time.
const (
	TCPListen TCPState = iota + 1
	TCPSynSent
	TCPEstablished
	TCPFinWait1 // a FIN of the router's own has no answer
)

// String returns the state in IOS's words.
func (s TCPState) String() string {
	switch s {
	case TCPListen:
		return "LISTEN"
	case TCPSynSent:
		return "SYNSENT"
	case TCPEstablished:
		return "ESTAB"
	case TCPFinWait1:
		return "FINWAIT1"
	}
	return "CLOSED"
}

// ConnState is one TCP connection of a router, or its listener on TCP 4342: that has the port in Local, no address there,
// and the zero Remote.
type ConnState struct {
	Local, Remote netip.AddrPort
	State         TCPState
	Stream        lispcore.StreamID // the router's name for it; 0 for a listener
}

// Conns returns the TCP connections of a router: those that it is still dialling, those that stand, each in the order of the
// dials, and its listener. Other ports than 4342 have no
// listener that lasts: who answers Config.Takes knows them.
func (n *Network) Conns(node int) []ConnState {
	var list []ConnState
	nd := n.nodes[node]
	for _, id := range slices.Sorted(maps.Keys(n.dials)) {
		if d := n.dials[id]; d.node == node {
			list = append(list, ConnState{d.src, d.dst, TCPSynSent, d.stream})
		}
	}
	for _, id := range n.order {
		for _, e := range n.conns[id].ends {
			if e.node != node || e.dead {
				continue
			}
			s := ConnState{e.addr, e.peer().addr, TCPEstablished, e.stream}
			if e.silent {
				s.State = TCPFinWait1
			}
			list = append(list, s)
		}
	}
	if nd.tcp.listener != nil {
		list = append(list, ConnState{Local: netip.AddrPortFrom(netip.Addr{}, lispcore.ControlPort), State: TCPListen})
	}
	return list
}

// UDPPorts returns the UDP ports at which a router takes datagrams, ascending.
func (n *Network) UDPPorts(node int) []uint16 {
	var ports []uint16
	if n.nodes[node].data != nil {
		ports = append(ports, lispcore.DataPort)
	}
	if n.nodes[node].receives {
		ports = append(ports, lispcore.ControlPort)
	}
	return ports
}

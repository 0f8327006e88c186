package underlay

import "net/netip"

// FlowInfo is what an access list sees of a packet.
type FlowInfo struct {
	Protocol            uint8 // of IP: 6 is TCP, 17 is UDP
	Source, Destination netip.AddrPort
	Flags               TCPFlags // of TCP
	// Packets is how many packets like it are on their way: what a list adds to its hits. 0 only asks what would become of
	// one, and leaves no trace.
	Packets int
}

// The protocols of FlowInfo.
const (
	protocolTCP = 6
	protocolUDP = 17
)

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

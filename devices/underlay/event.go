package underlay

import (
	"fmt"
	"net/netip"
	"time"
)

// EventKind says what happened between two sockets of the lab.
type EventKind uint8

const (
	// Datagram: one UDP payload was written, read and handed to the destination.
	Datagram EventKind = iota + 1
	// DatagramDropped: a UDP payload was not delivered; Detail says why and where. Nothing was written to the kernel.
	DatagramDropped
	// Dial: a SYN. Detail is set when it is lost; a DialTimeout of the same Conn follows then.
	Dial
	// DialTimeout: the SYN had no answer.
	DialTimeout
	// NoRoute: a dial that never left the router; Detail says why. No packet.
	NoRoute
	// Accept: the SYN-ACK (Src is the listener) and the ACK that answers it. The connection stands.
	Accept
	// Refuse: a RST in answer to the SYN (Src is the address without a listener).
	Refuse
	// Data: the bytes of one write arrived.
	Data
	// Close: a FIN from Src. An orderly close is two of them: the closer's, then the one that answers it.
	Close
	// Reset: a RST from Src.
	Reset
	// Lost: the connection ended at both ends without a packet, because its peer or its path was gone for too long. Src is the
	// side that dialled.
	Lost
	// Packet: one IP packet crossed one segment natively: Payload is the packet, Src and Dst are its own, with the ports of UDP
	// and TCP where it shows them.
	Packet
	// PacketDropped: an IP packet that nobody on the segment took; Detail says why.
	PacketDropped
	// SegmentLost: some bytes of a write were sent in one TCP segment that did not arrive; Detail says why. They are sent again.
	SegmentLost
)

var eventNames = [...]string{"", "datagram", "datagram dropped", "dial", "dial timeout", "no route", "accept", "refuse", "data", "close", "reset", "lost",
	"packet", "packet dropped", "segment lost"}

// String returns the kind in words.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// Fate is what becomes of a packet on a segment that it is to cross.
type Fate uint8

// The fates.
const (
	CameIn        Fate = iota // its receiver has it, whatever happens there
	QueueFull                 // it never left: the queue of the link had no room
	LostOnLink                // it left, and vanished
	DamagedOnLink             // it left, and the port that it reached dropped it, for a byte was changed
)

// Event is one thing that happened between two sockets, told in the lab's own addresses, ports and sequence numbers.
// Kernel addresses and ports never stand in it. The events of a run, in order, are its trace.
type Event struct {
	At       time.Time // lab time: of the arrival, or of the loss
	Kind     EventKind
	Src, Dst netip.AddrPort
	// Conn names a TCP connection attempt, counted from 1 in a lab; 0 for datagrams.
	Conn uint64
	// Seq is the sequence number of the (first byte of the) segment, Ack the acknowledgment number it carries, where TCP has
	// them: Dial carries the dialler's initial sequence number in Seq; Accept the listener's in Seq.
	Seq, Ack uint32
	// Payload is the UDP payload, the bytes of the write, or the IP packet, before any tampering. It is valid only during
	// Observe.
	Payload []byte
	Detail  string

	// Damaged: the UDP or TCP checksum of what did not arrive was wrong.
	Damaged bool
	// Twice and Late tell how impaired links have treated the segments of a Data event: the last one came twice, the first one
	// came last.
	Twice, Late bool
	// Fate is what became of the packet on the last segment of Way.
	Fate Fate

	// Node and Interface are the sender and where its packet left it; Interface is "" where no packet did, or none is known.
	Node      int
	Interface string
	// TTL, TOS, DF and ID are what a datagram's IP header bears as it leaves its sender (an ID for IPv4 only), and MTU the
	// interface's, above which it goes in fragments.
	TTL, TOS uint8
	DF       bool
	ID       uint16
	MTU      int
	// From and To are the neighbours on the segment that a Packet crosses: the sender's address there, and the one that the
	// packet is handed to.
	From, To netip.Addr

	// Way is what the packet crosses, segment by segment, as far as it gets: empty for one that leaves no interface. For TCP
	// it is the way of the segments of Src, and Back that of the segments by which Dst answers them.
	Way, Back []Hop
}

// Hop is the crossing of one segment by a packet: out of an interface of one node, into one of its neighbour. A packet on
// its hop number i, from 0, has lost i of the TTL that its sender gave it.
type Hop struct {
	From, To         Port
	Sender, Receiver netip.Addr // the neighbours' addresses on the segment; an interface without one of the family has none
	MTU              int        // of From: the longest IP packet, in bytes
}

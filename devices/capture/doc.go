// Package capture writes what passed between the routers of a lab into a pcapng file, as a tap on every wire would have
// seen it.
//
// The story: the lab carries its messages over loopback sockets, whose packets show kernel addresses, kernel ports and
// kernel time. The underlay tells every delivery as an event in the lab's own words; this package writes the packets that
// routers would have exchanged to bring that event about.
//
//	underlay.Event                packets
//	--------------                -------
//	Datagram            ->        UDP                (IP fragments above the sender's MTU)
//	DatagramDropped     ->        UDP, with the packet comment "lost: " and the reason
//	Packet              ->        itself
//	PacketDropped       ->        itself, with such a comment
//	Dial                ->        SYN                (lost ones with a packet comment)
//	Accept              ->        SYN-ACK, ACK
//	Refuse              ->        RST-ACK
//	Data                ->        segments of at most the MSS, an ACK for every second one and the last
//	Close               ->        FIN-ACK, ACK
//	Reset               ->        RST-ACK
//	SegmentLost         ->        one segment, with such a comment; it is sent again
//	DialTimeout, Lost   ->        nothing: no packet said so
//
// Headers of control messages are those of IOS: TTL 255, TOS 0xc0, MSS 1460 (1440 over IPv6), window 16384; encapsulated
// packets have the TTL, TOS, identification and DF of their event, and over IPv4 no UDP checksum. Ethernet addresses
// follow from IP addresses. Timestamps are lab time, so the packets of one exchange share an instant. The same events
// always give the same bytes, and nothing of the host stands in the file.
//
// There are two views. A Writer has the whole lab in one file: what crosses the lab's sockets is written once, from the
// sender to the receiver, with the TTL of its first hop, and a native packet at every segment that it crosses. Wires have the
// lab's segments one by one: each packet on every hop of its way, with the TTL that it has there, in the fragments that it is
// in there, between the Ethernet addresses of the two neighbours. Any number of taps may watch them, from any instant on, and
// see the same frames: those of a link, of a router's interfaces (Wires.Write), or of a router's own `monitor capture`.
//
// What no tap can see: a packet that a router sends to itself, and one that its sender could not send.
package capture

// Package underlay is the network under LISP: links, LAN segments, interfaces, routing tables, faults, and the kernel
// sockets that carry what gets through.
//
// The story: whether a packet arrives is decided by a model, and what arrives at a socket has crossed a real one. A Network
// is used by one goroutine in lock-step: one call carries one output of one node to its destination, and returns what
// nodes are to be told.
//
//	output of a router                                          input of a router
//	       |                                                            ^
//	       v                                                            |
//	  walk hop by hop --> no: drop and tell, or wait for the path   compare source and bytes
//	       | yes                                                        ^
//	       v                                                            |
//	write to its socket  == kernel, 127.B.0.0/16, port 4342, 4341 ==> read the destination's socket
//
// The walk asks at each router for a route in the VRF of the interface that the packet came by, then the packet's TTL, the
// MTU and the access lists. A datagram that goes no further is told to the router where it ended, which may answer by ICMP.
// Native packets (SendPacket) cross one segment a call, to a router or a host on it, and no kernel: who forwards them is
// package devices.
//
// There is no reader goroutine: on loopback a write has arrived when it returns, so the same goroutine reads it next. A
// delivery that does not show within Config.Patience of wall time is a fault that names it.
//
// TCP under faults. A connection whose peer has lost power or whose path is broken, be it by an access list, keeps its
// bytes, closes and resets until the path returns; after 120 s it ends at both sides at once (keepalive: 60 s idle and six
// probes of 10 s). Probes run from the last traffic or answered probe. A router that lost power and came back knows its old
// connections no more: the survivor's next write or probe is answered by a reset. A SYN that has no way is not sent again; the
// dial fails after 30 s, which is the default of IOS's `ip tcp synwait-time`.
//
// Impaired links (impair.go). A cable may delay, lose, double, reorder, change or block what crosses it, in each direction by
// itself; what becomes of a packet is drawn from Config.Chance when it leaves its sender, for all links of its way, and it
// crosses the kernel when it arrives: the event of a packet bears the instant of its arrival, or of its loss. Of TCP the
// segments of each write are drawn for, and sent again until all have passed; the bytes are handed over together, after those
// that were written before. A SYN that is lost by chance is sent again within its 30 s. Probes are not drawn for: a session
// ends only where nothing passes at all. What a link does to a packet of the model it does, by the same draws, to an Ethernet
// frame of a real one (treat.go).
//
// Counters (counters.go). Every event tells which segments its packets have crossed, and how the last one ended; the ports count
// by that, and captures show it, so that the two agree frame by frame.
//
// Two more networks take the same outputs in real time, where what is sent arrives by itself: Kernel (kernel.go), of routers in
// namespaces, to whose networks it does what the model says, and whose impaired links and access lists have frames treated one
// by one (wire.go, treat.go, filter.go), though their TCP is the kernel's; and Machine (machine.go), of one router at the
// machine's own addresses, which sees to nothing but the router's sockets, and to the machine's packets if it is given a Ground.
//
// Kernel addresses and ports never leave this package: events and inputs speak of the lab's own.
package underlay

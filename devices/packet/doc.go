// Package packet builds and reads the IP packets that routers and hosts send for themselves: ICMP and ICMPv6 echoes and
// errors, and UDP probes.
//
// The story: what travels natively in a lab is a []byte that begins with an IP header. The builders here make one, with
// right lengths and checksums; Parse says what one means to the node that it is for:
//
//	Header + Echo, UDP, Error ──> [IP | ICMP or UDP | data] ──> Parse ──> Message
//
// Forwarding needs none of this: package lispcore/forward reads what a router must know of packets of others. Fragments of
// one packet are put together again by a Reassembly, which keeps few of them.
package packet

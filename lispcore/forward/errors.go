package forward

import "errors"

// What can be wrong with a packet. The errors are plain values, so that a flood of bad packets makes no garbage; those of
// the LISP header are wire's.
var (
	// ErrShort: the packet ends before its own header says so.
	ErrShort = errors.New("short packet")
	// ErrVersion: neither IPv4 nor IPv6.
	ErrVersion = errors.New("not an IP packet")
	// ErrLength: the lengths in the header contradict each other, or a fragment would end beyond 65,535 bytes.
	ErrLength = errors.New("bad length in the IP header")
	// ErrChecksum: the checksum of the IPv4 header is wrong.
	ErrChecksum = errors.New("wrong IPv4 header checksum")
	// ErrCongestion: congestion was marked on the way through the tunnel, and the sender doesn't understand the mark (RFC
	// 6040 section 4.2): the packet is to be dropped, as a router without ECN would have done.
	ErrCongestion = errors.New("congestion was experienced by a packet that is not ECN-capable")
	// ErrDontFragment: the packet is too big, and is not to be fragmented: IPv6, or IPv4 with DF.
	ErrDontFragment = errors.New("larger than the MTU, and not to be fragmented")
	// ErrMTU: the MTU has no room for a header and 8 bytes.
	ErrMTU = errors.New("MTU too small for any fragment")
)

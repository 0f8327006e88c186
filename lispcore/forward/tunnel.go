package forward

import (
	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// Overhead is what encapsulation adds to a packet, in bytes: outer IP header, UDP header and LISP header. An outer MTU of L
// leaves L - Overhead for the inner packet (RFC 9300 section 7.1).
func Overhead(outer lispcore.Family) int {
	if outer == lispcore.IPv6 {
		return ipv6HeaderLen + udpHeaderLen + wire.DataHeaderSize
	}
	return ipv4HeaderLen + udpHeaderLen + wire.DataHeaderSize
}

// Encapsulate appends the payload of the outer UDP datagram to dst: the LISP header and the inner packet as it is.
func Encapsulate(dst []byte, inner []byte, h wire.DataHeader) []byte {
	return append(h.Append(dst), inner...)
}

// OuterFields returns the TTL and the TOS of the outer IP header: those of the inner one after the router has counted it
// down (RFC 9300 section 5.3). The ECN bits are copied too, which is the normal mode of RFC 6040 section 4.1.
func OuterFields(inner Packet) (ttl, tos uint8) { return inner.TTL, inner.TOS }

// Decapsulate takes the payload of a UDP datagram to port 4341 apart. outerTTL and outerTOS are those of the outer IP
// header as it arrived. The inner packet, a part of payload, is changed in place as RFC 9300 section 5.3 asks: the TTL
// becomes the outer one if that is smaller (not without propagateTTL), the DSCP becomes the outer one, the ECN bits are
// joined by RFC 6040 section 4.2; the IPv4 header checksum stays right.
//
// An error is wire's *Error about the LISP header, an error of Parse about the inner packet, or ErrCongestion; payload is
// then unchanged, and inner nil.
func Decapsulate(payload []byte, outerTTL, outerTOS uint8, propagateTTL bool) (h wire.DataHeader, inner []byte, err error) {
	if err := h.Parse(payload); err != nil {
		return h, nil, err
	}
	inner = payload[wire.DataHeaderSize:]
	p, err := Parse(inner)
	if err != nil {
		return h, nil, err
	}
	ecn, ok := joinECN(p.TOS, outerTOS)
	if !ok {
		return h, nil, ErrCongestion
	}
	inner = inner[:p.Length]
	if tos := outerTOS&^ecnMask | ecn; tos != p.TOS {
		setTOS(inner, tos)
	}
	if propagateTTL && outerTTL < p.TTL {
		setTTL(inner, outerTTL)
	}
	return h, inner, nil
}

package forward

import (
	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// Overhead is what encapsulation adds, in bytes: outer IP header, UDP header, LISP header.
func Overhead(outer lispcore.Family) int { return 0 }

// Encapsulate appends the UDP payload: the LISP header and the inner packet.
func Encapsulate(dst []byte, inner []byte, h wire.DataHeader) []byte { return dst }

// OuterFields returns TTL and TOS of the outer IP header.
func OuterFields(inner Packet) (ttl, tos uint8) { return 0, 0 }

// Decapsulate takes a UDP payload apart; the inner packet is put right in place.
func Decapsulate(payload []byte, outerTTL, outerTOS uint8, propagateTTL bool) (h wire.DataHeader, inner []byte, err error) {
	return h, nil, nil
}

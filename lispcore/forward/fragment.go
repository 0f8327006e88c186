package forward

import (
	"encoding/binary"

	"lisplab/lispcore/checksum"
)

// Fragment appends an IPv4 packet to dst in pieces of at most mtu bytes: as few as will do, and of equal size, which is two
// halves for a packet that is a little too big for its tunnel (RFC 9300 section 7.1), so that no piece has to be cut again
// a hop later. A packet that fits is one piece. The pieces are copies, and b is never changed; where dst has capacity to
// spare, the slices that lie there are written over (but for b's own memory), so a caller that passes the last result's
// dst[:0] allocates nothing.
//
// IPv6 packets and those with DF are ErrDontFragment, unless they fit.
func Fragment(dst [][]byte, b []byte, mtu int) ([][]byte, error) {
	p, err := Parse(b)
	if err != nil {
		return dst, err
	}
	if p.Length <= mtu {
		return appendPiece(dst, b, b[:p.Length], nil), nil
	}
	if p.Version == 6 || p.DF {
		return dst, ErrDontFragment
	}
	room := (mtu - p.HeaderLen) / fragmentUnit * fragmentUnit
	if room <= 0 {
		return dst, ErrMTU
	}
	payload := b[p.HeaderLen:p.Length]
	size := PieceSize(len(payload), room)

	var laterHeader [60]byte // the longest that IHL can say
	later := copiedHeader(laterHeader[:0], b[:p.HeaderLen])
	header := b[:p.HeaderLen]
	for at := 0; at < len(payload); at += size {
		end := min(at+size, len(payload))
		dst = appendPiece(dst, b, header, payload[at:end])
		finishPiece(dst[len(dst)-1], len(header), p.FragmentOffset+at, p.MF || end < len(payload))
		header = later
	}
	return dst, nil
}

// PieceSize is how much of a payload each of its fragments carries but the last, where the MTU leaves room for so much: the
// pieces are as even as they can be. All are in bytes.
func PieceSize(payload, room int) int {
	return ceilDiv(ceilDiv(payload, ceilDiv(payload, room)), fragmentUnit) * fragmentUnit
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// appendPiece appends header and payload, which are parts of b, as one slice, into memory that is already there if
// possible.
func appendPiece(dst [][]byte, b, header, payload []byte) [][]byte {
	if len(dst) < cap(dst) {
		dst = dst[:len(dst)+1]
	} else {
		dst = append(dst, nil)
	}
	last := &dst[len(dst)-1]
	if need := len(header) + len(payload); cap(*last) < need || sameArray(*last, b) {
		*last = make([]byte, 0, need)
	}
	*last = append(append((*last)[:0], header...), payload...)
	return dst
}

// sameArray tells whether two slices reach to the end of one array, as all slices of a packet do.
func sameArray(a, b []byte) bool {
	return cap(a) > 0 && cap(b) > 0 && &a[:cap(a)][cap(a)-1] == &b[:cap(b)][cap(b)-1]
}

// finishPiece fills in what the pieces of a packet do not share.
func finishPiece(b []byte, headerLen, offset int, more bool) {
	fragment := uint16(offset / fragmentUnit)
	if more {
		fragment |= flagMF
	}
	b[0] = 4<<4 | uint8(headerLen/4)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint16(b[ipv4Fragment:], fragment)
	binary.BigEndian.PutUint16(b[ipv4Checksum:], 0)
	binary.BigEndian.PutUint16(b[ipv4Checksum:], checksum.Sum(0, b[:headerLen]))
}

// Options of IPv4 (RFC 791 section 3.1).
const (
	optionEnd    = 0
	optionNop    = 1
	optionCopied = 1 << 7 // the option goes into every fragment
)

// copiedHeader appends the header of all fragments but the first: without the options that only the first one has.
func copiedHeader(dst, header []byte) []byte {
	dst = append(dst, header[:ipv4HeaderLen]...)
	for rest := header[ipv4HeaderLen:]; len(rest) > 0 && rest[0] != optionEnd; {
		n := 1
		if rest[0] != optionNop {
			if len(rest) < 2 || rest[1] < 2 || int(rest[1]) > len(rest) {
				break // no router can know where the next option begins
			}
			n = int(rest[1])
		}
		if rest[0]&optionCopied != 0 {
			dst = append(dst, rest[:n]...)
		}
		rest = rest[n:]
	}
	for len(dst)%4 != 0 {
		dst = append(dst, optionEnd)
	}
	return dst
}

package forward

import (
	"encoding/binary"

	"lisplab/lispcore/checksum"
)

// DecrementTTL counts the TTL (IPv6: Hop Limit) of a packet down in place, as a router does that forwards it, and brings
// the IPv4 header checksum up to date. It is false when the TTL runs out (RFC 1812 section 5.3.1): then, and when b is no
// IP packet, nothing is changed.
func DecrementTTL(b []byte) bool {
	ttl, ok := ttlOf(b)
	if !ok || ttl <= 1 {
		return false
	}
	setTTL(b, ttl-1)
	return true
}

func ttlOf(b []byte) (ttl uint8, ok bool) {
	switch {
	case len(b) >= ipv4HeaderLen && b[0]>>4 == 4:
		return b[ipv4TTL], true
	case len(b) >= ipv6HeaderLen && b[0]>>4 == 6:
		return b[ipv6HopLimit], true
	}
	return 0, false
}

// setTTL overwrites the TTL of a packet that has a whole header.
func setTTL(b []byte, ttl uint8) {
	if b[0]>>4 == 6 {
		b[ipv6HopLimit] = ttl
		return
	}
	setIPv4Word(b, ipv4TTL, uint16(ttl)<<8|uint16(b[ipv4TTL+1]))
}

// setTOS overwrites the TOS (IPv6: Traffic Class) of a packet that has a whole header.
func setTOS(b []byte, tos uint8) {
	if b[0]>>4 == 6 {
		b[0] = b[0]&0xf0 | tos>>4
		b[1] = tos<<4 | b[1]&0x0f
		return
	}
	setIPv4Word(b, 0, uint16(b[0])<<8|uint16(tos))
}

// setIPv4Word overwrites the 16 bits at off of an IPv4 header, and what they change of the checksum.
func setIPv4Word(b []byte, off int, word uint16) {
	sum := checksum.Update(binary.BigEndian.Uint16(b[ipv4Checksum:]), binary.BigEndian.Uint16(b[off:]), word)
	binary.BigEndian.PutUint16(b[off:], word)
	binary.BigEndian.PutUint16(b[ipv4Checksum:], sum)
}

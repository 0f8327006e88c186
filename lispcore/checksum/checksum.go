// Package checksum is the Internet checksum (RFC 1071), which IPv4 headers, UDP, TCP and ICMP have.
package checksum

// Sum returns the checksum of b; sum is the unfolded 16-bit sum of what comes before it, for a pseudo-header. Over bytes
// that hold their own right checksum it is 0.
func Sum(sum uint32, b []byte) uint16 { return ^uint16(Partial(sum, b)) }

// Partial is Sum before its complement, a 16-bit number: what the next part of a whole in several parts begins with. All but
// the last have an even length.
func Partial(sum uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return uint32(fold(sum))
}

// Update returns what becomes of a checksum when a 16-bit word that it covers, or the sum of several, changes (RFC 1624 section 3).
func Update(sum, before, after uint16) uint16 {
	return ^fold(uint32(^sum) + uint32(^before) + uint32(after))
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

package underlay

import (
	"hash/crc32"
	"net/netip"
)

// Station is the Ethernet address that an IP address has: locally administered, and made of the address, so that one address
// is one station in every capture and in every answer. 203.0.113.11 is 02:00:cb:00:71:0b.
func Station(a netip.Addr) [6]byte {
	if a.Is4() {
		b := a.As4()
		return [6]byte{2, 0, b[0], b[1], b[2], b[3]}
	}
	b := a.As16()
	sum := crc32.ChecksumIEEE(b[:])
	return [6]byte{2, 6, byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}
}

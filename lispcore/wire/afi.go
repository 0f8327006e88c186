package wire

import (
	"fmt"
	"net/netip"
)

// Address family identifiers (IANA "Address Family Numbers") that this package reads and writes.
const (
	afiUnspecified = 0 // no address follows
	afiIPv4        = 1
	afiIPv6        = 2
	afiLCAF        = 16387
)

// afiOf returns the AFI of an address; the zero Addr has none. IPv4-mapped IPv6 addresses are IPv6.
func afiOf(a netip.Addr) uint16 {
	switch {
	case a.Is4():
		return afiIPv4
	case a.IsValid():
		return afiIPv6
	}
	return afiUnspecified
}

// addressLen returns the length in bytes of an address of the family, and whether the family is one we know.
func addressLen(afi uint16) (n int, known bool) {
	switch afi {
	case afiUnspecified:
		return 0, true
	case afiIPv4:
		return 4, true
	case afiIPv6:
		return 16, true
	}
	return 0, false
}

// address reads an address of the family; the zero Addr for afiUnspecified. afiOff is where the AFI stood.
func (r *reader) address(afi uint16, afiField string, afiOff int, field string) (a netip.Addr) {
	n, known := addressLen(afi)
	if !known {
		r.fail(afiField, afiOff, fmt.Errorf("%w: AFI %d", ErrUnsupported, afi))
		return a
	}
	p := r.take(field, n)
	switch len(p) {
	case 4:
		return netip.AddrFrom4([4]byte(p))
	case 16:
		return netip.AddrFrom16([16]byte(p))
	}
	return a
}

// address writes the bytes of an address; nothing for the zero Addr.
func (w *writer) address(a netip.Addr) {
	switch {
	case a.Is4():
		v4 := a.As4()
		w.bytes(v4[:])
	case a.IsValid():
		v6 := a.As16()
		w.bytes(v6[:])
	}
}

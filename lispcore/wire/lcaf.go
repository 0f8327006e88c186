package wire

import (
	"fmt"
	"net/netip"
)

// The LISP Canonical Address Format, and of its types the Instance ID (RFC 8060 sections 3 and 4.1), after AFI 16387:
//
//	 0                   1                   2                   3
//	+---------------+---------------+---------------+---------------+
//	|     Rsvd1     |     Flags     |   Type = 2    | IID mask-len  |
//	+---------------+---------------+---------------+---------------+
//	|            Length             |         Instance ID ...       |
//	+---------------+---------------+---------------+---------------+
//	|     ... Instance ID           |              AFI              |
//	+---------------+---------------+---------------+---------------+
//	|  address ...
//	+---------------+
//
// Length counts the bytes after itself.
const (
	lcafInstanceID = 2
	// iidMaskLen is what Cisco routers send. RFC 8060 gives it a meaning only for ranges of instances, which
	// nothing here asks for, so it is not looked at on receipt.
	iidMaskLen = 32
	// lcafInstanceLen is Length without the inner address: Instance ID and AFI.
	lcafInstanceLen = 6
)

// instanceAddress reads an Instance-ID LCAF from behind its AFI, with the address in it.
func (r *reader) instanceAddress() (instance uint32, a netip.Addr) {
	r.take("LCAF Rsvd1 and Flags", 2)
	typeOff := r.off
	if t := r.u8("LCAF Type"); r.err == nil && t != lcafInstanceID {
		r.fail("LCAF Type", typeOff, fmt.Errorf("%w: LCAF type %d", ErrUnsupported, t))
	}
	r.u8("IID mask-len")
	lengthOff := r.off
	length := r.u16("LCAF Length")
	instance = r.u32("Instance ID")
	afiOff := r.off
	afi := r.u16("LCAF AFI")
	if n, known := addressLen(afi); known && r.err == nil && int(length) != lcafInstanceLen+n {
		r.fail("LCAF Length", lengthOff, fmt.Errorf("%w: %d, but AFI %d makes it %d", ErrLength, length, afi, lcafInstanceLen+n))
	}
	return instance, r.address(afi, "LCAF AFI", afiOff, "LCAF address")
}

// instanceAddress writes an address in an Instance-ID LCAF, AFI 16387 included.
func (w *writer) instanceAddress(instance uint32, a netip.Addr) {
	n, _ := addressLen(afiOf(a))
	w.u16(afiLCAF)
	w.u16(0) // Rsvd1, Flags
	w.u8(lcafInstanceID)
	w.u8(iidMaskLen)
	w.u16(uint16(lcafInstanceLen + n))
	w.u32(instance)
	w.u16(afiOf(a))
	w.address(a)
}

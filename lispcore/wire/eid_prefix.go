package wire

import (
	"errors"
	"fmt"
	"net/netip"

	"lisplab/lispcore"
)

// EIDPrefix is an EID prefix as the stream messages carry it (Registration ACK, NACK, Refresh):
//
//	| Prefix-Length (8) | AFI (16) | address, or an Instance-ID LCAF |
//
// Cisco routers write the LCAF even for instance 0, and so does this package, unless Plain is set; it reads both.
// An EID whose Prefix is the zero netip.Prefix stands for the whole instance: the inner AFI is 0.
type EIDPrefix struct {
	EID   lispcore.EID
	Plain bool // written with the plain AFI; only in instance 0
}

// String returns the EID as logs print it.
func (p EIDPrefix) String() string {
	if !p.EID.Prefix.IsValid() {
		return fmt.Sprintf("IID %d", p.EID.Instance)
	}
	return p.EID.String()
}

// eidFields are the names of an EID's fields, which differ between a record and a stream message.
type eidFields struct{ bits, afi, address string }

var prefixFields = eidFields{bits: "Prefix-Length", afi: "EID-Prefix-AFI", address: "EID-Prefix"}

func (r *reader) eidPrefix() EIDPrefix {
	bitsOff := r.off
	bits := r.u8(prefixFields.bits)
	return r.eid(prefixFields, bits, bitsOff)
}

// eid reads AFI and address, and makes an EID of them with the prefix length that stood at bitsOff. Host bits are
// cleared rather than refused: RFC 9301 has nothing against them, and one prefix must have one key.
func (r *reader) eid(fields eidFields, bits uint8, bitsOff int) (p EIDPrefix) {
	afiOff := r.off
	afi := r.u16(fields.afi)
	var a netip.Addr
	if afi == afiLCAF {
		p.EID.Instance, a = r.instanceAddress()
	} else {
		p.Plain = true
		a = r.address(afi, fields.afi, afiOff, fields.address)
	}
	if r.err != nil {
		return EIDPrefix{}
	}
	if int(bits) > a.BitLen() {
		r.fail(fields.bits, bitsOff, fmt.Errorf("%w: %d, at most %d for AFI %d", ErrValue, bits, a.BitLen(), afiOf(a)))
		return EIDPrefix{}
	}
	if a.IsValid() {
		p.EID.Prefix = netip.PrefixFrom(a, int(bits)).Masked()
	}
	return p
}

var errPlainInstance = errors.New("a plain AFI has no room for an instance")

func (w *writer) eidPrefix(p EIDPrefix) {
	prefix := p.EID.Prefix.Masked()
	if !prefix.IsValid() && p.EID.Prefix != (netip.Prefix{}) {
		w.fail(prefixFields.bits, fmt.Errorf("%w: %v", ErrValue, p.EID.Prefix))
		return
	}
	w.u8(uint8(max(prefix.Bits(), 0)))
	switch {
	case !p.Plain:
		w.instanceAddress(p.EID.Instance, prefix.Addr())
	case p.EID.Instance != 0:
		w.fail(prefixFields.afi, fmt.Errorf("%w: instance %d: %w", ErrValue, p.EID.Instance, errPlainInstance))
	default:
		w.u16(afiOf(prefix.Addr()))
		w.address(prefix.Addr())
	}
}

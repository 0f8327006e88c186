package wire

import (
	"fmt"

	"lisplab/lispcore"
)

// InfoRequest asks a Map-Server under which address and port it sees the sender (draft-ermagan-lisp-nat-traversal):
//
//	 0                   1                   2                   3
//	+-------+-+-----------------------------------------------------+
//	|Type=7 |R|                      Reserved                       |
//	+-------+-+-----------------------------------------------------+
//	|                     Nonce, authentication                     |
//	+---------------------------------------------------------------+
//	|                              TTL                              |
//	+---------------+---------------+-------------------------------+
//	|   Reserved    | EID mask-len  |        EID-Prefix-AFI         |
//	+---------------+---------------+-------------------------------+
//	|                     EID-Prefix (or LCAF)                      |
//	+-------------------------------+-------------------------------+
//	|            AFI = 0            |
//	+-------------------------------+
//
// R marks the Info-Reply, which has the addresses in an LCAF in place of the last AFI; this package doesn't know it.
type InfoRequest struct {
	Nonce uint64
	Auth  Auth
	TTL   uint32 // minutes
	EID   lispcore.EID
}

const infoR = 1 << 27

// Parse reads a whole UDP payload into m, as MapRegister.Parse does.
func (m *InfoRequest) Parse(b []byte) error {
	r := reader{place: place{message: TypeInfo.String()}, b: b}
	if r.word(TypeInfo, "Reserved")&infoR != 0 {
		r.fail("R", 0, fmt.Errorf("%w: an Info-Reply", ErrUnsupported))
	}
	m.Nonce = r.u64("Nonce")
	r.auth(&m.Auth)
	m.TTL = r.u32("TTL")
	r.take("Reserved", 1)
	m.EID = r.recordEID()
	off := r.off
	if afi := r.u16("AFI"); afi != afiUnspecified {
		r.fail("AFI", off, fmt.Errorf("%w: %d", ErrValue, afi))
	}
	return r.end()
}

// Append writes the message behind b. A message that can't be written is an *Error, and leaves b as it was.
func (m *InfoRequest) Append(b []byte) ([]byte, error) {
	w := writer{place: place{message: TypeInfo.String()}, b: b, start: len(b)}
	w.u32(uint32(TypeInfo) << 28)
	w.u64(m.Nonce)
	w.auth(&m.Auth)
	w.u32(m.TTL)
	w.u8(0) // Reserved
	w.eid(m.EID)
	w.u16(afiUnspecified)
	return w.end()
}

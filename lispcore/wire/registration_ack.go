package wire

import "fmt"

// RegistrationACK accepts a Registration. It tells which one by the EID prefix:
// the Message ID of its frame is the Map-Server's own count.
//
//	| Prefix-Length (8) | EID-Prefix-AFI (16) | EID-Prefix |
type RegistrationACK struct {
	Prefix EIDPrefix
}

// StreamType returns TypeRegistrationACK.
func (*RegistrationACK) StreamType() StreamType { return TypeRegistrationACK }

func parseRegistrationACK(r *reader) (*RegistrationACK, error) {
	m := &RegistrationACK{Prefix: r.addressedPrefix()}
	return m, r.end()
}

func (m *RegistrationACK) appendData(b []byte) ([]byte, error) {
	w := dataWriter(m.StreamType(), b)
	w.addressedPrefix(m.Prefix)
	return w.end()
}

// addressedPrefix reads an EID prefix that must have an address.
func (r *reader) addressedPrefix() EIDPrefix {
	off := r.off
	p := r.eidPrefix()
	if r.err == nil && !p.EID.Prefix.IsValid() {
		r.fail(prefixFields.afi, off+1, fmt.Errorf("%w: no address", ErrValue))
	}
	return p
}

func (w *writer) addressedPrefix(p EIDPrefix) {
	if !p.EID.Prefix.IsValid() {
		w.fail(prefixFields.bits, fmt.Errorf("%w: %v", ErrValue, p.EID.Prefix))
	}
	w.eidPrefix(p)
}

package wire

// Registration registers one EID prefix over the reliable transport. Its data
// is a Map-Register as it would go over UDP, authentication data included, and with exactly one record.
//
// Register is the raw Map-Register, since the MAC is made over these bytes; MapRegister.Parse reads it, and offsets in
// its errors count from the first byte of Register.
type Registration struct {
	Register []byte
}

// StreamType returns TypeRegistration.
func (*Registration) StreamType() StreamType { return TypeRegistration }

func parseRegistration(r *reader) (*Registration, error) {
	return &Registration{Register: r.rest("Map-Register")}, r.end()
}

func (m *Registration) appendData(b []byte) ([]byte, error) { return append(b, m.Register...), nil }

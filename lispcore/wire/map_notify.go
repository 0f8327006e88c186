package wire

// MapNotify is a Map-Server's answer to a Map-Register, or its unasked word of a change (RFC 9301 section 5.7):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------+-+-+-----------------------------------+---------------+
//	|Type=4 |I|R|             Reserved              | Record Count  |
//	+-------+-+-+-----------------------------------+---------------+
//	|                    Nonce, authentication, records             |
//	|                    xTR-ID and Site-ID, if I is set            |
//	+---------------------------------------------------------------+
//
// RFC 9301 reserves the bits I and R; they are those of the NAT-traversal draft, and Cisco routers set I whenever the
// register had it.
type MapNotify struct {
	HasXTRID bool // I: XTRID and SiteID are there
	RTR      bool // R: built for a re-encapsulating router

	Nonce   uint64
	Auth    Auth
	Records []Record
	XTRID   XTRID  // only with HasXTRID
	SiteID  uint64 // only with HasXTRID
}

const (
	notifyI = 1 << 27
	notifyR = 1 << 26
)

// Parse reads a whole UDP payload into m, as MapRegister.Parse does.
func (m *MapNotify) Parse(b []byte) error { return m.parse(TypeMapNotify, b) }

// Append writes the message behind b. A message that can't be written is an *Error, and leaves b as it was.
func (m *MapNotify) Append(b []byte) ([]byte, error) { return m.append(TypeMapNotify, b) }

func (m *MapNotify) parse(t Type, b []byte) error {
	r := reader{place: place{message: t.String()}, b: b}
	word := r.firstWord(t)
	m.HasXTRID = word&notifyI != 0
	m.RTR = word&notifyR != 0
	m.Nonce = r.u64("Nonce")
	r.auth(&m.Auth)
	m.Records = r.records(m.Records, int(word&maxCount))
	m.XTRID, m.SiteID = XTRID{}, 0
	if m.HasXTRID {
		m.XTRID, m.SiteID = r.xtrIdentity()
	}
	return r.end()
}

func (m *MapNotify) append(t Type, b []byte) ([]byte, error) {
	w := writer{place: place{message: t.String()}, b: b, start: len(b)}
	w.u32(uint32(t)<<28 | flag(m.HasXTRID, notifyI) | flag(m.RTR, notifyR) | w.recordCount(m.Records))
	w.u64(m.Nonce)
	w.auth(&m.Auth)
	w.records(m.Records)
	if m.HasXTRID {
		w.xtrIdentity(m.XTRID, m.SiteID)
	}
	return w.end()
}

package wire

// MapRegister is the message by which an ETR registers its EID prefixes (RFC 9301 section 5.6):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------+-+-+-+-+---------------------+-+-+-+-+-+-+-------------+
//	|Type=3 |P|S|I|N|      Reserved       |r|E|T|a|R|M| Record Count |
//	+-------+-+-+-+-+---------------------+-+-+-+-+-+-+-------------+
//	|                    Nonce, authentication, records             |
//	|                    xTR-ID and Site-ID, if I is set            |
//	+---------------------------------------------------------------+
//
// N is bit 7, of the NAT-traversal draft; r is of the reliable-transport draft's working-group versions.
type MapRegister struct {
	ProxyReply bool // P: the Map-Server shall answer Map-Requests itself
	Security   bool // S: the ETR can do LISP-SEC
	HasXTRID   bool // I: XTRID and SiteID are there
	RTR        bool // bit 7: built for a re-encapsulating router
	Reliable   bool // r: the ETR wants the reliable transport
	EIDNotify  bool // E: sent by a first-hop router
	TTLTimeout bool // T: the registration lives for the Record TTL
	Merge      bool // a: the locators of several xTRs shall be merged
	WantNotify bool // M: a Map-Notify is wanted

	Nonce   uint64
	Auth    Auth
	Records []Record
	XTRID   XTRID  // only with HasXTRID
	SiteID  uint64 // only with HasXTRID
}

const (
	registerP   = 1 << 27
	registerS   = 1 << 26
	registerI   = 1 << 25
	registerRTR = 1 << 24
	registerr   = 1 << 13
	registerE   = 1 << 12
	registerT   = 1 << 11
	registera   = 1 << 10
	registerM   = 1 << 8
)

// Parse reads a whole UDP payload into m. All of m is overwritten, and the slices that m holds (authentication data,
// records and their locators) are used again: what shall outlive the next Parse must be copied. Nothing of b is kept.
// The error is an *Error, and m is then of no use but for another Parse.
func (m *MapRegister) Parse(b []byte) error {
	r := reader{place: place{message: "Map-Register"}, b: b}
	word := r.firstWord(TypeMapRegister)
	m.ProxyReply = word&registerP != 0
	m.Security = word&registerS != 0
	m.HasXTRID = word&registerI != 0
	m.RTR = word&registerRTR != 0
	m.Reliable = word&registerr != 0
	m.EIDNotify = word&registerE != 0
	m.TTLTimeout = word&registerT != 0
	m.Merge = word&registera != 0
	m.WantNotify = word&registerM != 0
	m.Nonce = r.u64("Nonce")
	r.auth(&m.Auth)
	m.Records = r.records(m.Records, int(word&maxCount))
	m.XTRID, m.SiteID = XTRID{}, 0
	if m.HasXTRID {
		m.XTRID, m.SiteID = r.xtrIdentity()
	}
	return r.end()
}

// Append writes the message behind b. A message that can't be written is an *Error, and leaves b as it was.
func (m *MapRegister) Append(b []byte) ([]byte, error) {
	w := writer{place: place{message: "Map-Register"}, b: b, start: len(b)}
	w.u32(uint32(TypeMapRegister)<<28 |
		flag(m.ProxyReply, registerP) | flag(m.Security, registerS) | flag(m.HasXTRID, registerI) | flag(m.RTR, registerRTR) |
		flag(m.Reliable, registerr) | flag(m.EIDNotify, registerE) | flag(m.TTLTimeout, registerT) | flag(m.Merge, registera) |
		flag(m.WantNotify, registerM) | w.recordCount(m.Records))
	w.u64(m.Nonce)
	w.auth(&m.Auth)
	w.records(m.Records)
	if m.HasXTRID {
		w.xtrIdentity(m.XTRID, m.SiteID)
	}
	return w.end()
}

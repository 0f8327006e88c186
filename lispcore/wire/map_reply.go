package wire

import "fmt"

// MapReply answers a Map-Request (RFC 9301 section 5.4):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------+-+-+-+---------------------------------+---------------+
//	|Type=2 |P|E|S|            Reserved             | Record Count  |
//	+-------+-+-+-+---------------------------------+---------------+
//	|                        Nonce, records                         |
//	+---------------------------------------------------------------+
//
// A negative Map-Reply has a record without locators, whose Action says what to do with packets to that prefix.
//
// The S bit announces the authentication data of LISP-SEC (RFC 9303), which this package doesn't know: a message with it
// is refused as unsupported.
type MapReply struct {
	Probe     bool // P: it answers an RLOC probe
	EchoNonce bool // E: the ETR can do echo-nonces

	Nonce   uint64 // the Map-Request's
	Records []Record
}

const (
	replyP = 1 << 27
	replyE = 1 << 26
	replyS = 1 << 25
)

// Parse reads a whole UDP payload into m, as MapRegister.Parse does.
func (m *MapReply) Parse(b []byte) error {
	r := reader{place: place{message: TypeMapReply.String()}, b: b}
	word := r.firstWord(TypeMapReply)
	m.Probe = word&replyP != 0
	m.EchoNonce = word&replyE != 0
	if word&replyS != 0 {
		r.fail("S", 0, fmt.Errorf("%w: %w", ErrUnsupported, errLISPSEC))
	}
	m.Nonce = r.u64("Nonce")
	m.Records = r.records(m.Records, int(word&maxCount))
	return r.end()
}

// Append writes the message behind b. A message that can't be written is an *Error, and leaves b as it was.
func (m *MapReply) Append(b []byte) ([]byte, error) {
	w := writer{place: place{message: TypeMapReply.String()}, b: b, start: len(b)}
	w.u32(uint32(TypeMapReply)<<28 | flag(m.Probe, replyP) | flag(m.EchoNonce, replyE) | w.recordCount(m.Records))
	w.u64(m.Nonce)
	w.records(m.Records)
	return w.end()
}

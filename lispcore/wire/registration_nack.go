package wire

import "fmt"

// RegistrationNACK refuses a Registration, or takes back an earlier acceptance.
//
//	| Reason (8) | Reserved (16) | Prefix-Length (8) | EID-Prefix-AFI (16) | EID-Prefix |
type RegistrationNACK struct {
	Reason Reason
	Prefix EIDPrefix
}

// Reason says why a Registration is refused. Values that the draft does not list pass as they are.
type Reason uint8

// The reasons of the draft.
const (
	ReasonNotValidSite   Reason = 1 // no site has the EID prefix
	ReasonAuthentication Reason = 2 // the authentication data is wrong
	ReasonLocators       Reason = 3 // the site does not allow the locators
	ReasonOther          Reason = 4
)

var reasonNames = [...]string{"", "not a valid site EID prefix", "authentication failure", "locator set not allowed", "other reason"}

// String returns the reason in words.
func (c Reason) String() string {
	if int(c) < len(reasonNames) && c != 0 {
		return reasonNames[c]
	}
	return fmt.Sprintf("reason %d", uint8(c))
}

// StreamType returns TypeRegistrationNACK.
func (*RegistrationNACK) StreamType() StreamType { return TypeRegistrationNACK }

func parseRegistrationNACK(r *reader) (*RegistrationNACK, error) {
	var m RegistrationNACK
	m.Reason = Reason(r.u8("Reason"))
	r.u16("Reserved")
	m.Prefix = r.addressedPrefix()
	return &m, r.end()
}

func (m *RegistrationNACK) appendData(b []byte) ([]byte, error) {
	w := dataWriter(m.StreamType(), b)
	w.u8(uint8(m.Reason))
	w.u16(0)
	w.addressedPrefix(m.Prefix)
	return w.end()
}

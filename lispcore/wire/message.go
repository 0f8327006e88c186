package wire

import "fmt"

// Type is the type of a UDP control message: the first four bits (RFC 9301 section 5.1).
type Type uint8

// The types in use. TypeInfo is of the NAT-traversal draft.
const (
	TypeMapRequest          Type = 1
	TypeMapReply            Type = 2
	TypeMapRegister         Type = 3
	TypeMapNotify           Type = 4
	TypeMapNotifyAck        Type = 5
	TypeMapReferral         Type = 6
	TypeInfo                Type = 7
	TypeEncapsulatedControl Type = 8
)

var typeNames = [...]string{
	TypeMapRequest:          "Map-Request",
	TypeMapReply:            "Map-Reply",
	TypeMapRegister:         "Map-Register",
	TypeMapNotify:           "Map-Notify",
	TypeMapNotifyAck:        "Map-Notify-Ack",
	TypeMapReferral:         "Map-Referral",
	TypeInfo:                "Info-Request",
	TypeEncapsulatedControl: "Encapsulated Control Message",
}

// String returns the message's name, or "type 9" for one without.
func (t Type) String() string {
	if int(t) < len(typeNames) && typeNames[t] != "" {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// PeekType returns the type of a UDP control message without looking further. The type of an unknown one comes with an
// error that wraps ErrUnknownType.
func PeekType(b []byte) (Type, error) {
	if len(b) == 0 {
		return 0, &Error{Message: "control message", Field: "Type", Err: ErrShort}
	}
	t := Type(b[0] >> 4)
	if t < TypeMapRequest || t > TypeEncapsulatedControl {
		return t, &Error{Message: "control message", Field: "Type", Err: fmt.Errorf("%w: %d", ErrUnknownType, uint8(t))}
	}
	return t, nil
}

// XTRID names one xTR of a site (RFC 9301 section 5.6).
type XTRID [16]byte

// xtrIdentity reads the tail that the I bit announces: xTR-ID and Site-ID.
func (r *reader) xtrIdentity() (x XTRID, site uint64) {
	copy(x[:], r.take("xTR-ID", len(x)))
	return x, r.u64("Site-ID")
}

func (w *writer) xtrIdentity(x XTRID, site uint64) {
	w.bytes(x[:])
	w.u64(site)
}

// flag returns the bit if it is set.
func flag(set bool, bit uint32) uint32 {
	if set {
		return bit
	}
	return 0
}

package underlay

import (
	"encoding/binary"

	"lisplab/lispcore"
)

// The types of LISP messages, in the first four bits of a payload, and where the bytes are that a corrupted one has changed.
const (
	typeMapRequest   = 1
	typeMapReply     = 2
	typeMapRegister  = 3
	typeMapNotify    = 4
	typeMapNotifyAck = 5

	nonceAt, nonceSize = 4, 8
	authLengthAt       = 14
	authAt             = 16
)

// corrupt changes one byte of a LISP control message between two UDP ports in place: one of the authentication data where it
// has any, else one of the nonce, so that the message can be read still and is found to be wrong. It returns which byte
// that is, and what it was. Of everything else false is returned, and nothing is changed.
func (l *lanes) corrupt(from, to uint16, message []byte) (at int, was byte, ok bool) {
	if to != lispcore.ControlPort && from != lispcore.ControlPort || len(message) < nonceAt+nonceSize {
		return 0, 0, false
	}
	at, size := nonceAt, nonceSize
	switch message[0] >> 4 {
	case typeMapRegister, typeMapNotify, typeMapNotifyAck:
		if len(message) < authAt {
			return 0, 0, false
		}
		if length := int(binary.BigEndian.Uint16(message[authLengthAt:])); length > 0 && authAt+length <= len(message) {
			at, size = authAt, length
		}
	case typeMapRequest, typeMapReply:
	default:
		return 0, 0, false
	}
	at += l.chance.IntN(size)
	was = message[at]
	message[at] ^= l.anyChange()
	return at, was, true
}

// anyChange draws the bits in which a changed byte differs: one at least.
func (l *lanes) anyChange() byte { return byte(1 + l.chance.IntN(255)) }

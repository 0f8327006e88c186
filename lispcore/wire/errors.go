package wire

import (
	"errors"
	"fmt"
)

// What can be wrong with a message. Every error of this package is an *Error that wraps one of these.
var (
	// ErrShort: the message ends inside the field.
	ErrShort = errors.New("short message")
	// ErrTrailing: bytes are left over after the last field.
	ErrTrailing = errors.New("left-over bytes")
	// ErrValue: the field holds a value that it must not have.
	ErrValue = errors.New("bad value")
	// ErrUnsupported: the field asks for something lawful that this package does not know.
	ErrUnsupported = errors.New("unsupported")
	// ErrMarker: a frame does not end with the end marker; the framing of the stream is lost.
	ErrMarker = errors.New("wrong end marker")
	// ErrLength: a length field does not fit what it measures.
	ErrLength = errors.New("bad length")
	// ErrUnknownType: the message type is none of those that this package knows.
	ErrUnknownType = errors.New("unknown message type")
)

// errLISPSEC is what ErrUnsupported is wrapped with where RFC 9303 would go on.
var errLISPSEC = errors.New("LISP-SEC")

// Error says what is wrong with a message, and where. Offset counts bytes from the first byte of the message: of the
// UDP payload, or of the frame on a stream.
type Error struct {
	Message string // the message's name, as in "Map-Register"
	Field   string // the field's name as its RFC or draft writes it, as in "EID mask-len of record 2"
	Offset  int
	Err     error // wraps one of the sentinels above
}

// Error returns, for example, "Map-Register: Record Count at byte 3: short message".
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s at byte %d: %v", e.Message, e.Field, e.Offset, e.Err)
}

// Unwrap makes errors.Is find the sentinel.
func (e *Error) Unwrap() error { return e.Err }

// place is where in a message the codec is. Records and locators count from 1; 0 means "not inside one".
type place struct {
	message         string
	record, locator int
}

func (p place) errorAt(field string, offset int, err error) *Error {
	switch {
	case p.record > 0 && p.locator > 0:
		field = fmt.Sprintf("%s of record %d, locator %d", field, p.record, p.locator)
	case p.record > 0:
		field = fmt.Sprintf("%s of record %d", field, p.record)
	case p.locator > 0:
		field = fmt.Sprintf("%s of locator %d", field, p.locator)
	}
	return &Error{Message: p.message, Field: field, Offset: offset, Err: err}
}

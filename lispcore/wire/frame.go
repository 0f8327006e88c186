package wire

import (
	"encoding/binary"
	"fmt"
)

// Frame is one message of the reliable transport, its body not yet looked at (the draft's message format):
//
//	+---------------+---------------+---------------+---------------+
//	|          Type (16)            |          Length (16)          |
//	+---------------+---------------+---------------+---------------+
//	|                       Message ID (32)                         |
//	+---------------+---------------+---------------+---------------+
//	|                    Message data (variable)                    |
//	+---------------+---------------+---------------+---------------+
//	|                  End marker = 0x9FACADE9 (32)                 |
//	+---------------+---------------+---------------+---------------+
//
// Length counts all of it, is the only thing that tells where a message ends, and nothing is padded.
type Frame struct {
	Type StreamType
	ID   uint32 // the sender's own number
	Data []byte // between Message ID and end marker
}

const (
	// FrameOverhead is the length in bytes of a frame without data. The draft names 8 as the least Length, which has
	// no room for the Message ID that the draft demands: less than FrameOverhead is refused.
	FrameOverhead = 12
	// MaxFrame is the length in bytes of the longest frame.
	MaxFrame = 65535

	endMarker       = 0x9facade9
	markerLen       = 4
	frameLengthOff  = 2
	frameDataOffset = 8
)

// StreamType is the type of a message of the reliable transport. Numbers below 16 are left out, so that no UDP message
// can be taken for one.
type StreamType uint16

// The types of the draft.
const (
	TypeErrorNotification   StreamType = 16
	TypeRegistration        StreamType = 17
	TypeRegistrationACK     StreamType = 18
	TypeRegistrationNACK    StreamType = 19
	TypeRegistrationRefresh StreamType = 20
	TypeMappingNotification StreamType = 21
)

var streamTypeNames = [...]string{"Error Notification", "Registration", "Registration ACK", "Registration NACK",
	"Registration Refresh", "Mapping Notification"}

// String returns the message's name, or "type 99" for one without.
func (t StreamType) String() string {
	if i := int(t) - int(TypeErrorNotification); i >= 0 && i < len(streamTypeNames) {
		return streamTypeNames[i]
	}
	return fmt.Sprintf("type %d", uint16(t))
}

// ParseFrame takes the first frame off the bytes of a stream. n is its length; n == 0 without an error means that more
// bytes are needed. An error (ErrLength, ErrMarker) means that nobody can tell any more where messages begin: the
// stream is of no further use. The frame's Data is a part of b.
func ParseFrame(b []byte) (f Frame, n int, err error) {
	at := place{message: "frame"}
	if len(b) < frameLengthOff+2 {
		return f, 0, nil
	}
	length := int(binary.BigEndian.Uint16(b[frameLengthOff:]))
	if length < FrameOverhead {
		return f, 0, at.errorAt("Length", frameLengthOff, fmt.Errorf("%w: %d, at least %d", ErrLength, length, FrameOverhead))
	}
	if len(b) < length {
		return f, 0, nil
	}
	markerOff := length - markerLen
	if marker := binary.BigEndian.Uint32(b[markerOff:]); marker != endMarker {
		return f, 0, at.errorAt("End marker", markerOff, fmt.Errorf("%w: 0x%08x", ErrMarker, marker))
	}
	return Frame{
		Type: StreamType(binary.BigEndian.Uint16(b)),
		ID:   binary.BigEndian.Uint32(b[frameLengthOff+2:]),
		Data: b[frameDataOffset:markerOff:markerOff],
	}, length, nil
}

// StreamMessage is the body of a frame: *ErrorNotification, *Registration, *RegistrationACK, *RegistrationNACK,
// *RegistrationRefresh or *MappingNotification.
type StreamMessage interface {
	// StreamType returns the type that the message's frame has.
	StreamType() StreamType
	// appendData writes what stands between Message ID and end marker behind b.
	appendData(b []byte) ([]byte, error)
}

// AppendFrame writes the message in its frame behind b. A message that can't be written is an *Error, and leaves b as it
// was.
func AppendFrame(b []byte, id uint32, m StreamMessage) ([]byte, error) {
	start := len(b)
	b = binary.BigEndian.AppendUint16(b, uint16(m.StreamType()))
	b = binary.BigEndian.AppendUint16(b, 0) // Length: known at the end
	b = binary.BigEndian.AppendUint32(b, id)
	b, err := m.appendData(b)
	if err != nil {
		return b[:start], err
	}
	b = binary.BigEndian.AppendUint32(b, endMarker)
	length := len(b) - start
	if length > MaxFrame {
		at := place{message: m.StreamType().String()}
		return b[:start], at.errorAt("Length", frameLengthOff, fmt.Errorf("%w: %d, at most %d", ErrLength, length, MaxFrame))
	}
	binary.BigEndian.PutUint16(b[start+frameLengthOff:], uint16(length))
	return b, nil
}

// ParseStream reads the body of a frame. Byte slices of the message are parts of the frame's Data. The error is an
// *Error, whose offset counts from the frame's first byte; for a type that is not known it wraps ErrUnknownType.
func ParseStream(f Frame) (StreamMessage, error) {
	switch r := f.reader(); f.Type {
	case TypeErrorNotification:
		return parsed(parseErrorNotification(&r))
	case TypeRegistration:
		return parsed(parseRegistration(&r))
	case TypeRegistrationACK:
		return parsed(parseRegistrationACK(&r))
	case TypeRegistrationNACK:
		return parsed(parseRegistrationNACK(&r))
	case TypeRegistrationRefresh:
		return parsed(parseRegistrationRefresh(&r))
	case TypeMappingNotification:
		return parsed(parseMappingNotification(&r))
	}
	at := place{message: "frame"}
	return nil, at.errorAt("Type", 0, fmt.Errorf("%w: %d", ErrUnknownType, uint16(f.Type)))
}

// parsed turns a typed message and its error into the interface, which must be nil after an error.
func parsed[M StreamMessage](m M, err error) (StreamMessage, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

// reader reads the frame's data.
func (f Frame) reader() reader {
	return reader{place: place{message: f.Type.String()}, b: f.Data, base: frameDataOffset}
}

// dataWriter writes a message's data behind b.
func dataWriter(t StreamType, b []byte) writer {
	return writer{place: place{message: t.String()}, b: b, start: len(b), base: frameDataOffset}
}

package wire

import "encoding/binary"

// writer puts a message together at the end of a slice. Like the reader's, its first failure sticks: a value that has
// no place on the wire.
type writer struct {
	place
	b     []byte
	start int // of the message in b
	base  int // of b[start] in the message that errors speak of
	err   error
}

// fail latches an error about the field that would come next.
func (w *writer) fail(field string, err error) {
	if w.err == nil {
		w.err = w.errorAt(field, w.base+len(w.b)-w.start, err)
	}
}

func (w *writer) u8(v uint8)     { w.b = append(w.b, v) }
func (w *writer) u16(v uint16)   { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32)   { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *writer) u64(v uint64)   { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *writer) bytes(v []byte) { w.b = append(w.b, v...) }

// end returns the slice with the message behind what it held; after a failure, with nothing behind it.
func (w *writer) end() ([]byte, error) {
	if w.err != nil {
		return w.b[:w.start], w.err
	}
	return w.b, nil
}

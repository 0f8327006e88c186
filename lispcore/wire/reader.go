package wire

import (
	"encoding/binary"
	"fmt"
)

// reader takes a message apart, field by field. The first failure sticks: whatever is read after it is zero, so a
// parser reads straight on and asks once, at the end.
type reader struct {
	place
	b    []byte
	off  int   // of the next byte in b
	base int   // of b in the message that errors speak of
	err  error // the first failure, an *Error
}

// fail latches an error about the field that starts at off in b.
func (r *reader) fail(field string, off int, err error) {
	if r.err == nil {
		r.err = r.errorAt(field, r.base+off, err)
	}
}

// take returns the next n bytes, or nil if the message has ended before.
func (r *reader) take(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.b)-r.off < n {
		r.fail(field, r.off, ErrShort)
		return nil
	}
	p := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return p
}

func (r *reader) u8(field string) uint8 {
	if p := r.take(field, 1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16(field string) uint16 {
	if p := r.take(field, 2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (r *reader) u32(field string) uint32 {
	if p := r.take(field, 4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64(field string) uint64 {
	if p := r.take(field, 8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// rest returns all bytes up to the end.
func (r *reader) rest(field string) []byte { return r.take(field, len(r.b)-r.off) }

// recordCountOffset is where firstWord finds the record count.
const recordCountOffset = 3

// firstWord reads the type, the flags and the record count of a UDP message, whose type must be t.
func (r *reader) firstWord(t Type) uint32 { return r.word(t, "Record Count") }

// word reads the first word of a UDP message, whose type must be t; last is what its last byte is called.
func (r *reader) word(t Type, last string) uint32 {
	first := r.u8("Type")
	if got := Type(first >> 4); r.err == nil && got != t {
		r.fail("Type", 0, fmt.Errorf("%w: %v", ErrValue, got))
	}
	flags := r.take("Flags", 2)
	count := r.u8(last)
	if r.err != nil {
		return 0
	}
	return uint32(first)<<24 | uint32(flags[0])<<16 | uint32(flags[1])<<8 | uint32(count)
}

// end returns the first failure; bytes that nobody has read are one.
func (r *reader) end() error {
	if left := len(r.b) - r.off; left > 0 {
		r.fail("end of message", r.off, fmt.Errorf("%w: %d", ErrTrailing, left))
	}
	return r.err
}

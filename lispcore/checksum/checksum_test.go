package checksum

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// The worked example of RFC 1071 section 3: the sum of these words is ddf2.
func TestSum(t *testing.T) {
	if got := Sum(0, []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}); got != ^uint16(0xddf2) {
		t.Errorf("got %#04x, want %#04x", got, ^uint16(0xddf2))
	}
	if got := Sum(0, []byte{0x12, 0x34, 0x56}); got != ^uint16(0x1234+0x5600) {
		t.Errorf("an odd byte counts as the high one: got %#04x", got)
	}
	if got := Sum(0xffff, []byte{0x00, 0x01}); got != ^uint16(1) {
		t.Errorf("the carry comes round: got %#04x", got)
	}
}

// The worked example of RFC 1624 section 4, which the formula of RFC 1141 gets wrong.
func TestUpdate(t *testing.T) {
	if got := Update(0xdd2f, 0x5555, 0x3285); got != 0x0000 {
		t.Errorf("got %#04x, want 0", got)
	}
}

// An updated checksum is as good as a new one.
func TestUpdateProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "header")
		b[0] = 0x45 // some bit is always set, as in every header
		b[10], b[11] = 0, 0
		sum := Sum(0, b)
		at := rapid.SampledFrom([]int{2, 4, 8, 12}).Draw(t, "offset")
		before, after := binary.BigEndian.Uint16(b[at:]), rapid.Uint16().Draw(t, "word")
		binary.BigEndian.PutUint16(b[at:], after)
		binary.BigEndian.PutUint16(b[10:], Update(sum, before, after))
		if left := Sum(0, b); left != 0 {
			t.Fatalf("the header sums to %#04x", left)
		}
	})
}

// A whole in two parts, the first of an even length, sums to what it does in one.
func TestPartialProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		cut := rapid.IntRange(0, len(b)/2).Draw(t, "words") * 2
		if parts, whole := Sum(Partial(0, b[:cut]), b[cut:]), Sum(0, b); parts != whole {
			t.Errorf("in parts %#04x, whole %#04x", parts, whole)
		}
	})
}

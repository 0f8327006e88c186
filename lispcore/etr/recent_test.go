package etr

import (
	"slices"
	"testing"
)

// A table of recent keys forgets the one that was touched longest ago, and holds no more than its limit.
func TestRecent(t *testing.T) {
	r := newRecent[int, string](3)
	for i, word := range []string{"zero", "one", "two"} {
		*r.touch(i) = word
	}
	*r.touch(0) += "!"
	*r.touch(3) = "three" // 1 goes
	var keys []int
	var values []string
	r.all(func(k int, v string) bool {
		keys, values = append(keys, k), append(values, v)
		return true
	})
	if !slices.Equal(keys, []int{3, 0, 2}) || !slices.Equal(values, []string{"three", "zero!", "two"}) {
		t.Errorf("%v %v", keys, values)
	}
	if *r.touch(1) != "" {
		t.Error("what was forgotten is there again")
	}
	for i := range 100_000 {
		r.touch(i)
	}
	if len(r.byKey) != 3 || r.order.Len() != 3 {
		t.Errorf("%d keys", len(r.byKey))
	}
}

package etr_test

import (
	"testing"

	"lisplab/lispcore/etr"
)

// A packet on the fast path costs no allocation, whether it is forwarded or dropped.
func TestDecapsulationDoesNotAllocate(t *testing.T) {
	r := newRouter(t)
	for name, inner := range map[string][]byte{
		"forwarded": packet("10.30.30.1", "10.1.2.3", 60, 0), "forwarded IPv6": packet("2001:db8:2::1", "2001:db8:1::1", 60, 0),
		"dropped": packet("10.30.30.1", "10.2.2.3", 60, 0),
	} {
		in := tunnelled(0, inner, 200, 0xb8)
		if n := testing.AllocsPerRun(1000, func() { r.Decapsulate(in) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkDecapsulate(b *testing.B) {
	r := newRouter(b)
	in := tunnelled(7, packet("10.30.30.1", "10.7.2.3", 60, 0), 200, 0)
	b.ReportAllocs()
	for b.Loop() {
		in.TTL-- // so that there is something to put right, now and then
		if _, reason := r.Decapsulate(in); reason != etr.NotDropped {
			b.Fatal(reason)
		}
	}
}

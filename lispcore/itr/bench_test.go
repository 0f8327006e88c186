package itr_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"lisplab/lispcore"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/wire"
)

// filled is an ITR with n entries, of /32 in 20.0.0.0/6, with two locators each.
func filled(tb testing.TB, n int) *world {
	w := newWorld(tb, func(c *itr.Config) { c.IPv4.Limit = n })
	w.goes("20.0.0.0")
	nonce := w.one().Nonce
	records := make([]wire.Record, 0, 255)
	records = append(records, negative("20.0.0.0/6", lispcore.NativelyForward, 15)) // covers the question, and makes the rest its more specifics
	for i := 1; i < n; {
		for ; i < n && len(records) < 255; i++ {
			r := mapping("20.0.0.0/32 10.0.0.2/1/50 10.0.0.3/1/50")
			r.EID.Prefix = netip.PrefixFrom(nth(i), 32)
			records = append(records, r)
		}
		w.reply("10.0.0.2", nonce, false, records...)
		records = records[:1]
		if i < n {
			w.e.Clear(w.now, lispcore.Service{Family: lispcore.IPv4}, prefix("20.0.0.0/6"))
			w.e.Clear(w.now, lispcore.Service{Family: lispcore.IPv4}, prefix("20.0.0.0/32"))
			w.goes("20.0.0.0")
			nonce = w.one().Nonce
		}
	}
	if state, _ := w.e.Snapshot().Service(lispcore.Service{Family: lispcore.IPv4}); state.Dynamic != n {
		tb.Fatalf("%d entries, want %d", state.Dynamic, n)
	}
	return w
}

func nth(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{20 + byte(i>>24), byte(i >> 16), byte(i >> 8), byte(i)})
}

// BenchmarkLookup is the decision about a packet (which includes the longest match) by the size of the map-cache.
func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := filled(b, n)
			packets := make([][]byte, 1024)
			for i := range packets {
				packets[i] = packet("10.1.0.5", nth(1+i*7919%(n-1)).String(), 64, false)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if v := w.e.Explain(w.now, 0, packets[i%len(packets)]); v.Kind != itr.Encapsulate {
					b.Fatal(verdict(v))
				}
			}
		})
	}
}

// BenchmarkForward is a packet's whole way through an ITR, in memory.
func BenchmarkForward(b *testing.B) {
	for _, size := range []int{64, 512, 1464} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := filled(b, 1000)
			p := packet("10.1.0.5", nth(7).String(), size, false)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for i := 0; b.Loop(); i++ {
				binary.BigEndian.PutUint16(p[20:], uint16(i))
				if v := w.e.Forward(w.now, 0, p); v.Kind != itr.Encapsulate {
					b.Fatal(verdict(v))
				}
			}
		})
	}
}

// BenchmarkMapReply is a question and its answer.
func BenchmarkMapReply(b *testing.B) {
	w := newWorld(b)
	r := mapping("20.0.0.0/32 10.0.0.2/1/50 10.0.0.3/1/50")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.EID.Prefix = netip.PrefixFrom(nth(i%500), 32)
		w.e.Forward(w.now, 0, packet("10.1.0.5", nth(i%500).String(), 64, false))
		for _, s := range w.sent() {
			w.reply("10.0.0.2", s.Nonce, false, r)
		}
		w.e.Clear(w.now, lispcore.Service{Family: lispcore.IPv4}, netip.Prefix{})
	}
}

// TestForwardAllocatesNothing holds the fast path: encapsulated packets, in one piece or in several, and those that a
// known entry sends elsewhere.
func TestForwardAllocatesNothing(t *testing.T) {
	w := newWorld(t, echoNonce, func(c *itr.Config) { c.IPv4.PETRs = []itr.PETR{{RLOC: addr("10.0.0.51")}} })
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/50 10.0.0.3/1/50"))
	w.learn("203.0.113.9", negative("203.0.113.0/24", lispcore.NativelyForward, 15))
	w.learn("2001:db8:2::7", mapping("2001:db8:2::/48 fd00::2/1/50"))
	for name, p := range map[string][]byte{
		"small":         packet("10.1.0.5", "10.2.0.7", 64, false),
		"large":         packet("10.1.0.5", "10.2.0.7", 1464, true),
		"fragmented":    packet("10.1.0.5", "10.2.0.7", 1500, false),
		"too big":       packet("10.1.0.5", "10.2.0.7", 1500, true),
		"IPv6":          packet("2001:db8:1::5", "2001:db8:2::7", 100, false),
		"by a PETR":     packet("10.1.0.5", "203.0.113.9", 100, false),
		"not for LISP":  packet("10.9.0.5", "10.2.0.7", 100, false),
		"not an IP one": {1, 2, 3},
	} {
		w.e.Forward(w.now, 0, p)
		if n := testing.AllocsPerRun(100, func() { w.e.Forward(w.now, 0, p) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

package mapresolver

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

func requester(i int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 10<<24+uint32(i))
	return netip.AddrFrom4(b)
}

// TestLimiterIsBounded: however many requesters there are, the limiter remembers no more than it may; those that it can't
// remember share one allowance; and the idle make room for others.
func TestLimiterIsBounded(t *testing.T) {
	var l limiter
	now := time.Unix(1000, 0)
	allowed := 0
	for i := range 10 * maxRequesters {
		if l.allow(now, requester(i), 1, 5) {
			allowed++
		}
		if len(l.busy) > maxRequesters+1 {
			t.Fatalf("%d requesters are remembered", len(l.busy))
		}
	}
	if want := maxRequesters + 5; allowed != want {
		t.Errorf("%d were allowed, want %d", allowed, want)
	}
	now = now.Add(time.Minute)
	for i := range maxRequesters {
		if !l.allow(now, requester(1e6+i), 5, 5) {
			t.Fatalf("requester %d is not allowed, though everybody else is idle", i)
		}
	}
}

// TestLimiterHoldsTheRate: over any time no more than the rate and what one second holds.
func TestLimiterHoldsTheRate(t *testing.T) {
	var l limiter
	now, allowed := time.Unix(1000, 0), 0
	for range 10_000 { // every millisecond of 10 s
		if l.allow(now, requester(1), 1, 50) {
			allowed++
		}
		now = now.Add(time.Millisecond)
	}
	if allowed < 500 || allowed > 550 {
		t.Errorf("%d in 10 s at 50 a second", allowed)
	}
	if !l.allow(now, requester(1), 1_000_000, -1) {
		t.Error("no limit is a limit")
	}
}

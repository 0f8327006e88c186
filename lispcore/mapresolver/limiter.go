package mapresolver

import (
	"net/netip"
	"time"
)

// maxRequesters bounds how many requesters the limiter tells apart. When so many are busy at once, newcomers share one
// allowance, so that made-up source addresses cost no memory and buy no rate.
const maxRequesters = 4096

// limiter holds each requester to a number of records per second. What a requester has not used in the last second is his
// to use at once.
type limiter struct {
	// busy holds, for each requester, when what he has asked for will have been paid for, in Unix nanoseconds.
	busy  map[netip.Addr]int64
	swept int64 // when the idle were last forgotten
}

// allow takes n records off the requester's allowance, and tells whether that was enough. A message that is too much takes
// nothing.
func (l *limiter) allow(now time.Time, requester netip.Addr, n, perSecond int) bool {
	if perSecond < 0 {
		return true
	}
	if l.busy == nil {
		l.busy = make(map[netip.Addr]int64)
	}
	at := now.UnixNano()
	until, known := l.busy[requester]
	if !known && len(l.busy) >= maxRequesters {
		l.sweep(at)
		if len(l.busy) >= maxRequesters {
			requester = netip.Addr{}
			until = l.busy[requester]
		}
	}
	until = max(until, at) + int64(n)*int64(time.Second)/int64(perSecond)
	if until > at+int64(time.Second) {
		return false
	}
	l.busy[requester] = until
	return true
}

// sweep forgets the requesters that owe nothing; not more than once a second, so that a flood of new ones does not pay for
// a walk through all of them each.
func (l *limiter) sweep(at int64) {
	if at < l.swept+int64(time.Second) {
		return
	}
	l.swept = at
	for requester, until := range l.busy {
		if until <= at {
			delete(l.busy, requester)
		}
	}
}

package mapserver

import (
	"time"

	"lisplab/lispcore"
)

// expiryList holds the registrations that a timer runs for. All live equally long from the moment they enter, so the list
// is in the order of their ends and needs no heap.
type expiryList struct{ oldest, newest *registration }

// renew gives the registration its whole lifetime from now.
func (l *expiryList) renew(r *registration, now time.Time) {
	l.remove(r)
	r.expires = now.Add(lifetime).UnixNano()
	r.older = l.newest
	if l.newest != nil {
		l.newest.newer = r
	} else {
		l.oldest = r
	}
	l.newest = r
}

// remove stops the registration's timer, if one runs.
func (l *expiryList) remove(r *registration) {
	if r.expires == 0 {
		return
	}
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		l.oldest = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		l.newest = r.older
	}
	r.older, r.newer, r.expires = nil, nil, 0
}

// next tells when the first registration runs out.
func (l *expiryList) next() (time.Time, bool) {
	if l.oldest == nil {
		return time.Time{}, false
	}
	return time.Unix(0, l.oldest.expires).UTC(), true
}

// receiverDecides is the Record TTL that leaves the time to the receiver.
const receiverDecides = 0xffffffff

// maxTTL bounds, in minutes, what a T bit can ask for: some 120 years, far inside the range of time.Duration.
const maxTTL = 1 << 26

// age lets the registration's time run from now: three periods or, when the ETR asked for it with the T bit, its Record
// TTL (RFC 9301 section 5.6).
func (e *Engine) age(r *registration, now time.Time) {
	e.keep(r)
	if r.origin.ttlTimeout && r.content.ttl != receiverDecides {
		e.timed.Set(r, now.Add(time.Duration(min(r.content.ttl, maxTTL))*time.Minute))
		return
	}
	e.expiry.renew(r, now)
}

// keep stops the registration's time, if it runs.
func (e *Engine) keep(r *registration) {
	e.expiry.remove(r)
	e.timed.Stop(r)
}

// expire drops what ran out.
func (e *Engine) expire(now time.Time) {
	for r := e.expiry.oldest; r != nil && r.expires <= now.UnixNano(); r = e.expiry.oldest {
		e.expired(now, r)
	}
	for r, due := e.timed.Due(now); due; r, due = e.timed.Due(now) {
		e.expired(now, r)
	}
}

func (e *Engine) expired(now time.Time, r *registration) {
	e.counters.Expired++
	e.drop(now, r, lispcore.Event{Kind: lispcore.Expired})
}

// earliest returns the earliest of the deadlines that are armed.
func earliest(deadlines ...func() (time.Time, bool)) (at time.Time, armed bool) {
	for _, deadline := range deadlines {
		if t, ok := deadline(); ok && (!armed || t.Before(at)) {
			at, armed = t, true
		}
	}
	return at, armed
}

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

// expire drops what ran out.
func (e *Engine) expire(now time.Time) {
	for r := e.expiry.oldest; r != nil && r.expires <= now.UnixNano(); r = e.expiry.oldest {
		e.counters.Expired++
		e.drop(now, r, lispcore.Event{Kind: lispcore.Expired})
	}
}

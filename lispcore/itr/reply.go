package itr

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// handleMapReply takes a Map-Reply whose nonce the ITR has sent (RFC 9301 section 5.5).
func (e *Engine) handleMapReply(now time.Time, d lispcore.Datagram) {
	if err := e.reply.Parse(d.Payload); err != nil {
		e.counters.MapReplyFormatErrors++
		e.malformed(d.From.Addr(), err)
		return
	}
	if e.reply.Probe {
		e.handleProbeReply(now, d)
		return
	}
	a, ok := e.asked[e.reply.Nonce]
	if !ok {
		e.counters.UnknownNonces++
		e.unexpected(d.From.Addr(), "Map-Reply with an unknown nonce")
		return
	}
	e.noteReply(d.From.Addr())
	if a.lig != nil {
		e.ligReply(now, a.lig, d.From.Addr())
		return
	}
	r := a.request
	if !e.take(now, r.cache, r.prefix, d.From.Addr()) {
		return
	}
	if r.resolver != nil {
		r.resolver.answered(now, r.sentAt, e.reply.Records)
	}
	e.forgetNonce(r)
	r.answered, r.resolver = true, nil
	e.timers.Set(timerKey{request: r}, later(now, r.sentAt.Add(e.holds(r))))
}

// noteReply tells of the Map-Reply at hand.
func (e *Engine) noteReply(from netip.Addr) {
	e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapReplyReceived, Peer: from, Nonce: e.reply.Nonce, Count: len(e.reply.Records)})
}

// holds is how long after a Map-Request its answered record stays, to keep the rate limit. A mapping that did not come
// into the map-cache is not asked for again at once.
func (e *Engine) holds(r *request) time.Duration {
	switch en, ok := r.cache.entries.Lookup(r.prefix.Addr()); {
	case r.smr:
		return smrInterval
	case !ok || !en.dynamic:
		return requestHold
	}
	return requestInterval
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (r *resolver) answered(now, sent time.Time, records []wire.Record) {
	r.lastReply, r.rtt = now, now.Sub(sent)
	if slices.ContainsFunc(records, func(rec wire.Record) bool { return len(rec.Locators) > 0 }) {
		r.positive++
	} else {
		r.negative++
	}
}

// take installs the records of the Map-Reply at hand that answer the question for an EID prefix, and tells whether there
// was one. A record answers it when it covers the prefix or lies inside it, or is one of the more specifics that come with
// a record that does (RFC 9301 section 5.5). What was known of the prefix itself and is no longer said is forgotten.
func (e *Engine) take(now time.Time, c *cache, asked netip.Prefix, from netip.Addr) bool {
	answered, repeated := false, false
	for i := range e.reply.Records {
		rec := &e.reply.Records[i]
		if !e.answers(c, rec, asked) || !allowed(rec.Locators) {
			c.stats.RecordsRefused++
			e.unexpected(from, "Map-Reply record that was not asked for: "+rec.EID.String())
			continue
		}
		answered = true
		repeated = repeated || rec.EID.Prefix == asked
		c.stats.count(rec)
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapReplyRecord, Peer: from, EID: rec.EID, Detail: describe(rec)})
		e.install(now, c, rec, from)
	}
	if answered && !repeated {
		if en, ok := c.entries.Get(asked); ok {
			c.dropDynamic(e, now, en)
		}
	}
	return answered
}

// answers tells whether a record belongs to the answer.
func (e *Engine) answers(c *cache, rec *wire.Record, asked netip.Prefix) bool {
	if rec.EID.Service() != c.key {
		return false
	}
	if rec.EID.Prefix.Overlaps(asked) {
		return true
	}
	return slices.ContainsFunc(e.reply.Records, func(o wire.Record) bool {
		return o.EID.Covers(rec.EID) && o.EID.Covers(c.eid(asked))
	})
}

// allowed tells whether packets may be sent to all these locators.
func allowed(list []lispcore.Locator) bool {
	return !slices.ContainsFunc(list, func(l lispcore.Locator) bool { return !unicast(l.RLOC) })
}

// describe words the action of a negative record for a debugging operator.
func describe(rec *wire.Record) string {
	if len(rec.Locators) > 0 {
		return ""
	}
	return rec.Action.String()
}

func (s *Statistics) count(rec *wire.Record) {
	s.RecordsIn++
	if rec.Authoritative {
		s.AuthoritativeIn++
	} else {
		s.NonAuthoritativeIn++
	}
	if len(rec.Locators) == 0 {
		s.NegativeIn++
	}
}

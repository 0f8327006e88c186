package itr

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

const (
	// probePeriod is the time from one RLOC probe to the next.
	probePeriod = 60 * time.Second
	// probePatience is how long a probe may go without an answer until it counts as unanswered. A later answer still shows
	// that the locator is up.
	probePatience = 3 * time.Second
	// probesToDown is how many probes in a row must stay unanswered until a locator counts as down.
	probesToDown = 3
)

// rloc is what is known of one address that packets are encapsulated to, or that is another locator of the own site.
type rloc struct {
	addr  netip.Addr
	first *locator // of the entries that use it
	last  *locator
	site  *site // of which it is a locator of another router; or nil
	pins  int   // other uses: as a locator of the own site, as a proxy ETR

	source       netip.Addr // the router's address towards it
	routed       bool
	routeChanged time.Time
	routeChanges int

	down    bool
	changed time.Time
	changes int

	nonce                    uint64 // of the probe that has no answer; 0: none
	judged                   bool   // it has been counted in missed
	missed                   int    // probes without an answer, in a row
	probeSent, probeAnswered time.Time
	rtt                      time.Duration

	mtu      int // of the path, in bytes, as an ICMP error told; 0: none did
	mtuUntil time.Time

	echo echo
}

// self tells whether it is an address of the router.
func (r *rloc) self() bool { return r.routed && r.source == r.addr }

// rloc returns what is known of an address, which is nothing at first.
func (e *Engine) rloc(now time.Time, addr netip.Addr) *rloc {
	if r := e.rlocs[addr]; r != nil {
		return r
	}
	r := &rloc{addr: addr, changed: now, routeChanged: now}
	r.source, r.routed = e.routes.Source(addr)
	e.rlocs[addr] = r
	return r
}

// link enters a locator of an entry into its rloc's list.
func (e *Engine) link(now time.Time, l *locator) {
	r := l.rloc
	l.before, l.after = r.last, nil
	if r.last != nil {
		r.last.after = l
	} else {
		r.first = l
	}
	r.last = l
	e.startProbing(now, r)
}

// unlink takes locators of an entry out of their rlocs' lists, and forgets the rlocs that nobody uses any more.
func (e *Engine) unlink(list []locator) {
	for i := range list {
		l := &list[i]
		r := l.rloc
		if l.before != nil {
			l.before.after = l.after
		} else {
			r.first = l.after
		}
		if l.after != nil {
			l.after.before = l.before
		} else {
			r.last = l.before
		}
		e.release(r)
	}
}

// release forgets an rloc that nobody uses any more.
func (e *Engine) release(r *rloc) {
	if r.first == nil && r.pins == 0 {
		e.stopProbing(r)
		e.timers.Stop(timerKey{echo: r})
		delete(e.rlocs, r.addr)
	}
}

// sortedRLOCs returns the rlocs by address.
func (e *Engine) sortedRLOCs() []*rloc {
	list := make([]*rloc, 0, len(e.rlocs))
	for _, r := range e.rlocs {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *rloc) int { return a.addr.Compare(b.addr) })
	return list
}

// RoutesChanged tells that answers of Routes may differ from now on.
func (e *Engine) RoutesChanged(now time.Time) {
	for _, r := range e.rlocs {
		routed := r.routed
		r.source, r.routed = e.routes.Source(r.addr)
		if r.routed != routed {
			r.routeChanged = now
			r.routeChanges++
		}
	}
}

// setReachable notes that an rloc is up or down, and who found out.
func (e *Engine) setReachable(now time.Time, r *rloc, up bool, detail string) {
	if r.down != up {
		return
	}
	r.down, r.changed = !up, now
	r.changes++
	kind := lispcore.LocatorDown
	if up {
		kind = lispcore.LocatorUp
	}
	e.out.Note(lispcore.Event{Kind: kind, Peer: r.addr, Detail: detail})
}

// startProbing has an rloc probed, from now on, if it can be and is not already.
func (e *Engine) startProbing(now time.Time, r *rloc) {
	if _, armed := e.timers.Get(timerKey{probe: r}); !armed && e.cfg.Probing && (r.first != nil || r.site != nil) {
		e.timers.Set(timerKey{probe: r}, now)
	}
}

// stopProbing ends it. What was found out remains.
func (e *Engine) stopProbing(r *rloc) {
	e.timers.Stop(timerKey{probe: r})
	e.forgetProbe(r)
	r.missed = 0
}

func (e *Engine) forgetProbe(r *rloc) {
	if r.nonce != 0 {
		delete(e.probes, r.nonce)
		r.nonce = 0
	}
}

// probeTimer judges the last probe or sends the next (RFC 9301 section 7.1).
func (e *Engine) probeTimer(now time.Time, r *rloc) {
	cache, eid, ok := r.eid(e)
	if !ok {
		e.stopProbing(r)
		return
	}
	if r.nonce != 0 && !r.judged {
		r.judged = true
		if r.missed++; r.missed >= probesToDown {
			e.setReachable(now, r, false, "RLOC-probe")
		}
		e.timers.Set(timerKey{probe: r}, r.probeSent.Add(probePeriod))
		return
	}
	e.forgetProbe(r)
	if !r.routed || r.self() {
		e.timers.Set(timerKey{probe: r}, now.Add(probePeriod))
		return
	}
	r.nonce, r.probeSent, r.judged = e.nonce(), now, false
	e.probes[r.nonce] = r
	e.timers.Set(timerKey{probe: r}, now.Add(probePatience))
	m := wire.MapRequest{Probe: true, Nonce: r.nonce, ITRRLOCs: []netip.Addr{r.source}, Records: []lispcore.EID{eid}}
	if cache != nil {
		m.PITR = !cache.settings.ITR
		cache.stats.MapRequestsOut++
		cache.stats.ProbesOut++
	}
	e.send(r.source, r.addr, &m)
	e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapRequestSent, Peer: r.addr, EID: eid, Detail: "probe"})
}

// eid returns an EID prefix that the rloc is a locator of, and the map-cache that counts what is asked about it.
func (r *rloc) eid(e *Engine) (*cache, lispcore.EID, bool) {
	switch {
	case r.first != nil:
		c := r.first.entry.cache
		return c, c.eid(r.first.entry.prefix), true
	case r.site != nil:
		eid := r.site.mapping.EID
		return e.caches[eid.Service()], eid, true
	}
	return nil, lispcore.EID{}, false
}

// send sends a Map-Request as it is, without encapsulation.
func (e *Engine) send(from, to netip.Addr, m *wire.MapRequest) {
	payload, err := m.Append(nil)
	if err != nil {
		panic(err) // an rloc without a source is never asked, and EIDs come from messages or the configuration
	}
	e.out.Add(lispcore.SendDatagram{From: netip.AddrPortFrom(from, lispcore.ControlPort), To: netip.AddrPortFrom(to, lispcore.ControlPort), Payload: payload})
}

// handleProbeReply takes the answer to an RLOC probe: it must be authoritative, and about the locator that was asked
// (RFC 9301 sections 5.4 and 7.1).
func (e *Engine) handleProbeReply(now time.Time, d lispcore.Datagram) {
	r := e.probes[e.reply.Nonce]
	if r == nil {
		e.counters.UnknownNonces++
		e.unexpected(d.From.Addr(), "Map-Reply with an unknown nonce")
		return
	}
	cache, eid, ok := r.eid(e)
	if !ok || !e.answersProbe(r, eid) {
		e.counters.ProbeRepliesRefused++
		e.unexpected(d.From.Addr(), "probe reply that is not authoritative or about another locator")
		return
	}
	e.forgetProbe(r)
	e.timers.Set(timerKey{probe: r}, r.probeSent.Add(probePeriod))
	r.missed, r.probeAnswered, r.rtt = 0, now, now.Sub(r.probeSent)
	e.setReachable(now, r, true, "RLOC-probe")
	e.noteReply(d.From.Addr())
	for i := range e.reply.Records {
		rec := &e.reply.Records[i]
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapReplyRecord, Peer: d.From.Addr(), EID: rec.EID, Detail: "probe"})
		if cache == nil {
			continue
		}
		cache.stats.RecordsIn++
		cache.stats.AuthoritativeIn++
		cache.stats.ProbeRecordsIn++
		if rec.EID == eid {
			e.learnFromProbe(now, cache, rec, r, d.From.Addr())
		}
	}
}

// answersProbe checks the records of a probe reply.
func (e *Engine) answersProbe(r *rloc, eid lispcore.EID) bool {
	for _, rec := range e.reply.Records {
		if !rec.Authoritative || !rec.EID.Covers(eid) && !eid.Covers(rec.EID) {
			return false
		}
		for _, l := range rec.Locators {
			if l.Probed && l.RLOC != r.addr {
				return false
			}
		}
	}
	return len(e.reply.Records) > 0
}

// learnFromProbe takes a changed mapping from a probe reply ("the opportunity ... to get mapping updates", RFC 9301
// section 7.1). What one ETR thinks of the reachability of the others is no change: their own probes tell.
func (e *Engine) learnFromProbe(now time.Time, c *cache, rec *wire.Record, r *rloc, from netip.Addr) {
	en, ok := c.entries.Get(rec.EID.Prefix)
	if !ok || !en.dynamic || len(rec.Locators) == 0 || !allowed(rec.Locators) || en.sameLocators(rec.Locators) {
		return
	}
	if slices.ContainsFunc(en.locators, func(l locator) bool { return l.rloc == r }) {
		e.install(now, c, rec, from)
	}
}

// sameLocators tells whether the entry has these locators, with these priorities and weights.
func (en *entry) sameLocators(list []lispcore.Locator) bool {
	return slices.EqualFunc(en.locators, list, func(a locator, b lispcore.Locator) bool {
		return a.rloc.addr == b.RLOC && a.priority == b.Priority && a.weight == b.Weight
	})
}

package itr

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

const (
	// ligInterval is the time between the tries of a lig.
	ligInterval = 2 * time.Second
	// ligTries is how many there are, unless the operator says otherwise.
	ligTries = 3
	// ligLimit bounds the ligs whose results nobody has taken; the oldest goes.
	ligLimit = 64
)

// LigID names one lig. 0 is none.
type LigID uint64

// LigResult is how a lig stands.
type LigResult struct {
	EID      lispcore.EID
	Resolver netip.Addr // whom the last Map-Request went to; the zero Addr: nobody is configured, or has a route
	Sent     int        // Map-Requests so far
	Answered bool
	From     netip.Addr         // who sent the Map-Reply
	RTT      time.Duration      // from the last Map-Request to it
	Records  []lispcore.Mapping // of it, those that belong to the EID
}

type ligs struct {
	last LigID
	list []*lig // in the order in which they began
}

type lig struct {
	id       LigID
	result   LigResult
	source   netip.Addr
	fixed    netip.Addr // the Map-Resolver that the operator named; the zero Addr: none
	resolver *resolver
	tries    int
	nonce    uint64
	sentAt   time.Time
	done     bool
}

// Lig asks the mapping system for an EID, as `lig` does. source may be the zero Addr: an EID of the own site, if there is
// one, is taken; so may resolver: the configured ones are asked in turn. count is the number of tries, one every 2 s; 0
// stands for 3. The answer also goes into the map-cache.
func (e *Engine) Lig(now time.Time, eid lispcore.EID, source, resolver netip.Addr, count int) LigID {
	if count <= 0 {
		count = ligTries
	}
	if c := e.caches[eid.Service()]; c != nil && !source.IsValid() {
		source = c.sourceEID()
	}
	if len(e.ligs.list) >= ligLimit {
		e.LigCancel(e.ligs.list[0].id)
	}
	e.ligs.last++
	l := &lig{id: e.ligs.last, result: LigResult{EID: lispcore.NewEID(eid.Instance, eid.Prefix)}, source: source, fixed: resolver, tries: count}
	e.ligs.list = append(e.ligs.list, l)
	e.ligTry(now, l)
	return l.id
}

// LigResult tells how a lig stands. Once done is true the lig is forgotten.
func (e *Engine) LigResult(id LigID) (result LigResult, done bool) {
	i := slices.IndexFunc(e.ligs.list, func(l *lig) bool { return l.id == id })
	if i < 0 {
		return LigResult{}, true
	}
	l := e.ligs.list[i]
	result = l.result
	if l.done {
		e.ligs.list = slices.Delete(e.ligs.list, i, i+1)
	}
	return result, l.done
}

// LigCancel ends a lig.
func (e *Engine) LigCancel(id LigID) {
	e.ligs.list = slices.DeleteFunc(e.ligs.list, func(l *lig) bool {
		if l.id == id {
			e.ligEnd(l)
		}
		return l.id == id
	})
}

func (e *Engine) ligEnd(l *lig) {
	l.done = true
	delete(e.asked, l.nonce)
	e.timers.Stop(timerKey{lig: l})
}

// ligTry sends one Map-Request, if there is somebody to ask.
func (e *Engine) ligTry(now time.Time, l *lig) {
	c := e.caches[l.result.EID.Service()]
	to := l.fixed
	l.resolver = nil
	if !to.IsValid() && c != nil {
		if l.resolver = e.nextResolver(c); l.resolver != nil {
			to = l.resolver.addr
		}
	}
	l.result.Resolver = netip.Addr{}
	if to.IsValid() {
		if _, ok := e.routes.Source(to); ok {
			l.result.Resolver = to
		}
	}
	if !l.result.Resolver.IsValid() {
		e.ligEnd(l)
		return
	}
	delete(e.asked, l.nonce)
	l.nonce, l.sentAt = e.nonce(), now
	e.asked[l.nonce] = asked{lig: l}
	l.result.Sent++
	if l.resolver != nil {
		l.resolver.requests++
	}
	e.sendMapRequest(c, l.result.EID, to, wire.MapRequest{Nonce: l.nonce, SourceEID: l.source})
	e.timers.Set(timerKey{lig: l}, now.Add(ligInterval))
}

func (e *Engine) ligTimer(now time.Time, l *lig) {
	if c := e.caches[l.result.EID.Service()]; c != nil && l.resolver != nil {
		l.resolver.unanswered++
		c.stats.RequestsUnanswered++
		c.yield(l.resolver)
	}
	if l.result.Sent >= l.tries {
		e.ligEnd(l)
		return
	}
	e.ligTry(now, l)
}

// ligReply takes the answer to a lig.
func (e *Engine) ligReply(now time.Time, l *lig, from netip.Addr) {
	eid := l.result.EID
	c := e.caches[eid.Service()]
	answered := false
	for _, rec := range e.reply.Records {
		if !rec.EID.Covers(eid) && !eid.Covers(rec.EID) {
			continue
		}
		answered = true
		m := rec.Mapping
		m.Locators = slices.Clone(m.Locators)
		l.result.Records = append(l.result.Records, m)
	}
	if c != nil {
		e.take(now, c, eid.Prefix, from)
	}
	if !answered {
		l.result.Records = nil
		return
	}
	if l.resolver != nil {
		l.resolver.answered(now, l.sentAt, e.reply.Records)
	}
	l.result.Answered, l.result.From, l.result.RTT = true, from, now.Sub(l.sentAt)
	e.ligEnd(l)
}

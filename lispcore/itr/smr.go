package itr

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
)

// handleSMR takes a Solicit-Map-Request: about a prefix of the map-cache the ITR asks the mapping system anew, whoever
// sent the SMR, and keeps what it has until the answer (RFC 9301 section 6.1).
func (e *Engine) handleSMR(now time.Time, d lispcore.Datagram) {
	if err := e.request.Parse(d.Payload); err != nil {
		e.counters.MapRequestFormatErrors++
		e.malformed(d.From.Addr(), err)
		return
	}
	if !e.request.SMR {
		e.unexpected(d.From.Addr(), "Map-Request that is no SMR")
		return
	}
	for _, eid := range e.request.Records {
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapRequestReceived, Peer: d.From.Addr(), EID: eid, Detail: "SMR"})
		if c := e.caches[eid.Service()]; c != nil {
			e.solicited(now, c, eid.Prefix)
		}
	}
}

func (e *Engine) solicited(now time.Time, c *cache, p netip.Prefix) {
	c.stats.SMRsIn++
	en, ok := c.entries.LookupPrefix(p)
	if !ok || !en.dynamic {
		c.stats.SMRsDropped++
		return
	}
	if r := c.requests[p]; r != nil {
		if r.again || !r.answered && r.sent < requestTries {
			c.stats.SMRsDropped++ // its answer will be as new as one to another question
			return
		}
		r.again, r.smr = true, true
		return
	}
	if e.mayAsk(c, p) != MapRequestSent {
		c.stats.SMRsDropped++
		return
	}
	e.ask(now, c, p, c.sourceEID(), true)
}

// sourceEID returns an EID of the own site, for Map-Requests that no packet led to; the zero Addr when there is none.
func (c *cache) sourceEID() netip.Addr {
	if len(c.sites) == 0 {
		return netip.Addr{}
	}
	return c.sites[0].mapping.EID.Prefix.Addr()
}

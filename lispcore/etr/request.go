package etr

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// This file answers Map-Requests: what a Map-Server forwards, what comes directly, and RLOC probes (RFC 9301 sections 5.5
// and 7.1).

const (
	// replyInterval and replyBurst bound the Map-Replies for one EID prefix to one ITR-RLOC: a few at once, as an operator
	// who clears and asks again needs them, and one per 3 s in the long run.
	replyInterval = 3 * time.Second
	replyBurst    = 3
	// maxLimited is how many (ITR-RLOC, EID prefix) the limit is kept for.
	maxLimited = 4096
	// maxRequesters is how many ITR-RLOCs are remembered for Solicit-Map-Requests.
	maxRequesters = 128
)

// replyKey is what Map-Replies are limited by.
type replyKey struct {
	to    netip.Addr
	eid   lispcore.EID
	probe bool
}

// handleEncapsulated takes a Map-Request that a Map-Server forwards (RFC 9301 section 8.3). The Map-Reply goes to an ITR-RLOC,
// and to the port that the inner UDP header names. Probes and SMRs never travel like this (sections 7.1 and 6.1).
func (e *Engine) handleEncapsulated(now time.Time, in lispcore.Datagram) {
	peer := in.From.Addr()
	var ecm wire.EncapsulatedControl
	if err := ecm.Parse(in.Payload); err != nil {
		e.malformed(peer, err)
		return
	}
	if port := ecm.Destination.Port(); port != lispcore.ControlPort {
		e.unexpected(peer, "Encapsulated Control Message to another inner port than 4342")
		return
	}
	if t, err := wire.PeekType(ecm.Payload); err == nil && t != wire.TypeMapRequest {
		e.unexpected(peer, t.String()+" in an Encapsulated Control Message")
		return
	}
	m := &e.request
	if err := m.Parse(ecm.Payload); err != nil {
		e.malformed(peer, err)
		return
	}
	if m.Probe || m.SMR {
		e.unexpected(peer, describe(m)+" in an Encapsulated Control Message")
		return
	}
	e.counters.EncapsulatedIn++
	e.answer(now, in, ecm.Source.Port(), true)
}

// handleRequest takes a Map-Request that came directly, or a probe. An SMR is not for an ETR.
func (e *Engine) handleRequest(now time.Time, in lispcore.Datagram) {
	m := &e.request
	if err := m.Parse(in.Payload); err != nil {
		e.malformed(in.From.Addr(), err)
		return
	}
	if m.SMR {
		e.unexpected(in.From.Addr(), describe(m))
		return
	}
	e.answer(now, in, in.From.Port(), false)
}

// describe words what kind of Map-Request it is.
func describe(m *wire.MapRequest) string {
	switch {
	case m.SMR:
		return "Solicit-Map-Request"
	case m.Probe:
		return "RLOC probe"
	}
	return "Map-Request"
}

// answer answers e.request, whose sender waits at the given port.
func (e *Engine) answer(now time.Time, in lispcore.Datagram, port uint16, encapsulated bool) {
	m := &e.request
	e.countRequest(in.From.Addr(), encapsulated)
	from, to := e.replyAddresses(in.To.Addr())
	if !to.IsValid() || port == 0 || port == lispcore.DataPort {
		e.counters.NoITRRLOC++
		e.out.Note(lispcore.Event{Kind: lispcore.Unexpected, Peer: in.From.Addr(), Detail: describe(m) + " without an ITR-RLOC to answer to"})
		return
	}
	e.recordsFor(m.Records)
	if len(e.reply.Records) == 0 {
		e.counters.NoMapping++
		return
	}
	if m.DontReply {
		return
	}
	if !e.permitReply(now, replyKey{to, e.reply.Records[0].EID, m.Probe}) {
		e.counters.RateLimited++
		return
	}
	*e.requesters.touch(to) = now
	e.sendReply(netip.AddrPortFrom(from, lispcore.ControlPort), netip.AddrPortFrom(to, port), in.To.Addr())
}

func (e *Engine) countRequest(peer netip.Addr, encapsulated bool) {
	m := &e.request
	e.counters.MapRequestsIn++
	detail := ""
	switch {
	case m.Probe:
		e.counters.ProbesIn++
		detail = "probe"
	case m.SMRInvoked:
		detail = "SMR-invoked"
	}
	for _, eid := range m.Records {
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapRequestReceived, Peer: peer, EID: eid, Detail: detail})
		s := e.own[eid.Service()]
		if s == nil {
			continue
		}
		s.counters.MapRequestsIn++
		if encapsulated {
			s.counters.EncapsulatedIn++
		}
		if m.Probe {
			s.counters.ProbesIn++
		}
	}
}

// replyAddresses chooses where e.request is answered to, and from: an ITR-RLOC of the family that the request came over, as
// that is known to work and as the answer to a probe comes from the probed locator; otherwise the first one of a family of
// which the router has an RLOC. Without any, both are zero.
func (e *Engine) replyAddresses(arrived netip.Addr) (from, to netip.Addr) {
	for _, a := range e.request.ITRRLOCs {
		if routable(a) && !a.Is4In6() && a.Is4() == arrived.Is4() {
			return arrived, a
		}
	}
	for _, a := range e.request.ITRRLOCs {
		if own := e.rlocOf(lispcore.FamilyOf(a)); own.IsValid() && routable(a) && !a.Is4In6() {
			return own, a
		}
	}
	return netip.Addr{}, netip.Addr{}
}

// permitReply tells whether one more Map-Reply may go, and counts it.
func (e *Engine) permitReply(now time.Time, key replyKey) bool {
	used := e.limiter.touch(key) // the instant up to which the allowance is spent
	if used.Before(now) {
		*used = now
	}
	if used.Sub(now) > (replyBurst-1)*replyInterval {
		return false
	}
	*used = used.Add(replyInterval)
	return true
}

// recordsFor puts the records that answer the EIDs into e.reply: for each the longest EID prefix of the database that covers
// it, and all more specifics of that one, so that whoever caches them does not shadow a more specific (RFC 9301 section 5.5).
// Where these are too many for one message, one record answers: the part of the covering prefix around the EID that holds no
// more specific. EIDs that nothing covers are left out.
func (e *Engine) recordsFor(eids []lispcore.EID) {
	e.reply.Records = e.reply.Records[:0]
	var chosen []lispcore.EID
	for _, eid := range eids {
		s := e.own[eid.Service()]
		if s == nil || !eid.Prefix.IsValid() {
			continue
		}
		covering, _, ok := s.eids.LookupPrefixLPM(eid.Prefix)
		if !ok || slices.Contains(chosen, lispcore.NewEID(eid.Instance, covering)) {
			continue
		}
		chosen = append(chosen, lispcore.NewEID(eid.Instance, covering))
		before := len(e.reply.Records)
		for _, own := range s.eids.Subnets(covering) {
			e.addRecord(own, own.mapping.EID)
		}
		if len(e.reply.Records) > before+1 && !replyFits(e.reply.Records) {
			e.reply.Records = e.reply.Records[:before]
			if narrow, own := narrowed(s, covering, eid.Prefix.Addr()); own != nil {
				e.addRecord(own, lispcore.NewEID(eid.Instance, narrow))
			}
		}
		if len(e.reply.Records) > 1 && !replyFits(e.reply.Records) { // of several EIDs: the next Map-Request asks for the rest
			e.reply.Records = e.reply.Records[:max(before, 1)]
			break
		}
	}
	e.uniformTTL()
}

// replyFits tells whether the records go into one Map-Reply.
func replyFits(records []wire.Record) bool {
	size := 4 + 8 // header word and nonce
	for i := range records {
		size += recordSize(records[i].Mapping)
	}
	return len(records) <= maxRecords && size <= maxBytes
}

// narrowed finds the shortest prefix inside covering that holds the address and no prefix of the database, and the entry that
// it is a part of.
func narrowed(s *service, covering netip.Prefix, a netip.Addr) (netip.Prefix, *ownEID) {
	for bits := covering.Bits() + 1; bits <= a.BitLen(); bits++ {
		p := netip.PrefixFrom(a, bits).Masked()
		inside := false
		for range s.eids.Subnets(p) {
			inside = true
			break
		}
		if !inside {
			own, _ := s.eids.LookupPrefix(p)
			return p, own
		}
	}
	p := netip.PrefixFrom(a, a.BitLen())
	own, _ := s.eids.LookupPrefix(p)
	return p, own
}

// addRecord appends a record with what is known of one of the router's own prefixes. The slices of earlier Map-Replies are
// used again.
func (e *Engine) addRecord(own *ownEID, eid lispcore.EID) {
	rs := e.reply.Records
	if len(rs) < cap(rs) {
		rs = rs[:len(rs)+1]
	} else {
		rs = append(rs, wire.Record{})
	}
	r := &rs[len(rs)-1]
	locators := append(r.Locators[:0], own.locators...)
	*r = wire.Record{Mapping: own.mapping, Authoritative: true}
	r.EID, r.Locators, r.TTL = eid, locators, e.replyTTL(own.mapping)
	e.reply.Records = rs
}

// replyTTL is the Record TTL of a mapping in Map-Replies, in minutes.
func (e *Engine) replyTTL(m lispcore.Mapping) uint32 {
	ttl := e.cfg.MapCacheTTL4
	if m.EID.Family() == lispcore.IPv6 {
		ttl = e.cfg.MapCacheTTL6
	}
	if ttl == 0 {
		return m.TTL
	}
	return ttl
}

// uniformTTL gives the records of a Map-Reply one TTL, the least of them: they shall time out together (RFC 9301 section 5.5).
func (e *Engine) uniformTTL() {
	least := ^uint32(0)
	for i := range e.reply.Records {
		least = min(least, e.reply.Records[i].TTL)
	}
	for i := range e.reply.Records {
		e.reply.Records[i].TTL = least
	}
}

// sendReply sends e.reply. In the answer to a probe the probed locator bears the p bit.
func (e *Engine) sendReply(from, to netip.AddrPort, probed netip.Addr) {
	m := &e.reply
	m.Nonce, m.Probe = e.request.Nonce, e.request.Probe
	for i := range m.Records {
		r := &m.Records[i]
		for j := range r.Locators {
			r.Locators[j].Probed = m.Probe && r.Locators[j].RLOC == probed
		}
		service := e.own[r.EID.Service()]
		service.counters.MapRepliesOut++
		if m.Probe {
			service.counters.ProbeRepliesOut++
		}
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapReplySent, Peer: to.Addr(), EID: r.EID})
	}
	e.counters.MapRepliesOut++
	if m.Probe {
		e.counters.ProbeRepliesOut++
	}
	b, err := m.Append(nil)
	if err != nil {
		panic(err) // the database was checked when it was configured
	}
	e.out.Add(lispcore.SendDatagram{From: from, To: to, Payload: b})
}

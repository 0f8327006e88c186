package etr

import (
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// This file is about the other xTRs of a site: a Map-Server that merges their locators tells each of them the whole set
// (RFC 9301 section 5.7; the a bit of section 5.6).

// unasked takes a Map-Notify that answers no Map-Register: the word of a change in a merged locator-set. It is
// acknowledged, so that the Map-Server stops sending it.
func (e *Engine) unasked(now time.Time, s *server, in lispcore.Datagram, notify *wire.MapNotify) {
	var signer *key
	for _, family := range []lispcore.Family{lispcore.IPv4, lispcore.IPv6} {
		if k := s.keys[family]; k != nil && signer == nil && k.auth.Verify(in.Payload) {
			signer = k
		}
	}
	if signer == nil {
		e.counters.AuthFailures++
		e.out.Note(lispcore.Event{Kind: lispcore.AuthenticationFailed, Peer: s.addr, Detail: "Map-Notify"})
		return
	}
	for i := range notify.Records {
		s.lastNotify[notify.Records[i].EID.Family()] = now
	}
	e.heard(now, s, notify.Records, "UDP")
	b, err := (*wire.MapNotifyAck)(notify).Append(nil)
	if err == nil {
		err = signer.auth.Sign(b)
	}
	if err != nil {
		e.malformed(s.addr, err) // an algorithm, or a record, that can be read but not written
		return
	}
	e.counters.NotifyAcksOut++
	e.out.Add(lispcore.SendDatagram{From: in.To, To: in.From, Payload: b})
}

// merged takes what a map server's record tells of the other xTRs' locators for one of the router's own prefixes.
func (e *Engine) merged(now time.Time, s *server, r *wire.Record) {
	own := e.ownEIDOf(r.EID)
	if own == nil || !e.cfg.Merge[r.EID] {
		return
	}
	var others []lispcore.Locator
	for _, l := range r.Locators {
		if !hasRLOC(own.mapping.Locators, l) && !hasRLOC(others, l) {
			l.Local, l.Probed = false, false
			others = append(others, l)
		}
	}
	if own.merged == nil {
		own.merged = make(map[*server][]lispcore.Locator)
	}
	own.merged[s] = others
	if e.assemble(own) {
		e.solicit(now, own.mapping.EID)
	}
}

func hasRLOC(list []lispcore.Locator, l lispcore.Locator) bool {
	return slices.ContainsFunc(list, func(o lispcore.Locator) bool { return o.RLOC == l.RLOC })
}

// assemble puts together the locators of a prefix: its own ones, and what the map servers that are configured tell of
// others, each RLOC once. It tells whether that is a change.
func (e *Engine) assemble(own *ownEID) (changed bool) {
	before := own.locators
	own.locators = slices.Clone(own.mapping.Locators)
	for _, s := range e.servers {
		for _, l := range own.merged[s] {
			if !hasRLOC(own.locators, l) && len(own.locators) < wire.MaxLocators {
				own.locators = append(own.locators, l)
			}
		}
	}
	slices.SortStableFunc(own.locators, lispcore.CompareLocators)
	return !slices.Equal(before, own.locators)
}

// discovered returns the locators of a prefix that only its map servers told of.
func (e *Engine) discovered(eid lispcore.EID) []lispcore.Locator {
	own := e.ownEIDOf(eid)
	if own == nil {
		return nil
	}
	var list []lispcore.Locator
	for _, l := range own.locators {
		if !hasRLOC(own.mapping.Locators, l) {
			list = append(list, l)
		}
	}
	return list
}

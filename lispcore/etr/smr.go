package etr

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// This file asks others to ask again: Solicit-Map-Requests (RFC 9301 section 6.1). Who has a mapping of ours in its
// map-cache is not known; the good guesses are the locators of the router's own map-cache, as traffic goes both ways, and
// the ITR-RLOCs that were answered of late.

const (
	// smrInterval is the least time between two rounds of SMRs for one EID prefix.
	smrInterval = 20 * time.Second
	// requesterMemory is how long an answered ITR-RLOC counts as one that may have the mapping.
	requesterMemory = 60 * time.Second
	// maxSMRRLOCs is how many ITR-RLOCs one Map-Request holds (RFC 9301 section 5.2).
	maxSMRRLOCs = 32
)

// solicitation is one EID prefix whose mapping has changed within the last smrInterval.
type solicitation struct {
	pending bool
	// rlocs are the router's own RLOCs at the time of the change: when the last EID prefix goes, the database names none.
	rlocs []netip.Addr
}

// SetMapCache tells where the locators of the router's own map-cache are to be had. Nil, as in an ETR that is no ITR, means
// that there are none.
func (e *Engine) SetMapCache(locators func() []netip.Addr) { e.mapCache = locators }

// solicitChanges sends SMRs for what differs from an earlier database: mappings that changed or went, and new ones that take
// a part out of an older mapping.
func (e *Engine) solicitChanges(now time.Time, before []lispcore.Mapping, old map[lispcore.Service]*service) {
	var changed []lispcore.EID
	for _, m := range e.cfg.Database {
		s := old[m.EID.Service()]
		if s == nil {
			continue
		}
		was, known := s.eids.Get(m.EID.Prefix)
		_, covered := s.eids.LookupPrefix(m.EID.Prefix)
		if known && !(was.mapping.SameData(m) && was.mapping.Action == m.Action) || !known && covered {
			changed = append(changed, m.EID)
		}
	}
	for _, m := range before {
		if e.ownEIDOf(m.EID) == nil {
			changed = append(changed, m.EID)
		}
	}
	slices.SortFunc(changed, lispcore.EID.Compare)
	rlocs := e.rlocs
	if len(rlocs) == 0 {
		rlocs = ownRLOCs(before)
	}
	for _, eid := range changed {
		e.solicitFrom(now, eid, rlocs)
		if len(e.cfg.Database) == 0 && e.smrs[eid] != nil { // all is withdrawn by now, and the engine may not live to see another Tick
			e.solicitationDue(now, eid)
		}
	}
}

func (e *Engine) solicit(now time.Time, eid lispcore.EID) { e.solicitFrom(now, eid, e.rlocs) }

// solicitFrom lets SMRs for an EID prefix go: by a timer that is due now, behind the Map-Registers of the same instant, so that
// who asks again is given the new mapping; or when the interval since the last round is over.
func (e *Engine) solicitFrom(now time.Time, eid lispcore.EID, rlocs []netip.Addr) {
	s := e.smrs[eid]
	if s == nil {
		if len(e.recipients(now)) == 0 {
			return
		}
		s = &solicitation{}
		e.smrs[eid] = s
		e.timers.Set(timerKey{smr: eid}, now)
	}
	s.pending, s.rlocs = true, rlocs
}

// solicitationDue sends the SMRs that wait, or ends the interval in which others would have to.
func (e *Engine) solicitationDue(now time.Time, eid lispcore.EID) {
	s := e.smrs[eid]
	if !s.pending || !e.sendSMRs(now, eid, s.rlocs) {
		delete(e.smrs, eid)
		return
	}
	s.pending = false
	e.timers.Set(timerKey{smr: eid}, now.Add(smrInterval))
}

// recipients are those who may have mappings of this router, each once, in ascending order.
func (e *Engine) recipients(now time.Time) []netip.Addr {
	var list []netip.Addr
	if e.mapCache != nil {
		list = slices.Clone(e.mapCache())
	}
	e.requesters.all(func(a netip.Addr, answered time.Time) bool {
		recent := now.Sub(answered) <= requesterMemory
		if recent {
			list = append(list, a)
		}
		return recent
	})
	list = slices.DeleteFunc(list, e.isOwn)
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list)
}

// sendSMRs sends one SMR to each recipient that the router has an RLOC for, and tells whether there was any. The record is
// the EID prefix whose mapping changed: the receiver copies it into the Map-Request that it then sends.
func (e *Engine) sendSMRs(now time.Time, eid lispcore.EID, rlocs []netip.Addr) (sent bool) {
	if len(rlocs) > maxSMRRLOCs {
		rlocs = rlocs[:maxSMRRLOCs]
	}
	for _, to := range e.recipients(now) {
		i := slices.IndexFunc(rlocs, func(a netip.Addr) bool { return a.Is4() == to.Is4() })
		if i < 0 {
			continue
		}
		m := wire.MapRequest{
			SMR: true, Nonce: e.cfg.Rand.Uint64(), SourceInstance: eid.Instance, SourceEID: eid.Prefix.Addr(), ITRRLOCs: rlocs, Records: []lispcore.EID{eid},
		}
		b, err := m.Append(nil)
		if err != nil {
			panic(err) // the database was checked when it was configured
		}
		e.counters.SMRsOut++
		if s := e.own[eid.Service()]; s != nil {
			s.counters.SMRsOut++
		}
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapRequestSent, Peer: to, EID: eid, Detail: "SMR"})
		e.out.Add(lispcore.SendDatagram{From: netip.AddrPortFrom(rlocs[i], lispcore.ControlPort), To: netip.AddrPortFrom(to, lispcore.ControlPort), Payload: b})
		sent = true
	}
	return sent
}

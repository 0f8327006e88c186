package etr

import (
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// This file is the state table of the draft (section 6.2), one function per event; A1 to A7 are its actions.

// reliable tells that registrations of the server go over the session: it stands and has asked for them.
func (s *server) reliable() bool { return s.session.State() == session.Up && s.refreshed }

// created is "DB create". On a session that has not asked yet (no Refresh) the prefix waits for the Refresh, which covers it.
func (e *Engine) created(now time.Time, en *entry) {
	s := en.message.group.server
	switch {
	case s.reliable():
		e.register(now, en) // A2
	case s.session.State() == session.Up && e.guarded(s):
		en.state = Stable
	default:
		en.state = Periodic
		e.restart(now, en.message) // A1
	}
}

// changed is "DB change": of the mapping or of the key.
func (e *Engine) changed(now time.Time, en *entry) {
	switch en.state {
	case Periodic:
		e.restart(now, en.message) // A1
	case Stable:
		if en.message.group.server.reliable() {
			e.register(now, en) // A2; without a Refresh yet, the coming one covers it
		}
	case AckWait, Rejected:
		e.register(now, en) // A2
	}
}

// withdraw is "DB delete" of some entries, in ascending order, that were removed from their group. Before the first Refresh
// nothing goes over the session, so that a withdrawal goes by UDP then.
func (e *Engine) withdraw(now time.Time, g *group, gone []*entry) {
	var byUDP, merged []lispcore.Mapping
	for _, en := range gone {
		withdrawn := en.mapping
		withdrawn.TTL = 0
		switch {
		case en.state == Rejected:
		case en.state != Periodic && g.server.reliable():
			e.takeNonce(now, en.message)
			e.sendRegistration(en, withdrawn) // A6
		case en.merge:
			merged = append(merged, withdrawn) // A3
		default:
			byUDP = append(byUDP, withdrawn) // A3
		}
	}
	e.sendWithdrawal(now, g, false, byUDP)
	e.sendWithdrawal(now, g, true, merged)
}

// sessionUp is "session up": UDP ends, and the map server is expected to ask.
func (e *Engine) sessionUp(now time.Time, in lispcore.StreamOpened) {
	s := e.serverOf(in.Stream)
	if s == nil {
		e.out.Add(lispcore.CloseStream{Stream: in.Stream, Abort: true}) // its map server went while the dial was under way
		return
	}
	s.session.Opened(now, in)
	s.refreshed = false
	e.out.Note(lispcore.Event{Kind: lispcore.SessionUp, Peer: s.addr})
	e.timers.Stop(timerKey{connect: s})
	for _, g := range s.groups {
		for _, m := range g.messages {
			e.timers.Stop(timerKey{send: m}) // A4
			m.resend = firstResend
		}
		g.ascending(func(en *entry) { en.state = Stable })
	}
	e.timers.Set(timerKey{guard: s}, now.Add(refreshGuard))
}

// sessionDown is "session down", and the end of a dial that came to nothing.
func (e *Engine) sessionDown(now time.Time, s *server, reason string) {
	if !s.session.Closed(now) {
		e.out.Note(lispcore.Event{Kind: lispcore.ConnectFailed, Peer: s.addr, Detail: reason})
		return
	}
	e.out.Note(lispcore.Event{Kind: lispcore.SessionDown, Peer: s.addr, Detail: reason})
	s.refreshed = false
	e.timers.Stop(timerKey{guard: s})
	e.timers.Stop(timerKey{patience: s})
	for _, g := range s.groups {
		g.ascending(func(en *entry) { en.state, en.sent = Periodic, time.Time{} })
		for _, m := range g.messages { // A7
			m.resend = firstResend
			e.timers.Set(timerKey{send: m}, now.Add(e.nextPeriod()))
		}
	}
}

// guarded tells that the session still waits for its first Refresh.
func (e *Engine) guarded(s *server) bool {
	_, armed := e.timers.Get(timerKey{guard: s})
	return armed
}

// missingRefresh is the guard that the draft lacks: a peer that runs the session without asking for registrations would
// let them expire after three minutes. UDP goes on, and the session stays.
func (e *Engine) missingRefresh(now time.Time, s *server) {
	e.out.Note(lispcore.Event{Kind: lispcore.NoRefresh, Peer: s.addr})
	for _, g := range s.groups {
		g.ascending(func(en *entry) { en.state = Periodic })
		for _, m := range g.messages {
			e.restart(now, m)
		}
	}
}

// refresh is "Refresh" and "Refresh with R", for the prefixes that its scope holds. A Refresh that comes after the guard
// gave up takes the Periodic prefixes back.
func (e *Engine) refresh(now time.Time, s *server, r *wire.RegistrationRefresh) {
	s.refreshed = true
	e.timers.Stop(timerKey{guard: s})
	for _, g := range s.groups {
		g.ascending(func(en *entry) {
			if !inScope(r, en.mapping.EID) {
				return
			}
			if r.RejectedOnly && en.state != Rejected && en.state != AckWait {
				return
			}
			e.register(now, en) // A2
		})
		for _, m := range g.messages {
			if !m.periodic() {
				e.timers.Stop(timerKey{send: m}) // A4
			}
		}
	}
}

// inScope tells whether a Refresh asks for an EID (draft section 5.6).
func inScope(r *wire.RegistrationRefresh, eid lispcore.EID) bool {
	asked := r.Prefix.EID
	switch r.Scope {
	case wire.ScopeAll:
		return true
	case wire.ScopeInstance:
		return eid.Instance == asked.Instance
	case wire.ScopeFamily:
		return eid.Service() == asked.Service()
	case wire.ScopeCovered:
		return asked.Covers(eid)
	case wire.ScopeExact:
		return asked == eid
	}
	return false
}

// acked is "ACK".
func (e *Engine) acked(now time.Time, en *entry) {
	en.acked = now
	switch en.state {
	case AckWait:
		en.state, en.sent = Stable, time.Time{}
	case Rejected:
		e.register(now, en) // A2: odd, but so the draft says
	}
}

// nacked is "NACK".
func (e *Engine) nacked(en *entry, reason wire.Reason) {
	if en.state != Rejected {
		e.out.Note(lispcore.Event{Kind: lispcore.Rejected, Peer: en.message.group.server.addr, EID: en.mapping.EID, Detail: reason.String()})
	}
	en.state, en.reason, en.sent = Rejected, reason, time.Time{}
	if !en.message.periodic() {
		e.timers.Stop(timerKey{send: en.message})
	}
}

// periodic tells whether the message has anything to register by UDP.
func (m *message) periodic() bool {
	for _, en := range m.entries {
		if en.state == Periodic {
			return true
		}
	}
	return false
}

// restart is A1: the Map-Register goes at once, with a new backoff.
func (e *Engine) restart(now time.Time, m *message) {
	m.resend = firstResend
	e.timers.Set(timerKey{send: m}, now)
}

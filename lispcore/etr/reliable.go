package etr

import (
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// This file is the TCP half of registration: Registrations out, Refresh, ACK, NACK and Mapping Notification in.

// register is A2: one Registration for one prefix.
func (e *Engine) register(now time.Time, en *entry) {
	m := en.message
	m.group.engaged = true
	e.takeNonce(now, m)
	en.state, en.sent = AckWait, now
	e.sendRegistration(en, en.mapping)
	s := m.group.server
	if _, armed := e.timers.Get(timerKey{patience: s}); !armed {
		e.timers.Set(timerKey{patience: s}, now.Add(ackPatience))
	}
}

// sendRegistration sends a Registration with one record and the nonce of its group's UDP Map-Register (as IOS does).
func (e *Engine) sendRegistration(en *entry, mapping lispcore.Mapping) {
	m := en.message
	g := m.group
	records := []wire.Record{{Mapping: mapping, Authoritative: true}}
	register := e.mapRegister(g, m.nonce, en.merge, records)
	if err := g.server.session.Send(&wire.Registration{Register: register}, g.service); err != nil {
		panic(err) // one record is far below the largest frame
	}
	e.registered(g, records, "reliable")
}

// handleStream takes bytes of a session. A stream that lost its framing is closed without an answer.
func (e *Engine) handleStream(now time.Time, in lispcore.StreamData) {
	s := e.serverOf(in.Stream)
	if s == nil || s.session.State() != session.Up {
		return
	}
	err := s.session.Receive(in.Data, &e.out, func(m wire.StreamMessage) error { return e.handleMessage(now, s, m) })
	if err != nil {
		e.out.Add(lispcore.CloseStream{Stream: in.Stream, Abort: true})
		e.sessionDown(now, s, err.Error())
	}
}

func (e *Engine) handleMessage(now time.Time, s *server, m wire.StreamMessage) error {
	switch m := m.(type) {
	case *wire.RegistrationRefresh:
		e.refresh(now, s, m)
	case *wire.RegistrationACK:
		if en := s.entry(m.Prefix.EID); en != nil {
			e.acked(now, en)
			s.lastNotify[m.Prefix.EID.Family()] = now
		}
		s.session.CountIn(m.Prefix.EID.Service())
	case *wire.RegistrationNACK:
		if en := s.entry(m.Prefix.EID); en != nil {
			e.nacked(en, m.Reason)
		}
		s.session.CountIn(m.Prefix.EID.Service())
	case *wire.MappingNotification:
		e.heard(now, s, []wire.Record{m.Record}, "reliable")
		s.session.CountIn(m.Record.EID.Service())
	default:
		return session.ErrUnexpected
	}
	return nil
}

// entry finds a prefix by what an ACK or a NACK names: instance, address and length, never by message ID.
func (s *server) entry(eid lispcore.EID) *entry {
	if !eid.Prefix.IsValid() {
		return nil
	}
	for _, g := range s.groups {
		if g.service == eid.Service() {
			return g.entries[eid.Prefix]
		}
	}
	return nil
}

// checkPatience tells of Registrations that went unanswered for a minute, each once. Nothing is sent again: the transport
// is reliable.
func (e *Engine) checkPatience(now time.Time, s *server) {
	var next time.Time
	for _, g := range s.groups {
		g.ascending(func(en *entry) {
			if en.state != AckWait || en.sent.IsZero() {
				return
			}
			if due := en.sent.Add(ackPatience); due.After(now) {
				if next.IsZero() || due.Before(next) {
					next = due
				}
				return
			}
			en.sent = time.Time{}
			e.out.Note(lispcore.Event{Kind: lispcore.Unacknowledged, Peer: s.addr, EID: en.mapping.EID})
		})
	}
	if !next.IsZero() {
		e.timers.Set(timerKey{patience: s}, next)
	}
}

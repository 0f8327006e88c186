package mapserver

import (
	"fmt"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// This file is the TCP half: connections, Registrations, ACK and NACK, Mapping Notifications.

// accept takes a connection and asks for all registrations, if the address has had a Map-Register authenticated since its
// last session began; the port does not matter (draft section 4.1).
func (e *Engine) accept(now time.Time, in lispcore.StreamOpened) {
	s, replaced := e.sessions.Accept(now, in)
	if s == nil {
		e.counters.ConnectionsRefused++
		e.out.Note(lispcore.Event{Kind: lispcore.ConnectionRejected, Peer: in.Remote.Addr()})
		e.out.Add(lispcore.CloseStream{Stream: in.Stream})
		return
	}
	if replaced != 0 {
		e.out.Add(lispcore.CloseStream{Stream: replaced, Abort: true})
		e.lost(now, s, "replaced by a newer connection")
	}
	e.out.Note(lispcore.Event{Kind: lispcore.SessionUp, Peer: s.Peer()})
	e.send(s, &wire.RegistrationRefresh{Scope: wire.ScopeAll}, lispcore.Service{})
}

// sessionDown takes the end of a connection.
func (e *Engine) sessionDown(now time.Time, s *session.Session, reason string) {
	if s.Closed(now) {
		e.lost(now, s, reason)
	}
}

// lost makes the reliable registrations of the session's ETR ordinary ones, which now have 180 s to live. They keep the
// time of their last registration.
func (e *Engine) lost(now time.Time, s *session.Session, reason string) {
	e.out.Note(lispcore.Event{Kind: lispcore.SessionDown, Peer: s.Peer(), Detail: reason})
	x := e.etrs[s.Peer()]
	clear(x.refused)
	for _, r := range x.sorted() {
		if r.reliable {
			r.reliable = false
			e.age(r, now)
		}
	}
}

// send puts a message on a session.
func (e *Engine) send(s *session.Session, m wire.StreamMessage, user lispcore.Service) {
	if err := s.Send(m, user); err != nil {
		panic(err) // what a Map-Server sends holds one EID prefix, far below the largest frame
	}
}

// handleStream takes bytes of a session. A stream that lost its framing is closed without an answer.
func (e *Engine) handleStream(now time.Time, in lispcore.StreamData) {
	s := e.sessions.ByStream(in.Stream)
	if s == nil || s.State() != session.Up {
		return
	}
	b := burst{engine: e, session: s, etr: e.etrs[s.Peer()]}
	err := s.Receive(in.Data, &e.out, func(m wire.StreamMessage) error {
		r, ok := m.(*wire.Registration)
		if !ok {
			e.counters.Unexpected++
			return session.ErrUnexpected
		}
		return b.registration(now, r)
	})
	b.close()
	if err != nil {
		e.counters.Malformed++
		e.out.Add(lispcore.CloseStream{Stream: in.Stream, Abort: true})
		e.sessionDown(now, s, err.Error())
	}
}

// burst is the Registrations of one run of bytes. IOS answers them by groups of one service: the ACKs and NACKs in the
// order of arrival, then the group's Mapping Notifications.
type burst struct {
	engine  *Engine
	session *session.Session
	etr     *etr
	service lispcore.Service
	notify  []*registration
}

// registration judges one Registration and answers it.
func (b *burst) registration(now time.Time, in *wire.Registration) error {
	e, m := b.engine, &b.engine.register
	if err := m.Parse(in.Register); err != nil {
		e.counters.Malformed++
		return err
	}
	if len(m.Records) != 1 {
		e.counters.Malformed++
		return fmt.Errorf("Registration: %d records instead of one: %w", len(m.Records), session.ErrDiscard)
	}
	record := m.Records[0]
	eid, service := record.EID, record.EID.Service()
	if service != b.service {
		b.close()
		b.service = service
	}
	b.session.CountIn(service)
	e.debugRecord(lispcore.MapRegisterReceived, b.etr.addr, eid, "reliable")
	e.newMessage()
	home, longest, reason := e.judge(eid, in.Register)
	if home == nil {
		e.refused(eid, longest)
		b.refuse(now, eid, reason)
		return nil
	}
	from := arrival{etr: b.etr, port: b.session.PeerPort(), reliable: true, nonce: m.Nonce, origin: e.originOf(m)}
	r := e.store(now, home, from, record)
	e.ack.Prefix = wire.EIDPrefix{EID: eid}
	e.send(b.session, &e.ack, service)
	if m.WantNotify {
		if r == nil { // withdrawn: the notification says so, with the TTL 0 of the record
			r = &registration{node: &node{prefix: eid.Prefix, home: home}, origin: from.origin, content: e.contentOf(record.Mapping)}
		}
		b.notify = append(b.notify, r)
	}
	return nil
}

// refuse answers with a NACK. What the ETR had registered under that prefix goes: a key that no longer verifies withdraws.
func (b *burst) refuse(now time.Time, eid lispcore.EID, reason wire.Reason) {
	e := b.engine
	e.out.Note(lispcore.Event{Kind: lispcore.Refused, Peer: b.etr.addr, EID: eid, Detail: reason.String()})
	if t := e.tables[eid.Service()]; t != nil {
		for n := t.nodes[eid.Prefix]; n != nil; {
			next := n.next
			e.drop(now, n.of(b.etr), lispcore.Event{Kind: lispcore.Withdrawn, Detail: reason.String()})
			n = next
		}
	}
	if len(b.etr.refused) < maxRefused {
		b.etr.refused[eid] = true
	}
	e.send(b.session, &wire.RegistrationNACK{Reason: reason, Prefix: wire.EIDPrefix{EID: eid}}, eid.Service())
}

// close ends the group in hand.
func (b *burst) close() {
	for _, r := range b.notify {
		b.engine.sendMappingNotification(b.session, r)
	}
	b.notify = b.notify[:0]
}

// sendMappingNotification tells an ETR the Map-Server's view of a mapping.
func (e *Engine) sendMappingNotification(s *session.Session, r *registration) {
	m := r.mapping()
	if r.origin.merge && r.node.regs != nil {
		m = r.node.mapping()
	}
	e.scratch = append(e.scratch[:0], m.Locators...)
	clearLocal(e.scratch)
	m.Locators = e.scratch
	e.notification = wire.MappingNotification{XTRID: r.origin.xtrID, SiteID: r.origin.siteID, Record: wire.Record{Mapping: m}}
	e.send(s, &e.notification, m.EID.Service())
}

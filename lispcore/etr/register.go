package etr

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// This file is the UDP half of registration: Map-Register out, Map-Notify in.

// sendMapRegister is A5: it sends the periodic prefixes of a message and restarts its timer. While no Map-Notify answers,
// the wait doubles from 1 to 60 s; from then on resend and period are one.
func (e *Engine) sendMapRegister(now time.Time, m *message) {
	var records []wire.Record
	for _, en := range m.entries {
		if en.state == Periodic {
			records = append(records, wire.Record{Mapping: en.mapping, Authoritative: true})
		}
	}
	if len(records) == 0 {
		return
	}
	// With the backoff at its end resend and period are one: a send that late is a period's, and has a nonce of its own.
	resend := m.resend > firstResend && now.Sub(m.lastSent) < period-periodJitter
	if e.cfg.ReplayCheck && !resend {
		m.fresh = false
	}
	e.takeNonce(now, m)
	e.sendUDP(m.group, m.nonce, m.merge(), records)
	m.lastSent = now
	wait := m.resend
	if wait == lastResend {
		wait = e.nextPeriod()
	}
	m.resend = min(2*m.resend, lastResend)
	e.timers.Set(timerKey{send: m}, now.Add(wait))
}

// takeNonce gives a message whose content changed a new nonce.
func (e *Engine) takeNonce(now time.Time, m *message) {
	if !m.fresh {
		m.fresh, m.nonce = true, e.newNonce(now, m.group)
	}
}

// newNonce draws a nonce: random, or, with replay checking, one more than the last. There the clock gives the first one,
// which then is greater than any before a restart of the router, or of the service.
func (e *Engine) newNonce(now time.Time, g *group) uint64 {
	switch {
	case !e.cfg.ReplayCheck:
		return e.cfg.Rand.Uint64()
	case g.lastNonce == 0:
		g.lastNonce = uint64(now.UnixNano())
	default:
		g.lastNonce++
	}
	return g.lastNonce
}

// sendWithdrawal is A3: a Map-Register with TTL 0, once, with nonces of its own.
func (e *Engine) sendWithdrawal(now time.Time, g *group, merge bool, mappings []lispcore.Mapping) {
	const remembered = 64
	slices.Reverse(mappings)
	for len(mappings) > 0 {
		size, n := overhead, 0
		var records []wire.Record
		for n < len(mappings) && n < maxRecords && (n == 0 || size+recordSize(mappings[n]) <= maxBytes) {
			size += recordSize(mappings[n])
			records = append(records, wire.Record{Mapping: mappings[n], Authoritative: true})
			n++
		}
		mappings = mappings[n:]
		nonce := e.newNonce(now, g)
		e.sendUDP(g, nonce, merge, records)
		e.withdrawals = append(e.withdrawals, nonce)
		if len(e.withdrawals) > remembered {
			e.withdrawals = e.withdrawals[1:]
		}
	}
}

// mapRegister builds and signs a Map-Register of the group.
func (e *Engine) mapRegister(g *group, nonce uint64, merge bool, records []wire.Record) []byte {
	key := g.server.keys[g.service.Family]
	m := wire.MapRegister{
		ProxyReply: key.proxyReply, Merge: merge, WantNotify: true, HasXTRID: true, Nonce: nonce, Auth: wire.Auth{Algorithm: key.algorithm},
		Records: records, XTRID: e.cfg.XTRID, SiteID: e.cfg.SiteID,
	}
	b, err := m.Append(nil)
	if err == nil {
		err = key.auth.Sign(b)
	}
	if err != nil {
		panic(err) // the database was checked when it was configured
	}
	return b
}

func (e *Engine) sendUDP(g *group, nonce uint64, merge bool, records []wire.Record) {
	s := g.server
	if !s.local.IsValid() {
		return // no route: the timer goes on
	}
	e.counters.MapRegistersOut++
	e.out.Add(lispcore.SendDatagram{
		From:    netip.AddrPortFrom(s.local, lispcore.ControlPort),
		To:      netip.AddrPortFrom(s.addr, lispcore.ControlPort),
		Payload: e.mapRegister(g, nonce, merge, records),
	})
	e.registered(g, records, "UDP")
}

// registered counts and tells what went out, by UDP or over a session.
func (e *Engine) registered(g *group, records []wire.Record, how string) {
	if s := e.own[g.service]; s != nil {
		s.counters.MapRegistersOut += uint64(len(records))
	}
	for i := range records {
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapRegisterSent, Peer: g.server.addr, EID: records[i].EID, Detail: how})
	}
}

// handleDatagram finds out what came. What is no LISP message at all counts as a Map-Notify that can't be read.
func (e *Engine) handleDatagram(now time.Time, in lispcore.Datagram) {
	if in.To.Port() == lispcore.DataPort {
		e.handleData(in)
		return
	}
	t, err := wire.PeekType(in.Payload)
	switch {
	case err != nil, t == wire.TypeMapNotify:
		e.handleNotify(now, in)
	case t == wire.TypeMapRequest:
		e.handleRequest(now, in)
	case t == wire.TypeEncapsulatedControl:
		e.handleEncapsulated(now, in)
	default:
		e.unexpected(in.From.Addr(), t.String())
	}
}

func (e *Engine) unexpected(peer netip.Addr, detail string) {
	e.counters.Unexpected++
	e.out.Note(lispcore.Event{Kind: lispcore.Unexpected, Peer: peer, Detail: detail})
}

func (e *Engine) malformed(peer netip.Addr, err error) {
	e.counters.Malformed++
	e.out.Note(lispcore.Event{Kind: lispcore.Malformed, Peer: peer, Detail: err.Error()})
}

// handleNotify takes a Map-Notify: it must come from a map server, carry the nonce of a Map-Register that is out, and be
// signed with the key of that Map-Register's line (RFC 9301 section 5.7).
func (e *Engine) handleNotify(now time.Time, in lispcore.Datagram) {
	peer := in.From.Addr()
	var notify wire.MapNotify
	if err := notify.Parse(in.Payload); err != nil {
		e.malformed(peer, err)
		return
	}
	e.counters.MapNotifiesIn++
	if i := slices.Index(e.withdrawals, notify.Nonce); i >= 0 {
		e.withdrawals = slices.Delete(e.withdrawals, i, i+1)
		return
	}
	s := e.serverAt(peer)
	if s == nil {
		e.unexpected(peer, "Map-Notify from an address that is no map server")
		return
	}
	m := s.awaiting(notify.Nonce)
	if m == nil && len(e.cfg.Merge) > 0 {
		e.unasked(now, s, in, &notify)
		return
	}
	if m == nil {
		e.counters.UnknownNonce++
		e.out.Note(lispcore.Event{Kind: lispcore.Unexpected, Peer: peer, Detail: "Map-Notify with an unknown nonce"})
		return
	}
	if !s.keys[m.group.service.Family].auth.Verify(in.Payload) {
		e.counters.AuthFailures++
		e.out.Note(lispcore.Event{Kind: lispcore.AuthenticationFailed, Peer: peer, Detail: "Map-Notify"})
		return
	}
	e.notified(now, m, &notify)
}

// heard takes the records of an authentic Map-Notify, or of a Mapping Notification, for what they tell.
func (e *Engine) heard(now time.Time, s *server, records []wire.Record, how string) {
	for i := range records {
		r := &records[i]
		if service := e.own[r.EID.Service()]; service != nil {
			service.counters.MapNotifiesIn++
		}
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapNotifyReceived, Peer: s.addr, EID: r.EID, Detail: how})
		e.merged(now, s, r)
	}
}

// awaiting returns the message whose present nonce it is.
func (s *server) awaiting(nonce uint64) *message {
	for _, g := range s.groups {
		for _, m := range g.messages {
			if m.fresh && m.nonce == nonce {
				return m
			}
		}
	}
	return nil
}

// notified takes an authentic Map-Notify: even a partial one ends the resends, and it permits a dial.
func (e *Engine) notified(now time.Time, m *message, notify *wire.MapNotify) {
	g := m.group
	g.engaged = true
	g.server.lastNotify[g.service.Family] = now
	e.heard(now, g.server, notify.Records, "UDP")
	for _, r := range notify.Records {
		if en := g.entries[r.EID.Prefix]; en != nil && r.EID.Service() == g.service {
			en.acked = now
		}
	}
	if m.periodic() && m.resend > firstResend {
		m.resend = firstResend
		next := m.lastSent.Add(e.nextPeriod())
		if next.Before(now) {
			next = now
		}
		e.timers.Set(timerKey{send: m}, next)
	}
	e.permitConnect(now, g.server)
}

// permitConnect arms the dial that a Map-Notify permits, unless one is pending, under way or done.
func (e *Engine) permitConnect(now time.Time, s *server) {
	if !e.cfg.Reliable || s.session.State() != session.Down {
		return
	}
	if _, pending := e.timers.Get(timerKey{connect: s}); pending {
		return
	}
	at := now.Add(e.delayToConnect())
	if earliest := s.lastConnect.Add(connectInterval); !s.lastConnect.IsZero() && at.Before(earliest) {
		at = earliest
	}
	e.timers.Set(timerKey{connect: s}, at)
}

// connect dials.
func (e *Engine) connect(now time.Time, s *server) {
	if !s.local.IsValid() {
		return // the route went; the next Map-Notify tries again
	}
	s.lastConnect = now
	stream := e.sessions.NextStream()
	s.session.Dialling(stream, s.local)
	e.out.Add(lispcore.OpenStream{Stream: stream, From: s.local, To: netip.AddrPortFrom(s.addr, lispcore.ControlPort)})
}

package mapserver

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// This file is the UDP half: Map-Register in, Map-Notify out (RFC 9301 sections 5.6, 5.7 and 8.2).

var errNoRecords = errors.New("Map-Register: Record Count is 0")

func (e *Engine) handleDatagram(now time.Time, in lispcore.Datagram) {
	switch t, err := wire.PeekType(in.Payload); {
	case err != nil, t == wire.TypeMapRegister: // what is no LISP message at all is a register that can't be read
		e.handleRegister(now, in)
	case t == wire.TypeMapNotifyAck:
		e.handleNotifyAck(in)
	default:
		e.counters.Unexpected++
		e.out.Note(lispcore.Event{Kind: lispcore.Unexpected, Peer: in.From.Addr(), Detail: t.String()})
	}
}

func (e *Engine) handleRegister(now time.Time, in lispcore.Datagram) {
	peer := in.From.Addr()
	m := &e.register
	err := m.Parse(in.Payload)
	if err == nil && len(m.Records) == 0 {
		err = errNoRecords
	}
	if err != nil {
		e.malformed(peer, err)
		return
	}
	e.counters.MapRegistersIn++
	e.counters.RecordsIn += uint64(len(m.Records))
	for i := range m.Records {
		e.counters.of(m.Records[i].EID).RegisterRecordsIn++
	}
	e.debugRecords(lispcore.MapRegisterReceived, peer, m.Records)
	e.newMessage()
	signer := e.authenticate(in.Payload)
	if signer == nil {
		e.unauthenticated(peer, in.Payload)
		return
	}
	x := e.etrAt(peer)
	x.local = in.To.Addr()
	fresh, known := e.replay(x, m)
	if !known {
		e.counters.Replayed++
		e.out.Note(lispcore.Event{Kind: lispcore.Replayed, Peer: peer, Nonce: m.Nonce})
		return
	}
	if e.cfg.Reliable && fresh {
		s := e.sessions.Admit(in.To.Addr(), peer)
		if x.session != s {
			x.session = s
			s.SetUsers(x.users)
		}
	}
	from := arrival{etr: x, port: in.From.Port(), nonce: m.Nonce, origin: e.originOf(m)}
	accepted := e.notify.Records[:0]
	for _, r := range m.Records {
		home, longest, reason := e.judge(r.EID, in.Payload)
		if home == nil {
			e.refused(r.EID, longest)
			e.out.Note(lispcore.Event{Kind: lispcore.Refused, Peer: peer, EID: r.EID, Detail: reason.String()})
			continue
		}
		e.counters.RecordsAccepted++
		if fresh {
			if stored := e.store(now, home, from, r); stored != nil && m.Merge {
				r.Mapping = stored.node.mapping() // the ETR hears of the others' locators
				r.Locators = slices.Clone(r.Locators)
			}
		}
		accepted = append(accepted, r)
	}
	e.notify.Records = accepted
	if m.WantNotify && len(accepted) > 0 {
		e.sendMapNotify(in, m, signer)
	}
}

// authenticate returns the site whose key verifies the message: of a site entry that at least one record matches. Only such
// a message creates a session and permits a connection.
func (e *Engine) authenticate(message []byte) *site {
	for _, r := range e.register.Records {
		if home, _, _ := e.judge(r.EID, message); home != nil {
			return home.site
		}
	}
	return nil
}

// unauthenticated counts and tells a message that no key verifies. It gets no answer. Where at least one record matches an
// entry, it is the key that is wrong; else none of the prefixes is anybody's.
func (e *Engine) unauthenticated(peer netip.Addr, message []byte) {
	matched := false
	for _, r := range e.register.Records {
		_, longest, _ := e.judge(r.EID, message)
		e.refused(r.EID, longest)
		matched = matched || longest != nil
	}
	if matched {
		e.out.Note(lispcore.Event{Kind: lispcore.AuthenticationFailed, Peer: peer, Detail: "Map-Register"})
		return
	}
	for _, r := range e.register.Records {
		e.out.Note(lispcore.Event{Kind: lispcore.Refused, Peer: peer, EID: r.EID, Detail: wire.ReasonNotValidSite.String()})
	}
}

func (e *Engine) etrAt(addr netip.Addr) *etr {
	x := e.etrs[addr]
	if x == nil {
		x = &etr{addr: addr, refused: make(map[lispcore.EID]bool)}
		e.etrs[addr] = x
	}
	return x
}

// replay judges the nonce of a message, with replay checking. A lower nonce than one that was accepted for the same prefix
// is not known; an equal one is answered again and changes nothing, so it is not fresh.
func (e *Engine) replay(x *etr, m *wire.MapRegister) (fresh, known bool) {
	if !e.cfg.ReplayCheck {
		return true, true
	}
	fresh = true
	for _, r := range m.Records {
		last := x.floor[r.EID.Service()]
		if t := e.tables[r.EID.Service()]; t != nil {
			for n := t.nodes[r.EID.Prefix]; n != nil; n = n.next {
				if reg := n.of(x); reg != nil {
					last = reg.nonce
				}
			}
		}
		switch {
		case m.Nonce < last:
			return false, false
		case m.Nonce == last:
			fresh = false
		}
	}
	return fresh, true
}

// sendMapNotify answers with what was accepted: the register's nonce, key ID, algorithm and authentication length, signed
// with the site's key; A and L are cleared, and the tail is there only when the register had it.
func (e *Engine) sendMapNotify(in lispcore.Datagram, m *wire.MapRegister, signer *site) {
	n := &e.notify
	n.HasXTRID, n.XTRID, n.SiteID, n.Nonce = m.HasXTRID, m.XTRID, m.SiteID, m.Nonce
	n.Auth = m.Auth // the bytes are those of the register; Sign puts the right ones in their place
	for i := range n.Records {
		n.Records[i].Authoritative = false
		clearLocal(n.Records[i].Locators)
	}
	b, err := n.Append(make([]byte, 0, len(in.Payload)))
	if err == nil {
		err = signer.auth.Sign(b)
	}
	if err != nil {
		e.malformed(in.From.Addr(), err)
		return
	}
	e.sendNotify(in.To.Addr(), in.From.Addr(), n.Records, b)
}

// sendNotify sends a Map-Notify: to port 4342 always, never to the register's source port.
func (e *Engine) sendNotify(from, to netip.Addr, records []wire.Record, message []byte) {
	e.counters.MapNotifiesOut++
	for i := range records {
		e.counters.of(records[i].EID).NotifyRecordsOut++
	}
	e.debugRecords(lispcore.MapNotifySent, to, records)
	e.out.Add(lispcore.SendDatagram{
		From:    netip.AddrPortFrom(from, lispcore.ControlPort),
		To:      netip.AddrPortFrom(to, lispcore.ControlPort),
		Payload: message,
	})
}

func clearLocal(locators []lispcore.Locator) {
	for i := range locators {
		locators[i].Local = false
	}
}

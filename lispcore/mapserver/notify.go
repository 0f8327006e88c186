package mapserver

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// This file is the Map-Notify that nobody asked for (RFC 9301 section 5.7): it is sent again until a Map-Notify-Ack comes.

// notifyWaits are the times between the sends of an unsolicited Map-Notify: three times 3 s, then doubling three times.
var notifyWaits = [...]time.Duration{
	3 * time.Second, 3 * time.Second, 3 * time.Second, 6 * time.Second, 12 * time.Second, 24 * time.Second,
}

// notifies are the unsolicited Map-Notifies that are out: at most one per registration.
type notifies struct {
	pending   map[*registration]*unsolicited
	timers    lispcore.Timers[*registration]
	lastNonce uint64
}

// unsolicited is one Map-Notify that waits for its Map-Notify-Ack.
type unsolicited struct {
	nonce   uint64
	records []wire.Record
	message []byte
	resends int
}

// stop forgets the Map-Notify that is out for a registration, if there is one.
func (n *notifies) stop(r *registration) {
	if n.pending[r] != nil {
		delete(n.pending, r)
		n.timers.Stop(r)
	}
}

// newNonce returns a nonce that is greater than all before, also those before a restart: an ETR may hold that against a
// replay.
func (n *notifies) newNonce(now time.Time) uint64 {
	n.lastNonce = max(n.lastNonce+1, uint64(now.UnixNano()))
	return n.lastNonce
}

// notifyUnasked tells the ETR of a registration what the mapping of its prefix now is. A Map-Notify that is still out is
// replaced.
func (e *Engine) notifyUnasked(now time.Time, r *registration) {
	e.notifies.stop(r)
	m, o := r.node.mapping(), r.origin
	m.Locators = slices.Clone(m.Locators)
	clearLocal(m.Locators)
	u := &unsolicited{nonce: e.notifies.newNonce(now), records: []wire.Record{{Mapping: m}}}
	notify := wire.MapNotify{
		HasXTRID: o.hasXTRID, XTRID: o.xtrID, SiteID: o.siteID, Nonce: u.nonce, Records: u.records,
		Auth: wire.Auth{KeyID: o.keyID, Algorithm: o.algorithm, Data: make([]byte, o.macLen)},
	}
	b, err := notify.Append(nil)
	if err == nil {
		err = r.node.home.site.auth.Sign(b)
	}
	if err != nil {
		return // the site has lost its key since; its registrations are about to go
	}
	u.message = b
	if e.notifies.pending == nil {
		e.notifies.pending = make(map[*registration]*unsolicited)
	}
	e.notifies.pending[r] = u
	e.sendUnsolicited(now, r, u)
}

func (e *Engine) sendUnsolicited(now time.Time, r *registration, u *unsolicited) {
	e.sendNotify(r.etr.local, r.etr.addr, u.records, u.message)
	e.notifies.timers.Set(r, now.Add(notifyWaits[u.resends]))
}

// notifyAgain sends what was not acknowledged in time once more, or gives it up.
func (e *Engine) notifyAgain(now time.Time) {
	for r, due := e.notifies.timers.Due(now); due; r, due = e.notifies.timers.Due(now) {
		u := e.notifies.pending[r]
		u.resends++
		if u.resends == len(notifyWaits) {
			e.counters.NotifiesGivenUp++
			delete(e.notifies.pending, r)
			continue
		}
		e.sendUnsolicited(now, r, u)
	}
}

// handleNotifyAck takes a Map-Notify-Ack: it must come from the ETR, carry the nonce of the Map-Notify that is out, and be
// signed with the site's key.
func (e *Engine) handleNotifyAck(in lispcore.Datagram) {
	peer := in.From.Addr()
	var ack wire.MapNotifyAck
	if err := ack.Parse(in.Payload); err != nil {
		e.malformed(peer, err)
		return
	}
	r := e.awaitingAck(peer, &ack)
	switch {
	case r == nil:
		e.counters.Unexpected++
		e.out.Note(lispcore.Event{Kind: lispcore.Unexpected, Peer: peer, Detail: "Map-Notify-Ack with an unknown nonce"})
	case !r.node.home.site.auth.Verify(in.Payload):
		e.counters.AuthFailures++
		e.out.Note(lispcore.Event{Kind: lispcore.AuthenticationFailed, Peer: peer, Detail: "Map-Notify-Ack"})
	default:
		e.counters.MapNotifyAcksIn++
		e.notifies.stop(r)
	}
}

// awaitingAck finds the registration whose Map-Notify the message acknowledges.
func (e *Engine) awaitingAck(peer netip.Addr, ack *wire.MapNotifyAck) *registration {
	x := e.etrs[peer]
	if x == nil {
		return nil
	}
	for _, record := range ack.Records {
		t := e.tables[record.EID.Service()]
		if t == nil {
			continue
		}
		for n := t.nodes[record.EID.Prefix]; n != nil; n = n.next {
			r := n.of(x)
			if r == nil {
				continue
			}
			if u := e.notifies.pending[r]; u != nil && u.nonce == ack.Nonce {
				return r
			}
		}
	}
	return nil
}

package mapresolver

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// negativeTTL is how long, in minutes, an ITR shall remember that an EID is in nobody's site (RFC 9301 section 8.4).
const negativeTTL = 15

// handleDatagram takes an Encapsulated Control Message with a Map-Request in it; everything else is dropped.
func (e *Engine) handleDatagram(now time.Time, in lispcore.Datagram) {
	peer := in.From.Addr()
	switch t, err := wire.PeekType(in.Payload); {
	case err != nil:
		e.malformed(peer, err)
	case t == wire.TypeEncapsulatedControl:
		e.handleControl(now, in)
	case t == wire.TypeMapRequest:
		e.counters.NotEncapsulated++
		e.unexpected(peer, "Map-Request without encapsulation")
	default:
		e.counters.Unexpected++
		e.unexpected(peer, t.String())
	}
}

func (e *Engine) handleControl(now time.Time, in lispcore.Datagram) {
	peer := in.From.Addr()
	inner := &e.inner
	if err := inner.Parse(in.Payload); err != nil {
		e.malformed(peer, err)
		return
	}
	switch {
	case inner.ToETR: // a Map-Server here would send it out again
		e.counters.ForETR++
		e.unexpected(peer, "Encapsulated Control Message for an ETR")
		return
	case inner.Destination.Port() != lispcore.ControlPort, inner.Source.Port() == lispcore.DataPort, inner.Source.Port() == 0:
		e.counters.BadPort++
		e.unexpected(peer, "Encapsulated Control Message with a wrong inner port")
		return
	}
	if t, err := wire.PeekType(inner.Payload); err == nil && t != wire.TypeMapRequest {
		e.counters.Unexpected++
		e.unexpected(peer, "Encapsulated "+t.String())
		return
	}
	m := &e.request
	if err := m.Parse(inner.Payload); err != nil {
		var at *wire.Error
		if errors.As(err, &at) && errors.Is(err, wire.ErrValue) && strings.HasPrefix(at.Field, "ITR-RLOC") {
			e.counters.NoITRRLOC++
			e.unexpected(peer, "Map-Request without an ITR-RLOC")
			return
		}
		e.malformed(peer, err)
		return
	}
	if e.lawful(peer, m) {
		e.resolve(now, in, m)
	}
}

// lawful drops what never travels through the mapping system: RLOC probes (RFC 9301 section 7.1), SMRs (section 6.1), and
// requests that nobody could be answered to.
func (e *Engine) lawful(peer netip.Addr, m *wire.MapRequest) bool {
	m.ITRRLOCs = slices.DeleteFunc(m.ITRRLOCs, func(a netip.Addr) bool { return !answerable(a) })
	switch {
	case m.Probe:
		e.counters.Probes++
		e.unexpected(peer, "encapsulated RLOC probe")
	case m.SMR:
		e.counters.SMRs++
		e.unexpected(peer, "encapsulated Solicit-Map-Request")
	case len(m.ITRRLOCs) == 0:
		e.counters.NoITRRLOC++
		e.unexpected(peer, "Map-Request without an ITR-RLOC")
	default:
		return true
	}
	return false
}

// broadcast is no RLOC of anybody.
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// answerable tells whether a Map-Reply may be sent to the address: an ITR-RLOC is a routable unicast address (RFC 9301
// section 5.2), and anything else would make us answer many, or ourselves.
func answerable(a netip.Addr) bool {
	return !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && a != broadcast
}

// resolve hands on the records of the families that are served.
func (e *Engine) resolve(now time.Time, in lispcore.Datagram, m *wire.MapRequest) {
	peer := in.From.Addr()
	if !e.limiter.allow(now, peer, len(m.Records), e.cfg.Limit) {
		e.counters.RateLimited++
		return
	}
	forServer := e.inner.ToMS && e.cfg.Server != nil
	m.Records = slices.DeleteFunc(m.Records, func(eid lispcore.EID) bool {
		c := e.counters.of(eid)
		if !eid.Prefix.IsValid() || !forServer && !e.cfg.serves(eid.Family()) {
			c.NotServed++
			return true
		}
		c.RequestsIn++
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapRequestReceived, Peer: peer, EID: eid, Detail: purpose(m)})
		return false
	})
	switch {
	case len(m.Records) == 0:
	case e.cfg.Server == nil:
		e.answerNegative(in, m)
	default:
		for _, eid := range m.Records {
			e.counters.of(eid).Forwarded++
		}
		e.cfg.Server.Resolve(now, in, e.inner, m)
	}
}

// purpose is what a Map-Request is for, as debug lines word it.
func purpose(m *wire.MapRequest) string {
	if m.SMRInvoked {
		return "SMR-invoked"
	}
	return ""
}

// answerNegative says that what was asked for is in no site: with nobody to ask, no more than the very EID is certain.
func (e *Engine) answerNegative(in lispcore.Datagram, m *wire.MapRequest) {
	i := slices.IndexFunc(m.ITRRLOCs, func(a netip.Addr) bool { return lispcore.FamilyOf(a) == lispcore.FamilyOf(in.To.Addr()) })
	if i < 0 {
		e.counters.NoITRRLOC++
		return
	}
	r := &e.reply
	r.Nonce, r.Records = m.Nonce, r.Records[:0]
	for _, eid := range m.Records {
		r.Records = append(r.Records, wire.Record{Mapping: lispcore.Mapping{EID: eid, TTL: negativeTTL, Action: lispcore.NativelyForward}})
		e.counters.of(eid).Negative++
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapReplySent, Peer: m.ITRRLOCs[i], EID: eid, Detail: lispcore.NativelyForward.String()})
	}
	b, err := r.Append(nil)
	if err != nil {
		e.malformed(in.From.Addr(), err)
		return
	}
	e.out.Add(lispcore.SendDatagram{
		From:    netip.AddrPortFrom(in.To.Addr(), lispcore.ControlPort),
		To:      netip.AddrPortFrom(m.ITRRLOCs[i], e.inner.Source.Port()),
		Payload: b,
	})
}

// of returns the counters of the EID's family.
func (c *Counters) of(eid lispcore.EID) *FamilyCounters {
	if eid.Family() == lispcore.IPv6 {
		return &c.IPv6
	}
	return &c.IPv4
}

package etr

import (
	"errors"
	"net/netip"
	"slices"

	"lisplab/lispcore"
	"lisplab/lispcore/forward"
)

// This file takes packets out of their tunnels.

// DropReason says why a packet that came at UDP 4341 went no further.
type DropReason uint8

const (
	NotDropped    DropReason = iota
	DropMalformed            // no LISP header, or no IP packet behind it
	DropECN                  // congestion was marked outside, and the inner packet can't carry the mark (RFC 6040)
	DropNoService            // neither ETR nor PETR for the inner packet's address family in its instance
	DropNotLocal             // the inner destination is not among the ETR's EID prefixes
	DropMartian              // the inner source or destination is no address to route
	dropReasons
)

// String returns the reason as statistics and `lab explain` print it.
func (r DropReason) String() string {
	return [...]string{"not dropped", "malformed packet", "congestion experienced, inner packet not ECN-capable",
		"no ETR for instance-ID and address family", "destination is no local EID", "martian address"}[r]
}

// dataCounters count without allocating.
type dataCounters struct {
	packets, bytes uint64
	drops          [dropReasons]uint64
}

func (c *dataCounters) count(bytes int, reason DropReason) {
	if reason != NotDropped {
		c.drops[reason]++
		return
	}
	c.packets++
	c.bytes += uint64(bytes)
}

func (c *dataCounters) snapshot() DataCounters {
	v := DataCounters{Packets: c.packets, Bytes: c.bytes}
	for reason, n := range c.drops {
		if n > 0 {
			v.Drops = append(v.Drops, Drop{DropReason(reason), n})
		}
	}
	return v
}

// Decapsulate takes one packet at UDP 4341 out of its tunnel, and counts it (RFC 9300 sections 4 and 5.3). An ETR takes what
// goes to one of its EID prefixes of the header's instance, a PETR anything. The packet that it returns is a part of
// in.Payload, with TTL, DSCP and ECN put right in place. Nothing is allocated: a router that forwards at once calls this
// instead of Handle, whose ForwardPacket is a copy.
func (e *Engine) Decapsulate(in lispcore.Datagram) (lispcore.ForwardPacket, DropReason) {
	packet, service, reason := e.decapsulate(in)
	e.data.count(len(packet.Data), reason)
	if service != nil {
		service.data.count(len(packet.Data), reason)
	}
	return packet, reason
}

// Explain tells what Decapsulate would do. It works on a copy, and counts nothing.
func (e *Engine) Explain(in lispcore.Datagram) (lispcore.ForwardPacket, DropReason) {
	in.Payload = slices.Clone(in.Payload)
	packet, _, reason := e.decapsulate(in)
	return packet, reason
}

// decapsulate decides. The service is that of the inner packet, as far as it can be told.
func (e *Engine) decapsulate(in lispcore.Datagram) (lispcore.ForwardPacket, *service, DropReason) {
	h, inner, err := forward.Decapsulate(in.Payload, in.TTL, in.TOS, e.cfg.PropagateTTL)
	switch {
	case errors.Is(err, forward.ErrCongestion):
		return lispcore.ForwardPacket{}, nil, DropECN
	case err != nil:
		return lispcore.ForwardPacket{}, nil, DropMalformed
	}
	p, err := forward.Parse(inner)
	if err != nil {
		return lispcore.ForwardPacket{}, nil, DropMalformed
	}
	s := e.own[lispcore.Service{Instance: h.Instance, Family: lispcore.FamilyOf(p.Destination)}]
	switch {
	case s == nil:
		return lispcore.ForwardPacket{}, nil, DropNoService
	case !routable(p.Source) || !routable(p.Destination):
		return lispcore.ForwardPacket{}, s, DropMartian
	case !s.petr && !s.eids.Contains(p.Destination):
		return lispcore.ForwardPacket{}, s, DropNotLocal
	}
	return lispcore.ForwardPacket{Instance: h.Instance, Data: inner}, s, NotDropped
}

// routable tells whether an address may stand in a packet that routers forward as unicast.
func routable(a netip.Addr) bool {
	return !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && a != broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// handleData forwards what comes out of a tunnel. The datagram's bytes are only lent.
func (e *Engine) handleData(in lispcore.Datagram) {
	packet, reason := e.Decapsulate(in)
	if reason != NotDropped {
		e.out.NoteDebug(lispcore.Event{Kind: lispcore.Unexpected, Peer: in.From.Addr(), Detail: "data packet: " + reason.String()})
		return
	}
	packet.Data = slices.Clone(packet.Data)
	e.out.Add(packet)
}

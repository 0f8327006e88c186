package etr

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
)

// DropReason says why a packet that came at UDP 4341 went no further.
type DropReason uint8

const (
	NotDropped    DropReason = iota
	DropMalformed            // no LISP header, or no IP packet behind it
	DropECN                  // congestion was marked outside, and the inner packet can't carry the mark (RFC 6040)
	DropNoService            // neither ETR nor PETR for the inner packet's address family
	DropInstance             // no EID table for the instance-ID
	DropNotLocal             // the inner destination is not among the ETR's EID prefixes
	DropMartian              // the inner source or destination is no address to route
)

// String returns the reason as statistics and `lab explain` print it.
func (r DropReason) String() string {
	return [...]string{"not dropped", "malformed packet", "congestion marked, inner packet not ECN-capable", "no ETR for the address family",
		"unknown instance-ID", "destination is no local EID", "martian address"}[r]
}

// Decapsulate takes one packet at UDP 4341 out of its tunnel and counts it. What it returns is a part of in.Payload, put right
// in place. Nothing is allocated: a router that forwards at once calls it instead of Handle.
func (e *Engine) Decapsulate(in lispcore.Datagram) (lispcore.ForwardPacket, DropReason) {
	return lispcore.ForwardPacket{}, DropNoService
}

// Explain is Decapsulate on a copy of the packet, uncounted.
func (e *Engine) Explain(in lispcore.Datagram) (lispcore.ForwardPacket, DropReason) {
	return lispcore.ForwardPacket{}, DropNoService
}

// SetMapCache tells where the locators of the router's own map-cache are to be had: Solicit-Map-Requests go to them. Nil, as
// in an ETR that is no ITR, means that there are none.
func (e *Engine) SetMapCache(locators func() []netip.Addr) {}

// SetDebug turns the events of Kind.Debug on or off.
func (e *Engine) SetDebug(on bool) { e.out.Debug = on }

var _ = time.Second

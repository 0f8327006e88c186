package devices

import (
	"net/netip"
	"time"

	"lisplab/devices/packet"
	"lisplab/devices/underlay"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/itr"
)

// Action is what a router does with a packet.
type Action uint8

// The actions.
const (
	Discard     Action = iota // see Decision.Reason
	Deliver                   // it is for the router itself
	Transmit                  // natively, out of Decision.Interface
	Encapsulate               // by LISP
)

// DropReason says why a router discards a packet.
type DropReason uint8

// The reasons.
const (
	NotDropped    DropReason = iota
	DropMalformed            // no IP packet, or one that says something wrong of itself
	DropAccessIn             // an access list denies it on its way in
	DropTTL                  // the TTL ran out
	DropNoRoute
	DropDiscard   // the route leads to Null0
	DropLISP      // the ITR drops it: Decision.Verdict says why
	DropTooBig    // larger than the MTU, and not to be fragmented
	DropAccessOut // an access list denies it on its way out
	DropNoHost    // nobody on the connected network answers for the next hop
	DropNoIPv6    // `ipv6 unicast-routing` is missing
	DropMartian   // an address that no router forwards to

	dropReasons = iota
)

var dropNames = [dropReasons]string{
	NotDropped: "not dropped", DropMalformed: "malformed packet", DropAccessIn: "denied by an inbound access list", DropTTL: "TTL exceeded",
	DropNoRoute: "no route", DropDiscard: "route to Null0", DropLISP: "dropped by LISP", DropTooBig: "packet too big, may not be fragmented",
	DropAccessOut: "denied by an outbound access list", DropNoHost: "nobody answers for the next hop", DropNoIPv6: "IPv6 unicast routing not enabled",
	DropMartian: "address is not unicast",
}

// String returns the reason as statistics and `lab explain` print it.
func (r DropReason) String() string { return dropNames[min(int(r), dropReasons-1)] }

// Decision is what a router does with one packet, and why.
type Decision struct {
	Action     Action
	Reason     DropReason // of Discard
	VRF        string     // in which the packet is routed; "" is the default one
	AccessList string     // that denied it

	Route  underlay.RouteInfo // the longest match
	Routed bool               // there is one

	// Asked tells that the ITR was asked, because there is no better route than a default one or one to Null0.
	Asked   bool
	Verdict itr.Verdict

	Interface string     // of Transmit
	NextHop   netip.Addr // on the interface's network
	MTU       int        // in bytes, of the interface, or, with DropTooBig, what would have passed
	Fragment  bool       // of Transmit: it goes in pieces
}

// arrival is how a packet came to a router's forwarding.
type arrival struct {
	vrf     string
	iface   string // natively by this interface; else ""
	own     bool   // the router has made it
	counted bool   // the kernel has counted its TTL down, and looked at IPv6 forwarding
	outer   bool   // a tunnel's packet, which the network under LISP forwards by its routes alone
}

// decide is the one place where a packet's fate is decided: forwarding, `lab explain` and `show ip cef` ask it. The order is
// IOS's: the access list on the way in, the own addresses, the TTL, the route, LISP, the MTU, the access list on the way
// out. Where the underlay asks the lists, that is where they are asked. b is counted down in place. Dry, nothing is counted,
// learned or sent; b must be a copy then.
func (d *Device) decide(now time.Time, at arrival, b []byte, dry bool) Decision {
	dec := Decision{VRF: at.vrf}
	drop := func(why DropReason) Decision {
		dec.Action, dec.Reason = Discard, why
		return dec
	}
	hits := 1
	if dry {
		hits = 0
	}
	lists := dry || !d.lab.filtersWires()
	p, err := forward.Parse(b)
	if err != nil {
		return drop(DropMalformed)
	}
	if at.iface != "" && lists {
		if list := d.cfg.accessListAt(at.iface, false); !d.permits(list, underlay.FlowOf(p, b, hits)) {
			dec.AccessList = list
			return drop(DropAccessIn)
		}
	}
	dec.Route, dec.Routed = d.lab.net.Lookup(d.index, at.vrf, p.Destination)
	switch {
	case dec.Routed && dec.Route.Kind == underlay.RouteLocal:
		dec.Action = Deliver
		return dec
	case !routable(p.Destination) || p.Source.IsMulticast():
		return drop(DropMartian)
	case at.own, at.counted:
	case p.Version == 6 && !d.cfg.IPv6UnicastRouting:
		return drop(DropNoIPv6)
	case !forward.DecrementTTL(b):
		return drop(DropTTL)
	}
	if dec.forLISP() && d.itr != nil && !at.outer {
		if instance, ok := d.cfg.instanceOf(at.vrf); ok {
			dec.Asked = true
			if dry {
				dec.Verdict = d.itr.Explain(now, instance, b)
			} else {
				dec.Verdict = d.itr.Forward(now, instance, b)
			}
			switch dec.Verdict.Kind {
			case itr.Encapsulate:
				dec.Action = Encapsulate
				return dec
			case itr.Drop:
				return drop(DropLISP)
			case itr.TooBig:
				dec.MTU = dec.Verdict.MTU
				return drop(DropTooBig)
			}
		}
	}
	switch {
	case !dec.Routed:
		return drop(DropNoRoute)
	case dec.Route.Kind == underlay.RouteDiscard:
		return drop(DropDiscard)
	}
	dec.Interface, dec.NextHop = dec.Route.Interface, dec.Route.NextHop
	if !dec.NextHop.IsValid() {
		dec.NextHop = p.Destination
	}
	if dec.MTU = d.mtu(dec.Interface); p.Length > dec.MTU {
		if p.DF || p.Version == 6 {
			return drop(DropTooBig)
		}
		dec.Fragment = true
	}
	if !at.own && lists { // as on IOS, the list on the way out does not see what its own router has made
		if list := d.cfg.accessListAt(dec.Interface, true); !d.permits(list, underlay.FlowOf(p, b, hits)) {
			dec.AccessList = list
			return drop(DropAccessOut)
		}
	}
	dec.Action = Transmit
	return dec
}

// forLISP tells whether the routing table leaves the packet to LISP: it has nothing better than a default route or one to
// Null0.
func (dec Decision) forLISP() bool {
	return !dec.Routed || dec.Route.Prefix.Bits() == 0 || dec.Route.Kind == underlay.RouteDiscard
}

// routable tells whether packets to an address are forwarded at all.
func routable(a netip.Addr) bool {
	return !a.IsMulticast() && !a.IsUnspecified() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// mtu is the longest IP packet that leaves an interface, in bytes.
func (d *Device) mtu(iface string) int {
	for _, i := range d.cfg.Interfaces {
		if i.Name == iface && i.MTU != 0 {
			return i.MTU
		}
	}
	return underlay.DefaultMTU
}

// errorFor is what the sender of a discarded packet is told; 0 for nothing.
func (r DropReason) errorFor(v4 bool) packet.ErrorKind {
	switch r {
	case DropTTL:
		return packet.TimeExceeded
	case DropNoRoute, DropDiscard:
		if v4 {
			return packet.HostUnreachable // what IOS sends
		}
		return packet.NetworkUnreachable
	case DropNoHost:
		return packet.HostUnreachable
	case DropTooBig:
		return packet.TooBig
	case DropAccessIn, DropAccessOut:
		return packet.Prohibited
	}
	return 0
}

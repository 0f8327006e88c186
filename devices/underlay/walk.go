package underlay

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
)

// hopLimit is the TTL that a router gives to its control packets (as IOS does). It ends a forwarding loop.
const hopLimit = 255

// walk is the way from a router to an address by the routing tables alone: as far as a packet can get that no TTL, no MTU
// and no access list holds up.
type walk struct {
	hops    []Hop               // what it crosses, in order
	node    int                 // where it ends
	vrf     string              // in which it ends there
	arrived bool                // at a router that owns the destination
	left    bool                // the sender itself had a route
	why     string              // it did not arrive
	reason  lispcore.FailReason // for that, as the last router tells it; 0 when it says nothing
}

type walkKey struct {
	from int
	vrf  string
	dst  netip.Addr
}

// path walks from a router to an address. The answer holds until the next Update.
func (n *model) path(from int, vrf string, dst netip.Addr) walk {
	key := walkKey{from, vrf, dst}
	w, ok := n.walks[key]
	if !ok {
		w = n.walk(from, vrf, dst)
		n.walks[key] = w
	}
	return w
}

func (n *model) walk(from int, vrf string, dst netip.Addr) (w walk) {
	at := n.nodes[from]
	w.vrf = vrf
	stop := func(reason lispcore.FailReason, format string, args ...any) walk {
		w.node, w.reason, w.why = at.index, reason, fmt.Sprintf(format, args...)
		return w
	}
	for range hopLimit {
		t := at.vrf(w.vrf)
		if !at.running {
			return stop(0, "%s is stopped", at.name)
		}
		if _, own := t.own[dst]; own {
			w.node, w.arrived, w.left = at.index, true, true
			return w
		}
		if at.index != from && (at.host != nil || dst.Is6() && !at.routing.Forward6) {
			return stop(0, "%s does not forward %s", at.name, familyOf(dst))
		}
		e, ok := t.routes.Lookup(dst)
		if !ok {
			return stop(lispcore.FailNoRoute, "%s has no route to %v", at.name, dst)
		}
		if e.iface == Null0 {
			return stop(lispcore.FailNoRoute, "%s routes %v to Null0", at.name, dst)
		}
		w.left = true
		out := Port{at.index, e.iface}
		in, ok := n.neighbor(out, cmp.Or(e.via, dst), !e.via.IsValid() && !e.connected)
		if !ok {
			return stop(lispcore.FailNoHost, "nobody answers for %v at %s %s", cmp.Or(e.via, dst), at.name, e.iface)
		}
		w.hops = append(w.hops, n.hop(out, in, cmp.Or(e.via, dst)))
		at = n.nodes[in.Node]
		w.vrf = at.iface(in.Interface).VRF
	}
	return stop(lispcore.FailTTL, "the hop limit ran out at %s: a forwarding loop", at.name)
}

// hop is the crossing of the segment between two neighbours, by a packet that is handed to an address there.
func (n *model) hop(from, to Port, next netip.Addr) Hop {
	out := n.nodes[from.Node].iface(from.Interface)
	sender, _ := out.addr(next.Is4())
	return Hop{From: from, To: to, Sender: sender, Receiver: next, MTU: out.mtu()}
}

// over tells whether it crosses a link in a direction.
func (w walk) over(key laneKey) bool {
	return slices.ContainsFunc(w.hops, func(h Hop) bool { return laneKey{h.From, h.To} == key })
}

func familyOf(a netip.Addr) string {
	if a.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// verdict is what becomes of one packet on its walk.
type verdict struct {
	node    int // where it arrived, or failed
	vrf     string
	arrived bool
	ttl     uint8 // what is left of it there
	crossed int   // how many hops of its walk it has crossed
	why     string
	reason  lispcore.FailReason // 0: nobody is told
	mtu     int                 // of FailTooBig
	fate    Fate                // of the last hop that it has crossed
	harm    harm                // what the links do to it
}

// parcel is what the way has to know of a packet.
type parcel struct {
	FlowInfo
	ttl    uint8
	length int  // of the IP packet before any fragmentation, in bytes; 0 always fits
	df     bool // not to be fragmented, not even by its sender
	// sent is when it leaves: what impaired links do to it is drawn. The zero Time only asks whether they let it pass at all.
	sent time.Time
}

// pass takes a packet along a walk: at each router the access list on the way in, the TTL, the MTU, the access list on the
// way out, in the order in which IOS looks at them; then what the cable does to it.
func (n *Network) pass(w walk, p parcel) verdict {
	v := verdict{ttl: p.ttl}
	fail := func(at Port, reason lispcore.FailReason, format string, args ...any) verdict {
		v.node, v.reason, v.why = at.Node, reason, fmt.Sprintf(format, args...)
		return v
	}
	for i, h := range w.hops {
		name := n.nodes[h.From.Node].name
		if i > 0 {
			if v.ttl <= 1 {
				return fail(h.From, lispcore.FailTTL, "the TTL ran out at %s", name)
			}
			v.ttl--
		}
		if p.length > h.MTU {
			// A router fragments IPv4 only, and the sender IPv6: what it sends fits its own interface.
			if p.df || p.Destination.Addr().Is6() && i > 0 {
				v.mtu = h.MTU
				return fail(h.From, lispcore.FailTooBig, "%d bytes are more than the MTU of %d at %s %s", p.length, h.MTU, name, h.From.Interface)
			}
			p.length = h.MTU
		}
		if i > 0 && !n.permitted(h.From, true, p.FlowInfo) {
			return fail(h.From, lispcore.FailProhibited, "an access list of %s denies it out of %s", name, h.From.Interface)
		}
		v.crossed++
		var why string
		if v.fate, why = n.lane(h, p, &v.harm); why != "" {
			return fail(h.To, 0, "%s", why)
		}
		if !n.permitted(h.To, false, p.FlowInfo) {
			return fail(h.To, lispcore.FailProhibited, "an access list of %s denies it into %s", n.nodes[h.To.Node].name, h.To.Interface)
		}
	}
	v.node, v.vrf, v.arrived, v.why, v.reason = w.node, w.vrf, w.arrived, w.why, w.reason
	if !w.arrived && v.ttl <= 1 && len(w.hops) > 0 && w.reason != lispcore.FailTTL {
		return fail(Port{Node: w.node}, lispcore.FailTTL, "the TTL ran out at %s", n.nodes[w.node].name)
	}
	return v
}

// lane takes a packet over the cable of a hop. It returns what becomes of it there, and why that is not that it comes in.
func (n *Network) lane(h Hop, p parcel, f *harm) (fate Fate, why string) {
	if n.unimpaired() {
		return CameIn, ""
	}
	if why := n.stops(h, p.FlowInfo); why != "" {
		return LostOnLink, why
	}
	if p.Protocol == protocolTCP && n.damages(h) {
		return DamagedOnLink, "damaged on the link " + n.linkName(h)
	}
	if p.sent.IsZero() {
		return CameIn, ""
	}
	return n.cross(p.sent, h, p.length, f)
}

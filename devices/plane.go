package devices

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/devices/packet"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/forward"
)

// plane is the packet plane of a router: what is forwarded, what is for the router itself, and what it has to say about
// either. A packet comes in by one of three doors and leaves by one of four:
//
//	PacketReceived ──> arrive ──┐              ┌──> SendPacket            natively to a neighbour
//	UDP 4341, ETR  ──> leave    ├──> decide ───┼──> SendDatagram          encapsulated by the ITR
//	own, replies   ──> transmit ┘              ├──> deliver               echo, errors, probes
//	                                           └──> complain              an ICMP error, or silence
type plane struct {
	reassembly packet.Reassembly
	probes     probes
	counters   PlaneCounters
	id         uint16 // of the last IPv4 packet of the router's own
	probe      uint16 // of the last probe
	bounces    int    // packets to the router itself that follow each other at present

	// When the next unreachable may go, and the next "fragmentation needed": IOS lets one pass each 500 ms. ICMPv6 errors are
	// held by a bucket of ten, one of which comes back each 100 ms.
	nextUnreachable, nextTooBig time.Time
	bucket                      int // ICMPv6 errors that were sent and are not yet paid for
	filled                      time.Time
}

// The rates of ICMP errors, as IOS has them.
const (
	unreachableInterval = 500 * time.Millisecond
	errorInterval6      = 100 * time.Millisecond
	errorBurst6         = 10
)

// The TTL and TOS of what a router makes itself.
const (
	ownTTL    = 255
	errorTOS  = 0xc0
	maxBounce = 8 // packets from the router to itself that one input may cause
)

// PlaneCounters count what a router did with packets.
type PlaneCounters struct {
	Received, Delivered, Forwarded, Encapsulated, Decapsulated uint64
	Errors                                                     uint64 // ICMP errors that were sent
	ErrorsSuppressed                                           uint64 // for the rate
	Unusable                                                   uint64 // for the router, but malformed
	Drops                                                      [dropReasons]uint64
}

// Dropped returns how many packets were dropped for a reason.
func (c PlaneCounters) Dropped(why DropReason) uint64 { return c.Drops[why] }

// PacketCounters returns what the router did with packets since it booted.
func (d *Device) PacketCounters() PlaneCounters { return d.plane.counters }

// arrive takes a packet that came natively.
func (d *Device) arrive(now time.Time, in lispcore.PacketReceived) {
	d.plane.counters.Received++
	if vrf, ok := underlay.TunnelVRF(in.Interface); ok { // the kernel leaves it to LISP
		d.route(now, arrival{vrf: vrf, counted: true}, in.Data)
		return
	}
	d.route(now, arrival{vrf: d.cfg.vrfAt(in.Interface), iface: in.Interface}, in.Data)
}

// leave takes a packet out of its tunnel.
func (d *Device) leave(now time.Time, in lispcore.ForwardPacket) {
	d.plane.counters.Decapsulated++
	vrf, ok := d.cfg.vrfOf(in.Instance)
	if !ok {
		d.plane.counters.Drops[DropNoRoute]++
		return
	}
	if f, ok := d.lab.net.(forwarder); ok && f.Forwards(d.index, vrf, in.Data) {
		d.outbox.Add(lispcore.SendPacket{Interface: underlay.TunnelInterface(vrf), Data: slices.Clone(in.Data)})
		return
	}
	d.route(now, arrival{vrf: vrf}, slices.Clone(in.Data))
}

// transmit sends a packet of the router's own. It implements prober.
func (d *Device) transmit(now time.Time, vrf string, b []byte) {
	if d.running {
		d.route(now, arrival{vrf: vrf, own: true}, b)
	}
}

// collected has the loop take over what the router wants sent. It implements prober.
func (d *Device) collected() { d.lab.loop.collect(d.index) }

// route does with a packet what is decided.
func (d *Device) route(now time.Time, at arrival, b []byte) {
	dec := d.decide(now, at, b, false)
	switch dec.Action {
	case Deliver:
		d.plane.counters.Delivered++
		d.deliver(now, at, b)
	case Encapsulate:
		d.plane.counters.Encapsulated++
		for _, out := range dec.Verdict.Datagrams {
			out.Payload = slices.Clone(out.Payload) // the ITR's, until its next packet
			d.outbox.Add(out)
		}
	case Transmit:
		d.plane.counters.Forwarded++
		d.send(dec, b)
	default:
		d.plane.counters.Drops[dec.Reason]++
		if !at.own || dec.Reason == DropTooBig { // IOS shows a lost packet of its own as lost
			d.complain(now, at, dec.Reason.errorFor(isIPv4(b)), dec.MTU, b)
		}
	}
}

func isIPv4(b []byte) bool { return len(b) > 0 && b[0]>>4 == 4 }

// send puts a packet on the wire, in pieces if need be.
func (d *Device) send(dec Decision, b []byte) {
	pieces, err := fragments(b, dec.MTU)
	if err != nil {
		d.plane.counters.Drops[DropTooBig]++
		return
	}
	for _, piece := range pieces {
		d.outbox.Add(lispcore.SendPacket{Interface: dec.Interface, NextHop: dec.NextHop, Data: piece})
	}
}

// fragments returns a packet, in pieces where it is larger than the MTU.
func fragments(b []byte, mtu int) ([][]byte, error) {
	if len(b) <= mtu {
		return [][]byte{b}, nil
	}
	return forward.Fragment(nil, b, mtu)
}

// deliver takes a packet that is for the router itself.
func (d *Device) deliver(now time.Time, at arrival, b []byte) {
	whole, ok := d.plane.reassembly.Add(now, b)
	if !ok {
		return
	}
	m, err := packet.Parse(whole)
	if err != nil {
		d.plane.counters.Unusable++
		return
	}
	switch m.Kind {
	case packet.EchoRequest:
		h := d.header(m.Destination, m.Source)
		h.TOS = m.TOS
		d.bounce(now, at.vrf, packet.Echo(h, true, m.ID, m.Sequence, m.Data))
	case packet.EchoReply:
		d.plane.probes.receive(now, at.vrf, m)
	case packet.ErrorMessage:
		d.hear(now, at.vrf, m)
	case packet.UDPMessage:
		d.complain(now, at, packet.PortUnreachable, 0, whole)
	default:
		d.complain(now, at, packet.ProtocolUnreachable, 0, whole)
	}
}

// bounce transmits what the router answers. Of packets that it sends to itself, and answers, not many follow each other.
func (d *Device) bounce(now time.Time, vrf string, b []byte) {
	if d.plane.bounces++; d.plane.bounces <= maxBounce {
		d.transmit(now, vrf, b)
	}
	d.plane.bounces--
}

// header is the IP header of a packet that the router makes itself.
func (d *Device) header(source, destination netip.Addr) packet.Header {
	h := packet.Header{Source: source, Destination: destination, TTL: ownTTL}
	if source.Is4() {
		h.ID = d.nextID()
	}
	return h
}

func (d *Device) nextID() uint16 {
	d.plane.id++
	return d.plane.id
}

// hear takes an ICMP error: about a packet of a tunnel it is the ITR's, which knows what was in it; otherwise it may be
// about a probe.
func (d *Device) hear(now time.Time, vrf string, m packet.Message) {
	q, err := packet.ParseQuote(m.Quoted)
	if err != nil || q.Kind != packet.UDPMessage || q.DestinationPort != lispcore.DataPort || vrf != "" || d.itr == nil {
		d.plane.probes.receive(now, vrf, m)
		return
	}
	instance, inner, ok := d.itr.ICMPError(now, m.Quoted, m.MTU, m.Error == packet.TimeExceeded)
	if !ok || m.Error != packet.TimeExceeded && m.Error != packet.TooBig {
		return
	}
	d.relay(now, m, instance, inner, lispcore.FamilyOf(q.Destination))
}

// relay tells the source of a packet what became of it on its way through a tunnel: by the name of the router that said it
// where that is of the packet's family, so that the hops between the RLOCs show; else, and about sizes, by its own.
func (d *Device) relay(now time.Time, m packet.Message, instance uint32, inner []byte, outer lispcore.Family) {
	vrf, ok := d.cfg.vrfOf(instance)
	p, err := packet.ParseQuote(inner)
	if !ok || err != nil {
		return
	}
	source := m.Source
	if m.Error == packet.TooBig || source.Is4() != p.Source.Is4() {
		if source, ok = d.errorSource(arrival{vrf: vrf}, p.Source); !ok {
			return
		}
	}
	h := d.header(source, p.Source)
	h.TOS = errorTOS
	d.plane.counters.Errors++
	d.bounce(now, vrf, packet.Error(h, m.Error, m.MTU-forward.Overhead(outer), inner))
}

// complain tells the source of a packet by ICMP why it goes no further, as often as that may be.
func (d *Device) complain(now time.Time, at arrival, kind packet.ErrorKind, mtu int, about []byte) {
	p, err := packet.ParseQuote(about)
	if kind == 0 || err != nil || !routable(p.Source) || p.Kind == packet.ErrorMessage || p.Fragment {
		return // RFC 1122 section 3.2.2, RFC 4443 section 2.4
	}
	source := p.Destination
	if kind != packet.PortUnreachable && kind != packet.ProtocolUnreachable {
		var ok bool
		if source, ok = d.errorSource(at, p.Source); !ok {
			return
		}
	}
	if !d.plane.mayComplain(now, kind, source.Is4()) {
		d.plane.counters.ErrorsSuppressed++
		return
	}
	d.plane.counters.Errors++
	h := d.header(source, p.Source)
	h.TOS = errorTOS
	d.bounce(now, at.vrf, packet.Error(h, kind, mtu, about))
}

// mayComplain tells whether the rate lets an ICMP error pass, and counts it.
func (p *plane) mayComplain(now time.Time, kind packet.ErrorKind, v4 bool) bool {
	if !v4 {
		back := int(now.Sub(p.filled) / errorInterval6)
		if p.filled = p.filled.Add(time.Duration(back) * errorInterval6); back >= p.bucket {
			p.bucket, p.filled = 0, now
		} else {
			p.bucket -= back
		}
		if p.bucket == errorBurst6 {
			return false
		}
		p.bucket++
		return true
	}
	next := &p.nextUnreachable
	switch kind {
	case packet.TimeExceeded:
		return true
	case packet.TooBig:
		next = &p.nextTooBig
	}
	if now.Before(*next) {
		return false
	}
	*next = now.Add(unreachableInterval)
	return true
}

// errorSource is the address that an ICMP error bears: that of the interface by which the packet came; of one that left a
// tunnel an EID of the router's, because only from there the answer finds its way back through LISP.
func (d *Device) errorSource(at arrival, to netip.Addr) (netip.Addr, bool) {
	for _, i := range d.cfg.Interfaces {
		if i.Name == at.iface && at.iface != "" {
			if a, ok := i.address(to.Is4()); ok {
				return a, true
			}
		}
	}
	if route, ok := d.lab.net.Lookup(d.index, at.vrf, to); ok && !(Decision{Route: route, Routed: true}).forLISP() {
		return d.lab.net.SourceIn(d.index, at.vrf, to)
	}
	if a, ok := d.ownEID(at.vrf, to.Is4()); ok {
		return a, true
	}
	a := d.sourceFor(at.vrf, to) // a proxy has none, and its route leads to Null0
	return a, a.IsValid()
}

// ownEID is the router's first address in an EID prefix of a VRF's instance.
func (d *Device) ownEID(vrf string, v4 bool) (netip.Addr, bool) {
	if d.cfg.LISP == nil {
		return netip.Addr{}, false
	}
	for _, i := range d.cfg.Interfaces {
		a, ok := i.address(v4)
		if !ok || i.VRF != vrf || !d.lab.net.LineUp(d.index, i.Name) {
			continue
		}
		for _, t := range d.cfg.LISP.EIDTables {
			if vrfName(t.VRF) == vrf && slices.ContainsFunc(t.Mappings, func(m DatabaseMapping) bool { return m.EID.Contains(a) }) {
				return a, true
			}
		}
	}
	return netip.Addr{}, false
}

// address is the interface's first address of a family.
func (i Interface) address(v4 bool) (netip.Addr, bool) {
	switch {
	case v4:
		return i.IPv4.Addr(), i.IPv4.IsValid()
	case len(i.IPv6) > 0:
		return i.IPv6[0].Addr(), true
	}
	return netip.Addr{}, false
}

// failed takes word of a packet that could not leave the router, or got no further here.
func (d *Device) failed(now time.Time, in lispcore.PacketFailed) {
	p, err := packet.ParseQuote(in.Data)
	if err != nil {
		return
	}
	kind := failKinds[in.Reason]
	if in.Reason == lispcore.FailNoRoute && p.Source.Is6() {
		kind = packet.NetworkUnreachable
	}
	vrf := d.cfg.vrfAt(in.Interface)
	if route, ok := d.lab.net.Lookup(d.index, vrf, p.Source); ok && route.Kind == underlay.RouteLocal {
		// Its own: nobody has to be told by a packet. That nobody answers for a next hop is a loss like any other.
		if in.Reason != lispcore.FailNoHost {
			d.hear(now, "", packet.Message{
				Kind: packet.ErrorMessage, Source: p.Source, Destination: p.Source, Error: kind, MTU: in.MTU, Quoted: in.Data,
			})
		}
		return
	}
	if reason := failDrops[in.Reason]; reason != NotDropped {
		d.plane.counters.Drops[reason]++
	}
	d.complain(now, arrival{vrf: vrf}, kind, in.MTU, in.Data)
}

var failKinds = map[lispcore.FailReason]packet.ErrorKind{
	lispcore.FailNoRoute: packet.HostUnreachable, lispcore.FailNoHost: packet.HostUnreachable, lispcore.FailTTL: packet.TimeExceeded,
	lispcore.FailTooBig: packet.TooBig, lispcore.FailProhibited: packet.Prohibited, lispcore.FailNoPort: packet.PortUnreachable,
}

var failDrops = map[lispcore.FailReason]DropReason{
	lispcore.FailNoRoute: DropNoRoute, lispcore.FailNoHost: DropNoHost, lispcore.FailTTL: DropTTL,
	lispcore.FailTooBig: DropTooBig, lispcore.FailProhibited: DropAccessIn,
}

package itr

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/wire"
)

// fullTTL is the outer TTL where the inner one does not propagate.
const fullTTL = 255

// portBase and portMask make the outer UDP source port of a flow's hash (RFC 9300 section 5.3).
const (
	portBase = 0xF000
	portMask = 0x0FFF
)

// decision is all that is decided about a packet, before anything is done.
type decision struct {
	kind    VerdictKind
	reason  Reason
	packet  forward.Packet
	cache   *cache
	site    *site // of the source; nil for a PITR's packet
	entry   *entry
	locator *locator
	hash    uint32
	mtu     int // the largest packet that fits into the tunnel
}

func (d *decision) is(kind VerdictKind, reason Reason) { d.kind, d.reason = kind, reason }

func (d *decision) verdict() Verdict {
	v := Verdict{Kind: d.kind, Reason: d.reason}
	if d.entry != nil {
		v.Entry = d.entry.prefix
	}
	if d.locator != nil {
		v.RLOC = d.locator.rloc.addr
	}
	if d.kind == TooBig {
		v.MTU = d.mtu
	}
	return v
}

// Explain returns the verdict that Forward would, without Datagrams. Nothing changes, nothing is counted or sent.
func (e *Engine) Explain(now time.Time, instance uint32, packet []byte) Verdict {
	var d decision
	e.decide(&d, now, instance, packet)
	return d.verdict()
}

// Forward decides about one packet, whose TTL the router has decremented, and encapsulates it. What else is to be done, a
// Map-Request for example, waits in Drain.
func (e *Engine) Forward(now time.Time, instance uint32, packet []byte) Verdict {
	var d decision
	e.decide(&d, now, instance, packet)
	v := d.verdict()
	if d.cache == nil {
		if d.reason == InvalidPacket {
			e.counters.InvalidPackets++
		}
		return v
	}
	stats := &d.cache.stats
	if d.reason != 0 {
		stats.Reasons[d.reason]++
	}
	if d.entry != nil {
		d.entry.lastPacket = now
	}
	switch d.reason {
	case MapRequestSent:
		stats.Signals++
		e.ask(now, d.cache, host(d.packet.Destination), d.packet.Source, false)
	case MapRequestPending:
		stats.Signals++
	case NoMapResolver, TooManyRequests:
		stats.SignalsDropped++
	}
	if d.kind == Encapsulate {
		d.count()
		v.Datagrams = e.encapsulate(now, &d, instance, packet[:d.packet.Length])
	}
	return v
}

// host returns the prefix of one address: what a packet makes the ITR ask for (RFC 9301 section 5.3).
func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// count counts an encapsulated packet.
func (d *decision) count() {
	n := uint64(d.packet.Length)
	d.entry.packets++
	d.entry.bytes += n
	d.locator.packets++
	d.locator.bytes += n
	d.cache.stats.Encapsulated++
	d.cache.stats.EncapsulatedBytes += n
}

// decide takes the decision of RFC 9300 section 5: who may use LISP, which entry, which locator, and whether the packet
// fits. What lies in an own EID prefix is for the site, unless the map-cache knows a longer prefix inside it, which is
// another site's. It changes nothing.
func (e *Engine) decide(d *decision, now time.Time, instance uint32, packet []byte) {
	var err error
	if d.packet, err = forward.Parse(packet); err != nil {
		d.is(Drop, InvalidPacket)
		return
	}
	from, to := d.packet.Source, d.packet.Destination
	d.cache = e.caches[lispcore.Service{Instance: instance, Family: lispcore.FamilyOf(to)}]
	if d.cache == nil {
		d.is(Native, NotEnabled)
		return
	}
	c := d.cache
	if !unicast(from) || !unicast(to) {
		d.is(Native, NotUnicast)
		return
	}
	var known bool
	d.entry, known = c.entries.Lookup(to)
	if own, _, ok := c.own.LookupPrefixLPM(host(to)); ok && !(known && d.entry.prefix.Bits() > own.Bits()) {
		d.entry = nil
		d.is(Native, DestinationLocal)
		return
	}
	if s, ok := c.own.Lookup(from); ok && c.settings.ITR {
		d.site = s
	} else if !c.settings.ProxyITR.IsValid() {
		d.entry = nil
		d.is(Native, SourceNotLocal)
		return
	}
	if !known {
		d.is(Native, NoEntry)
		return
	}
	d.hash = forward.FlowHash(d.packet)
	if d.entry.dynamic && len(d.entry.locators) > 0 {
		e.toLocator(d, now, d.entry.locators, 0)
		return
	}
	e.negative(d, now)
}

// negative decides by the action of an entry without locators (RFC 9301 section 5.4).
func (e *Engine) negative(d *decision, now time.Time) {
	switch d.entry.says() {
	case lispcore.NativelyForward:
		if len(d.cache.petrs) > 0 {
			e.toLocator(d, now, d.cache.petrs, ViaPETR)
			return
		}
		d.is(Native, NativeEntry)
	case lispcore.SendMapRequest:
		d.is(Drop, e.mayAsk(d.cache, host(d.packet.Destination)))
	case lispcore.DropPolicyDenied:
		d.is(Drop, PolicyDenied)
	case lispcore.DropAuthFailure:
		d.is(Drop, AuthFailure)
	default:
		d.is(Drop, DropEntry)
	}
}

// toLocator picks a locator for the packet, and checks that the packet fits.
func (e *Engine) toLocator(d *decision, now time.Time, list []locator, reason Reason) {
	d.locator = choose(list, d.hash)
	if d.locator == nil {
		d.is(Drop, whyNone(list))
		return
	}
	r := d.locator.rloc
	d.mtu = r.pathMTU(now, e.cfg.MTU) - forward.Overhead(lispcore.FamilyOf(r.addr))
	if d.packet.Length > d.mtu && (d.packet.DF || d.packet.Version == 6) {
		d.is(TooBig, PacketTooBig)
		return
	}
	d.is(Encapsulate, reason)
}

// choose returns the locator for a flow: of the usable ones those with the lowest priority, shared by weight; by equal
// parts when all weights are 0 (RFC 9300 section 6). It returns nil when none is usable.
func choose(list []locator, hash uint32) *locator {
	best, total, n := unusedPriority, uint32(0), uint32(0)
	for i := range list {
		l := &list[i]
		p := int(l.priority)
		if p > best || !l.usable() {
			continue
		}
		if p < best {
			best, total, n = p, 0, 0
		}
		total += uint32(l.weight)
		n++
	}
	if n == 0 {
		return nil
	}
	equal := total == 0
	if equal {
		total = n
	}
	at := spread(hash) % total
	for i := range list {
		l := &list[i]
		if int(l.priority) != best || !l.usable() {
			continue
		}
		share := uint32(l.weight)
		if equal {
			share = 1
		}
		if at < share {
			return l
		}
		at -= share
	}
	return nil
}

// spread mixes the hash, whose low bits also make the source port.
func spread(hash uint32) uint32 {
	hash ^= hash >> 16
	hash *= 0x7feb352d
	hash ^= hash >> 15
	hash *= 0x846ca68b
	return hash ^ hash>>16
}

// whyNone says why no locator is usable.
func whyNone(list []locator) Reason {
	for i := range list {
		if l := &list[i]; l.priority < unusedPriority && l.up() && !l.rloc.routed {
			return NoRouteToLocator
		}
	}
	return NoUsableLocator
}

// encapsulate makes the datagrams of a packet: one, or one for each of its fragments (RFC 9300 section 7.1).
func (e *Engine) encapsulate(now time.Time, d *decision, instance uint32, packet []byte) []lispcore.SendDatagram {
	pieces := append(e.whole[:0], packet)
	if len(packet) > d.mtu {
		var err error
		if pieces, err = forward.Fragment(e.fragments[:0], packet, d.mtu); err != nil {
			panic(err) // what may not be fragmented is TooBig, and the least MTU leaves room
		}
		e.fragments = pieces
		d.cache.stats.Fragmented++
	}
	r := d.locator.rloc
	h := wire.DataHeader{HasInstance: instance != 0, Instance: instance}
	if d.site != nil {
		h.HasLSB, h.LSB = true, d.site.lsb
	}
	if e.cfg.EchoNonce {
		e.nonceFor(now, r, &h)
	}
	ttl, tos := forward.OuterFields(d.packet)
	if !e.cfg.PropagateTTL {
		ttl = fullTTL
	}
	port := portBase | uint16(d.hash&portMask)
	from, to := netip.AddrPortFrom(d.source(), port), netip.AddrPortFrom(r.addr, lispcore.DataPort)
	e.datagrams = e.datagrams[:0]
	for i, piece := range pieces {
		if i == len(e.payloads) {
			e.payloads = append(e.payloads, nil)
		}
		e.payloads[i] = forward.Encapsulate(e.payloads[i][:0], piece, h)
		e.datagrams = append(e.datagrams, lispcore.SendDatagram{From: from, To: to, Payload: e.payloads[i], TTL: ttl, TOS: tos, DF: true,
			ID: e.trace.add(now, r.addr, port, instance, piece)})
	}
	return e.datagrams
}

// source returns the outer source address: the router's own locator of the source's mapping, the one towards the
// destination's locator if there are several; of a PITR its RLOC; else the router's address towards the locator.
func (d *decision) source() netip.Addr {
	r := d.locator.rloc
	if d.site == nil {
		if a := d.cache.settings.ProxyITR; a.IsValid() && a.Is4() == r.addr.Is4() {
			return a
		}
		return r.source
	}
	source := r.source
	for i := range d.site.mapping.Locators {
		l := &d.site.mapping.Locators[i]
		if !l.Local || l.RLOC.Is4() != r.addr.Is4() {
			continue
		}
		if l.RLOC == r.source {
			return r.source
		}
		if source == r.source {
			source = l.RLOC
		}
	}
	return source
}

// unicast tells whether packets from and to an address may go through a tunnel: not those that stay on one link or in one
// host, nor multicast.
func unicast(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast() && !a.IsLinkLocalUnicast() && a != broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

package itr

import (
	"encoding/binary"
	"net/netip"
	"time"

	"lisplab/lispcore"
)

const (
	// traceSize is how many packets back an ICMP error may reach, and traceTime how long ago.
	traceSize = 256
	traceTime = 30 * time.Second
	// tracedBytes is how much of an inner packet is kept: more than any ICMP error must quote.
	tracedBytes = 128
	// pathMTUTime is how long the MTU of an ICMP error counts (RFC 1191 section 6.3).
	pathMTUTime = 10 * time.Minute
	// leastMTU4 and leastMTU6 bound what an ICMP error can make of an MTU.
	leastMTU4 = 576
	leastMTU6 = 1280
)

// trace remembers the last packets that went into tunnels, so that an ICMP error about an outer packet, which quotes
// little more than its UDP header, finds the inner one. It comes into being with the first packet.
type trace struct {
	id    uint16 // of the last outer packet
	slots []traced
}

type traced struct {
	at       time.Time
	rloc     netip.Addr
	id, port uint16
	instance uint32
	length   int
	inner    [tracedBytes]byte
}

// add notes a packet and returns the outer identification that it is to have, which is never 0.
func (t *trace) add(now time.Time, rloc netip.Addr, port uint16, instance uint32, inner []byte) uint16 {
	if t.slots == nil {
		t.slots = make([]traced, traceSize)
	}
	if t.id++; t.id == 0 {
		t.id = traceSize // the slot after that of 0xffff
	}
	s := &t.slots[t.id%traceSize]
	s.at, s.rloc, s.id, s.port, s.instance = now, rloc, t.id, port, instance
	s.length = copy(s.inner[:], inner)
	return t.id
}

// find returns the packet that an ICMP error is about. IPv6 headers have no identification: of several packets of one flow
// the last is as good as any.
func (t *trace) find(now time.Time, q quoted) *traced {
	for i := range t.slots {
		s := &t.slots[(int(t.id)+traceSize-i)%traceSize]
		if s.rloc == q.rloc && s.port == q.port && (s.id == q.id || q.rloc.Is6()) && now.Sub(s.at) <= traceTime {
			return s
		}
	}
	return nil
}

// quoted is what an ICMP error tells of an outer packet.
type quoted struct {
	rloc     netip.Addr
	id, port uint16
}

// parseQuoted reads the outer IP and UDP header of a data packet. What follows may be missing.
func parseQuoted(b []byte) (q quoted, ok bool) {
	const udp = 17
	var header int
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		header = int(b[0]&15) * 4
		q.rloc, q.id = netip.AddrFrom4([4]byte(b[16:20])), binary.BigEndian.Uint16(b[4:])
		ok = b[9] == udp && header >= 20
	case len(b) >= 40 && b[0]>>4 == 6:
		header = 40
		q.rloc = netip.AddrFrom16([16]byte(b[24:40]))
		ok = b[6] == udp
	}
	if !ok || len(b) < header+4 {
		return q, false
	}
	q.port = binary.BigEndian.Uint16(b[header:])
	return q, binary.BigEndian.Uint16(b[header+2:]) == lispcore.DataPort
}

// ICMPError maps an ICMP error about an outer packet to the inner packet, or its first 128 bytes, so that the router can
// tell the sender. quoted is what the error quotes, from the outer IP header on. mtu, in bytes, is that of a "too big"
// error, else 0: it bounds what is encapsulated to the locator for the next ten minutes (RFC 9300 section 7.2). inner is
// valid until the next Forward. ok is false for packets that this ITR did not send in the last 30 s.
func (e *Engine) ICMPError(now time.Time, quoted []byte, mtu int, ttlExceeded bool) (instance uint32, inner []byte, ok bool) {
	q, ok := parseQuoted(quoted)
	var s *traced
	if ok {
		s = e.trace.find(now, q)
	}
	if s == nil {
		e.counters.ICMPUnknown++
		return 0, nil, false
	}
	if r := e.rlocs[q.rloc]; mtu > 0 && !ttlExceeded && r != nil {
		r.learnMTU(now, mtu)
	}
	return s.instance, s.inner[:s.length], true
}

// learnMTU lowers the MTU of the path to a locator.
func (r *rloc) learnMTU(now time.Time, mtu int) {
	least := leastMTU4
	if r.addr.Is6() {
		least = leastMTU6
	}
	mtu = max(mtu, least)
	if r.mtu == 0 || mtu < r.mtu || !now.Before(r.mtuUntil) {
		r.mtu, r.mtuUntil = mtu, now.Add(pathMTUTime)
	}
}

// pathMTU returns the largest outer packet that gets to the locator, of at most most bytes.
func (r *rloc) pathMTU(now time.Time, most int) int {
	if r.mtu > 0 && now.Before(r.mtuUntil) {
		return min(r.mtu, most)
	}
	return most
}

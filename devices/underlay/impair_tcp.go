package underlay

import (
	"slices"
	"time"

	"lisplab/lispcore"
)

const (
	// firstRetry is after how long a TCP segment without an acknowledgment is sent again; each further time takes twice as long.
	firstRetry = 200 * time.Millisecond
	// maxRetry is what that grows to (RFC 6298 section 2.5).
	maxRetry = 60 * time.Second
)

// retryAfter is how long TCP waits for an acknowledgment when a segment has been sent some times in vain.
func retryAfter(tries int) time.Duration {
	return min(firstRetry<<min(tries-1, 10), maxRetry)
}

// passage is one write, close or reset of a stream that crosses impaired links. Its bytes arrive together, when the last of
// its segments does, and never before those that were written earlier.
//
//	depart ──> send ──┬── some are lost: again, after 200 ms, 400 ms ...
//	                  └── all have passed ──> proceed, when the last one is there and nothing stands before it
type passage struct {
	id       uint64
	end      *end
	out      lispcore.Output
	harm     harm
	first    time.Time // of the first transmission
	tries    int
	missing  []stretch // segments that are to be sent
	there    time.Time // when the last of those that passed arrives
	arrived  bool
	hopeless bool // it has been tried for LossTime
}

// stretch is which bytes of a write one segment carries.
type stretch struct{ from, to int }

// impaired tells whether a link does something to segments of e.
func (n *Network) impaired(e *end) bool {
	return !n.unimpaired() && n.impairs(n.path(e.node, e.vrf, e.peer().addr.Addr()).hops)
}

// depart sends something over impaired links, or behind what is still on them.
func (n *Network) depart(now time.Time, e *end, out lispcore.Output) error {
	n.lastFlight++
	p := &passage{id: n.lastFlight, end: e, out: out, first: now}
	size := 0
	if w, ok := out.(lispcore.WriteStream); ok {
		size = len(w.Data)
	}
	for at := 0; at == 0 || at < size; at += segmentSize(e.addr) {
		p.missing = append(p.missing, stretch{at, min(at+segmentSize(e.addr), size)})
	}
	e.passing = append(e.passing, p)
	n.passages[p.id] = p
	return n.send(now, p)
}

// send draws what becomes of the segments that are missing.
func (n *Network) send(now time.Time, p *passage) error {
	var lost []stretch
	for _, s := range p.missing {
		v := n.drawSegment(now, p.end, s.to-s.from)
		if f, why, damaged := tcpFate(v); why == "" {
			p.harm.twice, p.harm.late = p.harm.twice || f.twice, p.harm.late || f.late
			if at := now.Add(f.delay); at.After(p.there) {
				p.there = at
			}
		} else {
			lost = append(lost, s)
			n.observeLoss(now, p, s, v, why, damaged)
		}
	}
	p.missing = lost
	if len(lost) == 0 {
		return n.awaitTurn(now, p)
	}
	p.tries++
	next := now.Add(retryAfter(p.tries))
	if end := p.first.Add(LossTime); !next.Before(end) {
		next, p.hopeless = end, true
	}
	n.timers.Set(timer{segmentDue, p.id}, next)
	return nil
}

// drawSegment draws for one segment, or an acknowledgment or a flag without bytes, from e to its peer.
func (n *Network) drawSegment(now time.Time, e *end, size int) verdict {
	return n.pass(n.path(e.node, e.vrf, e.peer().addr.Addr()), parcel{
		FlowInfo: FlowInfo{Protocol: protocolTCP, Source: e.addr, Destination: e.peer().addr, Flags: ACK},
		ttl:      controlTTL, length: segmentHeaders(e.addr) + size, sent: now,
	})
}

// tcpFate is what a verdict means to TCP: a segment whose bytes are changed is lost.
func tcpFate(v verdict) (f harm, why string, damaged bool) {
	f, why = v.harm, v.why
	if why == "" && (f.corrupt || f.damaged) {
		why, damaged = "its checksum is wrong", true
	}
	return f, why, damaged
}

// observeLoss tells of a segment that did not arrive.
func (n *Network) observeLoss(now time.Time, p *passage, s stretch, v verdict, why string, damaged bool) {
	w, ok := p.out.(lispcore.WriteStream)
	if !ok {
		return // what has no bytes is only late
	}
	event := n.event(now, p.end, SegmentLost)
	for _, before := range p.end.passing {
		if before == p {
			break
		}
		if b, ok := before.out.(lispcore.WriteStream); ok {
			event.Seq += uint32(len(b.Data))
		}
	}
	event.Seq += uint32(s.from)
	event.Payload, event.Detail, event.Damaged = w.Data[s.from:s.to], why, damaged
	event.Way, event.Fate = event.Way[:v.crossed], v.fate
	n.observe(event)
}

// awaitTurn has a passage arrive when its last segment does; at once, if that is now and nothing is before it.
func (n *Network) awaitTurn(now time.Time, p *passage) error {
	if p.there.After(now) {
		n.timers.Set(timer{segmentDue, p.id}, p.there)
		return nil
	}
	p.arrived = true
	if p.end.passing[0] == p {
		return n.handOver(now, p)
	}
	return nil
}

// proceed is what is done when a passage is due: its segments are sent again, or it has arrived.
func (n *Network) proceed(now time.Time, p *passage) error {
	switch {
	case p.hopeless:
		return n.lose(now, p.end.conn)
	case len(p.missing) > 0:
		return n.send(now, p)
	}
	return n.awaitTurn(now, p)
}

// handOver ends a passage that is the first of its end. The next one, if it has come already, follows at this instant.
func (n *Network) handOver(now time.Time, p *passage) error {
	e := p.end
	e.passing = e.passing[1:]
	delete(n.passages, p.id)
	if len(e.passing) > 0 && e.passing[0].arrived {
		n.timers.Set(timer{segmentDue, e.passing[0].id}, now)
	}
	return n.perform(now, e.node, e, p.out, p.harm)
}

// ground takes back what e has on impaired links and returns it in order.
func (n *Network) ground(e *end) []lispcore.Output {
	var list []lispcore.Output
	for _, p := range e.passing {
		n.timers.Stop(timer{segmentDue, p.id})
		delete(n.passages, p.id)
		list = append(list, p.out)
	}
	e.passing = nil
	return list
}

// impairDial draws what becomes of a SYN, which would arrive at v, and of the answer to it. It returns true when the answer
// is not there yet; the dial waits for it then, or for the next SYN.
func (n *Network) impairDial(now time.Time, d *dial, v verdict, event *Event) (waits bool) {
	length := segmentHeaders(d.src)
	syn := n.pass(n.path(d.node, "", d.dst.Addr()), parcel{
		FlowInfo: FlowInfo{Protocol: protocolTCP, Source: d.src, Destination: d.dst, Flags: SYN}, ttl: controlTTL, length: length, sent: now,
	})
	event.Way, event.Fate = event.Way[:syn.crossed], syn.fate
	there, why, damaged := tcpFate(syn)
	back := harm{}
	if why == "" {
		back, why, damaged = tcpFate(n.pass(n.path(v.node, v.vrf, d.src.Addr()), parcel{
			FlowInfo: FlowInfo{Protocol: protocolTCP, Source: d.dst, Destination: d.src, Flags: SYN | ACK}, ttl: controlTTL, length: length, sent: now.Add(there.delay),
		}))
		if why != "" {
			why, damaged = "the answer is lost: "+why, false
		}
	}
	delay := there.delay + back.delay
	if why == "" && delay == 0 {
		return false
	}
	event.Detail, event.Damaged = why, damaged
	n.observe(*event)
	n.await(now, d)
	if why == "" {
		n.timers.Set(timer{handshake, d.id}, now.Add(delay))
		return true
	}
	d.tries++
	n.timers.Set(timer{again, d.id}, now.Add(retryAfter(d.tries)))
	return true
}

// shakeHands makes a connection whose SYN was under way, if the way is still there.
func (n *Network) shakeHands(now time.Time, d *dial) error {
	v := n.segment(d.node, "", FlowInfo{Source: d.src, Destination: d.dst, Flags: SYN})
	if !v.arrived {
		return nil
	}
	if back := n.segment(v.node, v.vrf, FlowInfo{Source: d.dst, Destination: d.src, Flags: SYN | ACK}); !back.arrived || back.node != d.node {
		return nil
	}
	return n.connect(now, d, n.nodes[v.node], v.vrf)
}

// HalfOpen makes every TCP connection over a link half open (RFC 9293 section 3.5.1): the router on the side of its end A,
// or of B with backward, has its connection reset; no packet tells the other one, which finds out at its next write or
// probe, when a reset answers it. It returns what routers are to be told.
func (n *Network) HalfOpen(now time.Time, link int, backward bool) []Delivery {
	n.out = n.out[:0]
	key := n.key(link, backward)
	for _, id := range slices.Clone(n.order) {
		c := n.conns[id]
		for _, e := range c.ends {
			if !n.path(e.node, e.vrf, e.peer().addr.Addr()).over(key) || e.dead || e.peer().dead {
				continue
			}
			n.ground(e)
			e.waiting = nil
			n.tell(e, lispcore.StreamClosed{Stream: e.stream, Reason: lispcore.ClosedByReset})
			e.dead = true
			delete(n.nodes[e.node].tcp.streams, e.stream)
			if c.reach {
				c.liveness = c.liveness.Add(now.Sub(c.liveness).Truncate(ProbeIdle)) // the last probe that was answered
				n.timers.Set(timer{probe, id}, c.pathBack(now))
			}
		}
	}
	return n.out
}

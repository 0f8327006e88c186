package underlay

import (
	"errors"
	"net/netip"
	"time"

	"lisplab/lispcore"
)

// How TCP finds out that nobody is there. The three keepalive values are those that routers and hosts of this field are set
// to; their sum is the 120 s after which a session whose peer or path is gone ends.
const (
	ProbeIdle  = 60 * time.Second // from the last traffic or answered probe to the next probe
	ProbeEvery = 10 * time.Second // between unanswered probes
	ProbeCount = 6                // unanswered probes that end a connection
	LossTime   = ProbeIdle + ProbeCount*ProbeEvery

	// SynWait is how long a dial waits for the answer to its SYN: the default of IOS's `ip tcp synwait-time`. The SYN is
	// not sent again.
	SynWait = 30 * time.Second
)

type timerKind uint8

const (
	synWait    timerKind = iota // a SYN has had no answer (id: of the dial)
	lost                        // a connection has been without peer or path for LossTime
	probe                       // the next probe reaches a router that knows the connection no more
	arrival                     // a packet that was under way arrives (id: of the flight)
	again                       // a SYN is sent again (id: of the dial)
	handshake                   // the answer to a SYN arrives (id: of the dial)
	segmentDue                  // bytes or the end of a stream arrive, or are sent again (id: of the passage)
)

// timer is a key in the table of timers; id numbers the connection attempt, where nothing else is said.
type timer struct {
	kind timerKind
	id   uint64
}

// dial is a connection attempt whose SYN is under way.
type dial struct {
	id       uint64
	node     int
	stream   lispcore.StreamID
	src, dst netip.AddrPort
	seq      uint32
	sent     time.Time // the latest SYN
	tries    int       // SYNs, or answers to them, that an impaired link has lost
}

func (d *dial) event(now time.Time, kind EventKind) Event {
	return Event{At: now, Kind: kind, Src: d.src, Dst: d.dst, Conn: d.id, Seq: d.seq}
}

// await leaves a dial without answer until SynWait is over.
func (n *Network) await(now time.Time, d *dial) {
	tcp := &n.nodes[d.node].tcp
	if tcp.pending == nil {
		tcp.pending = make(map[lispcore.StreamID]*dial)
	}
	if n.dials[d.id] != nil {
		return
	}
	n.dials[d.id], tcp.pending[d.stream] = d, d
	n.timers.Set(timer{synWait, d.id}, now.Add(SynWait))
}

// hangUp gives up a dial that has no answer yet.
func (n *Network) hangUp(node int, stream lispcore.StreamID) {
	tcp := &n.nodes[node].tcp
	delete(tcp.unwanted, stream)
	if d := tcp.pending[stream]; d != nil {
		n.answered(d)
	}
}

// answered takes a dial out of the tables of those that wait.
func (n *Network) answered(d *dial) {
	for _, kind := range []timerKind{synWait, again, handshake} {
		n.timers.Stop(timer{kind, d.id})
	}
	delete(n.dials, d.id)
	delete(n.nodes[d.node].tcp.pending, d.stream)
}

// dialFailed tells the role that its dial came to nothing.
func (n *Network) dialFailed(d *dial, why lispcore.CloseReason) {
	unwanted := n.nodes[d.node].tcp.unwanted[d.stream]
	n.hangUp(d.node, d.stream)
	if !unwanted {
		n.out = append(n.out, Delivery{d.node, lispcore.StreamClosed{Stream: d.stream, Reason: why}})
	}
}

// SetPower starts or stops a router or a host. Power that is cut takes all state with it: the router says nothing, its
// listener, its dials and its socket for encapsulated packets are gone, and it will not know its connections when it is
// back. Call Update when all changes are made.
func (n *Network) SetPower(node int, on bool) error {
	nd := n.nodes[node]
	nd.running = on
	if on {
		return nil
	}
	for _, e := range nd.tcp.streams {
		n.ground(e)
		e.dead, e.waiting = true, nil
	}
	for _, d := range nd.tcp.pending {
		n.answered(d)
	}
	nd.receives = false
	n.ports.forget(node)
	nd.tcp.streams, nd.tcp.pending, nd.tcp.unwanted = nil, nil, nil
	return errors.Join(nd.tcp.close(), n.closeData(nd))
}

// updateConns finds out which connections have lost or regained their path, and returns what had waited for it.
func (n *Network) updateConns(now time.Time) []Sending {
	var released []Sending
	for _, id := range append([]uint64(nil), n.order...) {
		c := n.conns[id]
		a, b := c.ends[0], c.ends[1]
		if (a.dead || a.silent) && (b.dead || b.silent) && (a.dead || b.dead) {
			c.discard() // nobody is left who could notice
			n.forget(c)
			continue
		}
		reach := n.reaches(a) && n.reaches(b)
		switch {
		case c.reach && !reach:
			n.losePath(now, c)
		case !c.reach && reach:
			c.reach = true
			n.timers.Stop(timer{lost, id})
			next := c.pathBack(now)
			if a.dead || b.dead {
				n.timers.Set(timer{probe, id}, next)
			}
			released = append(append(released, a.release()...), b.release()...)
		}
	}
	return released
}

// losePath notes that packets do not pass between the ends any more.
func (n *Network) losePath(now time.Time, c *conn) {
	c.reach = false
	for _, e := range c.ends {
		e.waiting = append(e.waiting, n.ground(e)...)
	}
	c.liveness = c.liveness.Add(now.Sub(c.liveness).Truncate(ProbeIdle)) // the last probe that was answered
	n.timers.Stop(timer{probe, c.id})
	n.timers.Set(timer{lost, c.id}, now.Add(LossTime))
}

// reaches tells whether segments of e get to its peer.
func (n *Network) reaches(e *end) bool {
	v := n.segments(e, ACK, 0)
	return n.nodes[e.node].running && v.arrived && v.node == e.peer().node
}

// pathBack returns the instant of the first probe after the path is back; probes run from there.
func (c *conn) pathBack(now time.Time) (next time.Time) {
	next = c.liveness.Add(ProbeIdle)
	for !next.After(now) {
		next = next.Add(ProbeEvery)
	}
	c.liveness = next.Add(-ProbeIdle)
	return next
}

// release takes what has waited at e.
func (e *end) release() []Sending {
	var list []Sending
	for _, out := range e.waiting {
		list = append(list, Sending{e.node, out})
	}
	e.waiting = nil
	return list
}

// Deadline tells when the network next wants a Tick.
func (n *Network) Deadline() (at time.Time, armed bool) { return n.timers.Next() }

// Tick fires the earliest timer that is due and returns what routers are to be told. Timers that are due at one instant
// fire in the order in which they were armed, one a call.
func (n *Network) Tick(now time.Time) ([]Delivery, error) {
	n.out = n.out[:0]
	t, due := n.timers.Due(now)
	if !due {
		return nil, nil
	}
	var err error
	switch t.kind {
	case synWait:
		d := n.dials[t.id]
		n.observe(d.event(now, DialTimeout))
		n.dialFailed(d, lispcore.ClosedByTimeout)
	case probe:
		err = n.reset(now, n.conns[t.id].deadEnd())
	case lost:
		err = n.lose(now, n.conns[t.id])
	case arrival:
		err = n.land(now, t.id)
	case again:
		err = n.dial(now, n.dials[t.id])
	case handshake:
		err = n.shakeHands(now, n.dials[t.id])
	case segmentDue:
		err = n.proceed(now, n.passages[t.id])
	}
	return n.out, err
}

// deadEnd is the end of a connection whose router has lost power.
func (c *conn) deadEnd() *end {
	if c.ends[0].dead {
		return c.ends[0]
	}
	return c.ends[1]
}

// lose ends a connection at both ends at once.
func (n *Network) lose(now time.Time, c *conn) error {
	a, b := c.ends[0], c.ends[1]
	if err := n.abort(b); err != nil {
		return n.streamFault(now, err, b, "the socket was not closed")
	}
	n.observe(n.event(now, a, Lost))
	n.forget(c)
	n.tell(a, lispcore.StreamClosed{Stream: a.stream, Reason: lispcore.ClosedByTimeout})
	n.tell(b, lispcore.StreamClosed{Stream: b.stream, Reason: lispcore.ClosedByTimeout})
	return nil
}

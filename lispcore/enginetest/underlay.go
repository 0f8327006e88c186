package enginetest

import (
	"fmt"
	"net/netip"
	"slices"

	"lisplab/lispcore"
)

// This file carries what the routers put out, and holds the faults.

type pair [2]*Node

// path is what lies between two routers, one way.
type path struct {
	cut  bool
	drop int // datagrams to lose
	flip int // datagrams to spoil
}

func (b *Bed) path(from, to *Node) *path {
	p := b.paths[pair{from, to}]
	if p == nil {
		p = &path{}
		b.paths[pair{from, to}] = p
	}
	return p
}

// conn is a connection; the first end has dialled.
type conn struct{ ends [2]end }

type end struct {
	node    *Node
	stream  lispcore.StreamID
	addr    netip.AddrPort
	dead    bool              // the router has lost power since
	waiting []lispcore.Output // for the path, in order
}

func (c *conn) reach(b *Bed) bool {
	x, y := c.ends[0].node, c.ends[1].node
	return !b.path(x, y).cut && !b.path(y, x).cut && !x.off && !y.off
}

// connOf finds a connection by one of its ends, which then is i.
func (b *Bed) connOf(n *Node, stream lispcore.StreamID) (c *conn, i int) {
	for _, c := range b.conns {
		for i, e := range c.ends {
			if e.node == n && e.stream == stream && !e.dead {
				return c, i
			}
		}
	}
	return nil, 0
}

// Between returns the stream that a router has with another one, or 0.
func (b *Bed) Between(n, peer *Node) lispcore.StreamID {
	for _, c := range slices.Backward(b.conns) {
		for i, e := range c.ends {
			if e.node == n && c.ends[1-i].node == peer {
				return e.stream
			}
		}
	}
	return 0
}

func (b *Bed) forget(c *conn) {
	b.timers.Stop(bedTimer{conn: c})
	b.conns = slices.DeleteFunc(b.conns, func(o *conn) bool { return o == c })
}

// carry does what a router wants done.
func (b *Bed) carry(from *Node, out lispcore.Output) {
	if from.off {
		return
	}
	if b.Watch != nil {
		b.Watch(b.now, from, out)
	}
	switch out := out.(type) {
	case lispcore.Notice:
		b.say(from.Name, "* %s", b.event(out.Event))
	case lispcore.SendDatagram:
		b.datagram(from, out)
	case lispcore.ForwardPacket:
		b.say(from.Name, "* delivered: %s", packetText(out.Instance, out.Data))
	case lispcore.OpenStream:
		b.open(from, out)
	case lispcore.WriteStream:
		if c, i := b.connOf(from, out.Stream); c != nil && c.reach(b) {
			b.write(c, i, out.Data)
		} else if c != nil {
			c.ends[i].waiting = append(c.ends[i].waiting, out)
		}
	case lispcore.CloseStream:
		if c, i := b.connOf(from, out.Stream); c != nil && c.reach(b) {
			b.close(c, i, out.Abort)
		} else if c != nil {
			c.ends[i].waiting = append(c.ends[i].waiting, out)
		} else {
			b.timers.Stop(bedTimer{from: from, stream: out.Stream})
		}
	}
}

func (b *Bed) datagram(from *Node, out lispcore.SendDatagram) {
	to := b.nodeAt(out.To.Addr())
	if to == nil {
		b.say(from.Name+" -> "+out.To.Addr().String(), "%s", b.payload(from, from, out.Payload))
		return
	}
	p := b.path(from, to)
	payload := slices.Clone(out.Payload)
	arrow, ports := "->", ""
	if out.To.Port() != lispcore.DataPort && (out.From.Port() != lispcore.ControlPort || out.To.Port() != lispcore.ControlPort) {
		ports = fmt.Sprintf(" (%d to %d)", out.From.Port(), out.To.Port())
	}
	switch {
	case p.cut || to.off:
		arrow = "-x"
	case p.drop > 0:
		p.drop--
		arrow = "-x"
	case p.flip > 0:
		p.flip--
		payload[20] ^= 0x10 // inside the authentication data
	}
	text := b.payload(from, to, payload)
	if out.To.Port() == lispcore.DataPort {
		text = b.dataText(payload)
	}
	b.say(from.Name+" "+arrow+" "+to.Name, "%s%s", text, ports)
	if arrow == "-x" {
		return
	}
	ttl := out.TTL
	if ttl == 0 {
		ttl = 255
	}
	to.Handle(lispcore.Datagram{From: out.From, To: out.To, Payload: payload, TTL: ttl, TOS: out.TOS})
}

func (b *Bed) open(from *Node, out lispcore.OpenStream) {
	to := b.nodeAt(out.To.Addr())
	fail := func(how string, reason lispcore.CloseReason) {
		b.say(from.Name+" => "+to.Name, "connect: %s", how)
		from.Handle(lispcore.StreamClosed{Stream: out.Stream, Reason: reason})
	}
	switch {
	case b.path(from, to).cut || b.path(to, from).cut || to.off:
		b.say(from.Name+" =x "+to.Name, "connect")
		b.timers.Set(bedTimer{from: from, stream: out.Stream}, b.now.Add(synWait))
		return
	case !to.listens:
		fail("refused", lispcore.ClosedByRefusal)
		return
	}
	from.dials++
	local, remote := netip.AddrPortFrom(out.From, 11000+from.dials), out.To
	c := &conn{ends: [2]end{
		{node: from, stream: out.Stream, addr: local},
		{node: to, stream: to.Sessions.NextStream(), addr: remote},
	}}
	b.conns = append(b.conns, c)
	b.say(from.Name+" => "+to.Name, "connect")
	from.Handle(lispcore.StreamOpened{Stream: out.Stream, Local: local, Remote: remote, Dialled: true})
	to.nextID = 0
	from.nextID = 0
	to.Handle(lispcore.StreamOpened{Stream: c.ends[1].stream, Local: remote, Remote: local})
}

func (b *Bed) write(c *conn, i int, data []byte) {
	from, to := &c.ends[i], &c.ends[1-i]
	b.sayFrames(from.node, to.node, data)
	if to.dead {
		b.close(c, 1-i, true)
		return
	}
	for len(data) > 0 {
		n := len(data)
		if b.pieces != nil {
			n = b.pieces(n)
		}
		to.node.Handle(lispcore.StreamData{Stream: to.stream, Data: data[:n]})
		data = data[n:]
	}
}

// close ends a connection at the wish of the end i.
func (b *Bed) close(c *conn, i int, abort bool) {
	how, reason := "close", lispcore.ClosedByPeer
	if abort {
		how, reason = "reset", lispcore.ClosedByReset
	}
	b.forget(c)
	to := &c.ends[1-i]
	b.say(c.ends[i].node.Name+" => "+to.node.Name, "%s", how)
	if !to.dead {
		to.node.Handle(lispcore.StreamClosed{Stream: to.stream, Reason: reason})
	}
}

// fire is a deadline of the underlay.
func (b *Bed) fire(t bedTimer) {
	switch {
	case t.conn == nil:
		b.say(t.from.Name, "connect: no answer")
		t.from.Handle(lispcore.StreamClosed{Stream: t.stream, Reason: lispcore.ClosedByTimeout})
	case t.conn.reach(b): // a router that has restarted is asked whether it is still there
		c := t.conn
		i := slices.IndexFunc(c.ends[:], func(e end) bool { return e.dead })
		b.close(c, i, true)
	default:
		b.lose(t.conn)
	}
}

// Cut takes the path between two routers away, both ways. Datagrams and SYNs are lost, streams wait for at most 120 s.
func (b *Bed) Cut(x, y *Node) {
	b.path(x, y).cut, b.path(y, x).cut = true, true
	b.watch()
}

// Restore gives the path back. What waited goes now.
func (b *Bed) Restore(x, y *Node) {
	b.path(x, y).cut, b.path(y, x).cut = false, false
	b.watch()
}

// watch starts the clocks of connections that have lost their path, and lets go what waited on those that have it back.
func (b *Bed) watch() {
	for _, c := range slices.Clone(b.conns) {
		key := bedTimer{conn: c}
		dead := c.ends[0].dead || c.ends[1].dead
		_, armed := b.timers.Get(key)
		switch {
		case c.reach(b) && dead:
			b.timers.Set(key, b.now.Add(probe))
		case c.reach(b):
			b.timers.Stop(key)
		case !armed:
			b.timers.Set(key, b.now.Add(lossTime))
		}
		for i := range c.ends {
			for c.reach(b) && len(c.ends[i].waiting) > 0 && slices.Contains(b.conns, c) {
				out := c.ends[i].waiting[0]
				c.ends[i].waiting = c.ends[i].waiting[1:]
				b.carry(c.ends[i].node, out)
			}
		}
	}
}

// Drop loses the next datagrams of one router to another.
func (b *Bed) Drop(from, to *Node, datagrams int) { b.path(from, to).drop = datagrams }

// Flip turns one bit in the authentication data of the next datagrams.
func (b *Bed) Flip(from, to *Node, datagrams int) { b.path(from, to).flip = datagrams }

// Refuse closes the router's TCP port, or opens it again.
func (n *Node) Refuse(refuse bool) { n.listens = !refuse }

// Stop is a power cut: the router says nothing more, and forgets everything.
func (n *Node) Stop() {
	n.off, n.out = true, nil
	for _, c := range n.bed.conns {
		for i := range c.ends {
			if c.ends[i].node == n {
				c.ends[i].dead, c.ends[i].waiting = true, nil
			}
		}
	}
	n.bed.watch()
}

// Start boots a stopped router.
func (n *Node) Start() {
	if !n.off {
		return
	}
	n.off = false
	n.boot()
	n.bed.watch()
}

// End ends the connection of a router with another one: by a close, by a reset, or by silence that both ends notice now. A
// puppet does so itself; for a router with an engine the network does, and it is told as well.
func (b *Bed) End(n, peer *Node, reason lispcore.CloseReason) {
	c, i := b.connOf(n, b.Between(n, peer))
	if c == nil {
		return
	}
	if reason == lispcore.ClosedByTimeout {
		b.lose(c)
		return
	}
	b.close(c, i, reason == lispcore.ClosedByReset)
	n.Handle(lispcore.StreamClosed{Stream: c.ends[i].stream, Reason: reason})
}

// lose ends a connection whose peer or path is gone, at both ends at once.
func (b *Bed) lose(c *conn) {
	b.forget(c)
	b.say(c.ends[0].node.Name+" == "+c.ends[1].node.Name, "timed out")
	for _, e := range c.ends {
		if !e.dead {
			e.node.Handle(lispcore.StreamClosed{Stream: e.stream, Reason: lispcore.ClosedByTimeout})
		}
	}
}

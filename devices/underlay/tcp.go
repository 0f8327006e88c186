package underlay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"lisplab/lispcore"
)

// piece is how much of a write is in the kernel at once: unread writes block near 4 MB.
const piece = 64 << 10

// The range of TCP client ports.
const firstClientPort, lastClientPort = 11000, 65535

type tcpSocket struct {
	addr     netip.AddrPort // in the kernel, with or without a listener
	listener *net.TCPListener
	streams  map[lispcore.StreamID]*end
	pending  map[lispcore.StreamID]*dial
	unwanted map[lispcore.StreamID]bool // closed by the role before they stood
}

func (t *tcpSocket) close() error {
	if t.listener == nil {
		return nil
	}
	err := t.listener.Close()
	t.listener = nil
	return err
}

// conn is one TCP connection of the lab: a real one in the kernel, and what the model knows of it.
type conn struct {
	id       uint64
	ends     [2]*end   // the side that dialled, the side that accepted
	reach    bool      // both routers run and packets pass in both directions
	liveness time.Time // of the last traffic or answered probe, see fault.go
}

// end is one side of a connection.
type end struct {
	conn    *conn
	node    int
	vrf     string // in which the router is spoken to
	stream  lispcore.StreamID
	addr    netip.AddrPort // in the lab
	sock    *net.TCPConn
	until   deadline
	seq     uint32            // of the next byte that it sends
	silent  bool              // the role has ended the connection: it is told nothing any more
	dead    bool              // the router has lost power since: it knows the connection no more
	waiting []lispcore.Output // for the path, in order
	passing []*passage        // on impaired links, in order
}

// peer is the other side.
func (e *end) peer() *end {
	if e == e.conn.ends[0] {
		return e.conn.ends[1]
	}
	return e.conn.ends[0]
}

// event starts an event of a segment from e, on a connection whose path stands.
func (n *Network) event(now time.Time, e *end, kind EventKind) Event {
	p := e.peer()
	return Event{
		At: now, Kind: kind, Src: e.addr, Dst: p.addr, Conn: e.conn.id, Seq: e.seq, Ack: p.seq, Node: e.node,
		Way: n.path(e.node, e.vrf, p.addr.Addr()).hops, Back: n.path(p.node, p.vrf, e.addr.Addr()).hops,
	}
}

// discard closes both sockets without a word and without TIME_WAIT.
func (c *conn) discard() {
	for _, e := range c.ends {
		_ = e.sock.SetLinger(0) // an error of a socket that is given up tells nothing
		_ = e.sock.Close()
	}
}

// Listen opens or closes the router's listener on TCP 4342. Connections that stand are not touched.
func (n *Network) Listen(node int, on bool) error {
	tcp := &n.nodes[node].tcp
	if on == (tcp.listener != nil) {
		return nil
	}
	if !on {
		return tcp.close()
	}
	l, err := listenTCP(tcp.addr)
	if errors.Is(err, syscall.EADDRINUSE) && n.block.guard == nil { // on the one address of all, the port was never the router's
		l, err = listenTCP(netip.AddrPortFrom(tcp.addr.Addr(), 0))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", n.nodes[node].name, err)
	}
	tcp.listener, tcp.addr = l, l.Addr().(*net.TCPAddr).AddrPort()
	return nil
}

// Silence notes that a role has asked for the end of a stream: from now on it is told nothing of it, even if bytes for it
// are already under way.
func (n *Network) Silence(node int, stream lispcore.StreamID) {
	tcp := &n.nodes[node].tcp
	if e := tcp.streams[stream]; e != nil {
		e.silent = true
		return
	}
	if tcp.unwanted == nil {
		tcp.unwanted = make(map[lispcore.StreamID]bool)
	}
	tcp.unwanted[stream] = true
}

// openStream dials. The side that dialled is told first, then the side that accepted.
func (n *Network) openStream(now time.Time, from *node, out lispcore.OpenStream) error {
	n.last++
	n.stats.Dials++
	src := netip.AddrPortFrom(out.From, n.clientPort(from.index))
	d := &dial{id: n.last, node: from.index, stream: out.Stream, src: src, dst: out.To, seq: n.cfg.Rand.Uint32()}
	w := n.path(from.index, "", out.To.Addr())
	if w.left && n.Owns(from.index, out.From) {
		return n.dial(now, d)
	}
	event := d.event(now, NoRoute)
	event.Detail = w.why
	if w.left {
		event.Detail = fmt.Sprintf("%v is not an address of %s that is up", out.From, from.name)
	}
	n.observe(event)
	n.dialFailed(d, lispcore.ClosedNoRoute)
	return nil
}

// dial sends a SYN, and goes on with the answer to it.
func (n *Network) dial(now time.Time, d *dial) error {
	d.sent = now
	event := d.event(now, Dial)
	v := n.segment(d.node, "", FlowInfo{Source: d.src, Destination: d.dst, Flags: SYN, Packets: 1})
	event.Way, event.Fate = n.path(d.node, "", d.dst.Addr()).hops[:v.crossed], v.fate
	if !v.arrived {
		event.Detail = v.why
	} else if back := n.segment(v.node, v.vrf, FlowInfo{Source: d.dst, Destination: d.src, Flags: SYN | ACK, Packets: 1}); !back.arrived || back.node != d.node {
		event.Detail = "the answer is lost: " + back.why
	}
	if event.Detail == "" && !n.unimpaired() {
		if waits := n.impairDial(now, d, v, &event); waits {
			return nil
		}
	}
	n.observe(event)
	if event.Detail != "" {
		n.await(now, d)
		return nil
	}
	return n.connect(now, d, n.nodes[v.node], v.vrf)
}

// connect makes the connection in the kernel. One dial is in flight, so the next connection at the listener that has the
// dialler's kernel address is the dialler's.
func (n *Network) connect(now time.Time, d *dial, to *node, vrf string) error {
	from := n.nodes[d.node]
	n.answered(d)
	if to.host != nil { // it has no sockets
		n.refuse(now, d, to, vrf)
		return nil
	}
	door, err := n.openDoor(to, vrf, d.dst.Port())
	if err != nil {
		return n.fault(now, err, "dial from %s %v to %s %v: the port can't be opened", from.name, d.src, to.name, d.dst)
	}
	defer door.close()
	dialer := net.Dialer{KeepAlive: -1, Timeout: n.cfg.Patience}
	sock, err := dialer.DialTCP(context.Background(), "tcp4", netip.AddrPortFrom(from.tcp.addr.Addr(), 0), door.addr)
	if errors.Is(err, syscall.ECONNREFUSED) && door.listener == nil {
		n.refuse(now, d, to, vrf)
		return nil
	}
	if err != nil {
		return n.fault(now, err, "dial from %s %v to %s %v", from.name, d.src, to.name, d.dst)
	}
	if door.listener == nil {
		_ = sock.Close()
		return n.fault(now, nil, "dial from %s %v to %s %v: somebody outside the lab answers there", from.name, d.src, to.name, d.dst)
	}
	accepted, err := n.accept(door.listener, sock.LocalAddr().(*net.TCPAddr).AddrPort())
	if err != nil {
		_ = sock.Close()
		return n.fault(now, err, "dial from %s %v to %s %v: not accepted", from.name, d.src, to.name, d.dst)
	}
	c := &conn{id: d.id, reach: true, liveness: now}
	a := &end{conn: c, node: d.node, stream: d.stream, addr: d.src, sock: sock, seq: d.seq + 1}
	b := &end{conn: c, node: to.index, vrf: vrf, stream: n.cfg.NextStream(to.index), addr: d.dst, sock: accepted, seq: n.cfg.Rand.Uint32()}
	c.ends = [2]*end{a, b}
	event := n.event(now, b, Accept)
	b.seq++
	n.observe(event)
	n.conns[c.id], n.order = c, append(n.order, c.id)
	n.segments(a, ACK, 1)
	n.enter(a)
	n.enter(b)
	rtt := now.Sub(d.sent) // what the SYN's answer took, the answer's own takes back
	n.tell(a, lispcore.StreamOpened{Stream: a.stream, Local: a.addr, Remote: b.addr, Dialled: true, RTT: rtt})
	n.tell(b, lispcore.StreamOpened{Stream: b.stream, Local: b.addr, Remote: a.addr, RTT: rtt})
	return nil
}

// refuse answers a dial to a port at which nobody listens.
func (n *Network) refuse(now time.Time, d *dial, to *node, vrf string) {
	n.observe(Event{
		At: now, Kind: Refuse, Src: d.dst, Dst: d.src, Conn: d.id, Ack: d.seq + 1, Node: to.index,
		Way: n.path(to.index, vrf, d.src.Addr()).hops,
	})
	n.dialFailed(d, lispcore.ClosedByRefusal)
}

// accept takes the lab's connection off the listener and drops those of others before it.
func (n *Network) accept(l *net.TCPListener, dialler netip.AddrPort) (*net.TCPConn, error) {
	if err := l.SetDeadline(n.cfg.Wall().Add(n.cfg.Patience)); err != nil {
		return nil, err
	}
	for {
		sock, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		if sock.RemoteAddr().(*net.TCPAddr).AddrPort() == dialler {
			return sock, nil
		}
		n.dropForeign(sock)
	}
}

func (n *Network) dropForeign(sock *net.TCPConn) {
	n.stats.ForeignConnects++
	_ = sock.SetLinger(0)
	_ = sock.Close()
}

// enter makes the stream known at its router.
func (n *Network) enter(e *end) {
	tcp := &n.nodes[e.node].tcp
	if tcp.streams == nil {
		tcp.streams = make(map[lispcore.StreamID]*end)
	}
	tcp.streams[e.stream] = e
	if tcp.unwanted[e.stream] {
		delete(tcp.unwanted, e.stream)
		e.silent = true
	}
}

// tell delivers an input to the role at e, unless it wants none.
func (n *Network) tell(e *end, in lispcore.Input) {
	if !e.silent && !e.dead {
		n.out = append(n.out, Delivery{e.node, in})
	}
}

// forget takes an ended connection out of the tables.
func (n *Network) forget(c *conn) {
	for _, e := range c.ends {
		n.ground(e)
		if streams := n.nodes[e.node].tcp.streams; streams[e.stream] == e {
			delete(streams, e.stream)
		}
	}
	delete(n.conns, c.id)
	n.order = slices.DeleteFunc(n.order, func(id uint64) bool { return id == c.id })
	n.timers.Stop(timer{lost, c.id})
	n.timers.Stop(timer{probe, c.id})
}

// clientPort draws a free TCP client port of a router.
func (n *Network) clientPort(node int) uint16 {
	for {
		p := uint16(firstClientPort + n.cfg.Rand.IntN(lastClientPort-firstClientPort+1))
		taken := func(id uint64) bool { a := n.conns[id].ends[0]; return a.node == node && a.addr.Port() == p }
		if !slices.ContainsFunc(n.order, taken) {
			return p
		}
	}
}

// onStream does what a role asks of a stream, or keeps it until the path is there. A stream that is gone takes nothing.
func (n *Network) onStream(now time.Time, node int, stream lispcore.StreamID, out lispcore.Output) error {
	e := n.nodes[node].tcp.streams[stream]
	if e != nil && e.conn.reach && n.cfg.Filter != nil && !(n.reaches(e) && n.reaches(e.peer())) {
		n.losePath(now, e.conn) // an access list was changed, and nobody called Update
	}
	if e != nil && !e.conn.reach {
		n.sendInVain(e, out)
		e.waiting = append(e.waiting, out)
		return nil
	}
	if e != nil && (len(e.passing) > 0 || n.impaired(e)) {
		return n.depart(now, e, out)
	}
	return n.perform(now, node, e, out, harm{})
}

// perform does what a role asked of a stream, now that it arrives.
func (n *Network) perform(now time.Time, node int, e *end, out lispcore.Output, f harm) error {
	switch out := out.(type) {
	case lispcore.WriteStream:
		if e != nil && len(out.Data) > 0 {
			return n.write(now, e, out.Data, f)
		}
	case lispcore.CloseStream:
		if e == nil {
			n.hangUp(node, out.Stream)
			return nil
		}
		return n.closeStream(now, e, out.Abort)
	}
	return nil
}

// write carries the bytes of one WriteStream, piece by piece, and hands them over as one StreamData.
func (n *Network) write(now time.Time, e *end, data []byte, f harm) error {
	n.stats.Writes++
	p := e.peer()
	got := n.buf
	if len(data) > len(got) {
		got = make([]byte, len(data))
	}
	got = got[:len(data)]
	for at := 0; at < len(data); at += piece {
		to := min(at+piece, len(data))
		e.until.renew(n, e.sock)
		if _, err := e.sock.Write(data[at:to]); err != nil {
			return n.streamFault(now, err, e, "%d bytes not written", len(data))
		}
		p.until.renew(n, p.sock)
		if _, err := io.ReadFull(p.sock, got[at:to]); err != nil {
			return n.streamFault(now, err, e, "%d bytes not received", len(data))
		}
	}
	if !bytes.Equal(got, data) {
		return n.streamFault(now, nil, e, "received other bytes than the %d that were written", len(data))
	}
	count := segmentCount(e, len(data))
	n.segments(e, ACK, count)
	n.segments(p, ACK, (count+1)/2) // every second one is acknowledged, and the last
	event := n.event(now, e, Data)
	event.Payload, event.Twice, event.Late = got, f.twice, f.late
	e.seq += uint32(len(data))
	e.conn.liveness = now
	if p.dead {
		event.Detail = n.nodes[p.node].name + " knows the connection no more"
		n.observe(event)
		return n.reset(now, p)
	}
	n.observe(event)
	n.tell(p, lispcore.StreamData{Stream: p.stream, Data: n.tampered(event)})
	return nil
}

// closeStream ends a connection at the wish of the role at e.
func (n *Network) closeStream(now time.Time, e *end, abort bool) error {
	e.silent = true
	p := e.peer()
	switch {
	case abort:
		return n.reset(now, e)
	case p.dead:
		n.observe(n.event(now, e, Close))
		e.seq++
		return n.reset(now, p)
	}
	return n.finish(now, e)
}

// finish is the orderly close: a FIN, which the peer reads as the end and answers with its own. In the kernel the answer
// is a reset, so that no socket stays in TIME_WAIT.
func (n *Network) finish(now time.Time, e *end) error {
	p := e.peer()
	if err := e.sock.CloseWrite(); err != nil {
		return n.streamFault(now, err, e, "not closed")
	}
	if err := n.readEnd(p); !errors.Is(err, io.EOF) {
		return n.streamFault(now, err, e, "the end did not arrive")
	}
	if err := n.abort(p); err != nil {
		return n.streamFault(now, err, e, "the answer to the end did not arrive")
	}
	n.segments(e, FIN|ACK, 1)
	n.segments(p, ACK, 1)
	n.observe(n.event(now, e, Close))
	e.seq++
	n.segments(p, FIN|ACK, 1)
	n.segments(e, ACK, 1)
	n.observe(n.event(now, p, Close))
	p.seq++
	n.forget(e.conn)
	n.tell(p, lispcore.StreamClosed{Stream: p.stream, Reason: lispcore.ClosedByPeer})
	return nil
}

// reset ends a connection by a RST from e.
func (n *Network) reset(now time.Time, e *end) error {
	p := e.peer()
	if err := n.abort(e); err != nil {
		return n.streamFault(now, err, e, "the reset did not arrive")
	}
	n.segments(e, RST|ACK, 1)
	n.observe(n.event(now, e, Reset))
	n.forget(e.conn)
	n.tell(p, lispcore.StreamClosed{Stream: p.stream, Reason: lispcore.ClosedByReset})
	return nil
}

// abort closes the socket of e by a reset, reads the reset at the peer and closes that socket too.
func (n *Network) abort(e *end) error {
	p := e.peer()
	if err := errors.Join(e.sock.SetLinger(0), e.sock.Close()); err != nil {
		return err
	}
	err := n.readEnd(p)
	if !errors.Is(err, syscall.ECONNRESET) {
		return errors.Join(fmt.Errorf("expected %w", syscall.ECONNRESET), err)
	}
	return p.sock.Close()
}

// readEnd reads what must be the end of a stream.
func (n *Network) readEnd(e *end) error {
	e.until.renew(n, e.sock)
	size, err := e.sock.Read(n.buf[:1])
	if size > 0 {
		return errors.New("bytes before the end")
	}
	return err
}

func (n *Network) streamFault(now time.Time, err error, e *end, format string, args ...any) error {
	p := e.peer()
	return n.fault(now, err, "connection %d from %s %v to %s %v: %s", e.conn.id,
		n.nodes[e.node].name, e.addr, n.nodes[p.node].name, p.addr, fmt.Sprintf(format, args...))
}

// checkConn tells when something waits in a socket of the connection.
func (n *Network) checkConn(now time.Time, c *conn) error {
	for _, e := range c.ends {
		none, err := empty(e.sock)
		if err != nil {
			return n.streamFault(now, err, e, "the socket can't be checked")
		}
		if !none {
			return n.streamFault(now, nil, e.peer(), "something was received that was never asked for")
		}
	}
	return nil
}

// checkListener drops connections from outside the lab.
func (n *Network) checkListener(now time.Time, nd *node) error {
	if nd.tcp.listener == nil {
		return nil
	}
	raw, err := nd.tcp.listener.SyscallConn()
	if err != nil {
		return n.fault(now, err, "%s: the listener can't be checked", nd.name)
	}
	for {
		var fd int
		var acceptErr error
		if err := raw.Control(func(l uintptr) { fd, _, acceptErr = syscall.Accept(int(l)) }); err != nil {
			return n.fault(now, err, "%s: the listener can't be checked", nd.name)
		}
		if acceptErr != nil { // EAGAIN, or a stranger that left before it was accepted
			return nil
		}
		n.stats.ForeignConnects++
		_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
		_ = syscall.Close(fd)
	}
}

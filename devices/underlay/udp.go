package underlay

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"time"

	"lisplab/lispcore"
)

// maxDatagram is the largest UDP payload of IPv4, in bytes.
const maxDatagram = 65507

type udpSocket struct {
	conn  *net.UDPConn
	addr  netip.AddrPort // in the kernel
	until deadline
}

// Receive tells whether a role of the router takes control messages, at UDP 4342. Without one they are dropped there.
func (n *Network) Receive(node int, on bool) { n.nodes[node].receives = on }

// ReceiveData tells whether a role of the router takes encapsulated packets, at UDP 4341: it has a socket for them then.
// Without one they are dropped there.
func (n *Network) ReceiveData(node int, on bool) error {
	nd := n.nodes[node]
	switch {
	case on == (nd.data != nil):
		return nil
	case !on:
		return n.closeData(nd)
	}
	sock, addr, err := listenUDP(n.block.dataAlias(node))
	if err != nil {
		return fmt.Errorf("%s: %w", nd.name, err)
	}
	nd.data = &udpSocket{conn: sock, addr: addr}
	n.byAddr[addr] = node
	return nil
}

// closeData ends the router's socket for encapsulated packets, if it has one.
func (n *Network) closeData(nd *node) error {
	if nd.data == nil {
		return nil
	}
	delete(n.byAddr, nd.data.addr)
	err := nd.data.conn.Close()
	nd.data = nil
	return err
}

// sendDatagram carries one UDP payload: it is dropped by the model, or written, read and compared.
func (n *Network) sendDatagram(now time.Time, from *node, out lispcore.SendDatagram) error {
	out = from.headed(out)
	event := Event{
		At: now, Kind: Datagram, Src: out.From, Dst: out.To, Payload: out.Payload,
		Node: from.index, TTL: out.TTL, TOS: out.TOS, DF: out.DF, ID: out.ID,
	}
	to, v := n.admit(from, out, &event, now)
	if f := v.harm; f != (harm{}) {
		return n.impairDatagram(now, from, out, event, v)
	}
	return n.landDatagram(now, from, out, event, to, v)
}

// landDatagram ends the way of a datagram: in a socket, or where it got no further.
func (n *Network) landDatagram(now time.Time, from *node, out lispcore.SendDatagram, event Event, to *udpSocket, v verdict) error {
	if v.why != "" {
		n.stats.Dropped++
		event.Kind, event.Detail = DatagramDropped, v.why
		n.observe(event)
		if v.reason != 0 && out.From.Addr().Is4() == out.To.Addr().Is4() { // between families there is no packet to tell of
			n.out = append(n.out, Delivery{v.node, lispcore.PacketFailed{Reason: v.reason, MTU: v.mtu, Data: quote(out, v.ttl)}})
		}
		return nil
	}
	node := n.nodes[v.node]
	from.udp.until.renew(n, from.udp.conn) // what it read last, and by when, may be long ago
	if _, err := from.udp.conn.WriteToUDPAddrPort(out.Payload, to.addr); err != nil {
		return n.fault(now, err, "datagram of %d bytes from %s %v to %s %v: not sent", len(out.Payload), from.name, out.From, node.name, out.To)
	}
	got, err := n.readDatagram(now, from, node, to, out)
	if err != nil {
		return err
	}
	n.stats.Datagrams++
	event.Payload = got
	n.observe(event)
	n.out = append(n.out, Delivery{node.index, lispcore.Datagram{
		From: out.From, To: out.To, Payload: n.tampered(event), TTL: v.ttl, TOS: out.TOS,
	}})
	return nil
}

// admit decides at which socket a datagram arrives, or why and where it does not. It completes the event. With a zero time of
// sending it only asks: nothing is drawn, and no access list counts it.
func (n *Network) admit(from *node, out lispcore.SendDatagram, event *Event, sent time.Time) (*udpSocket, verdict) {
	if len(out.Payload) > maxDatagram {
		return nil, verdict{why: fmt.Sprintf("%d bytes are more than a UDP datagram holds (%d)", len(out.Payload), maxDatagram)}
	}
	w := n.path(from.index, "", out.To.Addr())
	if w.left && !n.Owns(from.index, out.From.Addr()) {
		return nil, verdict{why: fmt.Sprintf("%v is not an address of %s that is up", out.From.Addr(), from.name)}
	}
	if len(w.hops) > 0 {
		event.Interface, event.MTU = w.hops[0].From.Interface, w.hops[0].MTU
	}
	p := parcel{
		FlowInfo: FlowInfo{Protocol: protocolUDP, Source: out.From, Destination: out.To, Packets: 1},
		ttl:      out.TTL, length: packetLength(out), df: out.DF, sent: sent,
	}
	if sent.IsZero() {
		p.Packets = 0
	}
	v := n.pass(w, p)
	event.Way, event.Fate = w.hops[:v.crossed], v.fate
	if !v.arrived {
		return nil, v
	}
	to := n.nodes[v.node]
	switch {
	case v.vrf != "":
	case out.To.Port() == lispcore.DataPort && to.data != nil:
		return to.data, v
	case out.To.Port() == lispcore.ControlPort && to.receives:
		return &to.udp, v
	}
	v.reason, v.why = lispcore.FailNoPort, fmt.Sprintf("nothing listens on UDP %d at %s", out.To.Port(), to.name)
	return nil, v
}

// readDatagram reads what was just written. Datagrams from outside the lab that came before it are dropped.
func (n *Network) readDatagram(now time.Time, from, to *node, at *udpSocket, out lispcore.SendDatagram) ([]byte, error) {
	what := func() string {
		return fmt.Sprintf("datagram of %d bytes from %s %v to %s %v", len(out.Payload), from.name, out.From, to.name, out.To)
	}
	for {
		at.until.renew(n, at.conn)
		size, src, err := at.conn.ReadFromUDPAddrPort(n.buf)
		if err != nil {
			return nil, n.fault(now, err, "%s: not received", what())
		}
		if src == from.udp.addr && bytes.Equal(n.buf[:size], out.Payload) {
			return n.buf[:size], nil
		}
		if other, ours := n.byAddr[src]; ours {
			return nil, n.fault(now, nil, "%s: received %d other bytes from %s", what(), size, n.nodes[other].name)
		}
		n.stats.ForeignDatagrams++
	}
}

// checkUDP empties a router's sockets of foreign datagrams; one of the lab's own is a fault.
func (n *Network) checkUDP(now time.Time, nd *node) error {
	if err := n.checkSocket(now, nd, &nd.udp); err != nil || nd.data == nil {
		return err
	}
	return n.checkSocket(now, nd, nd.data)
}

func (n *Network) checkSocket(now time.Time, nd *node, sock *udpSocket) error {
	for {
		none, err := empty(sock.conn)
		if err != nil {
			return n.fault(now, err, "%s: the UDP socket can't be checked", nd.name)
		}
		if none {
			return nil
		}
		sock.until.renew(n, sock.conn)
		size, src, err := sock.conn.ReadFromUDPAddrPort(n.buf)
		if err != nil {
			return n.fault(now, err, "%s: the UDP socket can't be read", nd.name)
		}
		if other, ours := n.byAddr[src]; ours {
			return n.fault(now, nil, "%s: %d bytes from %s were never asked for", nd.name, size, n.nodes[other].name)
		}
		n.stats.ForeignDatagrams++
	}
}

func (n *Network) fault(now time.Time, err error, format string, args ...any) error {
	return &Fault{At: now, What: fmt.Sprintf(format, args...), Err: err}
}

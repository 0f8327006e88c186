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

// Receive tells whether a role of the router takes datagrams. Without one they are dropped at its port.
func (n *Network) Receive(node int, on bool) { n.nodes[node].receives = on }

// sendDatagram carries one UDP payload: it is dropped by the model, or written, read and compared.
func (n *Network) sendDatagram(now time.Time, from *node, out lispcore.SendDatagram) error {
	event := Event{At: now, Kind: Datagram, Src: out.From, Dst: out.To, Payload: out.Payload}
	to, why := n.admit(from, out)
	if why != "" {
		n.stats.Dropped++
		event.Kind, event.Detail = DatagramDropped, why
		n.observe(event)
		return nil
	}
	from.udp.until.renew(n, from.udp.conn) // what it read last, and by when, may be long ago
	if _, err := from.udp.conn.WriteToUDPAddrPort(out.Payload, to.udp.addr); err != nil {
		return n.fault(now, err, "datagram of %d bytes from %s %v to %s %v: not sent", len(out.Payload), from.name, out.From, to.name, out.To)
	}
	got, err := n.readDatagram(now, from, to, out)
	if err != nil {
		return err
	}
	n.stats.Datagrams++
	event.Payload = got
	n.observe(event)
	n.out = append(n.out, Delivery{to.index, lispcore.Datagram{From: out.From, To: out.To, Payload: n.tampered(event)}})
	return nil
}

// admit decides where a datagram arrives, or why it does not.
func (n *Network) admit(from *node, out lispcore.SendDatagram) (to *node, why string) {
	if len(out.Payload) > maxDatagram {
		return nil, fmt.Sprintf("%d bytes are more than a UDP datagram holds (%d)", len(out.Payload), maxDatagram)
	}
	w := n.path(from.index, out.To.Addr())
	if !w.arrived {
		return nil, w.why
	}
	if !n.Owns(from.index, out.From.Addr()) {
		return nil, fmt.Sprintf("%v is not an address of %s that is up", out.From.Addr(), from.name)
	}
	to = n.nodes[w.node]
	if !to.receives || out.To.Port() != lispcore.ControlPort {
		return nil, fmt.Sprintf("nothing listens on UDP %d at %s", out.To.Port(), to.name)
	}
	return to, ""
}

// readDatagram reads what was just written. Datagrams from outside the lab that came before it are dropped.
func (n *Network) readDatagram(now time.Time, from, to *node, out lispcore.SendDatagram) ([]byte, error) {
	what := func() string {
		return fmt.Sprintf("datagram of %d bytes from %s %v to %s %v", len(out.Payload), from.name, out.From, to.name, out.To)
	}
	for {
		to.udp.until.renew(n, to.udp.conn)
		size, src, err := to.udp.conn.ReadFromUDPAddrPort(n.buf)
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

// checkUDP empties the socket of foreign datagrams; one of the lab's own is a fault.
func (n *Network) checkUDP(now time.Time, nd *node) error {
	for {
		none, err := empty(nd.udp.conn)
		if err != nil {
			return n.fault(now, err, "%s: the UDP socket can't be checked", nd.name)
		}
		if none {
			return nil
		}
		nd.udp.until.renew(n, nd.udp.conn)
		size, src, err := nd.udp.conn.ReadFromUDPAddrPort(n.buf)
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

//go:build linux

package underlay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"lisplab/devices/packet"
	"lisplab/lispcore"
)

// echoes are the ping sockets by which a router without raw ones sends echo requests, where sysctl ping_group_range lets its
// process have them. The kernel gives each socket an identifier of its own, so there is one for each of the router's, which
// has one for each ping.
type echoes struct {
	m      *Machine
	pieces packet.Reassembly // the kernel makes pieces of its own
	list   []*echoSocket     // the one that was used last is the last
}

// echoSocket is one ping socket.
type echoSocket struct {
	from netip.Addr // of the router, in the lab
	id   uint16     // the router's
	conn *icmp.PacketConn
}

// maxEchoes is how many pings are answered at a time: more than there are lines at which people sit.
const maxEchoes = 20

func newEchoes(m *Machine) *echoes { return &echoes{m: m} }

// tryEcho tells why there can be no ping sockets.
func tryEcho() error {
	c, err := icmp.ListenPacket("udp4", "127.0.0.1")
	if err != nil {
		return err
	}
	return c.Close()
}

var errNoEcho = errors.New("a ping socket sends echo requests and nothing else")

// send sends an echo request, all of whose pieces it has been given, and refuses any other packet.
func (e *echoes) send(now time.Time, b []byte) error {
	whole, ok := e.pieces.Add(now, b)
	if !ok {
		return nil
	}
	m, err := packet.Parse(whole)
	if err != nil {
		return err
	}
	if m.Kind != packet.EchoRequest {
		return errNoEcho
	}
	s, err := e.socket(m.Source, m.ID)
	if err != nil {
		return err
	}
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(e.m.place(m.Destination), 0))
	out := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{Seq: int(m.Sequence), Data: m.Data}}
	if to.IP.To4() != nil {
		c := s.conn.IPv4PacketConn()
		err = errors.Join(c.SetTTL(int(m.TTL)), c.SetTOS(int(m.TOS)))
	} else {
		out.Type = ipv6.ICMPTypeEchoRequest
		c := s.conn.IPv6PacketConn()
		err = errors.Join(c.SetHopLimit(int(m.TTL)), c.SetTrafficClass(int(m.TOS)))
	}
	if err != nil {
		return fmt.Errorf("ping socket: %w", err)
	}
	request, err := out.Marshal(nil)
	if err != nil {
		return err
	}
	_, err = s.conn.WriteTo(request, to)
	return err
}

// socket is the one for an identifier of the router's; the one that has been idle longest makes room for it.
func (e *echoes) socket(from netip.Addr, id uint16) (*echoSocket, error) {
	if i := slices.IndexFunc(e.list, func(s *echoSocket) bool { return s.from == from && s.id == id }); i >= 0 {
		s := e.list[i]
		e.list = append(slices.Delete(e.list, i, i+1), s)
		return s, nil
	}
	network := "udp4"
	if from.Is6() {
		network = "udp6"
	}
	conn, err := icmp.ListenPacket(network, e.m.place(from).String())
	if err != nil {
		return nil, err
	}
	if len(e.list) == maxEchoes {
		_ = e.list[0].conn.Close() // its answers are lost, as others are
		e.list = slices.Delete(e.list, 0, 1)
	}
	s := &echoSocket{from, id, conn}
	e.list = append(e.list, s)
	e.m.running.Go(func() { e.read(s) })
	return s, nil
}

// read posts what comes to a socket, until it is closed, each as the packet that the kernel has taken it out of.
func (e *echoes) read(s *echoSocket) {
	protocol := protocolICMP
	if s.from.Is6() {
		protocol = protocolICMP6
	}
	buf := make([]byte, 1<<16)
	for {
		size, from, err := s.conn.ReadFrom(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // it says nothing of an answer
			continue
		}
		reply, err := icmp.ParseMessage(protocol, buf[:size])
		if err != nil {
			continue
		}
		body, ok := reply.Body.(*icmp.Echo)
		if !ok || reply.Type != ipv4.ICMPTypeEchoReply && reply.Type != ipv6.ICMPTypeEchoReply {
			continue
		}
		h := packet.Header{Source: from.(*net.UDPAddr).AddrPort().Addr().Unmap(), Destination: e.m.place(s.from), TTL: hopLimit}
		data := packet.Echo(h, true, s.id, uint16(body.Seq), body.Data)
		ok = e.m.post(func(time.Time) []Delivery {
			if !slices.Contains(e.list, s) {
				return nil
			}
			e.m.stats.Packets++
			return []Delivery{{router, lispcore.PacketReceived{Data: data}}}
		})
		if !ok {
			return
		}
	}
}

// close ends all. Of none it does nothing.
func (e *echoes) close() {
	if e == nil {
		return
	}
	for _, s := range e.list {
		_ = s.conn.Close()
	}
	e.list = nil
}

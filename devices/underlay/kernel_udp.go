//go:build linux

package underlay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"lisplab/lispcore"
)

// The options by which the kernel tells, of each datagram, to which address it came, with what TTL and what TOS.
var (
	tellOptions4 = []option{
		{unix.IPPROTO_IP, unix.IP_PKTINFO, 1, "IP_PKTINFO"}, {unix.IPPROTO_IP, unix.IP_RECVTTL, 1, "IP_RECVTTL"},
		{unix.IPPROTO_IP, unix.IP_RECVTOS, 1, "IP_RECVTOS"},
	}
	tellOptions6 = []option{
		{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1, "IPV6_V6ONLY"}, {unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"},
		{unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT"}, {unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS"},
	}
	// LISP data may come without a UDP checksum over IPv6 too (RFC 9300 section 5.3).
	noChecksum6 = option{unix.IPPROTO_UDP, unix.UDP_NO_CHECK6_RX, 1, "UDP_NO_CHECK6_RX"}
)

// openUDP opens or closes the sockets of a router at a UDP port.
func (k *Kernel) openUDP(node int, socks *[]*net.UDPConn, port uint16, on bool) error {
	if !on {
		var errs []error
		for _, s := range *socks {
			errs = append(errs, s.Close())
		}
		*socks = nil
		return errors.Join(errs...)
	}
	err := k.cfg.Ground.Enter(node, func() error {
		for _, a := range anywhere() {
			s, err := listenKernelUDP(netip.AddrPortFrom(a, port))
			if err != nil {
				return inUse(err)
			}
			*socks = append(*socks, s)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: UDP port %d: %w", k.nodes[node].name, port, err)
	}
	for _, s := range *socks {
		k.running.Go(func() { k.readUDP(node, socks, s, port) })
	}
	return nil
}

// anywhere are the addresses at which sockets for all addresses are opened, by family.
func anywhere() []netip.Addr {
	if haveIPv6 {
		return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	return []netip.Addr{netip.IPv4Unspecified()}
}

func listenKernelUDP(at netip.AddrPort) (*net.UDPConn, error) {
	network, options := "udp4", slices.Concat(tellOptions4, controlOptions4)
	if at.Addr().Is6() {
		network, options = "udp6", slices.Concat(tellOptions6, controlOptions6)
		if at.Port() == lispcore.DataPort {
			options = append(options, noChecksum6)
		}
	}
	lc := net.ListenConfig{Control: setting(options...)}
	s, err := lc.ListenPacket(context.Background(), network, at.String())
	if err != nil {
		return nil, err
	}
	return s.(*net.UDPConn), nil
}

// readUDP posts what comes to a socket, until it is closed.
func (k *Kernel) readUDP(node int, socks *[]*net.UDPConn, s *net.UDPConn, port uint16) {
	buf, oob := make([]byte, 1<<16), make([]byte, 256)
	for {
		size, oobSize, _, from, err := s.ReadMsgUDPAddrPort(buf, oob)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // an ICMP error about something that the socket has sent: it is told at another door
			continue
		}
		told := readControl(oob[:oobSize])
		in := lispcore.Datagram{
			From: netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), To: netip.AddrPortFrom(told.to, port),
			Payload: slices.Clone(buf[:size]), TTL: told.ttl, TOS: told.tos,
		}
		ok := k.post(func(time.Time) []Delivery {
			if !slices.Contains(*socks, s) { // closed since
				return nil
			}
			k.stats.Datagrams++
			return []Delivery{{node, in}}
		})
		if !ok {
			return
		}
	}
}

// told is what the kernel tells of a packet beside its payload.
type told struct {
	to       netip.Addr
	iface    int // by which it came
	ttl, tos uint8
}

// readControl reads the control messages of a received packet. What is missing is zero.
func readControl(oob []byte) (t told) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return t
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= 12:
			t.iface, t.to = int(binary.NativeEndian.Uint32(m.Data)), netip.AddrFrom4([4]byte(m.Data[8:12]))
		case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= 20:
			t.to, t.iface = netip.AddrFrom16([16]byte(m.Data)), int(binary.NativeEndian.Uint32(m.Data[16:]))
		case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_TTL && len(m.Data) >= 4,
			m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_HOPLIMIT && len(m.Data) >= 4:
			t.ttl = uint8(binary.NativeEndian.Uint32(m.Data))
		case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_TOS && len(m.Data) >= 1:
			t.tos = m.Data[0]
		case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_TCLASS && len(m.Data) >= 4:
			t.tos = uint8(binary.NativeEndian.Uint32(m.Data))
		}
	}
	return t
}

// sendDatagram sends a control message by the socket of its port, and anything else, encapsulated packets above all, as a
// whole packet: its header has fields that no socket sets for one datagram alone.
func (k *Kernel) sendDatagram(node int, out lispcore.SendDatagram) []Delivery {
	at := k.sites[node]
	if out.TTL == 0 && out.From.Port() == lispcore.ControlPort {
		for _, s := range at.control {
			if s.LocalAddr().(*net.UDPAddr).IP.To4() == nil == out.To.Addr().Is4() {
				continue
			}
			_, _, err := s.WriteMsgUDPAddrPort(out.Payload, fromAddr(out.From.Addr()), out.To)
			k.count(err)
			return nil
		}
	}
	if out.TTL == 0 {
		out.TTL, out.TOS = controlTTL, controlTOS
	}
	if out.ID == 0 {
		at.nextID = max(1, at.nextID+1)
		out.ID = at.nextID
	}
	return k.sendRaw(node, "", packetOf(out))
}

// fromAddr is the control message that names the source of a datagram.
func fromAddr(a netip.Addr) []byte {
	if a.Is4() {
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: a.As4()})
	}
	return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: a.As16()})
}

// count counts what was handed to the kernel. That the kernel refuses it (no route, no neighbour, no buffer) is a loss like
// any other on the way.
func (k *Kernel) count(err error) {
	if err != nil {
		k.stats.Unsent++
		return
	}
	k.stats.Sent++
}

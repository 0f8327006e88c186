package underlay

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	// BatchSize is how many datagrams one system call of a BatchSocket moves at most.
	BatchSize = 64
	// slotSize is how far apart the datagrams of a batch lie: a little more than a power of two, so that their first bytes
	// don't all fall into the same lines of the processor's cache.
	slotSize = 1<<16 + 128
	// socketBuffer is what is asked of the kernel for each direction; it may grant less.
	socketBuffer = 1 << 20
)

// BatchSocket is a UDP socket over IPv4 that receives and sends many datagrams by one system call each. One goroutine
// reads, and one at a time queues and flushes.
type BatchSocket struct {
	conn     *net.UDPConn
	packets  *ipv4.PacketConn
	received []ipv4.Message
	queued   []ipv4.Message
	used     int // of queued
}

// ListenBatch binds a BatchSocket.
func ListenBatch(at netip.AddrPort) (*BatchSocket, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	// A smaller buffer than asked for is no error: it costs datagrams only when a burst is larger.
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
	s := &BatchSocket{
		conn: conn, packets: ipv4.NewPacketConn(conn),
		received: make([]ipv4.Message, BatchSize), queued: make([]ipv4.Message, BatchSize),
	}
	in := make([]byte, BatchSize*slotSize)
	for i := range s.received {
		slot := in[i*slotSize:]
		s.received[i].Buffers = [][]byte{slot[:maxDatagram:maxDatagram]}
		s.queued[i].Buffers = [][]byte{nil}
		s.queued[i].Addr = &net.UDPAddr{IP: make(net.IP, net.IPv4len)}
	}
	return s, nil
}

// Addr is the address that the socket is bound to.
func (s *BatchSocket) Addr() netip.AddrPort { return unmapped(s.conn.LocalAddr().(*net.UDPAddr)) }

// Read waits until at least one datagram is there and hands over as many as there are, up to BatchSize. The payload is
// valid only during the call. The error of a closed socket wraps net.ErrClosed, that of a passed deadline
// os.ErrDeadlineExceeded.
func (s *BatchSocket) Read(take func(from netip.AddrPort, payload []byte)) error {
	n, err := s.packets.ReadBatch(s.received, 0)
	if err != nil {
		return err
	}
	for i := range s.received[:n] {
		m := &s.received[i]
		take(unmapped(m.Addr.(*net.UDPAddr)), m.Buffers[0][:m.N])
	}
	return nil
}

// SetReadDeadline makes a Read that waits longer than until then fail; the zero Time lets it wait.
func (s *BatchSocket) SetReadDeadline(at time.Time) error { return s.conn.SetReadDeadline(at) }

// Queue takes a datagram to be sent by the next Flush; a full batch is flushed at once. The payload must stay as it is
// until then.
func (s *BatchSocket) Queue(to netip.AddrPort, payload []byte) error {
	if !to.Addr().Is4() || len(payload) == 0 || len(payload) > maxDatagram {
		return fmt.Errorf("underlay: no datagram of %d bytes can go to %v from a batch socket", len(payload), to)
	}
	m := &s.queued[s.used]
	m.Buffers[0] = payload
	addr := m.Addr.(*net.UDPAddr)
	addr.Port = int(to.Port())
	b := to.Addr().As4()
	copy(addr.IP, b[:])
	if s.used++; s.used == BatchSize {
		return s.Flush()
	}
	return nil
}

// Flush sends what is queued. After an error the rest of the batch is forgotten.
func (s *BatchSocket) Flush() error {
	rest := s.queued[:s.used]
	s.used = 0
	for len(rest) > 0 {
		n, err := s.packets.WriteBatch(rest, 0)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// Close ends the socket, and a Read that waits on it.
func (s *BatchSocket) Close() error { return s.conn.Close() }

func unmapped(a *net.UDPAddr) netip.AddrPort {
	at := a.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

package underlay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"lisplab/lispcore"
)

const (
	// readSize is how many bytes of a stream are handed to the engine at most at a time.
	readSize = 64 << 10
	// maxPending is how many unsent bytes of a stream stop the reading from it: a peer that sends and never reads waits.
	maxPending = 1 << 20
)

// ServerConfig says what a Server runs.
type ServerConfig struct {
	Engine lispcore.Engine
	// At is the IPv4 address and port of the UDP socket and of the TCP listener.
	At netip.AddrPort
	// NextStream gives the router's name for a connection that it accepts. It is called as the engine is: by one at a time.
	NextStream func() lispcore.StreamID
	// Now reads the wall clock.
	Now func() time.Time
	// Notice, if not nil, gets the engine's events. It must not call the Server.
	Notice func(lispcore.Event)
}

// Server runs an engine that is called and never dials, such as a Map-Server, in real time: datagrams in batches, a
// goroutine for each direction of each stream, and a lock around the engine that each of them takes once a batch.
//
//	UDP batch   --->  +--------+  --->  UDP batch
//	stream read --->  | engine |  --->  pending bytes ---> stream write
//	deadline    --->  +--------+
type Server struct {
	cfg      ServerConfig
	udp      *BatchSocket
	listener *net.TCPListener
	running  sync.WaitGroup

	mu      sync.Mutex // the engine, and everything below
	streams map[lispcore.StreamID]*serverStream
	tickAt  time.Time // when the UDP reader will wake up for a Tick; zero means never
	closed  bool
	err     error
}

// NewServer binds the sockets and starts to serve.
func NewServer(cfg ServerConfig) (*Server, error) {
	udp, err := ListenBatch(cfg.At)
	if err != nil {
		return nil, err
	}
	lc := net.ListenConfig{KeepAliveConfig: keepAlive}
	lc.SetMultipathTCP(false)
	listener, err := lc.Listen(context.Background(), "tcp4", cfg.At.String())
	if err != nil {
		return nil, errors.Join(err, udp.Close())
	}
	s := &Server{cfg: cfg, udp: udp, listener: listener.(*net.TCPListener), streams: make(map[lispcore.StreamID]*serverStream)}
	s.running.Add(2)
	go s.serveUDP()
	go s.serveListener()
	return s, nil
}

// keepAlive is how the kernel finds out that a peer is gone, after LossTime.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: ProbeIdle, Interval: ProbeEvery, Count: ProbeCount}

// Do runs fn while the engine stands still, and then does what the engine wants done.
func (s *Server) Do(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
	s.dispatch()
}

// Close ends the sockets, waits for everything that was started, and returns the first error of a socket.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, st := range s.streams {
		st.abort()
	}
	s.mu.Unlock()
	err := errors.Join(s.udp.Close(), s.listener.Close())
	s.running.Wait()
	return errors.Join(s.err, err)
}

// serveUDP feeds the engine with datagrams and ticks.
func (s *Server) serveUDP() {
	defer s.running.Done()
	locked := false
	for {
		var now time.Time
		err := s.udp.Read(func(from netip.AddrPort, payload []byte) {
			if !locked {
				s.mu.Lock()
				locked, now = true, s.cfg.Now()
			}
			s.cfg.Engine.Handle(now, lispcore.Datagram{From: from, To: s.cfg.At, Payload: payload})
		})
		if !locked {
			s.mu.Lock()
		}
		locked = false
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.tickAt, err = time.Time{}, s.udp.SetReadDeadline(time.Time{})
			s.cfg.Engine.Handle(s.cfg.Now(), lispcore.Tick{})
		}
		if err != nil && !errors.Is(err, net.ErrClosed) {
			s.fail(err)
		}
		s.dispatch()
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// serveListener accepts connections until the listener is closed.
func (s *Server) serveListener() {
	defer s.running.Done()
	for {
		conn, err := s.listener.AcceptTCP()
		s.mu.Lock()
		switch {
		case s.closed:
			if err == nil {
				conn.Close()
			}
			s.mu.Unlock()
			return
		case errors.Is(err, net.ErrClosed):
			s.mu.Unlock()
			return
		case err == nil:
			s.open(conn)
		case !errors.Is(err, syscall.ECONNABORTED):
			s.fail(err)
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
}

// open tells the engine of a connection.
func (s *Server) open(conn *net.TCPConn) {
	st := &serverStream{id: s.cfg.NextStream(), conn: conn}
	st.changed.L = &st.mu
	s.streams[st.id] = st
	s.running.Add(2)
	go s.readStream(st)
	go func() {
		defer s.running.Done()
		st.write()
	}()
	remote := unmappedTCP(conn.RemoteAddr())
	s.cfg.Engine.Handle(s.cfg.Now(), lispcore.StreamOpened{Stream: st.id, Local: s.cfg.At, Remote: remote})
	s.dispatch()
}

// readStream feeds the engine with the bytes of a connection, until it ends.
func (s *Server) readStream(st *serverStream) {
	defer s.running.Done()
	buf := make([]byte, readSize)
	for {
		n, err := st.conn.Read(buf)
		s.mu.Lock()
		if s.streams[st.id] != st {
			s.mu.Unlock()
			return // the engine has closed it, and hears no more of it
		}
		if n > 0 {
			s.cfg.Engine.Handle(s.cfg.Now(), lispcore.StreamData{Stream: st.id, Data: buf[:n]})
		}
		if err != nil {
			delete(s.streams, st.id)
			st.close()
			s.cfg.Engine.Handle(s.cfg.Now(), lispcore.StreamClosed{Stream: st.id, Reason: closeReason(err)})
		}
		s.dispatch()
		s.mu.Unlock()
		if err != nil {
			return
		}
		st.waitForRoom()
	}
}

// dispatch does what the engine wants done and arms its next deadline.
func (s *Server) dispatch() {
	for _, out := range s.cfg.Engine.Drain() {
		switch out := out.(type) {
		case lispcore.SendDatagram:
			s.fail(s.udp.Queue(out.To, out.Payload))
		case lispcore.WriteStream:
			if st := s.streams[out.Stream]; st != nil {
				st.queue(out.Data)
			}
		case lispcore.CloseStream:
			s.closeStream(out)
		case lispcore.Notice:
			if s.cfg.Notice != nil {
				s.cfg.Notice(out.Event)
			}
		default:
			s.fail(fmt.Errorf("underlay: a Server has no way to carry %T", out))
		}
	}
	s.fail(s.udp.Flush())
	// A Tick that comes too early does no harm, so an armed one is only ever moved forward.
	if at, armed := s.cfg.Engine.Deadline(); armed && (s.tickAt.IsZero() || at.Before(s.tickAt)) {
		s.tickAt = at
		s.fail(s.udp.SetReadDeadline(at))
	}
}

func (s *Server) closeStream(out lispcore.CloseStream) {
	st := s.streams[out.Stream]
	if st == nil {
		return
	}
	delete(s.streams, out.Stream)
	if out.Abort {
		st.abort()
	} else {
		st.close()
	}
}

// fail keeps the first error. What Close causes is none.
func (s *Server) fail(err error) {
	if s.err == nil && !s.closed {
		s.err = err
	}
}

// serverStream is one accepted connection.
type serverStream struct {
	id   lispcore.StreamID
	conn *net.TCPConn

	mu      sync.Mutex // everything below
	changed sync.Cond
	pending [][]byte
	size    int // of pending
	closing bool
}

// queue takes bytes for the writing goroutine.
func (st *serverStream) queue(data []byte) {
	st.mu.Lock()
	st.pending = append(st.pending, data)
	st.size += len(data)
	st.mu.Unlock()
	st.changed.Broadcast()
}

// waitForRoom returns when not too many bytes wait to be sent.
func (st *serverStream) waitForRoom() {
	st.mu.Lock()
	defer st.mu.Unlock()
	for st.size > maxPending && !st.closing {
		st.changed.Wait()
	}
}

// write sends what is queued, and closes the connection in the end.
func (st *serverStream) write() {
	defer st.conn.Close()
	defer st.close() // nobody waits for room in a connection that takes no more
	for {
		st.mu.Lock()
		for len(st.pending) == 0 && !st.closing {
			st.changed.Wait()
		}
		buffers := net.Buffers(st.pending)
		st.pending, st.size = nil, 0
		closing := st.closing
		st.mu.Unlock()
		st.changed.Broadcast()
		if len(buffers) > 0 {
			if _, err := buffers.WriteTo(st.conn); err != nil {
				return // the reader sees the end of the connection too, and tells
			}
		}
		if closing {
			return
		}
	}
}

// close ends the connection after what is queued.
func (st *serverStream) close() {
	st.mu.Lock()
	st.closing = true
	st.mu.Unlock()
	st.changed.Broadcast()
}

// abort ends the connection by a reset.
func (st *serverStream) abort() {
	_ = st.conn.SetLinger(0) // an error means that it is gone already
	st.conn.Close()
	st.close()
}

// closeReason tells an engine why a read failed.
func closeReason(err error) lispcore.CloseReason {
	switch {
	case errors.Is(err, io.EOF):
		return lispcore.ClosedByPeer
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT),
		errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH): // by ICMP, while it waited in vain
		return lispcore.ClosedByTimeout
	}
	return lispcore.ClosedByReset
}

func unmappedTCP(a net.Addr) netip.AddrPort {
	at := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

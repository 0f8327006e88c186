//go:build linux

package underlay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lisplab/lispcore"
)

// userTimeout is how long sent bytes may stay unacknowledged before the kernel gives a connection up.
var userTimeout = option{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(LossTime / time.Millisecond), "TCP_USER_TIMEOUT"}

func streamOptions(v6 bool) []option { return append(slices.Clone(controlOptions(v6)), userTimeout) }

// kernelDial is a connection attempt under way.
type kernelDial struct{ cancel context.CancelFunc }

func (k *Kernel) takes(node int, port uint16) bool {
	return k.cfg.Takes != nil && k.cfg.Takes(node, port)
}

// Listen opens or closes the router's listener on TCP 4342. Connections that stand are not touched.
func (k *Kernel) Listen(node int, on bool) error { return k.listen(node, lispcore.ControlPort, on) }

func (k *Kernel) listen(node int, port uint16, on bool) error {
	at, door := k.sites[node], everywhere(port)
	l := at.listeners[door]
	switch {
	case on == (l != nil) || !k.nodes[node].running:
		return nil
	case !on:
		delete(at.listeners, door)
		return l.Close()
	}
	err := k.cfg.Ground.Enter(node, func() (err error) {
		l, err = listenKernelTCP(door)
		return inUse(err)
	})
	if err != nil {
		return fmt.Errorf("%s: TCP port %d: %w", k.nodes[node].name, port, err)
	}
	at.listeners[door] = l
	k.running.Go(func() { k.acceptAll(node, door, l) })
	return nil
}

// everywhere is where one listener takes what comes to a port at any address.
func everywhere(port uint16) netip.AddrPort {
	all := anywhere()
	return netip.AddrPortFrom(all[len(all)-1], port)
}

// ports are those that somebody listens on, LISP's first.
func (s *site) ports() (list []uint16) {
	for door := range s.listeners {
		list = append(list, door.Port())
	}
	first := func(port uint16) uint16 { // 0 for LISP's
		if port == lispcore.ControlPort {
			return 0
		}
		return port
	}
	slices.SortFunc(list, func(a, b uint16) int { return cmp.Compare(first(a), first(b)) })
	return slices.Compact(list)
}

func listenKernelTCP(at netip.AddrPort) (*net.TCPListener, error) {
	network, options := "tcp4", streamOptions(false)
	switch {
	case at.Addr() == netip.IPv6Unspecified(): // one socket for both: what is said of IPv4 holds for its IPv4 connections
		network = "tcp"
		options = append(streamOptions(true), controlOptions4...)
	case at.Addr().Is6():
		network, options = "tcp6", streamOptions(true)
	}
	lc := net.ListenConfig{KeepAliveConfig: keepAlive, Control: setting(options...)}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(context.Background(), network, at.String())
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// scarce are the errors of a machine that has no more of something at the moment, such as descriptors; acceptPause is how
// long a listener then waits.
var scarce = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

const acceptPause = 100 * time.Millisecond

// acceptAll posts the connections of a listener, until it is closed.
func (k *Kernel) acceptAll(node int, door netip.AddrPort, l *net.TCPListener) {
	for {
		conn, err := l.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case errors.Is(err, syscall.ECONNABORTED):
			continue
		case slices.ContainsFunc(scarce, func(e syscall.Errno) bool { return errors.Is(err, e) }):
			select { // strangers may take all there is; it comes back
			case <-k.closing:
				return
			case <-time.After(acceptPause):
			}
			continue
		case err != nil:
			k.post(func(time.Time) []Delivery {
				k.fail(fmt.Errorf("%s: TCP port %d: %w", k.nodes[node].name, door.Port(), err))
				return nil
			})
			return
		}
		ok := k.post(func(time.Time) []Delivery {
			refused := door.Port() != lispcore.ControlPort && !k.takes(node, door.Port())
			if k.sites[node].listeners[door] != l || refused {
				reset(conn)
				return nil
			}
			return k.opened(node, k.cfg.NextStream(node), conn, false)
		})
		if !ok {
			reset(conn)
			return
		}
	}
}

// reset ends a connection by a RST.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0) // an error means that it is gone already
	_ = conn.Close()
}

// opened makes a connection known at its router, and starts to read and write it.
func (k *Kernel) opened(node int, id lispcore.StreamID, conn *net.TCPConn, dialled bool) []Delivery {
	st := &serverStream{id: id, conn: conn}
	st.changed.L = &st.mu
	k.sites[node].streams[id] = st
	k.running.Go(func() { k.readStream(node, st) })
	k.running.Go(st.write)
	in := lispcore.StreamOpened{Stream: id, Local: unmappedTCP(conn.LocalAddr()), Remote: unmappedTCP(conn.RemoteAddr()), Dialled: dialled, RTT: roundTrip(conn)}
	return []Delivery{{node, in}}
}

// roundTrip is how long the handshake of a new connection went there and back, as the kernel measured it; 0 when the
// connection is gone already.
func roundTrip(conn *net.TCPConn) (rtt time.Duration) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) { // an error leaves 0
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			rtt = time.Duration(info.Rtt) * time.Microsecond
		}
	})
	return rtt
}

// dial asks for a connection.
func (k *Kernel) dial(node int, out lispcore.OpenStream) {
	ctx, cancel := context.WithCancel(context.Background())
	d := &kernelDial{cancel}
	k.sites[node].dials[out.Stream] = d
	dialer := net.Dialer{
		LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(out.From, 0)), Timeout: SynWait, KeepAliveConfig: keepAlive,
		Control: setting(streamOptions(out.To.Addr().Is6())...),
	}
	dialer.SetMultipathTCP(false)
	k.running.Go(func() {
		defer cancel()
		var conn net.Conn
		err := k.cfg.Ground.Enter(node, func() (err error) {
			conn, err = dialer.DialContext(ctx, "tcp", out.To.String())
			return err
		})
		ok := k.post(func(time.Time) []Delivery {
			at := k.sites[node]
			given := at.dials[out.Stream] != d // up since
			if !given {
				delete(at.dials, out.Stream)
			}
			switch {
			case err == nil && given:
				reset(conn.(*net.TCPConn))
			case err == nil:
				return k.opened(node, out.Stream, conn.(*net.TCPConn), true)
			case !given:
				why := dialReason(err)
				if why == lispcore.ClosedByRefusal {
					k.stats.Refused++
				}
				return []Delivery{{node, lispcore.StreamClosed{Stream: out.Stream, Reason: why}}}
			}
			return nil
		})
		if !ok && err == nil {
			reset(conn.(*net.TCPConn))
		}
	})
}

// dialReason says why a dial came to nothing.
func dialReason(err error) lispcore.CloseReason {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return lispcore.ClosedByRefusal
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return lispcore.ClosedByTimeout
	}
	return lispcore.ClosedNoRoute
}

// readStream posts the bytes of a connection, until it ends.
func (k *Kernel) readStream(node int, st *serverStream) {
	for {
		buf := make([]byte, 4096)
		n, err := st.conn.Read(buf)
		ok := k.post(func(time.Time) (list []Delivery) {
			at := k.sites[node]
			if at.streams[st.id] != st {
				return nil // the role has closed it, and hears no more of it
			}
			if n > 0 {
				list = append(list, Delivery{node, lispcore.StreamData{Stream: st.id, Data: buf[:n]}})
			}
			if err != nil {
				delete(at.streams, st.id)
				st.close()
				list = append(list, Delivery{node, lispcore.StreamClosed{Stream: st.id, Reason: closeReason(err)}})
			}
			return list
		})
		if err != nil || !ok {
			return
		}
		st.waitForRoom()
	}
}

func (k *Kernel) closeStream(node int, out lispcore.CloseStream) {
	at := k.sites[node]
	if d := at.dials[out.Stream]; d != nil {
		delete(at.dials, out.Stream)
		d.cancel()
	}
	st := at.streams[out.Stream]
	if st == nil {
		return
	}
	delete(at.streams, out.Stream)
	if out.Abort {
		st.abort()
	} else {
		st.close()
	}
}

// HalfOpen makes every TCP connection over a link half open, as Network does: the kernel of the router on the side of its end
// A, or of B with backward, forgets it without a word, and answers what comes of it later by a reset, be it an acknowledgment
// that is under way.
func (k *Kernel) HalfOpen(_ time.Time, link int, backward bool) (list []Delivery) {
	key := k.key(link, backward)
	for node, at := range k.sites {
		for _, id := range slices.Sorted(maps.Keys(at.streams)) {
			st := at.streams[id]
			if !k.path(node, "", unmappedTCP(st.conn.RemoteAddr()).Addr()).over(key) {
				continue
			}
			if err := st.vanish(); err != nil {
				k.fail(fmt.Errorf("%s: %w", k.nodes[node].name, err))
			}
			delete(at.streams, id)
			list = append(list, Delivery{node, lispcore.StreamClosed{Stream: id, Reason: lispcore.ClosedByReset}})
		}
	}
	return list
}

// vanish ends the connection here and tells the other end nothing: what is closed under repair sends no segment.
func (st *serverStream) vanish() error {
	conn, err := st.conn.SyscallConn()
	if err == nil {
		cerr := conn.Control(func(fd uintptr) { err = set(int(fd), option{unix.IPPROTO_TCP, unix.TCP_REPAIR, 1, "TCP_REPAIR"}) })
		err = errors.Join(cerr, err)
	}
	st.abort()
	return err
}

// Silence notes that a role has asked for the end of a stream. The CloseStream that follows is carried before anything else
// is delivered, so nothing has to be kept back here.
func (k *Kernel) Silence(int, lispcore.StreamID) {}

// Conns returns the TCP connections of a router by their streams, then its listeners.
func (k *Kernel) Conns(node int) []ConnState {
	at := k.sites[node]
	var list []ConnState
	for id, st := range at.streams {
		list = append(list, ConnState{unmappedTCP(st.conn.LocalAddr()), unmappedTCP(st.conn.RemoteAddr()), TCPEstablished, id})
	}
	slices.SortFunc(list, func(a, b ConnState) int { return int(a.Stream) - int(b.Stream) })
	for _, port := range at.ports() {
		list = append(list, ConnState{Local: netip.AddrPortFrom(netip.Addr{}, port), State: TCPListen})
	}
	return list
}

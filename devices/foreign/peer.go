package foreign

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// controlPort is UDP 4342, from which and to which LISP control messages go.
const controlPort = 4342

// patience is how long an answer may take, in wall time, before the peer says that there is none.
const patience = 10 * time.Second

// Config is what a peer is.
type Config struct {
	// Recording is what it says.
	Recording Recording
	// At is its address on this machine.
	At netip.Addr
	// Key is that of its Map-Registers, or of those that it takes.
	Key string
	// Places says where addresses of the recording are, if not there where they say.
	Places map[netip.Addr]netip.Addr
}

// peer is a socket at UDP 4342, and what it has heard.
type peer struct {
	cfg  Config
	sock *net.UDPConn
	done chan struct{}

	mu    sync.Mutex
	heard []Frame
	news  chan struct{} // closed and made anew when something was heard
}

// open binds the socket. answer, if not nil, is told of each message, on a goroutine of the peer's, before others know of it.
func open(cfg Config, answer func(p *peer, f Frame)) (*peer, error) {
	sock, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(cfg.At, controlPort)))
	if err != nil {
		return nil, fmt.Errorf("foreign router at %v: %w", cfg.At, err)
	}
	p := &peer{cfg: cfg, sock: sock, done: make(chan struct{}), news: make(chan struct{})}
	go p.listen(answer)
	return p, nil
}

// Close ends the peer.
func (p *peer) Close() error {
	err := p.sock.Close()
	<-p.done
	return err
}

func (p *peer) listen(answer func(*peer, Frame)) {
	defer close(p.done)
	buf := make([]byte, 1<<16)
	for n := 1; ; n++ {
		size, from, err := p.sock.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // an ICMP error about what it has sent
			continue
		}
		f := Frame{Number: n, From: from, To: netip.AddrPortFrom(p.cfg.At, controlPort), Payload: slices.Clone(buf[:size])}
		if answer != nil {
			answer(p, f)
		}
		p.mu.Lock()
		p.heard = append(p.heard, f)
		close(p.news)
		p.news = make(chan struct{})
		p.mu.Unlock()
	}
}

// await returns the first message, of those heard already and of those to come, that ok takes.
func (p *peer) await(ctx context.Context, what string, ok func(Frame) bool) (Frame, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		p.mu.Lock()
		i := slices.IndexFunc(p.heard, ok)
		var f Frame
		if i >= 0 {
			f = p.heard[i]
		}
		count, news := len(p.heard), p.news
		p.mu.Unlock()
		if i >= 0 {
			return f, nil
		}
		select {
		case <-ctx.Done():
			return f, fmt.Errorf("foreign router at %v: no %s among the %d messages that came: %w", p.cfg.At, what, count, ctx.Err())
		case <-news:
		}
	}
}

// send sends a message to a port at an address of the recording.
func (p *peer) send(to netip.Addr, port uint16, b []byte) error {
	_, err := p.sock.WriteToUDPAddrPort(b, netip.AddrPortFrom(p.place(to), port))
	return err
}

// place is where an address of the recording is.
func (p *peer) place(a netip.Addr) netip.Addr {
	if at, ok := p.cfg.Places[a]; ok {
		return at
	}
	return a
}

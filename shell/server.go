package shell

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/gliderlabs/ssh"

	"lisplab/commands"
	"lisplab/devices"
)

// ServerOptions say where the routers are reachable.
type ServerOptions struct {
	SSH, Telnet Ports
	Keys        HostKeys
	// Failed is told that a session at a router has ended because the lab itself has failed. It may be nil, and may be
	// called from several goroutines at once.
	Failed func(device string, err error)
}

// Server makes the routers of a lab reachable as devices are: each by a port for SSH and a port for telnet.
//
//	Server ──> front, one a router ──┬──> ssh ────┐
//	                                 └──> telnet ─┴──> VTY, one a session ──> Shell
type Server struct {
	fronts []*front
}

// Endpoint is where one router is reachable; the zero AddrPort means that it is not by that protocol.
type Endpoint struct {
	Device      string
	Release     devices.Release
	SSH, Telnet netip.AddrPort
	Account     Account // in an Inventory only
}

// NewServer listens on all ports, or on none when one can't be had.
func NewServer(lab *devices.Lab, set *commands.Set, opt ServerOptions) (_ *Server, err error) {
	s := &Server{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	var list []*devices.Device
	lab.Do(func() {
		list = lab.Devices()
		lab.Answer(answering(lab, set, opt.Keys)) // by the same keys from inside
	})
	for i, d := range list {
		f := &front{lab: lab, set: set, device: d, failed: opt.Failed, conns: map[net.Conn]bool{}, vtys: map[*VTY]bool{}}
		s.fronts = append(s.fronts, f)
		if f.telnetPort, err = listen(opt.Telnet, i); err != nil {
			return nil, fmt.Errorf("telnet of %s: %w", d.Name(), err)
		}
		if f.sshPort, err = listen(opt.SSH, i); err != nil {
			return nil, fmt.Errorf("SSH of %s: %w", d.Name(), err)
		}
	}
	return s, s.makeKeys(opt.Keys)
}

// makeKeys sets up the SSH side of all routers. New keys take a tenth of a second each, so all processors help.
func (s *Server) makeKeys(keys HostKeys) error {
	errs := make([]error, len(s.fronts))
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var making sync.WaitGroup
	for i, f := range s.fronts {
		if f.sshPort == nil {
			continue
		}
		making.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			var err error
			if f.ssh, err = f.sshServer(keys); err != nil {
				errs[i] = fmt.Errorf("host keys of %s: %w", f.device.Name(), err)
			}
		})
	}
	making.Wait()
	return errors.Join(errs...)
}

func listen(p Ports, n int) (net.Listener, error) {
	if !p.On() {
		return nil, nil
	}
	at, err := p.at(n)
	if err != nil {
		return nil, err
	}
	return net.Listen("tcp", at.String())
}

// Endpoints returns where the routers are reachable, in the order of the lab file.
func (s *Server) Endpoints() []Endpoint {
	var list []Endpoint
	for _, f := range s.fronts {
		e := Endpoint{Device: f.device.Name(), Release: f.device.Release()}
		if f.sshPort != nil {
			e.SSH = addrPort(f.sshPort.Addr())
		}
		if f.telnetPort != nil {
			e.Telnet = addrPort(f.telnetPort.Addr())
		}
		list = append(list, e)
	}
	return list
}

// Inventory returns where the routers are reachable, and by whom.
func (s *Server) Inventory() Inventory {
	i := Inventory{Endpoints: s.Endpoints()}
	for n, f := range s.fronts {
		i.Lab = f.lab.Name()
		i.Endpoints[n].Account = accountOf(f.config())
	}
	return i
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		at := t.AddrPort()
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	return netip.AddrPort{}
}

// Logged wakes the sessions of a router that has logged something: it is for devices.Options, and does not block.
func (s *Server) Logged(d *devices.Device, _ devices.LogLine) {
	for _, f := range s.fronts {
		if f.device == d {
			f.wake()
		}
	}
}

// Powered closes the connections of a router that has lost its power: it is for devices.Options, and does not block.
func (s *Server) Powered(d *devices.Device, on bool) {
	for _, f := range s.fronts {
		if f.device == d && !on {
			f.cut()
		}
	}
}

// Serve takes connections until ctx ends. Then all of them are closed, and when Serve returns no session runs any more. A
// server serves once.
func (s *Server) Serve(ctx context.Context) {
	var running sync.WaitGroup
	for _, f := range s.fronts {
		if f.sshPort != nil {
			running.Go(func() { accept(ctx, &running, f.sshPort, f.held(f.serveSSH)) })
		}
		if f.telnetPort != nil {
			running.Go(func() { accept(ctx, &running, f.telnetPort, f.held(f.serveTelnet)) })
		}
	}
	<-ctx.Done()
	s.close()
	running.Wait()
}

// Close gives up the ports of a server that was never served.
func (s *Server) Close() { s.close() }

func (s *Server) close() {
	for _, f := range s.fronts {
		for _, l := range []net.Listener{f.sshPort, f.telnetPort} {
			if l != nil {
				_ = l.Close()
			}
		}
	}
}

// acceptPause is how long to wait when a connection can't be taken, for want of file descriptors, say.
const acceptPause = 100 * time.Millisecond

// accept serves each connection of a port on a goroutine of its own.
func accept(ctx context.Context, running *sync.WaitGroup, l net.Listener, serve func(context.Context, net.Conn)) {
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			if err == nil {
				_ = conn.Close()
			}
			return
		case err != nil:
			pause(ctx, acceptPause)
			continue
		}
		running.Go(func() {
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer stop()
			defer func() { _ = conn.Close() }()
			serve(ctx, conn)
		})
	}
}

func pause(ctx context.Context, d time.Duration) {
	over := make(chan struct{})
	timer := devices.AfterWall(d, func() { close(over) })
	defer timer.Stop()
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// front is what one router shows to the outside.
type front struct {
	lab    *devices.Lab
	set    *commands.Set
	device *devices.Device

	telnetPort net.Listener // nil: no telnet
	sshPort    net.Listener // nil: no SSH
	ssh        *ssh.Server

	failed func(device string, err error) // may be nil

	mu    sync.Mutex
	conns map[net.Conn]bool
	vtys  map[*VTY]bool
	ended func() // told, under mu, when a connection is served no more; nil except in tests
}

// held makes the connections that serve is given end with the power of the router.
func (f *front) held(serve func(context.Context, net.Conn)) func(context.Context, net.Conn) {
	return func(ctx context.Context, conn net.Conn) {
		f.mu.Lock()
		f.conns[conn] = true
		f.mu.Unlock()
		defer func() {
			f.mu.Lock()
			delete(f.conns, conn)
			if f.ended != nil {
				f.ended()
			}
			f.mu.Unlock()
		}()
		serve(ctx, conn)
	}
}

// cut closes all connections. Who takes a line later finds that there is none.
func (f *front) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.conns {
		_ = conn.Close()
	}
}

// fail reports that the lab has failed under a session.
func (f *front) fail(err error) {
	if f.failed != nil {
		f.failed(f.device.Name(), err)
	}
}

// seat finds a line for a session. When its user is idle for too long the connection is closed.
func (f *front) seat(by devices.Transport, conn net.Conn) (line *devices.Terminal, err error) {
	from := addrPort(conn.RemoteAddr()).Addr()
	f.lab.Do(func() {
		if line, err = f.device.OpenVTY(by, from); err == nil {
			line.OnTimeout(func() { _ = conn.Close() })
		}
	})
	return line, err
}

// leave gives a line back.
func (f *front) leave(line *devices.Terminal) { f.lab.Do(line.Close) }

// refuse ends a connection that no line takes as a router does: with a reset.
func refuse(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// shell returns a shell that is attached to the router.
func (f *front) shell() (*Shell, error) {
	sh := New(f.lab, f.set)
	return sh, sh.Attach(f.device.Name())
}

// run serves a session until it is over. An error is one of the lab: the session has shown it.
func (f *front) run(ctx context.Context, v *VTY, user *devices.User) error {
	f.mu.Lock()
	f.vtys[v] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.vtys, v)
		f.mu.Unlock()
	}()
	err := v.Run(ctx, user)
	if err != nil {
		f.fail(err)
	}
	return err
}

func (f *front) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for v := range f.vtys {
		v.Wake()
	}
}

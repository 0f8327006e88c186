package shell

import (
	"context"
	"iter"

	gossh "golang.org/x/crypto/ssh"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/shell/telnet"
)

// answering makes the routers of a lab answer each other's telnet and SSH: with a session at a vty, the same as for
// connections from outside. It runs as a coroutine on the goroutine that owns the lab: it has its turn when something has
// arrived for it and nothing else is due, and gives it back when it wants more. So what it shows is as repeatable as all
// else in a lab, and a session may do whatever one from outside may.
func answering(lab *devices.Lab, set *commands.Set, keys HostKeys) func(*devices.Device, *devices.Stream) {
	servers := &sshServers{keys: keys, signers: map[*devices.Device]gossh.Signer{}}
	return func(d *devices.Device, s *devices.Stream) {
		by := devices.TransportTelnet
		if s.Local.Port() == devices.SSHPort {
			by = devices.TransportSSH
		}
		line, err := d.OpenVTY(by, s.Remote.Addr())
		if err != nil { // it was free when the connection was made
			s.Close(true)
			return
		}
		a := &answer{lab: lab, set: set, device: d, line: line, stream: s, wall: lab.Following()}
		if by == devices.TransportSSH {
			servers.answer(a)
			return
		}
		codec := &telnet.Codec{}
		s.Write(codec.Open())
		a.heard = a.session(&telnetLink{s, codec}, nil)
		s.OnChange(a.heard)
	}
}

// answer is a session at a router for somebody at another router.
type answer struct {
	lab    *devices.Lab
	set    *commands.Set
	device *devices.Device
	line   *devices.Terminal
	stream *devices.Stream
	heard  func() // is told when the stream has changed
	ended  bool
	wall   bool // somebody types there at moments of the wall clock, and may be idle or late. A script never is.
}

// late has something done about the session on the goroutine that owns the lab, and ends its turn there: a timer of the wall
// clock has run out.
func (a *answer) late(do func()) {
	a.lab.Do(func() {
		if !a.ended { // by itself, just now
			do()
			a.stream.OnChange(a.heard)
			_ = a.lab.Settle() // the lab keeps the error
		}
	})
}

// end gives the line back.
func (a *answer) end() {
	a.ended = true
	a.line.Close()
}

// session prepares a session, and returns the function that gives it its turn. user is who was let in already; nil has the
// line ask.
func (a *answer) session(link link, user *devices.User) (ring func()) {
	far := &farEnd{link: link}
	sh := newShell(a.lab.Inside(), a.set)
	hangUp := func() { a.late(func() { far.over = true }) }
	v := newVTY(sh, a.line, &keys{pull: far.pull, over: make(chan struct{})}, far, hangUp)
	if v.wall = a.wall; v.wall {
		a.line.OnTimeout(hangUp)
	}
	turn, _ := iter.Pull(func(yield func(struct{}) bool) {
		far.yield = yield
		if sh.Attach(a.device.Name()) == nil {
			sh.sit(a.line)
			_ = v.Run(context.Background(), user) // an error is one of the lab, which keeps it
		}
		a.end()
		link.close()
	})
	sh.ring = func() {
		v.Wake()
		turn()
	}
	return sh.ring
}

// farEnd is the connection of such a session.
type farEnd struct {
	link  link
	yield func(struct{}) bool
	over  bool // the router hangs up
}

// pull returns what is typed next, or that something else has happened.
func (f *farEnd) pull(wake <-chan struct{}) (chunk []byte, woken bool, err error) {
	for {
		data, err := f.link.read()
		if len(data) > 0 {
			return data, false, nil
		}
		if err != nil || f.over || f.link.over() {
			return nil, false, errOver
		}
		select {
		case <-wake:
			return nil, true, nil
		default:
		}
		if !f.yield(struct{}{}) {
			return nil, false, errOver
		}
	}
}

// Write shows p.
func (f *farEnd) Write(p []byte) (int, error) {
	f.link.write(p)
	return len(p), nil
}

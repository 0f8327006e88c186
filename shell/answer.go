package shell

import (
	"context"
	"iter"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/shell/telnet"
)

// answering makes the routers of a lab answer each other's telnet: with a session at a vty, the same as for connections
// from outside. It runs as a coroutine on the goroutine that owns the lab: it has its turn when something has arrived for
// it and nothing else is due, and gives it back when it wants more. So telnet is as repeatable as all else in a lab, and a
// session may do whatever one from outside may.
func answering(lab *devices.Lab, set *commands.Set) func(*devices.Device, *devices.Stream) {
	return func(d *devices.Device, s *devices.Stream) {
		line, err := d.OpenVTY(devices.TransportTelnet, s.Remote.Addr())
		if err != nil { // it was free when the connection was made
			s.Close(true)
			return
		}
		far := &farEnd{stream: s}
		sh := newShell(lab.Inside(), set)
		v := newVTY(sh, line, &keys{pull: far.pull, over: make(chan struct{})}, far, func() {})
		turn, _ := iter.Pull(func(yield func(struct{}) bool) {
			far.yield = yield
			if sh.Attach(d.Name()) == nil {
				sh.at.Terminal = line
				_ = v.Run(context.Background(), nil) // an error is one of the lab, which keeps it
			}
			line.Close()
			s.Close(false)
		})
		sh.ring = func() {
			v.Wake()
			turn()
		}
		s.Write(far.codec.Open())
		s.OnChange(sh.ring)
	}
}

// farEnd is the connection of such a session.
type farEnd struct {
	stream *devices.Stream
	codec  telnet.Codec
	yield  func(struct{}) bool
}

// pull returns what is typed next, or that something else has happened.
func (f *farEnd) pull(wake <-chan struct{}) (chunk []byte, woken bool, err error) {
	for {
		data, reply := f.codec.Decode(f.stream.Read())
		f.stream.Write(reply)
		if len(data) > 0 {
			return data, false, nil
		}
		if f.stream.State() == devices.StreamClosed {
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
	f.stream.Write(f.codec.Encode(nil, p))
	return len(p), nil
}

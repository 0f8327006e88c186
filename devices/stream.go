package devices

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
)

// The TCP ports at which a router takes people.
const (
	SSHPort    = 22
	TelnetPort = 23
)

// transportAt is the protocol that a router takes people by at a port; 0 when it takes none there.
func transportAt(port uint16) Transport {
	switch port {
	case SSHPort:
		return TransportSSH
	case TelnetPort:
		return TransportTelnet
	}
	return 0
}

// Stream is a TCP connection of a router that belongs to a person at a terminal and to no role of LISP: telnet or SSH, from
// or to another router. Like the device it belongs to the goroutine that owns the lab.
//
//	Shell ──Dial──> Stream ──> outbox ──> underlay ──> Stream of the other router ──> what Lab.Answer was given
//
// What arrives is kept until Read. The loop lets what is due at an instant run until it is quiet, and only then tells who
// reads; so a reader may do everything that a person may, let lab time pass included.
type Stream struct {
	Local, Remote netip.AddrPort

	Reader any // who reads it; for who reads the other end

	device   *Device
	id       lispcore.StreamID
	state    StreamState
	reason   lispcore.CloseReason
	received []byte
	bytes    int       // that arrived and were read
	last     time.Time // lab time of the last traffic

	changed  func() // nil: nobody wants to know
	reported bool   // changed is yet to be called
}

// StreamState is how far a Stream has come.
type StreamState uint8

// The states of a Stream.
const (
	StreamDialling StreamState = iota
	StreamOpen
	StreamClosed // see Stream.Reason
)

// Dial asks for a connection to a port of another router. What comes of it shows in the State.
func (d *Device) Dial(to netip.AddrPort) *Stream {
	s := &Stream{device: d, Remote: to, last: d.lab.loop.now}
	from, routed := d.lab.net.Source(d.index, to.Addr())
	if !d.running || !routed {
		s.state, s.reason = StreamClosed, lispcore.ClosedNoRoute
		return s
	}
	s.id = d.sessions.NextStream()
	d.streams[s.id] = s
	d.people++
	d.do(lispcore.OpenStream{Stream: s.id, From: from, To: to})
	return s
}

// do adds to what the router wants done.
func (d *Device) do(out lispcore.Output) {
	d.outbox.Add(out)
	d.lab.loop.collect(d.index)
}

// Answer makes the routers of the lab take telnet and SSH connections, each at as many vtys as are free: fn is told of every
// one that stands, as soon as nothing else is due. Only the first call counts.
func (l *Lab) Answer(fn func(d *Device, s *Stream)) {
	if l.answer == nil {
		l.answer = fn
	}
}

// takes tells whether a router takes connections at a port beside TCP 4342.
func (l *Lab) takes(node int, port uint16) bool {
	by := transportAt(port)
	if by == 0 || l.answer == nil {
		return false
	}
	_, err := l.devices[node].freeVTY(by)
	return err == nil
}

// accept makes a Stream of a connection that the router has not asked for.
func (d *Device) accept(in lispcore.StreamOpened) {
	s := &Stream{device: d, id: in.Stream}
	d.streams[s.id] = s
	d.people++
	s.changed = func() {
		s.changed = nil
		d.lab.answer(d, s)
	}
	s.Handle(d.lab.loop.now, in)
}

// Handle is what the loop tells of the connection.
func (s *Stream) Handle(now time.Time, in lispcore.Input) {
	switch in := in.(type) {
	case lispcore.StreamOpened:
		s.state, s.Local, s.Remote = StreamOpen, in.Local, in.Remote
	case lispcore.StreamData:
		s.received = append(s.received, in.Data...)
	case lispcore.StreamClosed:
		s.end(in.Reason)
	}
	s.last = now
	s.report()
}

// end notes that the connection is no more.
func (s *Stream) end(why lispcore.CloseReason) {
	if s.state != StreamClosed {
		s.state, s.reason = StreamClosed, why
		s.device.people--
	}
}

// report has changed called as soon as nothing is due.
func (s *Stream) report() {
	if s.changed != nil && !s.reported {
		s.reported = true
		s.device.lab.reports = append(s.device.lab.reports, s)
	}
}

// teller is who has something to tell when nothing more is due: a Stream, or a Task.
type teller interface{ tell() }

// tell calls who wants to know of the connection.
func (s *Stream) tell() {
	s.reported = false
	if s.changed != nil {
		s.changed()
	}
}

// hear tells readers what has changed, until nothing has. It is the loop's last act at an instant, and is never inside
// itself: what a reader does may let the loop run, but other readers wait until it is done.
func (l *Lab) hear() (any bool) {
	if l.hearing {
		return false
	}
	l.hearing = true
	defer func() { l.hearing = false }()
	for len(l.reports) > 0 {
		t := l.reports[0]
		l.reports = l.reports[1:]
		t.tell()
		any = true
	}
	return any
}

// OnChange has fn called, on the goroutine that owns the lab, when the connection stands, when something has arrived and
// when it is closed; with nil, nothing any more.
func (s *Stream) OnChange(fn func()) {
	if s.changed = fn; fn != nil {
		s.report()
	}
}

// Peer is the other end of the connection; nil when it is there no more, or not yet.
func (s *Stream) Peer() *Stream {
	for _, d := range s.device.lab.devices {
		if d.people == 0 {
			continue
		}
		for _, r := range d.streams {
			if p, ok := r.(*Stream); ok && p.Local == s.Remote && p.Remote == s.Local && p.Local.IsValid() {
				return p
			}
		}
	}
	return nil
}

// State tells how far the connection has come.
func (s *Stream) State() StreamState { return s.state }

// Reason is why a connection is closed, or was never made.
func (s *Stream) Reason() lispcore.CloseReason { return s.reason }

// Read returns what has arrived since the last call. What arrived before a close can be read behind it.
func (s *Stream) Read() []byte {
	data := s.received
	s.received = nil
	s.bytes += len(data)
	return data
}

// Write sends a copy of data. A connection that does not stand takes nothing.
func (s *Stream) Write(data []byte) {
	if s.state == StreamOpen && len(data) > 0 {
		s.last = s.device.lab.loop.now
		s.device.do(lispcore.WriteStream{Stream: s.id, Data: append([]byte(nil), data...)})
	}
}

// Close ends the connection, or the attempt to make it: in order, or by a reset.
func (s *Stream) Close(abort bool) {
	s.changed = nil
	if s.state == StreamClosed {
		return
	}
	s.end(lispcore.ClosedByPeer)
	delete(s.device.streams, s.id)
	s.device.do(lispcore.CloseStream{Stream: s.id, Abort: abort})
}

// Waiting is how many bytes have arrived that nobody has read.
func (s *Stream) Waiting() int { return len(s.received) }

// Idle is for how much lab time nothing has gone either way.
func (s *Stream) Idle() time.Duration { return s.device.lab.loop.now.Sub(s.last) }

// dialling tells whether a connection of some router is still being made.
func (l *Lab) dialling() bool {
	for _, d := range l.devices {
		if d.people == 0 || d.frozen {
			continue
		}
		for _, r := range d.streams {
			if s, ok := r.(*Stream); ok && s.state == StreamDialling {
				return true
			}
		}
	}
	return false
}

// AwaitOthers lets lab time pass until no connection of any router is being made any more and no task is under way: a
// terminal that waits for one goes on, as that of a router does. While lab time follows the wall clock it passes by itself,
// and nothing is done here.
func (l *Lab) AwaitOthers() error {
	return l.await(func() bool { return l.dialling() || l.working() })
}

// working tells whether a router or a host has a task under way.
func (l *Lab) working() bool {
	return slices.ContainsFunc(l.tasks(), func(t Task) bool { return !t.Done() })
}

// tasks are those of all routers and hosts, in order; some may be done.
func (l *Lab) tasks() (list []Task) {
	for _, d := range l.devices {
		for _, t := range d.ligs {
			list = append(list, t)
		}
		for _, t := range d.plane.probes.list {
			list = append(list, t)
		}
	}
	for _, h := range l.hosts {
		for _, t := range h.probes.list {
			list = append(list, t)
		}
	}
	return list
}

// fail has everybody who waits for something in the lab find out that nothing comes any more.
func (l *Lab) fail() {
	for _, d := range l.devices {
		d.eachStream(func(s *Stream) { s.report() })
	}
	for _, t := range l.tasks() {
		t.report()
	}
	l.hear()
}

// reportLog has the sessions that others have at the router look at its log.
func (d *Device) reportLog() {
	if d.people == 0 {
		return
	}
	d.eachStream(func(s *Stream) {
		if transportAt(s.Local.Port()) != 0 {
			s.report()
		}
	})
}

// dropStreams ends the connections of people at a router that has lost its power: they vanish without a word.
func (d *Device) dropStreams() {
	d.eachStream(func(s *Stream) {
		s.end(lispcore.ClosedByReset)
		s.report()
	})
}

// eachStream calls fn with the connections of people, in order.
func (d *Device) eachStream(fn func(*Stream)) {
	for _, id := range slices.Sorted(maps.Keys(d.streams)) {
		if s, ok := d.streams[id].(*Stream); ok {
			fn(s)
		}
	}
}

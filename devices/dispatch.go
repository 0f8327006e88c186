package devices

import (
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// receiver is whom a stream belongs to: a role, or a Stream.
type receiver interface {
	Handle(now time.Time, in lispcore.Input)
}

// roles are the engines that run, in the order in which they are asked.
func (d *Device) roles() []lispcore.Engine {
	var list []lispcore.Engine
	if d.etr != nil {
		list = append(list, d.etr)
	}
	if d.server != nil {
		list = append(list, d.server)
	}
	return list
}

// handle hands one input to the role that it is for.
func (d *Device) handle(now time.Time, in lispcore.Input) {
	switch in := in.(type) {
	case lispcore.Tick:
		for _, role := range d.roles() {
			if at, armed := role.Deadline(); armed && !at.After(now) {
				role.Handle(now, in)
			}
		}
	case lispcore.Datagram:
		if role := d.roleFor(in.Payload); role != nil {
			role.Handle(now, in)
		}
	case lispcore.StreamOpened:
		d.open(now, in)
	case lispcore.StreamData:
		if r := d.streams[in.Stream]; r != nil {
			r.Handle(now, in)
		}
	case lispcore.StreamClosed:
		r := d.streams[in.Stream]
		if r == nil && d.etr != nil {
			r = d.etr // a dial that failed
		}
		delete(d.streams, in.Stream)
		if r != nil {
			r.Handle(now, in)
		}
	}
}

// roleFor finds the role that a UDP message is for: registers and acknowledgments go to the Map-Server, notifies to the ETR.
// What none of them knows, or what has no role here, goes to the one that is there, which counts it.
func (d *Device) roleFor(payload []byte) lispcore.Engine {
	t, err := wire.PeekType(payload)
	switch {
	case d.server == nil && d.etr == nil:
		return nil
	case d.server == nil, err == nil && t == wire.TypeMapNotify && d.etr != nil:
		return d.etr
	}
	return d.server
}

// open hands a connection to who dialled it, or to who serves its port.
func (d *Device) open(now time.Time, in lispcore.StreamOpened) {
	if r := d.streams[in.Stream]; r != nil {
		r.Handle(now, in)
		return
	}
	if !in.Dialled && in.Local.Port() == TelnetPort {
		d.accept(in)
		return
	}
	var role lispcore.Engine
	switch {
	case in.Dialled && d.etr != nil:
		role = d.etr
	case !in.Dialled && d.server != nil:
		role = d.server
	default: // the role has gone since
		d.outbox.Add(lispcore.CloseStream{Stream: in.Stream, Abort: true})
		return
	}
	d.streams[in.Stream] = role
	role.Handle(now, in)
}

// drain takes what the roles want done; notices end here, in the log.
func (d *Device) drain() []lispcore.Output {
	out := d.outbox.Drain()
	for _, role := range d.roles() {
		for _, o := range role.Drain() {
			switch o := o.(type) {
			case lispcore.Notice:
				d.say(eventLine(o.Event))
				continue
			case lispcore.CloseStream:
				delete(d.streams, o.Stream)
			}
			out = append(out, o)
		}
	}
	return out
}

// deadline is the earliest of the roles' deadlines.
func (d *Device) deadline() (at time.Time, armed bool) {
	for _, role := range d.roles() {
		if t, ok := role.Deadline(); ok && (!armed || t.Before(at)) {
			at, armed = t, true
		}
	}
	return at, armed
}

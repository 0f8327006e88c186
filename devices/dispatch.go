package devices

import (
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
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
	if d.resolver != nil {
		list = append(list, d.resolver)
	}
	if d.server != nil {
		list = append(list, d.server)
	}
	if d.itr != nil {
		list = append(list, d.itr)
	}
	return list
}

// handle hands one input to the role that it is for, or to the packet plane, and lets everything that waits go on.
func (d *Device) handle(now time.Time, in lispcore.Input) {
	if !d.running { // what came for it when it lost its power
		return
	}
	if d.frozen {
		d.hold(in)
		return
	}
	d.take(now, in)
	d.settle(now)
}

// inputQueue is how many packets wait for a router that takes none: the default of IOS's input hold queue. What comes then is
// dropped. The bytes of streams are not counted.
const inputQueue = 75

// hold keeps a copy of an input for a frozen router.
func (d *Device) hold(in lispcore.Input) {
	switch i := in.(type) {
	case lispcore.Tick:
		return
	case lispcore.StreamData:
		i.Data = slices.Clone(i.Data)
		in = i
	case lispcore.StreamOpened, lispcore.StreamClosed:
	default:
		if d.held == inputQueue {
			return
		}
		d.held++
		if i, ok := in.(lispcore.Datagram); ok {
			i.Payload = slices.Clone(i.Payload)
			in = i
		}
	}
	d.waiting = append(d.waiting, in)
}

// settle lets what waits for packets and answers go on: pings, traceroutes, ligs.
func (d *Device) settle(now time.Time) {
	d.pollLigs(now)
	d.plane.probes.flush(now)
}

func (d *Device) take(now time.Time, in lispcore.Input) {
	switch in := in.(type) {
	case lispcore.Tick:
		d.plane.probes.tick(now)
		d.monitor.tick(now)
		for _, role := range d.roles() {
			if at, armed := role.Deadline(); armed && !at.After(now) {
				role.Handle(now, in)
			}
		}
	case lispcore.PacketReceived:
		d.arrive(now, in)
	case lispcore.PacketFailed:
		d.failed(now, in)
	case lispcore.Datagram:
		if in.To.Port() == lispcore.DataPort {
			d.decapsulate(now, in)
		} else if role := d.roleFor(in.Payload); role != nil {
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

// decapsulate takes an encapsulated packet: the ITR reads what its header tells of locators, the ETR takes the packet out,
// and the router forwards it.
func (d *Device) decapsulate(now time.Time, in lispcore.Datagram) {
	if d.itr != nil {
		d.itr.HandleData(now, in)
	}
	if d.etr == nil {
		return
	}
	if out, why := d.etr.Decapsulate(in); why == etr.NotDropped {
		d.leave(now, out)
	}
}

// The flags in the first byte of a Map-Request and of an Encapsulated Control Message that say whom it is for (RFC 9301
// sections 5.2 and 5.8, and the E bit of its IANA table).
const (
	mapRequestProbe = 0x02
	mapRequestSMR   = 0x01
	ecmToETR        = 0x02
)

// roleFor finds the role that a UDP message is for:
//
//	Map-Register, Map-Notify-Ack          Map-Server
//	Map-Notify                            ETR
//	Map-Reply                             ITR
//	Map-Request: SMR                      ITR
//	             probe, or any other      ETR
//	ECM:         a Map-Server sent it on  ETR
//	             any other                Map-Resolver, or the ETR where there is none
//
// What none of them knows, or what has no role here, goes to one that is there, which counts it.
func (d *Device) roleFor(payload []byte) lispcore.Engine {
	resolver, server, etr, itr := present(d.resolver), present(d.server), present(d.etr), present(d.itr)
	t, err := wire.PeekType(payload)
	if err != nil {
		return firstRole(server, etr, resolver, itr)
	}
	switch t {
	case wire.TypeMapNotify:
		return firstRole(etr, server, itr, resolver)
	case wire.TypeMapReply:
		return firstRole(itr, server, etr, resolver)
	case wire.TypeMapRequest:
		if payload[0]&mapRequestSMR != 0 {
			return firstRole(itr, etr, resolver, server)
		}
		return firstRole(etr, resolver, server, itr)
	case wire.TypeEncapsulatedControl:
		if payload[0]&ecmToETR != 0 {
			return firstRole(etr, resolver, server, itr)
		}
		return firstRole(resolver, etr, server, itr)
	}
	return firstRole(server, etr, resolver, itr)
}

// present returns a role as an engine: nil when there is none.
func present[T any, E interface {
	*T
	lispcore.Engine
}](e E) lispcore.Engine {
	if e == nil {
		return nil
	}
	return e
}

func firstRole(list ...lispcore.Engine) lispcore.Engine {
	for _, e := range list {
		if e != nil {
			return e
		}
	}
	return nil
}

// open hands a connection to who dialled it, or to who serves its port.
func (d *Device) open(now time.Time, in lispcore.StreamOpened) {
	if r := d.streams[in.Stream]; r != nil {
		r.Handle(now, in)
		return
	}
	if !in.Dialled && transportAt(in.Local.Port()) != 0 {
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

// drain takes what the router and its roles want done; notices end here, in the log. A locator that has come or gone may
// be one of the site's: what ETR and ITR say of it follows.
func (d *Device) drain() []lispcore.Output {
	if d.frozen {
		return nil
	}
	out := d.drainOnce()
	for d.touched {
		d.touched = false
		d.configureITR()
		d.configureETR()
		out = append(out, d.drainOnce()...)
	}
	return out
}

func (d *Device) drainOnce() []lispcore.Output {
	out := d.outbox.Drain()
	for _, role := range d.roles() {
		for _, o := range role.Drain() {
			switch o := o.(type) {
			case lispcore.Notice:
				d.note(o.Event)
				continue
			case lispcore.ForwardPacket:
				d.leave(d.lab.loop.now, o)
				continue
			case lispcore.CloseStream:
				delete(d.streams, o.Stream)
			}
			out = append(out, o)
		}
	}
	return append(out, d.outbox.Drain()...) // what packets out of their tunnels have led to
}

// note logs an event, and remembers what follows from it. An ETR dials a map server without reliable transport once a minute for
// as long as it runs: only a failure that differs from the last one is news, or interests who debugs.
func (d *Device) note(e lispcore.Event) {
	d.touched = d.touched || e.Kind == lispcore.LocatorDown || e.Kind == lispcore.LocatorUp
	switch e.Kind {
	case lispcore.SessionUp:
		delete(d.dialled, e.Peer)
	case lispcore.ConnectFailed:
		if d.dialled[e.Peer] == e.Detail && !d.debug {
			return
		}
		d.dialled[e.Peer] = e.Detail
	}
	for _, line := range eventLines(e) {
		d.say(line)
	}
}

// deadline is the earliest of the deadlines of roles, probes and captures.
func (d *Device) deadline() (at time.Time, armed bool) {
	if d.frozen {
		return time.Time{}, false
	}
	at, armed = d.plane.probes.deadline()
	if t, ok := d.monitor.deadline(); ok && (!armed || t.Before(at)) {
		at, armed = t, true
	}
	for _, role := range d.roles() {
		if t, ok := role.Deadline(); ok && (!armed || t.Before(at)) {
			at, armed = t, true
		}
	}
	return at, armed
}

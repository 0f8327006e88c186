package devices

import (
	"fmt"
	"time"

	"lisplab/devices/underlay"
)

// errNoImpairments is the error of a router that is a process of a machine.
var errNoImpairments = fmt.Errorf("links can be impaired on the underlays %s and %s: on %s a router is by itself, and the network around it is the machine's", Loopback, Netns, OwnHost)

// Impair changes what the links between two devices do to packets: those from a to b, and, unless it is one way, those from b
// to a.
func (l *Lab) Impair(a, b string, oneWay bool, change func(*underlay.Impairment)) error {
	cables, err := l.impairable(a, b)
	if err != nil {
		return err
	}
	return l.change(func() error {
		for _, c := range cables {
			for _, backward := range c.ways(oneWay) {
				i := l.net.Impairment(c.link, backward)
				change(&i)
				l.net.Impair(c.link, backward, i)
			}
		}
		return nil
	})
}

// HalfOpen makes the TCP connections over the links between two devices half open: they are reset on the side of a, and
// nobody tells the other side.
func (l *Lab) HalfOpen(a, b string) error {
	if err := l.bothOurs(a, b); err != nil {
		return err
	}
	cables, err := l.impairable(a, b)
	if err != nil {
		return err
	}
	if err := l.Settle(); err != nil {
		return err
	}
	for _, c := range cables {
		for _, d := range l.net.HalfOpen(l.loop.now, c.link, c.backward) {
			l.loop.deliver(d.Node, []underlay.Delivery{d})
		}
	}
	return nil
}

// impairable finds the links between two devices, where there are any at all.
func (l *Lab) impairable(a, b string) ([]cable, error) {
	if _, alone := l.net.(placed); alone {
		return nil, errNoImpairments
	}
	switch c, plug := l.plug(a, b); {
	case plug && !l.plugged():
		return nil, noSuchCable(a, b)
	case plug:
		return []cable{c}, nil
	}
	return l.cables(a, b)
}

// bothOurs is the error of what takes both ends of a cable that leads into the machine.
func (l *Lab) bothOurs(a, b string) error {
	_, plug := l.plug(a, b)
	switch {
	case !plug:
		return nil
	case !l.plugged():
		return noSuchCable(a, b)
	}
	return fmt.Errorf("one end of the cable between %s and %s is the machine's, and not the lab's to break: `link %[1]s %[2]s loss 100` lets nothing pass", a, b)
}

func noSuchCable(a, b string) error {
	return fmt.Errorf("the lab file plugs %s and %s together, but there is no such cable here: only on the %s underlay", a, b, Netns)
}

// plug finds the cable between a router and an interface of the machine, where neither is meant to be a device.
func (l *Lab) plug(a, b string) (c cable, found bool) {
	for i, p := range l.file.plugs {
		is := func(router, machine string) bool {
			return machine == p.machine && l.Device(machine) == nil && l.Device(router) == l.devices[p.Node]
		}
		switch {
		case is(a, b):
			return cable{l.plugCable(i), false}, true
		case is(b, a):
			return cable{l.plugCable(i), true}, true
		}
	}
	return cable{}, false
}

// cable is a link between two devices that were named.
type cable struct {
	link     int  // by its number in the underlay
	backward bool // from the first device to the second is from the link's end B to its end A
}

// ways are the directions that are meant, as Impair of the underlay names them.
func (c cable) ways(oneWay bool) []bool {
	if oneWay {
		return []bool{c.backward}
	}
	return []bool{c.backward, !c.backward}
}

// cables finds the links between two devices.
func (l *Lab) cables(a, b string) ([]cable, error) {
	da, err := l.device(a)
	if err != nil {
		return nil, err
	}
	db, err := l.device(b)
	if err != nil {
		return nil, err
	}
	var list []cable
	for i, k := range l.net.Links() {
		switch {
		case k.A.Node == da.index && k.B.Node == db.index:
			list = append(list, cable{i, false})
		case k.A.Node == db.index && k.B.Node == da.index:
			list = append(list, cable{i, true})
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no link between %s and %s: %s", da.Name(), db.Name(), l.neighbors(da))
	}
	return list, nil
}

// FreezeDevice makes a router hang: it takes no packet, no byte of a stream and no time, though its TCP goes on to
// acknowledge; what it is told waits. A show command shows it as it stands.
func (l *Lab) FreezeDevice(name string) error {
	d, err := l.device(name)
	switch {
	case err != nil:
		return err
	case !d.running:
		return fmt.Errorf("%s is stopped: it can't freeze", d.Name())
	case d.frozen:
		return fmt.Errorf("%s is frozen already", d.Name())
	}
	if err := l.Settle(); err != nil {
		return err
	}
	d.frozen = true
	l.loop.collect(d.index)
	return nil
}

// ThawDevice lets a frozen router go on: it takes what has waited, in order, and then its time.
func (l *Lab) ThawDevice(name string) error {
	d, err := l.device(name)
	switch {
	case err != nil:
		return err
	case !d.frozen:
		return fmt.Errorf("%s is not frozen", d.Name())
	}
	if err := l.Settle(); err != nil {
		return err
	}
	waiting := d.waiting
	d.frozen, d.waiting, d.held = false, nil, 0
	for _, in := range waiting {
		l.loop.deliver(d.index, []underlay.Delivery{{Node: d.index, Input: in}})
	}
	l.loop.collect(d.index)
	return l.Settle()
}

// planned is a fault of the lab file: what happens to a link or a device at an instant of lab time.
type planned struct {
	at time.Duration
	do func(*Lab) error
}

// plan arms the faults of the lab file that are still to come and has the first ones happen now, before any device boots.
func (l *Lab) plan() error {
	for i, p := range l.file.faults {
		if p.at > 0 {
			l.loop.faults.Set(i, labStart.Add(p.at))
		} else if err := p.do(l); err != nil {
			return fmt.Errorf("impairments of lab %s: %w", l.Name(), err)
		}
	}
	return nil
}

// fault is what the loop calls when a fault of the lab file is due.
func (l *Lab) fault(i int) error {
	return l.file.faults[i].do(l)
}

package devices

import (
	"time"

	"lisplab/devices/underlay"
)

// InterfaceCounters is what an interface has counted since the boot, or since it was told to begin anew.
type InterfaceCounters struct {
	underlay.Counters
	Cleared time.Time // the zero Time: never
}

// zero is where the counters of an interface begin.
type zero struct {
	at     time.Time
	before underlay.Counters
}

// InterfaceCounters returns the counters of an interface; false on an underlay where the ports are not the lab's.
func (d *Device) InterfaceCounters(name string) (InterfaceCounters, bool) {
	c, ok := d.lab.net.Counters(d.lab.loop.now, d.port(name))
	z := d.zero[name]
	return InterfaceCounters{c.Since(z.before), z.at}, ok
}

// ClearInterfaceCounters has the counters of an interface begin anew, or with "" those of all. by is as in NoteConfigured.
func (d *Device) ClearInterfaceCounters(name, by string) {
	names, what := []string{name}, "interface "+name
	if name == "" {
		names, what = nil, "all interfaces"
		for _, i := range d.cfg.Interfaces {
			names = append(names, i.Name)
		}
	}
	d.zeroCounters(d.lab.loop.now, names...)
	d.say("%CLEAR-5-COUNTERS: Clear counter on " + what + " by " + by)
}

// zeroCounters has counters begin at what they are. A kernel's know of no boot.
func (d *Device) zeroCounters(at time.Time, names ...string) {
	if d.zero == nil {
		d.zero = make(map[string]zero)
	}
	for _, name := range names {
		c, _ := d.lab.net.Counters(d.lab.loop.now, d.port(name))
		d.zero[name] = zero{at, c}
	}
}

func (d *Device) port(name string) underlay.Port {
	return underlay.Port{Node: d.index, Interface: name}
}

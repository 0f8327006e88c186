package devices

import (
	"fmt"
	"net/netip"

	"lisplab/devices/probe"
)

// PingOptions say what a ping sends: see probe.PingConfig for the defaults.
type PingOptions struct {
	probe.PingConfig
	// Source, when valid, is an address of the router; else it takes the one of the interface by which the packets leave.
	Source netip.Addr
	VRF    string // "" is the default one
}

// TracerouteOptions say what a traceroute sends: see probe.TracerouteConfig for the defaults.
type TracerouteOptions struct {
	probe.TracerouteConfig
	Source netip.Addr
	VRF    string
}

// firstEphemeral is where UDP source ports begin, and what they wrap to.
const firstEphemeral = 49152

// Ping begins to ping. Options that can't be are told in the task's text.
func (d *Device) Ping(o PingOptions) Task {
	cfg := o.PingConfig
	cfg.ShowSource = cfg.ShowSource || o.Source.IsValid()
	sender, refused := d.sender(o.VRF, cfg.Target, o.Source)
	if refused != nil {
		return refused
	}
	cfg.Sender = sender
	return d.begin(&probeTask{watched: watched{lab: d.lab}, Probe: probe.NewPing(cfg), node: d, vrf: o.VRF})
}

// Traceroute begins to trace a route.
func (d *Device) Traceroute(o TracerouteOptions) Task {
	cfg := o.TracerouteConfig
	sender, refused := d.sender(o.VRF, cfg.Target, o.Source)
	if refused != nil {
		return refused
	}
	cfg.Sender = sender
	cfg.Sender.ID = firstEphemeral + sender.ID%(1<<16-firstEphemeral)
	return d.begin(&probeTask{watched: watched{lab: d.lab}, Probe: probe.NewTraceroute(cfg), node: d, vrf: o.VRF})
}

func (d *Device) begin(t *probeTask) Task {
	now := d.lab.loop.now
	d.plane.probes.begin(now, t)
	d.settle(now)
	d.lab.loop.collect(d.index)
	return t
}

// sender is whom a probe to an address bears the name of, or the task that says why there is nobody.
func (d *Device) sender(vrf string, to, source netip.Addr) (probe.Sender, Task) {
	switch {
	case !d.cfg.HasVRF(vrf):
		return probe.Sender{}, d.refuse(fmt.Sprintf("%% VRF %s does not exist\n", vrf))
	case source.IsValid() && !d.bearsIn(vrf, source):
		return probe.Sender{}, d.refuse("% Invalid source address- IP address not on any of our up interfaces\n")
	case !source.IsValid():
		source = d.sourceFor(vrf, to)
	}
	if source.Is4() != to.Is4() || !source.IsValid() {
		return probe.Sender{}, d.refuse("% No valid source address for destination\n")
	}
	d.plane.probe++
	return probe.Sender{Source: source, TTL: ownTTL, ID: d.plane.probe, NextID: d.nextID}, nil
}

// bearsIn tells whether an interface of a VRF that is up has the address.
func (d *Device) bearsIn(vrf string, a netip.Addr) bool {
	for _, i := range d.cfg.Interfaces {
		if i.VRF == vrf && i.bears(a) && d.lab.net.LineUp(d.index, i.Name) {
			return true
		}
	}
	return false
}

// sourceFor is the address that packets to another bear when nobody says: of the interface by which they leave; without a
// route, or where that has none, of the first interface that is up and has one.
func (d *Device) sourceFor(vrf string, to netip.Addr) netip.Addr {
	if a, ok := d.lab.net.SourceIn(d.index, vrf, to); ok {
		return a
	}
	for _, i := range d.cfg.Interfaces {
		if a, ok := i.address(to.Is4()); ok && i.VRF == vrf && d.lab.net.LineUp(d.index, i.Name) {
			return a
		}
	}
	return netip.Addr{}
}

package devices

import (
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"lisplab/devices/netns"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/forward"
)

// Underlay is what a lab runs on.
type Underlay string

// The underlays.
const (
	// Loopback: modelled links, real sockets on addresses in 127/8, lock-step; no root.
	Loopback Underlay = "loopback"
	// Netns: a network namespace for each router, literal addresses, real time; root, Linux.
	Netns Underlay = "netns"
	// OwnHost: one router, at the machine's own addresses, real time; no root, unless Options.Forward says so.
	OwnHost Underlay = "host"
)

// MaxWait is how much lab time is let pass at once where it is real.
const MaxWait = 2 * time.Minute

// forever is longer than anything in a lab waits.
const forever = 1000 * time.Hour

// maxBurst is how many arrivals are taken before whoever else wants to have a say has it.
const maxBurst = 256

// lives counts the labs of this process that were put into namespaces: no two of them have one name.
var lives atomic.Int64

// live is what a lab has on an underlay of the kernel's own, where time is real and things arrive by themselves:
//
//	readers of sockets ---> arrivals ---> the goroutine that owns the lab ---> engines, one input at a time
//
// Whoever owns the lab takes them: while it follows the wall clock its follower, else Advance, Await and Settle, which pass
// real time. In between they wait.
type live struct {
	run      string // in the names of the namespaces; "" on the host underlay
	clock    *clock
	arrivals <-chan underlay.Arrival
	filters  bool // the underlay asks the access lists about all that crosses its wires
}

// goLive lays the wires in network namespaces. Lab time runs from now on.
func (l *Lab) goLive(routers []string, opt Options) (wires, error) {
	if opt.Observe != nil || opt.Tamper != nil {
		return nil, fmt.Errorf("the %s underlay has the kernel's packets, and no events of the lab's own to be observed: capture frames", Netns)
	}
	cfg := netns.Config{Run: opt.Run}
	switch {
	case opt.Run != "":
	case opt.RunByLab:
		cfg.Run = netns.RunName(l.Name())
	default:
		cfg.Run = netns.RunName(fmt.Sprintf("%s-%d-%d", l.Name(), os.Getpid(), lives.Add(1)))
	}
	for _, d := range l.file.devices {
		cfg.Nodes = append(cfg.Nodes, netns.Node{Name: d.name, Router: true, Interfaces: d.interfaces})
	}
	for i, h := range l.file.hosts {
		cfg.Nodes = append(cfg.Nodes, netns.Node{Name: h.Name, Interfaces: []string{underlay.HostInterface}})
		cfg.Cables = append(cfg.Cables, [2]underlay.Port{h.Port, {Node: len(routers) + i, Interface: underlay.HostInterface}})
	}
	for _, k := range l.file.links {
		cfg.Cables = append(cfg.Cables, [2]underlay.Port{k.A, k.B})
	}
	for _, p := range l.plugs() {
		cfg.External = append(cfg.External, p.B.Interface)
		cfg.Cables = append(cfg.Cables, [2]underlay.Port{p.A, p.B})
	}
	w, arrivals, err := openNetns(cfg, l, routers)
	if err != nil {
		return nil, err
	}
	l.live = &live{run: cfg.Run, clock: startClock(l.loop.now, 1), arrivals: arrivals, filters: true}
	return w, nil
}

// plugs are the cables into the machine's interfaces, whose numbers follow those of routers and hosts.
func (l *Lab) plugs() (list []underlay.Link) {
	for i, p := range l.file.plugs {
		machine := underlay.Port{Node: len(l.file.devices) + len(l.file.hosts) + i, Interface: p.machine}
		list = append(list, underlay.Link{A: p.Port, B: machine, Up: true})
	}
	return list
}

// Plugs lists what the lab file plugs into interfaces of the machine, such as `Core1 GigabitEthernet0/3 -- eth1`, and tells
// whether it is plugged in: that takes the netns underlay. Elsewhere these are interfaces without a cable.
func (l *Lab) Plugs() (list []string, in bool) {
	for _, p := range l.file.plugs {
		list = append(list, l.devices[p.Node].Name()+" "+p.Interface+dashes+p.machine)
	}
	return list, l.plugged()
}

// plugged tells whether what the lab file plugs into the machine is plugged in.
func (l *Lab) plugged() bool { return l.Run() != "" }

// plugCable is the number of such a cable in the underlay.
func (l *Lab) plugCable(i int) int { return len(l.file.links) + i }

// Live tells whether lab time is real: the lab does not run on loopback.
func (l *Lab) Live() bool { return l.live != nil }

// Run is the name under which the netns underlay has built the lab: the namespace of xTR1 is lisplab.NAME.xTR1.
func (l *Lab) Run() string {
	if l.live == nil {
		return ""
	}
	return l.live.run
}

// filtersWires tells whether the underlay asks the access lists about all packets, those of hosts and those that a router
// forwards too; else the routers do (decide.go).
func (l *Lab) filtersWires() bool { return l.live != nil && l.live.filters }

// arrivals are what happens by itself; nil where nothing does.
func (l *Lab) arrivals() <-chan underlay.Arrival {
	if l.live == nil {
		return nil
	}
	return l.live.arrivals
}

// arrive takes in what has happened at a socket, at the present instant.
func (l *loop) arrive(a underlay.Arrival) {
	for _, d := range a(l.now) {
		l.deliver(d.Node, []underlay.Delivery{d})
	}
}

// take lets everything happen that is due by now, and then what has arrived.
func (l *Lab) take(a underlay.Arrival) error {
	err := l.loop.run(l.live.clock.now())
	l.loop.arrive(a)
	return err
}

// catchUp lets everything happen that is due by now, and takes what has arrived.
func (l *Lab) catchUp() error {
	for range maxBurst {
		select {
		case a := <-l.live.arrivals:
			if err := l.take(a); err != nil {
				return err
			}
		default:
			return l.loop.run(l.live.clock.now())
		}
	}
	return l.loop.run(l.live.clock.now())
}

// MayPass tells why so much lab time can't be let pass at once; nil when it can.
func (l *Lab) MayPass(d time.Duration) error {
	if l.live != nil && d > MaxWait {
		return fmt.Errorf("lab time is real on this underlay: %v would take as long; at most %v is let pass at once", d, MaxWait)
	}
	return nil
}

// endure lets real time pass.
func (l *Lab) endure(d time.Duration) error {
	if err := l.MayPass(d); err != nil {
		return err
	}
	return l.pass(func() bool { return false }, l.loop.now.Add(d))
}

// pass lets real time pass, and everything happen in it, until that is enough, or until an instant has come.
func (l *Lab) pass(enough func() bool, until time.Time) error {
	for {
		if err := l.catchUp(); err != nil {
			return err
		}
		if enough() || !l.loop.now.Before(until) {
			return nil
		}
		at, armed := l.loop.wake()
		if !armed || at.After(until) {
			at = until
		}
		timer := l.live.clock.after(at)
		select {
		case a := <-l.live.arrivals:
			_ = l.take(a) // catchUp tells the error
		case <-timer.C:
		case <-l.loop.interrupt: // the next step tells
		}
		timer.Stop()
	}
}

// tunnels says what a configuration leaves to LISP, for an underlay whose kernel forwards.
func (c Config) tunnels() []underlay.Tunnel {
	if !c.enters() && !c.registers() {
		return nil
	}
	var list []underlay.Tunnel
	for _, t := range c.tables() {
		vrf := vrfName(t.VRF)
		tunnel := underlay.Tunnel{VRF: vrf, Instance: t.Instance, MTU: underlay.DefaultMTU - forward.Overhead(c.outerFamily())}
		for _, m := range t.Mappings {
			if c.LISP.Service(lispcore.FamilyOf(m.EID.Addr())).ITR {
				tunnel.Sources = append(tunnel.Sources, m.EID.Masked())
			}
			tunnel.Addrs = append(tunnel.Addrs, c.addressesIn(vrf, m.EID)...)
		}
		for _, s := range t.MapCache {
			if c.LISP.Service(lispcore.FamilyOf(s.Prefix.Addr())).ProxyITR.IsValid() {
				tunnel.Destinations = append(tunnel.Destinations, s.Prefix.Masked())
			}
		}
		list = append(list, tunnel)
	}
	return list
}

// outerFamily is the family of the RLOCs: IPv6 as soon as there is one.
func (c Config) outerFamily() lispcore.Family {
	family := lispcore.IPv4
	look := func(list []Locator) {
		for _, l := range list {
			family = max(family, lispcore.FamilyOf(l.RLOC))
		}
	}
	for _, s := range c.LISP.LocatorSets {
		look(s.Locators)
	}
	for _, t := range c.LISP.EIDTables {
		for _, m := range t.Mappings {
			look(m.Locators)
		}
	}
	return family
}

// addressesIn are the router's addresses in an EID prefix.
func (c Config) addressesIn(vrf string, eid netip.Prefix) (list []netip.Addr) {
	for _, i := range c.Interfaces {
		for _, p := range append([]netip.Prefix{i.IPv4}, i.IPv6...) {
			if p.IsValid() && i.VRF == vrf && !i.Shutdown && eid.Contains(p.Addr()) {
				list = append(list, p.Addr())
			}
		}
	}
	return list
}

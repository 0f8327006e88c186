package devices

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"lisplab/devices/packet"
	"lisplab/devices/probe"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
)

// hostTTL is what a host's own packets begin with.
const hostTTL = 64

// Host is a machine behind a router, as the lab file declares it: it answers ping, and can be made to ping and trace. Like a
// Device it belongs to the goroutine that owns the lab.
type Host struct {
	lab     *Lab
	index   int
	Host    underlay.Host
	gateway []netip.Addr // of the lab file; none: the router's address in the host's network

	outbox     lispcore.Outbox
	reassembly packet.Reassembly
	probes     probes
	id, probe  uint16
}

// Hosts returns the hosts in lab-file order.
func (l *Lab) Hosts() []*Host { return slices.Clone(l.hosts) }

// Host returns the host of that name, in any case of letters, or an error that says which there are.
func (l *Lab) Host(name string) (*Host, error) {
	var names []string
	for _, h := range l.hosts {
		if strings.EqualFold(h.Name(), name) {
			return h, nil
		}
		names = append(names, h.Name())
	}
	return nil, fmt.Errorf("no host %q in lab %s: its hosts are %s", name, l.Name(), joinOr(names, "none"))
}

// Name is the name in the lab file.
func (h *Host) Name() string { return h.Host.Name }

// Addresses are the host's addresses with their lengths.
func (h *Host) Addresses() []netip.Prefix { return slices.Clone(h.Host.Addrs) }

// Attached is the router's interface that the host is plugged into.
func (h *Host) Attached() (device, iface string) {
	return h.lab.devices[h.Host.Port.Node].Name(), h.Host.Port.Interface
}

// powerOn lets the host run: hosts always do.
func (h *Host) powerOn() error {
	h.configure()
	return h.lab.net.SetPower(h.index, true)
}

// configure gives the host a default route by each gateway, which follows the router's configuration where the lab file
// names none.
func (h *Host) configure() {
	r := underlay.Routing{Interfaces: []underlay.Interface{{Name: underlay.HostInterface, Addrs: h.Host.Addrs}}}
	for _, g := range h.gateways() {
		all := netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		if g.Is4() {
			all = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		}
		r.Routes = append(r.Routes, underlay.Route{Prefix: all, NextHop: g})
	}
	h.lab.net.Configure(h.index, r)
}

func (h *Host) gateways() []netip.Addr {
	list := slices.Clone(h.gateway)
	for _, i := range h.lab.devices[h.Host.Port.Node].cfg.Interfaces {
		if i.Name != h.Host.Port.Interface {
			continue
		}
		for _, a := range append([]netip.Prefix{i.IPv4}, i.IPv6...) {
			known := slices.ContainsFunc(list, func(g netip.Addr) bool { return g.Is4() == a.Addr().Is4() })
			near := slices.ContainsFunc(h.Host.Addrs, func(p netip.Prefix) bool { return p.Masked().Contains(a.Addr()) })
			if a.IsValid() && near && !known {
				list = append(list, a.Addr())
			}
		}
	}
	return list
}

// handle, drain and deadline make it a host of the loop.
func (h *Host) handle(now time.Time, in lispcore.Input) {
	switch in := in.(type) {
	case lispcore.Tick:
		h.probes.tick(now)
	case lispcore.PacketReceived:
		h.receive(now, in.Data)
	}
	h.probes.flush(now)
}

func (h *Host) drain() []lispcore.Output             { return h.outbox.Drain() }
func (h *Host) deadline() (at time.Time, armed bool) { return h.probes.deadline() }
func (h *Host) collected()                           { h.lab.loop.collect(h.index) }
func (h *Host) nextID() uint16                       { h.id++; return h.id }
func (h *Host) bears(a netip.Addr) bool {
	return slices.ContainsFunc(h.Host.Addrs, func(p netip.Prefix) bool { return p.Addr() == a })
}

// receive answers what is for the host. What is for others it drops: it is no router.
func (h *Host) receive(now time.Time, b []byte) {
	whole, ok := h.reassembly.Add(now, b)
	if !ok {
		return
	}
	m, err := packet.Parse(whole)
	if err != nil || !h.bears(m.Destination) {
		return
	}
	header := packet.Header{Source: m.Destination, Destination: m.Source, TTL: hostTTL}
	if m.Destination.Is4() {
		header.ID = h.nextID()
	}
	switch m.Kind {
	case packet.EchoRequest:
		header.TOS = m.TOS
		h.transmit(now, "", packet.Echo(header, true, m.ID, m.Sequence, m.Data))
	case packet.EchoReply, packet.ErrorMessage:
		h.probes.receive(now, "", m)
	case packet.UDPMessage:
		if routable(m.Source) {
			h.transmit(now, "", packet.Error(header, packet.PortUnreachable, 0, whole))
		}
	}
}

// transmit sends a packet to the neighbour that its route names. It implements prober.
func (h *Host) transmit(now time.Time, _ string, b []byte) {
	q, err := packet.ParseQuote(b)
	if err != nil {
		return
	}
	if h.bears(q.Destination) {
		h.receive(now, b)
		return
	}
	route, ok := h.lab.net.Lookup(h.index, "", q.Destination)
	if !ok {
		return
	}
	next := route.NextHop
	if !next.IsValid() {
		next = q.Destination
	}
	pieces, err := fragments(b, underlay.DefaultMTU)
	if err != nil {
		return
	}
	for _, piece := range pieces {
		h.outbox.Add(lispcore.SendPacket{Interface: route.Interface, NextHop: next, Data: piece})
	}
}

// Ping begins to ping from the host. Source may be the zero Addr.
func (h *Host) Ping(cfg probe.PingConfig) Task {
	sender, refused := h.sender(cfg.Target, cfg.Source)
	if refused != nil {
		return refused
	}
	cfg.Sender = sender
	return h.begin(probe.NewPing(cfg))
}

// Traceroute begins to trace a route from the host.
func (h *Host) Traceroute(cfg probe.TracerouteConfig) Task {
	sender, refused := h.sender(cfg.Target, cfg.Source)
	if refused != nil {
		return refused
	}
	cfg.Sender = sender
	cfg.Sender.ID = firstEphemeral + sender.ID%(1<<16-firstEphemeral)
	return h.begin(probe.NewTraceroute(cfg))
}

func (h *Host) begin(p probe.Probe) Task {
	t := &probeTask{watched: watched{lab: h.lab}, Probe: p, node: h}
	h.probes.begin(h.lab.loop.now, t)
	h.probes.flush(h.lab.loop.now)
	h.collected()
	return t
}

func (h *Host) sender(to, source netip.Addr) (probe.Sender, Task) {
	if !source.IsValid() {
		source, _ = h.lab.net.Source(h.index, to)
	}
	for _, p := range h.Host.Addrs {
		if !source.IsValid() && p.Addr().Is4() == to.Is4() {
			source = p.Addr()
		}
	}
	if !h.bears(source) || source.Is4() != to.Is4() {
		return probe.Sender{}, &failedTask{watched{lab: h.lab}, "% No valid source address for destination\n"}
	}
	h.probe++
	return probe.Sender{Source: source, TTL: hostTTL, ID: h.probe, NextID: h.nextID}, nil
}

package devices

import (
	"math/rand/v2"
	"net/netip"

	"lisplab/devices/netns"
	"lisplab/devices/underlay"
)

var (
	_ wires  = (*underlay.Kernel)(nil)
	_ wires  = (*underlay.Machine)(nil)
	_ placed = (*underlay.Machine)(nil)

	_ forwarder = (*underlay.Kernel)(nil)
	_ forwarder = (*underlay.Machine)(nil)
	_ framed    = (*underlay.Kernel)(nil)
	_ framed    = (*underlay.Machine)(nil)
)

// openNetns builds the namespaces and the sockets in them.
func openNetns(cfg netns.Config, l *Lab, routers []string) (wires, <-chan underlay.Arrival, error) {
	ground, err := netns.Open(cfg)
	if err != nil {
		return nil, nil, err
	}
	k := underlay.NewKernel(underlay.KernelConfig{
		Names: routers, Links: l.file.links, Hosts: l.file.underlayHosts(), Plugs: l.plugs(), Ground: ground,
		Chance: rand.New(rand.NewPCG(l.seed, 1)), NextStream: l.nextStream, Takes: l.takes, Ports: []uint16{SSHPort, TelnetPort},
		Filter: l.filter,
	})
	return k, k.Arrivals(), nil
}

// openHost prepares the sockets of the lab's only router, which may take packets of its machine.
func openHost(l *Lab, at map[netip.Addr]netip.Addr, forward bool) (wires, <-chan underlay.Arrival, error) {
	cfg := underlay.MachineConfig{Name: l.devices[0].Name(), Hosts: l.file.underlayHosts(), Places: at, NextStream: l.nextStream}
	if forward {
		own, err := netns.OpenOwn()
		if err != nil {
			return nil, nil, err
		}
		cfg.Ground = own
	}
	m := underlay.NewMachine(cfg)
	return m, m.Arrivals(), nil
}

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
)

// openNetns builds the namespaces and the sockets in them.
func openNetns(cfg netns.Config, l *Lab, routers []string) (wires, <-chan underlay.Arrival, error) {
	ground, err := netns.Open(cfg)
	if err != nil {
		return nil, nil, err
	}
	k := underlay.NewKernel(underlay.KernelConfig{
		Names: routers, Links: l.file.links, Hosts: l.file.underlayHosts(), Ground: ground,
		Chance: rand.New(rand.NewPCG(l.seed, 1)), NextStream: l.nextStream, Takes: l.takes, Ports: []uint16{SSHPort, TelnetPort},
	})
	return k, k.Arrivals(), nil
}

// openHost prepares the sockets of the lab's only router.
func openHost(l *Lab, at map[netip.Addr]netip.Addr) (wires, <-chan underlay.Arrival, error) {
	m := underlay.NewMachine(underlay.MachineConfig{
		Name: l.devices[0].Name(), Hosts: l.file.underlayHosts(), Places: at, NextStream: l.nextStream,
	})
	return m, m.Arrivals(), nil
}

package devices

import (
	"lisplab/devices/netns"
	"lisplab/devices/underlay"
)

var _ wires = (*underlay.Kernel)(nil)

// openNetns builds the namespaces and the sockets in them.
func openNetns(cfg netns.Config, l *Lab, routers []string) (wires, <-chan underlay.Arrival, error) {
	ground, err := netns.Open(cfg)
	if err != nil {
		return nil, nil, err
	}
	k := underlay.NewKernel(underlay.KernelConfig{
		Names: routers, Links: l.file.links, Hosts: l.file.underlayHosts(), Ground: ground,
		NextStream: l.nextStream, Takes: l.takes, Ports: []uint16{SSHPort, TelnetPort},
	})
	return k, k.Arrivals(), nil
}

//go:build !linux

package devices

import (
	"errors"
	"net/netip"

	"lisplab/devices/netns"
	"lisplab/devices/underlay"
)

// openNetns has nothing to build with.
func openNetns(netns.Config, *Lab, []string) (wires, <-chan underlay.Arrival, error) {
	return nil, nil, errors.New("the netns underlay needs Linux: use the default one, loopback")
}

// openHost has nothing to run on.
func openHost(*Lab, map[netip.Addr]netip.Addr, bool) (wires, <-chan underlay.Arrival, error) {
	return nil, nil, errors.New("the host underlay needs Linux: use the default one, loopback")
}

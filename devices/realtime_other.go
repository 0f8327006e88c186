//go:build !linux

package devices

import (
	"errors"

	"lisplab/devices/netns"
	"lisplab/devices/underlay"
)

// openNetns has nothing to build with.
func openNetns(netns.Config, *Lab, []string) (wires, <-chan underlay.Arrival, error) {
	return nil, nil, errors.New("the netns underlay needs Linux: use the default one, loopback")
}

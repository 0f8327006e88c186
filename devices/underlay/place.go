package underlay

import "net/netip"

// Place is an address of the router and where it is on the machine.
type Place struct {
	Interface string // of the router
	Lab, At   netip.Addr
	Here      bool // the machine has it
}

package devices

import (
	"net/netip"
	"time"

	"lisplab/devices/underlay"
	"lisplab/lispcore"
)

// wires is what a lab needs of its underlay: the nodes (routers by number, then hosts), what they are told of the network,
// and the way of an output to its destination. The goroutine that owns the lab calls it.
//
//	loopback    underlay.Network    modelled links, lock-step: what Carry sends, it delivers
//	netns       underlay.Kernel     the kernel's: what is sent there arrives by itself, if it does
//	host        underlay.Machine    the same, of one router at the machine's own addresses
type wires interface {
	// What the configuration and the operator say. Update makes earlier changes take effect and returns what had waited for
	// them; carry it in that order.
	Configure(node int, r underlay.Routing)
	SetPower(node int, on bool) error
	SetLink(link int, up bool)
	Listen(node int, on bool) error      // TCP 4342
	Receive(node int, on bool)           // UDP 4342
	ReceiveData(node int, on bool) error // UDP 4341
	Update(now time.Time) []underlay.Sending

	// What happens. Deliveries are valid until the next call. Errors end the run.
	Carry(now time.Time, node int, out lispcore.Output) ([]underlay.Delivery, error)
	Silence(node int, stream lispcore.StreamID)
	Deadline() (at time.Time, armed bool)
	Tick(now time.Time) ([]underlay.Delivery, error)
	Quiet(now time.Time) error

	// What is broken: the links in one direction each. Update makes what Impair says take effect.
	Impair(link int, backward bool, i underlay.Impairment)
	Impairment(link int, backward bool) underlay.Impairment
	HalfOpen(now time.Time, link int, backward bool) []underlay.Delivery

	// What is there, as of the last Update.
	Links() []underlay.Link
	LineUp(node int, iface string) bool
	Neighbor(node int, iface string, next netip.Addr) (underlay.Port, bool)
	Owns(node int, a netip.Addr) bool
	Lookup(node int, vrf string, dst netip.Addr) (underlay.RouteInfo, bool)
	Routes(node int, vrf string) []underlay.RouteInfo
	Static(node int) []underlay.Route
	Source(node int, dst netip.Addr) (netip.Addr, bool)
	SourceIn(node int, vrf string, dst netip.Addr) (netip.Addr, bool)
	Conns(node int) []underlay.ConnState
	UDPPorts(node int) []uint16
	Counters(now time.Time, at underlay.Port) (c underlay.Counters, ok bool) // false where no port is the lab's

	Close() error
}

var _ wires = (*underlay.Network)(nil)

// forwarder is an underlay whose kernel forwards packets itself. What comes out of a tunnel, and is the kernel's to forward or
// to deliver, is sent back to that tunnel's interface.
type forwarder interface {
	Forwards(node int, vrf string, packet []byte) bool
}

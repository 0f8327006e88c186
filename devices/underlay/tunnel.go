package underlay

import (
	"net/netip"
	"strings"
)

// Tunnel is the way into LISP of a VRF on an underlay whose kernel forwards: packets from an EID prefix, or, of a proxy ITR,
// to one of its destinations, go into it where the routing table has nothing better than a default route. So do those whose
// route leads to Null0.
type Tunnel struct {
	VRF          string // "" is the default one
	Instance     uint32
	Sources      []netip.Prefix // the EID prefixes of the site
	Destinations []netip.Prefix // that a proxy ITR takes packets for, whatever their source
	Addrs        []netip.Addr   // of the router in the EID prefixes, which ICMP errors about packets out of the tunnel bear
	MTU          int            // of what fits into the tunnel, in bytes
}

// tunnelPrefix begins the name of a tunnel as an interface of a PacketReceived and of a SendPacket.
const tunnelPrefix = "LISP0:"

// TunnelInterface is the interface that packets into the tunnel of a VRF come from, and that packets out of it are sent to,
// for the kernel to forward.
func TunnelInterface(vrf string) string { return tunnelPrefix + vrf }

// TunnelVRF is the VRF of a tunnel; false for any other interface.
func TunnelVRF(iface string) (vrf string, ok bool) { return strings.CutPrefix(iface, tunnelPrefix) }

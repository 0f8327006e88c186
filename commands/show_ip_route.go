package commands

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showIPRouteRows() []Row {
	return []Row{{
		Modes:  anyExec,
		Syntax: "show ip route static",
		Help: grammar.Words{
			"show ip route":        "IP routing table",
			"show ip route static": "Static routes",
		},
		Run: func(c *Context, _ Args) error {
			return writeStaticRoutes(c.Out, c.Device.Release(), c.Device.StaticRoutes(), connectedNetworks(c.Device.Interfaces()))
		},
	}}
}

// routeCodes is the legend of `show ip route`. It lists what the software could know, not what is there.
const routeCodes = `Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area 
       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2
       E1 - OSPF external type 1, E2 - OSPF external type 2
       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2
       ia - IS-IS inter area, * - candidate default, U - per-user static route
       o - ODR, P - periodic downloaded static route, H - NHRP, l - LISP
`

// writeStaticRoutes prints `show ip route static`. static are the static routes that are in the routing table at
// present; the connected networks are counted in the headings of the classful networks, as IOS counts them there.
func writeStaticRoutes(w io.Writer, rel devices.Release, static []devices.StaticRoute, connected []netip.Prefix) error {
	var b strings.Builder
	b.WriteString(routeCodes)
	if rel != devices.Release152 {
		b.WriteString("       a - application route\n")
	}
	b.WriteString("       + - replicated route, % - next hop override\n\n")
	static = slices.DeleteFunc(slices.Clone(static), func(r devices.StaticRoute) bool { return !r.Prefix.Addr().Is4() })
	slices.SortStableFunc(static, func(x, y devices.StaticRoute) int { return comparePrefixes(x.Prefix, y.Prefix) })

	b.WriteString("Gateway of last resort is " + lastResort(static) + "\n\n")
	nets := subnetsByNetwork(static, connected)
	var heading netip.Prefix // the classful network whose heading was printed last
	for i, r := range static {
		network := classful(r.Prefix)
		subnets := nets[network]
		lead, name := "S     ", r.Prefix.String()
		switch {
		case r.Prefix.Bits() == 0:
			lead = "S*    "
		case subnets.subnetted():
			if heading != network {
				heading = network
				b.WriteString("      " + subnets.heading(network) + "\n")
			}
			lead = "S        "
			if len(subnets.masks) == 1 {
				name = r.Prefix.Addr().String()
			}
		}
		if i > 0 && static[i-1].Prefix == r.Prefix { // another way to the same network
			lead, name = "", strings.Repeat(" ", len(lead)+len(name))
		}
		fmt.Fprintf(&b, "%s%s %s\n", lead, name, routeWay(r))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// routeWay is the last part of a route's line.
func routeWay(r devices.StaticRoute) string {
	switch {
	case !r.NextHop.IsValid():
		return "is directly connected, " + r.Interface
	case r.Interface != "":
		return fmt.Sprintf("[1/0] via %v, %s", r.NextHop, r.Interface)
	}
	return fmt.Sprintf("[1/0] via %v", r.NextHop)
}

// lastResort words where packets without a route go.
func lastResort(static []devices.StaticRoute) string {
	if len(static) == 0 || static[0].Prefix.Bits() != 0 {
		return "not set"
	}
	gateway := static[0].NextHop
	if !gateway.IsValid() {
		gateway = netip.IPv4Unspecified()
	}
	return gateway.String() + " to network 0.0.0.0"
}

// networkSubnets counts what the routing table holds of one classful network.
type networkSubnets struct {
	routes map[netip.Prefix]bool
	masks  map[int]bool
}

// subnetted tells whether the network has a heading: it does unless the table holds it only as a whole.
func (s *networkSubnets) subnetted() bool { return s != nil && len(s.routes) > 0 }

func (s *networkSubnets) heading(network netip.Prefix) string {
	if len(s.masks) > 1 {
		return fmt.Sprintf("%v is variably subnetted, %d subnets, %d masks", network, len(s.routes), len(s.masks))
	}
	for bits := range s.masks {
		network = netip.PrefixFrom(network.Addr(), bits)
	}
	return fmt.Sprintf("%v is subnetted, %d subnets", network, len(s.routes))
}

// subnetsByNetwork counts the table's routes by classful network: static routes, connected networks, and the local /32
// that IOS keeps for each address of a connected network.
func subnetsByNetwork(static []devices.StaticRoute, connected []netip.Prefix) map[netip.Prefix]*networkSubnets {
	nets := map[netip.Prefix]*networkSubnets{}
	add := func(p netip.Prefix) {
		n := classful(p)
		if nets[n] == nil {
			nets[n] = &networkSubnets{map[netip.Prefix]bool{}, map[int]bool{}}
		}
		nets[n].routes[p] = true
		nets[n].masks[p.Bits()] = true
	}
	for _, r := range static {
		add(r.Prefix)
	}
	for _, a := range connected {
		add(a.Masked())
		add(netip.PrefixFrom(a.Addr(), 32))
	}
	for n, s := range nets {
		if len(s.routes) == 1 && s.routes[n] {
			delete(nets, n)
		}
	}
	return nets
}

// classful returns the class A, B or C network of an IPv4 prefix; a supernet, or a prefix of no class, is its own.
func classful(p netip.Prefix) netip.Prefix {
	bits := 8
	switch first := p.Addr().As4()[0]; {
	case first >= 224:
		return p
	case first >= 192:
		bits = 24
	case first >= 128:
		bits = 16
	}
	if p.Bits() < bits {
		return p
	}
	return netip.PrefixFrom(p.Addr(), bits).Masked()
}

func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// connectedNetworks are the IPv4 addresses, with their lengths, of the interfaces that are up.
func connectedNetworks(interfaces []devices.InterfaceState) []netip.Prefix {
	var up []netip.Prefix
	for _, i := range interfaces {
		if i.LineUp && i.IPv4 != (netip.Prefix{}) {
			up = append(up, i.IPv4)
		}
	}
	return up
}

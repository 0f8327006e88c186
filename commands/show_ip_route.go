package commands

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/underlay"
)

func showIPRouteRows() []Row {
	return []Row{{
		Modes:  anyExec,
		Syntax: "show ip route [vrf WORD$vrf] [static | connected | A.B.C.D$address]",
		Help: grammar.Words{
			"show ip route":           "IP routing table",
			"show ip route vrf":       "Display routes from a VPN Routing/Forwarding instance",
			"show ip route vrf WORD":  "VPN Routing/Forwarding instance name",
			"show ip route static":    "Static routes",
			"show ip route connected": "Connected",
			"show ip route A.B.C.D":   "Network to display information about",
		},
		Run: showIPRoute,
	}}
}

func showIPRoute(c *Context, a Args) error {
	vrf := a.String("vrf")
	if !hasTable(c.Device.Config(), vrf, true) {
		return refuse("%% IP routing table %s does not exist", vrf)
	}
	table := ribOf(c.Device, vrf, true)
	var text string
	if a.Has("address") {
		var err error
		if text, err = routeEntryText(table, a.Addr("address")); err != nil {
			return err
		}
	} else {
		text = routesText(c.Device.Release(), table, only(a))
	}
	if vrf != "" {
		text = "\nRouting Table: " + vrf + "\n" + text
	}
	_, err := io.WriteString(c.Out, text)
	return err
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

// routesText is `show ip route`: of a whole table the routes that are wanted. The headings of the classful networks count
// all routes, as on IOS.
func routesText(rel devices.Release, table rib, wanted func(ribRoute) bool) string {
	var b strings.Builder
	b.WriteString(routeCodes)
	if rel != devices.Release152 {
		b.WriteString("       a - application route\n")
	}
	b.WriteString("       + - replicated route, % - next hop override\n\n")
	b.WriteString("Gateway of last resort is " + lastResort(table) + "\n\n")
	nets := subnetsByNetwork(table)
	var heading, last netip.Prefix // the classful network whose heading, and the network whose line was printed last
	for _, r := range table {
		if !wanted(r) {
			continue
		}
		network := classful(r.Prefix)
		subnets := nets[network]
		lead, name := routeCode(r)+"     ", r.Prefix.String()
		switch {
		case r.Prefix.Bits() == 0:
			lead = routeCode(r) + "*    "
		case subnets.subnetted():
			if heading != network {
				heading = network
				b.WriteString("      " + subnets.heading(network) + "\n")
			}
			lead += "   "
			if len(subnets.masks) == 1 {
				name = r.Prefix.Addr().String()
			}
		}
		if last == r.Prefix { // another way to the same network
			lead, name = "", strings.Repeat(" ", len(lead)+len(name))
		}
		last = r.Prefix
		fmt.Fprintf(&b, "%s%s %s\n", lead, name, routeWay(r))
	}
	return b.String()
}

// routeCode is the letter that stands for where a route comes from.
func routeCode(r ribRoute) string {
	switch r.Kind {
	case underlay.RouteConnected:
		return "C"
	case underlay.RouteLocal:
		return "L"
	}
	return "S"
}

// routeWay is the last part of a route's line.
func routeWay(r ribRoute) string {
	switch {
	case !r.NextHop.IsValid():
		return "is directly connected, " + r.Interface
	case r.Interface != "":
		return fmt.Sprintf("[1/0] via %v, %s", r.NextHop, r.Interface)
	}
	return fmt.Sprintf("[1/0] via %v", r.NextHop)
}

// lastResort words where packets without a route go.
func lastResort(table rib) string {
	if len(table) == 0 || table[0].Prefix.Bits() != 0 {
		return "not set"
	}
	gateway := table[0].NextHop
	if !gateway.IsValid() {
		gateway = netip.IPv4Unspecified()
	}
	return gateway.String() + " to network 0.0.0.0"
}

// routeEntryText is `show ip route A.B.C.D`. As on IOS the default route answers for itself only: of an address that
// nothing else covers the table says that it lacks the network or, where it holds other parts of the classful network, the
// subnet.
func routeEntryText(table rib, address netip.Addr) (string, error) {
	ways := table.lookup(address)
	if len(ways) == 0 || ways[0].Prefix.Bits() == 0 && !address.IsUnspecified() {
		network := classful(netip.PrefixFrom(address, address.BitLen()))
		if subnetsByNetwork(table)[network].subnetted() {
			return "", refuse("%% Subnet not in table")
		}
		return "", refuse("%% Network not in table")
	}
	r := ways[0]
	var b strings.Builder
	b.WriteString("Routing entry for " + r.Prefix.String())
	if r.Prefix.Bits() < classBits(r.Prefix.Addr()) {
		b.WriteString(", supernet")
	}
	b.WriteString("\n  Known via ")
	switch {
	case r.Kind == underlay.RouteConnected:
		b.WriteString(`"connected", distance 0, metric 0 (connected, via interface)`)
	case r.Kind == underlay.RouteLocal:
		b.WriteString(`"connected", distance 0, metric 0 (connected)`)
	case r.NextHop.IsValid():
		b.WriteString(`"static", distance 1, metric 0`)
	default:
		b.WriteString(`"static", distance 1, metric 0 (connected)`)
	}
	if r.Prefix.Bits() == 0 {
		b.WriteString(", candidate default path")
	}
	b.WriteString("\n  Routing Descriptor Blocks:\n")
	for i, way := range ways {
		mark := " "
		if i == 0 { // the way that packets take
			mark = "*"
		}
		fmt.Fprintf(&b, "  %s %s\n      Route metric is 0, traffic share count is 1\n", mark, descriptor(way))
	}
	return b.String(), nil
}

func descriptor(r ribRoute) string {
	switch {
	case !r.NextHop.IsValid():
		return "directly connected, via " + r.Interface
	case r.Interface != "":
		return r.NextHop.String() + ", via " + r.Interface
	}
	return r.NextHop.String()
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

// subnetsByNetwork counts the table's routes by classful network.
func subnetsByNetwork(table rib) map[netip.Prefix]*networkSubnets {
	nets := map[netip.Prefix]*networkSubnets{}
	for _, r := range table {
		n := classful(r.Prefix)
		if nets[n] == nil {
			nets[n] = &networkSubnets{map[netip.Prefix]bool{}, map[int]bool{}}
		}
		nets[n].routes[r.Prefix] = true
		nets[n].masks[r.Prefix.Bits()] = true
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
	bits := classBits(p.Addr())
	if p.Bits() < bits || bits == 0 {
		return p
	}
	return netip.PrefixFrom(p.Addr(), bits).Masked()
}

// classBits is the length of the class A, B or C network of an IPv4 address; 0 for an address of no class.
func classBits(a netip.Addr) int {
	switch first := a.As4()[0]; {
	case first >= 224:
		return 0
	case first >= 192:
		return 24
	case first >= 128:
		return 16
	}
	return 8
}

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

func showIPv6RouteRows() []Row {
	return []Row{{
		Modes:  anyExec,
		Syntax: "show ipv6 route [vrf WORD$vrf] [static | connected]",
		Help: grammar.Words{
			"show ipv6 route":           "Show IPv6 route table entries",
			"show ipv6 route vrf":       "Display routes from a VPN Routing/Forwarding instance",
			"show ipv6 route vrf WORD":  "VPN Routing/Forwarding instance name",
			"show ipv6 route static":    "Static routes",
			"show ipv6 route connected": "Connected routes",
		},
		Run: showIPv6Route,
	}}
}

func showIPv6Route(c *Context, a Args) error {
	vrf, cfg := a.String("vrf"), c.Device.Config()
	if !hasTable(cfg, vrf, false) {
		return refuse("%% IPv6 routing table %s does not exist", vrf)
	}
	table := ribOf(c.Device, vrf, false)
	if len(table) > 0 || vrf == "" && cfg.IPv6UnicastRouting {
		table = append(table, multicastRoute)
	}
	_, err := io.WriteString(c.Out, routes6Text(c.Device.Release(), vrf, table, only(a)))
	return err
}

// multicastRoute is the last entry of every IPv6 routing table: multicast is received, and goes no further.
var multicastRoute = ribRoute{Kind: underlay.RouteLocal, Prefix: netip.MustParsePrefix("ff00::/8"), Interface: underlay.Null0}

// route6Codes is the legend of `show ipv6 route`, but for the names of LISP's own routes, which end it.
const route6Codes = `Codes: C - Connected, L - Local, S - Static, U - Per-user Static route
       B - BGP, HA - Home Agent, MR - Mobile Router, R - RIP
       H - NHRP, I1 - ISIS L1, I2 - ISIS L2, IA - ISIS interarea
       IS - ISIS summary, D - EIGRP, EX - EIGRP external, NM - NEMO
       ND - ND Default, NDp - ND Prefix, DCE - Destination, NDr - Redirect
       O - OSPF Intra, OI - OSPF Inter, OE1 - OSPF ext 1, OE2 - OSPF ext 2
       ON1 - OSPF NSSA ext 1, ON2 - OSPF NSSA ext 2, `

// routes6Text is `show ipv6 route`: of a whole table the routes that are wanted. The title counts all networks.
func routes6Text(rel devices.Release, vrf string, table rib, wanted func(ribRoute) bool) string {
	var b strings.Builder
	if vrf == "" {
		vrf = devices.DefaultVRF
	}
	networks := map[netip.Prefix]bool{}
	for _, r := range table {
		networks[r.Prefix] = true
	}
	fmt.Fprintf(&b, "IPv6 Routing Table - %s - %d entries\n", vrf, len(networks))
	b.WriteString(route6Codes)
	if rel == devices.Release152 {
		b.WriteString("l - LISP\n")
	} else {
		b.WriteString("la - LISP alt\n       lr - LISP site-registrations, ld - LISP dyn-eid, a - Application\n")
	}
	var last netip.Prefix
	for _, r := range table {
		if !wanted(r) {
			continue
		}
		if last != r.Prefix { // else another way to the same network
			code, distance := route6Code(r), 0
			if r.static() {
				distance = 1
			}
			fmt.Fprintf(&b, "%-4s%s [%d/0]\n", code, prefixText(r.Prefix), distance)
		}
		last = r.Prefix
		b.WriteString("     via " + route6Way(r) + "\n")
	}
	return b.String()
}

// route6Code is routeCode, where the whole network of a loopback is its own address.
func route6Code(r ribRoute) string {
	if r.Kind == underlay.RouteConnected && r.Prefix.IsSingleIP() {
		return "LC"
	}
	return routeCode(r)
}

func route6Way(r ribRoute) string {
	switch {
	case r.Kind == underlay.RouteLocal, route6Code(r) == "LC":
		return r.Interface + ", receive"
	case !r.NextHop.IsValid():
		return r.Interface + ", directly connected"
	case r.Interface != "":
		return addrText(r.NextHop) + ", " + r.Interface
	}
	return addrText(r.NextHop)
}

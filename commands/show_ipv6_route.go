package commands

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/underlay"
)

func showIPv6RouteRows() []Row {
	return []Row{{
		Modes:  anyExec,
		Syntax: "show ipv6 route [vrf WORD$vrf] [static | connected | X:X:X:X::X$address | X:X:X:X::X/<0-128>$prefix]",
		Help: grammar.Words{
			"show ipv6 route":                    "Show IPv6 route table entries",
			"show ipv6 route vrf":                "Display routes from a VPN Routing/Forwarding instance",
			"show ipv6 route vrf WORD":           "VPN Routing/Forwarding instance name",
			"show ipv6 route static":             "Static routes",
			"show ipv6 route connected":          "Connected routes",
			"show ipv6 route X:X:X:X::X":         "IPv6 name or address",
			"show ipv6 route X:X:X:X::X/<0-128>": "IPv6 prefix",
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
		multicast := multicastRoute
		multicast.Since = c.Device.Booted()
		table = append(table, multicast)
	}
	var ways rib
	switch {
	case a.Has("address"):
		ways = table.lookup(a.Addr("address"))
	case a.Has("prefix"):
		ways = table.ways(a.Prefix("prefix").Masked())
	default:
		_, err := io.WriteString(c.Out, routes6Text(c.Device.Release(), vrf, table, only(a)))
		return err
	}
	if len(ways) == 0 {
		return refuse("%% Route not found")
	}
	_, err := io.WriteString(c.Out, route6EntryText(c.Device.Release(), c.Lab.Now(), ways))
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

// route6EntryText is `show ipv6 route` of an address or a prefix: all ways to its network. Other than with IPv4 the default route
// answers for whatever nothing else covers.
func route6EntryText(rel devices.Release, now time.Time, ways rib) string {
	var b strings.Builder
	known := `"static", distance 1, metric 0`
	switch r := ways[0]; {
	case route6Code(r) == "LC":
		known = `"connected", distance 0, metric 0, type receive, connected`
	case r.Kind == underlay.RouteLocal:
		known = `"connected", distance 0, metric 0, type receive`
	case r.Kind == underlay.RouteConnected:
		known = `"connected", distance 0, metric 0, type connected`
	}
	fmt.Fprintf(&b, "Routing entry for %s\n  Known via %s\n  Route count is %d/%[3]d, share count 0\n  Routing paths:\n", prefixText(ways[0].Prefix), known, len(ways))
	for _, r := range ways {
		fmt.Fprintf(&b, "    %s\n", route6Path(r))
		if rel == devices.Release179 {
			b.WriteString("      Route metric is 0, traffic share count is 1\n")
		}
		fmt.Fprintf(&b, "      Last updated %s ago\n", age(now, r.Since))
	}
	b.WriteString("\n")
	return b.String()
}

func route6Path(r ribRoute) string {
	switch {
	case r.Kind == underlay.RouteLocal, route6Code(r) == "LC":
		return "receive via " + r.Interface
	case !r.NextHop.IsValid():
		return "directly connected via " + r.Interface
	}
	return route6Way(r)
}

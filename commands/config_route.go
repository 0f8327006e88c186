package commands

import (
	"cmp"
	"net/netip"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
)

func routeRows() []Row {
	only := []grammar.Mode{Config}
	return []Row{
		{Modes: only,
			Syntax: "ip route [vrf WORD$vrf] A.B.C.D$prefix A.B.C.D$mask <A.B.C.D$nexthop | INTERFACE$interface [A.B.C.D$nexthop]>",
			No:     "ip route [vrf WORD$vrf] A.B.C.D$prefix A.B.C.D$mask [A.B.C.D$nexthop | INTERFACE$interface [A.B.C.D$nexthop]]",
			Help: grammar.Words{
				"config: ip":               "Global IP configuration subcommands",
				"ip route":                 "Establish static routes",
				"ip route A.B.C.D$prefix":  "Destination prefix",
				"ip route A.B.C.D$mask":    "Destination prefix mask",
				"ip route A.B.C.D$nexthop": "Forwarding router's address",
				"ip route vrf":             "Configure static route for a VPN Routing/Forwarding instance",
				"ip route vrf WORD":        "VPN Routing/Forwarding instance name",
			},
			Run:     setIPRoute,
			Print:   func(cfg *devices.Config, p *Printer) { printRoutes(cfg, p, lispcore.IPv4) },
			Example: "ip route 0.0.0.0 0.0.0.0 192.0.2.1"},
		{Modes: only,
			Syntax: "ipv6 route [vrf WORD$vrf] X:X:X:X::X/<0-128>$prefix <X:X:X:X::X$nexthop | INTERFACE$interface [X:X:X:X::X$nexthop]>",
			No:     "ipv6 route [vrf WORD$vrf] X:X:X:X::X/<0-128>$prefix [X:X:X:X::X$nexthop | INTERFACE$interface [X:X:X:X::X$nexthop]]",
			Help: grammar.Words{
				"ipv6 route":                    "Configure static routes",
				"ipv6 route X:X:X:X::X/<0-128>": "IPv6 prefix",
				"ipv6 route X:X:X:X::X":         "IPv6 address of next-hop",
				"ipv6 route vrf":                "IPv6 VPN Routing/Forwarding instance",
				"ipv6 route vrf WORD":           "VPN Routing/Forwarding instance name",
			},
			Run:     func(c *Context, a Args) error { return c.setRoute(a, a.Prefix("prefix").Masked()) },
			Print:   func(cfg *devices.Config, p *Printer) { printRoutes(cfg, p, lispcore.IPv6) },
			Example: "ipv6 route 2001:DB8:F::/48 2001:DB8::2"},
	}
}

func setIPRoute(c *Context, a Args) error {
	bits, contiguous := maskBits(a.Addr("mask"))
	p := netip.PrefixFrom(a.Addr("prefix"), bits)
	if !contiguous || p != p.Masked() {
		return refuse("%%Inconsistent address and mask")
	}
	return c.setRoute(a, p)
}

// setRoute adds or removes the static route of a line.
func (c *Context) setRoute(a Args, p netip.Prefix) error {
	vrf := a.String("vrf")
	if v := findVRF(c.Config, vrf); vrf != "" && (v == nil || p.Addr().Is4() && !v.IPv4 || p.Addr().Is6() && !v.IPv6) {
		return refuse("%% %s routing table %s does not exist. Create first", map[bool]string{true: "IP", false: "IPv6"}[p.Addr().Is4()], vrf)
	}
	route := devices.StaticRoute{VRF: vrf, Prefix: p, NextHop: a.Addr("nexthop"), Interface: a.Interface("interface")}
	if a.Has("no") {
		before := len(c.Config.Routes)
		all := !a.Has("nexthop") && !a.Has("interface")
		c.Config.Routes = slices.DeleteFunc(c.Config.Routes, func(r devices.StaticRoute) bool {
			return r == route || all && r.VRF == vrf && r.Prefix == p
		})
		if len(c.Config.Routes) == before {
			return refuse("%%No matching route to delete")
		}
		return nil
	}
	if i := route.Interface; i != "" && i != nullInterface && findInterface(c.Config, i) == nil {
		return c.noSuchInterface(a, "interface")
	}
	for _, i := range c.Config.Interfaces {
		if i.VRF != vrf {
			continue
		}
		if own := i.IPv4.Addr() == route.NextHop || slices.ContainsFunc(i.IPv6, func(p netip.Prefix) bool { return p.Addr() == route.NextHop }); own && route.NextHop.IsValid() {
			return refuse("%%Invalid next hop address (it's this router)")
		}
	}
	if !slices.Contains(c.Config.Routes, route) {
		c.Config.Routes = append(c.Config.Routes, route)
		slices.SortFunc(c.Config.Routes, compareRoutes)
	}
	return nil
}

// compareRoutes orders static routes as configurations print them: VRF by VRF, IPv4 before IPv6, by prefix, by next hop, by
// interface.
func compareRoutes(a, b devices.StaticRoute) int {
	return cmp.Or(
		cmp.Compare(a.VRF, b.VRF),
		lispcore.NewEID(0, a.Prefix).Compare(lispcore.NewEID(0, b.Prefix)),
		a.NextHop.Compare(b.NextHop),
		devices.CompareInterfaces(a.Interface, b.Interface),
	)
}

func printRoutes(cfg *devices.Config, p *Printer, family lispcore.Family) {
	printed := false
	for _, r := range cfg.Routes {
		if lispcore.FamilyOf(r.Prefix.Addr()) != family {
			continue
		}
		in := ""
		if r.VRF != "" {
			in = "vrf " + r.VRF + " "
		}
		line := "ipv6 route " + in + prefixText(r.Prefix)
		if family == lispcore.IPv4 {
			line = "ip route " + in + r.Prefix.Addr().String() + " " + maskText(r.Prefix.Bits())
		}
		if r.Interface != "" {
			line += " " + r.Interface
		}
		if r.NextHop.IsValid() {
			line += " " + addrText(r.NextHop)
		}
		p.Line("%s", line)
		printed = true
	}
	if printed {
		p.separator()
	}
}

package commands

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"lisplab/devices"
	"lisplab/devices/underlay"
)

// rib is one routing table: the routes of one address family in one VRF, by address, then by length. Each way to a network
// is a route of its own.
type rib []ribRoute

// ribRoute is one way to a network.
type ribRoute struct {
	Kind      underlay.RouteKind
	Prefix    netip.Prefix
	Interface string     // of a static route only where its line names one
	NextHop   netip.Addr // the zero Addr means none
	Since     time.Time  // of an IPv6 route: when it came into the table
}

// static tells whether the route was typed.
func (r ribRoute) static() bool {
	return r.Kind == underlay.RouteStatic || r.Kind == underlay.RouteDiscard
}

// ribOf reads the routing table of a VRF; "" is the default one. The underlay keeps the way that packets take, and the
// static routes as they were typed.
func ribOf(d *devices.Device, vrf string, v4 bool) rib {
	table := newRIB(d.Routes(vrf), d.StaticRoutes(), vrf, v4)
	for i, r := range table {
		table[i].Since = d.RouteSince(devices.RouteKey{VRF: vrf, Prefix: r.Prefix, Interface: r.Interface, NextHop: r.NextHop})
	}
	return table
}

func newRIB(routes []underlay.RouteInfo, static []devices.StaticRoute, vrf string, v4 bool) rib {
	var table rib
	for _, r := range routes {
		if r.Prefix.Addr().Is4() == v4 && (r.Kind == underlay.RouteConnected || r.Kind == underlay.RouteLocal) {
			table = append(table, ribRoute{Kind: r.Kind, Prefix: r.Prefix, Interface: r.Interface})
		}
	}
	for _, r := range static {
		if r.VRF != vrf || r.Prefix.Addr().Is4() != v4 {
			continue
		}
		kind := underlay.RouteStatic
		if r.Interface == underlay.Null0 {
			kind = underlay.RouteDiscard
		}
		table = append(table, ribRoute{Kind: kind, Prefix: r.Prefix, Interface: r.Interface, NextHop: r.NextHop})
	}
	slices.SortStableFunc(table, func(a, b ribRoute) int { return comparePrefixes(a.Prefix, b.Prefix) })
	return table
}

// lookup returns all ways to the longest prefix that covers an address.
func (t rib) lookup(a netip.Addr) rib {
	best := -1
	for i, r := range t {
		if r.Prefix.Contains(a) && (best < 0 || r.Prefix.Bits() > t[best].Prefix.Bits()) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return t.ways(t[best].Prefix)
}

// ways returns all ways to a network.
func (t rib) ways(network netip.Prefix) rib {
	return slices.DeleteFunc(slices.Clone(t), func(r ribRoute) bool { return r.Prefix != network })
}

// only tells which routes a line asks for: those of one kind, or all.
func only(a Args) func(ribRoute) bool {
	switch {
	case a.Has("static"):
		return ribRoute.static
	case a.Has("connected"):
		return func(r ribRoute) bool { return !r.static() }
	}
	return func(ribRoute) bool { return true }
}

// hasTable tells whether a VRF is there and has the address family; "" is the default one.
func hasTable(cfg devices.Config, vrf string, v4 bool) bool {
	return vrf == "" || slices.ContainsFunc(cfg.VRFs, func(v devices.VRF) bool {
		return v.Name == vrf && (v4 && (v.IPv4 || v.Legacy) || !v4 && v.IPv6)
	})
}

func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

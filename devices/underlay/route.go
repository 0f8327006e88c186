package underlay

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
)

// Null0 is the interface that discards.
const Null0 = "Null0"

// Route is one static route: by next hop, out of an interface, or both.
type Route struct {
	VRF       string // "" is the default VRF
	Prefix    netip.Prefix
	NextHop   netip.Addr // the zero Addr means none
	Interface string     // "" means none
}

// Routing is what a router's configuration says of the underlay.
type Routing struct {
	Interfaces []Interface
	Routes     []Route  // an earlier route wins over a later one with the same prefix
	Forward6   bool     // ipv6 unicast-routing: IPv6 packets of others are forwarded
	Tunnels    []Tunnel // what is left to LISP, where the kernel forwards; elsewhere the routers themselves know
}

// RouteKind says where a route comes from.
type RouteKind uint8

// The kinds of routes.
const (
	RouteConnected RouteKind = iota + 1 // the network of an interface
	RouteLocal                          // an address of the router itself
	RouteStatic                         // by next hop, out of an interface, or both
	RouteDiscard                        // static, to Null0
)

// RouteInfo is one route of a routing table.
type RouteInfo struct {
	Kind      RouteKind
	Prefix    netip.Prefix
	Interface string     // by which packets leave; of a RouteLocal the one that bears the address; Null0 discards
	NextHop   netip.Addr // the zero Addr means the destination itself
}

// table is one VRF of a router as it is at present.
type table struct {
	own    map[netip.Addr]string // addresses of interfaces whose line is up
	routes bart.Table[exit]
}

// exit is where a packet leaves a router.
type exit struct {
	iface     string
	via       netip.Addr // the next hop; the zero Addr means the destination itself
	connected bool
}

// noTable is that of a VRF in which nothing is configured.
var noTable = new(table)

// Configure gives a router its interfaces and routes, or a host its routes. Call Update when all changes are made.
func (n *model) Configure(node int, r Routing) { n.nodes[node].routing = r }

// vrf returns a routing table of the router.
func (nd *node) vrf(name string) *table {
	if t := nd.tables[name]; t != nil {
		return t
	}
	return noTable
}

// iface returns an interface as it is configured; its zero value where there is none.
func (nd *node) iface(name string) Interface {
	for _, i := range nd.routing.Interfaces {
		if i.Name == name {
			return i
		}
	}
	return Interface{}
}

// updateTables builds the routing tables: the connected networks of the interfaces that are up, then the static routes
// whose next hop lies in one of them. A connected network wins over a static route with the same prefix.
func (nd *node) updateTables() {
	nd.tables, nd.static = make(map[string]*table), nil
	in := func(vrf string) *table {
		if nd.tables[vrf] == nil {
			nd.tables[vrf] = &table{own: make(map[netip.Addr]string)}
		}
		return nd.tables[vrf]
	}
	for _, i := range nd.routing.Interfaces {
		if !nd.lines[i.Name] {
			continue
		}
		t := in(i.VRF)
		for _, a := range i.Addrs {
			t.own[a.Addr()] = i.Name
			t.routes.Insert(a.Masked(), exit{iface: i.Name, connected: true})
		}
	}
	if !nd.running {
		return
	}
	var static []Route
	var exits []exit
	for _, r := range nd.routing.Routes {
		if e, ok := nd.resolve(r); ok {
			static, exits = append(static, r), append(exits, e)
		}
	}
	for i, r := range static { // after all were resolved: a static route resolves no other one
		t := in(r.VRF)
		if _, taken := t.routes.Get(r.Prefix); !taken {
			t.routes.Insert(r.Prefix, exits[i])
		}
		if e, _ := t.routes.Get(r.Prefix); !e.connected {
			nd.static = append(nd.static, r)
		}
	}
}

// resolve finds the interface of a static route, while the tables hold nothing but connected networks.
func (nd *node) resolve(r Route) (exit, bool) {
	switch {
	case r.Interface == Null0:
		return exit{iface: Null0}, true
	case r.Interface != "":
		return exit{iface: r.Interface, via: r.NextHop}, nd.lines[r.Interface]
	}
	e, ok := nd.vrf(r.VRF).routes.Lookup(r.NextHop)
	return exit{iface: e.iface, via: r.NextHop}, ok
}

// Static returns the static routes that are in the router's tables at present, of all VRFs.
func (n *model) Static(node int) []Route { return slices.Clone(n.nodes[node].static) }

// Owns tells whether the address stands on an interface of the router in the default VRF whose line is up.
func (n *model) Owns(node int, a netip.Addr) bool { return n.nodes[node].owns("", a) }

func (nd *node) owns(vrf string, a netip.Addr) bool {
	_, ok := nd.vrf(vrf).own[a]
	return ok
}

// Lookup finds the route by which a router's packets to dst go, as of the last Update. It is false without one.
func (n *model) Lookup(node int, vrf string, dst netip.Addr) (RouteInfo, bool) {
	t := n.nodes[node].vrf(vrf)
	if iface, own := t.own[dst]; own {
		return localRoute(dst, iface), true
	}
	prefix, e, ok := t.routes.LookupPrefixLPM(hostPrefix(dst))
	if !ok {
		return RouteInfo{}, false
	}
	return e.info(prefix), true
}

// Routes returns a routing table of a router as of the last Update, its own addresses included, unless they are a connected
// network by themselves: IPv4 before IPv6, by address, then by length.
func (n *model) Routes(node int, vrf string) []RouteInfo {
	t := n.nodes[node].vrf(vrf)
	var list []RouteInfo
	for prefix, e := range t.routes.All() {
		list = append(list, e.info(prefix))
	}
	for a, iface := range t.own {
		if _, network := t.routes.Get(hostPrefix(a)); !network {
			list = append(list, localRoute(a, iface))
		}
	}
	slices.SortFunc(list, func(a, b RouteInfo) int {
		if c := a.Prefix.Addr().Compare(b.Prefix.Addr()); c != 0 {
			return c
		}
		return a.Prefix.Bits() - b.Prefix.Bits()
	})
	return list
}

// VRFs returns the names of the VRFs of a router that have a route, sorted; the default one is "".
func (n *model) VRFs(node int) []string {
	return slices.Sorted(maps.Keys(n.nodes[node].tables))
}

func localRoute(a netip.Addr, iface string) RouteInfo {
	return RouteInfo{Kind: RouteLocal, Prefix: hostPrefix(a), Interface: iface}
}

func hostPrefix(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func (e exit) info(prefix netip.Prefix) RouteInfo {
	r := RouteInfo{Kind: RouteStatic, Prefix: prefix, Interface: e.iface, NextHop: e.via}
	switch {
	case e.connected:
		r.Kind = RouteConnected
	case e.iface == Null0:
		r.Kind = RouteDiscard
	}
	return r
}

// Source returns the address that the router's packets to dst bear in the default VRF: that of the interface by which they
// leave. It is false without a route.
func (n *model) Source(node int, dst netip.Addr) (netip.Addr, bool) {
	return n.SourceIn(node, "", dst)
}

// SourceIn is Source in a VRF.
func (n *model) SourceIn(node int, vrf string, dst netip.Addr) (netip.Addr, bool) {
	nd := n.nodes[node]
	if nd.owns(vrf, dst) {
		return dst, true
	}
	e, ok := nd.vrf(vrf).routes.Lookup(dst)
	if !ok {
		return netip.Addr{}, false
	}
	return nd.iface(e.iface).addr(dst.Is4())
}

// addr is the interface's first address of a family.
func (i Interface) addr(is4 bool) (netip.Addr, bool) {
	for _, a := range i.Addrs {
		if a.Addr().Is4() == is4 {
			return a.Addr(), true
		}
	}
	return netip.Addr{}, false
}

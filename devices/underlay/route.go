package underlay

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
)

// Null0 is the interface that discards.
const Null0 = "Null0"

// hopLimit is the TTL that a router gives to its control packets (as IOS does). It ends a forwarding loop.
const hopLimit = 255

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
	Routes     []Route // an earlier route wins over a later one with the same prefix
	Forward6   bool    // ipv6 unicast-routing: IPv6 packets of others are forwarded
}

// table is what a router knows of the network at present.
type table struct {
	own    map[netip.Addr]string // addresses of interfaces whose line is up
	routes bart.Table[exit]
	static []Route // the static routes that are in routes
}

// exit is where a packet leaves a router.
type exit struct {
	iface     string
	via       netip.Addr // the next hop; the zero Addr means the destination itself
	connected bool
}

// Configure gives a router its interfaces and routes. Call Update when all changes are made.
func (n *Network) Configure(node int, r Routing) { n.nodes[node].routing = r }

// updateTable builds the routing table: the connected networks of the interfaces that are up, then the static routes
// whose next hop lies in one of them. A connected network wins over a static route with the same prefix.
func (nd *node) updateTable() {
	nd.table = table{own: make(map[netip.Addr]string)}
	for _, i := range nd.routing.Interfaces {
		if !nd.lines[i.Name] {
			continue
		}
		for _, a := range i.Addrs {
			nd.table.own[a.Addr()] = i.Name
			nd.table.routes.Insert(a.Masked(), exit{iface: i.Name, connected: true})
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
		if _, taken := nd.table.routes.Get(r.Prefix); !taken {
			nd.table.routes.Insert(r.Prefix, exits[i])
		}
		if e, _ := nd.table.routes.Get(r.Prefix); !e.connected {
			nd.table.static = append(nd.table.static, r)
		}
	}
}

// resolve finds the interface of a static route, while the table holds nothing but connected networks.
func (nd *node) resolve(r Route) (exit, bool) {
	switch {
	case r.Interface == Null0:
		return exit{iface: Null0}, true
	case r.Interface != "":
		return exit{iface: r.Interface, via: r.NextHop}, nd.lines[r.Interface]
	}
	e, ok := nd.table.routes.Lookup(r.NextHop)
	return exit{iface: e.iface, via: r.NextHop}, ok
}

// Static returns the static routes that are in the router's table at present.
func (n *Network) Static(node int) []Route { return slices.Clone(n.nodes[node].table.static) }

// Owns tells whether the address stands on an interface of the router whose line is up.
func (n *Network) Owns(node int, a netip.Addr) bool {
	_, ok := n.nodes[node].table.own[a]
	return ok
}

// Source returns the address that the router's packets to dst bear: that of the interface by which they leave. It is false
// without a route.
func (n *Network) Source(node int, dst netip.Addr) (netip.Addr, bool) {
	nd := n.nodes[node]
	if n.Owns(node, dst) {
		return dst, true
	}
	e, ok := nd.table.routes.Lookup(dst)
	if !ok {
		return netip.Addr{}, false
	}
	for _, i := range nd.routing.Interfaces {
		if i.Name != e.iface {
			continue
		}
		for _, a := range i.Addrs {
			if a.Addr().Is4() == dst.Is4() {
				return a.Addr(), true
			}
		}
	}
	return netip.Addr{}, false
}

// walk is the way of a packet, hop by hop.
type walk struct {
	node    int    // where it arrived
	arrived bool   // at a router that owns the destination
	left    bool   // the sender itself had a route
	why     string // it did not arrive
}

type walkKey struct {
	from int
	dst  netip.Addr
}

// path walks from a router to an address. The answer holds until the next Update.
func (n *Network) path(from int, dst netip.Addr) walk {
	key := walkKey{from, dst}
	w, ok := n.walks[key]
	if !ok {
		w = n.walk(from, dst)
		n.walks[key] = w
	}
	return w
}

func (n *Network) walk(from int, dst netip.Addr) (w walk) {
	at := n.nodes[from]
	for range hopLimit {
		if !at.running {
			w.why = at.name + " is stopped"
			return w
		}
		if n.Owns(at.index, dst) {
			w.node, w.arrived, w.left = at.index, true, true
			return w
		}
		if at.index != from && dst.Is6() && !at.routing.Forward6 {
			w.why = at.name + " does not forward IPv6"
			return w
		}
		e, ok := at.table.routes.Lookup(dst)
		if !ok {
			w.why = fmt.Sprintf("%s has no route to %v", at.name, dst)
			return w
		}
		if e.iface == Null0 {
			w.why = fmt.Sprintf("%s routes %v to Null0", at.name, dst)
			return w
		}
		w.left = true
		next, ok := n.neighbor(at, e, dst)
		if !ok {
			w.why = fmt.Sprintf("nobody answers for %v at %s %s", cmp.Or(e.via, dst), at.name, e.iface)
			return w
		}
		at = next
	}
	w.why = fmt.Sprintf("the hop limit ran out at %s: a forwarding loop", at.name)
	return w
}

// neighbor finds the router at the other end of the link that takes the packet: the one that owns the next hop, or, for a
// route out of an interface without a next hop, whoever is there (proxy ARP).
func (n *Network) neighbor(at *node, e exit, dst netip.Addr) (*node, bool) {
	port, ok := n.across(Port{at.index, e.iface})
	if !ok {
		return nil, false
	}
	next := n.nodes[port.Node]
	target := cmp.Or(e.via, dst)
	proxy := !e.via.IsValid() && !e.connected
	return next, proxy || next.table.own[target] == port.Interface
}

package underlay

import (
	"net/netip"
	"slices"
)

// Interface is one interface of a router as its configuration has it.
type Interface struct {
	Name  string
	Addrs []netip.Prefix // addresses with their lengths, not masked
	Shut  bool
}

// Port is one end of a link.
type Port struct {
	Node      int
	Interface string
}

// Link is a cable between two interfaces.
type Link struct {
	A, B Port
	Up   bool
}

// node is one router: its sockets are in udp.go and tcp.go, its table of routes in route.go.
type node struct {
	index   int
	name    string
	running bool
	routing Routing
	lines   map[string]bool // line protocol of each interface
	table   table

	udp      udpSocket
	receives bool // a LISP role takes datagrams
	tcp      tcpSocket
}

// SetLink plugs a cable in or out. Call Update when all changes are made.
func (n *Network) SetLink(link int, up bool) { n.links[link].Up = up }

// Links returns the cables in the order of Config.
func (n *Network) Links() []Link { return slices.Clone(n.links) }

// LineUp tells the line protocol of an interface, as of the last Update: up when the router runs, the interface is not shut
// and, where a cable is plugged, the cable and the other end are up too.
func (n *Network) LineUp(node int, name string) bool { return n.nodes[node].lines[name] }

// updateLines finds the line protocol of every interface anew.
func (n *Network) updateLines() {
	for _, nd := range n.nodes {
		nd.lines = make(map[string]bool, len(nd.routing.Interfaces))
		for _, i := range nd.routing.Interfaces {
			nd.lines[i.Name] = n.portReady(Port{nd.index, i.Name})
		}
	}
	for _, l := range n.links {
		if !l.Up || !n.portReady(l.A) || !n.portReady(l.B) {
			n.nodes[l.A.Node].lines[l.A.Interface] = false
			n.nodes[l.B.Node].lines[l.B.Interface] = false
		}
	}
}

// portReady tells whether a router runs and an interface of it is configured and not shut.
func (n *Network) portReady(p Port) bool {
	nd := n.nodes[p.Node]
	i := slices.IndexFunc(nd.routing.Interfaces, func(i Interface) bool { return i.Name == p.Interface })
	return nd.running && i >= 0 && !nd.routing.Interfaces[i].Shut
}

// across returns the other end of the link at an interface.
func (n *Network) across(p Port) (Port, bool) {
	for _, l := range n.links {
		switch p {
		case l.A:
			return l.B, true
		case l.B:
			return l.A, true
		}
	}
	return Port{}, false
}

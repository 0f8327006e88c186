package underlay

import (
	"cmp"
	"net/netip"
	"slices"
)

// Interface is one interface of a router as its configuration has it.
type Interface struct {
	Name  string
	VRF   string         // "" is the default VRF
	Addrs []netip.Prefix // addresses with their lengths, not masked
	Shut  bool
	MTU   int // of IP packets, in bytes; 0 stands for DefaultMTU
	// Filtered tells that Filter may deny what crosses the interface.
	Filtered bool
}

// DefaultMTU is the longest IP packet that passes an interface which is told nothing else, in bytes.
const DefaultMTU = 1500

// mtu is the longest IP packet that passes the interface.
func (i Interface) mtu() int { return cmp.Or(i.MTU, DefaultMTU) }

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

// node is one router, or one host, which has no sockets: these are in udp.go and tcp.go, tables of routes in route.go.
type node struct {
	index   int
	name    string
	running bool
	routing Routing
	lines   map[string]bool   // line protocol of each interface
	tables  map[string]*table // by VRF
	static  []Route           // those that are in tables

	udp      udpSocket  // control, UDP 4342; what the router sends leaves by it, whatever its port in the lab
	receives bool       // a LISP role takes control messages
	data     *udpSocket // UDP 4341; nil: no role takes data
	tcp      tcpSocket
	nextID   uint16 // the last identification of an IPv4 packet of its own
	host     *Host  // nil: a router
}

// SetLink plugs a cable in or out. Call Update when all changes are made.
func (n *model) SetLink(link int, up bool) { n.links[link].Up = up }

// Links returns the cables in the order of Config.
func (n *model) Links() []Link { return slices.Clone(n.links) }

// cable finds a link, or a plug, by its number.
func (n *model) cable(i int) Link {
	if i < len(n.links) {
		return n.links[i]
	}
	return n.plugs[i-len(n.links)]
}

// LineUp tells the line protocol of an interface, as of the last Update: up when the router runs, the interface is not shut
// and, where a cable is plugged, the cable and the other end are up too.
func (n *model) LineUp(node int, name string) bool { return n.nodes[node].lines[name] }

// updateLines finds the line protocol of every interface anew.
func (n *model) updateLines() {
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
	for _, nd := range n.nodes {
		if h := nd.host; h != nil {
			nd.lines[HostInterface] = nd.lines[HostInterface] && n.LineUp(h.Port.Node, h.Port.Interface)
		}
	}
}

// portReady tells whether a router runs and an interface of it is configured and not shut.
func (n *model) portReady(p Port) bool {
	nd := n.nodes[p.Node]
	i := slices.IndexFunc(nd.routing.Interfaces, func(i Interface) bool { return i.Name == p.Interface })
	return nd.running && i >= 0 && !nd.routing.Interfaces[i].Shut
}

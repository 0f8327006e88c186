package underlay

import "slices"

// model is what a network is by its configuration: nodes, cables, lines and routing tables. On loopback it is all that there
// is; on the kernel's own wires it says how these are to be, and what a `show` tells of them.
type model struct {
	nodes []*node // routers, then hosts, then what Plugs lead to
	links []Link
	plugs []Link           // cables out of the network, which only a kernel has; their numbers follow those of links
	near  map[Port][]Port  // neighbors, as of the last update
	walks map[walkKey]walk // too

	filter Filter
}

func newModel(links []Link, filter Filter) model {
	return model{links: slices.Clone(links), near: make(map[Port][]Port), walks: make(map[walkKey]walk), filter: filter}
}

// update makes earlier changes take effect: lines, then routing tables.
func (n *model) update() {
	clear(n.near)
	clear(n.walks)
	n.updateLines()
	for _, nd := range n.nodes {
		nd.updateTables()
	}
}

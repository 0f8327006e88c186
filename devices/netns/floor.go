//go:build linux

package netns

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"

	"lisplab/devices/underlay"
)

// floor is the namespace in which the far ends of all interfaces stand, and a bridge for each segment that has several:
//
//	xTR1 Gi0-0 ===veth=== xTR1.Gi0-0 --- br1 --- Core1.Gi0-1 ===veth=== Gi0-1 Core1
//	xTR1 Gi0-2 ===veth=== xTR1.Gi0-2                  plugged in nowhere
//
// It has no addresses and says nothing itself.
type floor struct {
	*space
	run      string
	segments []*segment
	far      map[underlay.Port]port // the far ends of interfaces, and those of the machine
	names    map[string]bool        // of all of them, and of the bridges
}

// segment is interfaces that hear each other.
type segment struct {
	ends   []underlay.Port
	bridge port   // that joins their far ends; none of a single one
	what   string // the ends in words
}

func newFloor(cfg Config) (*floor, error) {
	s, err := newSpace(spaceName(cfg.Run, ""), floorSysctls)
	if err != nil {
		return nil, err
	}
	f := &floor{space: s, run: cfg.Run, far: make(map[underlay.Port]port), names: make(map[string]bool)}
	for _, name := range cfg.External { // these keep their names
		f.names[name] = true
	}
	return f, nil
}

// lay makes one segment: a veth pair for each end that is a node's, and a bridge between the far ends if there are several.
func (f *floor) lay(nodes []*place, ends []underlay.Port) error {
	s := &segment{ends: ends}
	var names []string
	for _, end := range ends {
		if end.Node >= len(nodes) {
			at, err := f.plug(end.Interface)
			if err != nil {
				return err
			}
			f.far[end] = at
			names = append(names, "the machine's "+end.Interface)
			continue
		}
		if err := f.veth(nodes[end.Node], end); err != nil {
			return err
		}
		names = append(names, nodes[end.Node].name+" "+end.Interface)
	}
	s.what = strings.Join(names, " and ")
	f.segments = append(f.segments, s)
	if len(ends) == 1 {
		return nil
	}
	b := newBridge(f.free(fmt.Sprintf("br%d", len(f.segments))))
	err := f.link.LinkAdd(b)
	if err != nil {
		return fmt.Errorf("a bridge between %s: %w%s", s.what, err, moduleHint(err, "bridge"))
	}
	if s.bridge, err = f.finish(b.Name, s.what); err == nil {
		err = f.link.LinkSetUp(linkAt(s.bridge.index))
	}
	if err != nil {
		return err
	}
	return f.join(s)
}

// newBridge is a bridge that passes on whatever a cable would, as far as Linux lets it (it keeps spanning tree to itself).
func newBridge(name string) *netlink.Bridge {
	snooping, reserved := false, uint16(0xfff8)
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	return &netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping, GroupFwdMask: &reserved}
}

// veth makes an interface of a node, and its far end.
func (f *floor) veth(at *place, end underlay.Port) error {
	own, far := at.newName(end.Interface), f.free(at.name+"."+deviceName(end.Interface))
	attrs := netlink.NewLinkAttrs()
	attrs.Name = own
	v := netlink.NewVeth(attrs)
	v.PeerName, v.PeerMTU, v.PeerNamespace = far, maxMTU, netlink.NsFd(f.handle)
	if err := at.link.LinkAdd(v); err != nil {
		return fmt.Errorf("the link of %s %s: %w%s", at.name, end.Interface, err, moduleHint(err, "veth"))
	}
	if err := at.know(end.Interface, own); err != nil {
		return err
	}
	if err := within(at.handle, func() error { return plain(own) }); err != nil {
		return fmt.Errorf("%s %s: %w", at.name, end.Interface, err)
	}
	p, err := f.finish(far, at.name+" "+end.Interface)
	if err == nil {
		err = f.link.LinkSetUp(linkAt(p.index))
	}
	if err == nil {
		err = within(f.handle, func() error { return plain(far) })
	}
	if err != nil {
		return fmt.Errorf("the far end of %s %s: %w", at.name, end.Interface, err)
	}
	f.far[end] = p
	return nil
}

// maxMTU is the MTU of far ends: they pass whatever the nodes' own interfaces do.
const maxMTU = 65535

// offloads are what a kernel leaves to a network card, by the names of ethtool. A veth has none: frames would pass with
// their checksums open, and in pieces that no wire carries.
var offloads = []string{"tx-checksum-ip-generic", "tx-tcp-segmentation", "tx-tcp6-segmentation", "tx-generic-segmentation", "rx-gro"}

// plain has an interface of the present namespace send and receive frames as they are on a wire.
func plain(name string) error {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return fmt.Errorf("opening ethtool's socket: %w", err)
	}
	defer e.Close()
	off := make(map[string]bool)
	for _, o := range offloads {
		off[o] = false
	}
	if err := e.Change(name, off); err != nil {
		return fmt.Errorf("turning the offloads of interface %s off: %w", name, err)
	}
	return nil
}

// free is a name on the floor that no other has: the one that is wanted, or a part of it and a number.
func (f *floor) free(want string) string {
	name := want[:min(len(want), maxName)]
	for n := 1; f.names[name]; n++ {
		tail := fmt.Sprintf("~%d", n)
		name = want[:min(len(want), maxName-len(tail))] + tail
	}
	f.names[name] = true
	return name
}

// settle has the kernel take notice of a node's lines now. It notices by itself that a carrier has come (linkwatch), but later:
// until then a far end drops what is for the node, and the first packets of a router that boots would get no answer. Who asks
// about an interface has it caught up (since Linux 6.8). A far end that somebody has taken elsewhere is not asked about.
func (f *floor) settle(node int, ports map[string]port) {
	for iface := range ports {
		if far, ok := f.far[underlay.Port{Node: node, Interface: iface}]; ok {
			_, _ = f.link.LinkByIndex(far.index)
		}
	}
}

// join puts the far ends of a segment at its bridge.
func (f *floor) join(s *segment) error {
	for _, end := range s.ends {
		far := f.far[end]
		if err := f.link.LinkSetMasterByIndex(linkAt(far.index), s.bridge.index); err != nil {
			return fmt.Errorf("%s at the bridge between %s: %w", far.name, s.what, err)
		}
	}
	return nil
}

// part takes the far ends of a segment off its bridge.
func (f *floor) part(s *segment) error {
	for _, end := range s.ends {
		far := f.far[end]
		if err := f.link.LinkSetNoMaster(linkAt(far.index)); err != nil {
			return fmt.Errorf("%s off the bridge between %s: %w", far.name, s.what, err)
		}
	}
	return nil
}

// Relay implements underlay.Ground.
func (g *Ground) Relay(at underlay.Port, on bool) error {
	for _, s := range g.floor.segments {
		switch {
		case !slices.Contains(s.ends, at) || s.bridge == port{}:
		case on:
			return g.floor.part(s)
		default:
			return g.floor.join(s)
		}
	}
	return nil
}

// Wire implements underlay.Ground.
func (g *Ground) Wire(at underlay.Port) (file *os.File, err error) {
	err = within(g.floor.handle, func() error {
		file, err = underlay.WireSocket(g.floor.far[at].index)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s on the floor of lab %s: %w", g.floor.far[at].name, g.run, err)
	}
	return file, nil
}

// segments finds what is connected: by cables, and by hosts at a router's interface.
func segments(cfg Config) (list [][]underlay.Port) {
	find := func(p underlay.Port) int {
		return slices.IndexFunc(list, func(s []underlay.Port) bool { return slices.Contains(s, p) })
	}
	for i, n := range cfg.Nodes {
		for _, iface := range n.Interfaces {
			list = append(list, []underlay.Port{{Node: i, Interface: iface}})
		}
	}
	for i, name := range cfg.External {
		list = append(list, []underlay.Port{{Node: len(cfg.Nodes) + i, Interface: name}})
	}
	for _, l := range cfg.Cables {
		a, b := find(l[0]), find(l[1])
		if a != b {
			list[a] = append(list[a], list[b]...)
			list = slices.Delete(list, b, b+1)
		}
	}
	return list
}

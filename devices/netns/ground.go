//go:build linux

package netns

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"lisplab/devices/underlay"
)

// Ground is the namespaces of one run. It implements underlay.Ground.
type Ground struct {
	run   string
	file  *os.File // locked while the run is up
	nodes []*place
	floor *floor
	done  chan struct{}
	watch sync.WaitGroup
}

var _ underlay.Ground = (*Ground)(nil)

// place is one node.
type place struct {
	*space
	name    string
	ports   map[string]port // the kernel's interface of each of the lab's
	byIndex map[int]string  // the lab's interface of each of the kernel's
}

// port is an interface of the kernel's.
type port struct {
	name  string
	index int
}

// Open makes a lab's namespaces and what connects them; all lines are down. What an earlier run of the name has left behind
// is taken away first. Nothing is left when it fails.
func Open(cfg Config) (*Ground, error) {
	if err := Check(); err != nil {
		return nil, err
	}
	file, err := take(cfg.Run)
	if errors.Is(err, ErrUp) {
		return nil, fmt.Errorf("%w: `lisplab down %s` ends it; `lisplab up --name OTHER` starts another beside it", err, cfg.Run)
	}
	if err != nil {
		return nil, err
	}
	g := &Ground{run: cfg.Run, file: file, done: make(chan struct{})}
	err = Clean(cfg.Run)
	if err == nil {
		err = g.build(cfg)
	}
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

func (g *Ground) build(cfg Config) (err error) {
	if err := checkExternal(cfg.External); err != nil {
		return err
	}
	if g.floor, err = newFloor(cfg); err != nil {
		return err
	}
	for _, n := range cfg.Nodes {
		p := &place{name: n.Name, ports: make(map[string]port), byIndex: make(map[int]string)}
		settings := nodeSysctls
		if n.Router {
			settings = slices.Concat(nodeSysctls, routerSysctls)
		}
		if p.space, err = newSpace(spaceName(g.run, n.Name), settings); err != nil {
			return err
		}
		g.nodes = append(g.nodes, p)
		if err := p.addLoopback(); err != nil {
			return err
		}
	}
	for _, s := range segments(cfg) {
		if err := g.floor.lay(g.nodes, s); err != nil {
			return err
		}
	}
	return nil
}

// addLoopback brings `lo` up, which bears the addresses of the lab's loopbacks.
func (p *place) addLoopback() error {
	lo, err := p.link.LinkByName("lo")
	if err == nil {
		err = p.link.LinkSetUp(lo)
	}
	if err != nil {
		return fmt.Errorf("%s: interface lo: %w", p.name, err)
	}
	p.ports[""] = port{"lo", lo.Attrs().Index}
	return nil
}

// know finds an interface that was made by its name.
func (p *place) know(iface, name string) error {
	at, err := p.finish(name, iface)
	if err != nil {
		return err
	}
	p.ports[iface], p.byIndex[at.index] = at, iface
	return nil
}

// finish finds an interface that was made by its name, and gives it an alias.
func (s *space) finish(name, alias string) (port, error) {
	link, err := s.link.LinkByName(name)
	if err == nil {
		err = s.link.LinkSetAlias(link, alias)
	}
	if err != nil {
		return port{}, fmt.Errorf("interface %s in namespace %s: %w", name, s.name, err)
	}
	return port{name, link.Attrs().Index}, nil
}

// newName is a name for an interface of a node that no other there has.
func (p *place) newName(iface string) string {
	name := deviceName(iface)
	taken := func() bool {
		for _, other := range p.ports {
			if other.name == name {
				return true
			}
		}
		return false
	}
	for n := 1; taken(); n++ {
		name = fmt.Sprintf("if%d", n)
	}
	return name
}

// Enter implements underlay.Ground.
func (g *Ground) Enter(node int, fn func() error) error { return within(g.nodes[node].handle, fn) }

// Interface implements underlay.Ground.
func (g *Ground) Interface(node, index int) string { return g.nodes[node].byIndex[index] }

// Counters implements underlay.Ground, by the statistics of the node's end of the veth.
func (g *Ground) Counters(at underlay.Port) (underlay.Counters, error) {
	p := g.nodes[at.Node]
	port, ok := p.ports[at.Interface]
	if !ok {
		return underlay.Counters{Modelled: true}, nil // a loopback, which is an address at most: nothing passes
	}
	link, err := p.link.LinkByIndex(port.index)
	if err != nil {
		return underlay.Counters{}, p.vanished(at.Interface, port, err)
	}
	s := link.Attrs().Statistics
	if s == nil {
		return underlay.Counters{}, fmt.Errorf("interface %s (%s in namespace %s): the kernel tells no statistics", at.Interface, port.name, p.space.name)
	}
	return underlay.Counters{
		In: underlay.Traffic{Packets: s.RxPackets, Bytes: s.RxBytes}, Out: underlay.Traffic{Packets: s.TxPackets, Bytes: s.TxBytes},
		OutputDrops: s.TxDropped, InputErrors: s.RxErrors, CRC: s.RxCrcErrors,
	}, nil
}

// Watch implements underlay.Ground: an interface that somebody removes can't come back by itself, nor can a bridge.
func (g *Ground) Watch(lost func(error)) {
	for _, p := range g.nodes {
		g.watchLinks(p.space, lost, func(index int) string {
			if iface := p.byIndex[index]; iface != "" {
				return p.name + ": interface " + iface
			}
			return ""
		})
	}
	g.watchLinks(g.floor.space, lost, func(index int) string {
		for _, s := range g.floor.segments {
			if s.bridge.index == index {
				return "the bridge between " + s.what
			}
		}
		for end, far := range g.floor.far {
			if end.Node >= len(g.nodes) && far.index == index {
				return "the machine's interface " + end.Interface
			}
		}
		return ""
	})
}

// watchLinks tells of interfaces of a namespace that are removed, if they have a name.
func (g *Ground) watchLinks(s *space, lost func(error), name func(index int) string) {
	updates := make(chan netlink.LinkUpdate)
	if err := netlink.LinkSubscribeAt(s.handle, updates, g.done); err != nil {
		lost(fmt.Errorf("watching the interfaces of namespace %s: %w", s.name, err))
		return
	}
	g.watch.Go(func() {
		for u := range updates {
			if u.Header.Type != unix.RTM_DELLINK || u.Family == unix.AF_BRIDGE { // that one has only left its bridge
				continue
			}
			if what := name(int(u.Index)); what != "" {
				lost(fmt.Errorf("%s (%s in namespace %s) has vanished: somebody has removed it; bring the lab up again", what, u.Attrs().Name, s.name))
			}
		}
	})
}

// Close takes the run away.
func (g *Ground) Close() error {
	close(g.done)
	var errs []error
	for _, p := range g.nodes {
		errs = append(errs, p.close())
	}
	if g.floor != nil {
		errs = append(errs, g.floor.close())
	}
	g.watch.Wait()
	return errors.Join(append(errs, Clean(g.run), give(g.file))...)
}

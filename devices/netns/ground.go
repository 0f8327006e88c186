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
	lan   *space // what is plugged in nowhere, and bridges
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
	if g.lan, err = newSpace(spaceName(g.run, "")); err != nil {
		return err
	}
	for _, n := range cfg.Nodes {
		p := &place{name: n.Name, ports: make(map[string]port), byIndex: make(map[int]string)}
		var own []sysctl
		if n.Router {
			own = routerSysctls
		}
		if p.space, err = newSpace(spaceName(g.run, n.Name), own...); err != nil {
			return err
		}
		g.nodes = append(g.nodes, p)
		if err := p.addLoopback(); err != nil {
			return err
		}
	}
	for _, s := range segments(cfg) {
		if err := g.connect(cfg, s); err != nil {
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

// connect makes one segment: a veth pair between two ends, or one from each end to a bridge, or into the void.
func (g *Ground) connect(cfg Config, s segment) error {
	if len(s) == 2 {
		return g.pair(cfg, s[0], s[1])
	}
	var bridge netlink.Link
	if len(s) > 2 {
		b := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "lan." + deviceName(s[0].Interface)}}
		b.Name = g.free(fmt.Sprintf("%s.%s", cfg.Nodes[s[0].Node].Name, "lan"))
		if err := g.lan.link.LinkAdd(b); err != nil {
			return fmt.Errorf("a LAN with several machines at %s needs a bridge: %w%s", cfg.Nodes[s[0].Node].Name, err, moduleHint(err, "bridge"))
		}
		link, err := g.lan.link.LinkByName(b.Name)
		if err == nil {
			err = g.lan.link.LinkSetUp(link)
		}
		if err != nil {
			return fmt.Errorf("bridge %s: %w", b.Name, err)
		}
		bridge = link
	}
	for _, end := range s {
		name := g.free(cfg.Nodes[end.Node].Name + "." + deviceName(end.Interface))
		if err := g.veth(cfg, end, g.lan, name); err != nil {
			return err
		}
		far, err := g.lan.link.LinkByName(name)
		if err == nil && bridge != nil {
			err = g.lan.link.LinkSetMaster(far, bridge)
		}
		if err == nil {
			err = g.lan.link.LinkSetUp(far)
		}
		if err == nil {
			err = g.lan.link.LinkSetAlias(far, cfg.Nodes[end.Node].Name+" "+end.Interface)
		}
		if err != nil {
			return fmt.Errorf("the far end of %s %s: %w", cfg.Nodes[end.Node].Name, end.Interface, err)
		}
	}
	return nil
}

// free is a name for an interface in the namespace of what is plugged in nowhere: the one that is wanted, or a part of it
// and a number.
func (g *Ground) free(want string) string {
	name := want[:min(len(want), maxName)]
	for n := 1; ; n++ {
		if _, err := g.lan.link.LinkByName(name); err != nil {
			return name
		}
		tail := fmt.Sprintf("~%d", n)
		name = want[:min(len(want), maxName-len(tail))] + tail
	}
}

// pair makes a link between two nodes.
func (g *Ground) pair(cfg Config, a, b underlay.Port) error {
	name := g.nodes[b.Node].newName(b.Interface)
	if err := g.veth(cfg, a, g.nodes[b.Node].space, name); err != nil {
		return err
	}
	return g.nodes[b.Node].know(b.Interface, name)
}

// veth makes the interface of a node and, by a name, its peer in another namespace.
func (g *Ground) veth(cfg Config, end underlay.Port, far *space, name string) error {
	at := g.nodes[end.Node]
	own := at.newName(end.Interface)
	attrs := netlink.NewLinkAttrs()
	attrs.Name = own
	v := &netlink.Veth{LinkAttrs: attrs, PeerName: name, PeerNamespace: netlink.NsFd(far.handle)}
	if err := at.link.LinkAdd(v); err != nil {
		return fmt.Errorf("the link of %s %s: %w%s", at.name, end.Interface, err, moduleHint(err, "veth"))
	}
	return at.know(end.Interface, own)
}

// know finds an interface that was made by its name.
func (p *place) know(iface, name string) error {
	link, err := p.link.LinkByName(name)
	if err == nil {
		err = p.link.LinkSetAlias(link, iface)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", p.name, iface, err)
	}
	index := link.Attrs().Index
	p.ports[iface], p.byIndex[index] = port{name, index}, iface
	return nil
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

// Watch implements underlay.Ground: an interface that somebody removes can't come back by itself.
func (g *Ground) Watch(lost func(error)) {
	for _, p := range g.nodes {
		updates := make(chan netlink.LinkUpdate)
		if err := netlink.LinkSubscribeAt(p.handle, updates, g.done); err != nil {
			lost(fmt.Errorf("%s: watching the interfaces of namespace %s: %w", p.name, p.space.name, err))
			continue
		}
		g.watch.Go(func() {
			for u := range updates {
				iface := p.byIndex[int(u.Index)]
				if u.Header.Type == unix.RTM_DELLINK && iface != "" {
					lost(fmt.Errorf("%s: interface %s (%s in namespace %s) has vanished: somebody has removed it; bring the lab up again",
						p.name, iface, u.Attrs().Name, p.space.name))
				}
			}
		})
	}
}

// Close takes the run away.
func (g *Ground) Close() error {
	close(g.done)
	var errs []error
	for _, p := range g.nodes {
		errs = append(errs, p.close())
	}
	if g.lan != nil {
		errs = append(errs, g.lan.close())
	}
	g.watch.Wait()
	return errors.Join(append(errs, Clean(g.run), give(g.file))...)
}

// segment is the ends of interfaces that hear each other.
type segment []underlay.Port

// segments finds what is connected: by cables, and by hosts at a router's interface.
func segments(cfg Config) (list []segment) {
	find := func(p underlay.Port) int {
		return slices.IndexFunc(list, func(s segment) bool { return slices.Contains(s, p) })
	}
	for i, n := range cfg.Nodes {
		for _, iface := range n.Interfaces {
			list = append(list, segment{{Node: i, Interface: iface}})
		}
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

//go:build linux

package netns

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"lisplab/devices/underlay"
)

// The routing tables of a node, by the number of the VRF: its routes, the way into its tunnel, and the destinations of a
// proxy ITR. The default VRF has the kernel's main table.
func routeTable(vrf int) int {
	if vrf == 0 {
		return unix.RT_TABLE_MAIN
	}
	return 1000 + vrf
}
func tunnelTable(vrf int) int { return 100 + 1000*min(vrf, 1)*2 + vrf }
func proxyTable(vrf int) int  { return 102 + 1000*min(vrf, 1)*3 + vrf }

// The priorities of a node's rules, smallest first, and the protocol that its rules and routes bear: by these they are known
// as ours.
const (
	firstRule = 5000
	lastRule  = 9999
	protocol  = 76 // 'L'
)

// Apply implements underlay.Ground.
func (g *Ground) Apply(node int, s underlay.State) error {
	a := applying{place: g.nodes[node], s: s, vrfs: s.VRFs(), families: families}
	settle := func() error { g.floor.settle(node, a.ports); return nil }
	return a.each(a.sysctls, a.links, settle, a.addresses, a.tunnels, a.routes, a.rules)
}

// applying is one Apply under way.
type applying struct {
	*place
	s        underlay.State
	vrfs     []string
	families []int
	shared   bool // with the machine: its main table is left alone
}

var families = []int{netlink.FAMILY_V4, netlink.FAMILY_V6}

// each takes steps until one fails.
func (a *applying) each(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// has tells whether addresses of a's family are looked after.
func (a *applying) has(addr netip.Addr) bool {
	if addr.Is4() {
		return slices.Contains(a.families, netlink.FAMILY_V4)
	}
	return slices.Contains(a.families, netlink.FAMILY_V6)
}

func (a *applying) vrf(name string) int { return max(0, slices.Index(a.vrfs, name)) }

// port is the kernel's interface of one of the lab's. Loopbacks are all `lo`; one without a port is no interface here.
func (a *applying) port(i string) (port, bool) {
	if p, ok := a.ports[i]; ok {
		return p, true
	}
	return a.ports[""], strings.HasPrefix(i, "Loopback")
}

func (a *applying) sysctls() error {
	value := map[bool]string{false: "0", true: "1"}
	return within(a.handle, func() error {
		return setAll([]sysctl{
			{"net/ipv4/ip_forward", value[a.s.Forward4], false}, {"net/ipv6/conf/all/forwarding", value[a.s.Forward6], true},
		})
	})
}

// links sets what an interface is without its addresses. Lines go down before others come up.
func (a *applying) links() error {
	up := make(map[string]underlay.InterfaceState)
	for _, i := range a.s.Interfaces {
		if i.Up && a.s.Running {
			up[i.Name] = i
		}
	}
	for _, iface := range slices.Sorted(maps.Keys(a.ports)) {
		if iface == "" {
			continue
		}
		p := a.ports[iface]
		link := &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: p.index, Name: p.name}}
		state, on := up[iface]
		var err error
		if on {
			if err = a.link.LinkSetMTU(link, cmp.Or(state.MTU, underlay.DefaultMTU)); err == nil {
				err = a.link.LinkSetUp(link)
			}
		} else {
			err = a.link.LinkSetDown(link)
		}
		if err != nil {
			return a.vanished(iface, p, err)
		}
	}
	return nil
}

// vanished says more of an interface that isn't there.
func (p *place) vanished(iface string, at port, err error) error {
	if errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("interface %s (%s in namespace %s) has vanished: somebody has removed it; bring the lab up again", iface, at.name, p.space.name)
	}
	return fmt.Errorf("interface %s (%s in namespace %s): %w", iface, at.name, p.space.name, err)
}

// address is one address of one of the kernel's interfaces.
type address struct {
	index int
	addr  netip.Prefix
}

// addresses gives the interfaces their addresses, and takes those away that are no more. Their networks are among the
// routes: the kernel makes none.
func (a *applying) addresses() error {
	want := make(map[address]bool)
	for _, i := range a.s.Interfaces {
		if p, ok := a.port(i.Name); ok && i.Up && a.s.Running {
			for _, addr := range i.Addrs {
				want[address{p.index, addr}] = true
			}
		}
	}
	have := make(map[address]bool)
	list, err := a.link.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("listing addresses: %w", err)
	}
	for _, l := range list {
		have[address{l.LinkIndex, prefixOf(l.IPNet)}] = true
	}
	for addr := range have {
		if _, known := a.byIndex[addr.index]; !want[addr] && (known || addr.index == a.ports[""].index) && !automatic(addr.addr.Addr()) {
			if err := a.link.AddrDel(linkAt(addr.index), netlinkAddr(addr.addr)); err != nil && !errors.Is(err, syscall.EADDRNOTAVAIL) {
				return fmt.Errorf("taking address %v away: %w", addr.addr, err)
			}
		}
	}
	for addr := range want {
		if !have[addr] {
			if err := a.link.AddrReplace(linkAt(addr.index), netlinkAddr(addr.addr)); err != nil {
				return fmt.Errorf("address %v at %s: %w", addr.addr, a.byIndex[addr.index], err)
			}
		}
	}
	return nil
}

// automatic tells whether the kernel itself gives an address.
func automatic(a netip.Addr) bool { return a.IsLoopback() || a.IsLinkLocalUnicast() }

func linkAt(index int) netlink.Link {
	return &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: index}}
}

func netlinkAddr(p netip.Prefix) *netlink.Addr {
	flags := unix.IFA_F_NOPREFIXROUTE
	if p.Addr().Is6() {
		flags |= unix.IFA_F_NODAD
	}
	return &netlink.Addr{IPNet: ipNet(p), Flags: flags}
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func prefixOf(n *net.IPNet) netip.Prefix {
	addr, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits)
}

// addrGenNone is IN6_ADDR_GEN_MODE_NONE, which package unix does not name: an interface gets no link-local address by itself.
const addrGenNone = 1

// tunnels brings the TUN interfaces up.
func (a *applying) tunnels() error {
	if !a.s.Running {
		return nil // they go with their files
	}
	for _, t := range a.s.Tunnels {
		link, err := a.link.LinkByName(t.TunnelDevice())
		if err == nil {
			err = a.link.LinkSetMTU(link, t.MTU)
		}
		if err == nil && slices.Contains(a.families, netlink.FAMILY_V6) { // nothing of the kernel's own, such as router solicitations, is to go into it
			err = a.link.LinkSetIP6AddrGenMode(link, addrGenNone)
			if errors.Is(err, syscall.EAFNOSUPPORT) { // a kernel without IPv6 makes none
				err = nil
			}
		}
		if err == nil {
			err = a.link.LinkSetUp(link)
		}
		for _, addr := range t.Addrs {
			if err == nil && a.has(addr) {
				err = a.link.AddrReplace(link, netlinkAddr(netip.PrefixFrom(addr, addr.BitLen())))
			}
		}
		if err != nil {
			return fmt.Errorf("interface %s: %w", t.TunnelDevice(), err)
		}
	}
	return nil
}

// route is a route as it is compared with the kernel's.
type route struct {
	table   int
	dst     netip.Prefix
	via     netip.Addr
	index   int // of the interface
	kind    int
	version int
}

// ourRoutes select the routes of all tables that are ours, by ourRoutesBy.
var ourRoutes = &netlink.Route{Protocol: protocol, Table: unix.RT_TABLE_UNSPEC}

const ourRoutesBy = netlink.RT_FILTER_PROTOCOL | netlink.RT_FILTER_TABLE

// routes makes the tables what the model says.
func (a *applying) routes() error {
	want := make(map[route]netip.Addr) // with the source that it suggests
	if a.s.Running {
		for _, r := range a.s.Routes {
			if k, ok := a.route(r); ok && a.has(k.dst.Addr()) && !(a.shared && k.table == unix.RT_TABLE_MAIN) {
				want[k] = a.source(r)
			}
		}
		for _, t := range a.s.Tunnels {
			a.tunnelRoutes(t, want)
		}
	}
	for _, family := range a.families {
		list, err := a.link.RouteListFiltered(family, ourRoutes, ourRoutesBy)
		if err != nil {
			return fmt.Errorf("listing routes: %w", err)
		}
		for _, r := range list {
			k := routeOf(r, family)
			if _, keep := want[k]; keep {
				delete(want, k)
				continue
			}
			if err := a.link.RouteDel(&r); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("taking the route to %v away: %w", k.dst, err)
			}
		}
	}
	for k, source := range want {
		r := &netlink.Route{Dst: ipNet(k.dst), Table: k.table, LinkIndex: k.index, Type: k.kind, Protocol: protocol, Scope: netlink.SCOPE_UNIVERSE}
		switch {
		case k.via.IsValid():
			r.Gw, r.Flags = k.via.AsSlice(), int(netlink.FLAG_ONLINK)
		case k.kind == unix.RTN_UNICAST && k.dst.Addr().Is4():
			r.Scope = netlink.SCOPE_LINK
		}
		if source.IsValid() {
			r.Src = source.AsSlice()
		}
		if err := a.put(r); err != nil {
			return fmt.Errorf("route to %v in table %d: %w", k.dst, k.table, err)
		}
	}
	return nil
}

// put adds a route. One that a shared machine has there already is not ours to replace.
func (a *applying) put(r *netlink.Route) error {
	if !a.shared {
		return a.link.RouteReplace(r)
	}
	err := a.link.RouteAdd(r)
	if errors.Is(err, syscall.EEXIST) {
		return fmt.Errorf("%w: somebody else uses the table: `ip route show table %d`", err, r.Table)
	}
	return err
}

// route says a route of the model in the kernel's words. One to Null0 leads into LISP where the VRF has a tunnel, and else
// is an unreachable one, which tells the sender what IOS would.
func (a *applying) route(r underlay.VRFRoute) (route, bool) {
	k := route{table: routeTable(a.vrf(r.VRF)), dst: r.Prefix, via: r.NextHop, kind: unix.RTN_UNICAST, version: bits(r.Prefix)}
	if r.Kind == underlay.RouteDiscard {
		k.via = netip.Addr{}
		if index, ok := a.tunnelIndex(r.VRF); ok {
			k.index = index
			return k, true
		}
		k.kind = unix.RTN_UNREACHABLE
		return k, true
	}
	p, ok := a.port(r.Interface)
	k.index = p.index
	return k, ok
}

func bits(p netip.Prefix) int { return p.Addr().BitLen() }

// source is the address that packets to a connected network bear.
func (a *applying) source(r underlay.VRFRoute) netip.Addr {
	for _, i := range a.s.Interfaces {
		for _, addr := range i.Addrs {
			if i.Name == r.Interface && addr.Masked() == r.Prefix && r.Kind == underlay.RouteConnected {
				return addr.Addr()
			}
		}
	}
	return netip.Addr{}
}

func (a *applying) tunnelIndex(vrf string) (int, bool) {
	for _, t := range a.s.Tunnels {
		if t.VRF == vrf {
			if link, err := a.link.LinkByName(t.TunnelDevice()); err == nil {
				return link.Attrs().Index, true
			}
		}
	}
	return 0, false
}

// all are the prefixes of all packets, by family.
var all = []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}

func (a *applying) tunnelRoutes(t underlay.Tunnel, want map[route]netip.Addr) {
	index, ok := a.tunnelIndex(t.VRF)
	if !ok {
		return
	}
	n := a.vrf(t.VRF)
	add := func(table int, dst netip.Prefix) {
		want[route{table: table, dst: dst, index: index, kind: unix.RTN_UNICAST, version: bits(dst)}] = netip.Addr{}
	}
	for _, dst := range all {
		if a.has(dst.Addr()) {
			add(tunnelTable(n), dst)
		}
	}
	for _, dst := range t.Destinations {
		if a.has(dst.Addr()) {
			add(proxyTable(n), dst)
		}
	}
}

func routeOf(r netlink.Route, family int) route {
	k := route{table: r.Table, index: r.LinkIndex, kind: r.Type, version: 32, dst: all[0]}
	if family == netlink.FAMILY_V6 {
		k.version, k.dst = 128, all[1]
	}
	if r.Dst != nil {
		k.dst = prefixOf(r.Dst)
	}
	if r.Gw != nil {
		via, _ := netip.AddrFromSlice(r.Gw)
		k.via = via.Unmap()
	}
	if k.kind == unix.RTN_UNREACHABLE {
		k.index = 0 // of IPv6 it is lo's
	}
	return k
}

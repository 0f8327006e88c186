//go:build linux

package netns

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"

	"lisplab/devices/underlay"
)

// rule is one routing rule of either family. Zero fields select nothing.
type rule struct {
	family     int
	priority   int
	mark       int
	iif        string
	from       netip.Prefix
	table      int
	suppressed bool // routes of length 0 don't count
}

// rules says, for each VRF, which table a packet is looked up in:
//
//	marked            what the router itself has decided goes by the routes alone
//	from an EID       the VRF's routes but the default one, then the tunnel
//	of a proxy ITR    the VRF's routes but the default one, then its destinations, then (main) the default one
//	into an interface of a VRF, or out of its tunnel: the VRF's table, and no other
func (a *applying) rules() error {
	var want []rule
	if a.s.Running {
		for _, family := range a.families {
			want = append(want, a.rulesOf(family)...)
		}
	}
	for _, family := range a.families {
		list, err := a.link.RuleList(family)
		if err != nil {
			if family == netlink.FAMILY_V6 && errors.Is(err, syscall.EAFNOSUPPORT) {
				continue
			}
			return fmt.Errorf("listing rules: %w", err)
		}
		for _, r := range list {
			if ourRule(r) {
				r.Family = family
				if err := a.link.RuleDel(&r); err != nil && !errors.Is(err, syscall.ENOENT) {
					return fmt.Errorf("taking rule %d away: %w", r.Priority, err)
				}
			}
		}
	}
	for _, w := range want {
		if err := a.link.RuleAdd(w.netlink()); err != nil {
			return fmt.Errorf("rule %d to table %d: %w%s", w.priority, w.table, err, moduleHint(err, "CONFIG_IP_MULTIPLE_TABLES"))
		}
	}
	return nil
}

// ourRule tells whether a rule is ours.
func ourRule(r netlink.Rule) bool {
	return r.Protocol == protocol && r.Priority >= firstRule && r.Priority <= lastRule
}

func (r rule) netlink() *netlink.Rule {
	n := netlink.NewRule()
	n.Family, n.Priority, n.Table, n.IifName, n.Protocol = r.family, r.priority, r.table, r.iif, protocol
	if r.mark != 0 {
		n.Mark = uint32(r.mark)
	}
	if r.from.IsValid() {
		n.Src = ipNet(r.from)
	}
	if r.suppressed {
		n.SuppressPrefixlen = 0
	}
	return n
}

func (a *applying) rulesOf(family int) (list []rule) {
	next := firstRule
	add := func(r rule) {
		r.family, r.priority = family, next
		next++
		list = append(list, r)
	}
	for n := range a.vrfs {
		add(rule{mark: underlay.Mark(n), table: routeTable(n)})
	}
	for n := len(a.vrfs) - 1; n >= 0; n-- { // the default one, which selects nothing by the interface, last
		t := a.tunnel(a.vrfs[n])
		ins := []string{""}
		if n > 0 {
			ins = a.interfacesOf(a.vrfs[n])
		}
		var sources []netip.Prefix
		for _, p := range t.Sources {
			if p.Addr().Is4() == (family == netlink.FAMILY_V4) {
				sources = append(sources, p)
			}
		}
		for _, in := range ins {
			for _, p := range sources {
				add(rule{iif: in, from: p, table: routeTable(n), suppressed: true})
				add(rule{iif: in, from: p, table: tunnelTable(n)})
			}
			if len(t.Destinations) > 0 {
				add(rule{iif: in, table: routeTable(n), suppressed: true})
				add(rule{iif: in, table: proxyTable(n)})
			}
			if n > 0 {
				add(rule{iif: in, table: routeTable(n)})
			}
		}
		if n > 0 { // what the kernel itself sends from an address there
			for _, p := range sources {
				add(rule{iif: "lo", from: p, table: routeTable(n), suppressed: true})
				add(rule{iif: "lo", from: p, table: tunnelTable(n)})
			}
		}
	}
	return list
}

func (a *applying) tunnel(vrf string) underlay.Tunnel {
	for _, t := range a.s.Tunnels {
		if t.VRF == vrf {
			return t
		}
	}
	return underlay.Tunnel{}
}

// interfacesOf are the kernel's interfaces of a VRF, its tunnel among them.
func (a *applying) interfacesOf(vrf string) (names []string) {
	for _, i := range a.s.Interfaces {
		if p, ok := a.ports[i.Name]; ok && i.VRF == vrf {
			names = append(names, p.name)
		}
	}
	for _, t := range a.s.Tunnels {
		if t.VRF == vrf {
			names = append(names, t.TunnelDevice())
		}
	}
	return names
}

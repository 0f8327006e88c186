//go:build linux

package netns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"lisplab/devices/underlay"
)

// Own is the ground of one router that leads the packets of its own machine, or container, into LISP. It adds to the
// network namespace that the process is in what a router's namespace has: tunnels, rules, and the routes of tables of its
// own. What it finds there, addresses, links, the main table and settings, it leaves as it is. It implements
// underlay.Ground.
type Own struct {
	link    *netlink.Handle
	lock    net.Listener
	byIndex map[int]string // the lab's interface of each of the kernel's, as of the last Apply
}

var _ underlay.Ground = (*Own)(nil)

// ownLock is an abstract Unix address, of which each network namespace has one, and which goes with its process: who holds
// it leads the namespace's packets into LISP.
const ownLock = "@lisplab.forward"

// errOwnTaken tells that another process is there already.
var errOwnTaken = errors.New("another router forwards the packets of this machine into LISP already: run this one in a container, or a network namespace, of its own")

// OpenOwn prepares the process's own network namespace. What a killed process has left there is taken away.
func OpenOwn() (*Own, error) {
	if err := checkOwn(); err != nil {
		return nil, err
	}
	o, err := takeOwn()
	if err != nil {
		return nil, err
	}
	if err = underlay.Try(); err == nil {
		_, err = o.clean()
	}
	if err != nil {
		return nil, errors.Join(err, o.release())
	}
	return o, nil
}

// CleanOwn takes away what a killed process has left in the network namespace of this one, and tells whether there was
// anything. It leaves what belongs to a process that lives.
func CleanOwn() (found bool, err error) {
	o, err := takeOwn()
	if errors.Is(err, errOwnTaken) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	found, err = o.clean()
	return found, errors.Join(err, o.release())
}

// takeOwn makes the process the one that is responsible for its network namespace.
func takeOwn() (*Own, error) {
	lock, err := net.Listen("unix", ownLock)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, errOwnTaken
	}
	if err != nil {
		return nil, err
	}
	link, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("talking to the kernel by netlink: %w", err), lock.Close())
	}
	return &Own{link: link, lock: lock}, nil
}

// ownRights are what forwarding takes.
var ownRights = []struct {
	bit        int
	name, what string
}{
	{unix.CAP_NET_ADMIN, "NET_ADMIN", "interfaces and rules"},
	{unix.CAP_NET_RAW, "NET_RAW", "whole packets"},
}

// checkOwn tells which rights the process misses, and what to do about it.
func checkOwn() error {
	var have [2]unix.CapUserData
	if err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &have[0]); err != nil {
		return fmt.Errorf("asking for the rights of this process: %w", err)
	}
	for _, r := range ownRights {
		if have[r.bit/32].Effective&(1<<(r.bit%32)) == 0 {
			return fmt.Errorf("leading the machine's packets into LISP needs root, or CAP_%s for %s: sudo, or in a container --cap-add %s", r.name, r.what, r.name)
		}
	}
	return nil
}

// Enter implements underlay.Ground.
func (o *Own) Enter(_ int, fn func() error) error { return fn() }

// Interface implements underlay.Ground: the interface of the lab that has an address which the kernel's has.
func (o *Own) Interface(_, index int) string { return o.byIndex[index] }

// Relay and Wire implement underlay.Ground: there are no segments.
func (o *Own) Relay(underlay.Port, bool) error { return nil }

// Wire has none.
func (o *Own) Wire(underlay.Port) (*os.File, error) { return nil, errors.ErrUnsupported }

// Counters has none: the ports are the machine's.
func (o *Own) Counters(underlay.Port) (underlay.Counters, error) {
	return underlay.Counters{}, errors.ErrUnsupported
}

// Watch implements underlay.Ground. Tunnels that vanish are noticed by who reads them; nothing else here is the ground's.
func (o *Own) Watch(func(error)) {}

// Apply implements underlay.Ground.
func (o *Own) Apply(_ int, s underlay.State) error {
	a := o.applying(s)
	if err := o.findPorts(a); err != nil {
		return err
	}
	o.byIndex = a.byIndex
	return a.each(a.tunnels, a.routes, a.rules)
}

func (o *Own) applying(s underlay.State) *applying {
	at := &place{space: &space{link: o.link}, ports: make(map[string]port), byIndex: make(map[int]string)}
	a := &applying{place: at, s: s, vrfs: s.VRFs(), families: families, shared: true}
	if slices.ContainsFunc(s.Tunnels, func(t underlay.Tunnel) bool { return !hasIPv6(t.TunnelDevice()) }) {
		a.families = families[:1]
	}
	return a
}

// findPorts finds the machine's interface of each of the lab's by their addresses. Of several that have one, as VRFs may, the
// first is that of the first.
func (o *Own) findPorts(a *applying) error {
	list, err := o.link.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("listing addresses: %w", err)
	}
	at := make(map[netip.Addr][]int) // several, in VRFs
	for _, l := range list {
		addr := prefixOf(l.IPNet).Addr()
		at[addr] = append(at[addr], l.LinkIndex)
	}
	for _, i := range a.s.Interfaces {
		var near []int
		for _, addr := range i.Addrs {
			near = append(near, at[addr.Addr()]...)
		}
		for _, index := range near {
			if a.byIndex[index] != "" {
				continue // that of an earlier one
			}
			link, err := o.link.LinkByIndex(index)
			if err != nil || link.Type() == "tuntap" { // gone, or one of the tunnels
				continue
			}
			a.ports[i.Name], a.byIndex[index] = port{link.Attrs().Name, index}, i.Name
			break
		}
	}
	return nil
}

// clean takes away what is known as ours, and tells whether there was anything.
func (o *Own) clean() (found bool, err error) {
	for _, family := range families {
		rules, err := o.link.RuleList(family)
		found = found || slices.ContainsFunc(rules, ourRule)
		if err != nil && !errors.Is(err, syscall.EAFNOSUPPORT) {
			return found, fmt.Errorf("listing rules: %w", err)
		}
		routes, err := o.link.RouteListFiltered(family, ourRoutes, ourRoutesBy)
		found = found || len(routes) > 0
		if err != nil && !errors.Is(err, syscall.EAFNOSUPPORT) {
			return found, fmt.Errorf("listing routes: %w", err)
		}
	}
	if !found {
		return false, nil
	}
	a := o.applying(underlay.State{})
	return true, a.each(a.routes, a.rules)
}

// Close takes everything away that was added. The tunnels go with their files.
func (o *Own) Close() error {
	_, err := o.clean()
	return errors.Join(err, o.release())
}

// release lets another process be responsible.
func (o *Own) release() error {
	o.link.Close()
	return o.lock.Close()
}

// Hindrances tells what of the machine's settings keeps packets from passing between it and the tunnels of a State, each
// with what to do about it.
func (o *Own) Hindrances(s underlay.State) (list []string) {
	of4 := func(p netip.Prefix) bool { return p.Addr().Is4() }
	of6 := func(p netip.Prefix) bool { return p.Addr().Is6() }
	in := func(is func(netip.Prefix) bool) bool {
		return slices.ContainsFunc(s.Tunnels, func(t underlay.Tunnel) bool {
			return slices.ContainsFunc(t.Sources, is) || slices.ContainsFunc(t.Destinations, is)
		})
	}
	want := func(path, value, why string) {
		if now := setting(path); now != "" && now != value {
			name := strings.ReplaceAll(path, "/", ".")
			list = append(list, fmt.Sprintf("%s is %s: %s. `sysctl -w %s=%s` mends it; of a container, --sysctl %[4]s=%[5]s", name, now, why, name, value))
		}
	}
	if in(of4) {
		want("net/ipv4/ip_forward", "1", "only the machine's own IPv4 packets go through LISP, none of others that it is to forward")
	}
	switch {
	case !in(of6):
	case slices.ContainsFunc(s.Tunnels, func(t underlay.Tunnel) bool { return !hasIPv6(t.TunnelDevice()) }):
		want("net/ipv6/conf/default/disable_ipv6", "0", "no IPv6 packets go through LISP")
	default:
		want("net/ipv6/conf/all/forwarding", "1", "only the machine's own IPv6 packets go through LISP, none of others that it is to forward")
	}
	for _, t := range s.Tunnels {
		// The kernel takes the larger value.
		if max(setting("net/ipv4/conf/all/rp_filter"), setting("net/ipv4/conf/"+t.TunnelDevice()+"/rp_filter")) == "1" {
			want("net/ipv4/conf/all/rp_filter", "2", "IPv4 packets are dropped whose answers would go another way, into LISP or past it")
			break
		}
	}
	return list
}

// setting reads one of the namespace's settings; "" when there is none of the name.
func setting(path string) string {
	b, err := os.ReadFile(filepath.Join("/proc/sys", path))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// hasIPv6 tells whether an interface has IPv6.
func hasIPv6(device string) bool { return setting("net/ipv6/conf/"+device+"/disable_ipv6") == "0" }

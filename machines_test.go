//go:build linux

package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	vishnetns "github.com/vishvananda/netns"
	"golang.org/x/net/icmp"
	"golang.org/x/sys/unix"
)

// space is a network namespace of a test's own, a machine of its own for what runs in it. It has no name, and goes with the
// test.
type space struct {
	t    *testing.T
	ns   vishnetns.NsHandle
	link *netlink.Handle
}

// newSpace makes a machine that has lo, and forwards IPv4.
func newSpace(t *testing.T) *space {
	t.Helper()
	s := &space{t: t}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends in the namespace
		done <- s.make()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.link.Close()
		_ = s.ns.Close()
	})
	s.up("lo")
	return s
}

func (s *space) make() (err error) {
	if s.ns, err = vishnetns.New(); err != nil {
		return err
	}
	for path, value := range map[string]string{
		"ipv4/ip_forward": "1", "ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0",
		"ipv6/conf/default/accept_dad": "0", "ipv6/conf/default/router_solicitations": "0",
	} {
		if err := setting(path, value); err != nil {
			return err
		}
	}
	s.link, err = netlink.NewHandle(unix.NETLINK_ROUTE)
	return err
}

// setting sets what is below net of the sysctls, if the kernel has it, of the namespace of the thread.
func setting(path, value string) error {
	err := os.WriteFile("/proc/sys/net/"+path, []byte(value), 0)
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// do runs fn in the namespace, or here if that is nil. A process that fn starts is there, too.
func (s *space) do(fn func() error) error {
	if s == nil {
		return fn()
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends in the namespace
		err := vishnetns.Set(s.ns)
		if err == nil {
			err = fn()
		}
		done <- err
	}()
	return <-done
}

// cable connects two machines by interfaces of these names.
func cable(a *space, nameA string, b *space, nameB string) {
	a.t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = nameA
	if err := a.link.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: nameB, PeerNamespace: netlink.NsFd(b.ns)}); err != nil {
		a.t.Fatal(err)
	}
}

// core is a machine whose cables all hear each other.
type core struct {
	*space
	bridge netlink.Link
}

func newCore(t *testing.T) *core {
	t.Helper()
	s := newSpace(t)
	if err := s.link.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "bridge"}}); err != nil {
		t.Skip("no bridges here:", err)
	}
	s.up("bridge")
	bridge, err := s.link.LinkByName("bridge")
	if err != nil {
		t.Fatal(err)
	}
	return &core{s, bridge}
}

// join makes a machine at the core, all of whose packets go there by its eth0.
func (c *core) join(name, address string) (s *space, eth0 int) {
	c.t.Helper()
	s = newSpace(c.t)
	cable(s, "eth0", c.space, name)
	far, err := c.link.LinkByName(name)
	if err == nil {
		err = c.link.LinkSetMaster(far, c.bridge)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.up(name)
	eth0 = s.up("eth0", address)
	s.defaultRoute(eth0, "")
	return s, eth0
}

// behind makes a machine at a new interface of another, which is its gateway.
func behind(router *space, iface, gateway, address string) *space {
	router.t.Helper()
	s := newSpace(router.t)
	cable(router, iface, s, "eth0")
	router.up(iface, gateway+"/24")
	s.defaultRoute(s.up("eth0", address), gateway)
	return s
}

// up brings an interface up, with addresses.
func (s *space) up(name string, addrs ...string) (index int) {
	s.t.Helper()
	link, err := s.link.LinkByName(name)
	if err == nil {
		err = s.link.LinkSetUp(link)
	}
	for _, a := range addrs {
		if err == nil {
			var addr *netlink.Addr
			if addr, err = netlink.ParseAddr(a); err == nil {
				err = s.link.AddrAdd(link, addr)
			}
		}
	}
	if err != nil {
		s.t.Fatalf("interface %s: %v", name, err)
	}
	return link.Attrs().Index
}

// defaultRoute leads all else out of an interface, or to a gateway.
func (s *space) defaultRoute(index int, gateway string) {
	s.t.Helper()
	r := &netlink.Route{Dst: &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}, LinkIndex: index}
	if r.Scope = netlink.SCOPE_LINK; gateway != "" {
		r.Scope, r.Gw = netlink.SCOPE_UNIVERSE, net.ParseIP(gateway)
	}
	if err := s.link.RouteAdd(r); err != nil {
		s.t.Fatal(err)
	}
}

// ping sends echo requests from an address of the machine, as its kernel routes them, and tells how many were answered.
func (s *space) ping(from, to string, count int) (answered int) {
	s.t.Helper()
	err := s.do(func() error {
		c, err := icmp.ListenPacket("ip4:icmp", from)
		if err != nil {
			return err
		}
		defer c.Close()
		answered, err = echo(c, to, count)
		return err
	})
	if err != nil {
		s.t.Fatalf("ping from %s: %v", from, err)
	}
	return answered
}

// network is what a router must leave as it was: the machine's links, addresses, rules, and the routes of all tables, but for
// those that the kernel makes when it finds the time.
func (s *space) network() (list []string) {
	s.t.Helper()
	links, err := s.link.LinkList()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, l := range links {
		list = append(list, fmt.Sprintf("link %s mtu %d", l.Attrs().Name, l.Attrs().MTU))
	}
	addrs, err := s.link.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, a := range addrs {
		if !a.IP.IsLinkLocalUnicast() {
			list = append(list, fmt.Sprintf("address %v at %d", a.IPNet, a.LinkIndex))
		}
	}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		rules, err := s.link.RuleList(family)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range rules {
			list = append(list, fmt.Sprintf("%v to table %d", r, r.Table))
		}
		routes, err := s.link.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range routes {
			if r.Protocol != unix.RTPROT_KERNEL {
				list = append(list, fmt.Sprintf("route %v", r))
			}
		}
	}
	slices.Sort(list)
	return list
}

// wire is what passes at an interface from now on.
type wire struct {
	t  *testing.T
	fd int
}

func (s *space) listen(index int) wire {
	s.t.Helper()
	w := wire{t: s.t}
	err := s.do(func() (err error) {
		if w.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err == nil {
			const all = unix.ETH_P_ALL
			err = unix.Bind(w.fd, &unix.SockaddrLinklayer{Protocol: all<<8 | all>>8, Ifindex: index})
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = unix.Close(w.fd) })
	return w
}

// passed tells how many encapsulated packets have passed since it was last asked, and the EIDs whose packets passed as they
// are.
func (w wire) passed() (encapsulated int, bare []netip.Addr) {
	w.t.Helper()
	eids := netip.MustParsePrefix("10.0.0.0/8")
	b := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(w.fd, b, 0)
		switch {
		case err == unix.EAGAIN:
			return encapsulated, bare
		case err != nil:
			w.t.Fatal(err)
		case n < 28 || b[0] != 0x45:
			continue
		}
		if src := netip.AddrFrom4([4]byte(b[12:16])); eids.Contains(src) {
			bare = append(bare, src)
		}
		if b[9] == unix.IPPROTO_UDP && b[22] == 4341>>8 && b[23] == 4341&0xff {
			encapsulated++
		}
	}
}

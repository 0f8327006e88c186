//go:build linux

package netns

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// space is one network namespace.
type space struct {
	name   string
	handle netns.NsHandle
	link   *netlink.Handle // speaks with the kernel inside
}

// within runs fn on a thread that is in a namespace. fn returns on the thread that it came on. A thread that does not find
// its way back is not used again: it ends with its goroutine.
func within(ns netns.NsHandle, fn func() error) error {
	done := make(chan error)
	go func() { done <- onThread(ns, fn) }()
	return <-done
}

func onThread(ns netns.NsHandle, fn func() error) (err error) {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	if err := netns.Set(ns); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering a network namespace: %w", err)
	}
	defer func() {
		if netns.Set(home) == nil {
			runtime.UnlockOSThread()
		}
	}()
	return fn()
}

// newSpace makes a named namespace with some settings.
func newSpace(name string, settings []sysctl) (*space, error) {
	s := &space{name: name, handle: netns.None()}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends in the new namespace
		done <- s.make(settings)
	}()
	err := <-done
	if err == nil {
		s.link, err = netlink.NewHandleAt(s.handle)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making network namespace %s: %w", name, err), s.close(), removeSpace(name))
	}
	return s, nil
}

// make makes the namespace of the thread that it runs on, and gives it its name.
func (s *space) make(settings []sysctl) (err error) {
	if err := os.MkdirAll(spaceDir, 0o755); err != nil {
		return err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	path := filepath.Join(spaceDir, s.name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	self := fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())
	if err := unix.Mount(self, path, "bind", unix.MS_BIND, ""); errors.Is(err, unix.EPERM) {
		return fmt.Errorf("mounting it at %s: %w: root of a user namespace, as in a container without privileges, can't; give it --privileged", path, err)
	} else if err != nil {
		return fmt.Errorf("mounting it at %s: %w", path, err)
	}
	if s.handle, err = netns.GetFromPath(self); err != nil {
		return err
	}
	return setAll(settings)
}

// close lets go of the namespace. Its name stays until removeSpace.
func (s *space) close() error {
	if s.link != nil {
		s.link.Close()
	}
	if s.handle.IsOpen() {
		return s.handle.Close()
	}
	return nil
}

// sysctl is one setting of a namespace.
type sysctl struct {
	path, value string
	may         bool // it may be missing: the kernel has no IPv6, or no filters on bridges
}

// nodeSysctls are what every node's namespace needs: no filter on the way back, which a tunnel would not pass; errors that bear the
// address of the interface by which the packet came, as a router's do; and no announcement and no waiting that nobody has
// configured. Link-local addresses stay: neighbour discovery needs them.
var nodeSysctls = []sysctl{
	{"net/ipv4/conf/all/rp_filter", "0", false}, {"net/ipv4/conf/default/rp_filter", "0", false},
	{"net/ipv4/icmp_errors_use_inbound_ifaddr", "1", false},
	{"net/ipv4/conf/default/proxy_arp", "1", false},
	{"net/ipv6/conf/all/disable_ipv6", "0", true}, {"net/ipv6/conf/default/disable_ipv6", "0", true},
	{"net/ipv6/conf/all/accept_dad", "0", true}, {"net/ipv6/conf/default/accept_dad", "0", true},
	{"net/ipv6/conf/default/accept_ra", "0", true},
	{"net/ipv6/conf/default/router_solicitations", "0", true},
}

// routerSysctls are what a router's namespace needs besides: what its kernel makes begins with a router's TTL.
var routerSysctls = []sysctl{{"net/ipv4/ip_default_ttl", "255", false}, {"net/ipv6/conf/default/hop_limit", "255", true}}

// floorSysctls make the floor say nothing itself, and keep filters away from what it bridges.
var floorSysctls = []sysctl{
	{"net/ipv6/conf/all/disable_ipv6", "1", true}, {"net/ipv6/conf/default/disable_ipv6", "1", true},
	{"net/bridge/bridge-nf-call-iptables", "0", true}, {"net/bridge/bridge-nf-call-ip6tables", "0", true},
	{"net/bridge/bridge-nf-call-arptables", "0", true},
}

// setAll sets what belongs to the namespace of the thread that it runs on.
func setAll(list []sysctl) error {
	for _, s := range list {
		err := os.WriteFile(filepath.Join("/proc/sys", s.path), []byte(s.value), 0)
		if err != nil && !(s.may && errors.Is(err, os.ErrNotExist)) {
			return fmt.Errorf("setting %s to %s: %w", s.path, s.value, err)
		}
	}
	return nil
}

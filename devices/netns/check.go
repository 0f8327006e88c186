//go:build linux

package netns

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"lisplab/devices/underlay"
)

var errNoRoot = errors.New("the netns underlay needs root: run it with sudo; the default underlay, loopback, needs none")

// Check tells what the netns underlay misses on this machine, and what to do about it. It leaves nothing behind.
func Check() error {
	if os.Geteuid() != 0 {
		return errNoRoot
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: what is made here ends with the thread
		done <- try()
	}()
	return <-done
}

// try makes one of each in a namespace of its own.
func try() error {
	switch err := unix.Unshare(unix.CLONE_NEWNET); {
	case errors.Is(err, syscall.EPERM):
		return fmt.Errorf("making a network namespace: %w: in a container, give it --cap-add NET_ADMIN --cap-add SYS_ADMIN, or --privileged; the default underlay, loopback, needs neither", err)
	case errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("making a network namespace: %w: this kernel has none (CONFIG_NET_NS); use the default underlay, loopback", err)
	case err != nil:
		return fmt.Errorf("making a network namespace: %w", err)
	}
	link, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("talking to the kernel by netlink: %w", err)
	}
	defer link.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "a"
	if err := link.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "b"}); err != nil {
		return fmt.Errorf("making a veth link: %w%s", err, moduleHint(err, "veth"))
	}
	if err := link.LinkAdd(newBridge("c")); err != nil {
		return fmt.Errorf("making a bridge: %w%s", err, moduleHint(err, "bridge"))
	}
	if err := plain("a"); err != nil {
		return err
	}
	r := rule{family: netlink.FAMILY_V4, priority: firstRule, table: tunnelTable(0), suppressed: true}
	if err := link.RuleAdd(r.netlink()); err != nil {
		return fmt.Errorf("making a routing rule: %w%s", err, moduleHint(err, "CONFIG_IP_MULTIPLE_TABLES"))
	}
	if err := setAll(nodeSysctls); err != nil {
		return fmt.Errorf("%w: in a container, /proc/sys must be writable: --privileged", err)
	}
	return underlay.Try()
}

// moduleHint says what to do when the kernel doesn't know a kind of thing, by the name of its module or of the option that it
// was built without, or doesn't let this process make one.
func moduleHint(err error, module string) string {
	switch {
	case errors.Is(err, syscall.EPERM):
		return ": in a container, give it --cap-add NET_ADMIN, or --privileged"
	case !errors.Is(err, syscall.EOPNOTSUPP) && !errors.Is(err, syscall.EAFNOSUPPORT) && !errors.Is(err, syscall.ENODEV):
		return ""
	case strings.HasPrefix(module, "CONFIG_"):
		return fmt.Sprintf(": this kernel was built without %s; use the default underlay, loopback", module)
	}
	return fmt.Sprintf(": this kernel has no %s; `modprobe %s` may load it", module, module)
}

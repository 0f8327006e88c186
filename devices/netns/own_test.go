//go:build linux

package netns

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"lisplab/devices/underlay"
)

// ownNamespace puts the goroutine of the test into a network namespace of its own, which ends with it.
func ownNamespace(t *testing.T) {
	t.Helper()
	if err := Check(); err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread() // and never unlocked: the thread ends in the namespace
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
}

func openOwn(t *testing.T) *Own {
	t.Helper()
	o, err := OpenOwn()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A namespace has one router that leads its packets into LISP; the next may when that has ended.
func TestOwnIsOne(t *testing.T) {
	ownNamespace(t)
	o := openOwn(t)
	if _, err := OpenOwn(); !errors.Is(err, errOwnTaken) {
		t.Errorf("a second one: %v", err)
	}
	if found, err := CleanOwn(); found || err != nil {
		t.Errorf("what belongs to a process that lives is taken away: %t, %v", found, err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if err := openOwn(t).Close(); err != nil {
		t.Error(err)
	}
}

// Each right that is missing is named, with what to do about it.
func TestOwnRights(t *testing.T) {
	ownNamespace(t)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var rights [2]unix.CapUserData
	if err := unix.Capget(&header, &rights[0]); err != nil {
		t.Fatal(err)
	}
	for _, r := range ownRights {
		less := rights
		less[r.bit/32].Effective &^= 1 << (r.bit % 32)
		if err := unix.Capset(&header, &less[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenOwn(); err == nil || !strings.Contains(err.Error(), "needs root, or CAP_"+r.name) || !strings.Contains(err.Error(), "--cap-add "+r.name) {
			t.Errorf("without CAP_%s: %v", r.name, err)
		}
		if err := unix.Capset(&header, &rights[0]); err != nil {
			t.Fatal(err)
		}
	}
}

// The rules of others, and their routes, stay; a table that somebody uses is not taken over.
func TestOwnLeavesOthersAlone(t *testing.T) {
	ownNamespace(t)
	o := openOwn(t)
	defer func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		rules, err := netlink.RuleList(netlink.FAMILY_V4)
		if err != nil || len(rules) != 4 {
			t.Errorf("at the end the rules are %v, %v; want those of the kernel and one more", rules, err)
		}
	}()
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	theirs := netlink.NewRule()
	theirs.Priority, theirs.Table = firstRule+1, 300
	if err == nil {
		err = netlink.RuleAdd(theirs)
	}
	if err != nil {
		t.Fatal(err)
	}
	tun := &netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "lisp0"}, Mode: netlink.TUNTAP_MODE_TUN}
	if err := netlink.LinkAdd(tun); err != nil {
		t.Fatal(err)
	}
	s := underlay.State{Running: true, Tunnels: []underlay.Tunnel{{MTU: 1464, Sources: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}}}
	ruled := func(want int) {
		t.Helper()
		rules, err := netlink.RuleList(netlink.FAMILY_V4)
		if err != nil || len(rules) != want {
			t.Errorf("the rules are %v, %v; want %d", rules, err, want)
		}
	}
	for range 2 { // the same again changes nothing
		if err := o.Apply(0, s); err != nil {
			t.Fatal(err)
		}
		ruled(3 + 1 + 3) // the kernel's, theirs, and mark and two of the EID prefix
	}
	if err := o.Apply(0, underlay.State{}); err != nil {
		t.Fatal(err)
	}
	ruled(3 + 1)
	taken := &netlink.Route{LinkIndex: lo.Attrs().Index, Table: tunnelTable(0), Dst: ipNet(all[0]), Scope: netlink.SCOPE_LINK}
	if err := netlink.RouteAdd(taken); err != nil {
		t.Fatal(err)
	}
	if err := o.Apply(0, s); err == nil || !strings.Contains(err.Error(), "route to 0.0.0.0/0 in table 100: file exists: somebody else uses the table: `ip route show table 100`") {
		t.Errorf("where somebody has a table 100: %v", err)
	}
}

// Settings of the machine that are in the way are told of, with the command that mends them, and no others.
func TestOwnHindrances(t *testing.T) {
	ownNamespace(t)
	set := func(path, value string) {
		t.Helper()
		if err := os.WriteFile("/proc/sys/net/"+path, []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	}
	o := openOwn(t)
	defer o.Close()
	if err := netlink.LinkAdd(&netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "lisp0"}, Mode: netlink.TUNTAP_MODE_TUN}); err != nil {
		t.Fatal(err)
	}
	v4, v6 := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}
	for _, row := range []struct {
		path, value string
		tunnel      underlay.Tunnel
		want        string // of a hindrance; "" is none
	}{
		{"ipv4/ip_forward", "0", underlay.Tunnel{Sources: v4}, "`sysctl -w net.ipv4.ip_forward=1` mends it; of a container, --sysctl net.ipv4.ip_forward=1"},
		{"ipv4/ip_forward", "1", underlay.Tunnel{Destinations: v4}, ""},
		{"ipv6/conf/all/forwarding", "0", underlay.Tunnel{Destinations: v6}, "net.ipv6.conf.all.forwarding is 0: "},
		{"ipv6/conf/all/forwarding", "1", underlay.Tunnel{Sources: v6}, ""},
		{"ipv4/ip_forward", "0", underlay.Tunnel{Sources: v6}, ""},
		{"ipv4/ip_forward", "1", underlay.Tunnel{Sources: v4}, ""},
		{"ipv4/conf/all/rp_filter", "1", underlay.Tunnel{}, "`sysctl -w net.ipv4.conf.all.rp_filter=2`"},
		{"ipv4/conf/all/rp_filter", "2", underlay.Tunnel{}, ""},
		{"ipv4/conf/all/rp_filter", "0", underlay.Tunnel{}, ""},
		{"ipv4/conf/lisp0/rp_filter", "1", underlay.Tunnel{}, "net.ipv4.conf.all.rp_filter is 0: "},
		{"ipv6/conf/lisp0/disable_ipv6", "1", underlay.Tunnel{Sources: v6}, "no IPv6 packets go through LISP"},
	} {
		if row.path == "ipv6/conf/lisp0/disable_ipv6" {
			set("ipv6/conf/default/disable_ipv6", "1") // as where lisp0 has it from
		}
		set(row.path, row.value)
		got := strings.Join(o.Hindrances(underlay.State{Running: true, Tunnels: []underlay.Tunnel{row.tunnel}}), "; ")
		if !strings.Contains(got, row.want) || row.want == "" && got != "" {
			t.Errorf("%s is %s, tunnel %+v: %q, want %q", row.path, row.value, row.tunnel, got, row.want)
		}
	}
}

//go:build linux

package netns

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"

	"lisplab/devices/underlay"
)

func TestNames(t *testing.T) {
	for iface, want := range map[string]string{
		"GigabitEthernet0/1": "Gi0-1", "TenGigabitEthernet1/0/48": "Te1-0-48", "eth0": "eth0", "FastEthernet0/0": "Fa0-0",
	} {
		if got := deviceName(iface); got != want {
			t.Errorf("%s is %s in the kernel, want %s", iface, got, want)
		}
	}
	if got := RunName("my lab/2.0"); got != "my-lab-2-0" {
		t.Errorf("a run of `my lab/2.0` is %s", got)
	}
	for space, want := range map[string]string{"lisplab.a.xTR1": "a", "lisplab.a": "a", "lisplab.": "", "other": "", "lisplab.b.x.y": "b"} {
		if got, ours := runOf(space); got != want || ours != (want != "") {
			t.Errorf("%s belongs to run %q (%t), want %q", space, got, ours, want)
		}
	}
}

// Two ends are a link, more a LAN, and one waits for what may be plugged in.
func TestSegments(t *testing.T) {
	at := func(node int, iface string) underlay.Port { return underlay.Port{Node: node, Interface: iface} }
	got := segments(Config{
		Nodes: []Node{{Name: "r1", Interfaces: []string{"a", "b", "c"}}, {Name: "r2", Interfaces: []string{"a"}},
			{Name: "h1", Interfaces: []string{"eth0"}}, {Name: "h2", Interfaces: []string{"eth0"}}},
		Cables: [][2]underlay.Port{{at(0, "a"), at(1, "a")}, {at(0, "b"), at(2, "eth0")}, {at(0, "b"), at(3, "eth0")}},
	})
	want := [][]underlay.Port{{at(0, "a"), at(1, "a")}, {at(0, "b"), at(2, "eth0"), at(3, "eth0")}, {at(0, "c")}}
	if !slices.EqualFunc(got, want, func(a, b []underlay.Port) bool { return slices.Equal(a, b) }) {
		t.Errorf("%v\nwant %v", got, want)
	}
}

// An ITR asks LISP about packets from its EID prefixes, a proxy ITR about those to its destinations, each VRF by its own
// interfaces and before the default one.
func TestRules(t *testing.T) {
	eid := netip.MustParsePrefix("10.1.0.0/16")
	a := applying{
		place: &place{ports: map[string]port{"GigabitEthernet0/1": {"Gi0-1", 2}}},
		s: underlay.State{
			Interfaces: []underlay.InterfaceState{{Interface: underlay.Interface{Name: "GigabitEthernet0/1", VRF: "red"}}},
			Tunnels: []underlay.Tunnel{
				{Sources: []netip.Prefix{eid}}, {VRF: "red", Instance: 7, Destinations: []netip.Prefix{eid}},
			},
		},
	}
	a.vrfs = a.s.VRFs()
	want := []rule{
		{mark: underlay.Mark(0), table: 254}, {mark: underlay.Mark(1), table: 1001},
		{iif: "Gi0-1", table: 1001, suppressed: true}, {iif: "Gi0-1", table: proxyTable(1)}, {iif: "Gi0-1", table: 1001},
		{iif: "lisp0.7", table: 1001, suppressed: true}, {iif: "lisp0.7", table: proxyTable(1)}, {iif: "lisp0.7", table: 1001},
		{from: eid, table: 254, suppressed: true}, {from: eid, table: 100},
	}
	for i := range want {
		want[i].family, want[i].priority = netlink.FAMILY_V4, firstRule+i
	}
	if got := a.rulesOf(netlink.FAMILY_V4); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

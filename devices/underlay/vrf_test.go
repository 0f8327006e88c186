package underlay

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"lisplab/lispcore"
)

// newVRFs is the world with two VRFs at a that use the same addresses.
func newVRFs(t testing.TB) *world {
	w := newWorld(t)
	w.n.Configure(0, Routing{
		Interfaces: []Interface{
			{Name: "Gi0", Addrs: prefixes("10.0.1.1/31", "2001:db8:1::1/64")},
			{Name: "Gi1", VRF: "RED", Addrs: prefixes("10.10.10.1/24")},
			{Name: "Gi2", VRF: "BLUE", Addrs: prefixes("10.10.10.1/24", "10.20.20.1/24")},
			{Name: "Loopback0", Addrs: prefixes("192.0.2.1/32")},
		},
		Routes: []Route{
			{Prefix: netip.MustParsePrefix("0.0.0.0/0"), NextHop: netip.MustParseAddr("10.0.1.0")},
			{VRF: "RED", Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: netip.MustParseAddr("10.10.10.9")},
			{VRF: "BLUE", Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: netip.MustParseAddr("10.20.20.9")},
			{VRF: "RED", Prefix: netip.MustParsePrefix("172.17.0.0/16"), NextHop: netip.MustParseAddr("10.20.20.9")}, // of BLUE: resolves nothing
			{VRF: "BLUE", Prefix: netip.MustParsePrefix("192.168.0.0/16"), Interface: Null0},
		},
	})
	w.update()
	return w
}

// Each VRF has its own routes, addresses and sources.
func TestVRFLookup(t *testing.T) {
	w := newVRFs(t)
	for _, row := range []struct{ vrf, dst, want, source string }{
		{"", "10.10.10.1", "static 0.0.0.0/0 Gi0 10.0.1.0", "10.0.1.1"},
		{"", "10.0.1.0", "connected 10.0.1.0/31 Gi0", "10.0.1.1"},
		{"", "10.0.1.1", "local 10.0.1.1/32 Gi0", "10.0.1.1"},
		{"", "192.0.2.1", "local 192.0.2.1/32 Loopback0", "192.0.2.1"},
		{"", "2001:db8:1::2", "connected 2001:db8:1::/64 Gi0", "2001:db8:1::1"},
		{"", "2001:db8:2::2", "", ""},
		{"RED", "10.10.10.7", "connected 10.10.10.0/24 Gi1", "10.10.10.1"},
		{"RED", "172.16.1.1", "static 172.16.0.0/16 Gi1 10.10.10.9", "10.10.10.1"},
		{"RED", "172.17.1.1", "", ""},
		{"RED", "10.20.20.1", "", ""},
		{"BLUE", "10.10.10.7", "connected 10.10.10.0/24 Gi2", "10.10.10.1"},
		{"BLUE", "172.16.1.1", "static 172.16.0.0/16 Gi2 10.20.20.9", "10.10.10.1"},
		{"BLUE", "192.168.1.1", "discard 192.168.0.0/16 Null0", ""},
		{"BLUE", "8.8.8.8", "", ""},
		{"GREEN", "10.10.10.1", "", ""},
	} {
		dst := netip.MustParseAddr(row.dst)
		got := ""
		if r, ok := w.n.Lookup(0, row.vrf, dst); ok {
			got = describeRoute(r)
		}
		source, ok := w.n.SourceIn(0, row.vrf, dst)
		if got != row.want || ok != (row.source != "") || ok && source.String() != row.source {
			t.Errorf("%q to %s: %q from %v, want %q from %s", row.vrf, row.dst, got, source, row.want, row.source)
		}
	}
	if w.n.Owns(0, netip.MustParseAddr("10.10.10.1")) {
		t.Error("an address of a VRF is taken for one of the default VRF")
	}
	if got := w.n.VRFs(0); !slices.Equal(got, []string{"", "BLUE", "RED"}) {
		t.Errorf("VRFs %q", got)
	}
	if got := len(w.n.Static(0)); got != 4 {
		t.Errorf("%d static routes stand, want 4", got)
	}
}

func TestRoutes(t *testing.T) {
	w := newVRFs(t)
	for vrf, want := range map[string]string{
		"": `
			static 0.0.0.0/0 Gi0 10.0.1.0
			connected 10.0.1.0/31 Gi0
			local 10.0.1.1/32 Gi0
			connected 192.0.2.1/32 Loopback0
			connected 2001:db8:1::/64 Gi0
			local 2001:db8:1::1/128 Gi0`,
		"BLUE": `
			connected 10.10.10.0/24 Gi2
			local 10.10.10.1/32 Gi2
			connected 10.20.20.0/24 Gi2
			local 10.20.20.1/32 Gi2
			static 172.16.0.0/16 Gi2 10.20.20.9
			discard 192.168.0.0/16 Null0`,
		"GREEN": ``,
	} {
		var got []string
		for _, r := range w.n.Routes(0, vrf) {
			got = append(got, describeRoute(r))
		}
		if !slices.Equal(got, lines(want)) {
			t.Errorf("%q:\n\t%s\nwant%s", vrf, strings.Join(got, "\n\t"), want)
		}
	}
}

func describeRoute(r RouteInfo) string {
	kind := map[RouteKind]string{RouteConnected: "connected", RouteLocal: "local", RouteStatic: "static", RouteDiscard: "discard"}[r.Kind]
	s := fmt.Sprint(kind, " ", r.Prefix, " ", r.Interface)
	if r.NextHop.IsValid() {
		s += " " + r.NextHop.String()
	}
	return s
}

// A router takes what comes in at an interface by the routes of that interface's VRF, and LISP is in the default one only:
// here core has all of its interfaces in one VRF, then b its own.
func TestVRFOnTheWay(t *testing.T) {
	for _, row := range []struct {
		name  string
		node  int
		iface []Interface
		told  string
		tcp   string
	}{
		{"core has one VRF for all that it forwards", 1, []Interface{
			{Name: "Gi1", VRF: "X", Addrs: prefixes("10.0.1.0/31")}, {Name: "Gi2", VRF: "X", Addrs: prefixes("10.0.2.0/31")},
		}, "b", "0s a connected; 0s b accepted; 0s b data \"hi\""},
		{"core has a VRF for each neighbour", 1, []Interface{
			{Name: "Gi1", VRF: "X", Addrs: prefixes("10.0.1.0/31")}, {Name: "Gi2", VRF: "Y", Addrs: prefixes("10.0.2.0/31")},
		}, "core no route", "30s a timed out"},
		{"b is spoken to in a VRF", 2, []Interface{
			{Name: "Gi0", VRF: "X", Addrs: prefixes("10.0.2.1/31")},
		}, "b no port", "0s a connection refused"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.n.nodes[row.node].routing
			r.Interfaces = row.iface
			for i := range r.Routes {
				r.Routes[i].VRF = row.iface[0].VRF
			}
			w.n.Configure(row.node, r)
			w.update()
			ds, err := w.send([]byte("hello"))
			w.check(err)
			told := worldNames[ds[0].Node]
			if in, failed := ds[0].Input.(lispcore.PacketFailed); failed {
				told += " " + failNames[in.Reason]
			}
			w.do("0s dial a b")
			if w.streams[0] != 0 {
				w.do("0s write a hi")
			}
			w.do("99s end")
			if got := strings.Join(w.told, "; "); told != row.told || got != row.tcp {
				t.Errorf("told %q, %s\nwant %q, %s", told, got, row.told, row.tcp)
			}
		})
	}
}

// telnet into a router by an interface of a VRF: the answers go by the routes of that VRF.
func TestTelnetIntoVRF(t *testing.T) {
	w := newWorld(t)
	r := w.n.nodes[2].routing
	r.Interfaces[0].VRF, r.Routes[0].VRF = "X", "X"
	w.n.Configure(2, r)
	w.update()
	for _, line := range []string{"0s takes b", "0s telnet a b", "1s write b login:", "2s cut b", "200s end"} {
		w.do(line)
	}
	want := `0s a connected; 0s b accepted; 1s a data "login:"; 2m2s a timed out; 2m2s b timed out`
	if got := strings.Join(w.told, "; "); got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
}

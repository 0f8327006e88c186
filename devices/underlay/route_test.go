package underlay

import (
	"net/netip"
	"strings"
	"testing"
)

// What arrives and what does not, and why.
func TestReachability(t *testing.T) {
	table := []struct {
		name  string
		setup func(*world)
		from  int
		dst   string
		owner string // "" when it does not arrive
		why   string
	}{
		{"over two links", nil, 0, "10.0.2.1", "b", ""},
		{"a neighbour", nil, 0, "10.0.1.0", "core", ""},
		{"the far side of a neighbour", nil, 0, "10.0.2.0", "core", ""},
		{"itself", nil, 0, "10.0.1.1", "a", ""},
		{"a cable that is out takes the route with it", func(w *world) { w.n.SetLink(0, false) }, 0, "10.0.2.1", "", "a has no route to 10.0.2.1"},
		{"a cable that is out further on", func(w *world) { w.n.SetLink(1, false) }, 0, "10.0.2.1", "", "core has no route to 10.0.2.1"},
		{"an interface that is shut at the other end takes the line down", func(w *world) {
			w.n.Configure(1, Routing{Interfaces: []Interface{
				{Name: "Gi1", Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.1.0/31")}, Shut: true}}})
		}, 0, "10.0.2.1", "", "a has no route to 10.0.2.1"},
		{"a neighbour without power takes the line down", func(w *world) { w.power(1, false) }, 0, "10.0.2.1", "", "a has no route to 10.0.2.1"},
		{"a destination without power", func(w *world) { w.power(2, false) }, 0, "10.0.2.1", "", "core has no route to 10.0.2.1"},
		{"a sender without power", func(w *world) { w.power(0, false) }, 0, "10.0.2.1", "", "a is stopped"},
		{"nobody has the address", nil, 0, "172.16.0.1", "", "core has no route to 172.16.0.1"},
		{"an address of a connected network that nobody has", func(w *world) {
			w.configure(1, "10.0.1.0/31 Gi1", "10.0.2.0/24 Gi2")
		}, 0, "10.0.2.9", "", "nobody answers for 10.0.2.9 at core Gi2"},
		{"the longest match wins", func(w *world) {
			w.configure(0, "10.0.1.1/31 Gi0", "0.0.0.0/0 10.0.1.9", "10.0.2.0/24 10.0.1.0")
		}, 0, "10.0.2.1", "b", ""},
		{"Null0 discards", func(w *world) {
			w.n.Configure(1, Routing{
				Interfaces: []Interface{
					{Name: "Gi1", Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.1.0/31")}},
					{Name: "Gi2", Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.2.0/31")}}},
				Routes: []Route{{Prefix: netip.MustParsePrefix("10.0.2.1/32"), Interface: Null0}},
			})
		}, 0, "10.0.2.1", "", "core routes 10.0.2.1 to Null0"},
		{"a next hop beyond a connected network resolves nothing", func(w *world) {
			w.configure(0, "10.0.1.1/31 Gi0", "10.0.2.0/31 10.0.1.0", "192.0.2.0/24 10.0.2.1")
		}, 0, "192.0.2.1", "", "a has no route to 192.0.2.1"},
		{"a next hop that nobody has", func(w *world) {
			w.configure(0, "10.0.1.1/24 Gi0", "10.0.2.0/24 10.0.1.77")
		}, 0, "10.0.2.1", "", "nobody answers for 10.0.1.77 at a Gi0"},
		{"a route out of an interface relies on the neighbour", func(w *world) {
			w.n.Configure(0, Routing{
				Interfaces: []Interface{{Name: "Gi0", Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.1.1/31")}}},
				Routes:     []Route{{Prefix: netip.MustParsePrefix("10.0.2.0/24"), Interface: "Gi0"}},
			})
		}, 0, "10.0.2.1", "b", ""},
		{"two routers that send to each other", func(w *world) {
			w.configure(1, "10.0.1.0/31 Gi1", "10.0.2.0/31 Gi2", "192.0.2.0/24 10.0.1.1")
		}, 0, "192.0.2.1", "", "the hop limit ran out at core: a forwarding loop"},
		{"IPv6 through a router that does not forward it", func(w *world) { six(w, false) }, 0, "2001:db8:2::1", "", "core does not forward IPv6"},
		{"IPv6 through a router that does", func(w *world) { six(w, true) }, 0, "2001:db8:2::1", "b", ""},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			if row.setup != nil {
				row.setup(w)
				w.update()
			}
			got := w.n.path(row.from, "", netip.MustParseAddr(row.dst))
			switch {
			case got.why != row.why:
				t.Errorf("why %q, want %q", got.why, row.why)
			case got.arrived != (row.owner != ""):
				t.Errorf("arrived: %v", got.arrived)
			case got.arrived && worldNames[got.node] != row.owner:
				t.Errorf("arrived at %s, want %s", worldNames[got.node], row.owner)
			}
		})
	}
}

// six gives the world IPv6 addresses.
func six(w *world, forward bool) {
	w.configure(0, "2001:db8:1::1/64 Gi0", "::/0 2001:db8:1::")
	w.configure(2, "2001:db8:2::1/64 Gi0", "::/0 2001:db8:2::")
	w.n.Configure(1, Routing{Forward6: forward, Interfaces: []Interface{
		{Name: "Gi1", Addrs: []netip.Prefix{netip.MustParsePrefix("2001:db8:1::/64")}},
		{Name: "Gi2", Addrs: []netip.Prefix{netip.MustParsePrefix("2001:db8:2::/64")}},
	}})
}

func TestSourceAndStatic(t *testing.T) {
	w := newWorld(t)
	w.configure(0, "10.0.1.1/31 Gi0", "192.0.2.1/32 Loopback0", "10.0.2.0/24 10.0.1.0", "172.16.0.0/16 10.9.9.9", "192.0.2.1/32 10.0.1.0")
	w.update()
	for dst, want := range map[string]string{"10.0.2.1": "10.0.1.1", "192.0.2.1": "192.0.2.1", "172.16.0.1": "invalid IP", "10.0.1.0": "10.0.1.1"} {
		got, ok := w.n.Source(0, netip.MustParseAddr(dst))
		if got.String() != want || ok != got.IsValid() {
			t.Errorf("source towards %s is %v, want %s", dst, got, want)
		}
	}
	// Neither the route whose next hop is nowhere nor the one that a connected network hides is in the table.
	if static := w.n.Static(0); len(static) != 1 || static[0].Prefix.String() != "10.0.2.0/24" {
		t.Errorf("static routes in the table: %v", static)
	}
	w.n.SetLink(0, false)
	w.update()
	if static := w.n.Static(0); len(static) != 0 {
		t.Errorf("static routes in the table without a line: %v", static)
	}
	if !w.n.LineUp(0, "Loopback0") || w.n.LineUp(0, "Gi0") || w.n.LineUp(1, "Gi1") || !w.n.LineUp(1, "Gi2") {
		t.Error("the line protocols do not fit a cable that is out")
	}
}

// mtu sets the MTU of an interface.
func (w *world) mtu(node int, iface string, size int) {
	for i := range w.n.nodes[node].routing.Interfaces {
		if p := &w.n.nodes[node].routing.Interfaces[i]; p.Name == iface {
			p.MTU = size
		}
	}
}

// dual gives the world IPv6 beside its IPv4.
func dual(w *world) {
	for node, six := range map[int][]string{
		0: {"Gi0 2001:db8:1::1/64"}, 1: {"Gi1 2001:db8:1::/64", "Gi2 2001:db8:2::/64"}, 2: {"Gi0 2001:db8:2::1/64"},
	} {
		r := &w.n.nodes[node].routing
		r.Forward6 = true
		for _, line := range six {
			name, prefix, _ := strings.Cut(line, " ")
			for i := range r.Interfaces {
				if r.Interfaces[i].Name == name {
					r.Interfaces[i].Addrs = append(r.Interfaces[i].Addrs, netip.MustParsePrefix(prefix))
				}
			}
		}
		if node != 1 {
			r.Routes = append(r.Routes, Route{Prefix: netip.MustParsePrefix("::/0"), NextHop: netip.MustParsePrefix(strings.Fields(six[0])[1]).Masked().Addr()})
		}
	}
}

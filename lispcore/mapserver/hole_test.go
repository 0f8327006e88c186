package mapserver

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// naiveHole is the definition, tried out length by length: the shortest prefix that covers the EID, lies inside within,
// and neither holds nor equals a known prefix other than within.
func naiveHole(eid netip.Addr, within netip.Prefix, known []netip.Prefix) netip.Prefix {
	for bits := within.Bits(); ; bits++ {
		p := netip.PrefixFrom(eid, bits).Masked()
		held := slices.ContainsFunc(known, func(q netip.Prefix) bool {
			return q != within && q.Bits() >= bits && p.Contains(q.Addr())
		})
		if !held || bits == eid.BitLen() {
			return p
		}
	}
}

func p(text string) netip.Prefix { return netip.MustParsePrefix(text) }

func TestHole(t *testing.T) {
	for _, c := range []struct {
		name, eid string
		within    string
		known     []string
		want      string
	}{
		{"the RFC's example", "172.20.1.1", "0.0.0.0/0", []string{"172.16.0.0/24"}, "172.20.0.0/14"},
		{"nothing is known", "10.1.1.1", "0.0.0.0/0", nil, "0.0.0.0/0"},
		{"the other half", "10.1.1.1", "0.0.0.0/0", []string{"128.0.0.0/1"}, "0.0.0.0/1"},
		{"a neighbour", "10.1.1.1", "0.0.0.0/0", []string{"10.1.1.0/32"}, "10.1.1.1/32"},
		{"inside a configured prefix", "10.1.1.1", "10.0.0.0/8", []string{"10.0.0.0/8"}, "10.0.0.0/8"},
		{"beside what is registered in it", "10.1.1.1", "10.0.0.0/8", []string{"10.0.0.0/8", "10.1.2.0/24"}, "10.1.0.0/23"},
		{"what covers it does not count", "10.1.1.1", "10.1.0.0/16", []string{"10.0.0.0/8", "10.1.0.0/16"}, "10.1.0.0/16"},
		// Open Overlay Router 1.3.0 answers 2001:db8:102::/47 here, which does not cover the EID.
		{"IPv6, where OOR fails", "2001:db8:2::10", "::/0", []string{"2001:db8:1::/64"}, "2001:db8:2::/47"},
		{"IPv6, the last bit", "2001:db8::2", "::/0", []string{"2001:db8::3/128"}, "2001:db8::2/128"},
		{"IPv6, within a site", "2001:db8:8000::1", "2001:db8::/32", []string{"2001:db8::/32", "2001:db8:1::/48"}, "2001:db8:8000::/33"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var known []netip.Prefix
			for _, k := range c.known {
				known = append(known, p(k))
			}
			tab := tableOf(known[:len(known)/2], known[len(known)/2:])
			if got := tab.hole(netip.MustParseAddr(c.eid), p(c.within)); got != p(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := naiveHole(netip.MustParseAddr(c.eid), p(c.within), known); got != p(c.want) {
				t.Errorf("by definition %v, want %v", got, c.want)
			}
		})
	}
}

// tableOf is a table in which some prefixes are configured, and others registered.
func tableOf(configured, registered []netip.Prefix) *table {
	t := &table{nodes: make(map[netip.Prefix]*node)}
	for _, q := range configured {
		t.candidates.Insert(q, nil)
	}
	t.indexRegistered()
	for _, q := range registered {
		if t.nodes[q] == nil {
			t.add(q)
		}
	}
	return t
}

// TestHoleProperty holds the calculus against its definition, for random sets of prefixes of either family, which crowd
// around few addresses so that they meet.
func TestHoleProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SampledFrom([]int{32, 128}).Draw(t, "family")
		addr := rapid.Custom(func(t *rapid.T) netip.Addr {
			b := make([]byte, bits/8)
			for range rapid.IntRange(0, 6).Draw(t, "ones") {
				i := rapid.IntRange(0, bits-1).Draw(t, "bit")
				b[i/8] |= 1 << (7 - i%8)
			}
			a, _ := netip.AddrFromSlice(b)
			return a
		})
		prefix := rapid.Custom(func(t *rapid.T) netip.Prefix {
			return netip.PrefixFrom(addr.Draw(t, "address"), rapid.IntRange(0, bits).Draw(t, "length")).Masked()
		})
		eid := addr.Draw(t, "eid")
		within := netip.PrefixFrom(eid, 0).Masked()
		var known []netip.Prefix
		for _, q := range rapid.SliceOfN(prefix, 0, 20).Draw(t, "known") {
			known = append(known, q)
			if q.Contains(eid) && q.Bits() > within.Bits() {
				within = q // the longest match, in which the EID is not registered
			}
		}
		split := rapid.IntRange(0, len(known)).Draw(t, "configured")
		got := tableOf(known[:split], known[split:]).hole(eid, within)
		if want := naiveHole(eid, within, known); got != want {
			t.Fatalf("%v within %v among %v: got %v, want %v", eid, within, known, got, want)
		}
		if !got.Contains(eid) {
			t.Fatalf("%v does not cover %v", got, eid)
		}
	})
}

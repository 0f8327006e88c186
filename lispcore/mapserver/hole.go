package mapserver

import (
	"net/netip"
	"sort"
)

// hole returns the shortest prefix that covers eid, lies inside within, and holds no known prefix: the widest one of which
// the same can be said as of the EID (RFC 9301 section 8.4). It is what a negative Map-Reply is about.
//
// holds tells whether a known prefix, within itself aside, lies inside p or equals it. No known prefix but within and what
// covers it may cover the EID; then the EID alone holds none.
//
//	known       172.16.0.0/24 ───────────────────── ■
//	asked for   172.20.1.1                                      x
//	172.16/12   ├────────────────────────────────────────────────────────┤  holds the known one
//	172.20/14   .                            ├───────────────────────────┤  holds none: the answer
func hole(eid netip.Addr, within netip.Prefix, holds func(p netip.Prefix) bool) netip.Prefix {
	at := func(bits int) netip.Prefix { return netip.PrefixFrom(eid, bits).Masked() }
	n := sort.Search(eid.BitLen()-within.Bits(), func(i int) bool { return !holds(at(within.Bits() + i)) })
	return at(within.Bits() + n)
}

// everything is the prefix that covers all addresses of the family of a.
func everything(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, 0).Masked() }

// hole returns the widest prefix around eid, inside within, in which nothing else is configured or registered.
func (t *table) hole(eid netip.Addr, within netip.Prefix) netip.Prefix {
	return hole(eid, within, func(p netip.Prefix) bool {
		for q := range t.candidates.Subnets(p) {
			if q != within {
				return true
			}
		}
		for q := range t.registered.Subnets(p) {
			if q != within {
				return true
			}
		}
		return false
	})
}

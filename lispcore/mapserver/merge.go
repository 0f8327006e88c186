package mapserver

import (
	"slices"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// mapping returns the Map-Server's view of a registered prefix: what the newest registration says. When its ETR asks for a
// merge (RFC 9301 section 5.6), the locators of all ETRs that ask for it are put together: of one locator the word of its
// own ETR counts, then the newest; the mapping lives as long as the shortest-lived part. The locators are shared.
func (n *node) mapping() lispcore.Mapping {
	m := n.regs.mapping()
	if !n.regs.origin.merge || n.regs.next == nil {
		return m
	}
	m.Locators = slices.Clone(m.Locators)
	for r := n.regs.next; r != nil; r = r.next {
		if !r.origin.merge {
			continue
		}
		m.TTL = min(m.TTL, r.content.ttl)
		for _, l := range r.content.locators {
			i := slices.IndexFunc(m.Locators, func(o lispcore.Locator) bool { return o.RLOC == l.RLOC })
			switch {
			case i < 0 && len(m.Locators) < wire.MaxLocators:
				m.Locators = append(m.Locators, l)
			case i >= 0 && l.Local && !m.Locators[i].Local:
				m.Locators[i] = l
			}
		}
	}
	slices.SortFunc(m.Locators, lispcore.CompareLocators)
	return m
}

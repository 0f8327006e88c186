package mapserver

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// asks gathers the Registration Refreshes that one change causes: for each ETR the prefixes to ask for anew (scope 3),
// and whether its rejected ones may now be welcome (scope 0 with R).
type asks map[*etr]*ask

type ask struct {
	covered  map[lispcore.EID]bool
	rejected bool
}

func (a asks) of(x *etr) *ask {
	if a[x] == nil {
		a[x] = &ask{covered: make(map[lispcore.EID]bool)}
	}
	return a[x]
}

// sendRefreshes sends them to the ETRs whose session is Up, in the order of the sessions.
func (e *Engine) sendRefreshes(a asks) {
	for _, s := range e.sessions.Passive() {
		want := a[e.etrs[s.Peer()]]
		if want == nil || s.State() != session.Up {
			continue
		}
		if want.rejected { // first, while only rejected prefixes answer to it
			e.send(s, &wire.RegistrationRefresh{Scope: wire.ScopeAll, RejectedOnly: true}, lispcore.Service{})
		}
		covered := make([]lispcore.EID, 0, len(want.covered))
		for eid := range want.covered {
			covered = append(covered, eid)
		}
		slices.SortFunc(covered, lispcore.EID.Compare)
		for _, eid := range covered {
			e.send(s, &wire.RegistrationRefresh{Scope: wire.ScopeCovered, Prefix: wire.EIDPrefix{EID: eid}}, lispcore.Service{})
		}
	}
}

// change is what a new configuration does to the sites.
type change struct {
	removed  []*entry // gone, or no longer taking more specifics
	added    []*entry // new, or now taking more specifics
	rekeyed  []*site
	narrowed map[*entry]bool // the removed ones that still take their own prefix
}

// Configure replaces the configuration. Registrations under a removed prefix leave at once, and their ETRs are asked where
// they now belong; under a changed key they stay until their ETR has answered, at most 180 s; a new prefix calls back what
// was rejected (draft section 6.3).
func (e *Engine) Configure(now time.Time, cfg Config) {
	e.cfg = cfg
	c := e.rebuild(cfg)
	a := make(asks)
	listed := e.listed()
	for _, en := range c.removed {
		for _, n := range listed[en] {
			if c.narrowed[en] && n.prefix == en.eid.Prefix {
				continue
			}
			e.forget(now, n, a, "site changed")
		}
	}
	e.index()
	for _, s := range c.rekeyed {
		for _, en := range s.sorted() {
			for _, n := range listed[en] {
				for r := n.regs; r != nil; r = r.next {
					a.of(r.etr).covered[en.eid] = true
					if r.reliable {
						e.expiry.renew(r, now)
					}
				}
			}
			for _, x := range e.etrs {
				if x.wasRefused(en) {
					a.of(x).covered[en.eid] = true
				}
			}
		}
	}
	for _, en := range c.added {
		for _, x := range e.etrs {
			if x.wasRefused(en) || x.registersIn(en.site) {
				a.of(x).rejected = true
			}
		}
	}
	e.sendRefreshes(a)
	e.flush()
}

// wasRefused tells whether the ETR was refused a prefix that the entry would take.
func (x *etr) wasRefused(en *entry) bool {
	for eid := range x.refused {
		if en.covers(eid) {
			return true
		}
	}
	return false
}

// registersIn tells whether the ETR holds a registration in the site.
func (x *etr) registersIn(s *site) bool {
	for r := x.regs; r != nil; r = r.ofEtrNext {
		if r.node.home.site == s {
			return true
		}
	}
	return false
}

// rebuild brings the sites up to date and tells what changed. Sites and entries that stay keep their identity, since
// registrations point at them.
func (e *Engine) rebuild(cfg Config) change {
	c := change{narrowed: make(map[*entry]bool)}
	old := make(map[string]*site, len(e.sites))
	for _, s := range e.sites {
		old[s.Name] = s
	}
	e.sites = nil
	for _, sc := range cfg.Sites {
		s := old[sc.Name]
		switch {
		case s == nil:
			s = &site{entries: make(map[lispcore.EID]*entry), auth: wire.NewAuthenticator(sc.Key)}
		case s.Key != sc.Key:
			s.auth = wire.NewAuthenticator(sc.Key)
			c.rekeyed = append(c.rekeyed, s)
		}
		delete(old, sc.Name)
		s.SiteConfig = sc
		e.sites = append(e.sites, s)
		e.rebuildEntries(s, cfg, &c)
	}
	for _, s := range old {
		for _, en := range s.entries {
			c.removed = append(c.removed, en)
		}
	}
	slices.SortFunc(e.sites, func(a, b *site) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.rekeyed, func(a, b *site) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.removed, func(a, b *entry) int {
		return cmp.Or(strings.Compare(a.site.Name, b.site.Name), a.eid.Compare(b.eid))
	})
	return c
}

func (e *Engine) rebuildEntries(s *site, cfg Config, c *change) {
	gone := make(map[lispcore.EID]*entry, len(s.entries))
	for eid, en := range s.entries {
		gone[eid] = en
	}
	for _, line := range s.EIDs {
		if line.EID.Family() == lispcore.IPv4 && !cfg.IPv4 || line.EID.Family() == lispcore.IPv6 && !cfg.IPv6 {
			continue // the service is off: its prefixes are as good as not configured
		}
		en := s.entries[line.EID]
		delete(gone, line.EID)
		switch {
		case en == nil:
			en = &entry{site: s, eid: line.EID, moreSpecific: line.AcceptMoreSpecifics}
			s.entries[line.EID] = en
			c.added = append(c.added, en)
		case !en.moreSpecific && line.AcceptMoreSpecifics:
			c.added = append(c.added, en)
		case en.moreSpecific && !line.AcceptMoreSpecifics:
			c.removed = append(c.removed, en)
			c.narrowed[en] = true
		}
		en.moreSpecific = line.AcceptMoreSpecifics
	}
	for eid, en := range gone {
		delete(s.entries, eid)
		c.removed = append(c.removed, en)
	}
}

// sorted returns the entries of the site by EID.
func (s *site) sorted() []*entry {
	list := make([]*entry, 0, len(s.entries))
	for _, en := range s.entries {
		list = append(list, en)
	}
	slices.SortFunc(list, func(a, b *entry) int { return a.eid.Compare(b.eid) })
	return list
}

// listed returns the nodes that are listed beneath each entry, ascending.
func (e *Engine) listed() map[*entry][]*node {
	lists := make(map[*entry][]*node)
	for _, t := range e.tables {
		for _, n := range t.nodes {
			for ; n != nil; n = n.next {
				lists[n.home] = append(lists[n.home], n)
			}
		}
	}
	for _, list := range lists {
		slices.SortFunc(list, func(a, b *node) int { return a.eid().Compare(b.eid()) })
	}
	return lists
}

// forget drops all registrations of a node and asks their ETRs for them again. The newest goes last, so that nobody is told
// of a mapping that is about to go, too.
func (e *Engine) forget(now time.Time, n *node, a asks, why string) {
	for n.regs != nil {
		oldest := n.regs
		for oldest.next != nil {
			oldest = oldest.next
		}
		a.of(oldest.etr).covered[n.home.eid] = true
		e.drop(now, oldest, lispcore.Event{Kind: lispcore.Withdrawn, Detail: why})
	}
}

func (n *node) eid() lispcore.EID {
	return lispcore.EID{Instance: n.home.eid.Instance, Prefix: n.prefix}
}

// ClearSite forgets the registrations of a site, or, for "*", of all sites, and asks their ETRs for them again
// (`clear lisp site`). It tells whether there is such a site.
func (e *Engine) ClearSite(now time.Time, name string) bool {
	found := name == "*"
	a := make(asks)
	listed := e.listed()
	for _, s := range e.sites {
		if name != "*" && s.Name != name {
			continue
		}
		found = true
		for _, en := range s.sorted() {
			for _, n := range listed[en] {
				e.forget(now, n, a, "cleared by operator")
			}
		}
	}
	e.sendRefreshes(a)
	e.flush()
	return found
}

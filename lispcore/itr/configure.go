package itr

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"

	"lisplab/lispcore"
)

// site is one EID prefix of the own site.
type site struct {
	mapping lispcore.Mapping // its locators as registers send them: by address
	lsb     uint32           // the Locator-Status-Bits that data packets carry
}

// Configure replaces the configuration. What was learned stays as long as its instance and family have an ITR or a PITR.
func (e *Engine) Configure(now time.Time, cfg Config) {
	old := e.cfg
	e.cfg = cfg
	if e.cfg.Rand == nil { // a router that is no ITR any more: ligs may still be under way
		e.cfg.Rand = old.Rand
	}
	e.cfg.MTU = max(cmp.Or(cfg.MTU, defaultMTU), leastMTU4)
	wanted := make(map[lispcore.Service]Instance)
	for _, in := range cfg.Instances {
		for _, f := range []lispcore.Family{lispcore.IPv4, lispcore.IPv6} {
			if cfg.service(f).enabled() {
				wanted[lispcore.Service{Instance: in.Instance, Family: f}] = in
			}
		}
	}
	for _, c := range e.order {
		if _, stays := wanted[c.key]; !stays {
			e.dropCache(now, c)
		}
	}
	e.order = e.order[:0]
	for key := range wanted {
		if e.caches[key] == nil {
			e.caches[key] = newCache(key)
		}
		e.order = append(e.order, e.caches[key])
	}
	slices.SortFunc(e.order, func(a, b *cache) int { return a.key.Compare(b.key) })
	for _, r := range e.rlocs {
		r.site = nil
	}
	for _, c := range e.order {
		e.configureCache(now, c, wanted[c.key])
	}
	e.RoutesChanged(now)
	e.configureReachability(now, old)
}

// configureReachability starts and stops what tells locators up from down. What was found out by a means that is no more
// counts for nothing.
func (e *Engine) configureReachability(now time.Time, old Config) {
	ended := old.Probing && !e.cfg.Probing || old.EchoNonce && !e.cfg.EchoNonce && !e.cfg.Probing
	for _, r := range e.sortedRLOCs() {
		if e.cfg.Probing {
			e.startProbing(now, r)
		} else {
			e.stopProbing(r)
		}
		if !e.cfg.EchoNonce {
			e.timers.Stop(timerKey{echo: r})
			r.echo = echo{}
		}
		if ended {
			e.setReachable(now, r, true, "no longer watched")
		}
	}
	if old.LSBReports && !e.cfg.LSBReports {
		for _, c := range e.order {
			for _, en := range c.entries.All() {
				en.forgetReports(now)
			}
		}
	}
}

// dropCache forgets a map-cache with all that belongs to it.
func (e *Engine) dropCache(now time.Time, c *cache) {
	for _, r := range c.pending() {
		e.forgetRequest(r)
	}
	for _, en := range c.sorted() {
		c.dropDynamic(e, now, en)
	}
	e.unpin(c.pinned)
	delete(e.caches, c.key)
}

// pin holds an rloc that the configuration names.
func (e *Engine) pin(now time.Time, c *cache, addr netip.Addr) *rloc {
	r := e.rloc(now, addr)
	r.pins++
	c.pinned = append(c.pinned, r)
	return r
}

func (e *Engine) unpin(list []*rloc) {
	for _, r := range list {
		r.pins--
		e.release(r)
	}
}

func (e *Engine) configureCache(now time.Time, c *cache, in Instance) {
	pinned := c.pinned
	c.pinned = nil
	c.settings = *e.cfg.service(c.key.Family)
	e.configureSites(now, c, in)
	e.configurePETRs(now, c)
	e.unpin(pinned)
	c.configureStatic(now, in)
	c.configureResolvers()
}

// configureSites takes the EID prefixes of the own site. The locators of its other routers will be probed.
func (e *Engine) configureSites(now time.Time, c *cache, in Instance) {
	c.sites, c.own = nil, bart.Table[*site]{}
	for _, m := range in.Database {
		if m.EID.Service() != c.key {
			continue
		}
		s := &site{mapping: m}
		s.mapping.Locators = slices.Clone(m.Locators)
		slices.SortFunc(s.mapping.Locators, lispcore.CompareLocators)
		for i, l := range s.mapping.Locators {
			if l.Reachable && i < 32 {
				s.lsb |= 1 << i
			}
			if l.Local {
				continue
			}
			if r := e.pin(now, c, l.RLOC); r.site == nil {
				r.site = s
			}
		}
		c.sites = append(c.sites, s)
		c.own.Insert(m.EID.Prefix.Masked(), s)
	}
}

// configurePETRs takes the proxy ETRs; one that stays keeps its counters.
func (e *Engine) configurePETRs(now time.Time, c *cache) {
	old := c.petrs
	c.petrs = make([]locator, len(c.settings.PETRs))
	for i, p := range c.settings.PETRs {
		r := e.pin(now, c, p.RLOC)
		l := locator{created: now, changed: now, changes: 1, stateBase: r.changes, routeBase: r.routeChanges}
		if at := slices.IndexFunc(old, func(o locator) bool { return o.rloc == r }); at >= 0 {
			l = old[at]
		}
		l.rloc, l.priority, l.weight, l.reachable, l.reported = r, p.Priority, p.Weight, true, true
		c.petrs[i] = l
	}
}

// configureStatic takes the `map-cache` lines. An ITR asks for everything, unless a line says otherwise; a PITR only for
// what its lines name.
func (c *cache) configureStatic(now time.Time, in Instance) {
	wanted := make(map[netip.Prefix]lispcore.Action)
	if c.settings.ITR {
		wanted[everything(c.key.Family)] = lispcore.SendMapRequest
	}
	for _, s := range in.Static {
		if lispcore.FamilyOf(s.Prefix.Addr()) == c.key.Family {
			wanted[s.Prefix.Masked()] = s.Action
		}
	}
	for _, en := range c.sorted() {
		if _, stays := wanted[en.prefix]; en.static && !stays {
			c.dropStatic(en)
		}
	}
	for p, action := range wanted {
		c.setStatic(now, p, action)
	}
}

// everything returns the prefix of all addresses of a family.
func everything(f lispcore.Family) netip.Prefix {
	if f == lispcore.IPv4 {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}

// configureResolvers takes the Map-Resolvers; one that stays keeps its counters. The turn is the first one's again when
// the list has changed.
func (c *cache) configureResolvers() {
	old := c.resolvers
	if slices.EqualFunc(old, c.settings.MapResolvers, func(r *resolver, a netip.Addr) bool { return r.addr == a }) {
		return
	}
	c.resolvers, c.next = nil, 0
	for _, a := range c.settings.MapResolvers {
		r := &resolver{addr: a}
		if at := slices.IndexFunc(old, func(o *resolver) bool { return o.addr == a }); at >= 0 {
			r = old[at]
		}
		c.resolvers = append(c.resolvers, r)
	}
}

package etr

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"lisplab/lispcore"
)

// service is one instance and address family that the router takes packets and Map-Requests for.
type service struct {
	petr     bool
	eids     bart.Table[*ownEID]
	counters ServiceCounters // but for Data
	data     dataCounters
}

// ownEID is one EID prefix of the database.
type ownEID struct {
	mapping lispcore.Mapping
	// merged is what each map server's merged record adds to the mapping; nil where nothing is merged.
	merged map[*server][]lispcore.Locator
	// locators are those of the mapping and the merged ones, in the order of the wire: what a Map-Reply holds.
	locators []lispcore.Locator
}

// configureOwn builds the services anew, and returns the old ones. What was learned of a prefix stays as long as it stays; the
// counters of a service outlive its last prefix, so that late packets to it are seen to be dropped.
func (e *Engine) configureOwn() (old map[lispcore.Service]*service) {
	old = e.own
	e.own = make(map[lispcore.Service]*service, len(old))
	for _, m := range e.cfg.Database {
		own := &ownEID{mapping: m}
		if before := old[m.EID.Service()]; before != nil && e.cfg.Merge[m.EID] {
			if known, ok := before.eids.Get(m.EID.Prefix); ok {
				own.merged = known.merged
				maps.DeleteFunc(own.merged, func(s *server, _ []lispcore.Locator) bool { return !slices.Contains(e.servers, s) })
			}
		}
		e.assemble(own)
		e.serviceOf(m.EID.Service(), old).eids.Insert(m.EID.Prefix, own)
	}
	for key := range old {
		if slices.ContainsFunc(e.cfg.MapServers, func(l MapServerConfig) bool { return l.Family == key.Family }) {
			e.serviceOf(key, old)
		}
	}
	for _, instance := range append([]uint32{0}, e.cfg.Instances...) {
		if e.cfg.PETR4 {
			e.serviceOf(lispcore.Service{Instance: instance, Family: lispcore.IPv4}, old).petr = true
		}
		if e.cfg.PETR6 {
			e.serviceOf(lispcore.Service{Instance: instance, Family: lispcore.IPv6}, old).petr = true
		}
	}
	e.rlocs = ownRLOCs(e.cfg.Database)
	return old
}

// serviceOf returns a service of the new configuration, with its counters of the old one.
func (e *Engine) serviceOf(key lispcore.Service, old map[lispcore.Service]*service) *service {
	s := e.own[key]
	if s == nil {
		s = &service{counters: ServiceCounters{Service: key}}
		if before := old[key]; before != nil {
			s.counters, s.data = before.counters, before.data
		}
		e.own[key] = s
	}
	return s
}

// ownRLOCs are the RLOCs of a database that are the router's own: those that are reachable before the others, each part in
// the order of the wire.
func ownRLOCs(database []lispcore.Mapping) []netip.Addr {
	var up, down []netip.Addr
	for _, m := range database {
		for _, l := range m.Locators {
			switch {
			case !l.Local:
			case l.Reachable:
				up = append(up, l.RLOC)
			default:
				down = append(down, l.RLOC)
			}
		}
	}
	slices.SortFunc(up, netip.Addr.Compare)
	slices.SortFunc(down, netip.Addr.Compare)
	var list []netip.Addr
	for _, a := range append(slices.Compact(up), slices.Compact(down)...) {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

// rlocOf returns the router's own RLOC of a family: one of the database, or, without one, the one it registers from.
func (e *Engine) rlocOf(family lispcore.Family) netip.Addr {
	for _, a := range e.rlocs {
		if lispcore.FamilyOf(a) == family {
			return a
		}
	}
	for _, line := range e.cfg.MapServers {
		if line.Local.IsValid() && lispcore.FamilyOf(line.Local) == family {
			return line.Local
		}
	}
	return netip.Addr{}
}

// isOwn tells whether an address is one of the router's own RLOCs, as far as the ETR knows them.
func (e *Engine) isOwn(a netip.Addr) bool {
	return slices.Contains(e.rlocs, a) || slices.ContainsFunc(e.cfg.MapServers, func(l MapServerConfig) bool { return l.Local == a })
}

// ownEIDOf returns an EID prefix of the database.
func (e *Engine) ownEIDOf(eid lispcore.EID) *ownEID {
	if s := e.own[eid.Service()]; s != nil && eid.Prefix.IsValid() {
		if own, ok := s.eids.Get(eid.Prefix); ok {
			return own
		}
	}
	return nil
}

// ClearStatistics sets the counters of a service to 0 (`clear ip lisp statistics`).
func (e *Engine) ClearStatistics(key lispcore.Service) {
	if s := e.own[key]; s != nil {
		s.counters, s.data = ServiceCounters{Service: key}, dataCounters{}
	}
}

// snapshotServices returns the counters of the services, sorted.
func (e *Engine) snapshotServices() []ServiceCounters {
	list := make([]ServiceCounters, 0, len(e.own))
	for _, s := range e.own {
		c := s.counters
		c.Data = s.data.snapshot()
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b ServiceCounters) int { return a.Service.Compare(b.Service) })
	return list
}

package devices

import (
	"net/netip"
	"reflect"
	"slices"

	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/mapresolver"
)

// routesOf is a router's routing table as ITR and Map-Server see it: RLOCs are looked up in the default VRF.
type routesOf struct{ d *Device }

// Source returns the router's own address towards an RLOC.
func (r routesOf) Source(to netip.Addr) (netip.Addr, bool) { return r.d.lab.net.Source(r.d.index, to) }

// enters tells whether the configuration makes the router an ITR or a proxy ITR.
func (c Config) enters() bool {
	return c.LISP != nil && (c.LISP.IPv4.ITR || c.LISP.IPv6.ITR || c.LISP.IPv4.ProxyITR.IsValid() || c.LISP.IPv6.ProxyITR.IsValid())
}

// resolves tells whether it makes the router a Map-Resolver.
func (c Config) resolves() bool {
	return c.LISP != nil && (c.LISP.IPv4.MapResolver || c.LISP.IPv6.MapResolver)
}

func (d *Device) configureITR() {
	want := d.itrConfig()
	now := d.lab.loop.now
	switch {
	case !d.cfg.enters() && d.itr == nil:
		return
	case !d.cfg.enters():
		for _, t := range d.ligs {
			t.Abort()
		}
		d.itr, d.ligs = nil, nil
		return
	case d.itr == nil:
		d.itr = itr.New(routesOf{d})
		d.itr.SetDebug(d.debug)
		d.itr.Configure(now, want)
	case reflect.DeepEqual(want, d.itrCfg):
		d.itr.RoutesChanged(now)
	default:
		d.itr.Configure(now, want)
		d.itr.RoutesChanged(now)
	}
	d.itrCfg = want
}

// itrConfig says what the configuration means for the ITR.
func (d *Device) itrConfig() itr.Config {
	if !d.cfg.enters() {
		return itr.Config{}
	}
	l := d.cfg.LISP
	cfg := itr.Config{
		IPv4: itrService(l.IPv4), IPv6: itrService(l.IPv6),
		Probing: l.RLOCProbing, LSBReports: l.LSBReports, EchoNonce: d.lab.file.echoNonce, PropagateTTL: !l.DisableTTLPropagate,
		Rand: d.itrRand,
	}
	for _, t := range d.cfg.tables() {
		i := itr.Instance{Instance: t.Instance}
		for _, m := range t.Mappings {
			if locators := d.locators(m); len(locators) > 0 {
				i.Database = append(i.Database, lispcore.Mapping{EID: lispcore.NewEID(t.Instance, m.EID), TTL: recordTTL, Locators: locators})
			}
		}
		d.tellReachability(i.Database) // as Locator-Status-Bits
		for _, s := range t.MapCache {
			i.Static = append(i.Static, itr.Static{Prefix: s.Prefix, Action: s.Action})
		}
		cfg.Instances = append(cfg.Instances, i)
	}
	return cfg
}

func itrService(s LISPService) itr.Service {
	out := itr.Service{
		ITR: s.ITR, ProxyITR: s.ProxyITR, MapResolvers: slices.Clone(s.ITRMapResolvers),
		MapRequestSource: s.MapRequestSource, Limit: s.MapCacheLimit,
	}
	for _, p := range s.UsePETRs {
		out.PETRs = append(out.PETRs, itr.PETR(p))
	}
	return out
}

// tables are the EID tables that are bound to a VRF; instance 0 of the default one is always there, unless another table is
// its.
func (c Config) tables() []EIDTable {
	list := slices.DeleteFunc(slices.Clone(c.LISP.EIDTables), func(t EIDTable) bool { return t.VRF == "" })
	if !slices.ContainsFunc(list, func(t EIDTable) bool { return t.VRF == DefaultVRF || t.Instance == 0 }) {
		list = slices.Insert(list, 0, EIDTable{VRF: DefaultVRF})
	}
	return list
}

// instances are the instances that the router has an EID table for.
func (c Config) instances() []uint32 {
	var list []uint32
	for _, t := range c.tables() {
		list = append(list, t.Instance)
	}
	return list
}

func (d *Device) configureResolver() {
	switch {
	case !d.cfg.resolves():
		d.resolver = nil
		return
	case d.resolver == nil:
		d.resolver = mapresolver.New()
		d.resolver.SetDebug(d.debug)
	}
	cfg := mapresolver.Config{IPv4: d.cfg.LISP.IPv4.MapResolver, IPv6: d.cfg.LISP.IPv6.MapResolver}
	if d.server != nil { // a nil *mapserver.Engine would be a Server
		cfg.Server = d.server
	}
	d.resolver.Configure(d.lab.loop.now, cfg)
}

// Debugging tells whether the control plane of LISP is being debugged.
func (d *Device) Debugging() bool { return d.debug }

// SetDebugging turns `debug lisp control-plane all` on or off: what the engines then tell is in the log.
func (d *Device) SetDebugging(on bool) {
	d.debug = on
	if d.etr != nil {
		d.etr.SetDebug(on)
	}
	if d.itr != nil {
		d.itr.SetDebug(on)
	}
	if d.server != nil {
		d.server.SetDebug(on)
	}
	if d.resolver != nil {
		d.resolver.SetDebug(on)
	}
}

// tellReachability sets the R bits of a mapping's locators: what the ETR says of their reachability.
//
//   - Its own RLOC is reachable while its interface is up, another router's while there is a route and, where RLOCs are
//     probed, an answer.
//   - All its own are unreachable when none of the EID prefixes of the instance and family has a route: the site is gone.
//   - While the router reaches no map server there is nobody to tell, and the bits stay as they were told.
func (d *Device) tellReachability(database []lispcore.Mapping) {
	if !d.reachesMapServer() {
		d.keepReported(database)
		return
	}
	routed := make(map[lispcore.Service]bool)
	for _, m := range database {
		routed[m.EID.Service()] = routed[m.EID.Service()] || d.hasEIDRoute(m.EID)
	}
	for _, m := range database {
		for i := range m.Locators {
			l := &m.Locators[i]
			switch {
			case d.lab.net.Owns(d.index, l.RLOC):
				l.Reachable = routed[m.EID.Service()]
			case l.Local:
				l.Reachable = false
			default:
				_, route := d.lab.net.Source(d.index, l.RLOC)
				l.Reachable = route && (d.itr == nil || d.itr.Reachable(l.RLOC))
			}
		}
	}
}

// keepReported copies the R bits of the present registrations.
func (d *Device) keepReported(database []lispcore.Mapping) {
	for _, m := range database {
		for _, old := range d.etrCfg.Database {
			if old.EID != m.EID {
				continue
			}
			for i := range m.Locators {
				for _, l := range old.Locators {
					if l.RLOC == m.Locators[i].RLOC {
						m.Locators[i].Reachable = l.Reachable
					}
				}
			}
		}
	}
}

func (d *Device) reachesMapServer() bool {
	for _, s := range []LISPService{d.cfg.LISP.IPv4, d.cfg.LISP.IPv6} {
		for _, m := range s.ETRMapServers {
			if _, ok := d.lab.net.Source(d.index, m.Addr); ok && s.ETR {
				return true
			}
		}
	}
	return false
}

// hasEIDRoute tells whether the router has a route to an EID prefix, or to a part of it, that is more than a default one. An instance without a table, because its VRF is not defined, has nothing to look it up in: it is believed.
func (d *Device) hasEIDRoute(eid lispcore.EID) bool {
	vrf, ok := d.cfg.vrfOf(eid.Instance)
	if !ok || !d.cfg.HasVRF(vrf) {
		return true
	}
	if r, ok := d.lab.net.Lookup(d.index, vrf, eid.Prefix.Addr()); ok && r.Prefix.Bits() > 0 {
		return true
	}
	return slices.ContainsFunc(d.lab.net.Routes(d.index, vrf), func(r underlay.RouteInfo) bool {
		return eid.Prefix.Bits() <= r.Prefix.Bits() && eid.Prefix.Contains(r.Prefix.Addr())
	})
}

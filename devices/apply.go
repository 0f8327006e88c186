package devices

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/mapserver"
)

// recordTTL is the Record TTL of registrations, in minutes: IOS registers a day.
const recordTTL = 1440

// Apply exchanges the running configuration, all or nothing: an error names what can't be, and the router goes on as it
// was. Interfaces, routes and roles then follow; everything that the engines want done waits for the next Settle. The
// physical interfaces of the router that cfg leaves out keep standing, shut and without an address.
func (d *Device) Apply(cfg Config) error {
	if !d.running {
		return fmt.Errorf("%s is stopped", d.Name())
	}
	return d.lab.change(func() error {
		cfg, err := d.file.complete(cfg)
		if err != nil {
			return err
		}
		if err := d.seal(&cfg); err != nil {
			return err
		}
		if d.listens(cfg) {
			if err := d.lab.net.Listen(d.index, true); err != nil {
				return err
			}
		}
		d.cfg = cfg
		d.forgetHits()
		d.rearmTerminals()
		d.lab.net.Configure(d.index, routingOf(cfg))
		return nil
	})
}

// configError is what can't be in a configuration, and what it is about: words that stand in the line that says so.
type configError struct{ about, text string }

func wrongConfig(about, format string, args ...any) error {
	return &configError{about, fmt.Sprintf(format, args...)}
}

func (e *configError) Error() string { return e.text }

// find returns the place in a configuration file that the error is about, or its begin.
func (e *configError) find(text string) (line, column int) {
	for i, l := range strings.Split(text, "\n") {
		if at := strings.Index(strings.ToUpper(l), strings.ToUpper(e.about)); at >= 0 {
			return i + 1, at + 1
		}
	}
	return 1, 1
}

// complete returns a copy of a configuration with all physical interfaces in IOS's order, or tells what can't be.
func (f *labDevice) complete(cfg Config) (Config, error) {
	cfg = cfg.Clone()
	if cfg.Hostname == "" {
		cfg.Hostname = f.name
	}
	for _, i := range cfg.Interfaces {
		if !isLoopback(i.Name) && !slices.Contains(f.interfaces, i.Name) {
			return Config{}, wrongConfig("interface "+i.Name, "found interface %s, expected a loopback or one that %s has: %s",
				i.Name, f.name, joinOr(f.interfaces, "none"))
		}
	}
	for _, name := range f.interfaces {
		if !slices.ContainsFunc(cfg.Interfaces, func(i Interface) bool { return i.Name == name }) {
			cfg.Interfaces = append(cfg.Interfaces, Interface{Name: name, Shutdown: true})
		}
	}
	slices.SortStableFunc(cfg.Interfaces, func(a, b Interface) int { return CompareInterfaces(a.Name, b.Name) })
	return cfg, cfg.validate()
}

// validate tells what a router would refuse, in IOS's words where it has some.
func (c Config) validate() error {
	if err := c.validateVRFs(); err != nil {
		return err
	}
	for i, l := range c.AccessLists {
		if l.Name == "" || slices.ContainsFunc(c.AccessLists[:i], func(o AccessList) bool { return o.Name == l.Name }) {
			return wrongConfig("access-list", "access list %q stands twice or has no name", l.Name)
		}
	}
	for i, a := range c.Interfaces {
		for _, b := range c.Interfaces[:i] {
			if a.Name == b.Name {
				return wrongConfig("interface "+a.Name, "interface %s stands twice", a.Name)
			}
			if p, overlap := overlapping(b, a); overlap && a.VRF == b.VRF && !a.Shutdown && !b.Shutdown {
				return wrongConfig("interface "+a.Name, "%v overlaps with %s", p.Masked().Addr(), b.Name)
			}
		}
	}
	for _, r := range c.Routes {
		about := r.Prefix.Addr().String()
		switch {
		case !r.Prefix.IsValid() || r.Prefix != r.Prefix.Masked():
			return wrongConfig(about, "route to %v: not a network", r.Prefix)
		case !r.NextHop.IsValid() && r.Interface == "":
			return wrongConfig(about, "route to %v: neither a next hop nor an interface", r.Prefix)
		case r.NextHop.IsValid() && r.NextHop.Is4() != r.Prefix.Addr().Is4():
			return wrongConfig(about, "route to %v: the next hop %v is of the other address family", r.Prefix, r.NextHop)
		}
	}
	if c.LISP == nil {
		return nil
	}
	return c.LISP.validate()
}

// validate refuses what has no meaning for the engines.
func (l *LISP) validate() error {
	where := make(map[lispcore.EID]string)
	for _, t := range l.EIDTables {
		for _, m := range t.Mappings {
			eid := lispcore.NewEID(t.Instance, m.EID)
			if vrf, taken := where[eid]; taken {
				return wrongConfig("database-mapping "+m.EID.String(), "database-mapping %v stands twice in instance-id %d (VRF %s and VRF %s)",
					m.EID, t.Instance, vrf, t.VRF)
			}
			where[eid] = t.VRF
		}
	}
	for i, s := range l.Sites {
		if s.Name == "" || slices.ContainsFunc(l.Sites[:i], func(o Site) bool { return o.Name == s.Name }) {
			return wrongConfig("site "+s.Name, "site %q stands twice or has no name", s.Name)
		}
	}
	return nil
}

// overlapping finds a network of b that overlaps with one of a.
func overlapping(a, b Interface) (netip.Prefix, bool) {
	for _, p := range append([]netip.Prefix{a.IPv4}, a.IPv6...) {
		for _, q := range append([]netip.Prefix{b.IPv4}, b.IPv6...) {
			if p.IsValid() && q.IsValid() && p.Overlaps(q) {
				return q, true
			}
		}
	}
	return netip.Prefix{}, false
}

// serves tells whether the configuration makes the router a Map-Server, registers whether it makes it an ETR or a
// proxy ETR.
func (c Config) serves() bool {
	return c.LISP != nil && (c.LISP.IPv4.MapServer || c.LISP.IPv6.MapServer)
}

func (c Config) registers() bool {
	return c.LISP != nil && (c.LISP.IPv4.ETR || c.LISP.IPv6.ETR || c.LISP.IPv4.ProxyETR || c.LISP.IPv6.ProxyETR)
}

// listens tells whether a configuration makes the router listen on TCP 4342.
func (d *Device) listens(cfg Config) bool { return d.Release().ReliableTransport() && cfg.serves() }

// configureRoles makes the engines follow the configuration and the routing table: they appear, are told what is new, or
// take their leave.
func (d *Device) configureRoles() error {
	d.configureServer()
	d.configureResolver()
	d.configureITR()
	d.configureETR()
	d.lab.net.Receive(d.index, len(d.roles()) > 0)
	if err := d.lab.net.ReceiveData(d.index, d.etr != nil); err != nil {
		return err
	}
	return d.lab.net.Listen(d.index, d.listens(d.cfg))
}

func (d *Device) configureETR() {
	want := d.etrConfig()
	switch {
	case !d.cfg.registers() && d.etr == nil:
		return
	case d.etr == nil:
		d.etr = etr.New(d.sessions)
		d.etr.SetDebug(d.debug)
		d.etr.SetMapCache(d.cachedLocators)
	case d.cfg.registers() && reflect.DeepEqual(want, d.etrCfg):
		return
	}
	d.etr.Configure(d.lab.loop.now, want)
	d.etrCfg = want
	if !d.cfg.registers() { // it has withdrawn its registrations and closed its sessions
		d.lab.loop.collect(d.index)
		d.etr = nil
	}
}

func (d *Device) configureServer() {
	want := d.serverConfig()
	switch {
	case !d.cfg.serves() && d.server == nil:
		return
	case !d.cfg.serves():
		d.server.ClearSessions(d.lab.loop.now, netip.Addr{})
		for _, s := range d.sessions.Passive() {
			d.sessions.Remove(s)
		}
		d.lab.loop.collect(d.index)
		d.server = nil
		return
	case d.server == nil:
		d.server = mapserver.New(d.sessions)
		d.server.SetRoutes(routesOf{d})
		d.server.SetDebug(d.debug)
	case reflect.DeepEqual(want, d.servCfg):
		return
	}
	d.server.Configure(d.lab.loop.now, want)
	d.servCfg = want
}

// etrConfig says what the configuration means for the ETR.
func (d *Device) etrConfig() etr.Config {
	cfg := etr.Config{
		XTRID: d.xtrID(), Reliable: d.Release().ReliableTransport(), ReplayCheck: d.lab.file.replayCheck,
		Rand: d.rand, Jitter: d.lab.file.jitter, Merge: make(map[lispcore.EID]bool),
	}
	if !d.cfg.registers() {
		return cfg
	}
	l := d.cfg.LISP
	cfg.PETR4, cfg.PETR6, cfg.Instances = l.IPv4.ProxyETR, l.IPv6.ProxyETR, d.cfg.instances()
	cfg.MapCacheTTL4, cfg.MapCacheTTL6 = uint32(l.IPv4.MapCacheTTL), uint32(l.IPv6.MapCacheTTL)
	cfg.PropagateTTL = !l.DisableTTLPropagate
	for _, t := range l.EIDTables {
		for _, m := range t.Mappings {
			if !l.Service(lispcore.FamilyOf(m.EID.Addr())).ETR {
				continue
			}
			if locators := d.locators(m); len(locators) > 0 {
				eid := lispcore.NewEID(t.Instance, m.EID)
				cfg.Database = append(cfg.Database, lispcore.Mapping{EID: eid, TTL: recordTTL, Locators: locators})
				if slices.ContainsFunc(l.LocatorSets, func(s LocatorSet) bool { return s.Name == m.LocatorSet && s.AutoDiscover }) {
					cfg.Merge[eid] = true
				}
			}
		}
	}
	d.tellReachability(cfg.Database)
	for _, s := range []struct {
		family  lispcore.Family
		service LISPService
	}{{lispcore.IPv4, d.cfg.LISP.IPv4}, {lispcore.IPv6, d.cfg.LISP.IPv6}} {
		if !s.service.ETR {
			continue
		}
		for _, m := range s.service.ETRMapServers {
			local, _ := d.lab.net.Source(d.index, m.Addr)
			cfg.MapServers = append(cfg.MapServers, etr.MapServerConfig{
				Addr: m.Addr, Family: s.family, Key: m.Key, Local: local, ProxyReply: m.ProxyReply, SHA256: m.SHA256})
		}
	}
	return cfg
}

// locators are the locators of a database-mapping as they are registered. The multicast values equal the unicast ones, as
// IOS sends them. A locator is the router's own as long as one of its interfaces that is not shut bears the address: a
// line that goes down does not change the mapping.
func (d *Device) locators(m DatabaseMapping) []lispcore.Locator {
	list := m.Locators
	for _, s := range d.cfg.LISP.LocatorSets {
		if m.LocatorSet != "" && s.Name == m.LocatorSet {
			list = s.Locators
		}
	}
	var out []lispcore.Locator
	for _, l := range list {
		out = append(out, lispcore.Locator{
			RLOC: l.RLOC, Priority: l.Priority, Weight: l.Weight, MPriority: l.Priority, MWeight: l.Weight,
			Local: d.cfg.bears(l.RLOC), Reachable: true,
		})
	}
	slices.SortFunc(out, lispcore.CompareLocators)
	return out
}

// bears tells whether an interface of the default VRF that is not shut has the address.
func (c Config) bears(a netip.Addr) bool {
	return slices.ContainsFunc(c.Interfaces, func(i Interface) bool { return !i.Shutdown && i.VRF == "" && i.bears(a) })
}

func (i Interface) bears(a netip.Addr) bool {
	return i.IPv4.Addr() == a || slices.ContainsFunc(i.IPv6, func(p netip.Prefix) bool { return p.Addr() == a })
}

// cachedLocators are the locators of the router's own map-cache: whom the ETR tells of a change.
func (d *Device) cachedLocators() []netip.Addr {
	if d.itr == nil {
		return nil
	}
	return d.itr.Locators()
}

// serverConfig says what the configuration means for the Map-Server.
func (d *Device) serverConfig() mapserver.Config {
	if !d.cfg.serves() {
		return mapserver.Config{}
	}
	cfg := mapserver.Config{
		IPv4: d.cfg.LISP.IPv4.MapServer, IPv6: d.cfg.LISP.IPv6.MapServer,
		Reliable: d.Release().ReliableTransport(), ReplayCheck: d.lab.file.replayCheck,
	}
	for _, s := range d.cfg.LISP.Sites {
		site := mapserver.SiteConfig{Name: s.Name, Description: s.Description, Key: s.Key}
		for _, p := range s.EIDPrefixes {
			site.EIDs = append(site.EIDs, mapserver.SiteEID{EID: lispcore.NewEID(p.Instance, p.Prefix), AcceptMoreSpecifics: p.AcceptMoreSpecifics})
		}
		cfg.Sites = append(cfg.Sites, site)
	}
	slices.SortFunc(cfg.Sites, func(a, b mapserver.SiteConfig) int { return cmp.Compare(a.Name, b.Name) })
	return cfg
}

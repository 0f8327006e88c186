package commands

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lisplab/devices"
	"lisplab/lispcore"
)

// Whatever a configuration holds, what a release prints of it reads back as the same configuration.
func TestLoadOfRunningConfigIsTheConfig(t *testing.T) {
	s := compiled(t)
	for _, rel := range releases {
		t.Run(rel.Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := drawConfig(t, rel)
				text := s.File(rel, want)
				got, err := s.Load(rel, "R.cfg", text)
				if err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				checkSame(t, got, want)
				if again := s.File(rel, got); again != text {
					t.Errorf("printed again it is\n%s\nnot\n%s", again, text)
				}
			})
		})
	}
}

// A release that prints the hierarchical form takes whatever one of the classic form prints, and loses nothing of it: the
// prefixes, locators, sites and services are the same.
func TestClassicLoadsAsHierarchical(t *testing.T) {
	s := compiled(t)
	rapid.Check(t, func(t *rapid.T) {
		classic := drawConfig(t, devices.Release155)
		text := s.File(devices.Release155, classic)
		got, err := s.Load(devices.Release179, "R.cfg", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		again, err := s.Load(devices.Release179, "R.cfg", s.File(devices.Release179, got))
		if err != nil {
			t.Fatalf("%v\n%s", err, s.File(devices.Release179, got))
		}
		checkSame(t, again, got)
		checkSame(t, withoutForm(got), withoutForm(classic))
	})
}

// withoutForm is a configuration without what only says how it was typed.
func withoutForm(cfg devices.Config) devices.Config {
	cfg = cfg.Clone()
	if l := cfg.LISP; l != nil {
		l.IPv4.Explicit, l.IPv6.Explicit = false, false
		for i := range l.EIDTables {
			t := &l.EIDTables[i]
			t.Explicit, t.IPv4, t.IPv6 = false, 0, 0
		}
	}
	return cfg
}

var (
	drawName = rapid.StringMatching(`[A-Za-z0-9_.*:|#'"-]{1,12}`)
	drawText = rapid.StringMatching(`[!-~]([ -~]{0,30}[!-~])?`)
	drawHost = rapid.StringMatching(`[A-Za-z][A-Za-z0-9-]{0,20}`)
)

func drawConfig(t *rapid.T, rel devices.Release) devices.Config {
	cfg := devices.Config{
		Hostname:           drawHost.Draw(t, "hostname"),
		IPv6UnicastRouting: rapid.Bool().Draw(t, "unicast-routing"),
		VRFs:               drawVRFs(t),
		AccessLists:        drawAccessLists(t),
	}
	cfg.Interfaces = drawInterfaces(t, cfg.VRFs)
	cfg.Routes = drawRoutes(t, cfg.Interfaces, cfg.VRFs)
	if rapid.Bool().Draw(t, "lisp") {
		cfg.LISP = drawLISP(t, rel)
	}
	drawAccess(t, &cfg)
	return cfg
}

// drawList draws up to 4 things, sorts them and drops those that are equal in the order.
func drawList[T any](t *rapid.T, label string, compare func(a, b T) int, draw func(*rapid.T) T) []T {
	list := rapid.SliceOfN(rapid.Custom(draw), 0, 4).Draw(t, label)
	if len(list) == 0 {
		return nil
	}
	if compare != nil {
		slices.SortFunc(list, compare)
		list = slices.CompactFunc(list, func(a, b T) bool { return compare(a, b) == 0 })
	}
	return list
}

func drawAddr(family lispcore.Family) *rapid.Generator[netip.Addr] {
	return rapid.Custom(func(t *rapid.T) netip.Addr {
		if family == lispcore.IPv4 {
			return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "bytes")))
		}
		// Not mapped IPv4 addresses, which read back as they are but print in two ways.
		return netip.AddrFrom16([16]byte(append([]byte{0x20, 0x01}, rapid.SliceOfN(rapid.Byte(), 14, 14).Draw(t, "bytes")...)))
	})
}

func drawFamily(t *rapid.T) lispcore.Family {
	return rapid.SampledFrom([]lispcore.Family{lispcore.IPv4, lispcore.IPv6}).Draw(t, "family")
}

func drawPrefix(t *rapid.T, family lispcore.Family) netip.Prefix {
	a := drawAddr(family).Draw(t, "address")
	return netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(t, "bits")).Masked()
}

func byPrefix(a, b netip.Prefix) int {
	return lispcore.NewEID(0, a).Compare(lispcore.NewEID(0, b))
}

func drawInterfaces(t *rapid.T, vrfs []devices.VRF) []devices.Interface {
	names := []string{"Loopback0", "Loopback10", "Ethernet1/0", "GigabitEthernet0/0", "GigabitEthernet0/1", "GigabitEthernet0/10", "Serial0/0/1"}
	list := drawList(t, "interfaces", byInterfaceName, func(t *rapid.T) devices.Interface {
		return devices.Interface{Name: rapid.SampledFrom(names).Draw(t, "name"), Shutdown: rapid.Bool().Draw(t, "shutdown")}
	})
	for i := range list {
		itf := &list[i]
		if rapid.Bool().Draw(t, "described") {
			itf.Description = drawText.Draw(t, "description")
		}
		itf.AccessIn, itf.AccessOut = rapid.SampledFrom([]string{"", "101", "IN"}).Draw(t, "in"), rapid.SampledFrom([]string{"", "1", "OUT"}).Draw(t, "out")
		itf.MTU = rapid.SampledFrom([]int{0, 64, 1400, 9216}).Draw(t, "mtu")
		if len(vrfs) > 0 && rapid.Bool().Draw(t, "in a VRF") {
			itf.VRF = rapid.SampledFrom(vrfs).Draw(t, "vrf").Name
		}
		if rapid.Bool().Draw(t, "has ipv4") {
			bits := rapid.IntRange(17, 31).Draw(t, "bits")
			itf.IPv4 = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 1}), bits)
		}
		itf.IPv6 = drawList(t, "ipv6", netip.Prefix.Compare, func(t *rapid.T) netip.Prefix {
			host := byte(rapid.IntRange(1, 9).Draw(t, "host"))
			return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, byte(i), 15: host}), 64)
		})
	}
	return list
}

func drawVRFs(t *rapid.T) []devices.VRF {
	byName := func(a, b devices.VRF) int { return cmp.Compare(a.Name, b.Name) }
	return drawList(t, "vrfs", byName, func(t *rapid.T) devices.VRF {
		v := devices.VRF{Name: drawName.Filter(func(s string) bool { return s != defaultVRF }).Draw(t, "name"), Legacy: rapid.Bool().Draw(t, "legacy")}
		v.IPv4 = v.Legacy || rapid.Bool().Draw(t, "ipv4")
		v.IPv6 = !v.Legacy && rapid.Bool().Draw(t, "ipv6")
		return v
	})
}

// drawAccessLists numbers the entries as the releases do that keep no numbers.
func drawAccessLists(t *rapid.T) []devices.AccessList {
	list := drawList(t, "access-lists", compareAccessLists, func(t *rapid.T) devices.AccessList {
		extended := rapid.Bool().Draw(t, "extended")
		names := []string{"1", "99", "A-std", "b"}
		if extended {
			names = []string{"100", "199", "A-ext", "c"}
		}
		return devices.AccessList{Name: rapid.SampledFrom(names).Draw(t, "name"), Extended: extended}
	})
	for i := range list {
		l := &list[i]
		l.Entries = drawList(t, "entries", nil, func(t *rapid.T) devices.AccessEntry { return drawAccessEntry(t, l.Extended) })
		if _, err := strconv.Atoi(l.Name); err == nil && l.Entries == nil { // a numbered list without entries prints as nothing
			l.Entries = []devices.AccessEntry{{Permit: true}}
		}
		for j := range l.Entries {
			l.Entries[j].Sequence = sequenceStep * (j + 1)
		}
		seen := map[devices.AccessEntry]bool{}
		l.Entries = slices.DeleteFunc(l.Entries, func(e devices.AccessEntry) bool {
			e.Sequence = 0
			again := seen[e] && e.Remark == ""
			seen[e] = true
			return again
		})
		for j := range l.Entries {
			l.Entries[j].Sequence = sequenceStep * (j + 1)
		}
	}
	return list
}

func drawAccessEntry(t *rapid.T, extended bool) devices.AccessEntry {
	if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
		return devices.AccessEntry{Remark: drawText.Draw(t, "remark")}
	}
	e := devices.AccessEntry{Permit: rapid.Bool().Draw(t, "permit"), Source: drawSide(t)}
	if !extended {
		return e
	}
	protocols := []devices.AccessProtocol{devices.AnyProtocol, devices.ICMPProtocol, devices.TCPProtocol, devices.UDPProtocol}
	e.Protocol, e.Destination = rapid.SampledFrom(protocols).Draw(t, "protocol"), drawSide(t)
	if e.Protocol == devices.TCPProtocol || e.Protocol == devices.UDPProtocol {
		ports := []devices.AccessPort{{}, {First: 4342, Last: 4342}, {First: 23, Last: 23}, {First: 69, Last: 69}, {First: 1024, Last: 65535}, {Last: 22}, {First: 5, Last: 9}}
		e.SourcePort, e.DestinationPort = rapid.SampledFrom(ports).Draw(t, "source port"), rapid.SampledFrom(ports).Draw(t, "destination port")
		e.Established = e.Protocol == devices.TCPProtocol && rapid.Bool().Draw(t, "established")
	}
	return e
}

func drawSide(t *rapid.T) devices.AccessAddr {
	addr := func(text string) netip.Addr { return netip.MustParseAddr(text) }
	return rapid.SampledFrom([]devices.AccessAddr{
		{}, {Addr: addr("10.0.0.1"), Wildcard: addr("0.0.0.0")}, {Addr: addr("10.0.0.0"), Wildcard: addr("0.255.255.255")}, {Addr: addr("10.0.0.1"), Wildcard: addr("0.0.255.0")},
	}).Draw(t, "side")
}

func drawRoutes(t *rapid.T, interfaces []devices.Interface, vrfs []devices.VRF) []devices.StaticRoute {
	outs := []string{"", nullInterface}
	for _, i := range interfaces {
		outs = append(outs, i.Name)
	}
	own := func(a netip.Addr) bool {
		return slices.ContainsFunc(interfaces, func(i devices.Interface) bool {
			return i.IPv4.Addr() == a || slices.ContainsFunc(i.IPv6, func(p netip.Prefix) bool { return p.Addr() == a })
		})
	}
	return drawList(t, "routes", compareRoutes, func(t *rapid.T) devices.StaticRoute {
		family := drawFamily(t)
		r := devices.StaticRoute{Prefix: drawPrefix(t, family), Interface: rapid.SampledFrom(outs).Draw(t, "interface")}
		if len(vrfs) > 0 {
			if v := rapid.SampledFrom(vrfs).Draw(t, "vrf"); v.IPv4 && family == lispcore.IPv4 || v.IPv6 && family == lispcore.IPv6 {
				r.VRF = v.Name
			}
		}
		if r.Interface == "" || rapid.Bool().Draw(t, "has next hop") {
			r.NextHop = drawAddr(family).Filter(func(a netip.Addr) bool { return !own(a) }).Draw(t, "next hop")
		}
		return r
	})
}

func drawLISP(t *rapid.T, rel devices.Release) *devices.LISP {
	l := &devices.LISP{
		LocatorTable: rapid.Bool().Draw(t, "locator-table"),
		LocatorSets: drawList(t, "locator-sets", func(a, b devices.LocatorSet) int { return cmp.Compare(a.Name, b.Name) }, func(t *rapid.T) devices.LocatorSet {
			return devices.LocatorSet{Name: drawName.Draw(t, "name"), Locators: drawLocators(t), AutoDiscover: rapid.Bool().Draw(t, "auto-discover")}
		}),
		Sites: drawList(t, "sites", func(a, b devices.Site) int { return cmp.Compare(a.Name, b.Name) }, drawSite),
		IPv4:  drawService(t, rel),
		IPv6:  drawService(t, rel),
	}
	l.EIDTables = drawEIDTables(t, rel, l.LocatorSets)
	l.RLOCProbing, l.LSBReports = rapid.Bool().Draw(t, "probing"), rapid.Bool().Draw(t, "lsb")
	l.DisableTTLPropagate = rapid.Bool().Draw(t, "ttl")
	return l
}

func drawLocators(t *rapid.T) []devices.Locator {
	return drawList(t, "locators", func(a, b devices.Locator) int { return a.RLOC.Compare(b.RLOC) }, func(t *rapid.T) devices.Locator {
		return devices.Locator{
			RLOC:     drawAddr(drawFamily(t)).Draw(t, "rloc"),
			Priority: rapid.Byte().Draw(t, "priority"),
			Weight:   rapid.ByteRange(0, 100).Draw(t, "weight"),
		}
	})
}

func drawEIDTables(t *rapid.T, rel devices.Release, sets []devices.LocatorSet) []devices.EIDTable {
	list := drawList(t, "eid-tables", func(a, b devices.EIDTable) int { return cmp.Compare(a.Instance, b.Instance) }, func(t *rapid.T) devices.EIDTable {
		return devices.EIDTable{Instance: rapid.Uint32Range(0, 5).Draw(t, "instance"), Explicit: true}
	})
	for i := range list {
		e := &list[i]
		e.VRF, e.IPv4, e.IPv6 = fmt.Sprintf("V%d", i), devices.TableServiceBound, devices.TableServiceBound
		if i == 0 && rapid.Bool().Draw(t, "default") {
			e.VRF = defaultVRF
		}
		switch {
		case rel.HierarchicalLISP():
			drawn := rapid.SampledFrom([]devices.TableService{devices.TableServiceAbsent, devices.TableServiceOpen, devices.TableServiceBound})
			e.IPv4, e.IPv6 = drawn.Draw(t, "service ipv4"), drawn.Draw(t, "service ipv6")
			if e.IPv4 != devices.TableServiceBound && e.IPv6 != devices.TableServiceBound {
				e.VRF = ""
			}
		case e.VRF == defaultVRF && e.Instance == 0 && rapid.Bool().Draw(t, "lines of router lisp itself"):
			e.Explicit, e.IPv4, e.IPv6 = false, 0, 0
		}
		bound := func(p netip.Prefix) bool {
			return !e.Explicit || *e.Service(lispcore.FamilyOf(p.Addr())) == devices.TableServiceBound
		}
		e.Mappings = slices.DeleteFunc(drawMappings(t, sets), func(m devices.DatabaseMapping) bool { return !bound(m.EID) })
		if e.Explicit {
			e.MapCache = slices.DeleteFunc(drawList(t, "map-cache", func(a, b devices.StaticMapCache) int { return byPrefix(a.Prefix, b.Prefix) }, func(t *rapid.T) devices.StaticMapCache {
				actions := []lispcore.Action{lispcore.SendMapRequest, lispcore.NativelyForward, lispcore.DropNoReason}
				return devices.StaticMapCache{Prefix: drawPrefix(t, drawFamily(t)), Action: rapid.SampledFrom(actions).Draw(t, "action")}
			}), func(m devices.StaticMapCache) bool { return !bound(m.Prefix) })
		}
	}
	list = slices.DeleteFunc(list, func(e devices.EIDTable) bool { return !e.Explicit && len(e.Mappings) == 0 })
	if len(list) == 0 {
		return nil
	}
	return list
}

func drawMappings(t *rapid.T, sets []devices.LocatorSet) []devices.DatabaseMapping {
	return drawList(t, "mappings", func(a, b devices.DatabaseMapping) int { return byPrefix(a.EID, b.EID) }, func(t *rapid.T) devices.DatabaseMapping {
		m := devices.DatabaseMapping{EID: drawPrefix(t, drawFamily(t))}
		if len(sets) > 0 && rapid.Bool().Draw(t, "by set") {
			m.LocatorSet = rapid.SampledFrom(sets).Draw(t, "set").Name
		} else if m.Locators = drawLocators(t); m.Locators == nil {
			m.Locators = []devices.Locator{{RLOC: netip.MustParseAddr("192.0.2.1")}}
		}
		return m
	})
}

func drawSite(t *rapid.T) devices.Site {
	s := devices.Site{Name: drawName.Draw(t, "name")}
	if rapid.Bool().Draw(t, "described") {
		s.Description = drawText.Draw(t, "description")
	}
	if rapid.Bool().Draw(t, "keyed") {
		s.Key = rapid.OneOf(drawName, rapid.SampledFrom([]string{"0", "7"})).Draw(t, "key")
	}
	s.EIDPrefixes = drawList(t, "eid-prefixes", compareSiteEIDs, func(t *rapid.T) devices.SiteEIDPrefix {
		return devices.SiteEIDPrefix{
			Instance:            rapid.Uint32Range(0, 1<<24-2).Draw(t, "instance"),
			Prefix:              drawPrefix(t, drawFamily(t)),
			AcceptMoreSpecifics: rapid.Bool().Draw(t, "accept-more-specifics"),
		}
	})
	return s
}

func drawService(t *rapid.T, rel devices.Release) devices.LISPService {
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	s := devices.LISPService{}
	if rel.HierarchicalLISP() {
		if s.Explicit = flag("explicit"); !s.Explicit {
			return s
		}
	}
	s.ETR, s.ProxyETR, s.MapServer, s.MapResolver = flag("etr"), flag("proxy-etr"), flag("map-server"), flag("map-resolver")
	if s.ITR = flag("itr"); !s.ITR && flag("proxy-itr") {
		s.ProxyITR = drawAddr(drawFamily(t)).Draw(t, "proxy-itr")
	}
	number := func(name string, low int) int { return rapid.SampledFrom([]int{0, low, 1000}).Draw(t, name) }
	s.MapCacheLimit, s.MapCacheTTL = number("limit", 1), number("ttl", 60)
	if flag("source") {
		s.MapRequestSource = drawAddr(drawFamily(t)).Draw(t, "map-request-source")
	}
	byRLOC := func(a, b devices.UsePETR) int { return a.RLOC.Compare(b.RLOC) }
	s.UsePETRs = drawList(t, "petrs", byRLOC, func(t *rapid.T) devices.UsePETR {
		return devices.UsePETR{RLOC: drawAddr(drawFamily(t)).Draw(t, "petr"), Priority: rapid.Byte().Draw(t, "priority"), Weight: rapid.ByteRange(0, 100).Draw(t, "weight")}
	})
	addrs := drawList(t, "addresses", netip.Addr.Compare, func(t *rapid.T) netip.Addr { return drawAddr(drawFamily(t)).Draw(t, "address") })
	slices.Reverse(addrs) // the order of configuration is kept, whatever it is
	s.ITRMapResolvers = addrs
	for _, a := range addrs {
		s.ETRMapServers = append(s.ETRMapServers, devices.ETRMapServer{Addr: a, Key: drawName.Draw(t, "key"), ProxyReply: flag("proxy-reply"), SHA256: flag("sha2")})
	}
	return s
}

// FuzzLoad: no text makes Load panic, and whatever a release takes prints back to the same.
func FuzzLoad(f *testing.F) {
	s := compiled(f)
	for _, text := range []string{
		wholeConfig, wholeHierarchicalConfig,
		"router lisp\n eid-table default instance-id 0\n database-mapping ::/0 ::1 priority 0 weight 0\n no database-mapping ::/0",
		"router lisp\ninstance-id 1\nservice ipv4\neid-table vrf X\neid-table vrf X instance-id 1\nno eid-table\nservice ipv6\nmap-cache ::/0 map-request",
		"no router lisp\nexit",
		"banner motd ^C\nhello ^ C\n^C\nbanner exec xhix\nline vty 0 97\n no login\n password 7 0822455D0A16\n exec-timeout 0 1\nno line vty 5 97\nenable secret level 3 0 x",
		"service password-encryption\nservice timestamps log datetime localtime msec\nlogging buffered 4096 3\nusername a password b c\ndefault line vty 5 9\nline con 0\nlength 0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, rel := range []devices.Release{devices.Release155, devices.Release179} {
			cfg, err := s.Load(rel, "R.cfg", text)
			if err != nil {
				continue
			}
			printed := s.File(rel, cfg)
			again, err := s.Load(rel, "R.cfg", printed)
			if err != nil {
				t.Fatalf("%v\n%s", err, printed)
			}
			checkSame(t, again, cfg)
			if twice := s.File(rel, again); twice != printed {
				t.Errorf("printed again it is\n%s\nnot\n%s\nfrom\n%s", twice, printed, strings.TrimSpace(text))
			}
		}
	})
}

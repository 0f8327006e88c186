package devices

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"lisplab/lispcore"
)

// parse reads as much of an IOS configuration as the built-in labs use. It stands in for the rows of package commands,
// which this package can't import.
func parse(_ Release, file, text string) (Config, error) {
	var c Config
	var site *Site
	line := false // in the block of a terminal line, which is of no concern here
	for i, text := range strings.Split(text, "\n") {
		f := strings.Fields(text)
		if len(f) == 0 || f[0] == "!" {
			continue
		}
		ok := true
		switch {
		case !strings.HasPrefix(text, " "):
			ok = parseGlobal(&c, f)
			site, line = nil, f[0] == "line"
		case line:
		case strings.HasPrefix(text, " permit") || strings.HasPrefix(text, " deny"):
			l := &c.AccessLists[len(c.AccessLists)-1]
			l.Entries = append(l.Entries, parseAccess(10*(len(l.Entries)+1), f))
		case c.LISP == nil && len(c.Interfaces) > 0:
			ok = parseInterface(&c.Interfaces[len(c.Interfaces)-1], f)
		case f[0] == "site":
			c.LISP.Sites = append(c.LISP.Sites, Site{Name: f[1]})
			site = &c.LISP.Sites[len(c.LISP.Sites)-1]
		case strings.HasPrefix(text, "  ") && site != nil:
			ok = parseSite(site, f)
		default:
			ok = parseLISP(c.LISP, f)
		}
		if !ok {
			return c, fmt.Errorf("%s:%d:1: found %q, expected a line that the built-in labs use", file, i+1, text)
		}
	}
	return c, nil
}

func parseGlobal(c *Config, f []string) bool {
	switch f[0] {
	case "version", "end", "service", "no", "enable", "username", "line":
	case "hostname":
		c.Hostname = f[1]
	case "ipv6":
		if f[1] == "route" {
			r := StaticRoute{Prefix: netip.MustParsePrefix(f[2]), Interface: f[3]}
			if f[3] != "Null0" {
				r.Interface, r.NextHop = "", netip.MustParseAddr(f[3])
			}
			c.Routes = append(c.Routes, r)
		}
		c.IPv6UnicastRouting = true
	case "interface":
		c.Interfaces = append(c.Interfaces, Interface{Name: f[1]})
	case "vrf":
		c.VRFs = append(c.VRFs, VRF{Name: f[2], IPv4: true, IPv6: true})
	case "ip":
		if f[1] == "access-list" {
			c.AccessLists = append(c.AccessLists, AccessList{Name: f[3], Extended: f[2] == "extended"})
			return true
		}
		var r StaticRoute
		if f[2] == "vrf" {
			r.VRF, f = f[3], f[2:]
		}
		r.Prefix = masked(f[2], f[3]).Masked()
		if r.Interface = f[4]; f[4] != "Null0" {
			r.Interface, r.NextHop = "", netip.MustParseAddr(f[4])
		}
		c.Routes = append(c.Routes, r)
	case "router":
		c.LISP = &LISP{}
	default:
		return false
	}
	return true
}

func parseInterface(i *Interface, f []string) bool {
	switch {
	case f[0] == "description":
		i.Description = strings.Join(f[1:], " ")
	case f[0] == "vrf":
		i.VRF = f[2]
	case f[0] == "ip" && f[1] == "access-group":
		if f[3] == "out" {
			i.AccessOut = f[2]
		} else {
			i.AccessIn = f[2]
		}
	case f[0] == "ip" && f[1] == "mtu":
		i.MTU, _ = strconv.Atoi(f[2])
	case f[0] == "ip":
		i.IPv4 = masked(f[2], f[3])
	case f[0] == "ipv6":
		i.IPv6 = append(i.IPv6, netip.MustParsePrefix(f[2]))
	case f[0] == "shutdown":
		i.Shutdown = true
	default:
		return f[0] == "no"
	}
	return true
}

func parseSite(s *Site, f []string) bool {
	switch f[0] {
	case "authentication-key":
		s.Key = f[1]
	case "eid-prefix":
		var instance uint64
		if f[1] == "instance-id" {
			instance, _ = strconv.ParseUint(f[2], 10, 32)
			f = f[2:]
		}
		s.EIDPrefixes = append(s.EIDPrefixes, SiteEIDPrefix{Instance: uint32(instance), Prefix: netip.MustParsePrefix(f[1]), AcceptMoreSpecifics: len(f) > 2})
	default:
		return f[0] == "exit"
	}
	return true
}

func parseLISP(l *LISP, f []string) bool {
	service := &l.IPv4
	switch f[0] {
	case "exit":
		return true
	case "database-mapping":
		if len(l.EIDTables) == 0 {
			l.EIDTables = []EIDTable{{VRF: "default"}}
		}
		t := &l.EIDTables[len(l.EIDTables)-1]
		m := DatabaseMapping{EID: netip.MustParsePrefix(f[1])}
		for _, rloc := range f[2:] {
			if a, err := netip.ParseAddr(rloc); err == nil {
				m.Locators = append(m.Locators, Locator{RLOC: a, Priority: 1, Weight: 100})
			}
		}
		t.Mappings = append(t.Mappings, m)
		return true
	case "eid-table":
		instance, _ := strconv.ParseUint(f[len(f)-1], 10, 32)
		l.EIDTables = append(l.EIDTables, EIDTable{VRF: f[len(f)-3], Instance: uint32(instance), Explicit: true})
		return true
	case "map-cache":
		if len(l.EIDTables) == 0 {
			l.EIDTables = []EIDTable{{VRF: "default"}}
		}
		t := &l.EIDTables[len(l.EIDTables)-1]
		t.MapCache = append(t.MapCache, StaticMapCache{netip.MustParsePrefix(f[1]), lispcore.SendMapRequest})
		return true
	case "loc-reach-algorithm":
		l.RLOCProbing = true
		return true
	case "disable-ttl-propagate":
		l.DisableTTLPropagate = true
		return true
	case "ipv6":
		service = &l.IPv6
	case "ipv4":
	default:
		return false
	}
	switch strings.Join(f[1:min(3, len(f))], " ") {
	case "itr":
		service.ITR = true
	case "itr map-resolver":
		service.ITRMapResolvers = append(service.ITRMapResolvers, netip.MustParseAddr(f[3]))
	case "etr":
		service.ETR = true
	case "etr map-server":
		service.ETRMapServers = append(service.ETRMapServers, ETRMapServer{Addr: netip.MustParseAddr(f[3]), Key: f[5]})
	case "map-server":
		service.MapServer = true
	case "map-resolver":
		service.MapResolver = true
	case "proxy-etr":
		service.ProxyETR = true
	default:
		switch f[1] {
		case "proxy-itr":
			service.ProxyITR = netip.MustParseAddr(f[2])
		case "use-petr":
			service.UsePETRs = append(service.UsePETRs, UsePETR{RLOC: netip.MustParseAddr(f[2])})
		default:
			return false
		}

	}
	return true
}

// parseAccess reads "permit udp any any eq 4342" and the like.
func parseAccess(sequence int, f []string) AccessEntry {
	e := AccessEntry{Sequence: sequence, Permit: f[0] == "permit"}
	e.Protocol = map[string]AccessProtocol{"ip": AnyProtocol, "icmp": ICMPProtocol, "tcp": TCPProtocol, "udp": UDPProtocol}[f[1]]
	f = f[2:]
	addr := func() (a AccessAddr) {
		switch f[0] {
		case "any":
			f = f[1:]
		case "host":
			a.Addr, f = netip.MustParseAddr(f[1]), f[2:]
		default:
			a.Addr, a.Wildcard, f = netip.MustParseAddr(f[0]), netip.MustParseAddr(f[1]), f[2:]
		}
		return a
	}
	port := func() (p AccessPort) {
		if len(f) > 1 && f[0] == "eq" {
			n, _ := strconv.Atoi(f[1])
			p, f = AccessPort{uint16(n), uint16(n)}, f[2:]
		}
		return p
	}
	e.Source, e.SourcePort = addr(), port()
	e.Destination, e.DestinationPort = addr(), port()
	e.Established = len(f) > 0 && f[0] == "established"
	return e
}

func masked(addr, mask string) netip.Prefix {
	ones, _ := net.IPMask(net.ParseIP(mask).To4()).Size()
	return netip.PrefixFrom(netip.MustParseAddr(addr), ones)
}

// edit changes a configuration by lines such as "database 172.16.0.0/24" or "site A 21.0.0.0/8 more", as an operator does.
func edit(d *Device, lines ...string) error {
	cfg := d.Config()
	var errs []error
	for _, line := range lines {
		f := strings.Fields(line)
		switch f[0] {
		case "database":
			t := &cfg.LISP.EIDTables[0]
			t.Mappings = append(t.Mappings, DatabaseMapping{EID: netip.MustParsePrefix(f[1]), Locators: slices.Clone(t.Mappings[0].Locators)})
			slices.SortFunc(t.Mappings, func(a, b DatabaseMapping) int { return byPrefix(a.EID, b.EID) })
		case "site":
			i := slices.IndexFunc(cfg.LISP.Sites, func(s Site) bool { return s.Name == f[1] })
			s := &cfg.LISP.Sites[i]
			s.EIDPrefixes = append(s.EIDPrefixes, SiteEIDPrefix{Prefix: netip.MustParsePrefix(f[2]), AcceptMoreSpecifics: len(f) > 3})
			slices.SortFunc(s.EIDPrefixes, func(a, b SiteEIDPrefix) int { return byPrefix(a.Prefix, b.Prefix) })
		default:
			errs = append(errs, fmt.Errorf("no edit %q", f[0]))
		}
	}
	return errors.Join(append(errs, d.Apply(cfg))...)
}

func byPrefix(a, b netip.Prefix) int { return lispcore.NewEID(0, a).Compare(lispcore.NewEID(0, b)) }

package commands

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
)

// families are the address families in the order in which they print.
var families = []lispcore.Family{lispcore.IPv4, lispcore.IPv6}

// familyWord is an address family as lines of configuration name it.
func familyWord(f lispcore.Family) string { return strings.ToLower(f.String()) }

// serviceForm is how one form of the configuration says what a router is for one address family, or for each of them.
type serviceForm struct {
	Row            // what the rows have in common
	before  string // words before each line: "ipv4 ", or none in a block of its own
	example string // the lines before an example's own, with the indent of that
	family  func(frame) lispcore.Family
}

// hierarchicalServiceRows are the lines in a `service` block of `router lisp`.
func hierarchicalServiceRows() []Row {
	block := Row{Modes: []grammar.Mode{RouterLISP, Instance}, Releases: hierarchicalForm,
		Syntax: "service <ipv4|ipv6>$af", No: "service <ipv4|ipv6>$af",
		Help: grammar.Words{
			"config-router-lisp: service":      "Configures a LISP service",
			"config-router-lisp-inst: service": "Configures a LISP service of the instance",
			"service ipv4":                     "IPv4 service",
			"service ipv6":                     "IPv6 service",
		},
		Run:     selectService,
		Print:   printServices,
		Example: "router lisp\n service ipv4"}
	form := serviceForm{
		Row:     Row{Modes: []grammar.Mode{ServiceIPv4, ServiceIPv6}, Releases: hierarchicalForm},
		example: "router lisp\n service ipv4\n  ",
		family:  func(f frame) lispcore.Family { return modeFamily(f.mode) },
	}
	return []Row{block,
		form.mapResolvers(), form.itr(), form.mapServers(), form.mapCacheTTL(), form.etr(), form.usePETR(),
		form.mapCacheLimit(), form.mapRequestSource(), form.proxyETR(), form.proxyITR(), form.mapServer(), form.mapResolver()}
}

// classicServiceRows are the lines of `router lisp` that begin with `ipv4` or `ipv6`.
func classicServiceRows(family lispcore.Family) []Row {
	af := familyWord(family)
	form := serviceForm{
		Row:     Row{Modes: []grammar.Mode{RouterLISP}, Prints: classicForm},
		before:  af + " ",
		example: "router lisp\n ",
		family:  func(frame) lispcore.Family { return family },
	}
	rows := []Row{form.mapServer(), form.mapResolver(), form.proxyETR(), form.proxyITR(), form.mapResolvers(), form.itr(), form.mapServers(), form.mapCacheTTL(),
		form.etr(), form.usePETR(), form.mapCacheLimit(), form.mapRequestSource()}
	rows[0].Help["config-router-lisp: "+af] = family.String() + " address family subcommands"
	return rows
}

// selectService enters a `service` block: one of the router, or one of an instance.
func selectService(c *Context, a Args) error {
	f := lispcore.IPv4
	if a.String("af") == familyWord(lispcore.IPv6) {
		f = lispcore.IPv6
	}
	if at := c.top(); at.mode == Instance {
		return c.selectInstanceService(a, f)
	}
	if a.Has("no") {
		*c.lisp().Service(f) = devices.LISPService{}
		return nil
	}
	c.lisp().Service(f).Explicit = true
	c.enter(frame{mode: serviceMode(RouterLISP, f)})
	return nil
}

func printServices(cfg *devices.Config, p *Printer) {
	at := p.frame
	for _, f := range families {
		service := !reflect.ValueOf(cfg.LISP.Service(f)).Elem().IsZero()
		if at.mode == Instance {
			service = *instanceOf(cfg.LISP, at.instance).Service(f) != devices.TableServiceAbsent
		}
		if service {
			p.block(frame{mode: serviceMode(at.mode, f), instance: at.instance}, true, "service %s", familyWord(f))
		}
	}
}

// of returns the service that a line is about, for changing. In the hierarchical form whoever says something of a service
// has opened its block.
func (s serviceForm) of(c *Context, a Args) *devices.LISPService {
	service := c.lisp().Service(s.family(c.top()))
	if !a.Has("no") && c.release().HierarchicalLISP() {
		service.Explicit = true
	}
	return service
}

// at returns the service that is being printed.
func (s serviceForm) at(cfg *devices.Config, p *Printer) *devices.LISPService {
	return cfg.LISP.Service(s.family(p.frame))
}

// row is one row of the form. The parameters leave out what stands before the line.
func (s serviceForm) row(syntax, no, example string, help grammar.Words) Row {
	r := s.Row
	r.Syntax, r.No, r.Example = s.before+syntax, s.before+no, s.example+s.before+example
	r.Help = grammar.Words{}
	for path, text := range help {
		r.Help[s.before+path] = text
	}
	return r
}

// role makes the row of a role that is on or off. refused, if there is one, tells why it can't be turned on.
func (s serviceForm) role(name, help string, flag func(*devices.LISPService) *bool, refused func(*devices.LISPService) error) Row {
	r := s.row(name, name, name, grammar.Words{name: help})
	r.Run = func(c *Context, a Args) error {
		if !a.Has("no") && refused != nil {
			if err := refused(c.lisp().Service(s.family(c.top()))); err != nil {
				return err
			}
		}
		*flag(s.of(c, a)) = !a.Has("no")
		return nil
	}
	r.Print = func(cfg *devices.Config, p *Printer) {
		if *flag(s.at(cfg, p)) {
			p.Line("%s%s", s.before, name)
		}
	}
	return r
}

func (s serviceForm) mapServer() Row {
	return s.role("map-server", "Configures a LISP Map Server (MS)", func(s *devices.LISPService) *bool { return &s.MapServer }, nil)
}

func (s serviceForm) mapResolver() Row {
	return s.role("map-resolver", "Configures a LISP Map Resolver (MR)", func(s *devices.LISPService) *bool { return &s.MapResolver }, nil)
}

func (s serviceForm) etr() Row {
	return s.role("etr", "Configures a LISP Egress Tunnel Router (ETR)", func(s *devices.LISPService) *bool { return &s.ETR }, nil)
}

func (s serviceForm) proxyETR() Row {
	return s.role("proxy-etr", "Configures a LISP Proxy Egress Tunnel Router (PETR)", func(s *devices.LISPService) *bool { return &s.ProxyETR }, nil)
}

// itr is the row of a site's ITR, which a router can't be beside a proxy ITR.
func (s serviceForm) itr() Row {
	return s.role("itr", "Configures a LISP Ingress Tunnel Router (ITR)", func(s *devices.LISPService) *bool { return &s.ITR },
		func(s *devices.LISPService) error {
			if s.ProxyITR.IsValid() {
				return refuse("%% Disable Proxy-ITR functionality first.")
			}
			return nil
		})
}

func (s serviceForm) proxyITR() Row {
	r := s.row("proxy-itr ADDRESS$locator", "proxy-itr [ADDRESS$locator]", "proxy-itr 192.0.2.51", grammar.Words{
		"proxy-itr":         "Configures a LISP Proxy Ingress Tunnel Router (PITR)",
		"proxy-itr ADDRESS": "Locator that packets are encapsulated from",
	})
	r.Run = func(c *Context, a Args) error {
		switch now := c.lisp().Service(s.family(c.top())); {
		case a.Has("no") && a.Has("locator") && now.ProxyITR != a.Addr("locator"):
			return refuse("%% Proxy-ITR %s is not configured.", addrText(a.Addr("locator")))
		case a.Has("no"):
			now.ProxyITR = netip.Addr{}
			return nil
		case now.ITR:
			return refuse("%% Disable ITR functionality first.")
		}
		s.of(c, a).ProxyITR = a.Addr("locator")
		return nil
	}
	r.Print = func(cfg *devices.Config, p *Printer) {
		if locator := s.at(cfg, p).ProxyITR; locator.IsValid() {
			p.Line("%sproxy-itr %s", s.before, addrText(locator))
		}
	}
	return r
}

// mapResolvers is the row of the map-resolvers that an ITR asks.
func (s serviceForm) mapResolvers() Row {
	const syntax = "itr map-resolver ADDRESS$resolver"
	r := s.row(syntax, syntax, "itr map-resolver 209.165.201.31", grammar.Words{
		"itr map-resolver":         "Configures map-resolver for sending map requests",
		"itr map-resolver ADDRESS": "Map-resolver address",
	})
	r.Run = func(c *Context, a Args) error {
		s, addr := s.of(c, a), a.Addr("resolver")
		i := slices.Index(s.ITRMapResolvers, addr)
		switch {
		case a.Has("no") && i < 0:
			return refuse("%% Map-Resolver %s is not configured.", addrText(addr))
		case a.Has("no"):
			s.ITRMapResolvers = slices.Delete(s.ITRMapResolvers, i, i+1)
		case i < 0:
			s.ITRMapResolvers = append(s.ITRMapResolvers, addr)
		}
		return nil
	}
	r.Print = func(cfg *devices.Config, p *Printer) {
		for _, addr := range s.at(cfg, p).ITRMapResolvers {
			p.Line("%sitr map-resolver %s", s.before, addrText(addr))
		}
	}
	return r
}

// mapServers is the row of the map-servers that an ETR registers with.
func (s serviceForm) mapServers() Row {
	const line = "key [<0|7>$type] WORD$key [proxy-reply] [hash-function <sha1|sha2>$hash]"
	r := s.row("etr map-server ADDRESS$server "+line, "etr map-server ADDRESS$server ["+line+"]",
		"etr map-server 209.165.201.31 key site-a-key", grammar.Words{
			"etr map-server":          "Configures map-server to be used in ETR registration",
			"etr map-server ADDRESS":  "Map-server address",
			"etr map-server key":      "Specify the authentication key for the map-server",
			"etr map-server key 0":    helpKeyClear,
			"etr map-server key 7":    helpKeyHidden,
			"etr map-server key WORD": helpKey,

			"etr map-server key proxy-reply":        "Send map-register with PROXY flag set",
			"etr map-server key hash-function":      "Specify the hash function used to sign map-registers",
			"etr map-server key hash-function sha1": "HMAC-SHA-1",
			"etr map-server key hash-function sha2": "HMAC-SHA-256",
		})
	r.Run = func(c *Context, a Args) error {
		addr := a.Addr("server")
		of := func(m devices.ETRMapServer) bool { return m.Addr == addr }
		if a.Has("no") {
			s := s.of(c, a)
			i := slices.IndexFunc(s.ETRMapServers, of)
			if i < 0 {
				return refuse("%% Map-Server %s is not configured.", addrText(addr))
			}
			s.ETRMapServers = slices.Delete(s.ETRMapServers, i, i+1)
			return nil
		}
		key, err := typedKey(a)
		if err != nil {
			return err
		}
		s := s.of(c, a)
		m := devices.ETRMapServer{Addr: addr, Key: key, ProxyReply: a.Has("proxy-reply"), SHA256: a.String("hash") == "sha2"}
		if i := slices.IndexFunc(s.ETRMapServers, of); i >= 0 {
			s.ETRMapServers[i] = m
		} else {
			s.ETRMapServers = append(s.ETRMapServers, m)
		}
		return nil
	}
	r.Print = func(cfg *devices.Config, p *Printer) {
		for _, m := range s.at(cfg, p).ETRMapServers {
			line := s.before + "etr map-server " + addrText(m.Addr) + " key " + p.keyText(m.Key)
			if m.ProxyReply {
				line += " proxy-reply"
			}
			if m.SHA256 {
				line += " hash-function sha2"
			}
			p.Line("%s", line)
		}
	}
	return r
}

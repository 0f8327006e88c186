package commands

import (
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
)

// lispRows are `router lisp` and all beneath it, in the order in which IOS prints them.
func lispRows() []Row {
	return slices.Concat(
		[]Row{{
			Modes: []grammar.Mode{Config}, Syntax: "router lisp", No: "router lisp",
			Help:    grammar.Words{"router": "Enable a routing process", "router lisp": "Locator/ID Separation Protocol"},
			Run:     routerLISP,
			Print:   printRouterLISP,
			Example: "router lisp",
		}},
		locatorSetRows(),
		databaseRows(),
		siteRows(),
		serviceRows("ipv4", lispcore.IPv4, func(l *devices.LISP) *devices.LISPService { return &l.IPv4 }),
		serviceRows("ipv6", lispcore.IPv6, func(l *devices.LISP) *devices.LISPService { return &l.IPv6 }),
	)
}

func routerLISP(c *Context, a Args) error {
	if a.Has("no") {
		c.Config.LISP = nil
		return nil
	}
	c.lisp()
	c.enter(frame{mode: RouterLISP})
	return nil
}

// lisp returns the `router lisp` block of the candidate; one that another session removed comes back.
func (c *Context) lisp() *devices.LISP {
	if c.Config.LISP == nil {
		c.Config.LISP = &devices.LISP{}
	}
	return c.Config.LISP
}

func printRouterLISP(cfg *devices.Config, p *Printer) {
	if cfg.LISP != nil {
		p.block(frame{mode: RouterLISP}, true, "router lisp")
	}
}

// serviceRows are the lines that begin with `ipv4` or `ipv6`.
func serviceRows(af string, family lispcore.Family, of func(*devices.LISP) *devices.LISPService) []Row {
	only := []grammar.Mode{RouterLISP}
	// role makes the row of a role that is on or off.
	role := func(name, help string, flag func(*devices.LISPService) *bool) Row {
		return Row{Modes: only, Syntax: af + " " + name, No: af + " " + name,
			Help: grammar.Words{af + " " + name: help},
			Run: func(c *Context, a Args) error {
				*flag(of(c.lisp())) = !a.Has("no")
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				if *flag(of(cfg.LISP)) {
					p.Line("%s %s", af, name)
				}
			},
			Example: "router lisp\n " + af + " " + name}
	}
	rows := []Row{
		role("map-server", "Configures a LISP Map Server (MS)", func(s *devices.LISPService) *bool { return &s.MapServer }),
		role("map-resolver", "Configures a LISP Map Resolver (MR)", func(s *devices.LISPService) *bool { return &s.MapResolver }),
		mapResolverRow(af, of),
		role("itr", "Configures a LISP Ingress Tunnel Router (ITR)", func(s *devices.LISPService) *bool { return &s.ITR }),
		mapServerRow(af, of),
		role("etr", "Configures a LISP Egress Tunnel Router (ETR)", func(s *devices.LISPService) *bool { return &s.ETR }),
	}
	rows[0].Help["config-router-lisp: "+af] = family.String() + " address family subcommands"
	return rows
}

func mapResolverRow(af string, of func(*devices.LISP) *devices.LISPService) Row {
	syntax := af + " itr map-resolver ADDRESS$resolver"
	return Row{Modes: []grammar.Mode{RouterLISP}, Syntax: syntax, No: syntax,
		Help: grammar.Words{
			af + " itr map-resolver":         "Configures map-resolver for sending map requests",
			af + " itr map-resolver ADDRESS": "Map-resolver address",
		},
		Run: func(c *Context, a Args) error {
			s, addr := of(c.lisp()), a.Addr("resolver")
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
		},
		Print: func(cfg *devices.Config, p *Printer) {
			for _, addr := range of(cfg.LISP).ITRMapResolvers {
				p.Line("%s itr map-resolver %s", af, addrText(addr))
			}
		},
		Example: "router lisp\n " + af + " itr map-resolver 209.165.201.31"}
}

func mapServerRow(af string, of func(*devices.LISP) *devices.LISPService) Row {
	path := af + " etr map-server"
	return Row{Modes: []grammar.Mode{RouterLISP},
		Syntax: path + " ADDRESS$server key [<0|7>$type] WORD$key",
		No:     path + " ADDRESS$server [key [<0|7>$type] WORD$key]",
		Help: grammar.Words{
			path:               "Configures map-server to be used in ETR registration",
			path + " ADDRESS":  "Map-server address",
			path + " key":      "Specify the authentication key for the map-server",
			path + " key 0":    helpKeyClear,
			path + " key 7":    helpKeyHidden,
			path + " key WORD": helpKey,
		},
		Run: func(c *Context, a Args) error {
			s, addr := of(c.lisp()), a.Addr("server")
			i := slices.IndexFunc(s.ETRMapServers, func(m devices.ETRMapServer) bool { return m.Addr == addr })
			if a.Has("no") {
				if i < 0 {
					return refuse("%% Map-Server %s is not configured.", addrText(addr))
				}
				s.ETRMapServers = slices.Delete(s.ETRMapServers, i, i+1)
				return nil
			}
			key, err := typedKey(a)
			switch {
			case err != nil:
				return err
			case i < 0:
				s.ETRMapServers = append(s.ETRMapServers, devices.ETRMapServer{Addr: addr, Key: key})
			default:
				s.ETRMapServers[i].Key = key
			}
			return nil
		},
		Print: func(cfg *devices.Config, p *Printer) {
			for _, m := range of(cfg.LISP).ETRMapServers {
				p.Line("%s %s key %s", path, addrText(m.Addr), keyText(m.Key))
			}
		},
		Example: "router lisp\n " + path + " 209.165.201.31 key site-a-key"}
}

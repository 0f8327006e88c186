package commands

import (
	"net/netip"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// What an ITR or an ETR is told about forwarding: how it finds out that a locator is down, where packets to places without
// LISP go, and how much the map-cache holds.

// reachabilityRows stand under `router lisp` itself.
func reachabilityRows() []Row {
	only := []grammar.Mode{RouterLISP}
	flag := func(syntax string, help grammar.Words, of func(*devices.LISP) *bool) Row {
		return Row{Modes: only, Syntax: syntax, No: syntax, Help: help, Example: "router lisp\n " + syntax,
			Run: func(c *Context, a Args) error {
				*of(c.lisp()) = !a.Has("no")
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				if *of(cfg.LISP) {
					p.Line("%s", syntax)
				}
			}}
	}
	return []Row{
		flag("loc-reach-algorithm lsb-reports",
			grammar.Words{
				"loc-reach-algorithm":             "Configures the algorithms that find out whether a locator is reachable",
				"loc-reach-algorithm lsb-reports": "Act on locator status bits that are received",
			},
			func(l *devices.LISP) *bool { return &l.LSBReports }),
		flag("loc-reach-algorithm rloc-probing",
			grammar.Words{"loc-reach-algorithm rloc-probing": "Probe the locators of the map-cache"},
			func(l *devices.LISP) *bool { return &l.RLOCProbing }),
		flag("disable-ttl-propagate",
			grammar.Words{"disable-ttl-propagate": "Do not copy the TTL between the headers of a packet and its tunnel"},
			func(l *devices.LISP) *bool { return &l.DisableTTLPropagate }),
	}
}

// usePETR is the row of the proxy ETRs that take packets to places without LISP.
func (s serviceForm) usePETR() Row {
	r := s.row("use-petr ADDRESS$petr [priority <0-255>$priority weight <0-100>$weight]", "use-petr ADDRESS$petr [priority <0-255>$priority weight <0-100>$weight]",
		"use-petr 192.0.2.51 priority 1 weight 100", grammar.Words{
			"use-petr":                         "Encapsulate to a Proxy ETR when matching a negative map-cache entry",
			"use-petr ADDRESS":                 "Locator address of the Proxy ETR",
			"use-petr priority":                helpPriority,
			"use-petr priority <0-255>":        helpPriorityValue,
			"use-petr priority weight":         helpWeight,
			"use-petr priority weight <0-100>": helpWeightValue,
		})
	r.Run = func(c *Context, a Args) error {
		petr := devices.UsePETR{RLOC: a.Addr("petr"), Priority: uint8(a.Uint("priority")), Weight: uint8(a.Uint("weight"))}
		s := s.of(c, a)
		i := slices.IndexFunc(s.UsePETRs, func(o devices.UsePETR) bool { return o.RLOC == petr.RLOC })
		switch {
		case a.Has("no") && i < 0:
			return refuse("%% Proxy-ETR %s is not configured.", addrText(petr.RLOC))
		case a.Has("no"):
			s.UsePETRs = slices.Delete(s.UsePETRs, i, i+1)
		case i >= 0:
			s.UsePETRs[i] = petr
		default:
			s.UsePETRs = append(s.UsePETRs, petr)
		}
		return nil
	}
	r.Print = func(cfg *devices.Config, p *Printer) {
		for _, petr := range s.at(cfg, p).UsePETRs {
			if petr.Priority == 0 && petr.Weight == 0 {
				p.Line("%suse-petr %s", s.before, addrText(petr.RLOC))
			} else {
				p.Line("%suse-petr %s priority %d weight %d", s.before, addrText(petr.RLOC), petr.Priority, petr.Weight)
			}
		}
	}
	return r
}

// number makes the row of a number whose absence, 0, stands for what IOS does by itself.
func (s serviceForm) number(syntax, place, example string, help grammar.Words, of func(*devices.LISPService) *int) Row {
	r := s.row(syntax+" "+place+"$number", syntax+" ["+place+"$number]", syntax+" "+example, help)
	r.Run = func(c *Context, a Args) error {
		*of(s.of(c, a)) = int(a.Uint("number"))
		if a.Has("no") {
			*of(s.of(c, a)) = 0
		}
		return nil
	}
	r.Print = func(cfg *devices.Config, p *Printer) {
		if n := *of(s.at(cfg, p)); n != 0 {
			p.Line("%s%s %d", s.before, syntax, n)
		}
	}
	return r
}

func (s serviceForm) mapCacheLimit() Row {
	return s.number("map-cache-limit", "<1-100000>", "5000", grammar.Words{
		"map-cache-limit":            "Configures the maximum number of entries of the map-cache",
		"map-cache-limit <1-100000>": "Number of entries",
	}, func(s *devices.LISPService) *int { return &s.MapCacheLimit })
}

func (s serviceForm) mapCacheTTL() Row {
	return s.number("etr map-cache-ttl", "<60-10080>", "120", grammar.Words{
		"etr map-cache-ttl":            "Configures the time for which others may cache the mappings of this site",
		"etr map-cache-ttl <60-10080>": "Minutes",
	}, func(s *devices.LISPService) *int { return &s.MapCacheTTL })
}

// mapRequestSource is the row of the address that Map-Requests bear as the ITR's locator.
func (s serviceForm) mapRequestSource() Row {
	r := s.row("map-request-source ADDRESS$source", "map-request-source [ADDRESS$source]", "map-request-source 203.0.113.11", grammar.Words{
		"map-request-source":         "Configures the address that Map-Requests come from",
		"map-request-source ADDRESS": "Locator of this router",
	})
	r.Run = func(c *Context, a Args) error {
		s.of(c, a).MapRequestSource = a.Addr("source")
		if a.Has("no") {
			s.of(c, a).MapRequestSource = netip.Addr{}
		}
		return nil
	}
	r.Print = func(cfg *devices.Config, p *Printer) {
		if source := s.at(cfg, p).MapRequestSource; source.IsValid() {
			p.Line("%smap-request-source %s", s.before, addrText(source))
		}
	}
	return r
}

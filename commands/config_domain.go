package commands

import (
	"lisplab/commands/grammar"
	"lisplab/devices"
)

// domainRows are what a router knows of names, and of SSH.
func domainRows() []Row {
	only := []grammar.Mode{Config}
	lookup := func(c *Context, a Args) error {
		c.Config.Domain.NoLookup = a.Has("no")
		return nil
	}
	defaultLookup := func(c *Context, _ Args) error {
		c.Config.Domain.NoLookup = false
		return nil
	}
	name := func(c *Context, a Args) error {
		c.Config.Domain.Name = a.String("domain") // "" in the `no` form without a name
		if a.Has("no") {
			c.Config.Domain.Name = ""
		}
		return nil
	}
	return []Row{
		{Modes: only, Syntax: "ip domain lookup", No: "ip domain lookup",
			Help: grammar.Words{
				"ip domain":        "IP DNS Resolver",
				"ip domain lookup": "Enable IP Domain Name System hostname translation",
			},
			Run:     lookup,
			Default: defaultLookup,
			Print: func(cfg *devices.Config, p *Printer) {
				if cfg.Domain.NoLookup {
					p.Line("no ip domain lookup")
				}
			},
			Example: "no ip domain lookup"},
		{Modes: only, Syntax: "ip domain-lookup", No: "ip domain-lookup", Hidden: true,
			Help:    grammar.Words{"ip domain-lookup": "Enable IP Domain Name System hostname translation"},
			Run:     lookup,
			Default: defaultLookup},
		{Modes: only, Syntax: "ip domain name WORD$domain", No: "ip domain name [WORD$domain]",
			Help: grammar.Words{
				"ip domain name":      "Define the default domain name",
				"ip domain name WORD": "Default domain name",
			},
			Run: name,
			Print: func(cfg *devices.Config, p *Printer) {
				if cfg.Domain.Name != "" {
					p.Line("ip domain name %s", cfg.Domain.Name)
				}
				if cfg.Domain != (devices.Domain{}) {
					p.separator()
				}
			},
			Example: "ip domain name example.com"},
		{Modes: only, Syntax: "ip domain-name WORD$domain", No: "ip domain-name [WORD$domain]", Hidden: true,
			Help: grammar.Words{
				"ip domain-name":      "Define the default domain name",
				"ip domain-name WORD": "Default domain name",
			},
			Run: name},
	}
}

// sshRows are the settings of the SSH server. It speaks version 2 and no other.
func sshRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Config}, Syntax: "ip ssh version <1-2>$version", No: "ip ssh version [<1-2>$version]",
		Help: grammar.Words{
			"ip ssh":               "Configure ssh options",
			"ip ssh version":       "Specify protocol version to be supported",
			"ip ssh version <1-2>": "Protocol version",
		},
		Run: func(c *Context, a Args) error {
			if a.Uint("version") == 1 && !a.Has("no") {
				return a.Invalid("version", "2: version 1 is not spoken here")
			}
			c.Config.SSH2 = !a.Has("no")
			return nil
		},
		Print: func(cfg *devices.Config, p *Printer) {
			if cfg.SSH2 {
				p.Line("ip ssh version 2")
				p.separator()
			}
		},
		Example: "ip ssh version 2",
	}}
}

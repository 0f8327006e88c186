package commands

import (
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// defaultHostname is the name of a router that has none.
const defaultHostname = "Router"

// configRows joins the rows of configuration in the order in which IOS prints them.
func configRows() []Row {
	return slices.Concat(
		serviceConfigRows(),
		systemRows(),
		vrfRows(),
		loggingRows(),
		enableRows(),
		ipVRFRows(),
		domainRows(),
		unicastRoutingRows(),
		userRows(),
		sshRows(),
		interfaceRows(),
		lispRows(),
		routeRows(),
		accessListRows(),
		bannerRows(),
		lineRows(),
	)
}

func systemRows() []Row {
	return []Row{
		{Modes: []grammar.Mode{Config}, Syntax: "version WORD$version", Hidden: true,
			// Files begin with this line. The release is the router's, whatever a file was saved by.
			Help: grammar.Words{"version": "Software release that wrote this configuration", "version WORD": "Release"},
			Run:  func(*Context, Args) error { return nil }},
		{Modes: []grammar.Mode{Config}, Syntax: "hostname WORD$name", No: "hostname [WORD$name]",
			Help:    grammar.Words{"hostname": "Set system's network name", "hostname WORD": "This system's network name"},
			Run:     setHostname,
			Print:   printHostname,
			Example: "hostname xTR1"},
	}
}

func unicastRoutingRows() []Row {
	return []Row{
		{Modes: []grammar.Mode{Config}, Syntax: "ipv6 unicast-routing", No: "ipv6 unicast-routing",
			Help: grammar.Words{"config: ipv6": "Global IPv6 configuration commands", "ipv6 unicast-routing": "Enable unicast routing"},
			Run: func(c *Context, a Args) error {
				c.Config.IPv6UnicastRouting = !a.Has("no")
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				if cfg.IPv6UnicastRouting {
					p.Line("ipv6 unicast-routing")
					p.separator()
				}
			},
			Example: "ipv6 unicast-routing"},
	}
}

func setHostname(c *Context, a Args) error {
	if a.Has("no") {
		c.Config.Hostname = defaultHostname
		return nil
	}
	name := a.String("name")
	if len(name) > 63 {
		return refuse("%% Hostname is too long: at most 63 characters are allowed.")
	}
	for _, r := range name {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", r) {
			return refuse("%% Hostname contains one or more illegal characters.")
		}
	}
	c.Config.Hostname = name
	return nil
}

func printHostname(cfg *devices.Config, p *Printer) {
	if cfg.Hostname != "" {
		p.Line("hostname %s", cfg.Hostname)
		p.separator()
	}
}

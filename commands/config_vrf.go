package commands

import (
	"cmp"
	"net/netip"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore"
)

// vrfRows are the VRFs of a router, each with its address families.
func vrfRows() []Row {
	return []Row{
		{Modes: []grammar.Mode{Config}, Syntax: "vrf definition WORD$vrf", No: "vrf definition WORD$vrf",
			Help: grammar.Words{
				"config: vrf":         "VRF commands",
				"vrf definition":      "VRF definition configuration",
				"vrf definition WORD": "VPN Routing/Forwarding instance name",
			},
			Run:     func(c *Context, a Args) error { return c.selectVRF(a, false) },
			Print:   func(cfg *devices.Config, p *Printer) { printVRFs(cfg, p, false) },
			Example: "vrf definition RED"},
		{Modes: []grammar.Mode{VRF}, Syntax: "address-family <ipv4|ipv6>$af", No: "address-family <ipv4|ipv6>$af",
			Help: grammar.Words{
				"address-family":      "Enter Address Family command mode",
				"address-family ipv4": "Address family IPv4",
				"address-family ipv6": "Address family IPv6",
			},
			Run:     selectVRFFamily,
			Print:   printVRFFamilies,
			Example: "vrf definition RED\n !\n address-family ipv4"},
		{Modes: []grammar.Mode{VRFFamily}, Syntax: "exit-address-family",
			Help: grammar.Words{"exit-address-family": "Exit from VRF address-family configuration mode"},
			Run:  exitConfig},
	}
}

// ipVRFRows are the older form, which is for IPv4 only.
func ipVRFRows() []Row {
	return []Row{
		{Modes: []grammar.Mode{Config}, Syntax: "ip vrf WORD$vrf", No: "ip vrf WORD$vrf",
			Help: grammar.Words{
				"config: ip vrf":      "Configure an IP VPN Routing/Forwarding instance",
				"config: ip vrf WORD": "VPN Routing/Forwarding instance name",
			},
			Run:     func(c *Context, a Args) error { return c.selectVRF(a, true) },
			Print:   func(cfg *devices.Config, p *Printer) { printVRFs(cfg, p, true) },
			Example: "ip vrf BLUE"},
	}
}

// vrfForwardingRows put an interface into a VRF. They print before its addresses, which a move takes away.
func vrfForwardingRows() []Row {
	only := []grammar.Mode{Interface}
	printed := func(legacy bool, line string) func(*devices.Config, *Printer) {
		return func(cfg *devices.Config, p *Printer) {
			if v := findVRF(cfg, interfaceAt(cfg, p.frame).VRF); v != nil && v.Legacy == legacy {
				p.Line("%s %s", line, v.Name)
			}
		}
	}
	return []Row{
		{Modes: only, Syntax: "vrf forwarding WORD$vrf", No: "vrf forwarding [WORD$vrf]",
			Help: grammar.Words{
				"config-if: vrf":      "VPN Routing/Forwarding parameters on the interface",
				"vrf forwarding":      "Configure forwarding table",
				"vrf forwarding WORD": "VRF name",
			},
			Run:     func(c *Context, a Args) error { return c.setInterfaceVRF(a, false) },
			Print:   printed(false, "vrf forwarding"),
			Example: "vrf definition RED\ninterface GigabitEthernet0/1\n vrf forwarding RED"},
		{Modes: only, Syntax: "ip vrf forwarding WORD$vrf", No: "ip vrf forwarding [WORD$vrf]",
			Help: grammar.Words{
				"config-if: ip vrf":      "VPN Routing/Forwarding parameters on the interface",
				"ip vrf forwarding":      "Configure forwarding table",
				"ip vrf forwarding WORD": "VRF name",
			},
			Run:     func(c *Context, a Args) error { return c.setInterfaceVRF(a, true) },
			Print:   printed(true, "ip vrf forwarding"),
			Example: "ip vrf BLUE\ninterface GigabitEthernet0/1\n ip vrf forwarding BLUE"},
	}
}

func findVRF(cfg *devices.Config, name string) *devices.VRF {
	for i := range cfg.VRFs {
		if cfg.VRFs[i].Name == name {
			return &cfg.VRFs[i]
		}
	}
	return nil
}

// selectVRF enters a VRF, or removes it, with all that stands in it.
func (c *Context) selectVRF(a Args, legacy bool) error {
	name := a.String("vrf")
	have := findVRF(c.Config, name)
	switch {
	case a.Has("no") && have == nil:
		return refuse("%% VRF %s not found", name)
	case have != nil && have.Legacy && !legacy:
		return refuse("%% Use 'ip vrf' command for VRF '%s'", name)
	case have != nil && !have.Legacy && legacy:
		return refuse("%% Use 'vrf definition' command for VRF '%s'", name)
	case a.Has("no"):
		return c.removeVRF(*have)
	case have == nil && name == defaultVRF:
		return a.Invalid("vrf")
	case have == nil:
		c.Config.VRFs = append(c.Config.VRFs, devices.VRF{Name: name, Legacy: legacy, IPv4: legacy})
		slices.SortFunc(c.Config.VRFs, func(a, b devices.VRF) int { return cmp.Compare(a.Name, b.Name) })
	}
	c.enter(frame{mode: VRF, subject: name})
	return nil
}

func (c *Context) removeVRF(v devices.VRF) error {
	c.Config.VRFs = slices.DeleteFunc(c.Config.VRFs, func(o devices.VRF) bool { return o.Name == v.Name })
	c.Config.Routes = slices.DeleteFunc(c.Config.Routes, func(r devices.StaticRoute) bool { return r.VRF == v.Name })
	emptied := false
	for i := range c.Config.Interfaces {
		if itf := &c.Config.Interfaces[i]; itf.VRF == v.Name {
			emptied = emptied || itf.IPv4.IsValid() || len(itf.IPv6) > 0
			itf.VRF, itf.IPv4, itf.IPv6 = "", netip.Prefix{}, nil
		}
	}
	if !emptied {
		return nil
	}
	what := "IPv4 and IPv6"
	if v.Legacy {
		what = "IP"
	}
	return c.say("%% %s addresses from all interfaces in VRF %s have been removed\n", what, v.Name)
}

// setInterfaceVRF moves an interface into a VRF or out of it. Its addresses belong to the table that it leaves.
func (c *Context) setInterfaceVRF(a Args, legacy bool) error {
	itf := c.boundInterface()
	to, did := a.String("vrf"), "enabling VRF "+a.String("vrf")
	v := findVRF(c.Config, to)
	switch {
	case a.Has("no") && (itf.VRF == "" || to != "" && to != itf.VRF):
		return nil
	case a.Has("no"):
		to, did = "", "disabling VRF "+itf.VRF
	case v == nil:
		return refuse("%% VRF %s not configured.", to)
	case v.Legacy && !legacy:
		return refuse("%% Use 'ip vrf forwarding' command for VRF '%s'", to)
	case !v.Legacy && legacy:
		return refuse("%% Use 'vrf forwarding' command for VRF '%s'", to)
	case itf.VRF == to:
		return nil
	}
	had4, had6 := itf.IPv4.IsValid(), len(itf.IPv6) > 0
	itf.VRF, itf.IPv4, itf.IPv6 = to, netip.Prefix{}, nil
	for _, f := range []struct {
		had  bool
		name string
	}{{had4, "IPv4"}, {had6, "IPv6"}} {
		if f.had {
			if err := c.say("%% Interface %s %s disabled and address(es) removed due to %s\n", itf.Name, f.name, did); err != nil {
				return err
			}
		}
	}
	return nil
}

// selectVRFFamily enters an address family of a VRF. `ip vrf` has no such blocks.
func selectVRFFamily(c *Context, a Args) error {
	v := findVRF(c.Config, c.top().subject)
	if v == nil || v.Legacy {
		return a.Invalid("af")
	}
	on := &v.IPv4
	if a.String("af") == familyWord(lispcore.IPv6) {
		on = &v.IPv6
	}
	if *on = !a.Has("no"); *on {
		c.enter(frame{mode: VRFFamily, subject: v.Name})
	}
	return nil
}

func printVRFs(cfg *devices.Config, p *Printer, legacy bool) {
	for _, v := range cfg.VRFs {
		switch {
		case v.Legacy != legacy:
		case legacy:
			p.Line("ip vrf %s", v.Name)
			p.separator()
		default:
			p.block(frame{mode: VRF, subject: v.Name}, false, "vrf definition %s", v.Name)
		}
	}
}

func printVRFFamilies(cfg *devices.Config, p *Printer) {
	v := findVRF(cfg, p.frame.subject)
	for _, f := range []struct {
		on   bool
		name string
	}{{v.IPv4, "ipv4"}, {v.IPv6, "ipv6"}} {
		if f.on {
			p.separator()
			p.Line("address-family %s", f.name)
			p.Line("exit-address-family")
		}
	}
}

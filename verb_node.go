package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"lisplab/commands"
	"lisplab/devices"
)

// nodeCmd runs one router of a lab as a process of this machine.
type nodeCmd struct {
	labChoice
	serveFlags
	Address []place `placeholder:"LAB=MACHINE" help:"Where an address of the lab is, of this router or of another: 203.0.113.11=192.0.2.111. Goes before what the lab file says under external. May stand several times."`
	Forward bool    `help:"Take packets of this machine, too: those from an EID prefix, and those to what a proxy ITR serves, go into LISP by interfaces lisp0 and lisp0.INSTANCE, and what comes out of LISP is forwarded. Needs root, or CAP_NET_ADMIN and CAP_NET_RAW, and /dev/net/tun."`
	Device  string  `arg:"" help:"The router's name in the lab."`
}

// place is where an address of the lab is.
type place struct{ lab, at netip.Addr }

// UnmarshalText reads LAB=MACHINE.
func (p *place) UnmarshalText(text []byte) (err error) {
	if p.lab, p.at, err = devices.ParseExternal(string(text), "="); err != nil {
		return fmt.Errorf("found %q, expected two addresses of one family, such as 203.0.113.11=192.0.2.111", text)
	}
	return nil
}

// Validate refuses what has no meaning.
func (c nodeCmd) Validate() error {
	at := make(map[netip.Addr]netip.Addr)
	for _, p := range c.Address {
		if was, twice := at[p.lab]; twice {
			return fmt.Errorf("--address: %v is at %v or at %v", p.lab, was, p.at)
		}
		at[p.lab] = p.at
	}
	return c.check()
}

// Run serves the router until it is interrupted.
func (c nodeCmd) Run(ctx context.Context) error {
	open := func(opt devices.Options) (*devices.Lab, *commands.Set, error) {
		opt.Underlay, opt.Node, opt.Forward, opt.External = devices.OwnHost, c.Device, c.Forward, make(map[netip.Addr]netip.Addr)
		for _, p := range c.Address {
			opt.External[p.lab] = p.at
		}
		return c.open(opt, 0)
	}
	hint := func(lab *devices.Lab) string { return whereabouts(lab, c.Forward) }
	return c.serve(ctx, serving{open: open, hint: hint, state: c.State, speed: 1})
}

// whereabouts says at which addresses a router speaks LISP, and which packets do not pass.
func whereabouts(lab *devices.Lab, forward bool) string {
	var b strings.Builder
	d := lab.Devices()[0]
	if len(d.UDPPorts()) == 0 {
		return d.Name() + " speaks no LISP: until it is configured to, there is nothing to reach but its command line.\n"
	}
	fmt.Fprintf(&b, "%s speaks LISP here:\n", d.Name())
	for _, p := range lab.Places() {
		switch {
		case !p.Here:
		case p.At == p.Lab:
			fmt.Fprintf(&b, "  %v, %s\n", p.Lab, p.Interface)
		default:
			fmt.Fprintf(&b, "  %v, %s, at %v\n", p.Lab, p.Interface, p.At)
		}
	}
	if forward {
		b.WriteString("Its own packets, those of the lab's hosts behind it, and those of this machine that `ip rule` leads into lisp0 go through LISP.\n")
	} else {
		b.WriteString("Its own packets, and those of the lab's hosts behind it, go through LISP; packets of this machine do not: that takes --forward.\n")
	}
	for _, note := range lab.Notes() {
		fmt.Fprintf(&b, "Note: %s.\n", note)
	}
	return b.String()
}

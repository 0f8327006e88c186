package commands

import (
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showVRFRows() []Row {
	return []Row{
		{Modes: anyExec, Syntax: "show vrf [brief | WORD$vrf]",
			Help: grammar.Words{
				"show vrf":       "VPN Routing/Forwarding instance information",
				"show vrf brief": "Brief VPN Routing/Forwarding instance information",
				"show vrf WORD":  "VPN Routing/Forwarding instance name",
			},
			Run: func(c *Context, a Args) error { return showVRFs(c, a, vrfListing) }},
		{Modes: anyExec, Syntax: "show ip vrf [brief | WORD$vrf]",
			Help: grammar.Words{
				"show ip vrf":       "VPN Routing/Forwarding instance information",
				"show ip vrf brief": "Brief VPN Routing/Forwarding instance information",
				"show ip vrf WORD":  "VPN Routing/Forwarding instance name",
			},
			Run: func(c *Context, a Args) error { return showVRFs(c, a, ipVRFListing) }},
	}
}

// vrfListing is the table of `show vrf`, ipVRFListing that of `show ip vrf`, which has the VRFs with IPv4 and does not name
// their protocols.
var (
	vrfListing   = listing{indent: 2, columns: []field{vrfColumns[0], vrfColumns[1], {head: "Protocols", width: 11, gap: 1}, vrfColumns[2]}}
	ipVRFListing = listing{indent: 2, columns: vrfColumns}

	vrfColumns = []field{{head: "Name", width: 32, gap: 1, push: true}, {head: "Default RD", width: 21, gap: 1}, {head: "Interfaces"}}
)

func showVRFs(c *Context, a Args, table listing) error {
	list := c.Device.VRFs()
	if len(table.columns) == len(ipVRFListing.columns) {
		list = slices.DeleteFunc(list, func(v devices.VRFState) bool { return !v.IPv4 && !v.Legacy })
	}
	if a.Has("vrf") {
		list = slices.DeleteFunc(list, func(v devices.VRFState) bool { return v.Name != a.String("vrf") })
		if len(list) == 0 {
			return refuse("%% VRF %s does not exist.", a.String("vrf"))
		}
	}
	if len(list) == 0 && c.Form != FormJSON { // IOS prints no table without a VRF
		return nil
	}
	return writeVRFs(c.Out, c.Form, table, list)
}

// writeVRFs prints VRFs. Each interface has a line of its own, but for JSON.
func writeVRFs(w io.Writer, form Form, table listing, list []devices.VRFState) error {
	return table.write(w, form, vrfCells(form, len(table.columns), list))
}

func vrfCells(form Form, columns int, list []devices.VRFState) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, v := range list {
			var names []string
			for _, i := range v.Interfaces {
				names = append(names, shortInterface(i))
			}
			if form == FormJSON || len(names) == 0 {
				names = []string{strings.Join(names, ", ")}
			}
			cells := []string{v.Name, "<not set>", protocolsText(v.VRF)}
			for _, name := range names {
				if !yield(append(cells[:columns-1:columns-1], name)) {
					return
				}
				cells = make([]string, len(cells))
			}
		}
	}
}

// protocolsText are the address families of a VRF.
func protocolsText(v devices.VRF) string {
	var families []string
	if v.IPv4 || v.Legacy {
		families = append(families, "ipv4")
	}
	if v.IPv6 {
		families = append(families, "ipv6")
	}
	return strings.Join(families, ",")
}

var interfaceParts = regexp.MustCompile(`^([A-Za-z]{2})[A-Za-z-]*(\d.*)$`)

// shortInterface is an interface as IOS names it where there is little room: two letters and its number.
func shortInterface(name string) string { return interfaceParts.ReplaceAllString(name, "$1$2") }

package commands

import (
	"io"
	"net/netip"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showInterfacesRows() []Row {
	return []Row{{
		Modes:  anyExec,
		Syntax: "show ip interface brief",
		Help: grammar.Words{
			"show ip interface":       "IP interface status and configuration",
			"show ip interface brief": "Brief summary of IP status and configuration",
		},
		Run: func(c *Context, _ Args) error {
			return writeInterfaces(c.Out, c.Form, c.Device.Interfaces(), c.Device.Startup().Interfaces)
		},
	}}
}

// interfaceListing is the table of `show ip interface brief`: "%-26s %-15s %-3s %-6s %-21s %-8s".
var interfaceListing = listing{columns: []field{
	{head: "Interface", width: 26, gap: 1},
	{head: "IP-Address", width: 15, gap: 1},
	{head: "OK?", width: 3, gap: 1},
	{head: "Method", width: 6, gap: 1},
	{head: "Status", width: 21, gap: 1},
	{head: "Protocol", width: 8},
}}

// writeInterfaces prints `show ip interface brief`. The method says where an address comes from: NVRAM for one that the
// router booted with, manual for one that was typed since.
func writeInterfaces(w io.Writer, form Form, interfaces []devices.InterfaceState, startup []devices.Interface) error {
	return interfaceListing.write(w, form, func(yield func([]string) bool) {
		for _, i := range interfaces {
			address, method := "unassigned", "unset"
			if i.IPv4 != (netip.Prefix{}) {
				address, method = i.IPv4.Addr().String(), "manual"
				if fromStartup(i.Interface, startup) {
					method = "NVRAM"
				}
			}
			status, protocol := statusText(i)
			if !yield([]string{i.Name, address, "YES", method, status, protocol}) {
				return
			}
		}
	})
}

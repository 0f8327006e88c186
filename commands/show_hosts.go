package commands

import (
	"fmt"
	"io"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showHostsRows() []Row {
	return []Row{
		{Modes: anyExec, Syntax: "show hosts",
			Help: grammar.Words{"show hosts": "IP domain-name, lookup style, nameservers, and host table"},
			Run:  func(c *Context, _ Args) error { return writeHosts(c.Out, c.Device.Config().Domain) }},
		{Modes: anyExec, Syntax: "show inventory",
			Help: grammar.Words{"show inventory": "Show the physical inventory"},
			Run:  func(c *Context, _ Args) error { return writeInventory(c.Out, c.Device.Name()) }},
	}
}

// writeHosts prints `show hosts`. There is no name server in a lab: a name that is looked up is asked for by broadcast, and
// nobody answers.
func writeHosts(w io.Writer, d devices.Domain) error {
	domain := "Default domain is not set"
	if d.Name != "" {
		domain = "Default domain is " + d.Name
	}
	lookup := "Name/address lookup uses domain service\nName servers are 255.255.255.255"
	if d.NoLookup {
		lookup = "Name/address lookup uses static mappings"
	}
	_, err := fmt.Fprintf(w, `%s
%s

Codes: UN - unknown, EX - expired, OK - OK, ?? - revalidate
       temp - temporary, perm - permanent
       NA - Not Applicable None - Not defined

Host                      Port  Flags      Age Type   Address(es)
`, domain, lookup)
	return err
}

// writeInventory prints `show inventory`: a router of the lab is one piece.
func writeInventory(w io.Writer, device string) error {
	_, err := fmt.Fprintf(w, "NAME: \"Chassis\", DESCR: \"LISPLAB emulated router\"\nPID: %-18s , VID: %-4s , SN: %s\n\n", "LISPLAB", "V01", boardID(device))
	return err
}

package commands

import (
	"strings"

	"lisplab/commands/grammar"
)

// labHostsRows list the machines behind the routers.
func labHostsRows() []Row {
	return []Row{{Modes: []grammar.Mode{Lab}, Syntax: "hosts",
		Help: grammar.Words{"hosts": "List the hosts behind the routers"},
		Run:  labHosts}}
}

// labHostListing is the table of `lab hosts`.
var labHostListing = listing{columns: []field{
	{head: "Host", width: 14, gap: 1},
	{head: "Attached to", width: 32, gap: 1},
	{head: "Addresses"},
}}

func labHosts(c *Context, _ Args) error {
	return labHostListing.write(c.Out, c.Form, func(yield func([]string) bool) {
		for _, h := range c.Lab.Hosts() {
			var addresses []string
			for _, a := range h.Addresses() {
				addresses = append(addresses, prefixText(a))
			}
			device, iface := h.Attached()
			if !yield([]string{h.Name(), device + ":" + iface, strings.Join(addresses, ", ")}) {
				return
			}
		}
	})
}

package commands

import (
	"net/netip"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/probe"
)

// labHostRows make the hosts behind the routers act.
func labHostRows() []Row {
	only := []grammar.Mode{Lab}
	return []Row{
		{Modes: only, Syntax: "hosts",
			Help: grammar.Words{"hosts": "List the hosts behind the routers"},
			Run:  labHosts},
		{Modes: only, Syntax: "host WORD$host ping ADDRESS$to [repeat <1-2147483647>$repeat | size <36-18024>$size | source ADDRESS$source]...",
			Help: grammar.Words{
				"host":                            "Have a host do something",
				"host WORD":                       "Host name",
				"host ping":                       "Send echo messages",
				"host ping ADDRESS":               "Destination address",
				"host ping repeat":                "How many",
				"host ping repeat <1-2147483647>": "Repeat count",
				"host ping size":                  "How large",
				"host ping size <36-18024>":       "Datagram size",
				"host ping source":                "From which of its addresses",
				"host ping source ADDRESS":        "Source address",
			},
			Run: func(c *Context, a Args) error {
				h, err := c.Lab.Host(a.String("host"))
				if err != nil {
					return err
				}
				cfg := probe.PingConfig{Target: a.Addr("to"), Count: int(a.Uint("repeat")), Size: int(a.Uint("size"))}
				cfg.Source = a.Addr("source")
				c.Begin(h.Ping(cfg))
				return nil
			}},
		{Modes: only, Syntax: "host WORD$host traceroute ADDRESS$to [source ADDRESS$source]",
			Help: grammar.Words{
				"host traceroute":                "Trace the route to a destination",
				"host traceroute ADDRESS":        "Destination address",
				"host traceroute source":         "From which of its addresses",
				"host traceroute source ADDRESS": "Source address",
			},
			Run: func(c *Context, a Args) error {
				h, err := c.Lab.Host(a.String("host"))
				if err != nil {
					return err
				}
				cfg := probe.TracerouteConfig{Target: a.Addr("to")}
				cfg.Source = a.Addr("source")
				c.Begin(h.Traceroute(cfg))
				return nil
			}},
	}
}

// labHostListing is the table of `lab hosts`.
var labHostListing = listing{columns: []field{
	{head: "Host", width: 14, gap: 1},
	{head: "Addresses", width: 24, gap: 1},
	{head: "Attached to"},
}}

func labHosts(c *Context, _ Args) error {
	return labHostListing.write(c.Out, c.Form, func(yield func([]string) bool) {
		for _, h := range c.Lab.Hosts() {
			if device, port := h.Attached(); !yield([]string{h.Name(), addressesText(h), device + " " + port}) {
				return
			}
		}
	})
}

func addressesText(h *devices.Host) string {
	var list []string
	for _, p := range h.Addresses() {
		list = append(list, prefixText(netip.PrefixFrom(p.Addr(), p.Bits())))
	}
	return strings.Join(list, ", ")
}

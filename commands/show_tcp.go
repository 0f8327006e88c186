package commands

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/underlay"
)

func showTCPRows() []Row {
	return []Row{
		{Modes: anyExec, Syntax: "show tcp brief [all]",
			Help: grammar.Words{
				"show tcp":           "Status of TCP connections",
				"show tcp brief":     "Brief display",
				"show tcp brief all": "All TCP endpoints",
			},
			Run: func(c *Context, a Args) error { return writeTCP(c.Out, c.Form, c.Device.Conns(), a.Has("all")) }},
		{Modes: anyExec, Syntax: "show ip sockets",
			Help: grammar.Words{"show ip sockets": "Open IP sockets"},
			Run: func(c *Context, _ Args) error {
				_, err := io.WriteString(c.Out, socketsText(c.Device.UDPPorts(), hasIPv6(c.Device.Interfaces())))
				return err
			}},
	}
}

// tcpListing is the table of `show tcp brief`. A TCB is the router's own number for a connection.
var tcpListing = listing{columns: []field{
	{head: "TCB", width: 8, gap: 2},
	{head: "Local Address", width: 27, gap: 1, push: true},
	{head: "Foreign Address", width: 27, gap: 1, push: true},
	{head: "(state)"},
}}

// writeTCP prints `show tcp brief`: the connections, and with all the listeners too.
func writeTCP(w io.Writer, form Form, conns []underlay.ConnState, all bool) error {
	return tcpListing.write(w, form, func(yield func([]string) bool) {
		for _, s := range conns {
			if s.State == underlay.TCPListen && !all {
				continue
			}
			if !yield([]string{fmt.Sprintf("%08X", uint64(s.Stream)), tcpEndText(s.Local), tcpEndText(s.Remote), s.State.String()}) {
				return
			}
		}
	})
}

// tcpEndText is an end of a connection: "192.0.2.1.4342", or with stars for what is open.
func tcpEndText(a netip.AddrPort) string {
	addr, port := "*", "*"
	if a.Addr().IsValid() {
		addr = addrText(a.Addr())
	}
	if a.Port() != 0 {
		port = fmt.Sprint(a.Port())
	}
	return addr + "." + port
}

// socketsText is `show ip sockets`: the UDP ports at which the router takes datagrams, at any of its addresses.
func socketsText(ports []uint16, ipv6 bool) string {
	var b strings.Builder
	b.WriteString("Proto        Remote      Port      Local       Port  In Out  Stat TTY OutputIF\n")
	families := []string{"17"}
	if ipv6 {
		families = append(families, "17(v6)")
	}
	for _, proto := range families {
		for _, port := range ports {
			fmt.Fprintf(&b, " %-7s  --listen--          %-15s %5d %3d %3d %6d %3d \n", proto, "--any--", port, 0, 0, 0, 0)
		}
	}
	return b.String()
}

// hasIPv6 tells whether an interface bears an IPv6 address.
func hasIPv6(list []devices.InterfaceState) bool {
	return slices.ContainsFunc(list, func(i devices.InterfaceState) bool { return len(i.IPv6) > 0 })
}

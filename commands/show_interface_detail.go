package commands

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/underlay"
)

// showInterfaceRows show interfaces one by one.
func showInterfaceRows() []Row {
	one := func(syntax string, help grammar.Words, write func(c *Context, i devices.InterfaceState) string) Row {
		return Row{Modes: anyExec, Syntax: syntax + " [INTERFACE$interface]", Help: help,
			Run: func(c *Context, a Args) error {
				list, err := c.interfaces(a)
				for _, i := range list {
					io.WriteString(c.Out, write(c, i))
				}
				return err
			}}
	}
	return []Row{
		one("show interfaces", grammar.Words{"show interfaces": "Interface status and configuration"},
			func(c *Context, i devices.InterfaceState) string {
				var b strings.Builder
				b.WriteString(interfaceText(i))
				if counters, ok := c.Device.InterfaceCounters(i.Name); ok {
					writeCounters(&b, i.Name, counters, c.Lab.Now())
				}
				return b.String()
			}),
		{Modes: anyExec, Syntax: "show interfaces description",
			Help: grammar.Words{"show interfaces description": "Show interface description"},
			Run: func(c *Context, _ Args) error {
				return writeDescriptions(c.Out, c.Form, c.Device.Interfaces())
			}},
		one("show ip interface", nil,
			func(c *Context, i devices.InterfaceState) string {
				return ipInterfaceText(i, c.Device.Startup().Interfaces)
			}),
		one("show ipv6 interface", grammar.Words{"show ipv6 interface": "IPv6 interface status and configuration"},
			func(_ *Context, i devices.InterfaceState) string { return ipv6InterfaceText(i) }),
		{Modes: anyExec, Syntax: "show ipv6 interface brief",
			Help: grammar.Words{"show ipv6 interface brief": "Brief summary of IPv6 status and configuration"},
			Run: func(c *Context, _ Args) error {
				for _, i := range c.Device.Interfaces() {
					io.WriteString(c.Out, ipv6BriefText(i))
				}
				return nil
			}},
	}
}

// interfaces returns the interface that a line names, or all.
func (c *Context) interfaces(a Args) ([]devices.InterfaceState, error) {
	list := c.Device.Interfaces()
	if !a.Has("interface") {
		return list, nil
	}
	name := a.Interface("interface")
	i := slices.IndexFunc(list, func(i devices.InterfaceState) bool { return i.Name == name })
	if i < 0 {
		return nil, a.Invalid("interface", "an interface of this router")
	}
	return list[i : i+1], nil
}

// medium is what a type of interface is made of, as `show interfaces` tells it.
type medium struct {
	prefix, short           string
	hardware, encapsulation string
	mtu, kilobits           int
}

var media = []medium{
	{"Loopback", "Lo", "Loopback", "LOOPBACK", 1514, 8000000},
	{"Ethernet", "Et", "emulated Ethernet", "ARPA", 1500, 10000},
	{"FastEthernet", "Fa", "emulated Fast Ethernet", "ARPA", 1500, 100000},
	{"GigabitEthernet", "Gi", "emulated Gigabit Ethernet", "ARPA", 1500, 1000000},
	{"TenGigabitEthernet", "Te", "emulated Ten Gigabit Ethernet", "ARPA", 1500, 10000000},
	{"Serial", "Se", "emulated Serial", "HDLC", 1500, 1544},
}

func mediumOf(name string) medium {
	kind := strings.TrimRight(name, "0123456789/.")
	for _, m := range media {
		if m.prefix == kind {
			return m
		}
	}
	return medium{prefix: kind, short: kind, hardware: kind}
}

// mtuOf is the MTU of an interface, in bytes: what is configured, or what its medium has.
func mtuOf(i devices.InterfaceState, m medium) int { return cmp.Or(i.MTU, m.mtu) }

// statusText is the status of an interface and that of its line protocol.
func statusText(i devices.InterfaceState) (status, protocol string) {
	if i.Shutdown {
		return "administratively down", "down"
	}
	return upDown(i.LineUp), upDown(i.LineUp)
}

func statusLine(i devices.InterfaceState) string {
	status, protocol := statusText(i)
	return fmt.Sprintf("%s is %s, line protocol is %s", i.Name, status, protocol)
}

// interfaceText prints what an interface is for `show interfaces`.
func interfaceText(i devices.InterfaceState) string {
	var b strings.Builder
	m := mediumOf(i.Name)
	fmt.Fprintf(&b, "%s \n  Hardware is %s%s\n", statusLine(i), m.hardware, stationText(i, m))
	if i.Description != "" {
		fmt.Fprintf(&b, "  Description: %s\n", i.Description)
	}
	if i.IPv4.IsValid() {
		fmt.Fprintf(&b, "  Internet address is %v\n", i.IPv4)
	}
	fmt.Fprintf(&b, "  MTU %d bytes, BW %d Kbit/sec\n  Encapsulation %s, loopback not set\n", mtuOf(i, m), m.kilobits, m.encapsulation)
	return b.String()
}

// stationText tells the Ethernet address of an interface: the one that its first IP address has in captures.
func stationText(i devices.InterfaceState, m medium) string {
	address := i.IPv4.Addr()
	if !address.IsValid() && len(i.IPv6) > 0 {
		address = i.IPv6[0].Addr()
	}
	if m.encapsulation != "ARPA" || !address.IsValid() {
		return ""
	}
	station := underlay.Station(address)
	digits := hex.EncodeToString(station[:])
	dotted := digits[:4] + "." + digits[4:8] + "." + digits[8:]
	return fmt.Sprintf(", address is %s (bia %s)", dotted, dotted)
}

// descriptionListing is the table of `show interfaces description`: "%-30s %-14s %-8s %s".
var descriptionListing = listing{columns: []field{
	{head: "Interface", width: 30, gap: 1},
	{head: "Status", width: 14, gap: 1},
	{head: "Protocol", width: 8, gap: 1},
	{head: "Description"},
}}

func writeDescriptions(w io.Writer, form Form, interfaces []devices.InterfaceState) error {
	return descriptionListing.write(w, form, func(yield func([]string) bool) {
		for _, i := range interfaces {
			status, protocol := statusText(i)
			if i.Shutdown {
				status = "admin down"
			}
			m := mediumOf(i.Name)
			if !yield([]string{m.short + strings.TrimPrefix(i.Name, m.prefix), status, protocol, i.Description}) {
				return
			}
		}
	})
}

// ipInterfaceText prints one interface for `show ip interface`.
func ipInterfaceText(i devices.InterfaceState, startup []devices.Interface) string {
	if !i.IPv4.IsValid() {
		return statusLine(i) + "\n  Internet protocol processing disabled\n"
	}
	by := "setup command"
	if fromStartup(i.Interface, startup) {
		by = "non-volatile memory"
	}
	return fmt.Sprintf("%s\n  Internet address is %v\n  Broadcast address is 255.255.255.255\n  Address determined by %s\n  MTU is %d bytes\n"+
		"  Outgoing access list is %s\n  Inbound  access list is %s\n",
		statusLine(i), i.IPv4, by, mtuOf(i, mediumOf(i.Name)), cmp.Or(i.AccessOut, "not set"), cmp.Or(i.AccessIn, "not set"))
}

// fromStartup tells whether an interface has the address that the router booted with.
func fromStartup(i devices.Interface, startup []devices.Interface) bool {
	return slices.ContainsFunc(startup, func(s devices.Interface) bool { return s.Name == i.Name && s.IPv4 == i.IPv4 })
}

// ipv6InterfaceText prints one interface for `show ipv6 interface`; nothing for one without IPv6.
func ipv6InterfaceText(i devices.InterfaceState) string {
	if len(i.IPv6) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  IPv6 is enabled\n  Global unicast address(es):\n", statusLine(i))
	for _, p := range i.IPv6 {
		fmt.Fprintf(&b, "    %s, subnet is %s \n", addrText(p.Addr()), prefixText(p.Masked()))
	}
	fmt.Fprintf(&b, "  MTU is %d bytes\n", mtuOf(i, mediumOf(i.Name)))
	return b.String()
}

// ipv6BriefText prints one interface for `show ipv6 interface brief`.
func ipv6BriefText(i devices.InterfaceState) string {
	status, protocol := statusText(i)
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s [%s/%s]\n", i.Name, status, protocol)
	for _, p := range i.IPv6 {
		fmt.Fprintf(&b, "    %s\n", addrText(p.Addr()))
	}
	if len(i.IPv6) == 0 {
		b.WriteString("    unassigned\n")
	}
	return b.String()
}

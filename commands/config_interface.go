package commands

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func interfaceRows() []Row {
	only := []grammar.Mode{Interface}
	return slices.Concat(interfaceNameRows(only), vrfForwardingRows(), interfaceAddressRows(only))
}

// interfaceNameRows are the interface itself, and what is said of it before its addresses.
func interfaceNameRows(only []grammar.Mode) []Row {
	return []Row{
		{Modes: []grammar.Mode{Config}, Syntax: "interface INTERFACE$interface", No: "interface INTERFACE$interface",
			Help:    grammar.Words{"interface": "Select an interface to configure"},
			Run:     selectInterface,
			Default: defaultInterface,
			Print:   printInterfaces,
			Example: "interface Loopback0"},
		{Modes: only, Syntax: "description LINE$text", No: "description [LINE$text]",
			Help: grammar.Words{
				"config-if: description":      "Interface specific description",
				"config-if: description LINE": "Up to 240 characters describing this interface",
			},
			Run: func(c *Context, a Args) error {
				c.boundInterface().Description = a.String("text")
				if a.Has("no") {
					c.boundInterface().Description = ""
				}
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				if text := interfaceAt(cfg, p.frame).Description; text != "" {
					p.Line("description %s", text)
				}
			},
			Example: "interface Loopback0\n description RLOC, advertised to the core"},
		{Modes: only, Syntax: "mtu <64-9216>$mtu", No: "mtu [<64-9216>$mtu]",
			Help: grammar.Words{
				"mtu":           "Set the interface Maximum Transmission Unit (MTU)",
				"mtu <64-9216>": "MTU size in bytes",
			},
			Run: func(c *Context, a Args) error {
				c.boundInterface().MTU = int(a.Uint("mtu"))
				if a.Has("no") || a.Uint("mtu") == defaultMTU {
					c.boundInterface().MTU = 0
				}
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				if mtu := interfaceAt(cfg, p.frame).MTU; mtu != 0 {
					p.Line("mtu %d", mtu)
				}
			},
			Example: "interface GigabitEthernet0/0\n mtu 1400"},
	}
}

// defaultMTU is the MTU of an interface that says nothing of it, in bytes.
const defaultMTU = 1500

func interfaceAddressRows(only []grammar.Mode) []Row {
	return []Row{
		{Modes: only, Syntax: "ip address A.B.C.D$address A.B.C.D$mask", No: "ip address [A.B.C.D$address A.B.C.D$mask]",
			Help: grammar.Words{
				"config-if: ip":              "Interface Internet Protocol config commands",
				"ip address":                 "Set the IP address of an interface",
				"ip address A.B.C.D$address": "IP address",
				"ip address A.B.C.D$mask":    "IP subnet mask",
			},
			Run:     setIPAddress,
			Print:   printIPAddress,
			Example: "interface Loopback0\n ip address 203.0.113.11 255.255.255.255"},
		accessGroupRow(only),
		{Modes: only, Syntax: "shutdown", No: "shutdown",
			Help: grammar.Words{"shutdown": "Shutdown the selected interface"},
			Run: func(c *Context, a Args) error {
				c.boundInterface().Shutdown = !a.Has("no")
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				if interfaceAt(cfg, p.frame).Shutdown {
					p.Line("shutdown")
				}
			},
			Example: "interface GigabitEthernet0/0\n shutdown"},
		{Modes: only, Syntax: "ipv6 address X:X:X:X::X/<0-128>$prefix", No: "ipv6 address [X:X:X:X::X/<0-128>$prefix]",
			Help: grammar.Words{
				"config-if: ipv6":                 "IPv6 interface subcommands",
				"ipv6 address":                    "Configure IPv6 address on interface",
				"ipv6 address X:X:X:X::X/<0-128>": "IPv6 address and prefix length",
			},
			Run:     setIPv6Address,
			Print:   printIPv6Addresses,
			Example: "interface GigabitEthernet0/1\n ipv6 address 2001:DB8::1/48"},
	}
}

// selectInterface enters an interface. Loopbacks come and go by configuration; the others are hardware.
func selectInterface(c *Context, a Args) error {
	name := a.Interface("interface")
	have := findInterface(c.Config, name) != nil
	switch {
	case a.Has("no") && !isLoopback(name) && have:
		return refuse("%% Removal of physical interfaces is not permitted.")
	case a.Has("no") && have:
		c.Config.Interfaces = slices.DeleteFunc(c.Config.Interfaces, func(i devices.Interface) bool { return i.Name == name })
		return nil
	case a.Has("no") || !have && !c.mayAddInterface(name):
		return c.noSuchInterface(a, "interface")
	case !have:
		c.Config.Interfaces = append(c.Config.Interfaces, devices.Interface{Name: name})
		slices.SortFunc(c.Config.Interfaces, byInterfaceName)
	}
	c.enter(frame{mode: Interface, subject: name})
	return nil
}

// defaultInterface is `default interface`: it stays, and nothing is configured there.
func defaultInterface(c *Context, a Args) error {
	name := a.Interface("interface")
	have := findInterface(c.Config, name)
	if have == nil {
		return c.noSuchInterface(a, "interface")
	}
	*have = devices.Interface{Name: name}
	return c.say("Interface %s set to default configuration\n", name)
}

// mayAddInterface tells whether a configuration can bring an interface up out of nothing. A file that is being loaded
// may: whether the hardware is there is judged by who loads it.
func (c *Context) mayAddInterface(name string) bool {
	return isLoopback(name) || c.Device == nil && name != nullInterface
}

func (c *Context) noSuchInterface(a Args, arg string) error {
	var names []string
	for _, i := range c.Config.Interfaces {
		names = append(names, i.Name)
	}
	return a.Invalid(arg, append(names, "Loopback<0-2147483647>")...)
}

func byInterfaceName(a, b devices.Interface) int { return devices.CompareInterfaces(a.Name, b.Name) }

// nullInterface is the interface that routes discard packets to.
const nullInterface = "Null0"

func isLoopback(name string) bool { return strings.HasPrefix(name, "Loopback") }

func findInterface(cfg *devices.Config, name string) *devices.Interface {
	for i := range cfg.Interfaces {
		if cfg.Interfaces[i].Name == name {
			return &cfg.Interfaces[i]
		}
	}
	return nil
}

// boundInterface is the interface of the present mode. When another session removed it meanwhile, changes go nowhere.
func (c *Context) boundInterface() *devices.Interface { return interfaceAt(c.Config, c.top()) }

func interfaceAt(cfg *devices.Config, f frame) *devices.Interface {
	if i := findInterface(cfg, f.subject); i != nil {
		return i
	}
	return &devices.Interface{Name: f.subject}
}

func printInterfaces(cfg *devices.Config, p *Printer) {
	for _, i := range cfg.Interfaces {
		p.block(frame{mode: Interface, subject: i.Name}, false, "interface %s", i.Name)
	}
}

func setIPAddress(c *Context, a Args) error {
	itf := c.boundInterface()
	if a.Has("no") {
		if a.Has("address") && itf.IPv4.Addr() != a.Addr("address") {
			return refuse("Invalid address")
		}
		itf.IPv4 = netip.Prefix{}
		return nil
	}
	addr, mask := a.Addr("address"), a.Addr("mask")
	bits, contiguous := maskBits(mask)
	if !contiguous {
		return refuse("Bad mask 0x%X for address %s", binary.BigEndian.Uint32(mask.AsSlice()), addr)
	}
	if first := addr.As4()[0]; first == 0 || first == 127 || first >= 224 {
		return refuse("Not a valid host address - %s", addr)
	}
	p := netip.PrefixFrom(addr, bits)
	if bits == 0 || bits == 32 && !isLoopback(itf.Name) || bits < 31 && (addr == p.Masked().Addr() || addr == lastAddr(p)) {
		return refuse("Bad mask /%d for address %s", bits, addr)
	}
	if other := c.overlapping(itf, p); other != nil {
		return refuse("%% %s overlaps with %s", p.Masked().Addr(), other.Name)
	}
	itf.IPv4 = p
	if bits == 31 && !isLoopback(itf.Name) && !strings.HasPrefix(itf.Name, "Serial") {
		_, err := c.Out.Write([]byte("% Warning: use /31 mask on non point-to-point interface cautiously\n"))
		return err
	}
	return nil
}

// overlapping returns another interface with an address in the network of p. An interface that is shut overlaps with
// nothing, until it is brought up.
func (c *Context) overlapping(itf *devices.Interface, p netip.Prefix) *devices.Interface {
	for i := range c.Config.Interfaces {
		other := &c.Config.Interfaces[i]
		if other.Name == itf.Name || other.VRF != itf.VRF || other.Shutdown || itf.Shutdown {
			continue
		}
		if slices.ContainsFunc(append([]netip.Prefix{other.IPv4}, other.IPv6...), p.Overlaps) {
			return other
		}
	}
	return nil
}

// maskBits returns the length of a netmask, and whether it is one.
func maskBits(mask netip.Addr) (int, bool) {
	ones, size := net.IPMask(mask.AsSlice()).Size()
	return ones, size != 0
}

// maskText is the netmask of a length in dotted form.
func maskText(bits int) string { return net.IP(net.CIDRMask(bits, 32)).String() }

// lastAddr is the highest address of an IPv4 prefix: its broadcast address.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().As4()
	n := binary.BigEndian.Uint32(b[:]) | uint32(1<<(32-p.Bits())-1)
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

func printIPAddress(cfg *devices.Config, p *Printer) {
	if addr := interfaceAt(cfg, p.frame).IPv4; addr.IsValid() {
		p.Line("ip address %s %s", addr.Addr(), maskText(addr.Bits()))
		return
	}
	p.Line("no ip address")
}

func setIPv6Address(c *Context, a Args) error {
	itf, p := c.boundInterface(), a.Prefix("prefix")
	if a.Has("no") {
		itf.IPv6 = slices.DeleteFunc(itf.IPv6, func(q netip.Prefix) bool { return !a.Has("prefix") || p == q })
		return nil
	}
	if p.Addr().IsUnspecified() || p.Addr().IsMulticast() || p.Addr().IsLoopback() || p.Addr().Is4In6() || p.Bits() == 0 {
		return refuse("%% Invalid IPv6 address %s", prefixText(p))
	}
	if other := c.overlapping(itf, p); other != nil {
		return refuse("%%%s: Error: %s is overlapping with an address of %s", itf.Name, prefixText(p.Masked()), other.Name)
	}
	if slices.ContainsFunc(itf.IPv6, func(q netip.Prefix) bool { return q.Addr() == p.Addr() && q != p }) {
		itf.IPv6 = slices.DeleteFunc(itf.IPv6, func(q netip.Prefix) bool { return q.Addr() == p.Addr() })
	}
	if !slices.Contains(itf.IPv6, p) {
		itf.IPv6 = append(itf.IPv6, p)
		slices.SortFunc(itf.IPv6, netip.Prefix.Compare)
	}
	return nil
}

func printIPv6Addresses(cfg *devices.Config, p *Printer) {
	for _, q := range interfaceAt(cfg, p.frame).IPv6 {
		p.Line("ipv6 address %s", prefixText(q))
	}
}

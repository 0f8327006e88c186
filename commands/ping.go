package commands

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/probe"
)

// errUnknownTarget is the answer to a destination that is no address.
var errUnknownTarget = refuse("%% Unrecognized host or address, or protocol not running.\n")

const (
	pingOptions  = "[df-bit | repeat <1-2147483647>$repeat | size <36-18024>$size | source <ADDRESS$source | INTERFACE$via> | timeout <0-3600>$timeout]..."
	traceOptions = "[numeric | port <1-65535>$port | probe <1-65535>$probe | source <ADDRESS$source | INTERFACE$via> | timeout <0-3600>$timeout | ttl <1-255>$min <1-255>$max]..."
)

// pingRows are ping, with its options or by questions, and traceroute.
func pingRows() []Row {
	forms := func(command, options string, help, opts grammar.Words, run func(*Context, Args) error) []Row {
		var rows []Row
		for _, form := range []struct{ before, help string }{
			{"", help[command]},
			{"ip ", help[command+" ip"]},
			{"ipv6 ", help[command+" ipv6"]},
			{"vrf WORD$vrf ", help[command+" vrf"]},
		} {
			row := Row{Modes: anyExec, Syntax: command + " " + form.before + "WORD$to " + options, Help: grammar.Words{}, Run: run}
			path := command
			if word, _, _ := strings.Cut(form.before, " "); word != "" {
				path += " " + word
			}
			row.Help[path] = form.help
			if strings.HasPrefix(form.before, "vrf ") {
				row.Help[path+" WORD$vrf"] = "VPN Routing/Forwarding instance name"
			}
			for option, text := range opts {
				row.Help[path+" "+option] = text
			}
			rows = append(rows, row)
		}
		return rows
	}
	address := grammar.Words{
		"WORD$to":          "Destination address",
		"source":           "Source address or name",
		"source ADDRESS":   "Source address",
		"timeout":          "Specify timeout interval",
		"timeout <0-3600>": "Timeout in seconds",
	}
	pings := grammar.Words{
		"df-bit":                "Enable do not fragment bit in IP header",
		"repeat":                "Specify repeat count",
		"repeat <1-2147483647>": "Repeat count",
		"size":                  "Specify datagram size",
		"size <36-18024>":       "Datagram size",
	}
	traces := grammar.Words{
		"numeric":         "Display numeric address",
		"port":            "Specify port number",
		"port <1-65535>":  "Port number",
		"probe":           "Specify number of probes per hop",
		"probe <1-65535>": "Number of probes",
		"ttl":             "Specify minimum and maximum ttl",
		"ttl <1-255>$min": "Minimum Time to Live value",
		"ttl <1-255>$max": "Maximum Time to Live value",
	}
	for option, text := range address {
		pings[option], traces[option] = text, text
	}
	names := func(command, what string) grammar.Words {
		return grammar.Words{command: what, command + " ip": "IP echo", command + " ipv6": "IPv6 echo", command + " vrf": "Select VPN routing instance"}
	}
	return slices.Concat(
		forms("ping", pingOptions, names("ping", "Send echo messages"), pings, ping),
		[]Row{{Modes: []grammar.Mode{Exec}, Syntax: "ping", Run: askPing}},
		[]Row{{Modes: []grammar.Mode{Exec}, Syntax: "traceroute", Run: askTraceroute}},
		forms("traceroute", traceOptions, names("traceroute", "Trace route to destination"), traces, traceroute),
	)
}

// target is the address that a line is about, of the family that it names.
func target(a Args) (netip.Addr, error) {
	to, err := netip.ParseAddr(a.String("to"))
	if err != nil || to.Zone() != "" || a.Has("ip") && !to.Is4() || a.Has("ipv6") && to.Is4() {
		return netip.Addr{}, errUnknownTarget
	}
	return to, nil
}

// typedSource is the source that a line names: an address, or the address that an interface has.
func (c *Context) typedSource(a Args, to netip.Addr) (netip.Addr, error) {
	if !a.Has("via") {
		return a.Addr("source"), nil
	}
	return c.addressOf(a.Interface("via"), to)
}

// addressOf is the address of the family of to at an interface.
func (c *Context) addressOf(name string, to netip.Addr) (netip.Addr, error) {
	for _, i := range c.Device.Interfaces() {
		if i.Name != name || !i.LineUp {
			continue
		}
		for _, p := range append([]netip.Prefix{i.IPv4}, i.IPv6...) {
			if p.IsValid() && p.Addr().Is4() == to.Is4() {
				return p.Addr(), nil
			}
		}
	}
	return netip.Addr{}, refuse("%% Invalid source interface - IP not enabled or interface is down\n")
}

func ping(c *Context, a Args) error {
	to, err := target(a)
	if err != nil {
		return err
	}
	source, err := c.typedSource(a, to)
	if err != nil {
		return err
	}
	c.Begin(c.Device.Ping(devices.PingOptions{
		PingConfig: probe.PingConfig{
			Target: to, Count: int(a.Uint("repeat")), Size: int(a.Uint("size")), Timeout: seconds(a, "timeout"), DF: a.Has("df-bit"),
		},
		Source: source, VRF: a.String("vrf"),
	}))
	return nil
}

// seconds is a time-out as typed; 0 when it was not.
func seconds(a Args, name string) time.Duration {
	if !a.Has(name) {
		return 0
	}
	return typedSeconds(int(a.Uint(name)))
}

// typedSeconds is a time-out. That of 0 gives an answer no time but the instant.
func typedSeconds(n int) time.Duration { return max(time.Nanosecond, time.Duration(n)*time.Second) }

func traceroute(c *Context, a Args) error {
	to, err := target(a)
	if err != nil {
		return err
	}
	source, err := c.typedSource(a, to)
	if err != nil {
		return err
	}
	if a.Uint("min") > a.Uint("max") {
		return a.Invalid("max")
	}
	c.Begin(c.Device.Traceroute(devices.TracerouteOptions{
		TracerouteConfig: probe.TracerouteConfig{
			Target: to, Count: int(a.Uint("probe")), Timeout: seconds(a, "timeout"), MinTTL: int(a.Uint("min")), MaxTTL: int(a.Uint("max")), Port: uint16(a.Uint("port")),
		},
		Source: source, VRF: a.String("vrf"),
	}))
	return nil
}

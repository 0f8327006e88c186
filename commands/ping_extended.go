package commands

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lisplab/devices"
	"lisplab/devices/probe"
)

// askPing is `ping` alone: it asks for everything that the line did not say.
func askPing(c *Context, _ Args) error {
	var o devices.PingOptions
	var timeout int
	var extended bool
	return inTurn(
		probeTarget("ping", &o.Target),
		number("Repeat count", probe.DefaultCount, 1, 1<<31-1, &o.Count),
		number("Datagram size", probe.DefaultSize, probe.MinSize, probe.MaxSize, &o.Size),
		number("Timeout in seconds", int(probe.DefaultTimeout/time.Second), 0, 3600, &timeout),
		no("Extended commands", &extended),
		func(c *Context, then func(c *Context) error) error {
			if !extended {
				return then(c)
			}
			return askExtended(&o)(c, then)
		},
	)(c, func(c *Context) error {
		o.Timeout = typedSeconds(timeout)
		c.Begin(c.Device.Ping(o))
		return nil
	})
}

// askExtended asks for the rest.
func askExtended(o *devices.PingOptions) asking {
	var sweep bool
	return inTurn(
		probeSource("Source address or interface", &o.Target, &o.Source),
		askMarking(o),
		no("Set DF bit in IP header?", &o.DF),
		no("Validate reply data?", &o.Validate),
		askPattern(o),
		noIPOptions,
		no("Sweep range of sizes", &sweep),
		func(c *Context, then func(c *Context) error) error {
			if !sweep {
				return then(c)
			}
			return askSweep(&o.Sweep)(c, then)
		},
	)
}

// asksForDSCP tells whether the dialogue is that of IOS XE, which asks in IPv4 for a DSCP.
func asksForDSCP(c *Context, o *devices.PingOptions) bool {
	xe, _ := c.Device.Release().XE()
	return xe != "" && o.Target.Is4()
}

// askMarking asks for the type of service. IOS XE asks for a DSCP first, and for the whole octet only of who has none.
func askMarking(o *devices.PingOptions) asking {
	return func(c *Context, then func(c *Context) error) error {
		var tos int
		octet := func(c *Context) error {
			return number("Type of service", 0, 0, 255, &tos)(c, func(c *Context) error {
				o.TOS = uint8(tos)
				return then(c)
			})
		}
		if !asksForDSCP(c, o) {
			return octet(c)
		}
		return askDSCP(func(c *Context, dscp uint8) error {
			if dscp == 0 {
				return octet(c)
			}
			o.TOS = dscp << 2
			return then(c)
		})(c)
	}
}

// askDSCP asks until the answer is a DSCP, by number or by name.
func askDSCP(then func(c *Context, dscp uint8) error) func(c *Context) error {
	return func(c *Context) error {
		c.Ask(Question{Prompt: "DSCP Value [0]: ", Then: func(c *Context, answer string) error {
			if dscp, ok := parseDSCP(strings.TrimSpace(answer)); ok {
				return then(c, dscp)
			}
			if err := c.say("%%Type 0..63 or ef, af11-13, af21-23, af31-33, af41-43, or cs1-7\n\n"); err != nil {
				return err
			}
			return askDSCP(then)(c)
		}})
		return nil
	}
}

// parseDSCP reads a DSCP; nothing is 0.
func parseDSCP(text string) (dscp uint8, ok bool) {
	const end = 64
	if n, err := strconv.ParseUint(cmp.Or(text, "0"), 10, 8); err == nil {
		return uint8(n), n < end
	}
	for dscp = 1; dscp < end; dscp++ {
		if strings.EqualFold(text, dscpName(dscp)) {
			return dscp, true
		}
	}
	return 0, false
}

// askPattern asks for the data of the packets.
func askPattern(o *devices.PingOptions) asking {
	return func(c *Context, then func(c *Context) error) error {
		usual := "0xABCD"
		if asksForDSCP(c, o) {
			usual = "0x0000ABCD"
		}
		return value("Data pattern", usual, func(_ *Context, text string) error {
			pattern, err := strconv.ParseUint(text, 0, 16)
			if err != nil {
				return refuse("%% Invalid pattern")
			}
			o.Pattern = uint16(pattern)
			return nil
		})(c, then)
	}
}

func askSweep(s *probe.Sweep) asking {
	return inTurn(
		number("Sweep min size", probe.MinSize, probe.MinSize, probe.MaxSize, &s.Min),
		func(c *Context, then func(c *Context) error) error {
			return number("Sweep max size", probe.MaxSize, s.Min, probe.MaxSize, &s.Max)(c, then)
		},
		number("Sweep interval", 1, 1, probe.MaxSize, &s.Step),
	)
}

// askTraceroute is `traceroute` alone.
func askTraceroute(c *Context, _ Args) error {
	var o devices.TracerouteOptions
	var timeout, port int
	var numeric bool // there are no names
	return inTurn(
		probeTarget("traceroute", &o.Target),
		probeSource("Source address", &o.Target, &o.Source),
		no("Numeric display", &numeric),
		number("Timeout in seconds", int(probe.DefaultTraceTimeout/time.Second), 0, 3600, &timeout),
		number("Probe count", probe.DefaultProbes, 1, 1<<16-1, &o.Count),
		number("Minimum Time to Live", 1, 1, 255, &o.MinTTL),
		func(c *Context, then func(c *Context) error) error {
			return number("Maximum Time to Live", max(probe.DefaultMaxTTL, o.MinTTL), o.MinTTL, 255, &o.MaxTTL)(c, then)
		},
		number("Port Number", probe.DefaultPort, 1, 1<<16-1, &port),
		noIPOptions,
	)(c, func(c *Context) error {
		o.Timeout, o.Port = typedSeconds(timeout), uint16(port)
		c.Begin(c.Device.Traceroute(o))
		return nil
	})
}

// probeTarget asks for the protocol and the destination of a ping or a traceroute.
func probeTarget(command string, to *netip.Addr) asking {
	var family string
	return inTurn(
		value("Protocol", "ip", func(_ *Context, protocol string) error {
			if family = map[string]string{"ip": "IP", "ipv6": "IPv6"}[strings.ToLower(protocol)]; family == "" {
				return refuse("%% Unknown protocol - %q, type \"%s ?\" for help", protocol, command)
			}
			return nil
		}),
		func(c *Context, then func(c *Context) error) error {
			return value("Target "+family+" address", "", func(_ *Context, text string) (err error) {
				if *to, err = netip.ParseAddr(text); err != nil || to.Is4() != (family == "IP") {
					return refuse("%% Bad IP address")
				}
				return nil
			})(c, then)
		},
	)
}

// probeSource asks for an address of the router, or an interface that has one of the family of to.
func probeSource(text string, to, source *netip.Addr) asking {
	return value(text, "", func(c *Context, answer string) (err error) {
		if answer == "" {
			return nil
		}
		if *source, err = netip.ParseAddr(answer); err != nil {
			*source, err = c.addressOf(c.interfaceNamed(answer), *to)
		}
		if err != nil {
			return refuse("%% Invalid source. Must use same-VRF IP address or full interface name without spaces (e.g. Serial0/1)")
		}
		return nil
	})
}

// noIPOptions asks for options of the IP header. There are none here.
func noIPOptions(c *Context, then func(c *Context) error) error {
	return value("Loose, Strict, Record, Timestamp, Verbose[none]", "", func(_ *Context, answer string) error {
		if !strings.HasPrefix("none", strings.ToLower(answer)) {
			return refuse("%% IP options are not supported here")
		}
		return nil
	})(c, then)
}

// interfaceNamed is the interface that a person means who may shorten its type: gi0/1.
func (c *Context) interfaceNamed(typed string) string {
	typed = strings.ToLower(strings.ReplaceAll(typed, " ", ""))
	letters := strings.TrimRight(typed, "0123456789/.")
	for _, i := range c.Device.Interfaces() {
		name := strings.ToLower(i.Name)
		if number := typed[len(letters):]; letters != "" && strings.HasPrefix(name, letters) && strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz") == number {
			return i.Name
		}
	}
	return typed
}

package commands

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lisplab/devices"
	"lisplab/devices/probe"
)

// askPing is `ping` alone: it asks for everything that the line did not say.
func askPing(c *Context, _ Args) error {
	o := devices.PingOptions{}
	c.askValue("Protocol", "ip", func(c *Context, protocol string) error {
		if protocol != "ip" && protocol != "ipv6" {
			return refuse("%% Unknown protocol - %q, type \"ping ?\" for help", protocol)
		}
		c.askValue("Target "+map[string]string{"ip": "IP", "ipv6": "IPv6"}[protocol]+" address", "", func(c *Context, text string) error {
			to, err := netip.ParseAddr(text)
			if err != nil || to.Is4() != (protocol == "ip") {
				return refuse("%% Bad IP address")
			}
			o.Target = to
			return c.askCounts(o)
		})
		return nil
	})
	return nil
}

// askCounts asks how many packets of which size are sent.
func (c *Context) askCounts(o devices.PingOptions) error {
	c.askNumber("Repeat count", probe.DefaultCount, 1, 1<<31-1, &o.Count, func(c *Context) error {
		c.askNumber("Datagram size", probe.DefaultSize, probe.MinSize, probe.MaxSize, &o.Size, func(c *Context) error {
			var timeout int
			c.askNumber("Timeout in seconds", int(probe.DefaultTimeout/time.Second), 0, 3600, &timeout, func(c *Context) error {
				o.Timeout = max(time.Nanosecond, time.Duration(timeout)*time.Second)
				c.askYes("Extended commands", false, func(c *Context, yes bool) error {
					if yes {
						return c.askExtended(o)
					}
					c.Begin(c.Device.Ping(o))
					return nil
				})
				return nil
			})
			return nil
		})
		return nil
	})
	return nil
}

// askExtended asks for the rest. Options of the IP header that nothing here can set are not asked for.
func (c *Context) askExtended(o devices.PingOptions) error {
	c.askValue("Source address or interface", "", func(c *Context, text string) error {
		if text != "" {
			var err error
			if o.Source, err = netip.ParseAddr(text); err != nil {
				o.Source, err = c.addressOf(c.interfaceNamed(text), o.Target)
			}
			if err != nil {
				return refuse("%% Invalid source. Must use same-VRF IP address or full interface name without spaces (e.g. Serial0/1)")
			}
		}
		var tos int
		c.askNumber("Type of service", 0, 0, 255, &tos, func(c *Context) error {
			o.TOS = uint8(tos)
			c.askYes("Set DF bit in IP header?", false, func(c *Context, yes bool) error {
				o.DF = yes
				c.askValue("Data pattern", "0xABCD", func(c *Context, text string) error {
					pattern, err := strconv.ParseUint(text, 0, 16)
					if err != nil {
						return refuse("%% Invalid pattern")
					}
					o.Pattern = uint16(pattern)
					c.Begin(c.Device.Ping(o))
					return nil
				})
				return nil
			})
			return nil
		})
		return nil
	})
	return nil
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

// askValue asks for a value; Enter takes what stands in brackets.
func (c *Context) askValue(text, usual string, then func(c *Context, value string) error) {
	prompt := text + ": "
	if usual != "" {
		prompt = text + " [" + usual + "]: "
	}
	c.Ask(Question{Prompt: prompt, Then: func(c *Context, answer string) error {
		if answer = strings.TrimSpace(answer); answer == "" {
			answer = usual
		}
		return then(c, answer)
	}})
}

func (c *Context) askNumber(text string, usual, low, high int, to *int, then func(c *Context) error) {
	c.askValue(text, strconv.Itoa(usual), func(c *Context, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < low || n > high {
			if err := c.say("%% A decimal number between %d and %d.\n", low, high); err != nil {
				return err
			}
			c.askNumber(text, usual, low, high, to, then)
			return nil
		}
		*to = n
		return then(c)
	})
}

// askYes asks for y or n, with what Enter means in brackets.
func (c *Context) askYes(text string, usual bool, then func(c *Context, yes bool) error) {
	letter := map[bool]string{true: "y", false: "n"}[usual]
	if strings.HasSuffix(text, "?") {
		letter = yesNo(usual)
	}
	c.askValue(text, letter, func(c *Context, value string) error {
		value = strings.ToLower(value)
		if !strings.HasPrefix("yes", value) && !strings.HasPrefix("no", value) {
			if err := c.say("%% Please answer 'yes' or 'no'.\n"); err != nil {
				return err
			}
			c.askYes(text, usual, then)
			return nil
		}
		return then(c, value[0] == 'y')
	})
}

package commands

import (
	"fmt"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/underlay"
)

// labImpairRows make links treat packets badly, and routers hang. Without one-way both directions are meant, with it the one
// from the first router to the second.
func labImpairRows() []Row {
	only := []grammar.Mode{Lab}
	rows := []Row{
		{Modes: only, Syntax: "links",
			Help: grammar.Words{"links": "List the links, and how they are impaired"},
			Run:  labLinks},
		{Modes: only, Syntax: "device WORD$device <freeze|thaw>",
			Help: grammar.Words{
				"device freeze": "Make it hang: it takes no packet and no time, but keeps its state",
				"device thaw":   "Let it go on: it takes what has waited",
			},
			Run: labFreeze},
		{Modes: only, Syntax: "link WORD$a WORD$b half-open",
			Help: grammar.Words{"link half-open": "Reset the TCP connections over it on the first router's side; the other side hears nothing"},
			Run:  func(c *Context, a Args) error { return c.Lab.HalfOpen(a.String("a"), a.String("b")) }},
		impairRow("clear", grammar.Words{"link clear": "Impair nothing any more"},
			func(i *underlay.Impairment, _ Args) { *i = underlay.Impairment{} }),
		impairRow("delay DURATION$time", grammar.Words{
			"link delay":          "Delay every packet",
			"link delay DURATION": "For how long: 200ms, 1.5s",
		}, func(i *underlay.Impairment, a Args) { i.Delay = a.Duration("time") }),
		impairRow("jitter DURATION$time", grammar.Words{
			"link jitter":          "Delay each packet differently, beyond the delay",
			"link jitter DURATION": "For how long at most: 50ms",
		}, func(i *underlay.Impairment, a Args) { i.Jitter = a.Duration("time") }),
		impairRow("rate <0-10000000>$kbps", grammar.Words{
			"link rate":              "Slow down, with a queue of 40 packets",
			"link rate <0-10000000>": "Kilobits per second; 0 is no limit",
		}, func(i *underlay.Impairment, a Args) { i.Rate = uint64(a.Uint("kbps")) * 1000 }),
		impairRow("block <tcp|udp>$protocol <1-65535>$port", grammar.Words{
			"link block":                   "Drop what comes from a port or goes to it",
			"link block tcp":               "A TCP port",
			"link block udp":               "A UDP port",
			"link block tcp|udp <1-65535>": "Port number",
		}, func(i *underlay.Impairment, a Args) {
			i.Block(underlay.Service{TCP: a.String("protocol") == "tcp", Port: uint16(a.Uint("port"))})
		}),
		impairRow("corrupt [checksum] <0-100>$percent", grammar.Words{
			"link corrupt":          "Change a byte behind a right checksum: LISP's authentication tells",
			"link corrupt checksum": "Change a byte so that the checksum tells: the packet is dropped",
			"link corrupt <0-100>":  "Percent of the packets",
		}, func(i *underlay.Impairment, a Args) {
			if a.Has("checksum") {
				i.Checksum = uint8(a.Uint("percent"))
			} else {
				i.Corrupt = uint8(a.Uint("percent"))
			}
		}),
	}
	for _, share := range []struct {
		name, help string
		of         func(*underlay.Impairment) *uint8
	}{
		{"loss", "Lose packets", func(i *underlay.Impairment) *uint8 { return &i.Loss }},
		{"duplicate", "Deliver packets twice", func(i *underlay.Impairment) *uint8 { return &i.Duplicate }},
		{"reorder", "Hold packets back for 10 ms, so that others overtake them", func(i *underlay.Impairment) *uint8 { return &i.Reorder }},
	} {
		rows = append(rows, impairRow(share.name+" <0-100>$percent", grammar.Words{
			"link " + share.name:              share.help,
			"link " + share.name + " <0-100>": "Percent of the packets",
		}, func(i *underlay.Impairment, a Args) { *share.of(i) = uint8(a.Uint("percent")) }))
	}
	return rows
}

// impairRow is the row of one change of a link. A choice of keywords is a part of the word path of one-way.
func impairRow(syntax string, help grammar.Words, change func(*underlay.Impairment, Args)) Row {
	path := "link " + strings.Fields(syntax)[0]
	if strings.Contains(syntax, "<tcp|udp>") {
		path += " tcp|udp"
	}
	help[path+" one-way"] = "Only from the first router to the second"
	return Row{
		Modes: []grammar.Mode{Lab}, Syntax: "link WORD$a WORD$b " + syntax + " [one-way]", Help: help,
		Run: func(c *Context, a Args) error {
			return c.Lab.Impair(a.String("a"), a.String("b"), a.Has("one-way"), func(i *underlay.Impairment) { change(i, a) })
		},
	}
}

func labFreeze(c *Context, a Args) error {
	name := a.String("device")
	switch {
	case c.Lab.Device(name) == nil:
		return c.noSuchDevice(name)
	case a.Has("freeze"):
		return c.Lab.FreezeDevice(name)
	}
	return c.Lab.ThawDevice(name)
}

// labLinkListing is the table of `lab links`.
var labLinkListing = listing{columns: []field{
	{head: "From", width: 30, gap: 1},
	{head: "To", width: 30, gap: 1},
	{head: "State", width: 6, gap: 1},
	{head: "Impairments"},
}}

// farEnd names the end B of a link. One that is the machine's is none of the lab's routers.
func farEnd(k devices.LinkState) string {
	if k.External() {
		return k.B + " (machine)"
	}
	return k.B + " " + shortInterface(k.BInterface)
}

// linkState says whether a cable is whole, or whether there is none on this underlay.
func linkState(k devices.LinkState) string {
	switch {
	case k.Up:
		return "up"
	case k.External():
		return "absent"
	}
	return "down"
}

// labLinks lists a link once; where its directions differ once for each, which an arrow tells.
func labLinks(c *Context, _ Args) error {
	return labLinkListing.write(c.Out, c.Form, func(yield func([]string) bool) {
		for _, k := range c.Lab.Links() {
			a, b, state := k.A+" "+shortInterface(k.AInterface), farEnd(k), linkState(k)
			there, back := impairmentText(k.AB), impairmentText(k.BA)
			if there == back {
				if !yield([]string{a, b, state, there}) {
					return
				}
				continue
			}
			if !yield([]string{a, "> " + b, state, there}) || !yield([]string{b, "> " + a, state, back}) {
				return
			}
		}
	})
}

// impairmentText says what a link does in one direction, in the words of the lines that made it so.
func impairmentText(i underlay.Impairment) string {
	var list []string
	add := func(on bool, format string, value any) {
		if on {
			list = append(list, fmt.Sprintf(format, value))
		}
	}
	add(i.Delay > 0, "delay %v", i.Delay)
	add(i.Jitter > 0, "jitter %v", i.Jitter)
	add(i.Rate > 0, "rate %d kbit/s", i.Rate/1000)
	add(i.Loss > 0, "loss %d%%", i.Loss)
	add(i.Duplicate > 0, "duplicate %d%%", i.Duplicate)
	add(i.Reorder > 0, "reorder %d%%", i.Reorder)
	add(i.Corrupt > 0, "corrupt %d%%", i.Corrupt)
	add(i.Checksum > 0, "corrupt checksum %d%%", i.Checksum)
	for _, s := range i.Blocked {
		add(true, "block %v", strings.ToLower(s.String()))
	}
	if len(list) == 0 {
		return "--"
	}
	return strings.Join(list, ", ")
}

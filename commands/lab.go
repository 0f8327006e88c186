package commands

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/shlex"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// labRows are the lines addressed to the lab instead of to a router. They stand behind the word `lab` on the console,
// and behind `!!` in a transcript.
func labRows() []Row {
	only := []grammar.Mode{Lab}
	return []Row{
		{Modes: only, Syntax: "devices",
			Help: grammar.Words{"devices": "List the routers"},
			Run:  labDevices},
		{Modes: only, Syntax: "connect WORD$device",
			Help: grammar.Words{"connect": "Move this session to another router", "connect WORD": "Router name"},
			Run:  labConnect},
		{Modes: only, Syntax: "advance DURATION$time",
			Help: grammar.Words{"advance": "Let lab time pass", "advance DURATION": "How much: 90s, 5h5m41s, 1d"},
			Run:  labAdvance},
		{Modes: only, Syntax: "link WORD$a WORD$b <up|down>",
			Help: grammar.Words{
				"link":      "Break or mend the link between two routers",
				"link WORD": "Router name",
				"link up":   "Mend it",
				"link down": "Cut it",
			},
			Run: func(c *Context, a Args) error { return c.Lab.SetLink(a.String("a"), a.String("b"), a.Has("up")) }},
		{Modes: only, Syntax: "device WORD$device <stop|start>",
			Help: grammar.Words{
				"device":       "Power a router off or on, or make it hang",
				"device WORD":  "Router name",
				"device stop":  "Cut the power: its state is gone, and it says nothing more",
				"device start": "Boot it: its startup configuration, or that of the lab file",
			},
			Run: labPower},
		{Modes: only, Syntax: "help",
			Help: grammar.Words{"help": "What this lab can do"},
			Run:  labHelp},
	}
}

// splitLab splits a line as a POSIX shell does, so that names can be quoted, and finds the words' columns again.
func splitLab(line string) ([]grammar.Word, error) {
	texts, err := shlex.Split(line)
	if err != nil {
		return nil, errors.New("a quote is not closed")
	}
	words := make([]grammar.Word, 0, len(texts))
	from := 0
	for _, text := range texts {
		col := from
		if i := strings.Index(line[from:], text); i >= 0 { // else it was typed with escapes inside
			col = from + i
			from = col + len(text)
		}
		words = append(words, grammar.Word{Text: text, Col: col})
	}
	return words, nil
}

// labDeviceListing is the table of `lab devices`.
var labDeviceListing = listing{columns: []field{
	{head: "Device", width: 14, gap: 1},
	{head: "Release", width: 8, gap: 1},
	{head: "State", width: 8, gap: 1},
	{head: "RLOC", width: 16, gap: 1},
	{head: "Roles"},
}}

func labDevices(c *Context, _ Args) error {
	return labDeviceListing.write(c.Out, c.Form, func(yield func([]string) bool) {
		for _, d := range c.Lab.Devices() {
			cfg, state := d.Config(), "running"
			if !d.Running() {
				cfg, state = d.Startup(), "stopped"
			} else if d.Frozen() {
				state = "frozen"
			}
			if !yield([]string{d.Name(), string(d.Release()), state, rlocText(cfg), rolesText(cfg)}) {
				return
			}
		}
	})
}

// rlocText is the address that a router is known by to others: its own locator among those it registers, else that of
// its first interface, loopbacks first. A router without LISP has none.
func rlocText(cfg devices.Config) string {
	if cfg.LISP == nil {
		return "--"
	}
	first := ""
	for _, i := range cfg.Interfaces {
		switch addr := i.IPv4.Addr(); {
		case !addr.IsValid():
		case registers(cfg.LISP, addr):
			return addr.String()
		case first == "":
			first = addr.String()
		}
	}
	return cmp.Or(first, "--")
}

// registers tells whether an address is a locator of some mapping.
func registers(l *devices.LISP, addr netip.Addr) bool {
	is := func(l devices.Locator) bool { return l.RLOC == addr }
	for _, t := range l.EIDTables {
		for _, m := range t.Mappings {
			if slices.ContainsFunc(m.Locators, is) {
				return true
			}
			if set := locatorSetOf(l, m.LocatorSet); set != nil && slices.ContainsFunc(set.Locators, is) {
				return true
			}
		}
	}
	return false
}

// rolesText lists the LISP roles that are switched on, for either family.
func rolesText(cfg devices.Config) string {
	if cfg.LISP == nil {
		return "--"
	}
	v4, v6 := cfg.LISP.IPv4, cfg.LISP.IPv6
	var roles []string
	for _, role := range []struct {
		name string
		on   bool
	}{
		{"ITR", v4.ITR || v6.ITR},
		{"ETR", v4.ETR || v6.ETR},
		{"Map-Server", v4.MapServer || v6.MapServer},
		{"Map-Resolver", v4.MapResolver || v6.MapResolver},
		{"Proxy-ITR", v4.ProxyITR.IsValid() || v6.ProxyITR.IsValid()},
		{"Proxy-ETR", v4.ProxyETR || v6.ProxyETR},
	} {
		if role.on {
			roles = append(roles, role.name)
		}
	}
	if len(roles) == 0 {
		return "--"
	}
	return strings.Join(roles, ", ")
}

// labAdvance moves lab time, or waits for it where it is real.
func labAdvance(c *Context, a Args) error {
	d := a.Duration("time")
	if !c.Lab.Live() {
		return c.Lab.Advance(d)
	}
	wait, err := c.Lab.Wait(d)
	if err == nil {
		c.Begin(wait)
	}
	return err
}

func labConnect(c *Context, a Args) error {
	d := c.Lab.Device(a.String("device"))
	if d == nil {
		return c.noSuchDevice(a.String("device"))
	}
	c.Attach = d.Name()
	return nil
}

func labPower(c *Context, a Args) error {
	name := a.String("device")
	switch {
	case c.Lab.Device(name) == nil:
		return c.noSuchDevice(name)
	case a.Has("stop"):
		return c.Lab.StopDevice(name)
	}
	return c.Lab.StartDevice(name)
}

func (c *Context) noSuchDevice(name string) error {
	var names []string
	for _, d := range c.Lab.Devices() {
		names = append(names, d.Name())
	}
	return fmt.Errorf("found device %q, expected one of %s", name, strings.Join(names, ", "))
}

// labHelpWidth is the width of the column of lines; what stands behind a longer one begins below it.
const labHelpWidth = 38

// labHelp lists the lab's own lines from the table.
func labHelp(c *Context, _ Args) error {
	lines := []string{
		"These lines are for the lab, not for a router:",
		"",
	}
	for _, r := range c.set.labHelpRows() {
		line := "  lab " + placesText(r.Syntax)
		if len(line) > labHelpWidth {
			lines = append(lines, line)
			line = ""
		}
		lines = append(lines, fmt.Sprintf("%-*s %s", labHelpWidth, line, c.set.about(r, Lab)))
	}
	lines = append(lines,
		"",
		"`?` behind `lab` explains each word. Every other line goes to the router that the prompt names.",
		"Routers register with map servers by UDP and by reliable transport, forward packets, and show what they hold.",
	)
	_, err := io.WriteString(c.Out, strings.Join(lines, "\n")+"\n")
	return err
}

// labHelpRows are the rows of the lab's lines, by their first words.
func (s *Set) labHelpRows() (rows []*Row) {
	for i := range s.rows {
		if slices.Contains(s.rows[i].Modes, Lab) {
			rows = append(rows, &s.rows[i])
		}
	}
	first := func(r *Row) string { return strings.Fields(r.Syntax)[0] }
	slices.SortStableFunc(rows, func(a, b *Row) int { return strings.Compare(first(a), first(b)) })
	return rows
}

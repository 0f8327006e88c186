package commands

import (
	"slices"

	"lisplab/commands/grammar"
)

// debugRows show the control plane at work, message by message, in the log.
func debugRows() []Row {
	only := []grammar.Mode{Exec}
	// row is a command that turns debugging on or off; its words are those behind the first one or two.
	row := func(first, help string, on bool) []Row {
		return []Row{
			{Modes: only, Syntax: first + " all",
				Help: grammar.Words{first: help, first + " all": "Every debugging option"},
				Run: func(c *Context, _ Args) error {
					c.Device.SetDebugging(on)
					return c.say("All possible debugging has been turned %s\n", onOff(on))
				}},
			{Modes: only, Syntax: first + " lisp control-plane all",
				Help: grammar.Words{
					first + " lisp":                   "LISP debug commands",
					first + " lisp control-plane":     "LISP control plane debugging",
					first + " lisp control-plane all": "All control plane debugging",
				},
				Run: func(c *Context, _ Args) error {
					c.Device.SetDebugging(on)
					return c.say("All LISP control-plane debugging is %s\n", onOff(on))
				}},
		}
	}
	show := Row{Modes: anyExec, Syntax: "show debugging", Help: grammar.Words{"show debugging": "State of each debugging option"},
		Run: func(c *Context, _ Args) error {
			if !c.Device.Debugging() {
				return nil
			}
			return c.say("LISP:\n  All LISP control-plane debugging is on\n")
		}}
	return slices.Concat(
		row("debug", "Debugging functions (see also 'undebug')", true),
		row("undebug", "Disable debugging functions (see also 'debug')", false),
		row("no debug", "Disable debugging functions", false),
		[]Row{show})
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

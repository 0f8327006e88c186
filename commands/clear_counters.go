package commands

import "lisplab/commands/grammar"

func clearCountersRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Exec}, Syntax: "clear counters [INTERFACE$interface]",
		Help: grammar.Words{"clear counters": "Clear counters on one or all interfaces"},
		Run: func(c *Context, a Args) error {
			name, which := "", "all interfaces"
			if a.Has("interface") {
				list, err := c.interfaces(a)
				if err != nil {
					return err
				}
				name, which = list[0].Name, "this interface"
			}
			c.confirm(`Clear "show interface" counters on `+which, func(c *Context) error {
				c.Device.ClearInterfaceCounters(name, c.by())
				return nil
			})
			return nil
		},
	}}
}

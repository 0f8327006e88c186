package commands

import (
	"fmt"

	"lisplab/commands/grammar"
)

func reloadRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Exec}, Syntax: "reload",
		Help: grammar.Words{"reload": "Halt and perform a cold restart"},
		Run:  reload,
	}}
}

// reload restarts the router, which is away for devices.BootTime. A running configuration that the boot would not bring back
// can be saved first.
func reload(c *Context, _ Args) error {
	proceed := func(c *Context) error {
		c.confirm("Proceed with reload?", func(c *Context) error { return c.Device.Reload(c.by()) })
		return nil
	}
	if c.Device.Config().Equal(c.Device.Startup()) {
		return proceed(c)
	}
	fmt.Fprintln(c.Out)
	c.askYesNo("System configuration has been modified. Save?", func(c *Context, yes bool) error {
		if yes {
			if err := c.save(startupFile); err != nil {
				return err
			}
		}
		return proceed(c)
	})
	return nil
}

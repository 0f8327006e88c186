package commands

import (
	"fmt"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// saveRows are the commands that keep a configuration for the next boot, and those that forget it.
func saveRows() []Row {
	exec := []grammar.Mode{Exec}
	const erases = "Erase the filesystem that holds the startup configuration"
	return []Row{
		{Modes: exec, Syntax: "write [memory]",
			Help: grammar.Words{"write": "Write running configuration to memory or terminal", "write memory": "Write to NV memory"},
			Run:  func(c *Context, _ Args) error { return c.save(startupFile) }},
		{Modes: exec, Syntax: "write terminal",
			Help: grammar.Words{"write terminal": "Write to terminal"},
			Run:  showRunning},
		{Modes: exec, Syntax: "write erase",
			Help: grammar.Words{"write erase": "Erase NV memory"},
			Run:  eraseNVRAM},
		{Modes: exec, Syntax: "erase <startup-config | nvram:>",
			Help: grammar.Words{
				"erase": "Erase a filesystem", "erase startup-config": "Erase contents of configuration memory", "erase nvram:": erases,
			},
			Run: eraseNVRAM},
	}
}

// save writes the running configuration to a file.
func (c *Context) save(to file) error {
	fmt.Fprintln(c.Out, "Building configuration...")
	text, err := c.read(runningFile)
	if err == nil {
		err = c.write(to, text)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.Out, "[OK]")
	return err
}

// eraseNVRAM removes every file of nvram:. The next boot brings up the configuration of the lab file.
func eraseNVRAM(c *Context, _ Args) error {
	c.confirm("Erasing the nvram filesystem will remove all configuration files! Continue?", func(c *Context) error {
		fs := c.Device.FileSystem(devices.NVRAM)
		list, err := fs.List()
		if err != nil {
			return fileError(err)
		}
		for _, f := range list {
			if err := fs.Remove(f.Name); err != nil {
				return fileError(err)
			}
		}
		_, err = fmt.Fprint(c.Out, "[OK]\nErase of nvram: complete\n")
		return err
	})
	return nil
}

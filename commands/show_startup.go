package commands

import (
	"fmt"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showStartupRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Exec}, Syntax: "show startup-config",
		Help: grammar.Words{"show startup-config": "Contents of startup configuration"},
		Run:  showStartup,
	}}
}

// showStartup prints nvram:startup-config. A router that has none boots the configuration of the lab file.
func showStartup(c *Context, _ Args) error {
	if !c.exists(startupFile) {
		return refuse("startup-config is not present")
	}
	text, err := c.read(startupFile)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "Using %d out of %d bytes\n%s\n", len(text), c.Device.FileSystem(devices.NVRAM).Size(), text)
	return err
}

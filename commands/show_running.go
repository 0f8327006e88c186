package commands

import (
	"fmt"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showRunningRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Exec}, Syntax: "show running-config",
		Help: grammar.Words{"show running-config": "Current operating configuration"},
		Run:  showRunning,
	}}
}

// showRunning prints the configuration as IOS does. The size is that of the file below it.
func showRunning(c *Context, _ Args) error {
	file := c.set.File(c.release(), c.Device.Config())
	_, err := fmt.Fprintf(c.Out, "Building configuration...\n\nCurrent configuration : %d bytes\n%s\n", len(file), file)
	return err
}

// File returns a configuration as a file: what RunningConfig says, between the lines that every file has.
func (s *Set) File(rel devices.Release, cfg devices.Config) string {
	lines := append([]string{"!", "version " + rel.Name()}, s.RunningConfig(rel, cfg)...)
	return strings.Join(append(lines, "end"), "\n") + "\n"
}

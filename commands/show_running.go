package commands

import (
	"fmt"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showRunningRows() []Row {
	only := []grammar.Mode{Exec}
	return []Row{
		{Modes: only, Syntax: "show running-config",
			Help: grammar.Words{"show running-config": "Current operating configuration"},
			Run:  showRunning},
		{Modes: only, Syntax: "show running-config interface INTERFACE$interface",
			Help: grammar.Words{"show running-config interface": "Show interface configuration"},
			Run:  showRunningInterface},
	}
}

// showRunningInterface prints the block of one interface.
func showRunningInterface(c *Context, a Args) error {
	if _, err := c.interfaces(a); err != nil {
		return err
	}
	cfg := c.Device.Config()
	p := &Printer{set: c.set, rel: c.release(), cfg: &cfg, lines: []string{"!"}}
	name := a.Interface("interface")
	p.block(frame{mode: Interface, subject: name}, false, "interface %s", name)
	p.lines[len(p.lines)-1] = "end" // in place of what parts one block from the next
	file := strings.Join(p.lines, "\n") + "\n"
	_, err := fmt.Fprintf(c.Out, "Building configuration...\n\nCurrent configuration : %d bytes\n%s\n", len(file), file)
	return err
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

package commands

import (
	"fmt"
	"strings"

	"lisplab/commands/grammar"
)

// copyRows copy between the configurations and files. What is copied to the running configuration is merged into it.
func copyRows() []Row {
	exec := []grammar.Mode{Exec}
	const (
		where   = "A file as flash:NAME, nvram:NAME or a URL"
		running = "Copy from current system configuration, or merge into it"
		startup = "Copy from startup configuration, or replace it"
	)
	return []Row{
		{Modes: exec, Syntax: "copy running-config$from <startup-config$to | WORD$to>",
			Help: grammar.Words{
				"copy": "Copy from one file to another", "copy running-config": running,
				"copy running-config startup-config": startup, "copy running-config WORD": where,
			},
			Run: copyFile},
		{Modes: exec, Syntax: "copy startup-config$from <running-config$to | WORD$to>",
			Help: grammar.Words{
				"copy startup-config": startup, "copy startup-config running-config": running, "copy startup-config WORD": where,
			},
			Run: copyFile},
		{Modes: exec, Syntax: "copy WORD$from <running-config$to | startup-config$to | WORD$to>",
			Help: grammar.Words{"copy WORD": where},
			Run:  copyFile},
		{Modes: exec, Syntax: "configure memory",
			Help: grammar.Words{"configure memory": "Configure from NV memory"},
			Run:  func(c *Context, _ Args) error { return c.copy(startupFile, runningFile) }},
	}
}

func copyFile(c *Context, a Args) error {
	for _, place := range []string{"from", "to"} {
		word := a.String(place)
		if !strings.Contains(word, ":") && word != runningFile.name && word != startupFile.name {
			return a.Invalid(place, "flash:NAME", "nvram:NAME", "a URL")
		}
	}
	from, to := configFile(a.String("from")), configFile(a.String("to"))
	if from.name == "" {
		c.askName("Source filename", "", func(c *Context, name string) error {
			from.name = name
			return c.copyTo(from, to)
		})
		return nil
	}
	return c.copyTo(from, to)
}

// copyTo asks what the copy is to be called.
func (c *Context) copyTo(from, to file) error {
	if to.network() {
		return c.copyOut(from, to)
	}
	proposal := to.name
	if proposal == "" {
		proposal = from.base()
	}
	c.askName("Destination filename", proposal, func(c *Context, name string) error {
		target := file{to.system, strings.TrimLeft(name, "/")}
		if strings.Contains(name, ":") {
			target = fileOf(name)
		}
		if from.network() {
			fmt.Fprintf(c.Out, "Accessing %s...\n", from)
		}
		if target == startupFile || target == runningFile || !c.exists(target) {
			return c.copy(from, target)
		}
		fmt.Fprintln(c.Out, "%Warning:There is a file already existing with this name")
		c.confirm("Do you want to over write?", func(c *Context) error { return c.copy(from, target) })
		return nil
	})
	return nil
}

// copyOut asks for the two halves of a place on the network, which is then out of reach.
func (c *Context) copyOut(from, to file) error {
	host, name, _ := strings.Cut(strings.TrimLeft(to.name, "/"), "/")
	if name == "" {
		name = from.base()
	}
	c.askName("Address or name of remote host", host, func(c *Context, host string) error {
		c.askName("Destination filename", name, func(c *Context, name string) error {
			return c.copy(from, file{to.system, "//" + host + "/" + name})
		})
		return nil
	})
	return nil
}

// copy copies, and says what became of it.
func (c *Context) copy(from, to file) error {
	if from == runningFile && to == startupFile {
		return c.save(to)
	}
	text, err := c.read(from)
	if err != nil {
		return err
	}
	if to == runningFile {
		c.merge(text)
		c.Device.NoteConfigured(c.by())
	} else if err := c.write(to, text); err != nil {
		return err
	}
	if to == startupFile {
		fmt.Fprintln(c.Out, "[OK]")
	}
	// Lab time stands still meanwhile; IOS never reports less than a millisecond.
	_, err = fmt.Fprintf(c.Out, "%d bytes copied in 0.001 secs (%d bytes/sec)\n", len(text), len(text)*1000)
	return err
}

// merge runs the lines of a file in configuration mode, as if they were typed: a line that is wrong prints its error, and
// the rest goes on.
func (c *Context) merge(text string) {
	typed := &Context{Lab: c.Lab, Device: c.Device, Out: c.Out, Form: c.Form, Terminal: c.Terminal, set: c.set}
	typed.enter(frame{mode: Config})
	c.set.feed(typed, text, func(_ int, line string, err error) {
		fmt.Fprint(c.Out, line+"\n"+ErrorText(err, 0, line))
	})
}

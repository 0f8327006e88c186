package commands

import (
	"fmt"
	"strings"

	"lisplab/commands/grammar"
)

func configureReplaceRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Exec}, Syntax: "configure replace WORD$file [force]",
		Help: grammar.Words{
			"configure replace":       "Replace the running-config with a new config file",
			"configure replace WORD":  "A file as flash:NAME or nvram:NAME",
			"configure replace force": "Forcefully replace without prompting for confirmation",
		},
		Run: configureReplace,
	}}
}

// configureReplace exchanges the running configuration for that of a file, all of it or nothing.
func configureReplace(c *Context, a Args) error {
	f := fileOf(a.String("file"))
	text, err := c.read(f)
	if err != nil {
		return err
	}
	if a.Has("force") {
		return c.replace(f, text)
	}
	fmt.Fprint(c.Out, `This will apply all necessary additions and deletions
to replace the current running configuration with the
contents of the specified configuration file, which is
assumed to be a complete configuration, not a partial
`)
	c.Ask(Question{
		Prompt: "configuration. Enter Y if you are sure you want to proceed. ? [no]: ", Default: "no",
		Then: func(c *Context, answer string) error {
			if !strings.HasPrefix("yes", strings.ToLower(strings.TrimSpace(answer))) || strings.TrimSpace(answer) == "" {
				return nil
			}
			return c.replace(f, text)
		},
	})
	return nil
}

func (c *Context) replace(f file, text string) error {
	cfg, err := c.set.Load(c.release(), f.system+f.name, text)
	if err != nil {
		return refuse("%v\n%%The input file is not a valid config file.", err)
	}
	passes, before := 0, c.Device.Config()
	if err := c.Device.Apply(cfg); err != nil {
		return err
	}
	if !c.Device.Config().Equal(before) {
		passes = 1
		c.Device.NoteConfigured(c.by())
	}
	_, err = fmt.Fprintf(c.Out, "Total number of passes: %d\nRollback Done\n\n", passes)
	return err
}

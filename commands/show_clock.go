package commands

import (
	"fmt"
	"time"

	"lisplab/commands/grammar"
)

func showClockRows() []Row {
	return []Row{{
		Modes:  anyExec,
		Syntax: "show clock",
		Help:   grammar.Words{"show clock": "Display the system clock"},
		Run: func(c *Context, _ Args) error {
			_, err := fmt.Fprintln(c.Out, clockText(c.Lab.Now()))
			return err
		},
	}}
}

// clockText prints lab time as `show clock` does. The star says that no time source made the clock authoritative.
func clockText(now time.Time) string {
	return now.UTC().Format("*15:04:05.000 UTC Mon Jan 2 2006")
}

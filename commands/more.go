package commands

import (
	"io"

	"lisplab/commands/grammar"
)

func moreRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Exec}, Syntax: "more WORD$file",
		Help: grammar.Words{
			"more":      "Display the contents of a file",
			"more WORD": "A file as flash:NAME, nvram:NAME or system:running-config",
		},
		Run: func(c *Context, a Args) error {
			text, err := c.read(fileOf(a.String("file")))
			if err != nil {
				return err
			}
			if text != "" && text[len(text)-1] != '\n' {
				text += "\n" // the prompt that follows stands on a line of its own
			}
			_, err = io.WriteString(c.Out, text)
			return err
		},
	}}
}

package commands

import (
	"strings"

	"lisplab/commands/grammar"
)

func deleteRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Exec}, Syntax: "delete [/force] WORD$file",
		Help: grammar.Words{
			"delete": "Delete a file", "delete /force": "Force delete", "delete WORD": "A file as flash:NAME or nvram:NAME",
		},
		Run: deleteFile,
	}}
}

func deleteFile(c *Context, a Args) error {
	f := fileOf(a.String("file"))
	if a.Has("/force") {
		return c.delete(f)
	}
	c.askName("Delete filename", f.name, func(c *Context, name string) error {
		if strings.Contains(name, ":") {
			f = fileOf(name)
		} else {
			f.name = strings.TrimLeft(name, "/")
		}
		c.confirm("Delete "+f.String()+"?", func(c *Context) error { return c.delete(f) })
		return nil
	})
	return nil
}

func (c *Context) delete(f file) error {
	fs, err := c.fileSystem(f)
	if err != nil {
		return err
	}
	return fileError(fs.Remove(f.name))
}

package commands

import (
	"fmt"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func dirRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Exec}, Syntax: "dir [WORD$file]",
		Help: grammar.Words{
			"dir":      "List files on a filesystem",
			"dir WORD": "A filesystem or a file of one: flash:, nvram:, flash:NAME",
		},
		Run: dir,
	}}
}

// dir lists a file system in IOS's columns. Files of nvram: have no dates there.
func dir(c *Context, a Args) error {
	f := fileOf(a.String("file"))
	system, err := c.fileSystem(f)
	if err != nil {
		return err
	}
	list, err := system.List()
	if err != nil {
		return fileError(err)
	}
	free, err := system.Free()
	if err != nil {
		return fileError(err)
	}
	if f.name != "" {
		if !c.exists(f) {
			return refuse("%%Error opening %s (No such file or directory)", f)
		}
		list = slices.DeleteFunc(list, func(i devices.FileInfo) bool { return i.Name != f.name })
	}
	fmt.Fprintf(c.Out, "Directory of %s\n\n", f)
	for i, info := range list {
		date := "<no date>"
		if f.system != devices.NVRAM {
			date = info.At.UTC().Format("Jan 2 2006 15:04:05 -07:00")
		}
		fmt.Fprintf(c.Out, "%5d  -rw-  %10d  %27s  %s\n", i+1, info.Size, date, info.Name)
	}
	if len(list) == 0 {
		fmt.Fprintln(c.Out, "No files in directory")
	}
	_, err = fmt.Fprintf(c.Out, "\n%d bytes total (%d bytes free)\n", system.Size(), free)
	return err
}

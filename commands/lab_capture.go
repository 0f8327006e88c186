package commands

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// labCaptureRows capture while the lab runs. The lines come from a console, but also from transcripts and from the lab port,
// which asks nobody who he is: so a file is made in the directory where lisplab runs or below it, and none is written over.
func labCaptureRows() []Row {
	only := []grammar.Mode{Lab}
	return []Row{
		{Modes: only, Syntax: "capture link WORD$a WORD$b WORD$file",
			Help: grammar.Words{
				"capture":                "Write packets into a pcapng file, from now on",
				"capture link":           "The packets that pass the link between two routers, or between a host and its router",
				"capture link WORD$a":    "A router",
				"capture link WORD$b":    "The router or the host at the other end",
				"capture link WORD$file": "A new file, such as core.pcapng",
			},
			Run: func(c *Context, a Args) error {
				return c.beginCapture(a, devices.Tap{Link: a.String("a") + "-" + a.String("b")})
			}},
		{Modes: only, Syntax: "capture device WORD$device WORD$file",
			Help: grammar.Words{
				"capture device":             "The packets that pass the interfaces of a router",
				"capture device WORD$device": "Router name",
				"capture device WORD$file":   "A new file, such as core.pcapng",
			},
			Run: func(c *Context, a Args) error { return c.beginCapture(a, devices.Tap{Device: a.String("device")}) }},
		{Modes: only, Syntax: "capture stop",
			Help: grammar.Words{"capture stop": "End all captures, and tell how many packets each has"},
			Run: func(c *Context, _ Args) error {
				reports, err := c.Lab.StopCaptures()
				if len(reports) == 0 && err == nil {
					return errors.New("no capture runs: `capture link` and `capture device` begin one")
				}
				for _, r := range reports {
					if err := c.say("%s\n", r); err != nil {
						return err
					}
				}
				return err
			}},
	}
}

func (c *Context) beginCapture(a Args, t devices.Tap) error {
	name := a.String("file")
	if err := devices.CheckCaptureFile(name); err != nil {
		return err
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("found file %q, expected the name of a new file below this directory", name)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	t.To, t.File = f, f
	if _, err := c.Lab.Capture(t); err != nil {
		_ = f.Close()
		_ = os.Remove(name)
		return err
	}
	return nil
}

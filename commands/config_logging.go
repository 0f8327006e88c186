package commands

import (
	"strconv"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// severityChoice is how a line names the last severity that goes to a place.
const severityChoice = "[<0-7>$number | emergencies | alerts | critical | errors | warnings | notifications | informational | debugging]"

// loggingRows are the places that log lines go to.
func loggingRows() []Row {
	place := func(name, help string, of func(*devices.Logging) *devices.LogTo) Row {
		path := "logging " + name
		words := grammar.Words{path: help, path + " <0-7>": "Logging severity level"}
		for _, s := range []struct{ word, help string }{
			{"emergencies", "System is unusable                (severity=0)"},
			{"alerts", "Immediate action needed           (severity=1)"},
			{"critical", "Critical conditions               (severity=2)"},
			{"errors", "Error conditions                  (severity=3)"},
			{"warnings", "Warning conditions                (severity=4)"},
			{"notifications", "Normal but significant conditions (severity=5)"},
			{"informational", "Informational messages            (severity=6)"},
			{"debugging", "Debugging messages                (severity=7)"},
		} {
			words[path+" "+s.word] = s.help
		}
		return Row{Modes: []grammar.Mode{Config}, Syntax: path + " " + severityChoice, No: path + " " + severityChoice,
			Help: words,
			Run: func(c *Context, a Args) error {
				*of(&c.Config.Logging) = typedLogTo(a)
				return nil
			},
			Default: func(c *Context, _ Args) error {
				*of(&c.Config.Logging) = devices.LogTo{}
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				switch t := *of(&cfg.Logging); {
				case t.Off:
					p.Line("no %s", path)
				case t != (devices.LogTo{}):
					p.Line("%s %v", path, t.Level())
				}
			},
			Example: path + " warnings"}
	}
	buffered := place("buffered", "Set buffered logging parameters", func(l *devices.Logging) *devices.LogTo { return &l.Buffered })
	buffered.Syntax = "logging buffered [<4096-2147483647>$size] " + severityChoice
	buffered.No = buffered.Syntax
	buffered.Help["logging buffered <4096-2147483647>"] = "Logging buffer size"
	setLevel, toDefault := buffered.Run, buffered.Default
	buffered.Run = func(c *Context, a Args) error {
		c.Config.Logging.BufferSize = a.Uint("size")
		if a.Has("no") || c.Config.Logging.BufferSize == devices.DefaultLogBuffer {
			c.Config.Logging.BufferSize = 0
		}
		return setLevel(c, a)
	}
	buffered.Default = func(c *Context, a Args) error {
		c.Config.Logging.BufferSize = 0
		return toDefault(c, a)
	}
	buffered.Print = func(cfg *devices.Config, p *Printer) {
		l := cfg.Logging
		line := "logging buffered"
		if l.BufferSize != 0 {
			line += " " + strconv.Itoa(int(l.BufferSize))
		}
		switch {
		case l.Buffered.Off:
			p.Line("no logging buffered")
		case l.Buffered != (devices.LogTo{}):
			p.Line("%s %v", line, l.Buffered.Level())
		case l.BufferSize != 0:
			p.Line("%s", line)
		}
	}
	monitor := place("monitor", "Set terminal line (monitor) logging parameters", func(l *devices.Logging) *devices.LogTo { return &l.Monitor })
	lastPrint := monitor.Print
	monitor.Print = func(cfg *devices.Config, p *Printer) {
		lastPrint(cfg, p)
		if cfg.Logging != (devices.Logging{}) {
			p.separator()
		}
	}
	buffered.Help["config: logging"] = "Modify message logging facilities"
	return []Row{
		buffered,
		place("console", "Set console logging parameters", func(l *devices.Logging) *devices.LogTo { return &l.Console }),
		monitor,
	}
}

// typedLogTo is the place that a line describes: none, all, or up to a severity.
func typedLogTo(a Args) devices.LogTo {
	if a.Has("no") {
		return devices.LogTo{Off: true}
	}
	if a.Has("number") {
		return devices.LogAt(devices.Severity(a.Uint("number")))
	}
	for i, word := range devices.Severities {
		if a.Has(word) {
			return devices.LogAt(devices.Severity(i))
		}
	}
	return devices.LogTo{}
}

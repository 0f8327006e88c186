package commands

import (
	"fmt"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// serviceConfigRows are the `service` lines. IOS prints the first three whether or not they say what a router does anyway.
func serviceConfigRows() []Row {
	only := []grammar.Mode{Config}
	return []Row{
		{Modes: only,
			Syntax: "service timestamps <debug | log>$what [datetime <[msec] [localtime] | localtime msec> [show-timezone] [year] | uptime]",
			No:     "service timestamps [<debug | log>$what [datetime <[msec] [localtime] | localtime msec> [show-timezone] [year] | uptime]]",
			Help: grammar.Words{
				"service":                                              "Modify use of network based services",
				"service timestamps":                                   "Timestamp debug/log messages",
				"service timestamps debug":                             "Timestamp debug messages",
				"service timestamps log":                               "Timestamp log messages",
				"service timestamps debug|log datetime":                "Timestamp with date and time",
				"service timestamps debug|log datetime msec":           "Include milliseconds in timestamp",
				"service timestamps debug|log datetime localtime":      "Use local time zone for timestamps",
				"service timestamps debug|log datetime localtime msec": "Include milliseconds in timestamp",
				"service timestamps debug|log datetime show-timezone":  "Add time zone information to timestamp",
				"service timestamps debug|log datetime year":           "Include year in timestamp",
				"service timestamps debug|log uptime":                  "Timestamp with system uptime",
			},
			Run:     setTimestamps,
			Default: func(c *Context, a Args) error { return eachTimestamps(c, a, devices.Timestamps{}) },
			Print: func(cfg *devices.Config, p *Printer) {
				printTimestamps(p, "debug", cfg.Services.TimestampsDebug)
				printTimestamps(p, "log", cfg.Services.TimestampsLog)
			},
			Example: "service timestamps log datetime msec localtime show-timezone"},
		{Modes: only, Syntax: "service password-encryption", No: "service password-encryption",
			Help: grammar.Words{"service password-encryption": "Encrypt system passwords"},
			Run: func(c *Context, a Args) error {
				c.Config.Services.HidePasswords = !a.Has("no")
				return nil
			},
			Print: func(cfg *devices.Config, p *Printer) {
				p.Line("%sservice password-encryption", noUnless(cfg.Services.HidePasswords))
				if cfg.Services.NoPromptConfig {
					p.Line("no service prompt config")
				}
				p.separator()
			},
			Example: "service password-encryption"},
		{Modes: only, Syntax: "service prompt config", No: "service prompt config",
			Help: grammar.Words{
				"service prompt":        "Enable mode specific prompt",
				"service prompt config": "Configuration mode prompt",
			},
			Run: func(c *Context, a Args) error {
				c.Config.Services.NoPromptConfig = a.Has("no")
				return nil
			},
			Default: func(c *Context, _ Args) error {
				c.Config.Services.NoPromptConfig = false
				return nil
			}},
	}
}

func noUnless(on bool) string {
	if on {
		return ""
	}
	return "no "
}

func setTimestamps(c *Context, a Args) error {
	t := devices.Timestamps{Form: devices.TimestampUptime}
	switch {
	case a.Has("no"):
		t.Form = devices.TimestampNone
	case a.Has("datetime"):
		t = devices.Timestamps{NoMsec: !a.Has("msec"), Localtime: a.Has("localtime"), Zone: a.Has("show-timezone"), Year: a.Has("year")}
	}
	return eachTimestamps(c, a, t)
}

// eachTimestamps sets the timestamps that a line names, or both.
func eachTimestamps(c *Context, a Args, t devices.Timestamps) error {
	if what := a.String("what"); what != "log" {
		c.Config.Services.TimestampsDebug = t
	}
	if what := a.String("what"); what != "debug" {
		c.Config.Services.TimestampsLog = t
	}
	return nil
}

func printTimestamps(p *Printer, what string, t devices.Timestamps) {
	line := "service timestamps " + what
	switch t.Form {
	case devices.TimestampNone:
		p.Line("no %s", line)
	case devices.TimestampUptime:
		p.Line("%s uptime", line)
	default:
		p.Line("%s datetime%s%s%s%s", line, wordIf(!t.NoMsec, "msec"), wordIf(t.Localtime, "localtime"), wordIf(t.Zone, "show-timezone"), wordIf(t.Year, "year"))
	}
}

// wordIf is a word with a blank before it, or nothing.
func wordIf(on bool, word string) string {
	if on {
		return " " + word
	}
	return ""
}

// LogText is a line of a log as a router dates it: what `show logging` and the terminals show. The star says that no time
// server vouches for the clock.
func LogText(cfg devices.Config, booted time.Time, l devices.LogLine) string {
	t := cfg.Services.TimestampsLog
	switch t.Form {
	case devices.TimestampNone:
		return l.Text
	case devices.TimestampUptime:
		return fmt.Sprintf("%s: %s", age(l.At, booted), l.Text)
	}
	var form strings.Builder
	form.WriteString("*Jan _2 ")
	if t.Year {
		form.WriteString("2006 ")
	}
	form.WriteString("15:04:05")
	if !t.NoMsec {
		form.WriteString(".000")
	}
	if t.Zone {
		form.WriteString(" UTC")
	}
	return l.At.UTC().Format(form.String()) + ": " + l.Text
}

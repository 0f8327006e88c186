package commands

import (
	"fmt"
	"io"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showLoggingRows() []Row {
	return []Row{clearLoggingRow(), {
		Modes:  anyExec,
		Syntax: "show logging",
		Help:   grammar.Words{"show logging": "Show the contents of logging buffers"},
		Run: func(c *Context, _ Args) error {
			cfg := c.Device.Config()
			var buffer []string
			for _, l := range c.Device.Log() {
				if !l.Cleared && cfg.Logging.Buffered.Takes(l.Severity()) {
					buffer = append(buffer, LogText(cfg, c.Device.Booted(), l))
				}
			}
			return writeLog(c.Out, cfg.Logging, c.Device.Logged(), buffer)
		},
	}}
}

func clearLoggingRow() Row {
	return Row{
		Modes:  []grammar.Mode{Exec},
		Syntax: "clear logging",
		Help:   grammar.Words{"clear logging": "Clear logging buffer"},
		Run: func(c *Context, _ Args) error {
			c.confirm("Clear logging buffer", func(c *Context) error {
				c.Device.ClearLog()
				return nil
			})
			return nil
		},
	}
}

// writeLog prints `show logging`: what is logged where, and the last lines, as many as the buffer holds.
func writeLog(w io.Writer, l devices.Logging, logged devices.Logged, lines []string) error {
	place := func(name string, to devices.LogTo, count int) {
		if to.Off {
			fmt.Fprintf(w, "    %s logging: disabled\n", name)
			return
		}
		fmt.Fprintf(w, "    %-16s level %v, %d messages logged\n", name+" logging:", to.Level(), count)
	}
	io.WriteString(w, "Syslog logging: enabled\n\n")
	place("Console", l.Console, logged.Console)
	place("Monitor", l.Monitor, logged.Monitor)
	place("Buffer", l.Buffered, logged.Buffered)
	if l.Buffered.Off {
		return nil
	}
	size := int(l.Size())
	first := len(lines)
	for room := size; first > 0 && room > len(lines[first-1]); first-- {
		room -= len(lines[first-1]) + 1
	}
	fmt.Fprintf(w, "\nLog Buffer (%d bytes):\n", size)
	if first < len(lines) {
		fmt.Fprintf(w, "\n%s\n", strings.Join(lines[first:], "\n"))
	}
	return nil
}

package commands

import (
	"fmt"
	"io"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showLoggingRows() []Row {
	return []Row{{
		Modes:  anyExec,
		Syntax: "show logging",
		Help:   grammar.Words{"show logging": "Show the contents of logging buffers"},
		Run:    func(c *Context, _ Args) error { return writeLog(c.Out, c.Device.Log()) },
	}}
}

// writeLog prints `show logging`: what is logged where, then the buffer.
func writeLog(w io.Writer, lines []devices.LogLine) error {
	fmt.Fprintf(w, "Syslog logging: enabled\n    Buffer logging:  level debugging, %d messages kept\n\nLog Buffer:\n", len(lines))
	if len(lines) > 0 {
		io.WriteString(w, "\n")
	}
	for _, l := range lines {
		if _, err := fmt.Fprintf(w, "%s: %s\n", logTime(l.At), l.Text); err != nil {
			return err
		}
	}
	return nil
}

// logTime prints the time stamp of a log line: "*Jan  1 00:00:10.000".
func logTime(at time.Time) string { return at.UTC().Format("*Jan _2 15:04:05.000") }

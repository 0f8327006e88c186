package commands

import (
	"fmt"
	"io"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

func showTerminalRows() []Row {
	return []Row{
		{Modes: anyExec, Syntax: "show terminal",
			Help: grammar.Words{"show terminal": "Display terminal configuration parameters"},
			Run: func(c *Context, _ Args) error {
				return writeTerminal(c.Out, c.seat(), c.Lab.Now())
			}},
		{Modes: anyExec, Syntax: "show history",
			Help: grammar.Words{"show history": "Display the session command history"},
			Run: func(c *Context, _ Args) error {
				for _, line := range c.history {
					if _, err := fmt.Fprintf(c.Out, "  %s\n", line); err != nil {
						return err
					}
				}
				return nil
			}},
	}
}

// writeTerminal prints `show terminal`: what is true of a line that is a stream of bytes and no modem.
func writeTerminal(w io.Writer, t *Terminal, now time.Time) error {
	capabilities := "none"
	if t.Monitor {
		capabilities = "Receives Logging Output"
	}
	timeout := "never"
	if d := t.Config().Timeout(); d > 0 {
		timeout = clockSpan(d)
	}
	history := "History is disabled."
	if t.History > 0 {
		history = fmt.Sprintf("History is enabled, history size is %d.", t.History)
	}
	_, err := fmt.Fprintf(w, `Line %d, Location: "", Type: ""
Length: %d lines, Width: %d columns
Status: PSI Enabled, Ready, Active, Automore On
Capabilities: %s
Modem state: Ready
Special Chars: Escape  Hold  Stop  Start  Disconnect  Activation
                ^^x    none   -     -       none         
Timeouts:      Idle EXEC    Idle Session   Modem Answer  Session   Dispatch
               %-12s never                        none     not set
Session limit is not set.
Time since activation: %s
Editing is enabled.
%s
Full user help is disabled
Allowed input transports are %s.
Allowed output transports are telnet ssh.
`, t.Line.Absolute(), t.Length, t.Width, capabilities, timeout, age(now, t.Since), history, allowedText(t))
	return err
}

// allowedText names the protocols by which a line takes sessions.
func allowedText(t *Terminal) string {
	if !t.Line.VTY {
		return "none"
	}
	in := t.Config().TransportInput
	var words []string
	for _, p := range transports {
		if (p.transport == devices.TransportTelnet || p.transport == devices.TransportSSH) && in.Takes(p.transport) {
			words = append(words, p.word)
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, " ")
}

package commands

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// userListRows tell who sits at which line.
func userListRows() []Row {
	users := func(c *Context, _ Args) error {
		own := c.seat()
		return writeUsers(c.Out, c.Device.Terminals(), own)
	}
	return []Row{
		{Modes: anyExec, Syntax: "show users",
			Help: grammar.Words{"show users": "Display information about terminal lines"},
			Run:  users},
		{Modes: anyExec, Syntax: "who", Hidden: true,
			Help: grammar.Words{"who": "Display information about terminal lines"},
			Run:  users},
		{Modes: anyExec, Syntax: "show line", Hidden: true, // `sh li` is for LISP
			Help: grammar.Words{"show line": "TTY line information"},
			Run:  func(c *Context, _ Args) error { return writeLines(c.Out, c.Device.Lines()) }},
	}
}

// seat returns the session's terminal. A session that is shown on none, such as a script, takes a vty when it is asked who
// it is.
func (c *Context) seat() *Terminal {
	if c.Terminal == nil {
		c.Terminal = NewTerminal()
		if c.Device != nil {
			if t, err := c.Device.OpenVTY(0, netip.Addr{}); err == nil {
				c.Terminal = t
			}
		}
	}
	return c.Terminal
}

// writeUsers prints `show users`; a star marks the session that asks.
func writeUsers(w io.Writer, terminals []*devices.Terminal, own *Terminal) error {
	io.WriteString(w, "    Line       User       Host(s)              Idle       Location\n")
	for _, t := range terminals {
		mark, hosts, location := " ", []string{"idle"}, "  "
		if t == own {
			mark = "*"
		}
		if far := t.Calls(); len(far) > 0 {
			hosts = nil
			for _, a := range far {
				hosts = append(hosts, addrText(a))
			}
		}
		if t.From.IsValid() {
			location = addrText(t.From)
		}
		fmt.Fprintf(w, "%s%3d %-9s %-10.10s %-20s %s %s\n", mark, t.Line.Absolute(), t.Line.Short(), t.User, hosts[0], clockSpan(t.Idle()), location)
		for _, host := range hosts[1:] {
			fmt.Fprintf(w, "%26s%s\n", "", host)
		}
	}
	_, err := io.WriteString(w, "\n  Interface    User               Mode         Idle     Peer Address\n\n")
	return err
}

// clockSpan prints a duration as hours, minutes and seconds, however many hours there are.
func clockSpan(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", s/hour, s/minute%60, s%60)
}

// writeLines prints `show line`; a star marks the lines in use.
func writeLines(w io.Writer, lines []devices.LineState) error {
	io.WriteString(w, "   Tty Typ     Tx/Rx    A Modem  Roty AccO AccI   Uses   Noise  Overruns   Int\n")
	for _, l := range lines {
		mark, kind := " ", "CTY"
		if l.InUse {
			mark = "*"
		}
		if l.Line.VTY {
			kind = "VTY"
		}
		fmt.Fprintf(w, "%s%5d %s              -    -      -    -    -%7d%8d%8s%8s\n", mark, l.Line.Absolute(), kind, l.Uses, 0, "0/0", "-")
	}
	_, err := io.WriteString(w, "\n")
	return err
}

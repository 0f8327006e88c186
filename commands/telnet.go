package commands

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// Caller keeps the connections that a session has opened to other hosts. Who runs the session has it, because a
// connection that stands takes the place of the prompt.
type Caller interface {
	// Telnet and SSH open a connection, which takes the session over as soon as it stands.
	Telnet(host string, to netip.AddrPort)
	SSH(user, host string, to netip.AddrPort)
	// Calls are the connections that stand, by number.
	Calls() []Call
	// Resume has a connection take over again.
	Resume(number int)
	// Disconnect ends a connection.
	Disconnect(number int)
}

// Call is one of these connections.
type Call struct {
	Number  int
	Host    string        // as it was typed
	Addr    netip.Addr    // of the other end
	Waiting int           // bytes that have arrived and are not shown yet
	Idle    time.Duration // lab time
	Last    bool          // the one that had the session last
}

// telnetRows are the ways from one router to another.
func telnetRows() []Row {
	return []Row{
		{Modes: anyExec, Syntax: "telnet WORD$host [<0-65535>$port]",
			Help: grammar.Words{
				"telnet":           "Open a telnet connection",
				"telnet WORD":      "IP address or hostname of a remote system",
				"telnet <0-65535>": "Port number",
			},
			Run: func(c *Context, a Args) error {
				port := uint16(devices.TelnetPort)
				if a.Has("port") {
					port = uint16(a.Uint("port"))
				}
				return c.telnet(a.String("host"), port)
			}},
		{Modes: anyExec, Syntax: "A.B.C.D$host", Hidden: true,
			Help: grammar.Words{"A.B.C.D": "IP address of a remote system"},
			Run:  func(c *Context, a Args) error { return c.telnet(a.Addr("host").String(), devices.TelnetPort) }},
		{Modes: anyExec, Syntax: "resume [<1-65535>$connection]",
			Help: grammar.Words{
				"resume":           "Resume an active network connection",
				"resume <1-65535>": "The number of an active network connection",
			},
			Run: resume},
		{Modes: anyExec, Syntax: "disconnect [<1-65535>$connection]",
			Help: grammar.Words{
				"disconnect":           "Disconnect an existing network connection",
				"disconnect <1-65535>": "The number of an active network connection",
			},
			Run: disconnect},
		{Modes: anyExec, Syntax: "where",
			Help: grammar.Words{"where": "List active connections"},
			Run:  showSessions},
		{Modes: anyExec, Syntax: "show sessions",
			Help: grammar.Words{"show sessions": "Information about Telnet connections"},
			Run:  showSessions},
	}
}

func (c *Context) telnet(host string, port uint16) error {
	addr, err := netip.ParseAddr(host)
	if err != nil || c.Caller == nil {
		return &UnknownWord{host}
	}
	to := addr.String()
	if addr.Is6() {
		to = strings.ToUpper(to)
	}
	if port != devices.TelnetPort {
		to += fmt.Sprintf(", %d", port)
	}
	c.seat().Hosts = hostsOf(c.Caller)
	c.Caller.Telnet(host, netip.AddrPortFrom(addr, port))
	_, err = fmt.Fprintf(c.Out, "Trying %s ... ", to)
	return err
}

// hostsOf returns the function that tells where a session has connections to.
func hostsOf(caller Caller) func() []netip.Addr {
	return func() (list []netip.Addr) {
		for _, call := range caller.Calls() {
			list = append(list, call.Addr)
		}
		return list
	}
}

// calls are the connections of the session.
func (c *Context) calls() []Call {
	if c.Caller == nil {
		return nil
	}
	return c.Caller.Calls()
}

// call finds the connection that a line names, or the last one.
func (c *Context) call(a Args) (call Call, err error) {
	for _, call := range c.calls() {
		if a.Has("connection") && call.Number == int(a.Uint("connection")) || !a.Has("connection") && call.Last {
			return call, nil
		}
	}
	if a.Has("connection") {
		return call, refuse("%% %d is not an open connection", a.Uint("connection"))
	}
	return call, refuse("%% There is no current connection")
}

func resume(c *Context, a Args) error {
	call, err := c.call(a)
	if err != nil {
		return err
	}
	c.Caller.Resume(call.Number)
	_, err = fmt.Fprintf(c.Out, "[Resuming connection %d to %s ... ]\n", call.Number, call.Host)
	return err
}

func disconnect(c *Context, a Args) error {
	call, err := c.call(a)
	if err != nil {
		return err
	}
	c.confirm("Closing connection to "+call.Host, func(c *Context) error {
		c.Caller.Disconnect(call.Number)
		return nil
	})
	return nil
}

func showSessions(c *Context, _ Args) error {
	list := c.calls()
	if len(list) == 0 {
		return refuse("%% No connections open")
	}
	return sessionsListing.write(c.Out, c.Form, func(yield func([]string) bool) {
		for _, call := range list {
			mark := " "
			if call.Last {
				mark = "*"
			}
			if !yield([]string{fmt.Sprintf("%s%3d", mark, call.Number), call.Host, call.Addr.String(), fmt.Sprintf("%5d", call.Waiting),
				fmt.Sprintf("%5d", int(call.Idle.Minutes())), call.Host}) {
				return
			}
		}
	})
}

// sessionsListing is the table of `show sessions`.
var sessionsListing = listing{columns: []field{
	{head: "Conn", width: 4, gap: 1},
	{head: "Host", width: 19, gap: 1},
	{head: "Address", width: 18, gap: 1},
	{head: " Byte", width: 5, gap: 1},
	{head: " Idle", width: 5, gap: 1},
	{head: "Conn Name"},
}}

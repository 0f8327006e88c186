package commands

import (
	"fmt"
	"net/netip"
	"slices"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore/session"
)

// execRows are the commands that move a session between its modes, and those that clear state.
func execRows() []Row {
	return []Row{
		{Modes: anyExec, Syntax: "exit",
			Help: grammar.Words{"user: exit": "Exit from the EXEC", "exec: exit": "Exit from the EXEC"},
			Run:  logout},
		{Modes: anyExec, Syntax: "logout",
			Help: grammar.Words{"logout": "Exit from the EXEC"},
			Run:  logout},
		{Modes: []grammar.Mode{Exec}, Syntax: "configure terminal",
			Help: grammar.Words{"configure": "Enter configuration mode", "configure terminal": "Configure from the terminal"},
			Run:  configureTerminal},
		{Modes: anyConfig, Syntax: "exit",
			Help: grammar.Words{"exit": "Exit from the present configuration mode"},
			Run:  exitConfig},
		{Modes: anyConfig, Syntax: "end",
			Help: grammar.Words{"end": "Exit from configure mode"},
			Run:  endConfig},
		{Modes: anyConfig, Syntax: "do {exec}",
			Help: grammar.Words{"do": "To run exec commands in config mode"}},
		{Modes: []grammar.Mode{Exec}, Syntax: `clear lisp site <* | WORD$site>`,
			Help: grammar.Words{
				"clear":                "Reset functions",
				"clear lisp":           "Clear Locator/ID Separation Protocol state",
				"clear lisp site":      "Forget registrations, and ask for them again",
				"clear lisp site *":    "Those of every site",
				"clear lisp site WORD": "Site name",
			},
			Run: clearSite},
		{Modes: []grammar.Mode{Exec}, Syntax: `clear lisp vrf WORD$vrf session <* | ADDRESS$peer>`,
			Releases: devices.Release.ShowLISPSession,
			Help: grammar.Words{
				"clear lisp vrf":                 "Clear what belongs to a VRF: its reliable transport sessions",
				"clear lisp vrf WORD":            "VRF name",
				"clear lisp vrf session":         "Close reliable transport sessions",
				"clear lisp vrf session *":       "With every peer",
				"clear lisp vrf session ADDRESS": "Peer address",
			},
			Run: clearSession},
	}
}

// logout ends the session. Connections to other hosts that it has left open end with it, which is asked about first.
func logout(c *Context, _ Args) error {
	if len(c.calls()) == 0 {
		c.Closed = true
		return nil
	}
	c.confirm("(You have open connections)", func(c *Context) error {
		for _, call := range c.calls() {
			c.Caller.Disconnect(call.Number)
			if _, err := fmt.Fprintf(c.Out, "Closing: %s !\n", call.Host); err != nil {
				return err
			}
		}
		c.Closed = true
		return nil
	})
	return nil
}

func configureTerminal(c *Context, _ Args) error {
	c.restart(Exec)
	c.enter(frame{mode: Config})
	_, err := fmt.Fprintln(c.Out, "Enter configuration commands, one per line.  End with CNTL/Z.")
	return err
}

// exitConfig goes up one mode.
func exitConfig(c *Context, a Args) error {
	if c.Mode() == Config {
		return endConfig(c, a)
	}
	c.frames = c.frames[:len(c.frames)-1]
	return nil
}

// endConfig leaves configuration. The router logs it, as IOS does.
func endConfig(c *Context, _ Args) error {
	c.restart(Exec)
	if c.Device != nil {
		c.Device.NoteConfigured(c.by())
	}
	return nil
}

func clearSite(c *Context, a Args) error {
	name := a.String("site")
	if a.Has("*") {
		name = "*"
	}
	if !c.Device.ClearSite(name) && name != "*" {
		return refuse("%% Could not find site %s.", name)
	}
	return nil
}

func clearSession(c *Context, a Args) error {
	if vrf := a.String("vrf"); vrf != defaultVRF {
		return refuse("%% VRF %s does not exist.", vrf)
	}
	peer := a.Addr("peer") // the zero Addr for `*`: all of them
	if peer != (netip.Addr{}) && !slices.ContainsFunc(c.Device.Sessions(), func(s session.Snapshot) bool { return s.Peer == peer }) {
		return refuse("%% Could not find a session with peer %s.", addrText(peer))
	}
	c.Device.ClearSessions(peer)
	return nil
}

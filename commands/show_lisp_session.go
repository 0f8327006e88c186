package commands

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/lispcore/session"
)

func showLISPSessionRows() []Row {
	return []Row{
		{
			Modes:    anyExec,
			Syntax:   "show lisp session [ADDRESS$peer]",
			Releases: func(r devices.Release) bool { return r.ShowLISPSession() && !r.XELISPViews() },
			Help: grammar.Words{
				"show lisp session":         "LISP reliable transport sessions",
				"show lisp session ADDRESS": "Peer address",
			},
			Run: showLISPSession,
		},
		{
			Modes:    anyExec,
			Syntax:   "show lisp [vrf WORD$vrf] session [all | established | ADDRESS$peer]",
			Releases: devices.Release.XELISPViews,
			Help: grammar.Words{
				"show lisp vrf":                 "Of one RLOC VRF",
				"show lisp vrf WORD":            "VRF name",
				"show lisp session":             "LISP reliable transport sessions",
				"show lisp session all":         "With the peers that a connection is awaited from",
				"show lisp session established": "Those that are up",
				"show lisp session ADDRESS":     "Peer address",
			},
			Run: showLISPSessionXE,
		},
	}
}

func showLISPSession(c *Context, a Args) error {
	sessions := c.Device.Sessions()
	if !a.Has("peer") {
		return writeSessions(c.Out, c.Form, c.Lab.Now(), sessions)
	}
	s, err := sessionWith(sessions, a.Addr("peer"))
	if err != nil {
		return err
	}
	return writeSession(c.Out, c.Lab.Now(), s)
}

// sessionWith finds the session with a peer.
func sessionWith(sessions []session.Snapshot, peer netip.Addr) (session.Snapshot, error) {
	for _, s := range sessions {
		if s.Peer == peer {
			return s, nil
		}
	}
	return session.Snapshot{}, refuse("%% Could not find session with peer %s in VRF default.", addrText(peer))
}

// sessionListing is the table of `show lisp session` in 15.x: "%-30s %-10s %-10s %6d/%-6d %d".
var sessionListing = listing{columns: []field{
	{head: "Peer", width: 30, gap: 1, document: 20},
	{head: "State", width: 10, gap: 1, document: 9},
	{head: "Up/Down", width: 10, gap: 1, document: 11},
	{head: "    In/Out", width: 13, gap: 1, document: 10, push: true},
	{head: "Users"},
}}

// sessionUsersListing is the table of users of one session: "  %-25s %-35s %6d/%-6d %s".
var sessionUsersListing = listing{indent: 2, columns: []field{
	{head: "Type", width: 25, gap: 1},
	{head: "ID", width: 35, gap: 1},
	{head: "    In/Out", width: 13, gap: 1, push: true},
	{head: "State"},
}}

// writeSessions prints `show lisp session`, sessions in the order of their creation.
func writeSessions(w io.Writer, form Form, now time.Time, sessions []session.Snapshot) error {
	if form != FormJSON {
		established := 0
		for _, s := range sessions {
			if s.State == session.Up {
				established++
			}
		}
		fmt.Fprintf(w, "Sessions for VRF default, total: %d, established: %d\n", len(sessions), established)
	}
	return sessionListing.write(w, form, func(yield func([]string) bool) {
		for _, s := range sessions {
			row := []string{addrText(s.Peer), s.State.String(), age(now, s.Since), inOut(s.In, s.Out), fmt.Sprint(len(s.Users))}
			if !yield(row) {
				return
			}
		}
	})
}

// writeSession prints `show lisp session PEER`. Counters that a router has and this one does not keep (deferred
// messages, round trip time, stateful switchover, TCP authentication) have no line.
func writeSession(w io.Writer, now time.Time, s session.Snapshot) error {
	kind, user := sessionKind(s)
	label := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-17s %s\n", name+":", fmt.Sprintf(format, args...))
	}
	label("Peer address", "%s", endpointText(s.Peer, s.PeerPort))
	label("Local address", "%s", endpointText(s.Local, s.LocalPort))
	label("Session Type", "%s", kind)
	label("Session State", "%v (%s)", s.State, age(now, s.Since))
	label("Messages in/out", "%d/%d", s.In, s.Out)
	label("Bytes in/out", "%d/%d", s.BytesIn, s.BytesOut)
	label("Rcvd errors", "%d", s.Errors)
	label("Rcvd unsupported", "%d", s.Unsupported)
	label("Rcvd malformed", "%d", s.Malformed)
	label("Users", "%d", len(s.Users))
	return writeSessionUsers(w, user, s)
}

// sessionKind is how a session has come about, and what its users are.
func sessionKind(s session.Snapshot) (kind, user string) {
	if s.Active {
		return "Active", "ETR Reliable Registration"
	}
	return "Passive", "MS Reliable Registration"
}

// writeSessionUsers prints the users of a session, which are all of one kind.
func writeSessionUsers(w io.Writer, kind string, s session.Snapshot) error {
	return sessionUsersListing.write(w, FormIOS, func(yield func([]string) bool) {
		for _, u := range s.Users {
			id := fmt.Sprintf("lisp 0 IID %d", u.Service.Instance)
			if u.Service.Family != 0 {
				id += fmt.Sprintf(" AFI %v", u.Service.Family)
			}
			if !yield([]string{kind, id, inOut(u.In, u.Out), userState(s.State)}) {
				return
			}
		}
	})
}

// userState says which transport carries a user's registrations.
func userState(s session.State) string {
	if s == session.Up {
		return "TCP"
	}
	return "UDP"
}

func inOut(in, out uint64) string { return fmt.Sprintf("%6d/%-6d", in, out) }

// endpointText prints "203.0.113.11:4342", "2001:DB8::1.4342", or the address alone while no connection gave it a port.
func endpointText(a netip.Addr, port uint16) string {
	switch {
	case !a.IsValid():
		return "unspecified"
	case port == 0:
		return addrText(a)
	case a.Is4():
		return fmt.Sprintf("%s:%d", addrText(a), port)
	}
	return fmt.Sprintf("%s.%d", addrText(a), port)
}

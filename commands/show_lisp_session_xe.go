package commands

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
)

// showLISPSessionXE is `show lisp session` of release 17.9.
func showLISPSessionXE(c *Context, a Args) error {
	if err := checkRLOCVRF(a); err != nil {
		return err
	}
	now, sessions := c.Lab.Now(), c.Device.Sessions()
	if a.Has("peer") {
		s, err := sessionWith(sessions, a.Addr("peer"))
		if err != nil {
			return err
		}
		return writeSessionXE(c.Out, now, s)
	}
	all := sessionLines(sessions)
	lines := slices.DeleteFunc(slices.Clone(all), func(l sessionLine) bool {
		switch {
		case a.Has("established"):
			return l.state != session.Up.String()
		case a.Has("all"):
			return false
		}
		return l.state == listening
	})
	return writeSessionsXE(c.Out, c.Form, now, all, lines)
}

// checkRLOCVRF refuses another VRF than that which all RLOCs are in.
func checkRLOCVRF(a Args) error {
	if vrf := a.String("vrf"); a.Has("vrf") && vrf != defaultVRF {
		return refuse("%% Could not find RLOC VRF %s.", vrf)
	}
	return nil
}

// listening is the state of a Map-Server that awaits a connection.
const listening = "Listening"

// sessionLine is one line of the table in 17.x. What a Map-Server awaits has a line of its own, without a port, whether or
// not the peer has a connection already: it could open another.
type sessionLine struct {
	peer    netip.Addr
	port    uint16
	state   string
	since   time.Time
	in, out uint64
	users   int
	rtt     time.Duration
}

// sessionLines are the lines of all sessions, by address and port.
func sessionLines(sessions []session.Snapshot) []sessionLine {
	var lines []sessionLine
	for _, s := range sessions {
		awaited := !s.Active && s.Permitted
		if awaited {
			lines = append(lines, sessionLine{peer: s.Peer, state: listening})
		}
		if s.State != session.Up && awaited {
			continue
		}
		lines = append(lines, sessionLine{peer: s.Peer, port: peerPort(s), state: s.State.String(), since: s.Since,
			in: s.In, out: s.Out, users: len(s.Users), rtt: s.RTT})
	}
	slices.SortStableFunc(lines, func(a, b sessionLine) int { return cmp.Or(a.peer.Compare(b.peer), cmp.Compare(a.port, b.port)) })
	return lines
}

// peerPort is the TCP port of the peer: an ETR dials one, with or without an answer.
func peerPort(s session.Snapshot) uint16 {
	if s.Active {
		return lispcore.ControlPort
	}
	return s.PeerPort
}

// sessionListingXE is the table of `show lisp session` in 17.x: "%-30s %-10s %-10s %6d/%-6d%-7d%s".
var sessionListingXE = listing{columns: []field{
	{head: "Peer", width: 30, gap: 1},
	{head: "State", width: 10, gap: 1},
	{head: "Up/Down", width: 10, gap: 1},
	{head: "    In/Out", width: 13, push: true},
	{head: "Users", width: 7},
	{head: "RTT(ms)"},
}}

// writeSessionsXE prints some lines of `show lisp session` below a title that counts all of them.
func writeSessionsXE(w io.Writer, form Form, now time.Time, all, lines []sessionLine) error {
	if form != FormJSON {
		established := 0
		for _, l := range all {
			if l.state == session.Up.String() {
				established++
			}
		}
		fmt.Fprintf(w, "Sessions for VRF default, total: %d, established: %d\n", len(all), established)
	}
	return sessionListingXE.write(w, form, sessionCells(now, lines))
}

func sessionCells(now time.Time, lines []sessionLine) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, l := range lines {
			row := []string{endpointText(l.peer, l.port), l.state, age(now, l.since), inOut(l.in, l.out), fmt.Sprint(l.users),
				fmt.Sprint(l.rtt.Milliseconds())}
			if !yield(row) {
				return
			}
		}
	}
}

// writeSessionXE prints `show lisp session PEER` of 17.x. Messages of this router name no VRF and are never put off or
// overridden, no supervisor takes its sessions over, and TCP goes without authentication.
func writeSessionXE(w io.Writer, now time.Time, s session.Snapshot) error {
	kind, user := sessionKind(s)
	state, accepting := s.State.String(), 0
	if !s.Active && s.Permitted {
		accepting = 1
		if s.State != session.Up {
			state = listening
		}
	}
	label := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-17s %s\n", name+":", fmt.Sprintf(format, args...))
	}
	label("Peer address", "%s", endpointText(s.Peer, peerPort(s)))
	label("Local address", "%s", endpointText(s.Local, s.LocalPort))
	label("Session Type", "%s", kind)
	label("Session State", "%s (%s)", state, age(now, s.Since))
	label("Session RTT", "%d ms  (%s)", s.RTT.Milliseconds(), age(now, s.Opened))
	label("Messages in/out", "%d/%d", s.In, s.Out)
	label("Bytes in/out", "%d/%d", s.BytesIn, s.BytesOut)
	label("Fatal errors", "%d", s.Fatal)
	label("Rcvd unsupported", "%d", s.Unsupported)
	label("Rcvd invalid VRF", "0")
	label("Rcvd override", "0")
	label("Rcvd malformed", "%d", s.Malformed-s.Fatal)
	label("Sent deferred", "0")
	label("SSO redundancy", "N/A")
	label("Auth Type", "None ")
	io.WriteString(w, "\n")
	label("Accepting Users", "%d", accepting)
	label("Users", "%d", len(s.Users))
	return writeSessionUsers(w, user, s)
}

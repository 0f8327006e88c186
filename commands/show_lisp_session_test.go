package commands

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
)

func sessionOf(peer string, state session.State, since time.Time, in, out uint64, users ...session.User) session.Snapshot {
	return session.Snapshot{Local: netip.MustParseAddr("203.0.113.11"), Peer: netip.MustParseAddr(peer),
		State: state, Since: since, In: in, Out: out, Users: users}
}

func userOf(instance uint32, family lispcore.Family, in, out uint64) session.User {
	return session.User{Service: lispcore.Service{Instance: instance, Family: family}, In: in, Out: out}
}

// chapterSessions are the sessions of the chapter's xTR1 and New MSMR, 5:05:40 and 5:19:53 after the first one came up.
func chapterSessions() (xTR1, newMSMR []session.Snapshot) {
	v4, v6, any := userOf(0, lispcore.IPv4, 6, 3), userOf(0, lispcore.IPv6, 0, 0), userOf(0, 0, 3, 6)
	xTR1 = []session.Snapshot{
		sessionOf("209.165.201.31", session.Up, labTime(0), 6, 3, v4, v6),
		sessionOf("209.165.201.41", session.Down, time.Time{}, 0, 0, v4),
	}
	newMSMR = []session.Snapshot{
		sessionOf("203.0.113.11", session.Up, labTime(0), 3, 6, any),
		sessionOf("198.51.100.21", session.Up, labTime(85), 2, 5, any),
	}
	return xTR1, newMSMR
}

func TestShowLISPSession(t *testing.T) {
	xTR1, newMSMR := chapterSessions()
	others := []session.Snapshot{
		sessionOf("10.0.0.1", session.Init, time.Time{}, 0, 0),
		sessionOf("10.0.0.2", session.Down, labTime(10), 12, 34, userOf(0, lispcore.IPv4, 12, 34)),
		sessionOf("2001:db8:aaaa::1", session.Up, labTime(-900000), 999999, 1000000),
		sessionOf("2001:db8:1111:2222:3333:4444:5555:6666", session.Up, labTime(130), 1, 0),
	}
	const xTR1Time, msmrTime = 5*hour + 5*minute + 40, 5*hour + 19*minute + 53
	list := func(form Form, now int, s []session.Snapshot) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := writeSessions(w, form, labTime(now), s); err != nil {
				t.Error(err)
			}
		}
	}
	one := func(s session.Snapshot) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := writeSession(w, labTime(160), s); err != nil {
				t.Error(err)
			}
		}
	}
	etr := sessionOf("209.165.201.31", session.Up, labTime(2), 6, 3, userOf(0, lispcore.IPv4, 5, 2), userOf(4100, lispcore.IPv6, 1, 1))
	etr.Active, etr.LocalPort, etr.PeerPort, etr.BytesIn, etr.BytesOut = true, 51234, 4342, 410, 333
	mapServer := sessionOf("2001:db8::11", session.Up, labTime(2), 1234567, 7654321, userOf(16777215, 0, 1234567, 7654321))
	mapServer.Local, mapServer.LocalPort, mapServer.PeerPort = netip.MustParseAddr("2001:db8::31"), 4342, 51234
	mapServer.Malformed, mapServer.Unsupported, mapServer.Errors = 1, 2, 3
	never := sessionOf("209.165.201.41", session.Down, time.Time{}, 0, 0, userOf(0, lispcore.IPv4, 0, 0))
	never.Active, never.Local = true, netip.Addr{}
	// 17.x: a Map-Server awaits the peers that it permits, and shows those that it lost by the port that they had.
	active, passive := etr, mapServer
	active.Opened, active.RTT = etr.Since, 20*time.Millisecond
	passive.Permitted, passive.Opened, passive.Malformed, passive.Fatal = true, mapServer.Since, 3, 1
	awaited, lost := sessionOf("10.0.0.7", session.Down, time.Time{}, 0, 0, userOf(0, 0, 0, 0)), sessionOf("10.0.0.6", session.Down, labTime(100), 7, 9)
	awaited.Permitted, lost.PeerPort = true, 51235
	dialling := sessionOf("209.165.201.41", session.Init, time.Time{}, 0, 0)
	dialling.Active = true
	xe := []session.Snapshot{passive, awaited, dialling, lost, active}
	some := func(form Form, hidden string) func(*strings.Builder) {
		return func(w *strings.Builder) {
			all := sessionLines(xe)
			if err := writeSessionsXE(w, form, labTime(160), all, slices.DeleteFunc(slices.Clone(all), func(l sessionLine) bool { return l.state == hidden })); err != nil {
				t.Error(err)
			}
		}
	}
	oneXE := func(s session.Snapshot) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := writeSessionXE(w, labTime(160), s); err != nil {
				t.Error(err)
			}
		}
	}
	checkGolden(t, "show_lisp_session", []goldenCase{
		{"the chapter's xTR1", list(FormIOS, xTR1Time, xTR1)},
		{"the chapter's New MSMR", list(FormIOS, msmrTime, newMSMR)},
		{"document form: the chapter's xTR1", list(FormDocument, xTR1Time, xTR1)},
		{"document form: the chapter's New MSMR", list(FormDocument, msmrTime, newMSMR)},
		{"every branch", list(FormIOS, 160, others)},
		{"document form: every branch", list(FormDocument, 160, others)},
		{"JSON: every branch", list(FormJSON, 160, others)},
		{"no session", list(FormIOS, 160, nil)},
		{"document form: no session", list(FormDocument, 160, nil)},
		{"JSON: no session", list(FormJSON, 160, nil)},
		{"a peer: at an ETR", one(etr)},
		{"a peer: at a Map-Server", one(mapServer)},
		{"a peer: never connected, no route to it", one(never)},
		{"17.9: all", some(FormIOS, "")},
		{"17.9: without those that are awaited", some(FormIOS, listening)},
		{"17.9: JSON", some(FormJSON, "")},
		{"17.9: no session", func(w *strings.Builder) { writeSessionsXE(w, FormIOS, labTime(160), nil, nil) }},
		{"17.9: a peer: at an ETR", oneXE(active)},
		{"17.9: a peer: at a Map-Server", oneXE(passive)},
		{"17.9: a peer: awaited", oneXE(awaited)},
		{"17.9: a peer: never connected, no route to it", oneXE(never)},
	})
}

// The chapter's own listings, with runs of blanks folded.
func TestShowLISPSessionEqualsChapter(t *testing.T) {
	text, err := os.ReadFile("../../shared/seed/lisp-reliable-registration.txt")
	if err != nil {
		t.Skip("the chapter's text is not beside this repository")
	}
	xTR1, newMSMR := chapterSessions()
	chapter := foldBlanks(string(text))
	for _, form := range []Form{FormIOS, FormDocument} {
		var a, b strings.Builder
		writeSessions(&a, form, labTime(5*hour+5*minute+40), xTR1)
		writeSessions(&b, form, labTime(5*hour+19*minute+53), newMSMR)
		for _, listing := range []string{a.String(), b.String()} {
			if !strings.Contains(chapter, "\n"+foldBlanks(listing)) {
				t.Errorf("form %s: the chapter does not hold\n%s", form, listing)
			}
		}
	}
}

// foldBlanks makes one blank of each run of blanks, line by line.
func foldBlanks(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.Join(strings.Fields(l), " ")
	}
	return strings.Join(lines, "\n")
}

package devices

import (
	"fmt"
	"strings"
	"time"

	"lisplab/lispcore"
)

// logSize is how many lines a router keeps.
const logSize = 4096

// LogLine is one line of the device's log.
type LogLine struct {
	At   time.Time
	Text string // "%LISP-5-SESSION: ...", without a time

	Cleared bool // from the buffer, by `clear logging`
}

// logRing keeps the last lines.
type logRing struct {
	lines []LogLine
	next  int // where the oldest line stands once the ring is full
}

func (r *logRing) add(l LogLine) {
	if len(r.lines) < logSize {
		r.lines = append(r.lines, l)
		return
	}
	r.lines[r.next] = l
	r.next = (r.next + 1) % logSize
}

// Log returns the lines of the log, oldest first. A boot starts a new one.
func (d *Device) Log() []LogLine {
	return append(append([]LogLine(nil), d.log.lines[d.log.next:]...), d.log.lines[:d.log.next]...)
}

// ClearLog takes what the log holds as cleared. Terminals that have not shown it yet still do.
func (d *Device) ClearLog() {
	for i := range d.log.lines {
		d.log.lines[i].Cleared = true
	}
}

func (d *Device) say(text string) {
	line := LogLine{At: d.lab.loop.now, Text: text}
	d.log.add(line)
	d.count(line)
	d.reportLog()
	if d.lab.logged != nil {
		d.lab.logged(d, line)
	}
}

// NoteConfigured logs that an operator has left configuration mode. by is "console", or "USER on vty0 (ADDRESS)" as IOS
// words it.
func (d *Device) NoteConfigured(by string) {
	if d.running {
		d.say("%SYS-5-CONFIG_I: Configured from console by " + by)
	}
}

func restarted() string { return "%SYS-5-RESTART: System restarted --" }

// logLines logs every line protocol that has changed.
func (d *Device) logLines() {
	for _, i := range d.cfg.Interfaces {
		up := d.lab.net.LineUp(d.index, i.Name)
		if up == d.lines[i.Name] {
			continue
		}
		d.lines[i.Name] = up
		switch {
		case i.Shutdown:
			d.say(fmt.Sprintf("%%LINK-5-CHANGED: Interface %s, changed state to administratively down", i.Name))
		default:
			d.say(fmt.Sprintf("%%LINK-3-UPDOWN: Interface %s, changed state to %s", i.Name, upDown(up)))
		}
		d.say(fmt.Sprintf("%%LINEPROTO-5-UPDOWN: Line protocol on Interface %s, changed state to %s", i.Name, upDown(up)))
	}
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

// upper prints an address or a prefix with the letters of IPv6 in capitals, as IOS does.
func upper(a fmt.Stringer) string { return strings.ToUpper(a.String()) }

// eidText prints an EID as IOS does: letters of IPv6 in capitals, the instance only when it is not 0.
func eidText(e lispcore.EID) string {
	text := upper(e.Prefix)
	if e.Instance != 0 {
		text = fmt.Sprintf("%s of instance %d", text, e.Instance)
	}
	return text
}

// eventLines words one event: a line of the log, or what `debug lisp control-plane all` prints of it.
func eventLines(e lispcore.Event) []string {
	if e.Kind.Debug() {
		return debugLines(e)
	}
	return []string{eventLine(e)}
}

// debugLines words what only debugging shows, after the shape of IOS's lines.
func debugLines(e lispcore.Event) []string {
	eid := fmt.Sprintf("IID %d %s", e.EID.Instance, upper(e.EID.Prefix))
	detail := ""
	if e.Detail != "" {
		detail = " (" + e.Detail + ")"
	}
	one := func(format string, args ...any) []string { return []string{fmt.Sprintf("LISP: "+format, args...)} }
	switch e.Kind {
	case lispcore.MapRequestSent:
		lines := one("Send map request for EID prefix %s to %v%s", eid, e.Peer, detail)
		if e.Nonce != 0 {
			lines = append(lines, fmt.Sprintf("LISP-0: EID-AF %v, Sending map-request from %s to %s for EID %s, ITR-RLOCs %d, nonce %s (encap src %s, dst %s)",
				e.EID.Family(), upper(e.Inner), upper(e.EID.Prefix.Addr()), upper(e.EID.Prefix), e.Count, nonceText(e.Nonce), upper(e.Source), upper(e.Peer)))
		}
		return lines
	case lispcore.MapRequestReceived:
		return []string{
			fmt.Sprintf("LISP: Processing received Map-Request(1) message from %v%s", e.Peer, detail),
			fmt.Sprintf("LISP: Processing map request record for EID prefix %s", eid),
		}
	case lispcore.MapRequestForwarded:
		return one("MS EID %s site %s, Forwarding map request to ETR %v", eid, e.Site, e.Peer)
	case lispcore.MapReplySent:
		return one("Sending map-reply to %v for EID prefix %s%s", e.Peer, eid, detail)
	case lispcore.MapReplyReceived:
		return []string{
			fmt.Sprintf("LISP: Processing received Map-Reply(2) message from %v", e.Peer),
			fmt.Sprintf("LISP: Received map reply nonce %s, records %d", nonceText(e.Nonce), e.Count),
		}
	case lispcore.MapReplyRecord:
		return one("Processing Map-Reply mapping record for %s%s", eid, detail)
	case lispcore.MapRegisterSent:
		return one("Send map register for EID prefix %s to %v%s", eid, e.Peer, detail)
	case lispcore.MapRegisterReceived:
		return one("Processing Map-Register mapping record for %s from %v%s", eid, e.Peer, detail)
	case lispcore.MapNotifySent:
		return one("Send map notify for EID prefix %s to %v%s", eid, e.Peer, detail)
	case lispcore.MapNotifyReceived:
		return one("Processing Map-Notify mapping record for %s from %v%s", eid, e.Peer, detail)
	}
	return one("%v, peer %v, EID %s%s", e.Kind, e.Peer, eid, detail)
}

// nonceText prints a nonce in two halves, as IOS does.
func nonceText(n uint64) string { return fmt.Sprintf("0x%08X-0x%08X", n>>32, uint32(n)) }

// eventLine words one event of an engine. No real %LISP lines of these events are known, so the mnemonics are ours; the
// severities are IOS's: 3 error, 4 warning, 5 notice, 6 information.
func eventLine(e lispcore.Event) string {
	switch e.Kind {
	case lispcore.SessionUp:
		return fmt.Sprintf("%%LISP-5-SESSION: Reliable session with %v is up", e.Peer)
	case lispcore.SessionDown:
		return fmt.Sprintf("%%LISP-5-SESSION: Reliable session with %v is down: %s", e.Peer, e.Detail)
	case lispcore.ConnectFailed:
		return fmt.Sprintf("%%LISP-6-CONNECT: Connection to map server %v failed: %s", e.Peer, e.Detail)
	case lispcore.ConnectionRejected:
		return fmt.Sprintf("%%LISP-4-CONNECT: Connection from %v rejected: no authenticated Map-Register came from there", e.Peer)
	case lispcore.Registered:
		return fmt.Sprintf("%%LISP-6-REGISTER: Site %s, EID %v registered by %v", e.Site, eidText(e.EID), e.Peer)
	case lispcore.Withdrawn:
		return fmt.Sprintf("%%LISP-6-REGISTER: Site %s, EID %v withdrawn by %v", e.Site, eidText(e.EID), e.Peer)
	case lispcore.Expired:
		return fmt.Sprintf("%%LISP-5-EXPIRED: Site %s, EID %v: registration of %v expired", e.Site, eidText(e.EID), e.Peer)
	case lispcore.Refused:
		return fmt.Sprintf("%%LISP-4-REFUSED: EID %v of %v refused: %s", eidText(e.EID), e.Peer, e.Detail)
	case lispcore.Rejected:
		return fmt.Sprintf("%%LISP-4-REJECTED: Map server %v rejects EID %v: %s", e.Peer, eidText(e.EID), e.Detail)
	case lispcore.AuthenticationFailed:
		return fmt.Sprintf("%%LISP-4-AUTHFAIL: Authentication of %s from %v failed", e.Detail, e.Peer)
	case lispcore.Malformed:
		return fmt.Sprintf("%%LISP-3-MALFORMED: Message from %v can't be read: %s", e.Peer, e.Detail)
	case lispcore.Unexpected:
		return fmt.Sprintf("%%LISP-4-UNEXPECTED: %s from %v has no place here", e.Detail, e.Peer)
	case lispcore.Replayed:
		return fmt.Sprintf("%%LISP-4-REPLAY: Map-Register from %v replayed: nonce %s", e.Peer, nonceText(e.Nonce))
	case lispcore.NoRefresh:
		return fmt.Sprintf("%%LISP-4-NOREFRESH: Map server %v sent no Registration Refresh: registering by UDP", e.Peer)
	case lispcore.Unacknowledged:
		return fmt.Sprintf("%%LISP-4-UNACKED: Map server %v did not answer the Registration of EID %v", e.Peer, eidText(e.EID))
	case lispcore.LocatorDown:
		return fmt.Sprintf("%%LISP-5-LOCATOR: Locator %v is down: %s", e.Peer, e.Detail)
	case lispcore.LocatorUp:
		return fmt.Sprintf("%%LISP-5-LOCATOR: Locator %v is up: %s", e.Peer, e.Detail)
	case lispcore.MapCacheFull:
		return fmt.Sprintf("%%LISP-4-MAPCACHE: EID %v not kept: the map-cache is full", eidText(e.EID))
	}
	return fmt.Sprintf("%%LISP-6-EVENT: %v, peer %v: %s", e.Kind, e.Peer, e.Detail)
}

// Logged counts the lines that went to each place since the boot.
type Logged struct{ Console, Monitor, Buffered int }

// Logged returns how many lines of the log went where.
func (d *Device) Logged() Logged { return d.logged }

// count notes where a line goes.
func (d *Device) count(l LogLine) {
	if d.cfg.Logging.Console.Takes(l.Severity()) {
		d.logged.Console++
	}
	if d.cfg.Logging.Buffered.Takes(l.Severity()) {
		d.logged.Buffered++
	}
	for _, t := range d.terminals {
		if t.Monitor && d.cfg.Logging.Monitor.Takes(l.Severity()) {
			d.logged.Monitor++
		}
	}
}

// Shows tells whether a line of the log is shown on a terminal: on the console, and on the vtys that asked for it, if its
// severity is among those that are logged there.
func (t *Terminal) Shows(l LogLine) bool {
	if t.device == nil {
		return true
	}
	logging := t.device.cfg.Logging
	if t.Line.VTY {
		return t.Monitor && logging.Monitor.Takes(l.Severity())
	}
	return logging.Console.Takes(l.Severity())
}

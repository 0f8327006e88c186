package capture

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/devices/underlay"
)

// history is what a lab does in a day: registrations by UDP and over sessions, on both address families, a refusal, a loss,
// closes and resets, and messages that no single packet holds.
func history() []underlay.Event {
	var events []underlay.Event
	now := boot
	say := func(kind underlay.EventKind, src, dst underlay.Event, payload []byte, detail string) {
		events = append(events, underlay.Event{At: now, Kind: kind, Src: src.Src, Dst: dst.Src, Conn: src.Conn, Seq: src.Seq, Payload: payload, Detail: detail})
	}
	for i, v := range []func(e underlay.Event) underlay.Event{
		func(e underlay.Event) underlay.Event { return e },
		func(e underlay.Event) underlay.Event { e.Src = v6(e.Src); return e },
	} {
		xtr, msmr := v(underlay.Event{Src: etr}), v(underlay.Event{Src: server})
		say(underlay.Datagram, xtr, msmr, mapRegister, "")
		say(underlay.Datagram, msmr, xtr, mapNotify, "")
		say(underlay.DatagramDropped, xtr, msmr, mapRegister, "link xTR1-Core1 is down")
		say(underlay.Datagram, xtr, msmr, bigMapRegister(255), "")

		now = now.Add(1500 * time.Millisecond)
		conn := uint64(i * 10)
		dial := v(underlay.Event{Src: dialer, Conn: conn + 1, Seq: 1 << 31})
		listen := v(underlay.Event{Src: server, Conn: conn + 1, Seq: 1<<32 - 20})
		say(underlay.Dial, dial, listen, nil, "")
		say(underlay.Accept, listen, dial, nil, "")
		say(underlay.Data, listen, dial, refresh, "")
		say(underlay.Data, dial, listen, bytes.Repeat(registration, 100), "")
		say(underlay.Data, listen, dial, bytes.Repeat(join(registrationACK, mappingNotify), 99), "")
		say(underlay.Data, listen, dial, join(registrationNACK, errorNotification), "")
		// One message in two writes, and two in one.
		say(underlay.Data, dial, listen, registration[:50], "")
		say(underlay.Data, dial, listen, join(registration[50:], registration), "")

		now = now.Add(time.Hour)
		say(underlay.Close, listen, dial, nil, "")
		say(underlay.Close, dial, listen, nil, "")

		for n, end := range []underlay.EventKind{underlay.Refuse, underlay.DialTimeout, underlay.Reset, underlay.Lost} {
			now = now.Add(time.Minute)
			dial.Conn, listen.Conn = conn+2+uint64(n), conn+2+uint64(n)
			dial.Src, listen.Seq, dial.Seq = portOf(dial, uint16(20000+n)), 7, 70
			switch end {
			case underlay.Refuse:
				say(underlay.Dial, dial, listen, nil, "")
				say(end, listen, dial, nil, "")
			case underlay.DialTimeout:
				say(underlay.Dial, dial, listen, nil, "New-MSMR is stopped")
				now = now.Add(30 * time.Second)
				say(end, dial, listen, nil, "")
			default:
				say(underlay.Dial, dial, listen, nil, "")
				say(underlay.Accept, listen, dial, nil, "")
				say(underlay.Data, listen, dial, refresh, "")
				say(end, dial, listen, nil, "")
			}
		}
	}
	return events
}

func portOf(e underlay.Event, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(e.Src.Addr(), port)
}

// bigMapRegister is mapRegister with n equal records.
func bigMapRegister(n int) []byte {
	const header = 16 + 20
	b := join(mapRegister[:header], bytes.Repeat(mapRegister[header:], n))
	b[3] = byte(n)
	return b
}

// TestTshark holds that tshark reads a day of a lab without a complaint and names every LISP message.
func TestTshark(t *testing.T) {
	file := filepath.Join(t.TempDir(), "day.pcapng")
	if err := os.WriteFile(file, record(t, history()), 0o644); err != nil {
		t.Fatal(err)
	}
	if bad := tshark(t, file, "_ws.malformed || _ws.expert.severity == error", "frame.number", "_ws.expert.message"); len(bad) > 0 {
		t.Errorf("tshark complains about %d packets, first %v", len(bad), bad[0])
	}
	if warned := tshark(t, file, "_ws.expert.severity == warning && !(tcp.flags.reset == 1)", "frame.number", "_ws.expert.message"); len(warned) > 0 {
		t.Errorf("tshark warns of %d packets, first %v", len(warned), warned[0])
	}
	if lost := tshark(t, file, `frame.comment contains "lost: "`, "frame.number"); len(lost) != 4 {
		t.Errorf("tshark finds %d packets that were lost, want 4", len(lost))
	}
	got := make(map[string]int)
	for _, row := range tshark(t, file, "lisp && udp.dstport == 4342", "lisp.type") {
		got["udp "+row[0]]++
	}
	for _, row := range tshark(t, file, "lisp-tcp && tcp.port == 4342", "lisp-tcp.message.type") {
		for _, messageType := range strings.Split(row[0], ",") {
			got["tcp "+messageType]++
		}
	}
	want := map[string]int{
		"udp 3": 6, "udp 4": 2,
		"tcp 16": 2, "tcp 17": 204, "tcp 18": 198, "tcp 19": 2, "tcp 20": 6, "tcp 21": 198,
	}
	if !maps.Equal(got, want) {
		t.Errorf("tshark names\n%v, want\n%v", tell(got), tell(want))
	}
	if plain := tshark(t, file, "(udp && !lisp) || (tcp.len > 0 && !lisp-tcp && !tcp.reassembled_in)", "frame.number", "_ws.col.Info"); len(plain) > 0 {
		t.Errorf("%d packets with a payload are not LISP to tshark, first %v", len(plain), plain[0])
	}
}

// tshark returns the fields of each packet that the filter lets through. Checksums are checked: a wrong one is an expert
// item of severity error. Two passes, so that a packet knows where its message ends.
func tshark(t *testing.T, file, filter string, fields ...string) [][]string {
	t.Helper()
	path, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	args := []string{"-2", "-r", file, "-Y", filter, "-T", "fields", "-E", "separator=/t",
		"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, stderr.String())
	}
	var rows [][]string
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}

func tell(counts map[string]int) string {
	var s []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		s = append(s, fmt.Sprintf("%s: %d", k, counts[k]))
	}
	return strings.Join(s, ", ")
}

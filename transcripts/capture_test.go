package transcripts

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lisplab/devices/capture"
)

// TestSeedCapture has tshark read every packet of the seed transcript: every payload is a LISP message that it names, and it
// counts as many messages on the sessions as `show lisp session` does.
func TestSeedCapture(t *testing.T) {
	res, tshark := captured(t, seedFile)

	if plain := tshark("(udp && !lisp) || (tcp.len > 0 && !lisp-tcp && !tcp.reassembled_in)", "frame.number", "_ws.col.Info"); len(plain) > 0 {
		t.Errorf("%d packets with a payload are not LISP to tshark, first %v", len(plain), plain[0])
	}
	named := map[string]int{}
	for _, row := range tshark("lisp && udp.port == 4342", "lisp.type") {
		named["udp "+row[0]]++
	}
	for _, row := range tshark("lisp-tcp && tcp.port == 4342", "lisp-tcp.message.type") {
		for _, number := range strings.Split(row[0], ",") {
			named["tcp "+number]++
		}
	}
	for _, message := range []string{"udp 3", "udp 4", "tcp 17", "tcp 18", "tcp 19", "tcp 20", "tcp 21"} {
		if named[message] == 0 {
			t.Errorf("tshark names no message of type %s; it names %v", message, named)
		}
	}

	const asked = (5*60+5)*60 + 41 + 14*60 + 13 // when New-MSMR is asked for its sessions; they are the first ones still
	counted := map[string]int{}
	for _, row := range tshark(fmt.Sprintf("lisp-tcp && frame.time_relative <= %d", asked), "ip.src", "ip.dst", "lisp-tcp.message.type") {
		counted[row[0]+" > "+row[1]] += len(strings.Split(row[2], ","))
	}
	const newMSMR, xTR1 = "209.165.201.31", "203.0.113.11"
	want := map[string]int{}
	for peer, n := range inOut(t, res, "New-MSMR#show lisp session") {
		want[peer+" > "+newMSMR], want[newMSMR+" > "+peer] = n[0], n[1]
	}
	if !maps.Equal(counted, want) || len(want) == 0 {
		t.Errorf("tshark counts %v, New-MSMR shows %v", counted, want)
	}
	if n := inOut(t, res, "xTR1#show lisp session")[newMSMR]; n[0] != counted[newMSMR+" > "+xTR1] || n[1] != counted[xTR1+" > "+newMSMR] {
		t.Errorf("tshark counts %v, xTR1 shows %d in, %d out", counted, n[0], n[1])
	}
}

// TestCaptureOfTunnels holds that TestEveryCapture has something to look into: the echoes of the first ping, and their answers.
func TestCaptureOfTunnels(t *testing.T) {
	_, tshark := captured(t, "forwarding/first-ping.txt")
	inner := map[string]int{}
	for _, row := range tshark("lisp-data", "icmp.type") {
		inner[row[0]]++
	}
	if inner["8"] != 29 || inner["0"] != 28 {
		t.Errorf("tshark finds inner packets of the ICMP types %v, want 29 of type 8 and 28 of type 0", inner)
	}
}

// captured replays a transcript, and returns with its result what asks tshark about the packets: the rows of the fields of
// those that a filter lets pass.
func captured(t *testing.T, transcript string) (*Result, func(filter string, fields ...string) [][]string) {
	t.Helper()
	path, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	file := filepath.Join(t.TempDir(), "run.pcapng")
	to, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	w, err := capture.NewWriter(to)
	if err != nil {
		t.Fatal(err)
	}
	res := replay(t, transcript, Options{Observe: w.Observe})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return res, func(filter string, fields ...string) [][]string {
		t.Helper()
		// SSH is switched off: it takes newer key exchanges for errors.
		args := []string{"-2", "-r", file, "-Y", filter, "-T", "fields", "-E", "separator=/t", "--disable-protocol", "ssh",
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
}

// sessionRow matches a row of `show lisp session`: the peer, and its In/Out.
var sessionRow = regexp.MustCompile(`^([0-9.]+) +\S+ +\S+ +(\d+)/(\d+) `)

// inOut returns the counters of each peer in the answer to a line.
func inOut(t *testing.T, res *Result, line string) map[string][2]int {
	t.Helper()
	step := res.find(line)
	if step == nil {
		t.Fatalf("found no `%s`", line)
	}
	peers := map[string][2]int{}
	for _, row := range step.Output {
		if m := sessionRow.FindStringSubmatch(row); m != nil {
			in, _ := strconv.Atoi(m[2])
			out, _ := strconv.Atoi(m[3])
			peers[m[1]] = [2]int{in, out}
		}
	}
	return peers
}

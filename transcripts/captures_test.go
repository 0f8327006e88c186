package transcripts

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lisplab/devices"
)

// badSums are frames whose checksums tell tshark that they were changed on their way.
const badSums = `ip.checksum.status == "Bad" || udp.checksum.status == "Bad" || tcp.checksum.status == "Bad"
	|| icmp.checksum.status == "Bad" || icmpv6.checksum.status == "Bad"`

// wrongFrames is what tshark must not find: frames that are malformed or wrong to its experts, bytes of a TCP stream that are
// missing, and messages on LISP's ports that are none to it. What a router has on two of its interfaces is a retransmission
// there, as it would be in any capture of both.
const wrongFrames = `_ws.malformed || _ws.expert.severity == error
	|| tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment
	|| (udp.port == 4342 && !icmp && !icmpv6 && !lisp && !ip.flags.mf == 1)
	|| (tcp.port == 4342 && tcp.len > 0 && !lisp-tcp && !tcp.reassembled_in && !tcp.analysis.retransmission)`

// corruptsChecksums is the one transcript in which checksums are corrupted, and so those in its captures are bad.
var corruptsChecksums = filepath.Join("impairments", "corrupted-checksum.txt")

// TestEveryCapture has tshark read, for every transcript, the capture of each link and of each router.
func TestEveryCapture(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	files, err := Files(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := newSums()
	for _, file := range files {
		tr, err := Load(file)
		if err != nil {
			continue // not a transcript, but what one reads or what a test shows to be wrong
		}
		corrupts := file == corruptsChecksums
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			captures, bad := everyCapture(t, tr), 0
			for name, capture := range captures {
				if !corrupts && !seen.first(capture.Bytes()) {
					continue
				}
				path := filepath.Join(t.TempDir(), "capture.pcapng")
				if err := os.WriteFile(path, capture.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				wrong := wrongFrames + " || " + badSums
				if corrupts { // what tshark has against a frame with a bad sum is the sum
					bad += strings.Count(framesThat(t, tshark, path, badSums), "\n")
					wrong = "(" + wrongFrames + ") && !(" + badSums + ")"
				}
				if list := framesThat(t, tshark, path, wrong); list != "" {
					t.Errorf("%s: frames that are not right:\n%s", name, list)
				}
			}
			if corrupts && bad == 0 {
				t.Error("no frame has a bad checksum, although they are corrupted")
			}
		})
	}
}

// framesThat has tshark print the frames of a capture that match a filter, one a line.
func framesThat(t *testing.T, tshark, path, filter string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(tshark, "-2", "-r", path, "-Y", filter,
		"--disable-protocol", "ssh", // tshark takes an ML-KEM key exchange for a short Diffie-Hellman one
		"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
	cmd.Stderr = &stderr
	frames, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, stderr.String())
	}
	return string(frames)
}

// everyCapture replays a transcript and returns what passed each link and each router.
func everyCapture(t *testing.T, tr *Transcript) map[string]*bytes.Buffer {
	t.Helper()
	captures := make(map[string]*bytes.Buffer)
	var taps []devices.Tap
	add := func(tap devices.Tap) {
		to := &bytes.Buffer{}
		tap.To = to
		captures[tap.Link+tap.Device] = to
		taps = append(taps, tap)
	}
	// A first replay ends where it begins: it tells what there is to be captured from the beginning.
	_, err := Replay(&Transcript{File: tr.File, Items: settings(tr)}, Options{Before: func(lab *devices.Lab) error {
		for _, link := range lab.LinkNames() {
			add(devices.Tap{Link: link})
		}
		for _, d := range lab.Devices() {
			if len(d.PhysicalInterfaces()) > 0 {
				add(devices.Tap{Device: d.Name()})
			}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Replay(tr, Options{Taps: taps}); err != nil {
		t.Fatal(err)
	}
	return captures
}

// settings are the directives of a transcript that say what its lab is.
func settings(tr *Transcript) (items []Item) {
	for _, item := range tr.Items {
		if d, ok := item.(*Directive); ok && (strings.HasPrefix(d.Text, "lab ") || strings.HasPrefix(d.Text, "seed ")) {
			items = append(items, d)
		}
	}
	return items
}

// sums remembers files by their content.
type sums struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]bool
}

func newSums() *sums { return &sums{known: make(map[[sha256.Size]byte]bool)} }

// first tells whether a content is new.
func (s *sums) first(b []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := sha256.Sum256(b)
	was := s.known[sum]
	s.known[sum] = true
	return !was
}

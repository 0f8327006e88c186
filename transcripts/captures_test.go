package transcripts

import (
	"bytes"
	"crypto/sha256"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lisplab/devices"
	"lisplab/devices/capture"
)

// badSums are frames whose checksums tell tshark that they were changed on their way.
const badSums = `ip.checksum.status == "Bad" || udp.checksum.status == "Bad" || tcp.checksum.status == "Bad"
	|| icmp.checksum.status == "Bad" || icmpv6.checksum.status == "Bad"`

// wrongFrames is what must not be found: frames that are malformed or wrong to the experts, bytes of a TCP stream that are
// missing, messages on LISP's ports that are none, and headers of UDP 4341 with no packet of a site behind them. What a router
// has on two of its interfaces is a retransmission there, as it would be in any capture of both.
const wrongFrames = `_ws.malformed || _ws.expert.severity == error
	|| tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment
	|| (udp.port == 4342 && !icmp && !icmpv6 && !lisp && !ip.flags.mf == 1)
	|| (tcp.port == 4342 && tcp.len > 0 && !lisp-tcp && !tcp.reassembled_in && !tcp.analysis.retransmission)
	|| (udp.port == 4341 && frame.protocols matches "^eth:ethertype:ip(v6)?:udp" && !(frame.protocols contains "udp:lisp-data:ip"))`

// corruptsChecksums is the one transcript in which checksums are corrupted, and so those in its captures are bad.
var corruptsChecksums = filepath.Join("impairments", "corrupted-checksum.txt")

// TestEveryCapture has Wireshark's dissectors read, for every transcript, the capture of the lab, of each link and of each
// router: every packet, those inside tunnels, control messages and ICMP errors included.
func TestEveryCapture(t *testing.T) {
	dissectors := startSharkd(t)
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
			for name, file := range captures {
				if !corrupts && !seen.first(file.Bytes()) {
					continue
				}
				wrong := wrongFrames + " || " + badSums
				if corrupts { // what is said against a frame with a bad sum is the sum
					wrong = "(" + wrongFrames + ") && !(" + badSums + ")"
				}
				lists, err := dissectors.frames(file.Bytes(), wrong, badSums)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if lists[0] != "" {
					t.Errorf("%s: frames that are not right:\n%s", name, lists[0])
				}
				bad += strings.Count(lists[1], "\n")
			}
			if corrupts && bad == 0 {
				t.Error("no frame has a bad checksum, although they are corrupted")
			}
		})
	}
}

// everyCapture replays a transcript and returns what passed each link and each router, and the lab.
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
	whole := &bytes.Buffer{}
	w, err := capture.NewWriter(whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Replay(tr, Options{Taps: taps, Observe: w.Observe}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	captures["the lab"] = whole
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

package underlay

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
)

// impair changes what the link of a or of b does to packets to core, or from there.
func (w *world) impair(router string, from bool, what, value string) {
	w.t.Helper()
	link := map[string]int{"a": 0, "b": 1}[router]
	backward := from == (router == "a") // the link of b has its end B at b
	i := w.n.Impairment(link, backward)
	number, _ := strconv.Atoi(value)
	span, _ := time.ParseDuration(value)
	switch what {
	case "delay":
		i.Delay = span
	case "rate":
		i.Rate = uint64(number)
	case "loss":
		i.Loss = uint8(number)
	case "duplicate":
		i.Duplicate = uint8(number)
	case "reorder":
		i.Reorder = uint8(number)
	case "corrupt":
		i.Corrupt = uint8(number)
	case "checksum":
		i.Checksum = uint8(number)
	case "block-tcp":
		i.Block(Service{TCP: true, Port: uint16(number)})
	case "clear":
		i = Impairment{}
	default:
		w.t.Fatalf("no impairment %q", what)
	}
	w.n.Impair(link, backward, i)
	w.update()
}

// The rules of impaired links: what the routers' roles are told, and when.
var impairRules = []struct{ name, script, told string }{
	{"a delay is that of its direction", `
		0s impair a to delay 300ms
		1s send a b hello
		2s send b a hello
		9s end`, `
		1.3s b datagram "hello"
		2s a datagram "hello"`},
	{"delays of several links add up", `
		0s impair a to delay 300ms
		0s impair b from delay 200ms
		1s send a b hello
		9s end`, `
		1.5s b datagram "hello"`},
	{"what is under way when the link goes down is lost", `
		0s impair a to delay 5s
		1s send a b hello
		2s cut b
		3s send a b again
		4s mend b
		5s cut b
		9s end`, `
		8s core failed no route`},
	{"what was under way keeps its delay", `
		0s impair a to delay 5s
		1s send a b first
		2s impair a to clear x
		3s send a b second
		9s end`, `
		3s b datagram "second"
		6s b datagram "first"`},
	{"a duplicate arrives twice", `
		0s impair a to duplicate 100
		1s send a b hello
		9s end`, `
		1s b datagram "hello"
		1s b datagram "hello"`},
	{"a reordered packet is overtaken", `
		0s impair a to reorder 100
		1s send a b first
		1s impair a to reorder 0
		1s send a b second
		9s end`, `
		1s b datagram "second"
		1.01s b datagram "first"`},
	{"a rate holds packets up, one behind the other", `
		0s impair a to rate 264
		1s send a b hello
		1s send a b again
		9s end`, `
		2s b datagram "hello"
		3s b datagram "again"`},
	{"a wrong checksum is never told", `
		0s impair a to checksum 100
		1s send a b hello
		9s end`, ``},
	{"a handshake takes a round trip, and bytes take their way", `
		0s impair a to delay 300ms
		0s impair a from delay 100ms
		1s dial a b
		2s write a hello
		3s write b hello
		4s close a
		9s end`, `
		1.4s a connected, RTT 400ms
		1.4s b accepted, RTT 400ms
		2.3s b data "hello"
		3.1s a data "hello"
		4.3s b closed by peer`},
	{"a SYN that is lost for sure has no answer", `
		0s impair a to loss 100
		1s dial a b
		99s end`, `
		31s a timed out`},
	{"bytes wait for a path that loses everything, in order", `
		0s dial a b
		1s impair a to loss 100
		2s write a one
		3s write a two
		60s impair a to clear x
		99s end`, `
		0s a connected
		0s b accepted
		1m0s b data "one"
		1m0s b data "two"`},
	{"to TCP a changed byte is a lost one", `
		0s dial a b
		1s impair a to corrupt 100
		2s write a one
		200s end`, `
		0s a connected
		0s b accepted
		2m1s a timed out
		2m1s b timed out`},
	{"a blocked port ends the session, and datagrams pass", `
		0s dial a b
		1s impair b from block-tcp 4342
		2s send a b hello
		200s end`, `
		0s a connected
		0s b accepted
		2s b datagram "hello"
		2m1s a timed out
		2m1s b timed out`},
	{"a half-open connection is found by a write", `
		0s dial a b
		5s half-open b
		9s write a hello
		99s end`, `
		0s a connected
		0s b accepted
		5s b connection reset
		9s a connection reset`},
	{"a half-open connection is found by a probe", `
		0s dial a b
		90s half-open b
		200s end`, `
		0s a connected
		0s b accepted
		1m30s b connection reset
		2m0s a connection reset`},
	{"a new connection beside a half-open one", `
		0s dial a b
		5s half-open a
		6s dial a b
		7s write a hello
		99s end`, `
		0s a connected
		0s b accepted
		5s a connection reset
		6s a connected
		6s b accepted
		7s b data "hello"
		1m0s b connection reset`},
	{"a close waits for the bytes before it", `
		0s dial a b
		1s impair a to delay 2s
		2s write a one
		2500ms impair a to clear x
		3s close a
		9s end`, `
		0s a connected
		0s b accepted
		4s b data "one"
		4s b closed by peer`},
}

func TestImpairments(t *testing.T) {
	for _, row := range impairRules {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			for _, line := range lines(row.script) {
				w.do(line)
			}
			if want := lines(row.told); !slices.Equal(w.told, want) {
				t.Errorf("told\n%s\nwant\n%s", strings.Join(w.told, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// TestLossyTCP holds that TCP over a link which loses half of the packets delivers every byte, once and in order, and that
// each loss is told with the sequence number that is sent again, and on the link where it happened.
func TestLossyTCP(t *testing.T) {
	w := newWorld(t)
	w.impair("a", false, "loss", "50")
	w.impair("a", true, "loss", "50")
	w.do("0s dial a b")
	w.do("25s end")
	var want strings.Builder
	for i := range 20 {
		text := fmt.Sprintf("write-%d;", i)
		want.WriteString(text)
		w.do(fmt.Sprintf("%ds write a %s", 30+i/4, text))
	}
	w.do("150s end")
	if got := w.bytes[w.streams[2]]; got != want.String() {
		t.Errorf("arrived %q", got)
	}
	lost := make(map[uint32]int)
	for _, e := range w.events {
		if e.Detail != "" && e.Kind != Data && (len(e.Way) != 1 || e.Fate != LostOnLink) && !strings.HasPrefix(e.Detail, "the answer") {
			t.Errorf("%v: lost on the first link, and has crossed %d, with the fate %d", e.Kind, len(e.Way), e.Fate)
		}
		switch e.Kind {
		case SegmentLost:
			lost[e.Seq]++
		case Data:
			if delete(lost, e.Seq); len(e.Payload) == 0 {
				t.Error("a write without bytes")
			}
		}
	}
	if len(lost) > 0 {
		t.Errorf("segments were lost and never sent again: %v", lost)
	}
}

// TestCorrupted holds that a corrupted message can be read still, and where it is changed.
func TestCorrupted(t *testing.T) {
	w := newWorld(t)
	register := append([]byte{0x30, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 20}, make([]byte, 40)...)
	request := append([]byte{0x10, 0, 0, 1}, make([]byte, 30)...)
	for _, row := range []struct {
		name     string
		payload  []byte
		from, to int // the bytes of which one is changed
	}{
		{"a Map-Register in its authentication data", register, 16, 36},
		{"a Map-Request in its nonce", request, 4, 12},
		{"an encapsulated message not at all", append([]byte{0x80}, register...), 0, 0},
		{"rubbish not at all", []byte("?"), 0, 0},
		{"a Map-Register whose authentication data is cut off in its nonce", register[:20], 4, 12},
	} {
		for range 50 {
			got := slices.Clone(row.payload)
			at, was, ok := w.n.corrupt(11000, lispcore.ControlPort, got)
			changed := changes(got, row.payload)
			if ok && (at != changed[0] || was != row.payload[at]) {
				t.Fatalf("%s: byte %d was said to have been %#x; changed %v", row.name, at, was, changed)
			}
			if ok != (row.to > 0) || ok && (len(changed) != 1 || changed[0] < row.from || changed[0] >= row.to) || !ok && len(changed) > 0 {
				t.Fatalf("%s: %v, changed bytes %v", row.name, ok, changed)
			}
		}
	}
}

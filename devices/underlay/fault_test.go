package underlay

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lisplab/lispcore"
)

// The rules of TCP under faults, to the second. A script says what the routers and the operator do, told is what the
// routers' roles are told.
var faultRules = []struct{ name, script, told string }{
	{"an orderly close reaches the peer, not the closer", `
		0s dial a b
		1s write a hello
		2s close b
		9s end`, `
		0s a connected
		0s b accepted
		1s b data "hello"
		2s a closed by peer`},
	{"a reset reaches the peer", `
		0s dial a b
		1s abort a
		9s end`, `
		0s a connected
		0s b accepted
		1s b connection reset`},
	{"a port without a listener refuses", `
		0s deaf b
		1s dial a b
		9s end`, `
		1s a connection refused`},
	{"a role may refuse what it accepted", `
		0s refuses b
		1s dial a b
		2s write a hello
		9s end`, `
		1s a connected
		1s b accepted
		1s a connection reset`},
	{"a SYN to a router without power vanishes", `
		0s stop b
		1s dial a b
		5s start b
		99s end`, `
		31s a timed out`},
	{"a SYN whose answer has no way back vanishes", `
		0s lonely b
		1s dial a b
		99s end`, `
		31s a timed out`},
	{"a SYN into a hole vanishes", `
		0s forgets b
		1s dial a b
		99s end`, `
		31s a timed out`},
	{"a dial without a route fails at once", `
		0s cut a
		1s dial a b
		99s end`, `
		1s a no route`},
	{"a dial that was hung up is told of no more", `
		0s stop b
		1s dial a b
		2s hangup a
		99s end`, ``},
	{"a dial of a router that loses power is forgotten", `
		0s stop b
		1s dial a b
		2s stop a
		3s start a
		99s end`, ``},
	{"bytes and the close wait for the path, in order", `
		0s dial a b
		10s cut b
		20s write a one
		30s write a two
		40s close a
		50s write b lost
		70s mend b
		999s end`, `
		0s a connected
		0s b accepted
		70s b data "one"
		70s b data "two"
		70s b closed by peer`},
	{"a reset waits too", `
		0s dial a b
		10s cut a
		20s abort b
		70s mend a
		999s end`, `
		0s a connected
		0s b accepted
		70s a connection reset`},
	{"without a path both ends are lost at 120 s", `
		0s dial a b
		10s cut b
		20s write a gone
		999s end`, `
		0s a connected
		0s b accepted
		130s a timed out
		130s b timed out`},
	{"a path that is gone in one direction is gone", `
		0s dial a b
		10s lonely b
		20s write a gone
		999s end`, `
		0s a connected
		0s b accepted
		130s a timed out
		130s b timed out`},
	{"a path that is back at 119 s saves the connection", `
		0s dial a b
		10s cut b
		129s mend b
		200s write b alive
		201s cut a
		999s end`, `
		0s a connected
		0s b accepted
		200s a data "alive"
		321s a timed out
		321s b timed out`},
	{"one of two faults that is mended mends nothing", `
		0s dial a b
		10s cut b
		20s cut a
		30s mend b
		999s end`, `
		0s a connected
		0s b accepted
		130s a timed out
		130s b timed out`},
	{"a router on the way without power is a path that is gone", `
		0s dial a b
		10s stop core
		999s end`, `
		0s a connected
		0s b accepted
		130s a timed out
		130s b timed out`},
	{"who has closed is not told of the loss", `
		0s dial a b
		10s cut b
		20s close a
		999s end`, `
		0s a connected
		0s b accepted
		130s b timed out`},
	{"a peer that lost power is gone at 120 s", `
		0s dial a b
		100s stop b
		110s write a gone
		999s end`, `
		0s a connected
		0s b accepted
		220s a timed out`},
	{"a peer that is back answers the next write by a reset", `
		0s dial a b
		100s stop b
		105s start b
		110s write a old
		999s end`, `
		0s a connected
		0s b accepted
		110s a connection reset`},
	{"a peer that is back answers the next close by a reset, which the closer need not know", `
		0s dial a b
		100s stop b
		105s start b
		110s close a
		999s end`, `
		0s a connected
		0s b accepted`},
	{"a peer that is back answers what has waited by a reset", `
		0s dial a b
		100s stop b
		110s write a old
		130s start b
		999s end`, `
		0s a connected
		0s b accepted
		130s a connection reset`},
	{"a peer that is back answers the next probe by a reset: 60 s after the last answered one", `
		0s dial a b
		100s stop b
		110s start b
		999s end`, `
		0s a connected
		0s b accepted
		120s a connection reset`},
	{"the last traffic puts the probe off", `
		0s dial a b
		95s write b hello
		100s stop b
		110s start b
		999s end`, `
		0s a connected
		0s b accepted
		95s a data "hello"
		155s a connection reset`},
	{"unanswered probes come every 10 s", `
		0s dial a b
		100s stop b
		125s start b
		999s end`, `
		0s a connected
		0s b accepted
		130s a connection reset`},
	{"the survivor may be the side that accepted", `
		0s dial a b
		100s stop a
		125s start a
		999s end`, `
		0s a connected
		0s b accepted
		130s b connection reset`},
	{"the reset of a peer that is back waits for the path", `
		0s dial a b
		100s stop b
		110s cut a
		115s start b
		147s mend a
		999s end`, `
		0s a connected
		0s b accepted
		150s a connection reset`},
	{"a router that is back may dial anew while the old connection is still there", `
		0s dial a b
		100s stop a
		101s start a
		102s dial a b
		103s write a again
		999s end`, `
		0s a connected
		0s b accepted
		102s a connected
		102s b accepted
		103s b data "again"
		120s b connection reset`},
	{"a SYN that an access list denies is lost", `
		0s deny 4342 a
		1s dial a b
		99s hits`, `
		31s a timed out
		99s core 1 denied`},
	{"an answer that an access list denies is lost", `
		0s deny 4342 b
		1s dial a b
		99s hits`, `
		31s a timed out
		99s core 1 denied`},
	{"an access list that denies a connection is a path that is gone", `
		0s dial a b
		10s deny 4342 a
		20s write a one
		30s write b two
		999s hits`, `
		0s a connected
		0s b accepted
		130s a timed out
		130s b timed out
		999s core 1 denied`},
	{"an access list that is taken away in time saves the connection", `
		0s dial a b
		10s deny 4342 a
		20s write a one
		30s close a
		129s permit 4342 a
		999s hits`, `
		0s a connected
		0s b accepted
		129s b data "one"
		129s b closed by peer
		999s core 2 denied`},
	{"an access list that denies something else denies nothing", `
		0s dial a b
		10s deny 23 a
		20s write a one
		999s hits`, `
		0s a connected
		0s b accepted
		20s b data "one"
		999s core 0 denied`},
	{"a datagram that an access list denies is told to the router of the list", `
		0s deny 4342 a
		1s send a b hello
		2s send b a hello
		3s hits`, `
		1s core failed prohibited
		2s a datagram "hello"
		3s core 1 denied`},
	{"nobody is told when both have lost power", `
		0s dial a b
		10s stop a
		20s stop b
		30s start a
		30s start b
		999s end`, `
		0s a connected
		0s b accepted`},
}

func TestFaultRules(t *testing.T) {
	for _, rule := range faultRules {
		t.Run(rule.name, func(t *testing.T) {
			w := newWorld(t)
			for _, line := range lines(rule.script) {
				w.do(line)
			}
			if want := lines(rule.told); !slices.Equal(short(w.told), want) {
				t.Errorf("told\n\t%s\nwant\n\t%s", strings.Join(short(w.told), "\n\t"), strings.Join(want, "\n\t"))
			}
		})
	}
}

// short prints the times of a list in whole seconds: "1m10s" becomes "70s".
func short(told []string) []string {
	var list []string
	for _, line := range told {
		at, rest, _ := strings.Cut(line, " ")
		d, err := time.ParseDuration(at)
		if err != nil {
			panic(err)
		}
		list = append(list, fmt.Sprintf("%vs %s", d.Seconds(), rest))
	}
	return list
}

// Wherever the last traffic, the power cut and the restart lie, the survivor learns of it after the restart, at a probe,
// and at most 60 s later.
func TestRestartedPeerIsNoticedWithinAMinute(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		traffic := rapid.IntRange(0, 300).Draw(rt, "last traffic, s")
		cut := traffic + rapid.IntRange(0, 300).Draw(rt, "until the power cut, s")
		restart := cut + rapid.IntRange(0, 119).Draw(rt, "without power, s")
		w := newWorld(t)
		w.do("0s dial a b")
		w.do(fmt.Sprintf("%ds write a x", traffic))
		w.do(fmt.Sprintf("%ds stop b", cut))
		w.do(fmt.Sprintf("%ds start b", restart))
		w.do("9999s end")
		last := w.told[len(w.told)-1]
		at, err := time.ParseDuration(strings.Fields(last)[0])
		if err != nil || !strings.HasSuffix(last, "a connection reset") {
			rt.Fatalf("last told: %s", last)
		}
		since := int(at.Seconds()) - restart
		if since <= 0 || since > 60 || (int(at.Seconds())-traffic)%10 != 0 {
			rt.Fatalf("noticed %d s after the restart, %v s after the last traffic", since, at.Seconds()-float64(traffic))
		}
	})
}

// Whatever happens, in whatever order: sockets and model agree, what an end receives is a prefix of what the other sent,
// and an end that neither closed nor lost power is told of the end exactly once, in the end.
func TestAnyHistory(t *testing.T) {
	verbs := []string{"dial a b", "dial b a", "write a %s", "write b %s", "close a", "close b", "abort a", "abort b",
		"cut a", "mend a", "cut b", "mend b", "stop a", "start a", "stop b", "start b", "stop core", "start core", "send a b %s",
		"deny 4342 a", "permit 4342 a", "deny 4342 b", "permit 4342 b"}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		on := []bool{true, true, true}
		at := 0
		for range rapid.IntRange(1, 40).Draw(rt, "length") {
			at += rapid.SampledFrom([]int{0, 0, 1, 9, 31, 59, 61, 121}).Draw(rt, "pause")
			verb := rapid.SampledFrom(verbs).Draw(rt, "verb")
			f := strings.Fields(verb)
			who := slices.Index(worldNames, f[1])
			switch {
			case f[0] == "start":
				on[who] = true
			case f[0] == "stop":
				on[who] = false
			case f[0] == "deny" || f[0] == "permit":
			case f[0] != "cut" && f[0] != "mend" && !on[who]:
				continue // no power, no output
			}
			if strings.Contains(verb, "%s") {
				verb = fmt.Sprintf(verb, strings.Repeat("x", rapid.IntRange(1, 200_000).Draw(rt, "bytes")%60_000+1))
			}
			w.do(fmt.Sprintf("%ds %s", at, verb))
			if w.hurt != nil {
				rt.Fatal(w.hurt)
			}
		}
		w.do(fmt.Sprintf("%ds end", at+200))
		if w.hurt != nil {
			rt.Fatal(w.hurt)
		}
		for _, id := range w.n.order {
			if c := w.n.conns[id]; !c.reach {
				rt.Fatalf("connection %d has had no path for 200 s and is still there", id)
			}
		}
	})
}

func TestEventsOfOneConnection(t *testing.T) {
	w := newWorld(t)
	for _, line := range []string{"0s dial a b", "1s write a hello", "2s write b world!", "3s close a"} {
		w.do(line)
	}
	isn := [2]uint32{w.events[0].Seq, w.events[1].Seq}
	var got []string
	for _, e := range w.events {
		from := "a"
		if e.Src.Addr() == worldAddrs[2] {
			from = "b"
		}
		rel := func(n uint32, isn uint32) uint32 {
			if n == 0 {
				return 0
			}
			return n - isn
		}
		mine, other := isn[0], isn[1]
		if from == "b" {
			mine, other = other, mine
		}
		got = append(got, fmt.Sprintf("%v %s conn %d seq %d ack %d %q", e.Kind, from, e.Conn, rel(e.Seq, mine), rel(e.Ack, other), e.Payload))
	}
	want := lines(`
		dial a conn 1 seq 0 ack 0 ""
		accept b conn 1 seq 0 ack 1 ""
		data a conn 1 seq 1 ack 1 "hello"
		data b conn 1 seq 1 ack 6 "world!"
		close a conn 1 seq 6 ack 7 ""
		close b conn 1 seq 7 ack 7 ""`)
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	port := w.events[0].Src.Port()
	if port < firstClientPort || w.events[0].Dst.Port() != lispcore.ControlPort {
		t.Errorf("dial from port %d to %v", port, w.events[0].Dst)
	}
}

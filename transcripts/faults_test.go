package transcripts

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
	"lisplab/devices/underlay"
)

const (
	xTR1Addr = "203.0.113.11"
	newAddr  = "209.165.201.31"
)

// watch replays a fault transcript and returns what passed between xTR1 and New-MSMR, one line an event.
func watch(t *testing.T, file string) []seen {
	t.Helper()
	var list []seen
	var start time.Time
	replay(t, file, Options{Observe: func(ev underlay.Event) {
		if start.IsZero() {
			start = ev.At
		}
		src, dst := ev.Src.Addr().String(), ev.Dst.Addr().String()
		if src == xTR1Addr && dst == newAddr || src == newAddr && dst == xTR1Addr {
			list = append(list, seen{ev.At.Sub(start), ev.Kind, src == xTR1Addr})
		}
	}})
	return list
}

// seen is one event between the two.
type seen struct {
	at      time.Duration // lab time
	kind    underlay.EventKind
	fromETR bool
}

func (s seen) String() string {
	dir := "from the map server"
	if s.fromETR {
		dir = "from the ETR"
	}
	return fmt.Sprintf("%v %v %s", s.at, s.kind, dir)
}

// after returns the events later than an instant.
func after(list []seen, at time.Duration) []seen {
	for i, s := range list {
		if s.at > at {
			return list[i:]
		}
	}
	return nil
}

// TestBackOnUDP: the ETR sends Map-Registers by UDP within 60 seconds of noticing that the map server is gone for good,
// and never dials again: nothing permits it to.
func TestBackOnUDP(t *testing.T) {
	const lost = 3 * time.Minute // stopped at 1 minute, noticed 120 s later
	events := after(watch(t, "faults/map-server-stopped.txt"), lost)
	if len(events) == 0 || events[0].kind != underlay.DatagramDropped || !events[0].fromETR || events[0].at > lost+time.Minute {
		t.Fatalf("after the loss the first events are %v, want a Map-Register within 60 s", events[:min(3, len(events))])
	}
	for _, s := range events {
		if s.kind != underlay.DatagramDropped {
			t.Errorf("%v, though the map server is gone", s)
		}
	}
}

// TestRestartNeedsANotify: after the map server has restarted the ETR dials only when a Map-Notify has come back.
func TestRestartNeedsANotify(t *testing.T) {
	events := after(watch(t, "faults/map-server-restarts.txt"), 90*time.Second)
	notified, dialled := false, false
	for _, s := range events {
		switch {
		case s.kind == underlay.Datagram && !s.fromETR:
			notified = true
		case s.kind == underlay.Dial && !notified:
			t.Fatalf("%v, before a Map-Notify", s)
		case s.kind == underlay.Dial:
			dialled = true
		}
	}
	if !dialled {
		t.Errorf("the ETR has not dialled again: %v", events)
	}
	if first := events[0]; first.kind != underlay.Reset || first.at > 150*time.Second {
		t.Errorf("first comes %v, want the reset of the old stream within 60 s of the restart", first)
	}
}

// TestInterrupt interrupts a replay whose end nobody would see, and one in which nothing is due.
func TestInterrupt(t *testing.T) {
	for _, text := range []string{"!! advance 100000h\n", "xTR1#\n\n!! wait \"show clock\" never 100000h\n"} {
		tr, err := Parse("x.txt", text)
		if err != nil {
			t.Fatal(err)
		}
		interrupt := make(chan struct{})
		opt := Options{Interrupt: interrupt, Before: func(*devices.Lab) error { close(interrupt); return nil }}
		if _, err := Replay(tr, opt); !errors.Is(err, devices.ErrInterrupted) || strings.Contains(err.Error(), "x.txt") {
			t.Errorf("%q: %v, want %v", text, err, devices.ErrInterrupted)
		}
	}
}

// TestErrorsHavePlaces plays transcripts that are wrong, and holds where and how they are told to be.
func TestErrorsHavePlaces(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"!! lab nowhere\n", `x.txt:1:4: no lab "nowhere": expected a built-in lab`},
		{"!! lab\n", "x.txt:1:4: found 0 words after `lab`, expected 1"},
		{"!! seed many\n", `x.txt:1:9: found seed "many", expected a number`},
		{"!! advance 5s\n!! lab reliable-registration\n", "x.txt:2:4: found `lab` after the first line that runs"},
		{"!! form html\n", "x.txt:1:9: found `form html`, expected `form` and one of ios, document, json"},
		{"!! frobnicate\n", `x.txt:1:4: found "frobnicate", expected `},
		{"!! link xTR1 Core1 sideways\n", `x.txt:1:20: found "sideways", expected block, clear, corrupt, delay, down, duplicate, half-open, jitter, loss, rate, reorder or up`},
		{"!! link xTR1 Core2 down\n", "x.txt:1:4: no link between xTR1 and Core2"},
		{"!! device xTR9 stop\n", `x.txt:1:4: found device "xTR9", expected one of xTR1`},
		{"!! advance soon\n", `x.txt:1:12: found "soon", expected `},
		{"!! advance \"5s\n", "x.txt:1:4: EOF found when expecting closing quote"},
		{"!! wait \"show clock\"\n", "x.txt:1:10: found 1 words after `wait`"},
		{"!! wait \"show clock\" (\n", `x.txt:1:22: found "(", expected a regular expression`},
		{"!! wait \"show clock\" x soon\n", `found "soon", expected a time such as 90s`},
		{"!! wait \"show clock\" 00:01\n", "x.txt:1:4: found `wait` where no router is attached, expected a prompt before it, such as `New-MSMR#`"},
		{"xTR1#\n\n!! wait \"show clock\" 23:59 5s\n", "x.txt:3:4: `show clock` has not shown \"23:59\" within 5s; it shows\n*00:00:05.000 UTC"},
		{"!! page begin a\n", "x.txt:1:1: found no `!! page end` for this page"},
		{"!! page end\n", "x.txt:1:9: found `page end`, expected `page begin FILE` outside a page"},
		{"xTR7#show clock\n", `x.txt:1:1: found prompt "xTR7#", expected that of a router of the lab: xTR1#, xTR2#`},
		{"xTR1(config)#end\n", `x.txt:1:1: found prompt "xTR1(config)#", expected "xTR1#": that is where the router stands`},
	} {
		tr, err := Parse("x.txt", tt.text)
		if err == nil {
			_, err = Replay(tr, Options{})
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q\n got: %v\nwant: %s...", tt.text, err, tt.want)
		}
	}
}

package commands

import (
	"strings"
	"testing"
	"time"
)

// A capture whose time is over has ended there and then, whether or not a frame passes; a limit that comes later counts from the
// start, too.
func TestMonitorCaptureEndsInTime(t *testing.T) {
	set := compiled(t)
	lab := openSites(t, set)
	type lines []string
	say := func(router string, all lines) {
		t.Helper()
		for _, line := range all {
			if answer := said(t, set, lab, router, line); strings.HasPrefix(answer, "%") {
				t.Fatalf("%s: %s", line, answer)
			}
		}
	}
	say("Core", lines{"monitor capture buffer BUF", "monitor capture buffer BUF limit duration 30",
		"monitor capture point ip cef IN all both", "monitor capture point associate IN BUF", "monitor capture point start IN"})
	active := func() bool {
		return strings.Contains(said(t, set, lab, "Core", "show monitor capture point all"), "Status : Active")
	}
	began := lab.Now()
	for _, step := range []struct {
		what    string
		advance time.Duration
		do      lines
		active  bool
	}{
		{"a second before", 29 * time.Second, nil, true},
		{"at its time", time.Second, nil, false},
		{"started again", 0, lines{"monitor capture point start IN"}, true},
		{"given less than it has run", 20 * time.Second, lines{"monitor capture buffer BUF limit duration 10"}, true},
	} {
		if err := lab.Advance(step.advance); err != nil {
			t.Fatal(err)
		}
		say("Core", step.do)
		if got := active(); got != step.active {
			t.Errorf("%s, after %v: active %v, want %v", step.what, lab.Now().Sub(began), got, step.active)
		}
	}
	if err := lab.Advance(0); err != nil { // as the shell does behind each line
		t.Fatal(err)
	}
	if active() {
		t.Error("a limit that was reached before it was typed does not count")
	}
	if ran := lab.Device("Core").Monitor().Buffer("BUF").Ran(); ran != 20*time.Second {
		t.Errorf("the second capture has run for %v", ran)
	}
}

package shell

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/devices/underlay"
)

// Where time is real, whoever sits out `lab advance` gives it up by Ctrl-C or Ctrl-^, and has the prompt back at once. What
// was typed meanwhile is for it.
func TestRealTimeIsGivenUp(t *testing.T) {
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	at, release, err := underlay.TakeLoopback(1)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	lab, err := devices.OpenLab(devices.DefaultLab, devices.Options{
		Parse: set.Load, Underlay: devices.OwnHost, Node: "New-MSMR",
		External: map[netip.Addr]netip.Addr{netip.MustParseAddr("209.165.201.31"): at[0].Addr()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lab.Close() })
	sh := New(lab, set)
	rung := make(chan struct{}, 1)
	sh.ring = func() {
		select {
		case rung <- struct{}{}:
		default:
		}
	}
	now := func() (at time.Time) {
		lab.Do(func() { at = lab.Now() })
		return at
	}
	types := func(keys string) (rest string) {
		t.Helper()
		left, out, err := sh.Relay([]byte(keys))
		if len(out) > 0 || err != nil {
			t.Errorf("%q shows %q (%v)", keys, out, err)
		}
		return string(left)
	}
	begins := func(line string) {
		t.Helper()
		if _, err := sh.Drive(line); err != nil {
			t.Fatal(err)
		}
		if !sh.Busy() {
			t.Fatalf("%s waits for nothing", line)
		}
	}
	lab.Follow(t.Context())
	for _, key := range []string{"\x03", "\x1e"} {
		began := now()
		begins("advance 2m")
		types("")
		if rest := types("dev" + key + "ices\r"); rest != "devices\r" || sh.Busy() {
			t.Errorf("%q leaves %q, and it goes on: %t", key, rest, sh.Busy())
		}
		if spent := now().Sub(began); spent > time.Minute {
			t.Errorf("%q ends it after %v", key, spent)
		}
	}
	began := now()
	begins("advance 20ms")
	for types(""); sh.Busy(); types("") {
		<-rung
	}
	if spent := now().Sub(began); spent < 20*time.Millisecond {
		t.Errorf("20 ms are over after %v", spent)
	}
	if _, err := sh.Drive("advance 121s"); err == nil || !strings.HasPrefix(err.Error(), "lab time is real on this underlay: 2m1s would take as long") {
		t.Errorf("121 seconds: %v", err)
	}
}

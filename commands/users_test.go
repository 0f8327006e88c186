package commands

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
)

// Four sessions at one router: at the console, two from the network, and a script.
func TestWhoIsThere(t *testing.T) {
	set := compiled(t)
	lab := runningLab(t, set, "reliable-registration", 10*time.Second)
	d := lab.Device("xTR1")
	seat := func(term *devices.Terminal, err error) *devices.Terminal {
		if err != nil {
			t.Fatal(err)
		}
		return term
	}
	console := seat(d.OpenConsole())
	one := seat(d.OpenVTY(devices.TransportSSH, netip.MustParseAddr("127.0.0.1")))
	one.User = "lab"
	two := seat(d.OpenVTY(devices.TransportTelnet, netip.MustParseAddr("2001:db8::9")))
	two.User, two.Monitor = "somebodyelse", true
	two.Hosts = func() []netip.Addr {
		return []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")}
	}
	if err := lab.Advance(90 * time.Second); err != nil {
		t.Fatal(err)
	}
	at := func(term *devices.Terminal, line string) goldenCase {
		return goldenCase{line, func(w *strings.Builder) {
			c := &Context{Lab: lab, Device: d, Out: w, Terminal: term}
			if err := set.Run(c, line); err != nil {
				w.WriteString(ErrorText(err, 0, line))
			}
		}}
	}
	cases := []goldenCase{
		at(one, "show users"),
		at(console, "show terminal"),
		at(two, "terminal width 0"),
		at(two, "terminal history size 0"),
		at(two, "show terminal"),
		at(nil, "who"),
	}
	checkGolden(t, "users", cases)

	one.Close()
	if one.Open() || !two.Open() {
		t.Error("one session is closed, and another is")
	}
	if again := seat(d.OpenVTY(0, netip.Addr{})); again.Line != one.Line {
		t.Errorf("the next session is at %v, and not at the line that is free", again.Line)
	}
	if _, err := d.OpenConsole(); err != devices.ErrNoLine {
		t.Errorf("a second session at the console: %v", err)
	}
}

// The log names who has configured: by line, by name, by address.
func TestConfiguredBy(t *testing.T) {
	set := compiled(t)
	lab := runningLab(t, set, "reliable-registration", 10*time.Second)
	d := lab.Device("xTR1")
	console, err := d.OpenConsole()
	if err != nil {
		t.Fatal(err)
	}
	vty, err := d.OpenVTY(0, netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		terminal *devices.Terminal
		user     string
		want     string
	}{
		{console, "", "console"},
		{console, "lab", "lab on console"},
		{vty, "", "vty0 (127.0.0.1)"},
		{vty, "lab", "lab on vty0 (127.0.0.1)"},
		{nil, "", "vty1"},
	} {
		o := operate(t, lab, "xTR1")
		o.c.Terminal = tt.terminal
		if tt.terminal != nil {
			tt.terminal.User = tt.user
		}
		o.types("configure terminal", "end")
		log := d.Log()
		if last, want := log[len(log)-1].Text, "%SYS-5-CONFIG_I: Configured from console by "+tt.want; last != want {
			t.Errorf("the log ends with %q, want %q", last, want)
		}
	}
}

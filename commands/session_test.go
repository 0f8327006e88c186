package commands

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lisplab/devices"
	"lisplab/lispcore/session"
)

// operator is a session at a router of a lab that runs.
type operator struct {
	t   *testing.T
	set *Set
	c   *Context
	out bytes.Buffer
}

func operate(t *testing.T, lab *devices.Lab, device string) *operator {
	o := &operator{t: t, set: compiled(t)}
	o.c = &Context{Lab: lab, Device: lab.Device(device), Out: &o.out}
	return o
}

// types types lines and returns what the screen shows below them; then everything due at this instant runs.
func (o *operator) types(lines ...string) string {
	o.t.Helper()
	o.out.Reset()
	for _, line := range lines {
		width := len(o.c.Prompt())
		do := o.set.Run
		if _, asked := o.c.Asked(); asked {
			do = o.set.Answer
		}
		if err := do(o.c, line); err != nil {
			o.out.WriteString(ErrorText(err, width, line))
		}
		if err := o.c.Lab.Settle(); err != nil {
			o.t.Fatal(err)
		}
	}
	return o.out.String()
}

func (o *operator) expect(want string, lines ...string) {
	o.t.Helper()
	if got := o.types(lines...); got != want {
		o.t.Errorf("%q:\n%q\nwant\n%q", lines, got, want)
	}
}

// Every router of the built-in labs shows the configuration that its file holds, and what it shows reads back as what
// it runs.
func TestRunningConfigOfTheLabs(t *testing.T) {
	set := compiled(t)
	for _, name := range devices.BuiltInLabs() {
		lab := runningLab(t, set, name, 2*time.Minute)
		for _, d := range lab.Devices() {
			o := operate(t, lab, d.Name())
			text := o.types("show running-config")
			head, file, _ := strings.Cut(text, " bytes\n")
			file = strings.TrimSuffix(file, "\n")
			if want := fmt.Sprintf("Building configuration...\n\nCurrent configuration : %d", len(file)); head != want {
				t.Errorf("%s %s: begins %q, want %q", name, d.Name(), head, want)
			}
			cfg, err := set.Load(d.Release(), d.Name(), file)
			if err != nil {
				t.Fatal(err)
			}
			checkSame(t, cfg, d.Config())
			onDisk, err := fs.ReadFile(os.DirFS("../devices/labs"), name+"/"+d.Name()+".cfg")
			if err != nil {
				t.Fatal(err)
			}
			if string(onDisk) != file {
				t.Errorf("%s/%s.cfg differs from what the router prints:\n%s", name, d.Name(), file)
			}
		}
	}
}

// A line of configuration is applied as a whole or not at all.
func TestConfigurationIsAllOrNothing(t *testing.T) {
	lab := runningLab(t, compiled(t), "reliable-registration", 10*time.Second)
	o := operate(t, lab, "xTR1")
	o.types("configure terminal", "interface Loopback9")
	before := o.c.Device.Config()
	o.expect("% 203.0.113.0 overlaps with GigabitEthernet0/0\n", "ip address 203.0.113.99 255.255.255.0")
	o.expect(strings.Repeat(" ", 28)+"^\n% Invalid input detected at '^' marker.\n\n", "interface gi0/77")
	checkSame(t, o.c.Device.Config(), before)
	o.types("ip address 192.168.9.9 255.255.255.255")
	if after := o.c.Device.Config(); after.Equal(before) {
		t.Error("a good line changed nothing")
	}
	if o.c.Mode() != Interface || o.c.Prompt() != "xTR1(config-if)#" {
		t.Errorf("the session stands at %s", o.c.Prompt())
	}
}

func TestModesOfASession(t *testing.T) {
	lab := runningLab(t, compiled(t), "reliable-registration", 10*time.Second)
	o := operate(t, lab, "New-MSMR")
	for _, step := range []struct{ typed, prompt string }{
		{"! a comment", "New-MSMR#"},
		{"", "New-MSMR#"},
		{"disable", "New-MSMR>"},
		{"configure terminal", "New-MSMR>"},
		{"en", "New-MSMR>"}, // it asks
		{"lab", "New-MSMR#"},
		{"conf t", "New-MSMR(config)#"},
		{"router lisp", "New-MSMR(config-router-lisp)#"},
		{"site A", "New-MSMR(config-router-lisp-site)#"},
		{"do show clock", "New-MSMR(config-router-lisp-site)#"},
		{"do disable", "New-MSMR>"},
		{"enable", "New-MSMR>"},
		{"nonsense", "New-MSMR>"},
		{"lab", "New-MSMR#"},
		{"conf t", "New-MSMR(config)#"},
		{"hostname a-name-of-more-than-20-characters", "a-name-of-more-than-(config)#"},
		{"end", "a-name-of-more-than-20-characters#"},
		{"conf t", "a-name-of-more-than-(config)#"},
		{"router lisp", "a-name-of-more-than-(config-router-lisp)#"},
		{"site A", "a-name-of-more-than-(config-router-lisp-site)#"},
		{"ipv4 map-server", "a-name-of-more-than-(config-router-lisp)#"}, // its parent's line
		{"site A", "a-name-of-more-than-(config-router-lisp-site)#"},
		{"nonsense", "a-name-of-more-than-(config-router-lisp-site)#"},
		{"no hostname", "Router(config)#"},
		{"exit", "Router#"},
	} {
		o.types(step.typed)
		if got := o.c.Prompt(); got != step.prompt {
			t.Fatalf("after %q: %s, want %s", step.typed, got, step.prompt)
		}
	}
	if o.types("exit"); !o.c.Closed {
		t.Error("exit in EXEC mode does not end the session")
	}
	log := o.c.Device.Log()
	if last := log[len(log)-1].Text; last != "%SYS-5-CONFIG_I: Configured from console by vty0" {
		t.Errorf("the log ends with %q", last)
	}
}

func TestClear(t *testing.T) {
	lab := runningLab(t, compiled(t), "reliable-registration", 10*time.Second)
	msmr, xtr := operate(t, lab, "New-MSMR"), operate(t, lab, "xTR1")
	state := func() session.State {
		for _, s := range xtr.c.Device.Sessions() {
			if s.Peer.String() == "209.165.201.31" {
				return s.State
			}
		}
		return session.Down
	}
	if state() != session.Up {
		t.Fatal("there is no session to clear")
	}
	xtr.expect("% VRF BLUE does not exist.\n", "clear lisp vrf BLUE session *")
	xtr.expect("% Could not find a session with peer 10.9.9.9.\n", "clear lisp vrf default session 10.9.9.9")
	xtr.expect("", "clear lisp vrf default session 209.165.201.41") // it is down, and stays so
	if state() != session.Up {
		t.Error("clearing one session cleared another")
	}
	xtr.expect("", "clear lisp vrf default session 209.165.201.31")
	if state() == session.Up {
		t.Error("clear leaves the session up")
	}
	msmr.expect("% Could not find site Z.\n", "clear lisp site Z")
	msmr.expect("", "clear lisp site A", "clear lisp site *")
	operate(t, lab, "Old-MSMR").expect(strings.Repeat(" ", 20)+"^\n% Invalid input detected at '^' marker.\n\n", "clear lisp vrf default session *")
}

func TestLab(t *testing.T) {
	lab := runningLab(t, compiled(t), "reliable-registration", 10*time.Second)
	o := operate(t, lab, "New-MSMR")
	run := func(line string) string {
		o.out.Reset()
		if err := o.set.RunLab(o.c, line); err != nil {
			o.out.WriteString(ErrorText(err, 0, line))
		}
		return o.out.String()
	}
	checkGolden(t, "lab", []goldenCase{
		{"help", func(w *strings.Builder) { w.WriteString(run("help")) }},
		{"device xTR2 stop", func(w *strings.Builder) { w.WriteString(run("device xTR2 stop")) }},
		{"devices", func(w *strings.Builder) { w.WriteString(run("devices")) }},
		{"device xTR9 stop", func(w *strings.Builder) { w.WriteString(run("device xTR9 stop")) }},
		{"link xTR1 Core2 down", func(w *strings.Builder) { w.WriteString(run("link xTR1 Core2 down")) }},
		{"link 'xTR1' Core1 sideways", func(w *strings.Builder) { w.WriteString(run("link 'xTR1' Core1 sideways")) }},
		{"connect 'xTR1", func(w *strings.Builder) { w.WriteString(run("connect 'xTR1")) }},
		{"advance tomorrow", func(w *strings.Builder) { w.WriteString(run("advance tomorrow")) }},
		{"dev", func(w *strings.Builder) { w.WriteString(run("dev")) }},
	})
	before := lab.Now()
	run("advance 1h0m5s")
	if got := lab.Now().Sub(before); got != time.Hour+5*time.Second {
		t.Errorf("advance 1h0m5s moved the lab by %v", got)
	}
	if run(`connect "xtr1"`); o.c.Attach != "xTR1" {
		t.Errorf("connect asks for %q", o.c.Attach)
	}
	if run("link xTR1 Core1 down"); lab.Links()[0].Up {
		t.Error("the link is up")
	}
	if run("link core1 xtr1 up"); !lab.Links()[0].Up {
		t.Error("the link is down")
	}
	if run("device xTR2 start"); !lab.Device("xTR2").Running() {
		t.Error("the router is stopped")
	}
}

// A cable into the machine is a line of the links, also where there is none; what can't be done to it is told.
func TestLabLinksIntoTheMachine(t *testing.T) {
	set := compiled(t)
	files := fstest.MapFS{
		"lab.yaml": {Data: []byte("name: external\ndevices:\n  - {name: MSMR, config: MSMR.cfg}\n  - {name: xTR, config: MSMR.cfg}\n" +
			"links:\n  - MSMR:GigabitEthernet0/0 -- xTR:GigabitEthernet0/0\nexternal:\n  - MSMR:GigabitEthernet0/1 -- eth1\n")},
		"MSMR.cfg": {Data: []byte("interface GigabitEthernet0/0\n")},
	}
	lab, err := devices.OpenLab("lab.yaml", devices.Options{Parse: set.Load, FS: files})
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	checkGolden(t, "lab_links_machine", typedAt(t, set, lab, [][2]string{
		{"", "links"},
		{"", "link MSMR eth1 loss 30"},
		{"", "link eth1 msmr down"},
		{"", "link MSMR eth1 half-open"},
		{"", "link MSMR eth2 loss 30"},
		{"", "link xTR eth1 loss 30"},
	}...))
}

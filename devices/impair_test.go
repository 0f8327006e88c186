package devices

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"lisplab/devices/underlay"
)

// openBroken opens the first-day lab with faults in its lab file.
func openBroken(t *testing.T, impairments string) *Lab {
	t.Helper()
	return open(t, "lab/lab.yaml", Options{FS: brokenFiles(t, impairments)})
}

// brokenFiles are those of the first-day lab with faults in its lab file.
func brokenFiles(t *testing.T, impairments string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	must(t, fs.WalkDir(builtIn, "labs/reliable-registration-day0", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := builtIn.ReadFile(file)
		if path.Base(file) == labFileName {
			data = append(data, "\nimpairments:\n"+impairments...)
		}
		files["lab/"+path.Base(file)] = &fstest.MapFile{Data: data}
		return err
	}))
	return files
}

// TestPlannedFaults holds that what a lab file says is broken is broken, from its instant on.
func TestPlannedFaults(t *testing.T) {
	lab := openBroken(t, `
  - {link: xTR1 -- Core1, loss: 100}
  - {link: Core2 -> xTR2, at: 10s, delay: 200ms, block: [tcp 4342, udp 4341], rate: 64}
  - {link: xTR1 -- Core1, at: 20s, clear: on}
  - {link: Core1 -- Core2, at: 30s, state: down}
  - {link: Core1 -- Core2, at: 40s, state: up}
  - {device: New-MSMR, at: 50s, state: stop}
  - {device: New-MSMR, at: 60s, state: stop} # is so already
  - {device: Old-MSMR, at: 70s, state: freeze}
`)
	state := func() string {
		var s []string
		for _, k := range lab.Links() {
			for _, way := range []struct {
				from, to string
				i        underlay.Impairment
			}{{k.A, k.B, k.AB}, {k.B, k.A, k.BA}} {
				if text := fmt.Sprint(way.i); text != fmt.Sprint(underlay.Impairment{}) {
					s = append(s, fmt.Sprintf("%s > %s: loss %d, delay %v, rate %d, blocks %v", way.from, way.to, way.i.Loss, way.i.Delay, way.i.Rate, way.i.Blocked))
				}
			}
			if !k.Up {
				s = append(s, k.A+" -- "+k.B+" down")
			}
		}
		for _, d := range lab.Devices() {
			if d.Frozen() {
				s = append(s, d.Name()+" frozen")
			} else if !d.Running() && d.Name() != "xTR2" {
				s = append(s, d.Name()+" stopped")
			}
		}
		return strings.Join(s, "; ")
	}
	const lossy, slow = "xTR1 > Core1: loss 100, delay 0s, rate 0, blocks []; Core1 > xTR1: loss 100, delay 0s, rate 0, blocks []",
		"Core2 > xTR2: loss 0, delay 200ms, rate 64000, blocks [TCP 4342 UDP 4341]"
	for i, want := range []string{
		lossy, lossy + "; " + slow, slow, slow + "; Core1 -- Core2 down", slow, slow + "; New-MSMR stopped", slow + "; New-MSMR stopped",
		slow + "; New-MSMR stopped; Old-MSMR frozen",
	} {
		if got := state(); got != want {
			t.Errorf("after %d s:\n%s\nwant\n%s", 10*i, got, want)
		}
		advance(t, lab, 10)
	}
}

// TestFaultErrors holds where and how a lab file's faults are told to be wrong.
func TestFaultErrors(t *testing.T) {
	for _, row := range []struct{ entry, want string }{
		{"{loss: 3}", `19:5: found a mapping, expected an impairment of a link or of a device`},
		{"{link: a, loss: 3}", `19:12: found "a", expected a link such as xTR1 -- Core1, or in one direction xTR1 -> Core1`},
		{"{link: a -- c, loss: 3}", `19:17: found "c", expected a device of this lab: a, b`},
		{"{link: a -> a, loss: 3}", `19:12: found "a -> a", expected two devices that have a link to each other`},
		{"{link: a -- b}", `19:5: found a mapping, expected what becomes of the link: delay, loss, block, state ...`},
		{"{link: a -- b, loss: 101}", `19:26: found "101", expected a share of the packets in percent, from 0 to 100`},
		{"{link: a -- b, delay: soon}", `19:27: found "soon", expected a time such as 200ms or 1.5s`},
		{"{link: a -- b, block: sctp 1}", `19:27: found "sctp 1", expected a port such as tcp 4342 or udp 4341`},
		{"{link: a -- b, rate: -1}", `19:26: found "-1", expected kilobits a second, from 1 to 10000000; 0 for no limit`},
		{"{link: a -- b, state: sideways}", `19:27: found "sideways", expected up or down`},
		{"{device: a, at: 5s, loss: 3}", `19:5: found a mapping, expected of a device only at and state; everything else is a link's`},
		{"{device: a, state: freeze}", `19:5: found a mapping, expected a time later than 0, at which all devices without a power-on boot`},
		{"{device: a, at: 5s, state: melt}", `19:32: found "melt", expected stop, start, freeze or thaw`},
	} {
		wantError(t, wholeLab+"impairments:\n  - "+row.entry+"\n", "dir/lab.yaml:"+row.want)
	}
}

// TestFreeze holds what a frozen router does not do, and what it does when it goes on.
func TestFreeze(t *testing.T) {
	lab := open(t, "reliable-registration", Options{})
	advance(t, lab, 60)
	must(t, lab.FreezeDevice("New-MSMR"))
	if err := lab.FreezeDevice("New-MSMR"); err == nil || err.Error() != "New-MSMR is frozen already" {
		t.Errorf("frozen twice: %v", err)
	}
	before := sessionWith(lab, "New-MSMR", xTR1)
	advance(t, lab, 600)
	for _, device := range []string{"xTR1", "xTR2"} { // its TCP still acknowledges
		if s := sessionWith(lab, device, newMSMR); !strings.HasPrefix(s, "Up") {
			t.Errorf("%s: session %s with a router that is frozen", device, s)
		}
	}
	lab.Device("xTR1").ClearSessions(newMSMR) // xTR1 closes it; New-MSMR does not hear
	advance(t, lab, 10)
	if s := sessionWith(lab, "New-MSMR", xTR1); !strings.HasPrefix(s, "Up") || !strings.HasPrefix(before, "Up") {
		t.Errorf("frozen New-MSMR: session %s, before %s", s, before)
	}
	must(t, lab.ThawDevice("New-MSMR"))
	if s := sessionWith(lab, "New-MSMR", xTR1); !strings.HasPrefix(s, "Down") {
		t.Errorf("thawed New-MSMR: session %s", s)
	}
	advance(t, lab, 120)
	if s := sessionWith(lab, "New-MSMR", xTR1); !strings.HasPrefix(s, "Up") {
		t.Errorf("New-MSMR two minutes later: session %s", s)
	}
	if err := lab.ThawDevice("New-MSMR"); err == nil || err.Error() != "New-MSMR is not frozen" {
		t.Errorf("thawed twice: %v", err)
	}
}

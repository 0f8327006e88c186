package devices

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"lisplab/devices/netns"
	"lisplab/devices/underlay"
)

// openBrokenWires opens the first-day lab in namespaces, with faults in its lab file.
func openBrokenWires(t *testing.T, impairments string) *Lab {
	t.Helper()
	if err := netns.Check(); err != nil {
		t.Skip(err)
	}
	run := netns.RunName(fmt.Sprintf("test-%s-%d", t.Name(), os.Getpid()))
	return open(t, "lab/lab.yaml", Options{FS: brokenFiles(t, impairments), Underlay: Netns, Run: run})
}

// ofXTR1 are the live registrations of xTR1.
func ofXTR1(lab *Lab) []string {
	return slices.DeleteFunc(registered(lab, "New-MSMR"), func(r string) bool { return !strings.Contains(r, xTR1.String()) })
}

// The frames of Map-Registers are changed behind a right checksum: LISP refuses them, as long as the link is not mended.
func TestWiresCorrupt(t *testing.T) {
	lab := openBrokenWires(t, "  - {link: xTR1 -> Core1, corrupt: 100}\n")
	until(t, lab, "the Map-Server has refused a Map-Register", func() bool {
		snap, _ := lab.Device("New-MSMR").MapServer()
		return snap.Counters.AuthFailures > 0
	})
	if got := ofXTR1(lab); got != nil {
		t.Errorf("registered all the same: %q", got)
	}
	must(t, lab.Impair("xTR1", "Core1", false, func(i *underlay.Impairment) { *i = underlay.Impairment{} }))
	until(t, lab, "xTR1 is registered", func() bool { return len(ofXTR1(lab)) > 0 })
}

// Where the checksum tells, the kernel drops them, and LISP hears nothing at all.
func TestWiresCorruptChecksum(t *testing.T) {
	lab := openBrokenWires(t, "  - {link: xTR1 -> Core1, corrupt-checksum: 100}\n")
	sent := func() uint64 {
		snap, _ := lab.Device("xTR1").ETR()
		return snap.Counters.MapRegistersOut
	}
	first := sent()
	until(t, lab, "xTR1 has registered again", func() bool { return sent() > first })
	snap, _ := lab.Device("New-MSMR").MapServer()
	if snap.Counters.MapRegistersIn != 0 || ofXTR1(lab) != nil {
		t.Errorf("New-MSMR has got %d Map-Registers, and has registered %q", snap.Counters.MapRegistersIn, ofXTR1(lab))
	}
}

// TCP 4342 is blocked: registrations stay on UDP. When it may pass, the session comes up. Then New-MSMR forgets it, and xTR1
// finds out when it has something to say.
func TestWiresBlockedAndHalfOpen(t *testing.T) {
	lab := openBrokenWires(t, "  - {link: xTR1 -- Core1, block: tcp 4342}\n")
	atETR := func() string { return sessionWith(lab, "xTR1", newMSMR) }
	atServer := func() string { return sessionWith(lab, "New-MSMR", xTR1) }
	until(t, lab, "xTR1 is registered, and dials", func() bool { return len(ofXTR1(lab)) > 0 && strings.HasPrefix(atETR(), "Init") })
	until(t, lab, "a SYN is lost", func() bool { return lab.net.(*underlay.Kernel).Stats().Lost > 0 })
	if got := strings.Join(ofXTR1(lab), "\n"); strings.Contains(got, "#") || !strings.HasPrefix(atServer(), "Down never") {
		t.Errorf("the session at New-MSMR is %s, and xTR1 registered\n%s", atServer(), got)
	}

	must(t, lab.Impair("xTR1", "Core1", false, func(i *underlay.Impairment) { i.Blocked = nil }))
	up := func() bool {
		return strings.HasPrefix(atETR(), "Up") && strings.HasPrefix(atServer(), "Up") && strings.Contains(strings.Join(ofXTR1(lab), "\n"), "#")
	}
	until(t, lab, "the session is up", up)
	quiet := func() bool { // both have heard what the other one has said
		var state, since string
		var in, out, heard, said, users int
		fmt.Sscanf(atETR(), "%s %s %d/%d %d", &state, &since, &in, &out, &users)
		fmt.Sscanf(atServer(), "%s %s %d/%d %d", &state, &since, &heard, &said, &users)
		return in == said && out == heard
	}
	until(t, lab, "nothing is under way", quiet)
	advance(t, lab, 0.3) // nor an acknowledgment, which Linux holds back for 0.2 seconds at most: it would be answered by a reset

	must(t, lab.HalfOpen("New-MSMR", "Core1"))
	advance(t, lab, 0.2) // a reset would be there at once
	if !strings.HasPrefix(atServer(), "Down") || !strings.HasPrefix(atETR(), "Up") {
		t.Errorf("of the half-open session New-MSMR says %s, and xTR1 %s", atServer(), atETR())
	}
	cfg := lab.Device("xTR1").Config()
	cfg.LISP.EIDTables[0].Mappings[0].Locators[0].Weight = 50
	must(t, lab.Device("xTR1").Apply(cfg))
	until(t, lab, "xTR1 is answered by a reset", func() bool { return strings.HasPrefix(atETR(), "Down") })
}

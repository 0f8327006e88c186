package shell

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"lisplab/commands"
	"lisplab/devices"
)

// atRouter puts a terminal in front of a router of the default lab.
func atRouter(t *testing.T, device string) (*devices.Lab, *Shell) {
	t.Helper()
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := devices.OpenLab(devices.DefaultLab, devices.Options{Parse: set.Load})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	sh := New(lab, set)
	if err := sh.Attach(device); err != nil {
		t.Fatal(err)
	}
	return lab, sh
}

// TestQuestions answers, lets alone and gives up the questions of commands, line by line as a front end does: the prompt is
// the question, and the next line its answer, whatever it looks like.
func TestQuestions(t *testing.T) {
	lab, sh := atRouter(t, "xTR1")
	for i, tt := range []struct{ prompt, typed, text string }{
		{"xTR1#", "show clock | redirect flash:a", ""},
		{"xTR1#", "copy flash:a flash:", ""},
		{"Destination filename [a]? ", "show clock", "%Error opening flash:/show clock (Invalid argument)\n"},
		{"xTR1#", "copy flash:a flash:", ""},
		{"Destination filename [a]? ", "b", "33 bytes copied in 0.001 secs (33000 bytes/sec)\n"},
		{"xTR1#", "delete b", ""},
		{"Delete filename [b]? ", "", ""},
		{"Delete flash:/b? [confirm]", "x", ""},
		{"xTR1#", "dir | include b$", "    2  -rw-          33   Jan 1 2026 00:00:00 +00:00  b\n"},
		{"xTR1#", "delete b", ""},
		{"Delete filename [b]? ", "", ""},
		{"Delete flash:/b? [confirm]", "Y", ""},
		{"xTR1#", "dir b", "%Error opening flash:/b (No such file or directory)\n"},
	} {
		if got := sh.Prompt(); got != tt.prompt {
			t.Fatalf("line %d: prompt %q, want %q", i, got, tt.prompt)
		}
		text, err := sh.Exec(tt.typed)
		if err != nil {
			t.Fatal(err)
		}
		if text != tt.text {
			t.Errorf("line %d: %q answers %q, want %q", i, tt.typed, text, tt.text)
		}
	}

	ask := func() {
		t.Helper()
		if _, err := sh.Exec("reload"); err != nil {
			t.Fatal(err)
		}
		if q, asked := sh.Pending(); !asked || !q.Key || q.Secret || q.Prompt != "Proceed with reload? [confirm]" {
			t.Fatalf("asked %v: %+v", asked, q)
		}
	}
	// There is no help with an answer.
	ask()
	if got := sh.Help("sh"); got != "" {
		t.Errorf("help says %q", got)
	}
	if got := sh.Complete("sh"); got != "sh" {
		t.Errorf("Tab makes %q", got)
	}
	if _, err := sh.Interrupt(); err != nil {
		t.Fatal(err)
	}
	// Ctrl-C and Ctrl-Z give the command up.
	for _, end := range []func() (string, error){sh.Interrupt, func() (string, error) { return sh.ExecEnd("y") }} {
		ask()
		if text, err := end(); text != "" || err != nil || sh.Prompt() != "xTR1#" {
			t.Errorf("prompt %q, text %q (%v)", sh.Prompt(), text, err)
		}
	}
	if lab.Now().Sub(lab.Device("xTR1").Booted()) != 0 {
		t.Error("the router was reloaded")
	}
	// A router that loses its power has no questions left.
	ask()
	lab.Do(func() {
		if err := lab.StopDevice("xTR1"); err != nil {
			t.Error(err)
		}
	})
	if text, _ := sh.Exec("y"); text != "% xTR1 is powered off\n" {
		t.Errorf("a router without power says %q", text)
	}
	lab.Do(func() {
		if err := lab.Advance(time.Second); err != nil {
			t.Error(err)
		}
		if err := lab.StartDevice("xTR1"); err != nil {
			t.Error(err)
		}
	})
	if got := sh.Prompt(); got != "xTR1#" {
		t.Errorf("prompt %q", got)
	}
}

// TestNothingHangs: where nobody answers, every question ends.
func TestNothingHangs(t *testing.T) {
	_, sh := atRouter(t, "xTR1")
	for _, tt := range []struct{ typed, text string }{
		{"write erase", "Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]\n[OK]\nErase of nvram: complete\n"},
		{"copy running-config startup-config", "Destination filename [startup-config]? \nBuilding configuration...\n[OK]\n"},
		{"configure terminal", "Enter configuration commands, one per line.  End with CNTL/Z.\n"},
		{"hostname changed", ""},
		{"do reload", "\nSystem configuration has been modified. Save? [yes/no]: no\nProceed with reload? [confirm]\n"},
		{"show version | include ROM by", "System returned to ROM by reload at 00:00:00 UTC Thu Jan 1 2026\n"},
	} {
		if text, err := sh.Converse(tt.typed, nil); err != nil || text != tt.text {
			t.Errorf("%s: %q (%v), want %q", tt.typed, text, err, tt.text)
		}
	}
}

// TestScriptEndsAtAQuestion: lines of a pipe answer questions, and when they end in the middle of a command it is answered
// as by nobody.
func TestScriptEndsAtAQuestion(t *testing.T) {
	_, sh := atRouter(t, "xTR1")
	var out bytes.Buffer
	err := sh.Script(strings.NewReader("show clock | redirect a?b\ncopy running-config nvram:\nx?\nshow clock | redirect a\ndelete a\n"), &out)
	if want := "lines refused: 2, the first of them `xTR1#show clock | redirect a?b`"; !errors.Is(err, ErrRefused) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	want := `xTR1#show clock | redirect a?b
%Error opening flash:/a?b (Invalid argument)
xTR1#copy running-config nvram:
Destination filename [running-config]? x?
%Error opening nvram:/x? (Invalid argument)
xTR1#show clock | redirect a
xTR1#delete a
Delete filename [a]? 
Delete flash:/a? [confirm]
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

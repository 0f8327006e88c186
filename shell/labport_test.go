package shell

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	gossh "golang.org/x/crypto/ssh"

	"lisplab/commands"
	"lisplab/devices"
)

// driven is a lab with a lab port. Its time stands still between two lines.
func driven(t *testing.T) (*devices.Lab, *LabPort) {
	t.Helper()
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := devices.OpenLab("reliable-registration", devices.Options{Parse: set.Load})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lab.Close() })
	dir, err := keysDir()
	if err != nil {
		t.Fatal(err)
	}
	port, err := NewLabPort(lab, set, netip.MustParseAddrPort("127.0.0.1:0"), HostKeys{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		port.Serve(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-over
	})
	return lab, port
}

// dial connects to a lab port as `lisplab ctl --lab-file` does.
func (p *LabPort) dial(t *testing.T) *LabClient {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lab")
	if err := p.WriteKnownHost(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at, key, err := ParseKnownHost(text)
	if err != nil {
		t.Fatal(err)
	}
	if at != p.Addr() {
		t.Fatalf("the file says %v, the port is %v", at, p.Addr())
	}
	c, err := DialLab(t.Context(), at, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// What `lisplab ctl` says to a lab takes effect there, and what the lab refuses is told in its own words.
func TestLabPortTakesEveryLabLine(t *testing.T) {
	lab, port := driven(t)
	c := port.dial(t)
	for _, row := range []struct{ line, answer, refused string }{
		{line: "advance 5m"},
		{line: "adv 10s"},
		{line: "device xTR2 stop"},
		{line: "devices", answer: "xTR2           15.5     stopped "},
		{line: "lab devices", answer: "xTR2           15.5     stopped "}, // as at a console
		{line: "link xTR1 Core1 down"},
		{line: "advance 5", refused: "the lab refused `advance 5`: found \"5\", expected DURATION such as 5m or 1h30m"},
		{line: "link xTR1 xTR2 down", refused: "no link between xTR1 and xTR2"},
		{line: "reboot", refused: "found \"reboot\", expected "},
		{line: "connect xTR1", refused: "no router can be had here"},
	} {
		var out strings.Builder
		err := c.Drive(row.line, &out)
		switch {
		case row.refused != "":
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), row.refused) {
				t.Errorf("%s: %v, expected to be refused with %q", row.line, err, row.refused)
			}
		case err != nil || !strings.Contains(out.String(), row.answer):
			t.Errorf("%s: %q, %v; expected %q", row.line, out.String(), err, row.answer)
		}
	}
	lab.Do(func() {
		if passed := lab.Now().Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); passed != 5*time.Minute+10*time.Second {
			t.Errorf("%v of lab time have passed, expected 5m10s", passed)
		}
	})
}

// A person at the prompt has help, Tab, history, and errors with their caret.
func TestLabPortPrompt(t *testing.T) {
	_, port := driven(t)
	s, err := port.dial(t).client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestPty("vt100", 24, 80, gossh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	var screen bytes.Buffer
	s.Stdout = &screen
	s.Stdin = strings.NewReader("ad\t5m\rdev?\x15link xTR1 nobody down\radvance 5x\r\x10\x17\x17e?\x15exit\r")
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(); err != nil {
		t.Fatal(err)
	}
	const erased = "\b\b\b   \b\b\b"
	want := `Lab reliable-registration. Type ? for what it takes, exit to leave.

lab>ad
lab>advance 5m
lab>dev?
device  devices

lab>dev` + erased + `link xTR1 nobody down
% no device "nobody" in lab reliable-registration: its devices are xTR1, xTR2, Core1, Core2, New-MSMR, Old-MSMR, PxTR1
lab>advance 5x
            ^
% found "5x", expected DURATION such as 5m or 1h30m

`
	got := strings.ReplaceAll(screen.String(), "\r\n", "\n")
	if !strings.HasPrefix(got, want) {
		t.Errorf("the screen shows\n%q\nexpected it to begin with\n%q", got, want)
	}
	if !strings.Contains(got, "e?\nexit  explain\n\nlab>e") {
		t.Errorf("`e?` does not name exit:\n%q", got)
	}
}

// The port is known by its key, and nobody beyond the machine reaches it.
func TestLabPortIsSafe(t *testing.T) {
	lab, port := driven(t)
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"0.0.0.0:0", "192.0.2.1:2200", "[::]:0"} {
		if p, err := NewLabPort(lab, set, netip.MustParseAddrPort(at), HostKeys{}); err == nil {
			p.Close()
			t.Errorf("a lab port listens at %s", at)
		}
	}
	other, err := HostKeys{}.Signers("another")
	if err != nil {
		t.Fatal(err)
	}
	if c, err := DialLab(t.Context(), port.Addr(), other[0].PublicKey()); err == nil {
		_ = c.Close()
		t.Error("a client that expects another key is let in")
	}
	for _, text := range []string{"", "127.0.0.1:2200", "# nothing\n", "host ssh-ed25519 AAAA\n"} {
		if at, _, err := ParseKnownHost([]byte(text)); err == nil {
			t.Errorf("the lab file %q names %v", text, at)
		}
	}
}

// A lab port leaves nothing behind, whatever its clients are doing when it ends.
func TestLabPortEnds(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("", func(t *testing.T) {
		_, port := driven(t)
		if _, err := port.dial(t).client.NewSession(); err != nil {
			t.Fatal(err)
		}
	})
	goleak.VerifyNone(t, before)
}

package shell

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"lisplab/devices"
)

// TestSSHThreeBadLogins holds that the connection is closed behind the third, by whichever way the password comes, and that
// its line is free again.
func TestSSHThreeBadLogins(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	for name, method := range map[string]func(asked *int) gossh.AuthMethod{
		"password": func(asked *int) gossh.AuthMethod {
			return gossh.RetryableAuthMethod(gossh.PasswordCallback(func() (string, error) {
				*asked++
				return "wrong", nil
			}), 10)
		},
		"keyboard-interactive": func(asked *int) gossh.AuthMethod {
			return gossh.RetryableAuthMethod(gossh.KeyboardInteractive(func(_, _ string, questions []string, echo []bool) ([]string, error) {
				*asked++
				if fmt.Sprint(questions, echo) != "[Password: ] [false]" {
					t.Errorf("asks %q, echo %v", questions, echo)
				}
				return []string{"wrong"}, nil
			}), 10)
		},
	} {
		asked := 0
		_, err := gossh.Dial("tcp", s.endpoint("xTR1").SSH.String(), &gossh.ClientConfig{
			User: "lab", Auth: []gossh.AuthMethod{method(&asked)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience,
		})
		if err == nil || asked != 3 {
			t.Errorf("%s: asked %d times, then %v; want 3 times", name, asked, err)
		}
	}
	s.quiet("xTR1")
}

// TestSSHTakesALine holds that a connection has a line from its beginning, that a second session takes another one, and
// that all of them are given back.
func TestSSHTakesALine(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	raw, err := net.Dial("tcp", s.endpoint("xTR1").SSH.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(raw, make([]byte, len("SSH-2.0-Cisco-1.25"))); err != nil {
		t.Fatal(err)
	}
	if n := s.lines("xTR1"); n != 1 {
		t.Errorf("%d lines for a connection where nobody has logged in, want 1", n)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	s.quiet("xTR1")
	conn, first := s.ssh(t, "xTR1", "lab")
	first.until("xTR1#")
	if n := s.lines("xTR1"); n != 1 {
		t.Errorf("%d lines for one session, want 1", n)
	}
	second, session := s.sshShell(t, conn)
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	second.until("xTR1#")
	if n := s.lines("xTR1"); n != 2 {
		t.Errorf("%d lines for two sessions, want 2", n)
	}
	second.run("terminal length 0", "xTR1#")
	first.types("show running-config\r")
	first.until(" --More-- ") // what the second has set is not the first's
	second.types("exit\r")
	second.ends()
	if n := s.lines("xTR1"); n != 1 {
		t.Errorf("%d lines behind the end of the second session, want 1", n)
	}
	first.close()
	s.quiet("xTR1")
}

// TestSSHSessionsAreBounded holds how many sessions one connection may have.
func TestSSHSessionsAreBounded(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	conn := s.dialSSH(t, "xTR1", "lab")
	for n := range sshSessions + 1 {
		_, err := conn.NewSession()
		if (err == nil) != (n < sshSessions) {
			t.Errorf("session %d: %v", n+1, err)
		}
	}
}

// TestSSHExec holds commands without a terminal: plain line feeds, no pages, no prompt, and a status.
func TestSSHExec(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	for _, tt := range []struct {
		user, command, want string // the beginning
		status              int
	}{
		{"lab", "show clock", "*00:00:1", 0},
		{"lab", "configure terminal\nhostname R1\nend\nshow running-config | include hostname",
			"Enter configuration commands, one per line.  End with CNTL/Z.\nhostname R1\n", 0},
		{"lab", "show nonsense", "        ^\n% Invalid input detected at '^' marker.\n\n", 1},
		{"lab", "show nonsense\nshow clock", "        ^\n% Invalid input detected at '^' marker.\n\n", 1},
		{"guest", "configure terminal", "   ^\n% Invalid input", 1},
		{"lab", "", "", 0},
		{"lab", "exit", "", 0},
	} {
		conn := s.dialSSH(t, "xTR1", tt.user)
		session, err := conn.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		out, err := session.Output(tt.command)
		status := 0
		var exit *gossh.ExitError
		if errors.As(err, &exit) {
			status = exit.ExitStatus()
		} else if err != nil {
			t.Errorf("%q: %v", tt.command, err)
		}
		text := string(out)
		if got := strings.TrimLeft(text, " "); status != tt.status || !strings.HasPrefix(got, strings.TrimLeft(tt.want, " ")) || strings.Contains(text, "\r") {
			t.Errorf("%q: status %d, answer\n%q, want %d and\n%q", tt.command, status, text, tt.status, tt.want)
		}
		_ = conn.Close()
	}
	s.quiet("xTR1")
}

// TestSSHWithoutPTY holds that lines which come without a terminal, from a file say, are typed and echoed as with one, and
// that all of them are run before the session ends with the input.
func TestSSHWithoutPTY(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	conn := s.dialSSH(t, "xTR1", "lab")
	session, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	session.Stdin, session.Stdout = strings.NewReader("conf t\nhostname R2\nend\n"), &out
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	if err := session.Wait(); err != nil {
		t.Error(err)
	}
	const want = "xTR1#conf t\r\nEnter configuration commands, one per line.  End with CNTL/Z.\r\nxTR1(config)#hostname R2\r\nR2(config)#end\r\nR2#"
	if out.String() != want {
		t.Errorf("saw\n%q, want\n%q", out.String(), want)
	}
}

// TestSSHBanner holds where the texts of a router stand: one before the login, by the protocol, the others behind it.
func TestSSHBanner(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	s.configure("xTR1", func(cfg *devices.Config) {
		cfg.Banners = devices.Banners{MOTD: "Today: maintenance\n", Login: "Authorised users only\n", Exec: "Welcome\n"}
	})
	var banner string
	conn, err := gossh.Dial("tcp", s.endpoint("xTR1").SSH.String(), &gossh.ClientConfig{
		User: "lab", Auth: []gossh.AuthMethod{gossh.Password("lab")}, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience,
		BannerCallback: func(text string) error { banner = text; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if banner != "Authorised users only\n" {
		t.Errorf("before the login: %q", banner)
	}
	c, session := s.sshShell(t, conn)
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	c.shows("Today: maintenance\r\nWelcome\r\nxTR1#")
}

// TestSSHKeys holds that a router is known by its ed25519 key, and by its RSA key to clients that want one.
func TestSSHKeys(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	dir, err := keysDir()
	if err != nil {
		t.Fatal(err)
	}
	signers, err := HostKeys{Dir: dir}.Signers("xTR1")
	if err != nil {
		t.Fatal(err)
	}
	for i, algorithms := range [][]string{{gossh.KeyAlgoED25519}, {gossh.KeyAlgoRSASHA256}, {gossh.KeyAlgoRSA}} {
		want := signers[min(i, 1)].PublicKey()
		conn, err := gossh.Dial("tcp", s.endpoint("xTR1").SSH.String(), &gossh.ClientConfig{
			User: "lab", Auth: []gossh.AuthMethod{gossh.Password("lab")}, HostKeyCallback: gossh.FixedHostKey(want),
			HostKeyAlgorithms: algorithms, Timeout: patience,
		})
		if err != nil {
			t.Errorf("%v: %v", algorithms, err)
			continue
		}
		_ = conn.Close()
	}
}

// TestTransportInput holds that a line takes only the protocols that it is told to.
func TestTransportInput(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	s.configure("xTR1", func(cfg *devices.Config) {
		for i := range cfg.VTYs {
			cfg.VTYs[i].TransportInput = devices.TransportSSH
		}
	})
	if got, err := greeting(s.endpoint("xTR1").Telnet.String()); got != "" || err == nil {
		t.Errorf("telnet is greeted with %q (%v)", got, err)
	}
	if got, err := greeting(s.endpoint("xTR1").SSH.String()); got != "S" || err != nil {
		t.Errorf("SSH is greeted with %q (%v)", got, err)
	}
}

// quiet waits until no connection of a router is served: a client knows that its session is over before the router does.
// Then nobody may sit at a line.
func (s *served) quiet(device string) {
	s.t.Helper()
	i := slices.IndexFunc(s.server.fronts, func(f *front) bool { return f.device.Name() == device })
	f := s.server.fronts[i]
	ended := sync.NewCond(&f.mu)
	late := false
	defer time.AfterFunc(patience, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		late = true
		ended.Signal()
	}).Stop()
	f.mu.Lock()
	for f.ended = ended.Signal; len(f.conns) > 0 && !late; {
		ended.Wait()
	}
	f.ended = nil
	f.mu.Unlock()
	if n := s.lines(device); late || n > 0 {
		s.t.Fatalf("%s: a connection is served still, or %d lines are taken", device, n)
	}
}

package clients

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

var update = flag.Bool("update", false, "rewrite the screens in testdata from what the clients show")

// A terminal has that many lines and columns.
const (
	rows    = 24
	columns = 80
)

// screens is a person at a terminal with a client in it: what is typed goes into the client, what the terminal then shows
// is written down.
type screens struct {
	*session
	term   vt10x.Terminal
	report strings.Builder
	exited func() error
}

// terminal starts a client in a terminal.
func terminal(t *testing.T, name string, args ...string) *screens {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "TERM=vt100", "HOME="+t.TempDir(), "LC_ALL=C")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		t.Fatal(err)
	}
	var ended bool
	t.Cleanup(func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		_ = tty.Close()
	})
	s := &screens{term: vt10x.New(vt10x.WithSize(columns, rows))}
	s.session = &session{t: t, in: tty, out: io.TeeReader(ttyReader{tty}, termWriter{s}), close: func() { _ = cmd.Process.Kill() }}
	s.exited = func() error {
		ended = true
		return cmd.Wait()
	}
	return s
}

// ttyReader reads what a terminal is sent. When the last process that has it is gone Linux calls that an I/O error.
type ttyReader struct{ *os.File }

func (r ttyReader) Read(p []byte) (int, error) {
	n, err := r.File.Read(p)
	if errors.Is(err, syscall.EIO) {
		err = io.EOF
	}
	return n, err
}

// termWriter writes to whatever terminal there is at present.
type termWriter struct{ s *screens }

func (w termWriter) Write(p []byte) (int, error) { return w.s.term.Write(p) }

// clear takes what the client itself has said off the screen: it differs from one client to the next. What came behind it
// stays.
func (s *screens) clear() {
	s.term = vt10x.New(vt10x.WithSize(columns, rows))
	_, _ = s.term.Write(s.seen.Bytes())
}

// step types keys, waits for what the router sends last, and writes down what the terminal then shows.
func (s *screens) step(what, keys, end string) {
	s.t.Helper()
	s.types(keys)
	s.until(end)
	s.snap(what, keys)
}

// paste is step for more keys than fit into a terminal at once: they are typed while the answer is read.
func (s *screens) paste(what, keys, end string) (answer string) {
	s.t.Helper()
	pasted := make(chan error, 1)
	go func() {
		_, err := io.WriteString(s.in, keys)
		pasted <- err
	}()
	answer = s.until(end)
	if err := <-pasted; err != nil {
		s.t.Fatal(err)
	}
	s.snap(what, keys[:strings.IndexByte(keys, '\r')+1]+"...")
	return answer
}

// snap writes down what the terminal shows, with the cursor as an underscore.
func (s *screens) snap(what, keys string) {
	fmt.Fprintf(&s.report, "=== %s: %s\n", what, strings.Trim(fmt.Sprintf("%q", keys), `"`))
	lines := strings.Split(strings.TrimSuffix(s.term.String(), "\n"), "\n")
	at := s.term.Cursor()
	last := at.Y
	for y, line := range lines {
		if lines[y] = strings.TrimRight(line, " "); lines[y] != "" {
			last = max(last, y)
		}
	}
	for y, line := range lines[:last+1] {
		if y == at.Y {
			row := []rune(fmt.Sprintf("%-*s", columns, line))
			if row[at.X] == ' ' {
				row[at.X] = '_'
			}
			line = strings.TrimRight(string(row), " ")
		}
		fmt.Fprintf(&s.report, "|%s\n", line)
	}
}

// golden compares what was written down.
func (s *screens) golden(name string) {
	s.t.Helper()
	file := filepath.Join("testdata", name)
	got := s.report.String()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	if got != string(want) {
		s.t.Errorf("the screens are not those of %s; they are now\n%s", file, got)
	}
}

// TestScreens writes down, screen by screen, what a person sees with OpenSSH's client, by the configuration that the server
// writes for it, and with a telnet client.
func TestScreens(t *testing.T) {
	t.Run("ssh", func(t *testing.T) {
		client := tool(t, "ssh", "openssh-client")
		leaks(t)
		config, err := serve(t, labOptions{}).server.Inventory().Text("ssh-config")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "ssh_config")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		s := terminal(t, client, "-F", file, "-l", guest, "xTR1")
		s.until("assword: ")
		s.clear()
		s.step("the password", guest+"\r", "xTR1>")
		walk(s)
		s.types("exit\r")
		s.ends()
		if err := s.exited(); err != nil {
			t.Errorf("ssh ends with %v", err)
		}
		s.golden("screens-ssh.txt")
	})
	t.Run("telnet", func(t *testing.T) {
		client := tool(t, "telnet", "telnet")
		leaks(t)
		port := serve(t, labOptions{}).endpoint(t, "xTR1").Telnet
		s := terminal(t, client, port.Addr().String(), itoa(port.Port()))
		s.sees("Escape character is '^]'.\r\n")
		s.clear()
		s.step("connected", "", "Username: ")
		s.step("the name", guest+"\r", "Password: ")
		s.step("the password", guest+"\r", "xTR1>")
		walk(s)
		s.types("exit\r")
		if end := s.ends(); !strings.Contains(end, "Connection closed by foreign host.") {
			t.Errorf("telnet ends with %q", end)
		}
		_ = s.exited() // telnet ends with 1 when the router has hung up first
		s.golden("screens-telnet.txt")
	})
}

// walk is what the person does once in, by either way.
func walk(s *screens) {
	s.t.Helper()
	s.step("help for a part of a word", "show cl?", "xTR1>show cl")
	s.step("Tab", "\t", "xTR1>show clock ")
	s.step("the line is dropped", "\x15", "\b")
	s.step("help for the next word", "show lisp ?", "xTR1>show lisp ")
	s.step("a typo", "sitt\r", "xTR1>")
	s.step("up", "enable\r", "Password: ")
	s.step("the secret", secret+"\r", "xTR1#")
	s.step("pages", "show running-config | begin ^interface\r", " --More-- ")
	s.step("a page", " ", " --More-- ")
	s.step("a line", "\r", " --More-- ")
	s.step("enough", "q", "xTR1#")
	s.step("configuration", "configure terminal\r", "xTR1(config)#")
	s.step("deeper", "router lisp\rlocator-set SCREEN\r", "xTR1(config-router-lisp-locator-set)#")
	s.step("a typo there", "203.0.113.11 priority 300\r", "xTR1(config-router-lisp-locator-set)#")
	s.step("out at once", "\x1a", "xTR1#")
	answer := s.paste("a pasted configuration of 200 lines", pasted(), "xTR1#!\r\nxTR1#!end of the paste\r\nxTR1#")
	if n := strings.Count(answer, "% Invalid input detected at '^' marker."); n != 1 {
		s.t.Errorf("%d lines of the paste were refused, expected the one that is wrong", n)
	}
	s.step("what has become of it", "show running-config | count eid-prefix 198.18\r", "xTR1#")
}

// pasted is a configuration of 200 lines as it stands in a file. One line of it is wrong.
func pasted() string {
	lines := []string{"configure terminal", "router lisp"}
	for i := 0; len(lines) < 194; i++ {
		lines = append(lines, fmt.Sprintf(" site PASTED-%d", i), "  authentication-key pasted",
			fmt.Sprintf("  eid-prefix 198.18.%d.0/24", i), "  exit", " !")
	}
	lines[99] = "  eid-prefix 198.18.300.0/24"
	lines = append(lines[:195], " exit", "!", "end", "!", "!end of the paste")
	return strings.Join(lines, "\r") + "\r"
}

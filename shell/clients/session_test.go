package clients

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// session is somebody at a session who sees every byte.
type session struct {
	t     testing.TB
	in    io.Writer
	out   io.Reader
	close func()
	seen  bytes.Buffer // and not expected yet
}

// wait runs f, and hangs up when it takes too long.
func (s *session) wait(what string, f func() error) {
	s.t.Helper()
	late := time.AfterFunc(patience, s.close)
	err := f()
	if onTime := late.Stop(); err != nil || !onTime {
		s.t.Fatalf("waiting for %s: saw %q (in time: %v, %v)", what, s.seen.String(), onTime, err)
	}
}

// types types keys.
func (s *session) types(keys string) {
	s.t.Helper()
	s.wait("the keys to be taken", func() error {
		_, err := io.WriteString(s.in, keys)
		return err
	})
}

// until reads until what was seen ends with that, and returns all of it.
func (s *session) until(end string) string {
	s.t.Helper()
	s.read(fmt.Sprintf("%q", end), func() bool { return strings.HasSuffix(s.seen.String(), end) })
	defer s.seen.Reset()
	return s.seen.String()
}

// sees reads up to a text, and leaves what comes behind it for later.
func (s *session) sees(text string) string {
	s.t.Helper()
	s.read(fmt.Sprintf("%q", text), func() bool { return strings.Contains(s.seen.String(), text) })
	at := strings.Index(s.seen.String(), text) + len(text)
	return string(s.seen.Next(at))
}

// matches reads until all that was seen matches, and returns it.
func (s *session) matches(re *regexp.Regexp) string {
	s.t.Helper()
	s.read(re.String(), func() bool { return re.Match(s.seen.Bytes()) })
	defer s.seen.Reset()
	return s.seen.String()
}

// shows holds the very next bytes that come.
func (s *session) shows(want string) {
	s.t.Helper()
	s.read(fmt.Sprintf("%q", want), func() bool {
		n := min(s.seen.Len(), len(want))
		return n == len(want) || string(s.seen.Bytes()[:n]) != want[:n]
	})
	if got := string(s.seen.Next(len(want))); got != want {
		s.t.Fatalf("saw\n%q, expected\n%q", got+s.seen.String(), want)
	}
}

func (s *session) read(what string, enough func() bool) {
	s.t.Helper()
	s.wait(what, func() error {
		buf := make([]byte, 4096)
		for !enough() {
			n, err := s.out.Read(buf)
			s.seen.Write(buf[:n])
			if err != nil && !enough() {
				return err
			}
		}
		return nil
	})
}

// ends reads what comes until the session is over.
func (s *session) ends() string {
	s.t.Helper()
	s.wait("the end", func() error {
		_, err := io.Copy(&s.seen, s.out)
		var reset *net.OpError
		if errors.As(err, &reset) {
			return nil // a connection may also end with a reset
		}
		return err
	})
	defer s.seen.Reset()
	return s.seen.String()
}

// run types a line at the prompt and returns the answer without the echo and without the next prompt.
func (s *session) run(line, prompt string) string {
	s.t.Helper()
	s.types(line + "\r")
	s.shows(line + "\r\n")
	return strings.TrimSuffix(s.until(prompt), prompt)
}

// login opens a session as somebody, and goes to the prompt.
func (s *served) login(t testing.TB, way, device, name string) *session {
	t.Helper()
	if way == "ssh" {
		_, c := s.ssh(t, device, name)
		c.until(s.prompt(device, name))
		return c
	}
	c := s.telnet(t, device)
	c.until("Username: ")
	c.types(name + "\r\n")
	c.shows(name + "\r\nPassword: ")
	c.types(name + "\r\n")
	c.shows("\r\n")
	c.until(s.prompt(device, name))
	return c
}

// prompt is what somebody sees who has just logged in.
func (s *served) prompt(device, name string) string {
	if name == guest {
		return s.hostname(device) + ">"
	}
	return s.hostname(device) + "#"
}

// dial opens an SSH connection. The passwords of the tests are the names.
func (s *served) dial(t testing.TB, device, name string) *gossh.Client {
	t.Helper()
	conn, err := dial(s.endpoint(t, device).SSH, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func dial(port netip.AddrPort, name string) (*gossh.Client, error) {
	return gossh.Dial("tcp", port.String(), &gossh.ClientConfig{
		User: name, Auth: []gossh.AuthMethod{gossh.Password(name)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience,
	})
}

// ssh opens an SSH connection and a session with a terminal that is not 80 by 24.
func (s *served) ssh(t testing.TB, device, name string) (*gossh.Session, *session) {
	t.Helper()
	return channel(t, s.dial(t, device, name))
}

// channel opens a session of an SSH connection.
func channel(t testing.TB, conn *gossh.Client) (*gossh.Session, *session) {
	t.Helper()
	ch, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err := ch.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := ch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.RequestPty("xterm", 255, 80, gossh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	if err := ch.Shell(); err != nil {
		t.Fatal(err)
	}
	return ch, &session{t: t, in: in, out: out, close: func() { _ = conn.Close() }}
}

// What telnet says first, and how Netmiko answers.
const (
	telnetOffer  = "\xff\xfb\x01\xff\xfb\x03\xff\xfd\x18\xff\xfd\x1f"
	telnetAnswer = "\xff\xfd\x01\xff\xfd\x03\xff\xfc\x18\xff\xfc\x1f"
)

// telnet opens a telnet connection.
func (s *served) telnet(t testing.TB, device string) *session {
	t.Helper()
	conn, err := net.Dial("tcp", s.endpoint(t, device).Telnet.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &session{t: t, in: conn, out: conn, close: func() { _ = conn.Close() }}
	c.shows(telnetOffer)
	c.types(telnetAnswer)
	return c
}

// bothWays runs a test over SSH and over telnet, at the prompt of a router of a lab.
func bothWays(t *testing.T, opt labOptions, device, name string, test func(t *testing.T, s *served, c *session)) {
	t.Helper()
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			leaks(t)
			s := serve(t, opt)
			test(t, s, s.login(t, way, device, name))
		})
	}
}

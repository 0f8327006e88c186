package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	gossh "golang.org/x/crypto/ssh"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/devices/password"
	"lisplab/devices/underlay"
)

// patience is how long a test waits for what never comes. No test waits that long when all is well.
const patience = 20 * time.Second

// keysDir holds host keys for all tests: making them anew for each would take longer than the tests.
var keysDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "lisplab-keys-") })

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := keysDir(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// served is a lab that is reachable from outside.
type served struct {
	t      testing.TB
	lab    *devices.Lab
	set    *commands.Set
	server *Server
	stop   func()      // ends the serving, and returns when it is over
	failed chan string // sessions that ended because the lab has failed
}

// serve makes a built-in lab reachable at free ports, with the user lab, whose password is lab, at 16 vtys.
func serve(t testing.TB, name string) *served { return serveObserved(t, name, nil) }

func serveObserved(t testing.TB, name string, observe func(underlay.Event)) *served {
	t.Helper()
	var server *Server
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, set: set, failed: make(chan string, 10)}
	lab, err := devices.OpenLab(name, devices.Options{
		Parse: set.Load, Observe: observe,
		Logged: func(d *devices.Device, l devices.LogLine) {
			if server != nil {
				server.Logged(d, l)
			}
		},
		Powered: func(d *devices.Device, on bool) {
			if server != nil {
				server.Powered(d, on)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Advance(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	dir, err := keysDir()
	if err != nil {
		t.Fatal(err)
	}
	s.lab = lab
	for _, d := range lab.Devices() {
		s.configure(d.Name(), func(cfg *devices.Config) {
			cfg.Users = []devices.User{
				{Name: "lab", Level: 15, Secret: true, Password: password.Password{Text: "lab"}},
				{Name: "guest", Level: 1, Secret: true, Password: password.Password{Text: "guest"}},
			}
			cfg.VTYs = make([]devices.Line, 16)
			for i := range cfg.VTYs {
				cfg.VTYs[i].Login = devices.LoginLocal
			}
		})
	}
	free, err := ParsePorts("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if server, err = NewServer(lab, set, ServerOptions{SSH: free, Telnet: free, Keys: HostKeys{Dir: dir},
		Failed: func(device string, err error) { s.failed <- fmt.Sprintf("%s: %v", device, err) }}); err != nil {
		t.Fatal(err)
	}
	s.server = server
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	lab.Follow(ctx)
	go func() {
		defer close(over)
		server.Serve(ctx)
	}()
	s.stop = func() {
		cancel()
		<-over
	}
	t.Cleanup(func() {
		s.stop()
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// configure changes a router's configuration.
func (s *served) configure(device string, change func(*devices.Config)) {
	s.t.Helper()
	var err error
	s.lab.Do(func() {
		d := s.lab.Device(device)
		cfg := d.Config()
		change(&cfg)
		err = d.Apply(cfg)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// endpoint is where a router is reachable.
func (s *served) endpoint(device string) Endpoint {
	for _, e := range s.server.Endpoints() {
		if e.Device == device {
			return e
		}
	}
	s.t.Fatalf("no endpoint of %s", device)
	return Endpoint{}
}

// lines is how many sessions sit at the lines of a router.
func (s *served) lines(device string) (n int) {
	s.lab.Do(func() { n = len(s.lab.Device(device).Terminals()) })
	return n
}

// leaks fails the test when a goroutine that it started is left behind.
func leaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// client is a person or a program at a session: it types, and reads what comes back.
type client struct {
	t     testing.TB
	name  string // of the way in: "ssh" or "telnet"
	in    io.Writer
	out   io.Reader
	close func()
	seen  bytes.Buffer // and not expected yet
}

// wait runs f, and closes the session when it takes too long.
func (c *client) wait(what string, f func()) {
	c.t.Helper()
	late := time.AfterFunc(patience, c.close)
	f()
	if !late.Stop() {
		c.t.Fatalf("%s: no %s came, only %q", c.name, what, c.seen.String())
	}
}

// types types keys.
func (c *client) types(keys string) {
	c.t.Helper()
	c.wait("echo", func() {
		if _, err := io.WriteString(c.in, keys); err != nil {
			c.t.Fatalf("%s: typing %q: %v", c.name, keys, err)
		}
	})
}

// fill reads until what was seen is enough.
func (c *client) fill(what string, enough func(seen string) bool) {
	c.t.Helper()
	c.wait(what, func() {
		buf := make([]byte, 4096)
		for !enough(c.seen.String()) {
			n, err := c.out.Read(buf)
			c.seen.Write(buf[:n])
			if err != nil && !enough(c.seen.String()) {
				c.t.Fatalf("%s: expected %s, saw %q, then %v", c.name, what, c.seen.String(), err)
			}
		}
	})
}

// until reads up to a text, and returns what came, the text included.
func (c *client) until(text string) string {
	c.t.Helper()
	c.fill(fmt.Sprintf("%q", text), func(seen string) bool { return strings.Contains(seen, text) })
	return string(c.seen.Next(strings.Index(c.seen.String(), text) + len(text)))
}

// shows holds the bytes that come next.
func (c *client) shows(want string) {
	c.t.Helper()
	c.fill(fmt.Sprintf("%q", want), func(seen string) bool { return len(seen) >= len(want) || !strings.HasPrefix(want, seen) })
	if got := c.seen.String(); !strings.HasPrefix(got, want) {
		c.t.Fatalf("%s:\n got %q\nwant %q", c.name, got, want)
	}
	c.seen.Next(len(want))
}

// ends reads what comes until the session is over.
func (c *client) ends() string {
	c.t.Helper()
	c.wait("end", func() {
		_, err := io.Copy(&c.seen, c.out)
		if err != nil && !errors.Is(err, net.ErrClosed) {
			c.t.Logf("%s: ends with %v", c.name, err)
		}
	})
	defer c.seen.Reset()
	return c.seen.String()
}

// run types a line at the prompt and returns the answer, the echo and the next prompt left out.
func (c *client) run(line, prompt string) string {
	c.t.Helper()
	c.types(line + "\r")
	got := c.until(prompt)
	answer, ok := strings.CutPrefix(strings.TrimSuffix(got, prompt), line+"\r\n")
	if !ok {
		c.t.Fatalf("%s: %q was echoed as %q", c.name, line, got)
	}
	return answer
}

// ways are the two ways to a router.
var ways = []string{"ssh", "telnet"}

// bothWays runs a test over SSH and over telnet, with a session of the user at a router's prompt.
func bothWays(t *testing.T, device, user string, test func(t *testing.T, s *served, c *client)) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			leaks(t)
			s := serve(t, devices.DefaultLab)
			test(t, s, s.login(t, way, device, user))
		})
	}
}

// login opens a session and goes to the prompt.
func (s *served) login(t testing.TB, way, device, user string) *client {
	t.Helper()
	mark := "#"
	if user != "lab" {
		mark = ">"
	}
	var c *client
	if way == "ssh" {
		_, c = s.ssh(t, device, user)
	} else {
		c = s.telnet(t, device)
		c.until("Username: ")
		c.types(user + "\r\n")
		c.until(user + "\r\nPassword: ")
		c.types(user + "\r\n")
	}
	c.until(device + mark)
	return c
}

// dialSSH opens an SSH connection.
func (s *served) dialSSH(t testing.TB, device, user string) *gossh.Client {
	t.Helper()
	conn, err := gossh.Dial("tcp", s.endpoint(device).SSH.String(), &gossh.ClientConfig{
		User: user, Auth: []gossh.AuthMethod{gossh.Password(user)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ssh opens an SSH connection with a session that has a terminal.
func (s *served) ssh(t testing.TB, device, user string) (*gossh.Client, *client) {
	t.Helper()
	conn := s.dialSSH(t, device, user)
	c, session := s.sshShell(t, conn)
	if err := session.RequestPty("xterm", 255, 80, gossh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	return conn, c
}

// sshShell opens a session of an SSH connection; its shell is not asked for yet.
func (s *served) sshShell(t testing.TB, conn *gossh.Client) (*client, *gossh.Session) {
	t.Helper()
	session, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, name: "ssh", in: in, out: out, close: func() { _ = conn.Close() }}, session
}

// telnet opens a telnet connection, and answers as Netmiko does.
func (s *served) telnet(t testing.TB, device string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.endpoint(device).Telnet.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: t, name: "telnet", in: conn, out: conn, close: func() { _ = conn.Close() }}
	c.until("\xff\xfb\x01\xff\xfb\x03\xff\xfd\x18\xff\xfd\x1f")
	c.types("\xff\xfd\x01\xff\xfd\x03\xff\xfc\x18\xff\xfc\x1f")
	return c
}

// greeting reads the first byte that a port sends.
func greeting(port string) (string, error) {
	conn, err := net.Dial("tcp", port)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	b := make([]byte, 1)
	n, err := conn.Read(b)
	return string(b[:n]), err
}

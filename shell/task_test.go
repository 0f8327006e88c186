//go:build unix

package shell

import (
	"errors"
	"io"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"lisplab/devices"
	"lisplab/devices/underlay"
)

// longPing is a ping that nobody answers. Tests that follow the wall clock have its minutes pass by Advance.
const (
	longPing  = "ping 198.18.0.1 repeat 99 timeout 60"
	longBegun = "Type escape sequence to abort.\nSending 99, 100-byte ICMP Echos to 198.18.0.1, timeout is 60 seconds:\n"
)

// pass lets lab time pass.
func (s *served) pass(d time.Duration) {
	s.t.Helper()
	var err error
	s.lab.Do(func() { err = s.lab.Advance(d) })
	if err != nil {
		s.t.Fatal(err)
	}
}

// raw is a text as a terminal gets it.
func raw(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// A ping, a traceroute and a lig have the terminal until they are done, or until Ctrl-^: what else is typed is for the prompt
// behind them, wherever Ctrl-^ stands in it.
func TestTasksAtAVTY(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(_ *testing.T, s *served, c *client) {
		c.types("ping 209.165.201.41\r")
		c.shows(raw("ping 209.165.201.41\nType escape sequence to abort.\nSending 5, 100-byte ICMP Echos to 209.165.201.41, timeout is 2 seconds:\n" +
			"!!!!!\nSuccess rate is 100 percent (5/5), round-trip min/avg/max = 1/1/1 ms\nxTR1#"))
		c.types(longPing + "\r")
		c.shows(raw(longPing + "\n" + longBegun))
		s.pass(time.Minute)
		c.shows(".")
		c.types("show priv")
		s.pass(time.Minute)
		c.shows(".")
		c.types("ilege\r\x1eshow privilege | include x\r")
		c.shows(raw("\nSuccess rate is 0 percent (0/3)\nxTR1#show privilege\nCurrent privilege level is 15\nxTR1#show privilege | include x\nxTR1#"))

		c.types("traceroute 198.18.0.1 timeout 60\r")
		c.until("  1 ")
		s.pass(time.Minute)
		c.shows(" * ")
		c.types("\x1e")
		c.shows("\r\nxTR1#")

		for _, name := range []string{"New-MSMR", "Old-MSMR"} {
			s.power(name, false)
		}
		c.types("lig 10.30.30.1\r\x1e") // at once
		c.shows("lig 10.30.30.1\r\nxTR1#")
		c.types("lig 10.30.30.1\rshow privilege\r")
		c.shows("lig 10.30.30.1\r\n")
		s.pass(time.Minute)
		c.shows(raw("% No map-reply for EID 10.30.30.1 from map-resolver 209.165.201.31\nxTR1#show privilege\nCurrent privilege level is 15\nxTR1#"))
	})
}

// In a session at another router a task has the far terminal. There Ctrl-^ is typed twice: the first is the near router's.
func TestTasksInsideTheLab(t *testing.T) {
	for way, in := range inside {
		t.Run(way, func(t *testing.T) {
			leaks(t)
			s := serve(t, devices.DefaultLab)
			c := s.login(t, "telnet", "xTR1", "lab")
			c.types(in.open + in.login)
			c.until("New-MSMR#")
			c.types(longPing + "\r")
			c.shows(raw(longPing + "\n" + longBegun))
			s.pass(time.Minute)
			c.shows(".")
			c.types("show privilege\r")
			s.pass(time.Minute)
			c.shows(".")
			c.types("\x1e\x1e")
			c.shows(raw("\nSuccess rate is 0 percent (0/3)\nNew-MSMR#show privilege\nCurrent privilege level is 15\nNew-MSMR#"))

			c.types(longPing + "\r") // it goes on where nobody looks, and is given up with its session
			c.until(raw(longBegun))
			c.types("\x1ex")
			c.shows("\r\nxTR1#")
			s.pass(time.Minute)
			c.types("resume\r")
			c.until("... ]\r\n.")
			c.types("\x1ex")
			c.shows("\r\nxTR1#")
			c.types("disconnect\r\r")
			c.until("xTR1#")
			if n := s.lines("New-MSMR"); n != 0 {
				t.Errorf("%d lines of New-MSMR are taken", n)
			}
		})
	}
}

// A script sees the end of each task, at whatever router.
func TestTasksOfAScript(t *testing.T) {
	leaks(t)
	const pinged = `Type escape sequence to abort.
Sending 3, 100-byte ICMP Echos to 198.18.0.1, timeout is 2 seconds:
...
Success rate is 0 percent (0/3)
`
	play(t, inLab(t, "xTR1", nil), `xTR1#ping 198.18.0.1 repeat 3
`+pinged+`xTR1#show clock
*00:00:16.000 UTC Thu Jan 1 2026
xTR1#telnet 209.165.201.31
Trying 209.165.201.31 ... Open


User Access Verification

Username: lab
Password: lab
New-MSMR#ping 198.18.0.1 repeat 3
`+pinged+`New-MSMR#ssh -l lab 203.0.113.11
Password: lab
xTR1#ping 198.18.0.1 repeat 3
`+pinged+`xTR1#show clock
*00:00:28.000 UTC Thu Jan 1 2026
xTR1#exit

[Connection to 203.0.113.11 closed by foreign host]
New-MSMR#
`)
}

// request has a line run without a terminal, over an SSH connection.
func (s *served) request(t *testing.T, conn *gossh.Client, line string) (*client, *gossh.Session) {
	t.Helper()
	c, session := s.sshShell(t, conn)
	if err := session.Start(line); err != nil {
		t.Fatal(err)
	}
	return c, session
}

// A command that comes by an exec request shows its task as it goes, and is aborted by Ctrl-^.
func TestTasksByRequest(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	c, session := s.request(t, s.dialSSH(t, "xTR1", "lab"), longPing+"\nshow privilege")
	c.shows(longBegun)
	s.pass(time.Minute)
	c.shows(".")
	c.types("\x1e")
	if got, want := c.ends(), "\nSuccess rate is 0 percent (0/2)\nCurrent privilege level is 15\n"; got != want {
		t.Errorf("saw %q, expected %q", got, want)
	}
	if err := session.Wait(); err != nil {
		t.Error(err)
	}
	if n := s.lines("xTR1"); n != 0 {
		t.Errorf("%d lines are taken", n)
	}
}

// A task ends with whoever began it: nothing of it is left when the connection is closed.
func TestTasksEndWithTheirConnection(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T, s *served, line string) (c *client, end func()){
		"telnet": func(t *testing.T, s *served, line string) (*client, func()) {
			c := s.login(t, "telnet", "xTR1", "lab")
			c.types(line + "\r")
			return c, c.close
		},
		"ssh": func(t *testing.T, s *served, line string) (*client, func()) {
			c := s.login(t, "ssh", "xTR1", "lab")
			c.types(line + "\r")
			return c, c.close
		},
		"request": func(t *testing.T, s *served, line string) (*client, func()) {
			c, _ := s.request(t, s.dialSSH(t, "xTR1", "lab"), line)
			return c, c.close
		},
		"inside": func(t *testing.T, s *served, line string) (*client, func()) {
			c := s.login(t, "ssh", "New-MSMR", "lab")
			c.types("telnet 203.0.113.11\rlab\rlab\r" + line + "\r")
			return c, func() {
				c.close()
				s.quiet("New-MSMR")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			leaks(t)
			const echo = 100 // bytes
			var sent atomic.Int64
			s := serveObserved(t, devices.DefaultLab, func(e underlay.Event) {
				if e.Kind == underlay.Packet && len(e.Payload) == echo {
					sent.Add(1)
				}
			})
			s.power("Old-MSMR", false) // nobody answers
			c, end := begin(t, s, "ping 209.165.201.41 repeat 99 timeout 60")
			c.until("timeout is 60 seconds:")
			s.pass(time.Minute)
			before := sent.Load()
			if before == 0 {
				t.Fatal("the ping sends nothing")
			}
			end()
			s.quiet("xTR1")
			s.pass(10 * time.Minute)
			if after := sent.Load(); after != before {
				t.Errorf("%d packets were sent when nobody was there any more", after-before)
			}
		})
	}
}

// What somebody has begun by a request is over when he closes the session, whatever becomes of the connection.
func TestTasksEndWithTheirRequest(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	sh := New(s.lab, s.set)
	if err := sh.Attach("xTR1"); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	r, w := io.Pipe()
	sh.remote = newRemote(w, gone)
	over := make(chan error)
	go func() {
		_, err := sh.Exec(longPing)
		over <- err
	}()
	got := make([]byte, len(longBegun))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != longBegun {
		t.Fatalf("%q (%v)", got, err)
	}
	close(gone)
	if err := <-over; err != nil || sh.Busy() {
		t.Errorf("%v, busy %v", err, sh.Busy())
	}
}

// A task ends with the power of its router, and takes its session with it.
func TestTasksEndWithTheirRouter(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	over := s.login(t, "telnet", "New-MSMR", "lab")
	over.types("ssh -l lab 203.0.113.11\rlab\r" + longPing + "\r")
	over.until("60 seconds:")
	var list []*client
	for _, way := range ways {
		c := s.login(t, way, "xTR1", "lab")
		c.types(longPing + "\r")
		list = append(list, c)
	}
	c, _ := s.request(t, s.dialSSH(t, "xTR1", "lab"), longPing)
	for _, c := range append(list, c) {
		c.until("60 seconds:")
	}
	s.power("xTR1", false)
	for _, c := range append(list, c) {
		c.ends()
	}
	s.quiet("xTR1")
	s.pass(3 * time.Minute)
	over.until("[Connection to 203.0.113.11 closed by foreign host]\r\nNew-MSMR#")
}

// When the lab fails under a task its sessions end, and say why: nothing would come any more.
func TestTasksWhenTheLabFails(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	far := s.login(t, "telnet", "New-MSMR", "lab")
	far.types("telnet 203.0.113.11\rlab\rlab\r" + longPing + "\r")
	tracing := s.login(t, "ssh", "xTR1", "lab")
	tracing.types("traceroute 198.18.0.1 timeout 60\r")
	tracing.until("  1 ")
	asked, _ := s.request(t, s.dialSSH(t, "xTR1", "lab"), longPing)
	breaker := s.login(t, "telnet", "xTR1", "lab")
	for _, c := range []*client{far, asked} {
		c.until("60 seconds:")
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	breaker.types("telnet 209.165.201.31\r")
	breaker.ends()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	why := s.lab.Err()
	if why == nil {
		t.Fatal("the lab goes on")
	}
	for _, c := range []*client{far, tracing, asked} {
		if got := c.ends(); !strings.HasSuffix(strings.TrimRight(got, "\r\n"), "% "+why.Error()) {
			t.Errorf("%s: %q, expected %v", c.name, got, why)
		}
	}
	for range 4 {
		<-s.failed
	}
}

// The lab port lets hosts ping and trace: at its prompt and by requests.
func TestTasksAtTheLabPort(t *testing.T) {
	leaks(t)
	s := serve(t, "multihomed")
	dir, err := keysDir()
	if err != nil {
		t.Fatal(err)
	}
	port, err := NewLabPort(s.lab, s.set, netip.MustParseAddrPort("127.0.0.1:0"), HostKeys{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { <-over })
	ctx := t.Context()
	go func() {
		defer close(over)
		port.Serve(ctx)
	}()
	conn := port.dial(t).client
	c, session := s.sshShell(t, conn)
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	c.until("lab>")
	const line = "host PC-East ping 198.18.0.1 repeat 99"
	const begun = "Type escape sequence to abort.\nSending 99, 100-byte ICMP Echos to 198.18.0.1, timeout is 2 seconds:\n"
	c.types(line + "\rlin")
	c.shows(raw(line + "\n" + begun))
	s.pass(time.Minute)
	c.until(".")
	c.types("k East Core down\r\x1ehosts\r")
	c.until("\r\nSuccess rate is 0 percent (0/")
	c.until(")\r\nlab>link East Core down\r\nlab>hosts\r\nHost ")
	c.types(line + "\r")
	c.until(raw(begun))

	r, asked := s.request(t, conn, line)
	r.shows(begun)
	s.pass(time.Minute)
	r.until(".")
	r.types("\x1e")
	if got := r.ends(); !strings.Contains(got, ".\nSuccess rate is 0 percent (0/") {
		t.Errorf("saw %q", got)
	}
	if err := asked.Wait(); err != nil {
		t.Error(err)
	}
	r, asked = s.request(t, conn, line) // and never ended
	r.shows(begun)
	if err := asked.Close(); err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	r, _ = s.request(t, conn, line)
	r.shows(begun)
	c.close()
	c.ends()
}

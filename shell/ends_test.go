//go:build unix

package shell

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"lisplab/devices"
)

// power cuts the power of a router, or gives it back.
func (s *served) power(device string, on bool) {
	s.t.Helper()
	var err error
	s.lab.Do(func() {
		if on {
			err = s.lab.StartDevice(device)
		} else {
			err = s.lab.StopDevice(device)
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// When a router loses its power all connections to it end at once, whatever they wait for, and those to others do not.
func TestPowerEndsSessions(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	var ending []*client
	for _, way := range ways {
		pages := s.login(t, way, "xTR1", "lab")
		pages.types("show running-config\r")
		pages.until(more)
		asked := s.login(t, way, "xTR1", "lab")
		asked.types("write erase\r")
		asked.until("[confirm]")
		away := s.login(t, way, "xTR1", "lab")
		away.types("telnet 209.165.201.31\r")
		away.until("Username: ")
		ending = append(ending, s.login(t, way, "xTR1", "lab"), pages, asked, away)
	}
	nobody := s.telnet(t, "xTR1")
	nobody.until("Username: ")
	raw, err := net.Dial("tcp", s.endpoint("xTR1").SSH.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	knocking := &client{t: t, name: "SSH without a login", in: raw, out: raw, close: func() { _ = raw.Close() }}
	knocking.until("SSH-2.0-Cisco-1.25")
	idle := s.dialSSH(t, "xTR1", "lab") // no session
	other := s.login(t, "telnet", "New-MSMR", "lab")

	s.power("xTR1", false)
	for _, c := range append(ending, nobody, knocking) {
		c.ends()
	}
	_ = idle.Wait()
	s.quiet("xTR1")
	other.run("show clock", "New-MSMR#")
	if got, err := greeting(s.endpoint("xTR1").Telnet.String()); err == nil {
		t.Errorf("a router without power greets with %q", got)
	}
	s.power("xTR1", true)
	s.login(t, "telnet", "xTR1", "lab")
}

// What is typed at a session reaches its router only as long as the session has its line: not when the router has been
// restarted since, which would take it for somebody new at the level of an operator.
func TestNothingIsTypedBehindTheEnd(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, lab *devices.Lab, line *devices.Terminal){
		"restart": func(t *testing.T, lab *devices.Lab, _ *devices.Terminal) {
			for _, act := range []func(string) error{lab.StopDevice, lab.StartDevice} {
				if err := act("xTR1"); err != nil {
					t.Fatal(err)
				}
			}
		},
		"line": func(_ *testing.T, _ *devices.Lab, line *devices.Terminal) { line.Close() },
	} {
		lab, set := openLab(t, devices.DefaultLab)
		sh := New(lab, set)
		if err := sh.Attach("xTR1"); err != nil {
			t.Fatal(err)
		}
		d := lab.Device("xTR1")
		line, err := d.OpenVTY(0, d.Interfaces()[0].IPv4.Addr())
		if err != nil {
			t.Fatal(err)
		}
		sh.sit(line)
		for _, typed := range []string{"write erase", "configure terminal"} { // a question, and a mode
			if _, err := sh.Exec(typed); err != nil {
				t.Fatal(err)
			}
			if typed == "write erase" {
				if _, err := sh.Interrupt(); err != nil {
					t.Fatal(err)
				}
			}
		}
		logged := len(d.Log())
		end(t, lab, line)
		if name == "restart" {
			logged = len(d.Log())
		}
		for _, typed := range []string{"hostname WRONG", "do reload", "", "end", "show clock"} {
			if text, err := sh.Exec(typed); text != "" || err != nil || !sh.Closed() {
				t.Errorf("%s: %q answers %q (%v)", name, typed, text, err)
			}
			if text, err := sh.ExecEnd(typed); text != "" || err != nil {
				t.Errorf("%s: %q and Ctrl-Z answer %q (%v)", name, typed, text, err)
			}
		}
		if text, err := sh.Interrupt(); text != "" || err != nil {
			t.Errorf("%s: Ctrl-C answers %q (%v)", name, text, err)
		}
		if text := sh.Help("show "); text != "" {
			t.Errorf("%s: help is given:\n%s", name, text)
		}
		if got := d.Config().Hostname; got != "xTR1" || len(d.Log()) != logged {
			t.Errorf("%s: the hostname is %s, and %d lines are logged", name, got, len(d.Log())-logged)
		}
	}
}

// When the lab itself fails, for want of file descriptors here, the session says why it ends, and so does who serves it.
func TestLabFails(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(t *testing.T, s *served, c *client) {
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		none := limit
		none.Cur = 0
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
			t.Fatal(err)
		}
		c.types("telnet 209.165.201.31\r")
		shown := c.ends()
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		told := <-s.failed
		why, ok := strings.CutPrefix(told, "xTR1: ")
		if !ok || !strings.HasSuffix(shown, "\r\n% "+why+"\r\n") {
			t.Errorf("the session shows %q, and who serves it is told %q", shown, told)
		}
		if c.name != "ssh" {
			return
		}
		session, err := s.dialSSH(t, "xTR1", "lab").NewSession()
		if err != nil {
			t.Fatal(err)
		}
		out, err := session.Output("telnet 209.165.201.31")
		if told := <-s.failed; err == nil || !strings.HasSuffix(string(out), "% "+strings.TrimPrefix(told, "xTR1: ")+"\n") {
			t.Errorf("a command answers %q (%v), and who serves it is told %q", out, err, told)
		}
	})
}

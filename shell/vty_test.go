package shell

import (
	"fmt"
	"strings"
	"testing"

	"lisplab/devices"
	"lisplab/devices/password"
)

// TestTelnetLogin holds every byte of the dialog that asks who is there.
func TestTelnetLogin(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	c := s.telnet(t, "xTR1")
	c.shows("\r\n\r\nUser Access Verification\r\n\r\nUsername: ")
	c.types("\r\n")
	c.shows("\r\nUsername: ")
	c.types("lab\r\n")
	c.shows("lab\r\nPassword: ")
	c.types("wrong\r\n")
	c.shows("\r\n% Login invalid\r\n\r\nUsername: ")
	c.types("lax\x08b\r\x00")
	c.shows("lax\b \bb\r\nPassword: ")
	c.types("lab\n")
	c.shows("\r\nxTR1#")
	c.types("exit\r\n")
	if got := c.ends(); got != "exit\r\n" {
		t.Errorf("saw %q", got)
	}
}

// TestThreeBadLogins holds that a line hangs up then, and that nobody is told whether the name or the password was wrong.
func TestThreeBadLogins(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	c := s.telnet(t, "xTR1")
	c.shows("\r\n\r\nUser Access Verification\r\n\r\nUsername: ")
	for _, user := range []string{"lab", "nobody"} {
		c.types(user + "\r\nwrong\r\n")
		c.shows(user + "\r\nPassword: \r\n% Login invalid\r\n\r\nUsername: ")
	}
	c.types("lab\r\n\r\n")
	if got, want := c.ends(), "lab\r\nPassword: \r\n% Login invalid\r\n\r\n"; got != want {
		t.Errorf("saw %q, want %q", got, want)
	}
}

// TestLoginMethods holds what a line asks that is configured otherwise.
func TestLoginMethods(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	for _, tt := range []struct {
		name        string
		line        devices.Line
		typed, want string
	}{
		{"no login", devices.Line{Login: devices.LoginNone}, "exit\r", "xTR1>exit\r\n"},
		{"no login, level 15", devices.Line{Login: devices.LoginNone, Level: 15}, "exit\r", "xTR1#exit\r\n"},
		{"the line's password", devices.Line{Login: devices.LoginPassword, Password: password.Password{Text: "open"}}, "shut\ropen\rexit\r",
			"\r\n\r\nUser Access Verification\r\n\r\nPassword: \r\nPassword: \r\nxTR1>exit\r\n"},
		{"three bad passwords", devices.Line{Login: devices.LoginPassword, Password: password.Password{Text: "open"}}, "a\rb\rc\r",
			"\r\n\r\nUser Access Verification\r\n\r\nPassword: \r\nPassword: \r\nPassword: \r\n% Bad passwords\r\n"},
		{"no password set", devices.Line{}, "", "\r\n\r\nPassword required, but none set\r\n"},
	} {
		s.configure("xTR1", func(cfg *devices.Config) { cfg.VTYs = []devices.Line{tt.line} })
		c := s.telnet(t, "xTR1")
		c.types(tt.typed)
		if got := c.ends(); got != tt.want {
			t.Errorf("%s: saw\n%q, want\n%q", tt.name, got, tt.want)
		}
	}
}

// TestBanners holds where the texts of a router stand.
func TestBanners(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	s.configure("xTR1", func(cfg *devices.Config) {
		cfg.Banners = devices.Banners{MOTD: "\nToday: maintenance\n", Login: "Authorised users only\n", Exec: "Welcome\n"}
	})
	c := s.telnet(t, "xTR1")
	c.shows("\r\nToday: maintenance\r\nAuthorised users only\r\n\r\n\r\nUser Access Verification\r\n\r\nUsername: ")
	c.types("lab\r\nlab\r\n")
	c.shows("lab\r\nPassword: \r\nWelcome\r\nxTR1#")
}

// TestHelpAndTab holds what the keys that act at once show.
func TestHelpAndTab(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(t *testing.T, _ *served, c *client) {
		c.types("show cl?")
		c.shows("show cl?\r\nclock\r\n\r\nxTR1#show cl")
		c.types("\t")
		c.shows("\r\nxTR1#show clock ")
		c.types("\x15")
		c.shows(strings.Repeat("\b", 11) + strings.Repeat(" ", 11) + strings.Repeat("\b", 11))
		c.types("zz?")
		c.shows("zz?\r\n% Unrecognized command\r\nxTR1#zz")
	})
}

// TestHistories holds that the lines of EXEC and of configuration are recalled apart.
func TestHistories(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(t *testing.T, _ *served, c *client) {
		c.run("terminal history size 2", "xTR1#")
		c.run("conf t", "xTR1(config)#")
		c.run("hostname R1", "R1(config)#")
		c.types("\x10")
		c.shows("hostname R1")
		c.types("\x15\x1a")
		c.until("^Z\r\nR1#")
		c.types("\x10\x10\x10\x10")
		c.shows("conf t" + "\b\b\b\b\b\bterminal history size 2")
	})
}

// TestCtrlC holds that a line is given up, and configuration left.
func TestCtrlC(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(t *testing.T, _ *served, c *client) {
		c.types("show nonsense\x03")
		c.shows("show nonsense^C\r\nxTR1#")
		c.run("conf t", "xTR1(config)#")
		c.types("hostname no\x03")
		c.shows("hostname no^C\r\nxTR1#")
	})
}

// TestSessionEndsWithItsLine holds that a session that has lost its line takes no key any more.
func TestSessionEndsWithItsLine(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(t *testing.T, s *served, c *client) {
		s.lab.Do(func() { s.lab.Device("xTR1").Terminals()[0].Close() })
		c.types("\r")
		c.ends()
	})
}

// TestIdle holds that exec-timeout hangs up, on the wall clock and not on the lab's.
func TestIdle(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(t *testing.T, s *served, c *client) {
		var err error
		s.lab.Do(func() { err = s.lab.Advance(24 * 3600e9) })
		if err != nil {
			t.Fatal(err)
		}
		c.run("show clock", "xTR1#")
		s.configure("xTR1", func(cfg *devices.Config) {
			for i := range cfg.VTYs {
				cfg.VTYs[i].ExecTimeout = 1
			}
		})
		c.ends()
	})
}

// TestCloseEndsSessions holds that the end of the lab is the end of its sessions, wherever they stand.
func TestCloseEndsSessions(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	var open []*client
	for i, way := range []string{"ssh", "telnet", "ssh", "telnet"} {
		c := s.login(t, way, "xTR1", "lab")
		if i > 1 {
			c.types("show running-config\r")
			c.until(" --More-- ")
		}
		open = append(open, c)
	}
	open = append(open, s.telnet(t, "xTR1"))
	s.stop()
	for _, c := range open {
		c.ends()
	}
	if n := s.lines("xTR1"); n > 0 {
		t.Errorf("%d lines are still taken", n)
	}
}

// TestLogNamesTheLine holds how the log says who configured.
func TestLogNamesTheLine(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(t *testing.T, _ *served, c *client) {
		c.run("conf t", "xTR1(config)#")
		c.run("end", "xTR1#")
		c.run("terminal length 0", "xTR1#")
		got := c.run("show logging", "xTR1#")
		if want := "%SYS-5-CONFIG_I: Configured from console by lab on vty0 (127.0.0.1)"; !strings.Contains(got, want) {
			t.Errorf("the log is\n%s and lacks\n%s", got, want)
		}
	})
}

// TestNoLineFree holds that a session beyond the last line is refused, and served again when a line is free.
func TestNoLineFree(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			leaks(t)
			s := serve(t, devices.DefaultLab)
			var last *client
			for range 16 {
				last = s.login(t, way, "xTR1", "lab")
			}
			e := s.endpoint("xTR1")
			for name, port := range map[string]fmt.Stringer{"ssh": e.SSH, "telnet": e.Telnet} {
				if got, err := greeting(port.String()); got != "" || err == nil {
					t.Errorf("%s: the 17th session is greeted with %q (%v)", name, got, err)
				}
			}
			last.types("exit\r")
			last.ends()
			s.login(t, way, "xTR1", "lab")
		})
	}
}

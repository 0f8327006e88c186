package shell

import (
	"strings"
	"testing"
	"time"

	"lisplab/devices"
)

// inside are the two ways from router to router: what is typed, and what is then asked.
var inside = map[string]struct{ open, asked, login string }{
	"telnet": {"telnet 209.165.201.31\r", "Username: ", "lab\rlab\r"},
	"ssh":    {"ssh -l lab 209.165.201.31\r", "Password: ", "lab\r"},
}

const closedByMSMR = "[Connection to 209.165.201.31 closed by foreign host]"

// A session that one router has at another ends when nobody types there for the exec-timeout of its line.
func TestSessionsInTheLabTimeOut(t *testing.T) {
	for way, in := range inside {
		t.Run(way, func(t *testing.T) {
			leaks(t)
			s := serve(t, devices.DefaultLab)
			c := s.login(t, "ssh", "xTR1", "lab")
			c.types(in.open + in.login)
			c.until("New-MSMR#")
			if got := c.run("show users", "New-MSMR#"); !strings.Contains(got, "vty 0     lab        idle                 00:00:0") {
				t.Errorf("show users:\n%s", got)
			}
			s.configure("New-MSMR", func(cfg *devices.Config) { cfg.VTYs[0].ExecTimeout = time.Millisecond })
			c.until("\r\n" + closedByMSMR + "\r\nxTR1#")
			if n := s.lines("New-MSMR"); n != 0 {
				t.Errorf("%d lines of New-MSMR are taken", n)
			}
			c.run("show clock", "xTR1#")
		})
	}
}

// shortLogins gives nobody time to log in, from now on.
func shortLogins(t *testing.T, lab *devices.Lab) {
	t.Helper()
	vty, ssh := loginTime, sshLoginTime
	t.Cleanup(func() { lab.Do(func() { loginTime, sshLoginTime = vty, ssh }) })
	lab.Do(func() { loginTime, sshLoginTime = 1, 1 })
}

// Who does not log in at another router in time is disconnected, and takes no line any longer.
func TestLoginsInTheLabTimeOut(t *testing.T) {
	for way, in := range inside {
		t.Run(way, func(t *testing.T) {
			leaks(t)
			s := serve(t, devices.DefaultLab)
			c := s.login(t, "ssh", "xTR1", "lab")
			shortLogins(t, s.lab)
			c.types(in.open)
			c.until(closedByMSMR + "\r\nxTR1#")
			if n := s.lines("New-MSMR"); n != 0 {
				t.Errorf("%d lines of New-MSMR are taken", n)
			}
			c.run("show clock", "xTR1#")
		})
	}
}

// A script takes no time of the wall clock: nobody is idle or late in it, however long it runs.
func TestScriptsNeverTimeOut(t *testing.T) {
	for way, in := range inside {
		t.Run(way, func(t *testing.T) {
			leaks(t)
			s := inLab(t, "xTR1", nil)
			shortLogins(t, s.lab)
			cfg := s.lab.Device("New-MSMR").Config()
			for i := range cfg.VTYs {
				cfg.VTYs[i].ExecTimeout = 1
			}
			if err := s.lab.Device("New-MSMR").Apply(cfg); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(strings.ReplaceAll(in.open+in.login+"show clock\r", "\r", "\n")) {
				if _, err := s.Type(strings.TrimSuffix(line, "\n")); err != nil {
					t.Fatal(err)
				}
				passed := make(chan struct{})
				devices.AfterWall(time.Millisecond, func() { close(passed) })
				<-passed // timers that should not be there have run out
			}
			if got := s.Prompt(); got != "New-MSMR#" {
				t.Errorf("the prompt is %q", got)
			}
		})
	}
}

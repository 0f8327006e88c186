package shell

import (
	"strings"
	"testing"
	"time"

	"lisplab/devices"
)

const sshSession = `xTR1#ssh -l lab 209.165.201.31
Password: wrong
Password: lab
New-MSMR#show clock
*00:00:10.000 UTC Thu Jan 1 2026
New-MSMR#show log?
logging

New-MSMR#show clo<TAB>
New-MSMR#show clock 
New-MSMR#show clok
                 ^
% Invalid input detected at '^' marker.

New-MSMR#show users
    Line       User       Host(s)              Idle       Location
*  1 vty 0     lab        idle                 00:00:00 203.0.113.11

  Interface    User               Mode         Idle     Peer Address

New-MSMR#show ssh
Connection Version Mode Encryption  Hmac         State                 Username
0          2.0     IN   aes128-ctr  hmac-sha2-256 Session started       lab
0          2.0     OUT  aes128-ctr  hmac-sha2-256 Session started       lab
%No SSHv1 server connections running.
New-MSMR#conf t
Enter configuration commands, one per line.  End with CNTL/Z.
New-MSMR(config)#banner login #Keep out#
New-MSMR(config)#hostname MS<^Z>
MS#ssh 203.0.113.11
Password: lab
xTR1#show sessions
% No connections open
xTR1#exit

[Connection to 203.0.113.11 closed by foreign host]
MS#<^^>x
xTR1#ssh -v 2 -p 22 -l lab 209.165.201.31
Keep out
Password: <^^>x
!! advance 3m
xTR1#show sessions
Conn Host                Address             Byte  Idle Conn Name
   1 209.165.201.31      209.165.201.31         0     3 209.165.201.31
*  2 209.165.201.31      209.165.201.31         0     3 209.165.201.31
xTR1#resume 1
[Resuming connection 1 to 209.165.201.31 ... ]
MS#show clock
*00:03:10.000 UTC Thu Jan 1 2026
MS#<^^>x
xTR1#resume 2
[Resuming connection 2 to 209.165.201.31 ... ]
Password: lab
MS#<^^>x
xTR1#disconnect 2
Closing connection to 209.165.201.31 [confirm]
xTR1#resume
[Resuming connection 1 to 209.165.201.31 ... ]
MS#exit

[Connection to 209.165.201.31 closed by foreign host]
xTR1#where
% No connections open
xTR1#show ssh
%No SSHv2 server connections running.
%No SSHv1 server connections running.
`

// A person goes from router to router by SSH, leaves connections open and comes back, as on routers.
func TestSSHBetweenRouters(t *testing.T) {
	leaks(t)
	play(t, inLab(t, "xTR1", nil), sshSession)
}

// What keeps a connection from being made, or from being of use, in IOS's words.
func TestSSHThatFails(t *testing.T) {
	leaks(t)
	s := inLab(t, "xTR1", nil)
	vtys(t, s.lab.Device("xTR2"), devices.TransportTelnet)
	play(t, s, `xTR1#ssh -l lab 198.51.100.21
% Connection refused by remote host

xTR1#ssh -l lab -p 80 209.165.201.31
% Connection refused by remote host

xTR1#ssh -l lab 192.0.2.99
% Destination unreachable; gateway or host down

xTR1#ssh 209.165.201.41
% No user specified nor available for SSH client
xTR1#ssh -v 1 -l lab 209.165.201.41
            ^
% Invalid input detected at '^' marker.

!! device New-MSMR stop
xTR1#ssh -l lab 209.165.201.31
% Connection timed out; remote host not responding

xTR1#show clock
*00:00:40.000 UTC Thu Jan 1 2026
xTR1#ssh -l lab 209.165.201.41
Password: <^^>x
xTR1#ssh -l lab 209.165.201.41
Password: <^^>x
xTR1#ssh -l lab 209.165.201.41
% Connection refused by remote host

xTR1#disconnect 1
Closing connection to 209.165.201.41 [confirm]
xTR1#ssh -l nobody 209.165.201.41
Password: x
Password: lab
Password: 

[Connection to 209.165.201.41 closed by foreign host]
xTR1#
`)
	for typed, want := range map[string]string{
		"telnet 209.165.201.41 22":        "Trying 209.165.201.41, 22 ... Open\nSSH-2.0-Cisco-1.25\n",
		"ssh -l lab -p 23 209.165.201.41": "", // each waits for the other to speak
	} {
		if text, err := s.Type(typed); text != want || err != nil {
			t.Errorf("%s: %q (%v), expected %q", typed, text, err, want)
		}
		play(t, s, s.Prompt()+"<^^>x\nxTR1#disconnect 1\nClosing connection to 209.165.201.41 [confirm]\n")
	}
	if n := len(s.lab.Device("Old-MSMR").Terminals()); n != 1 {
		t.Errorf("%d sessions sit at Old-MSMR, expected the one whose password is being asked", n)
	}
}

// Keys wait for a path that is broken, and a connection without one is over after two minutes, at both ends.
func TestSSHOverABrokenPath(t *testing.T) {
	leaks(t)
	s := inLab(t, "xTR1", nil)
	play(t, s, `xTR1#ssh -l lab 209.165.201.31
Password: lab
!! link Core1 New-MSMR down
New-MSMR#show clock
!! advance 60s
!! link Core1 New-MSMR up
`)
	late, err := s.Type("")
	if want := "show clock\n*00:01:10.000 UTC Thu Jan 1 2026\n"; late != want || err != nil {
		t.Errorf("once the path is back the screen shows %q (%v), expected %q", late, err, want)
	}
	play(t, s, `New-MSMR#show clock
*00:01:10.000 UTC Thu Jan 1 2026
New-MSMR#<^^>x
xTR1#ssh -l lab 209.165.201.31
!! link Core1 New-MSMR down
Password: lab
<^^>x
!! advance 2m
xTR1#resume 2
[Resuming connection 2 to 209.165.201.31 ... ]

[Connection to 209.165.201.31 closed by foreign host]
xTR1#resume
[Resuming connection 1 to 209.165.201.31 ... ]

[Connection to 209.165.201.31 closed by foreign host]
`)
	if n := len(s.lab.Device("New-MSMR").Terminals()); n != 0 {
		t.Errorf("%d sessions sit at New-MSMR still", n)
	}
}

// A screen of more than what may be under way at a time comes whole, and in order.
func TestSSHOfAMegabyte(t *testing.T) {
	leaks(t)
	s := inLab(t, "xTR1", nil)
	play(t, s, "xTR1#ssh -l lab 209.165.201.31\nPassword: lab\nNew-MSMR#terminal length 0\n")
	one, err := s.Type("show running-config")
	if err != nil {
		t.Fatal(err)
	}
	far := s.lab.Device("New-MSMR")
	cfg := far.Config()
	cfg.Banners.Exec = strings.Repeat(strings.Repeat("x", 1023)+"\n", 3*sshAhead/1024)
	if err := far.Apply(cfg); err != nil {
		t.Fatal(err)
	}
	play(t, s, "New-MSMR#exit\n\n[Connection to 209.165.201.31 closed by foreign host]\nxTR1#ssh -l lab 209.165.201.31\n")
	got, err := s.Type("lab")
	if got != cfg.Banners.Exec || err != nil {
		t.Errorf("%d bytes (%v), expected %d", len(got), err, len(cfg.Banners.Exec))
	}
	if s.Prompt() != "New-MSMR#" || one == "" {
		t.Errorf("the prompt is %q", s.Prompt())
	}
}

// From outside a person uses SSH inside the lab key by key: what he types ahead arrives, the far router's log reaches him by
// itself, and nothing is left of it all when he hangs up or a router loses its power.
func TestSSHFromOutside(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(t *testing.T, s *served, c *client) {
		c.types("ssh 209.165.201.31\rlab\rterminal monitor\r") // all of it ahead
		c.shows("ssh 209.165.201.31\r\nPassword: \r\nNew-MSMR#terminal monitor\r\nNew-MSMR#")
		s.lab.Do(func() { s.lab.Device("New-MSMR").NoteConfigured("console") })
		c.until("%SYS-5-CONFIG_I: Configured from console by console\r\n")
		c.types("\x1ex")
		c.shows("\r\nxTR1#")
		if got := c.run("show sessions", "xTR1#"); !strings.Contains(got, "*  1 209.165.201.31") {
			t.Errorf("show sessions: %q", got)
		}
		c.types("resume\r")
		c.shows("resume\r\n[Resuming connection 1 to 209.165.201.31 ... ]\r\n")
		c.types("sh\tclock\x15\r") // keys are the far end's
		c.until("New-MSMR#show ")
		c.types("exit\r")
		c.until("[Connection to 209.165.201.31 closed by foreign host]\r\nxTR1#")

		c.types("ssh 209.165.201.31\r")
		c.until("Password: ")
		if n := s.lines("New-MSMR"); n != 1 {
			t.Errorf("%d sessions at New-MSMR, expected 1", n)
		}
		c.types("\x1ex")
		c.until("xTR1#")
		c.types("ssh 209.165.201.41\rlab\r")
		c.until("Old-MSMR#")
		s.lab.Do(func() {
			if err := s.lab.StopDevice("New-MSMR"); err != nil {
				t.Error(err)
			}
		})
		c.close()
		c.ends()
		s.stop()
		s.lab.Do(func() {
			if n := len(s.lab.Device("Old-MSMR").Terminals()); n != 0 {
				t.Errorf("%d sessions sit at Old-MSMR behind a person who has hung up", n)
			}
		})
	})
}

// A lab that is closed in the middle of a connection, logged in or not, leaves nothing behind.
func TestSSHAndTheEndOfALab(t *testing.T) {
	leaks(t)
	s := inLab(t, "xTR1", nil)
	play(t, s, "xTR1#ssh -l lab 209.165.201.31\nPassword: <^^>x\nxTR1#ssh -l lab 209.165.201.31\nPassword: lab\nNew-MSMR#<^^>x\n")
	if err := s.lab.Advance(time.Second); err != nil {
		t.Fatal(err)
	}
}

// Somebody who speaks no SSH at the port of SSH is disconnected at once, whatever else happens in the lab, and takes no line
// any longer.
func TestSSHAtWhichNobodySpeaksSSH(t *testing.T) {
	for name, typed := range map[string]string{
		"no version":               strings.Repeat("x", 300),
		"a version, and then text": "SSH-2.0-me\n" + strings.Repeat("x", 40),
	} {
		t.Run(name, func(t *testing.T) {
			leaks(t)
			s := inLab(t, "xTR1", nil)
			if text, err := s.Type("telnet 209.165.201.31 22"); text != "Trying 209.165.201.31, 22 ... Open\nSSH-2.0-Cisco-1.25\n" || err != nil {
				t.Fatalf("%q (%v)", text, err)
			}
			text, err := s.Type(typed)
			if want := "[Connection to 209.165.201.31 closed by foreign host]\n"; !strings.HasSuffix(text, want) || err != nil {
				t.Errorf("%q (%v), expected it to end in %q", text, err, want)
			}
			if n := len(s.lab.Device("New-MSMR").Terminals()); n != 0 {
				t.Errorf("%d lines of New-MSMR are taken", n)
			}
		})
	}
}

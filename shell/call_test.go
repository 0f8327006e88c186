package shell

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/devices/password"
	"lisplab/devices/underlay"
)

// inLab is a terminal at a router of a lab whose routers let the user lab in, at two vtys each.
func inLab(t testing.TB, device string, observe func(underlay.Event)) *Shell {
	t.Helper()
	set, err := commands.New()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := devices.OpenLab("reliable-registration", devices.Options{Parse: set.Load, Observe: observe})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, d := range lab.Devices() {
		vtys(t, d, devices.TransportAll)
	}
	if err := lab.Advance(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	s := New(lab, set)
	if err := s.Attach(device); err != nil {
		t.Fatal(err)
	}
	return s
}

// vtys gives a router two vtys that take what they are told, from the user lab.
func vtys(t testing.TB, d *devices.Device, by devices.Transport) {
	t.Helper()
	cfg := d.Config()
	cfg.Users = []devices.User{{Name: "lab", Level: 15, Secret: true, Password: password.Password{Text: "lab"}}}
	cfg.VTYs = make([]devices.Line, devices.DefaultVTYs) // fewer there can't be
	for i := range cfg.VTYs {
		cfg.VTYs[i].Login, cfg.VTYs[i].TransportInput = devices.LoginLocal, devices.TransportNone
		if i < 2 {
			cfg.VTYs[i].TransportInput = by
		}
	}
	if err := d.Apply(cfg); err != nil {
		t.Fatal(err)
	}
}

// play types the lines of a screen that stand behind a prompt of a script, and shows what the screen becomes. A line `!!`
// goes to the lab.
func play(t testing.TB, s *Shell, want string) {
	t.Helper()
	var got strings.Builder
	prompt, completed := s.Prompt(), false
	for line := range strings.Lines(want) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case completed: // the prompt that comes again is the answer
			completed = false
			continue
		case strings.HasPrefix(line, "!! "):
			got.WriteString(line + "\n")
			if _, err := direct(s, line[3:]); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		case strings.HasPrefix(line, prompt):
			typed := line[len(prompt):]
			text, err := s.Type(typed)
			if err != nil {
				t.Fatal(err)
			}
			got.WriteString(line + "\n" + text)
			completed = strings.HasSuffix(typed, KeyTab)
		default:
			continue
		}
		prompt = s.Prompt()
	}
	if got.String() != want {
		t.Errorf("the screen shows\n%s\nexpected\n%s", got.String(), want)
	}
}

// direct is a directive of a transcript.
func direct(s *Shell, line string) (text string, err error) {
	s.lab.Do(func() {
		if text, err = s.Direct(line); err == nil {
			err = s.lab.Settle()
		}
	})
	return text, err
}

const telnetSession = `xTR1#telnet 209.165.201.31
Trying 209.165.201.31 ... Open


User Access Verification

Username: lab
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

New-MSMR#conf t
Enter configuration commands, one per line.  End with CNTL/Z.
New-MSMR(config)#hostname MS<^Z>
MS#telnet 203.0.113.11
Trying 203.0.113.11 ... Open


User Access Verification

Username: lab
Password: lab
xTR1#show sessions
% No connections open
xTR1#exit

[Connection to 203.0.113.11 closed by foreign host]
MS#<^^>x
xTR1#209.165.201.41
Trying 209.165.201.41 ... Open


User Access Verification

Username: <^^>x
!! advance 3m
xTR1#show sessions
Conn Host                Address             Byte  Idle Conn Name
   1 209.165.201.31      209.165.201.31         0     3 209.165.201.31
*  2 209.165.201.41      209.165.201.41         0     3 209.165.201.41
xTR1#resume 1
[Resuming connection 1 to 209.165.201.31 ... ]
MS#show clock
*00:03:10.000 UTC Thu Jan 1 2026
MS#<^^>x
xTR1#disconnect 2
Closing connection to 209.165.201.41 [confirm]
xTR1#resume 2
% 2 is not an open connection
xTR1#resume
[Resuming connection 1 to 209.165.201.31 ... ]
MS#conf t
Enter configuration commands, one per line.  End with CNTL/Z.
MS(config)#hostname New-MSMR
New-MSMR(config)#end
New-MSMR#exit

[Connection to 209.165.201.31 closed by foreign host]
xTR1#resume
% There is no current connection
xTR1#where
% No connections open
`

// A person goes from router to router by telnet, leaves connections open and comes back, as on routers.
func TestTelnetBetweenRouters(t *testing.T) {
	leaks(t)
	play(t, inLab(t, "xTR1", nil), telnetSession)
}

// A session by telnet is as repeatable as the rest of a lab: it passes the underlay, and gives the same trace every time.
func TestTelnetIsRepeatable(t *testing.T) {
	var traces [2]strings.Builder
	for i := range traces {
		t.Run("", func(t *testing.T) {
			s := inLab(t, "xTR1", func(e underlay.Event) {
				fmt.Fprintf(&traces[i], "%v %v %v>%v %d %d %q\n", e.At, e.Kind, e.Src, e.Dst, e.Seq, e.Ack, e.Payload)
			})
			play(t, s, telnetSession)
		})
	}
	if traces[0].String() != traces[1].String() {
		t.Error("two runs of one session have different traces")
	}
	for _, want := range []string{"dial 203.0.113.11:", "accept 209.165.201.31:23>203.0.113.11:", "User Access Verification"} {
		if !strings.Contains(traces[0].String(), want) {
			t.Errorf("the trace has no %q", want)
		}
	}
}

// What keeps a connection from being made, in IOS's words.
func TestTelnetThatFails(t *testing.T) {
	leaks(t)
	s := inLab(t, "xTR1", nil)
	vtys(t, s.lab.Device("xTR2"), devices.TransportSSH)
	play(t, s, `xTR1#telnet 198.51.100.21
Trying 198.51.100.21 ...
% Connection refused by remote host

xTR1#telnet 209.165.201.31 80
Trying 209.165.201.31, 80 ...
% Connection refused by remote host

xTR1#telnet 192.0.2.99
Trying 192.0.2.99 ...
% Destination unreachable; gateway or host down

!! device New-MSMR stop
xTR1#telnet 209.165.201.31
Trying 209.165.201.31 ...
% Connection timed out; remote host not responding

xTR1#show clock
*00:00:40.000 UTC Thu Jan 1 2026
xTR1#telnet New-MSMR
% Bad IP address or host name
% Unknown command or computer name, or unable to find computer address

xTR1#telnet 209.165.201.41
Trying 209.165.201.41 ... Open


User Access Verification

Username: <^^>x
xTR1#telnet 209.165.201.41
Trying 209.165.201.41 ... Open


User Access Verification

Username: <^^>x
xTR1#telnet 209.165.201.41
Trying 209.165.201.41 ...
% Connection refused by remote host

xTR1#disconnect 1
Closing connection to 209.165.201.41 [confirm]
xTR1#telnet 209.165.201.41
Trying 209.165.201.41 ... Open


User Access Verification

Username: nobody
Password: x
% Login invalid

Username: nobody
Password: x
% Login invalid

Username: nobody
Password: x
% Login invalid


[Connection to 209.165.201.41 closed by foreign host]
xTR1#
`)
	if s.Exec("telnet 192.0.2.99"); !s.Refused() {
		t.Error("a connection that can't be made is no refused line")
	}
}

// Keys wait for a path that is broken, and a connection without one is over after two minutes, at both ends.
func TestTelnetOverABrokenPath(t *testing.T) {
	leaks(t)
	s := inLab(t, "xTR1", nil)
	play(t, s, `xTR1#telnet 209.165.201.31
Trying 209.165.201.31 ... Open


User Access Verification

Username: lab
Password: lab
!! link Core1 New-MSMR down
New-MSMR#show clock
!! advance 60s
!! link Core1 New-MSMR up
`)
	late, err := s.Type("") // what has come since stands above the answer
	if want := "show clock\n*00:01:10.000 UTC Thu Jan 1 2026\n"; late != want || err != nil {
		t.Errorf("once the path is back the screen shows %q (%v), expected %q", late, err, want)
	}
	play(t, s, `New-MSMR#show clock
*00:01:10.000 UTC Thu Jan 1 2026
!! link Core1 New-MSMR down
!! advance 2m
`)
	late, err = s.Type("show clock")
	if want := "\n[Connection to 209.165.201.31 closed by foreign host]\n*00:03:10.000 UTC Thu Jan 1 2026\n"; late != want || err != nil {
		t.Errorf("without a path the screen shows %q (%v), expected %q", late, err, want)
	}
	if n := len(s.lab.Device("New-MSMR").Terminals()); n != 0 {
		t.Errorf("%d sessions sit at New-MSMR still", n)
	}
}

// From outside a person uses telnet inside the lab key by key: what he types ahead arrives, the far router's log reaches
// him by itself, and nothing is left of it all when he hangs up.
func TestTelnetFromOutside(t *testing.T) {
	bothWays(t, "xTR1", "lab", func(t *testing.T, s *served, c *client) {
		c.types("telnet 209.165.201.31\rlab\rlab\r") // all of it ahead
		c.shows("telnet 209.165.201.31\r\nTrying 209.165.201.31 ... Open\r\n\r\n\r\nUser Access Verification\r\n\r\nUsername: lab\r\nPassword: \r\nNew-MSMR#")
		if got := c.run("terminal monitor", "New-MSMR#"); got != "" {
			t.Errorf("terminal monitor shows %q", got)
		}
		s.lab.Do(func() {
			if err := s.lab.SetLink("Core1", "PxTR1", false); err != nil {
				t.Error(err)
			}
			s.lab.Device("New-MSMR").NoteConfigured("console")
		})
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

		c.types("telnet 209.165.201.31\r")
		c.until("Username: ")
		if n := s.lines("New-MSMR"); n != 1 {
			t.Errorf("%d sessions at New-MSMR, expected 1", n)
		}
		c.close()
		c.ends()
		s.stop()
		s.lab.Do(func() {
			if n := len(s.lab.Device("New-MSMR").Terminals()); n != 0 {
				t.Errorf("%d sessions sit at New-MSMR behind a person who has hung up", n)
			}
		})
	})
}

// A person may give up a connection that is still being made, and loses those of a router that loses its power.
func TestTelnetGivenUp(t *testing.T) {
	leaks(t)
	s := serve(t, devices.DefaultLab)
	c := s.login(t, "telnet", "xTR1", "lab")
	s.lab.Do(func() {
		if err := s.lab.StopDevice("New-MSMR"); err != nil {
			t.Error(err)
		}
	})
	c.types("telnet 209.165.201.31\r")
	c.until("Trying 209.165.201.31 ... ")
	c.types("\x1e")
	c.until("\r\nxTR1#")
	c.types("telnet 209.165.201.41\r")
	c.until("Username: ")
	s.lab.Do(func() {
		if err := s.lab.StopDevice("xTR1"); err != nil {
			t.Error(err)
		}
	})
	c.ends()
}

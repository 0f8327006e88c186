package clients

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
)

// typed are what a fuzzer starts from: what people and clients type, and noise.
var typed = []string{
	"show version\r", "show running-config\r q\r", "conf t\rrouter lisp\rsite X\reid-prefix 10.0.0.0/8\x1a",
	"sh?\t\x15\x10\x0e\x1b[A\x1b[D\x1bb\x12", "enable\rlab\rshow privilege\r", "\x1e" + "x\x03\x04\x1a\x16?",
	"terminal length 3\r?   \rterminal monitor\rconf t\rend\r", "copy running-config startup-config\r\r", "reload\r\r", "write erase\r\r",
	"show run | inc (((\rshow run | sec a*|b\rshow run | redirect flash:x\r", "conf t\rline vty 0 4\rno login\rexit\rhostname \xff\xfe\r",
	"\xff\xff\xff\xf4\xff\xfa\x18\x01\xff\xf0\x00\x00\r\n\r\x00", "banner motd #\r\n#\r", "telnet 10.0.0.1\r\x1ex", "delete flash:*\ry\r",
	strings.Repeat("a", 2000), strings.Repeat("\r", 100), strings.Repeat("?", 50),
}

// fuzz runs a fuzzer against a router: attack types at it until the router has hung up, one way or another. Sessions of
// others, at this router and at another one, must not notice.
func fuzz(f *testing.F, attack func(t *testing.T, s *served, input string, other bool)) {
	for _, text := range typed {
		f.Add(text, false)
		f.Add(text, true)
	}
	s := serve(f, labOptions{})
	var initial devices.Config
	s.do(f, func(lab *devices.Lab) error {
		initial = lab.Device("xTR1").Config()
		return nil
	})
	far := s.login(f, "ssh", "New-MSMR", user)
	f.Fuzz(func(t *testing.T, input string, other bool) {
		far.t = t
		near := s.login(t, "telnet", "xTR1", user)
		var line *devices.Terminal
		s.do(t, func(lab *devices.Lab) error {
			line = lab.Device("xTR1").Terminals()[0]
			return nil
		})
		attack(t, s, input, other)
		far.run("show clock", "New-MSMR#")
		// Whoever is let in may reload a router, change its name or take its lines away. All else must not end a session.
		seated := false
		s.do(t, func(lab *devices.Lab) error {
			d := lab.Device("xTR1")
			if seated = line.Open(); !d.Running() {
				if err := lab.Advance(time.Hour); err != nil {
					return err
				}
			}
			return d.Apply(initial)
		})
		if seated {
			near.types("show clock\r")
			near.sees("show clock\r\n")
			near.sees(" UTC ")
		}
		near.close()
		again := s.login(t, "ssh", "xTR1", user)
		again.run("show clock", "xTR1#")
		again.close()
	})
}

// hangUp types all of an input, says that nothing more comes, and reads until the router hangs up too.
func hangUp(t *testing.T, input string, in io.Writer, closeIn func() error, out io.Reader, closeAll func()) {
	t.Helper()
	over := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, out)
		over <- err
	}()
	late := time.AfterFunc(patience, closeAll)
	_, _ = io.WriteString(in, input) // fails when the router has hung up first
	_ = closeIn()
	<-over
	if !late.Stop() {
		t.Errorf("the router is still there %v after the end of what was typed", patience)
	}
	closeAll()
}

// FuzzSSH types anything at a session over SSH, or has a router run it as a command.
func FuzzSSH(f *testing.F) {
	fuzz(f, func(t *testing.T, s *served, input string, command bool) {
		conn := s.dial(t, "xTR1", user)
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
		if command {
			err = ch.Start(input)
		} else {
			err = ch.Shell()
		}
		if err != nil {
			t.Fatal(err)
		}
		hangUp(t, input, in, in.Close, out, func() { _ = conn.Close() })
	})
}

// FuzzTelnet types anything at a telnet connection, before a login or behind it.
func FuzzTelnet(f *testing.F) {
	fuzz(f, func(t *testing.T, s *served, input string, before bool) {
		conn, err := net.Dial("tcp", s.endpoint(t, "xTR1").Telnet.String())
		if err != nil {
			t.Fatal(err)
		}
		if !before {
			input = user + "\r" + secret + "\r" + input
		}
		hangUp(t, input, conn, conn.(*net.TCPConn).CloseWrite, conn, func() { _ = conn.Close() })
	})
}

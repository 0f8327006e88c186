package devices

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// parrot makes the routers of a lab answer telnet with what they are told, and write down what happens.
func parrot(lab *Lab) (said *strings.Builder) {
	said = &strings.Builder{}
	lab.Answer(func(d *Device, s *Stream) {
		line, err := d.OpenVTY(TransportTelnet, s.Remote.Addr())
		if err != nil {
			s.Close(true)
			return
		}
		s.OnChange(func() {
			if data := s.Read(); len(data) > 0 {
				s.Write([]byte(strings.ToUpper(string(data))))
			}
			if s.State() == StreamClosed {
				line.Close()
				fmt.Fprintf(said, "%v %s: %v; ", lab.Now().Sub(labStart), d.Name(), s.Reason())
			}
		})
	})
	return said
}

func telnetAt(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, TelnetPort) }

// Two routers talk over a Stream while their LISP goes on; a session's line is its own for as long as it lasts.
func TestStream(t *testing.T) {
	lab := open(t, DefaultLab, Options{})
	said := parrot(lab)
	advance(t, lab, 10)
	far := lab.Device("New-MSMR")
	s := lab.Device("xTR1").Dial(telnetAt(newMSMR))
	if s.State() != StreamDialling {
		t.Fatalf("a dial is %v at once", s.State())
	}
	s.Write([]byte("lost"))
	must(t, lab.AwaitOthers())
	if s.State() != StreamOpen || s.Local.Addr() != xTR1 || s.Remote != telnetAt(newMSMR) || len(far.Terminals()) != 1 || far.Terminals()[0].From != xTR1 {
		t.Fatalf("state %v, from %v to %v, %d terminals", s.State(), s.Local, s.Remote, len(far.Terminals()))
	}
	s.Write([]byte("hello"))
	must(t, lab.Settle())
	if s.Waiting() != 5 || string(s.Read()) != "HELLO" || s.Waiting() != 0 {
		t.Error("the parrot has not answered")
	}
	advance(t, lab, 60)
	if s.Idle() != time.Minute {
		t.Errorf("idle for %v", s.Idle())
	}
	s.Close(false)
	must(t, lab.Settle())
	if said.String() != "1m10s New-MSMR: closed by peer; " || len(far.Terminals()) != 0 {
		t.Errorf("said %q, %d terminals", said, len(far.Terminals()))
	}
	if s.Close(true); s.State() != StreamClosed {
		t.Error("a closed stream is open again")
	}
	if got := sessionWith(lab, "xTR1", newMSMR); !strings.HasPrefix(got, "Up 1m8s") {
		t.Errorf("the reliable session beside it: %s", got)
	}
}

// Why a dial comes to nothing, and when.
func TestStreamThatIsNotMade(t *testing.T) {
	lab := open(t, DefaultLab, Options{})
	for _, row := range []struct {
		what   string
		before func()
		to     netip.AddrPort
		reason string
		after  time.Duration
	}{
		{"nobody answers telnet in this lab", func() {}, telnetAt(newMSMR), "connection refused", 0},
		{"another port", func() { parrot(lab) }, netip.AddrPortFrom(newMSMR, 80), "connection refused", 0},
		{"no route", func() {}, telnetAt(netip.MustParseAddr("192.0.2.99")), "no route", 0},
		{"no vty takes telnet", func() {
			cfg := lab.Device("xTR2").Config()
			cfg.VTYs = make([]Line, DefaultVTYs)
			for i := range cfg.VTYs {
				cfg.VTYs[i].TransportInput = TransportSSH
			}
			must(t, lab.Device("xTR2").Apply(cfg))
		}, telnetAt(xTR2), "connection refused", 0},
		{"all vtys are taken", func() {
			for range DefaultVTYs {
				if _, err := lab.Device("Old-MSMR").OpenVTY(0, netip.Addr{}); err != nil {
					t.Fatal(err)
				}
			}
		}, telnetAt(oldMSMR), "connection refused", 0},
		{"the router is stopped", func() { must(t, lab.StopDevice("New-MSMR")) }, telnetAt(newMSMR), "timed out", 30 * time.Second},
	} {
		row.before()
		start := lab.Now()
		s := lab.Device("xTR1").Dial(row.to)
		must(t, lab.AwaitOthers())
		if s.State() != StreamClosed || s.Reason().String() != row.reason || lab.Now().Sub(start) != row.after {
			t.Errorf("%s: state %v, %v after %v; expected %s after %v", row.what, s.State(), s.Reason(), lab.Now().Sub(start), row.reason, row.after)
		}
	}
	if s := lab.Device("New-MSMR").Dial(telnetAt(xTR1)); s.State() != StreamClosed {
		t.Error("a router without power dials")
	}
}

// A router that loses its power takes its streams with it; the other end notices when it would on a real network.
func TestStreamsAndPower(t *testing.T) {
	lab := open(t, DefaultLab, Options{})
	said := parrot(lab)
	ours, theirs := lab.Device("xTR1").Dial(telnetAt(newMSMR)), lab.Device("New-MSMR").Dial(telnetAt(xTR1))
	must(t, lab.Settle())
	must(t, lab.StopDevice("New-MSMR"))
	must(t, lab.Settle())
	if ours.State() != StreamOpen || theirs.State() != StreamClosed {
		t.Errorf("at the power cut: %v and %v", ours.State(), theirs.State())
	}
	theirs.Write([]byte("from the dead"))
	advance(t, lab, 120)
	if ours.State() != StreamClosed || ours.Reason().String() != "timed out" {
		t.Errorf("two minutes behind the power cut: %v, %v", ours.State(), ours.Reason())
	}
	if want := "0s New-MSMR: connection reset; 2m0s xTR1: timed out; "; said.String() != want {
		t.Errorf("the answering ends say %q, expected %q", said, want)
	}
}

// The ends of a connection know each other for as long as both are there, by whichever protocol.
func TestStreamPeer(t *testing.T) {
	lab := open(t, DefaultLab, Options{})
	var theirs *Stream
	lab.Answer(func(_ *Device, s *Stream) { theirs = s })
	for _, port := range []uint16{SSHPort, TelnetPort} {
		ours := lab.Device("xTR1").Dial(netip.AddrPortFrom(newMSMR, port))
		if ours.Peer() != nil {
			t.Error("a connection that is being made has another end")
		}
		must(t, lab.AwaitOthers())
		if ours.Peer() != theirs || theirs.Peer() != ours {
			t.Errorf("port %d: the ends don't find each other", port)
		}
		ours.Close(false)
		must(t, lab.Settle())
		if theirs.Peer() != nil {
			t.Errorf("port %d: a closed connection has another end", port)
		}
	}
}

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/net/icmp"

	"lisplab/devices"
	"lisplab/devices/underlay"
)

// impair changes a link.
func (l *liveLab) impair(a, b string, oneWay bool, i underlay.Impairment) {
	l.t.Helper()
	l.do(func() error { return l.Impair(a, b, oneWay, func(to *underlay.Impairment) { *to = i }) })
}

// The kernel's own ping meets what a link does, in each direction by itself, and nothing of it when the link is mended.
func TestNetnsImpairments(t *testing.T) {
	needNetns(t)
	l := openLive(t, testRun("impairments"))
	const xTR1 = "203.0.113.11"
	reaches := func(what string, want int) {
		t.Helper()
		if got := l.ping("New-MSMR", xTR1, 1); got != want {
			t.Errorf("%s: %d of 1 echoes were answered, want %d", what, got, want)
		}
	}
	takes := func(what string, least time.Duration) {
		t.Helper()
		var answered int
		var took time.Duration
		l.icmp("New-MSMR", func(c *icmp.PacketConn) (err error) {
			sent := time.Now()
			answered, err = echo(c, xTR1, 2)
			took = time.Since(sent) / 2
			return err
		})
		if answered != 2 || took < least {
			t.Errorf("%s: %d of 2 echoes were answered, each in %v, want at least %v", what, answered, took, least)
		}
	}
	reaches("as it is", 1)
	l.impair("xTR1", "Core1", true, underlay.Impairment{Loss: 100})
	reaches("all is lost on the way back", 0)
	l.impair("xTR1", "Core1", false, underlay.Impairment{})
	reaches("mended", 1)

	l.impair("xTR1", "Core1", true, underlay.Impairment{Delay: 50 * time.Millisecond})
	takes("a delay of 50 ms on the way back", 50*time.Millisecond)
	l.impair("Core1", "xTR1", true, underlay.Impairment{Delay: 30 * time.Millisecond})
	takes("and 30 ms there", 80*time.Millisecond)
	const bits = 8 * uint64(20+8+len("by the kernel")) // of an echo
	l.impair("xTR1", "Core1", false, underlay.Impairment{Rate: 100 * bits})
	takes("100 echoes a second, both ways", 20*time.Millisecond)
	l.impair("xTR1", "Core1", false, underlay.Impairment{Duplicate: 100, Reorder: 100})
	takes("all packets come late", 2*underlay.ReorderGap)
	l.impair("xTR1", "Core1", false, underlay.Impairment{Corrupt: 100})
	reaches("the checksum of ICMP tells", 0)

	// The power of a router that is in the middle of it is cut, and the lab ends with packets on their way.
	l.impair("xTR1", "Core1", false, underlay.Impairment{Delay: time.Hour})
	l.do(func() error { return l.StopDevice("xTR1") })
	l.do(func() error { return l.StartDevice("xTR1") })
	reaches("in an hour", 0)
}

// Two routers and two hosts are at one segment. Its cable is the routers' own: what it does to them, it does to nobody else.
func TestNetnsImpairedLAN(t *testing.T) {
	needNetns(t)
	files := fstest.MapFS{
		"lan/lab.yaml": {Data: []byte(`
devices:
  - {name: R1, config: R1}
  - {name: R2, config: R2}
links:
  - R1:GigabitEthernet0/0 -- R2:GigabitEthernet0/0
hosts:
  - {name: H1, address: 10.0.0.11/24, attached: R1:GigabitEthernet0/0}
  - {name: H2, address: 10.0.0.12/24, attached: R2:GigabitEthernet0/0}
`)},
		"lan/R1": {Data: []byte("hostname R1\ninterface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\nend\n")},
		"lan/R2": {Data: []byte("hostname R2\ninterface GigabitEthernet0/0\n ip address 10.0.0.2 255.255.255.0\nend\n")},
	}
	l := openLiveLab(t, "lan", devices.Options{FS: files, Run: testRun("lan")})
	everybody := map[string]string{"R1": "10.0.0.1", "R2": "10.0.0.2", "H1": "10.0.0.11", "H2": "10.0.0.12"}
	for _, impaired := range []bool{false, true} {
		if impaired {
			l.impair("R1", "R2", true, underlay.Impairment{Loss: 100})
		}
		for from := range everybody {
			for to, address := range everybody {
				want := 1
				if impaired && strings.HasPrefix(from, "R") && strings.HasPrefix(to, "R") {
					want = 0
				}
				if got := l.ping(from, address, 1); from != to && got != want {
					t.Errorf("%s to %s, impaired %t: %d of 1 echoes were answered, want %d", from, to, impaired, got, want)
				}
			}
		}
	}
}

// A segment that is impaired and mended again leaves nothing open.
func TestNetnsImpairmentsLeaveNothing(t *testing.T) {
	needNetns(t)
	l := openLive(t, testRun("mended"))
	l.shows("New-MSMR", "show lisp session", "total: 2, established: 2")
	open := func() int {
		files, err := filepath.Glob("/proc/self/fd/*")
		if err != nil {
			t.Fatal(err)
		}
		sockets := 0
		for _, f := range files {
			if to, err := os.Readlink(f); err == nil && strings.HasPrefix(to, "socket:") {
				sockets++
			}
		}
		return sockets
	}
	l.impair("Core1", "Core2", false, underlay.Impairment{})
	before := open()
	l.impair("Core1", "Core2", false, underlay.Impairment{Duplicate: 50})
	if relayed := open(); relayed != before+2 {
		t.Errorf("%d sockets were open, and %d are: want one more for each end", before, relayed)
	}
	l.impair("Core1", "Core2", false, underlay.Impairment{})
	if after := open(); after != before {
		t.Errorf("%d sockets were open, and %d are", before, after)
	}
	if l.ping("Core1", "192.0.2.1", 1) != 1 {
		t.Error("Core1 does not reach Core2 any more")
	}
}

// The interfaces show what the kernel has counted since they were cleared: what a link loses has left one and does not come in at
// the other. What passed since, a boot forgets.
func TestNetnsCounters(t *testing.T) {
	needNetns(t)
	l := openLive(t, testRun("counters"))
	counters := func(device, name string) (c devices.InterfaceCounters) {
		t.Helper()
		l.Do(func() {
			var ok bool
			if c, ok = l.Device(device).InterfaceCounters(name); !ok || c.Modelled {
				t.Errorf("%s %s has no counters of the kernel's", device, name)
			}
		})
		return c
	}
	const sender, receiver, echoes = "GigabitEthernet0/0", "GigabitEthernet0/1", 2
	l.ping("xTR1", "203.0.113.1", 1) // who knows its neighbor
	before := counters("Core1", receiver)
	if before.In.Packets == 0 || before.In.Bytes < 60*before.In.Packets/2 {
		t.Errorf("an echo has come in, and counted are %+v", before.In)
	}
	l.impair("xTR1", "Core1", true, underlay.Impairment{Loss: 100})
	for device, name := range map[string]string{"xTR1": sender, "Core1": receiver} {
		l.Do(func() { l.Device(device).ClearInterfaceCounters(name, "console") })
	}
	if n := l.ping("xTR1", "203.0.113.1", echoes); n != 0 {
		t.Errorf("%d echoes were answered, and all are lost", n)
	}
	if c := counters("xTR1", sender); c.Out.Packets < echoes || c.Out.Bytes < c.Out.Packets*(14+20) || c.Cleared.IsZero() {
		t.Errorf("%d echoes were sent, and counted are %+v", echoes, c)
	}
	if c := counters("Core1", receiver); c.In.Packets != 0 {
		t.Errorf("all is lost, and %d packets have come in", c.In.Packets)
	}
	l.do(func() error { return l.StopDevice("xTR1") })
	sent := counters("xTR1", sender).Out.Packets
	l.do(func() error { return l.StartDevice("xTR1") })
	if c := counters("xTR1", sender); c.Out.Packets >= sent || !c.Cleared.IsZero() {
		t.Errorf("%d packets were sent before the boot, %d after it; cleared %v", sent, c.Out.Packets, c.Cleared)
	}
}

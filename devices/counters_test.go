package devices

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lisplab/devices/capture"
	"lisplab/devices/probe"
	"lisplab/devices/underlay"
)

// tapped is what a capture of a router shows at each of its interfaces, in the words of its counters.
type tapped map[string]*underlay.Counters

// see counts a frame. One that did not arrive has ended on the link, by its comment, or behind it.
func (c tapped) see(node int, f capture.Frame) {
	at := func(p underlay.Port) *underlay.Counters {
		if p.Node != node {
			return &underlay.Counters{}
		}
		if c[p.Interface] == nil {
			c[p.Interface] = &underlay.Counters{}
		}
		return c[p.Interface]
	}
	ended := func(why ...string) bool {
		for _, w := range why {
			if strings.HasPrefix(f.Lost, "lost: "+w) {
				return true
			}
		}
		return false
	}
	from, to := at(f.Hop.From), at(f.Hop.To)
	if ended("the queue of the link") {
		from.OutputDrops++
		return
	}
	from.Out.Packets++
	from.Out.Bytes += uint64(len(f.Data))
	switch {
	case ended("lost on the link", "the link"):
	case ended("damaged on the link"):
		to.InputErrors++
		to.CRC++
	default:
		to.In.Packets++
		to.In.Bytes += uint64(len(f.Data))
	}
}

func countersText(c underlay.Counters) string {
	return fmt.Sprintf("in %d packets %d bytes, out %d packets %d bytes, %d drops, %d input errors, %d CRC",
		c.In.Packets, c.In.Bytes, c.Out.Packets, c.Out.Bytes, c.OutputDrops, c.InputErrors, c.CRC)
}

// tapAll captures at every router that runs. What it returns compares the frames with the counters, which must not have been
// cleared since, and returns the sum of the counters.
func tapAll(t *testing.T, lab *Lab) (compare func() underlay.Counters) {
	t.Helper()
	all := make(map[*Device]tapped)
	before := make(map[*Device]map[string]underlay.Counters)
	for _, d := range lab.Devices() {
		seen := make(tapped)
		all[d], before[d] = seen, make(map[string]underlay.Counters)
		for _, name := range d.file.interfaces {
			c, _ := d.InterfaceCounters(name)
			before[d][name] = c.Counters
		}
		stop, err := d.tapFrames(func(f capture.Frame) { seen.see(d.index, f) })
		must(t, err)
		t.Cleanup(stop)
	}
	return func() (sum underlay.Counters) {
		t.Helper()
		for _, d := range lab.Devices() {
			for _, name := range d.file.interfaces {
				counted, ok := d.InterfaceCounters(name)
				got := counted.Since(before[d][name])
				want := all[d][name]
				if want == nil {
					want = &underlay.Counters{}
				}
				if countersText(got) != countersText(*want) || !ok {
					t.Errorf("%s %s has counted\n%s; captured were\n%s", d.Name(), name, countersText(got), countersText(*want))
				}
				sum.In.Packets += got.In.Packets
				sum.Out.Packets += got.Out.Packets
				sum.OutputDrops += got.OutputDrops
				sum.CRC += got.CRC
			}
		}
		return sum
	}
}

// everyImpairment is one link after the other, broken in another way.
var everyImpairment = []func(*underlay.Impairment){
	func(i *underlay.Impairment) { i.Loss = 30 },
	func(i *underlay.Impairment) { i.Loss = 100 },
	func(i *underlay.Impairment) { i.Checksum = 30 },
	func(i *underlay.Impairment) { i.Checksum = 100 },
	func(i *underlay.Impairment) { i.Corrupt = 30 },
	func(i *underlay.Impairment) { i.Duplicate, i.Reorder = 50, 50 },
	func(i *underlay.Impairment) { i.Delay, i.Jitter = 50*time.Millisecond, 20*time.Millisecond },
	func(i *underlay.Impairment) { i.Rate = 16_000 },
	func(i *underlay.Impairment) { i.Block(underlay.Service{TCP: true, Port: 4342}) },
}

// TestCountersAgreeWithCaptures holds that every interface counts the frames that a capture of its router shows there, packet
// for packet and byte for byte, forwarded ones, fragments and the segments of TCP included, whatever the links do.
func TestCountersAgreeWithCaptures(t *testing.T) {
	t.Run("forwarding", func(t *testing.T) {
		lab := openNetwork(t, sites, " ip address 192.0.2.0 255.255.255.254", " ip address 192.0.2.0 255.255.255.254\n ip mtu 1000")
		compare := tapAll(t, lab)
		broken := append([]func(*underlay.Impairment){func(*underlay.Impairment) {}}, everyImpairment...)
		h, err := lab.Host("h1")
		must(t, err)
		for _, breaks := range broken {
			must(t, lab.Impair("xTR1", "Core1", false, breaks))
			ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
			ping(t, lab, "xTR1", "10.30.30.1", "")
			ping(t, lab, "xTR1", "2001:db8:2::1", "2001:db8:1::1")
			pingFrom(t, lab, "h0", "10.10.10.2")
			traceroute(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
			traceroute(t, lab, "xTR1", "2001:db8:2::1", "2001:db8:1::1")
			await(t, lab, h.Ping(probe.PingConfig{Target: addr("10.30.30.2"), Size: 3000}))
			await(t, lab, h.Ping(probe.PingConfig{Target: addr("10.30.30.2"), Size: 1500, DF: true}))
			await(t, lab, lab.Device("xTR1").Ping(PingOptions{PingConfig: probe.PingConfig{Target: addr("10.30.30.1"), Size: 18000, Count: 20}}))
			must(t, lab.Impair("xTR1", "Core1", false, func(i *underlay.Impairment) { *i = underlay.Impairment{} }))
		}
		if sum := compare(); sum.Out.Packets < 1000 || sum.CRC == 0 || sum.OutputDrops == 0 || sum.In.Packets+sum.CRC >= sum.Out.Packets {
			t.Errorf("too little has happened: %s", countersText(sum))
		}
	})
	t.Run("sessions", func(t *testing.T) {
		lab := open(t, "reliable-registration", Options{})
		compare := tapAll(t, lab)
		for _, breaks := range everyImpairment {
			advance(t, lab, 60)
			must(t, lab.Impair("Core1", "Core2", false, breaks))
			advance(t, lab, 10)
			lab.Device("xTR2").ClearSessions(newMSMR)
			lab.Device("New-MSMR").ClearSite("*")
			advance(t, lab, 180)
			must(t, lab.Impair("Core1", "Core2", false, func(i *underlay.Impairment) { *i = underlay.Impairment{} }))
		}
		if sum := compare(); sum.Out.Packets < 1000 {
			t.Errorf("too little has happened: %s", countersText(sum))
		}
	})
}

// TestClearInterfaceCounters holds what begins anew when counters are cleared, and that they do at a boot.
func TestClearInterfaceCounters(t *testing.T) {
	lab := openNetwork(t, sites)
	d := lab.Device("xTR1")
	shows := func(what string, packets [2]uint64, cleared time.Duration) {
		t.Helper()
		for i, name := range []string{"GigabitEthernet0/0", "GigabitEthernet0/1"} {
			c, ok := d.InterfaceCounters(name)
			age := time.Duration(-1)
			if !c.Cleared.IsZero() {
				age = lab.Now().Sub(c.Cleared)
			}
			if !ok || c.Out.Packets != packets[i] || i == 0 && age != cleared {
				t.Errorf("%s: %s has sent %d packets, want %d; cleared %v ago, want %v", what, name, c.Out.Packets, packets[i], age, cleared)
			}
		}
	}
	d.ClearInterfaceCounters("", "console")
	ping(t, lab, "xTR1", "192.0.2.5", "")
	ping(t, lab, "xTR1", "10.10.10.2", "")
	advance(t, lab, 3)
	shows("all cleared, then pings", [2]uint64{5, 5}, 3*time.Second)
	d.ClearInterfaceCounters("GigabitEthernet0/0", "vty0")
	shows("one of them cleared", [2]uint64{0, 5}, 0)
	if c, _ := d.InterfaceCounters("GigabitEthernet0/0"); c.Out.Last.IsZero() || lab.Now().Sub(c.Out.Last) < 3*time.Second {
		t.Errorf("the last output was at %v: clearing does not change when that was", c.Out.Last)
	}
	var said []string
	for _, line := range d.Log() {
		if strings.HasPrefix(line.Text, "%CLEAR") {
			said = append(said, line.Text)
		}
	}
	want(t, "the log", strings.Join(said, "\n"), "%CLEAR-5-COUNTERS: Clear counter on all interfaces by console\n"+
		"%CLEAR-5-COUNTERS: Clear counter on interface GigabitEthernet0/0 by vty0")

	must(t, lab.StopDevice("xTR1"))
	must(t, lab.StartDevice("xTR1"))
	if c, _ := d.InterfaceCounters("GigabitEthernet0/1"); c.Out.Packets != 0 || !c.Cleared.IsZero() {
		t.Errorf("after a boot %d packets, cleared %v", c.Out.Packets, c.Cleared)
	}
}

package underlay

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lisplab/devices/packet"
	"lisplab/lispcore/forward"
)

// counted is what three ports on a way a -- core -- b have counted: packets/bytes.
func counted(t *tallies) string {
	of := func(p Port) string {
		c := t.read(start, p)
		return fmt.Sprintf("%d/%d %d/%d %d %d", c.In.Packets, c.In.Bytes, c.Out.Packets, c.Out.Bytes, c.OutputDrops, c.CRC)
	}
	return of(Port{0, "Gi0"}) + "; " + of(Port{1, "Gi1"}) + "; " + of(Port{1, "Gi2"}) + "; " + of(Port{2, "Gi0"})
}

// TestCount holds what the ports count of each kind of event: in packets/bytes, out packets/bytes, drops, CRC.
func TestCount(t *testing.T) {
	way := []Hop{
		{From: Port{0, "Gi0"}, To: Port{1, "Gi1"}, MTU: 1500},
		{From: Port{1, "Gi2"}, To: Port{2, "Gi0"}, MTU: 1000},
	}
	back := []Hop{{From: way[1].To, To: way[1].From, MTU: 1500}, {From: way[0].To, To: way[0].From, MTU: 1500}}
	a4, b4 := netip.MustParseAddrPort("10.0.1.1:4342"), netip.MustParseAddrPort("10.0.2.1:4342")
	a6, b6 := netip.MustParseAddrPort("[2001:db8:1::1]:4342"), netip.MustParseAddrPort("[2001:db8:2::1]:4342")
	datagram := Event{Kind: Datagram, Src: a4, Dst: b4, Payload: make([]byte, 72), MTU: 1500, Way: way}
	with := func(change func(e *Event)) Event {
		e := datagram
		change(&e)
		return e
	}
	tcp := func(kind EventKind, change func(e *Event)) Event {
		e := Event{Kind: kind, Src: a4, Dst: b4, Way: way, Back: back}
		change(&e)
		return e
	}
	none := func(*Event) {}
	for _, row := range []struct {
		name string
		e    Event
		want string
	}{
		{"a datagram of 100 bytes with its headers", datagram, "0/0 1/114 0 0; 1/114 0/0 0 0; 0/0 1/114 0 0; 1/114 0/0 0 0"},
		{"a small one is padded", with(func(e *Event) { e.Payload = nil }), "0/0 1/60 0 0; 1/60 0/0 0 0; 0/0 1/60 0 0; 1/60 0/0 0 0"},
		{"in fragments, and in more of them behind", with(func(e *Event) { e.Payload = make([]byte, 3000) }),
			"0/0 3/3110 0 0; 3/3110 0/0 0 0; 0/0 5/3178 0 0; 5/3178 0/0 0 0"},
		{"IPv6 only its sender fragments", with(func(e *Event) { e.Src, e.Dst, e.Payload, e.Way = a6, b6, make([]byte, 3000), way[:1] }),
			"0/0 3/3194 0 0; 3/3194 0/0 0 0; 0/0 0/0 0 0; 0/0 0/0 0 0"},
		{"no packet is of both families", with(func(e *Event) { e.Dst = b6 }), "0/0 0/0 0 0; 0/0 0/0 0 0; 0/0 0/0 0 0; 0/0 0/0 0 0"},
		{"no port listens", with(func(e *Event) { e.Kind, e.Detail = DatagramDropped, "nothing listens" }),
			"0/0 1/114 0 0; 1/114 0/0 0 0; 0/0 1/114 0 0; 1/114 0/0 0 0"},
		{"lost on the second link", with(func(e *Event) { e.Kind, e.Fate = DatagramDropped, LostOnLink }),
			"0/0 1/114 0 0; 1/114 0/0 0 0; 0/0 1/114 0 0; 0/0 0/0 0 0"},
		{"no room in its queue", with(func(e *Event) { e.Kind, e.Fate = DatagramDropped, QueueFull }),
			"0/0 1/114 0 0; 1/114 0/0 0 0; 0/0 0/0 1 0; 0/0 0/0 0 0"},
		{"a native packet that is damaged", Event{Kind: PacketDropped, Payload: slices.Concat([]byte{0x45}, make([]byte, 99)), Way: way[:1], Fate: DamagedOnLink},
			"0/0 1/114 0 0; 0/0 0/0 0 1; 0/0 0/0 0 0; 0/0 0/0 0 0"},
		{"SYN with its MSS", tcp(Dial, func(e *Event) { e.Src, e.Dst = a6, b6 }), "0/0 1/78 0 0; 1/78 0/0 0 0; 0/0 1/78 0 0; 1/78 0/0 0 0"},
		{"SYN-ACK and ACK", tcp(Accept, none), "1/60 1/60 0 0; 1/60 1/60 0 0; 1/60 1/60 0 0; 1/60 1/60 0 0"},
		{"a write, in segments of the smallest MTU", tcp(Data, func(e *Event) { e.Payload = make([]byte, 2000) }),
			"2/120 3/2162 0 0; 3/2162 2/120 0 0; 2/120 3/2162 0 0; 3/2162 2/120 0 0"},
		{"what nobody acknowledges", tcp(Data, func(e *Event) { e.Payload, e.Detail = make([]byte, 46), "gone" }),
			"0/0 1/100 0 0; 1/100 0/0 0 0; 0/0 1/100 0 0; 1/100 0/0 0 0"},
		{"a dial that timed out", tcp(DialTimeout, none), "0/0 0/0 0 0; 0/0 0/0 0 0; 0/0 0/0 0 0; 0/0 0/0 0 0"},
	} {
		var ports tallies
		row.e.At = start
		ports.count(row.e)
		if got := counted(&ports); got != row.want {
			t.Errorf("%s:\n%s, want\n%s", row.name, got, row.want)
		}
	}
}

// TestCutFor holds that the fragments are counted that a router makes.
func TestCutFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mtu := rapid.IntRange(68, 1500).Draw(t, "MTU")
		b := packet.UDP(packet.Header{Source: netip.MustParseAddr("10.0.0.1"), Destination: netip.MustParseAddr("10.0.0.2"), TTL: 9}, 1, 2,
			make([]byte, rapid.IntRange(0, 5000).Draw(t, "payload")))
		pieces, err := forward.Fragment(nil, b, mtu)
		if err != nil {
			t.Fatal(err)
		}
		var want []int
		for _, p := range pieces {
			want = append(want, len(p))
		}
		ports := tallies{cut: []int{len(b)}}
		ports.cutFor(mtu)
		if !slices.Equal(ports.cut, want) {
			t.Errorf("%d bytes in pieces of %v, a router makes %v", len(b), ports.cut, want)
		}
	})
}

// TestAverages holds that a steady stream shows in the averages as IOS's exponential curve has it, 63 percent of it after 5
// minutes, that they fall when it ends, and that asking changes nothing.
func TestAverages(t *testing.T) {
	var asked, quiet flow
	for second := range 300 {
		at := start.Add(time.Duration(second) * time.Second)
		asked.add(at, 1250)
		quiet.add(at, 1250)
		asked.settle(at)
	}
	end := start.Add(5 * time.Minute)
	for _, row := range []struct {
		after         time.Duration
		bits, packets float64
	}{
		{0, 10000 * (1 - 1/math.E), 1 - 1/math.E},
		{5 * time.Minute, 10000 * (1 - 1/math.E) / math.E, (1 - 1/math.E) / math.E},
		{24 * time.Hour, 0, 0},
	} {
		asked.settle(end.Add(row.after / 2))
		asked.settle(end.Add(row.after))
		once := quiet
		once.settle(end.Add(row.after))
		near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, b) }
		if !near(asked.Bits, row.bits) || !near(asked.Rate, row.packets) || !near(once.Bits, asked.Bits) {
			t.Errorf("%v after the end: %v bits/sec (asked once: %v), %v packets/sec; want %v, %v", row.after, asked.Bits, once.Bits, asked.Rate, row.bits, row.packets)
		}
	}
}

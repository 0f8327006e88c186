package devices

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/devices/packet"
	"lisplab/devices/probe"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/wire"
)

// IOS lets one IPv4 unreachable pass each 500 ms, and another of "fragmentation needed"; of ICMPv6 errors ten at once, and
// one more each 100 ms. Time exceeded has no such limit.
func TestRatesOfICMPErrors(t *testing.T) {
	var p plane
	now := labStart
	passed := func(n int, kind packet.ErrorKind, v4 bool) (count int) {
		for range n {
			if p.mayComplain(now, kind, v4) {
				count++
			}
		}
		return count
	}
	check := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%v: %s: %d passed, want %d", now.Sub(labStart), what, got, want)
		}
	}
	check("unreachable", passed(5, packet.HostUnreachable, true), 1)
	check("another unreachable", passed(5, packet.PortUnreachable, true), 0)
	check("too big", passed(5, packet.TooBig, true), 1)
	check("time exceeded", passed(5, packet.TimeExceeded, true), 5)
	check("ICMPv6", passed(20, packet.HostUnreachable, false), 10)
	now = now.Add(250 * time.Millisecond)
	check("unreachable", passed(5, packet.HostUnreachable, true), 0)
	check("ICMPv6", passed(20, packet.HostUnreachable, false), 2)
	now = now.Add(250 * time.Millisecond)
	check("unreachable", passed(5, packet.HostUnreachable, true), 1)
	check("ICMPv6, with what was left over", passed(20, packet.TimeExceeded, false), 3)
	now = now.Add(time.Hour)
	check("ICMPv6", passed(20, packet.TimeExceeded, false), 10)
}

func TestUnreachableIPv6(t *testing.T) {
	lab := openNetwork(t, sites)
	h, err := lab.Host("h1")
	must(t, err)
	pingFrom(t, lab, "h1", "2001:db8:2::2")
	want(t, "nobody in the other site", pingFrom(t, lab, "h1", "2001:db8:2::77"), "HHHHH")
	want(t, "too big for the tunnel", marks(t, await(t, lab, h.Ping(probe.PingConfig{Target: addr("2001:db8:2::2"), Size: 1465}))), "BBBBB")
	want(t, "as large as fits", marks(t, await(t, lab, h.Ping(probe.PingConfig{Target: addr("2001:db8:2::2"), Size: 1464}))), "!!!!!")
}

// Packets that loop die of their TTL, and the errors about them do not breed others.
func TestForwardingLoopEnds(t *testing.T) {
	packets := 0
	lab := openObserved(t, func(e underlay.Event) {
		if e.Kind == underlay.Packet {
			packets++
		}
	}, sites, "ip route 172.20.0.0 255.255.255.0 192.0.2.7\n", "ip route 172.20.0.0 255.255.255.0 192.0.2.0\n")
	want(t, "ping", marks(t, await(t, lab, lab.Device("xTR1").Ping(PingOptions{
		PingConfig: probe.PingConfig{Target: addr("172.20.0.9"), Count: 1}}))), "&")
	if packets > 400 {
		t.Errorf("%d packets for one ping", packets)
	}
}

// Whatever arrives, natively or from the network under LISP, no router fails, and none keeps sending.
func FuzzArrivals(f *testing.F) {
	h := packet.Header{Source: addr("10.10.10.2"), Destination: addr("10.30.30.2"), TTL: 3}
	h6 := packet.Header{Source: addr("2001:db8:1::2"), Destination: addr("2001:db8:2::2"), TTL: 3}
	own := packet.Header{Source: addr("10.10.10.1"), Destination: addr("10.10.10.1"), TTL: 3}
	inner := packet.Echo(packet.Header{Source: addr("10.30.30.2"), Destination: addr("10.10.10.2"), TTL: 9}, false, 1, 1, nil)
	for kind := range uint8(4) {
		f.Add(kind, packet.Echo(h, false, 1, 1, nil))
		f.Add(kind, packet.UDP(h6, 1, 2, []byte("x")))
		f.Add(kind, packet.Error(own, packet.TimeExceeded, 0, packet.UDP(own, 0xf001, 4341, nil)))
		f.Add(kind, packet.Error(h, packet.TooBig, 1, packet.Echo(h, false, 1, 1, nil)))
		f.Add(kind, forward.Encapsulate(nil, inner, wire.DataHeader{}))
		f.Add(kind, []byte{})
	}
	lab := openNetwork(f, sites)
	d := lab.Device("xTR1")
	ping(f, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	rloc := netip.AddrPortFrom(addr("203.0.113.11"), lispcore.DataPort)
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		var in lispcore.Input
		switch kind % 4 {
		case 0:
			in = lispcore.PacketReceived{Interface: "GigabitEthernet0/1", Data: b}
		case 1:
			in = lispcore.PacketFailed{Reason: lispcore.FailReason(len(b) % 7), Data: b}
		case 2:
			in = lispcore.Datagram{From: netip.AddrPortFrom(addr("198.51.100.21"), 0xf001), To: rloc, Payload: b, TTL: 5}
		case 3:
			in = lispcore.Datagram{From: netip.AddrPortFrom(addr("192.0.2.5"), 4342), To: netip.AddrPortFrom(rloc.Addr(), 4342), Payload: b, TTL: 5}
		}
		d.handle(lab.Now(), in)
		lab.loop.collect(d.index)
		if err := lab.Settle(); err != nil {
			t.Fatal(err)
		}
	})
}

// Nobody complains about an ICMP error, nor about a later fragment (RFC 1122 section 3.2.2).
func TestErrorsAboutErrorsAreNotSent(t *testing.T) {
	lab := openNetwork(t, sites)
	d := lab.Device("xTR1")
	h := packet.Header{Source: addr("10.10.10.2"), Destination: addr("10.30.30.2"), TTL: 1}
	fragment := packet.UDP(h, 1, 2, make([]byte, 8))
	fragment[7], fragment[11] = 1, fragment[11]-1 // offset 8, and the checksum for it
	for what, row := range map[string]struct {
		b    []byte
		want uint64
	}{
		"an echo":            {packet.Echo(h, false, 1, 1, nil), 1},
		"an ICMP error":      {packet.Error(h, packet.HostUnreachable, 0, packet.Echo(h, false, 1, 1, nil)), 0},
		"a later fragment":   {fragment, 0},
		"a multicast source": {packet.Echo(packet.Header{Source: addr("224.0.0.5"), Destination: h.Destination, TTL: 1}, false, 1, 1, nil), 0},
	} {
		before := d.PacketCounters()
		d.handle(lab.Now(), lispcore.PacketReceived{Interface: "GigabitEthernet0/1", Data: row.b})
		lab.loop.collect(d.index)
		must(t, lab.Settle())
		after := d.PacketCounters()
		if got := after.Errors - before.Errors; got != row.want {
			t.Errorf("%s whose TTL runs out: %d errors, want %d", what, got, row.want)
		}
		if after.Drops == before.Drops {
			t.Errorf("%s: no drop was counted", what)
		}
	}
}

// Two pings at once: what one encapsulates is not what the other does.
func TestTwoPingsAtOnce(t *testing.T) {
	lab := openNetwork(t, sites)
	pingFrom(t, lab, "h1", "10.30.30.2")
	d := lab.Device("xTR1")
	begin := func(to string) Task {
		return d.Ping(PingOptions{PingConfig: probe.PingConfig{Target: addr(to)}, Source: addr("10.10.10.1")})
	}
	a, b := begin("10.30.30.1"), begin("10.30.30.2")
	want(t, "one", marks(t, await(t, lab, a)), "!!!!!")
	want(t, "the other", marks(t, await(t, lab, b)), "!!!!!")
}

// A site that loses its only way has nobody to tell, and nothing to take back when the way returns.
func TestSingleHomedSiteRegistersNothingNewAfterAFlap(t *testing.T) {
	lab := openNetwork(t, sites)
	before := sessionWith(lab, "xTR1", addr("192.0.2.5"))
	must(t, lab.SetLink("xTR1", "Core1", false))
	advance(t, lab, 60)
	must(t, lab.SetLink("xTR1", "Core1", true))
	advance(t, lab, 1)
	counts := func(s string) []string { return strings.Fields(s)[2:] }
	if after := sessionWith(lab, "xTR1", addr("192.0.2.5")); !slices.Equal(counts(before), counts(after)) {
		t.Errorf("the session was %s, and is %s", before, after)
	}
}

// Each message finds its role, at a router that has them all and at one that has few.
func TestRoleOfAMessage(t *testing.T) {
	lab := openNetwork(t, sites, "== MSMR\n", "== MSMR\nip route 10.77.0.0 255.255.0.0 192.0.2.4\n", " ipv4 map-resolver\n ipv6 map-server",
		" ipv4 map-resolver\n ipv4 itr\n ipv4 etr\n ipv6 map-server")
	all, xtr, server := lab.Device("MSMR"), lab.Device("xTR1"), &Device{server: lab.Device("MSMR").server}
	name := func(e lispcore.Engine) string { return strings.TrimPrefix(fmt.Sprintf("%T", e), "*") }
	for _, row := range []struct {
		what             string
		first            byte
		all, xtr, server string
	}{
		{"Map-Request", 0x10, "etr.Engine", "etr.Engine", "mapserver.Engine"},
		{"RLOC probe", 0x12, "etr.Engine", "etr.Engine", "mapserver.Engine"},
		{"SMR", 0x11, "itr.Engine", "itr.Engine", "mapserver.Engine"},
		{"Map-Reply", 0x20, "itr.Engine", "itr.Engine", "mapserver.Engine"},
		{"Map-Register", 0x30, "mapserver.Engine", "etr.Engine", "mapserver.Engine"},
		{"Map-Notify", 0x40, "etr.Engine", "etr.Engine", "mapserver.Engine"},
		{"Map-Notify-Ack", 0x50, "mapserver.Engine", "etr.Engine", "mapserver.Engine"},
		{"ECM to the mapping system", 0x80, "mapresolver.Engine", "etr.Engine", "mapserver.Engine"},
		{"ECM to an ETR", 0x82, "etr.Engine", "etr.Engine", "mapserver.Engine"},
		{"an unknown type", 0xf0, "mapserver.Engine", "etr.Engine", "mapserver.Engine"},
	} {
		payload := make([]byte, 40)
		payload[0] = row.first
		for d, want := range map[*Device]string{all: row.all, xtr: row.xtr, server: row.server} {
			if got := name(d.roleFor(payload)); got != want {
				t.Errorf("%s: %s, want %s", row.what, got, want)
			}
		}
	}
}

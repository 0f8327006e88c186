package probe

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/devices/packet"
)

var (
	source = netip.MustParseAddr("10.10.10.1")
	target = netip.MustParseAddr("10.30.30.1")
	router = netip.MustParseAddr("203.0.113.1")
	now    = time.Unix(0, 0)
)

// network answers each packet as a script says, one letter a packet: "!" by the target (an echo reply, or a port
// unreachable to UDP), "~" by the target with other data, "." not at all, "x" time exceeded at a router, and the first letter of the other errors there. It
// returns what was printed and how long it took.
func network(p Probe, script string) (text string, took time.Duration) {
	at := now
	p.Start(at)
	for packets := p.Drain(); !p.Done(); packets = p.Drain() {
		if len(packets) == 0 {
			at, _ = p.Deadline()
			p.Tick(at)
			continue
		}
		m, _ := packet.Parse(packets[0])
		answer := script[0]
		script = script[1:] + script[:1]
		h := packet.Header{Source: router, Destination: m.Source, TTL: 255}
		if m.Source.Is6() {
			h.Source = netip.MustParseAddr("2001:db8::ff")
		}
		kinds := map[byte]packet.ErrorKind{'x': packet.TimeExceeded, 'n': packet.NetworkUnreachable, 'h': packet.HostUnreachable,
			'p': packet.Prohibited, 't': packet.TooBig, 'o': packet.ProtocolUnreachable}
		var reply []byte
		switch {
		case answer == '!' && m.Kind == packet.EchoRequest:
			h.Source = m.Destination
			reply = packet.Echo(h, true, m.ID, m.Sequence, m.Data)
		case answer == '~':
			h.Source = m.Destination
			reply = packet.Echo(h, true, m.ID, m.Sequence, append([]byte{^m.Data[0]}, m.Data[1:]...))
		case answer == '!':
			h.Source = m.Destination
			reply = packet.Error(h, packet.PortUnreachable, 0, packets[0])
		case answer != '.':
			reply = packet.Error(h, kinds[answer], 1400, packets[0])
		}
		if reply != nil {
			m, _ := packet.Parse(reply)
			p.Receive(at, m)
		}
	}
	return p.Text(), at.Sub(now)
}

func sender(a netip.Addr) Sender {
	return Sender{Source: a, TTL: 255, ID: 9, NextID: func() uint16 { return 1 }}
}

func TestPing(t *testing.T) {
	for name, row := range map[string]struct {
		cfg    PingConfig
		script string
		want   string
		took   time.Duration
	}{
		"all answered": {PingConfig{}, "!", `
			|Sending 5, 100-byte ICMP Echos to 10.30.30.1, timeout is 2 seconds:
			|!!!!!
			|Success rate is 100 percent (5/5), round-trip min/avg/max = 1/1/1 ms`, 0},
		"two lost, from a chosen source": {PingConfig{ShowSource: true}, "..!!!", `
			|Sending 5, 100-byte ICMP Echos to 10.30.30.1, timeout is 2 seconds:
			|Packet sent with a source address of 10.10.10.1 ` + `
			|..!!!
			|Success rate is 60 percent (3/5), round-trip min/avg/max = 1/1/1 ms`, 4 * time.Second},
		"unreachable, every second time": {PingConfig{}, "n.", `
			|Sending 5, 100-byte ICMP Echos to 10.30.30.1, timeout is 2 seconds:
			|U.U.U
			|Success rate is 0 percent (0/5)`, 4 * time.Second},
		"too big": {PingConfig{Count: 3, Size: 1500, DF: true, Timeout: 5 * time.Second}, "t.x", `
			|Sending 3, 1500-byte ICMP Echos to 10.30.30.1, timeout is 5 seconds:
			|Packet sent with the DF bit set
			|M.&
			|Success rate is 0 percent (0/3)`, 5 * time.Second},
		"other data, validated": {PingConfig{Count: 2, Validate: true}, "~!", `
			|Sending 2, 100-byte ICMP Echos to 10.30.30.1, timeout is 2 seconds:
			|Reply data will be validated
			|.!
			|Success rate is 50 percent (1/2), round-trip min/avg/max = 1/1/1 ms`, 2 * time.Second},
		"other data": {PingConfig{Count: 1}, "~", `
			|Sending 1, 100-byte ICMP Echos to 10.30.30.1, timeout is 2 seconds:
			|!
			|Success rate is 100 percent (1/1), round-trip min/avg/max = 1/1/1 ms`, 0},
		"a sweep, two of each size": {PingConfig{Count: 2, DF: true, Sweep: Sweep{Min: 1400, Max: 1499, Step: 50}}, "!t", `
			|Sending 4, [1400..1499]-byte ICMP Echos to 10.30.30.1, timeout is 2 seconds:
			|Packet sent with the DF bit set
			|!M!M
			|Success rate is 50 percent (2/4), round-trip min/avg/max = 1/1/1 ms`, 0},
	} {
		cfg := row.cfg
		cfg.Sender, cfg.Target = sender(source), target
		got, took := network(NewPing(cfg), row.script)
		want := "Type escape sequence to abort." + strings.ReplaceAll(row.want, "\n\t\t\t|", "\n") + "\n"
		if got != want || took != row.took {
			t.Errorf("%s: %v\n%s\nwant %v\n%s", name, took, got, row.took, want)
		}
	}
}

func TestPingIPv6(t *testing.T) {
	cfg := PingConfig{Sender: sender(netip.MustParseAddr("2001:db8::1")), Target: netip.MustParseAddr("2001:db8:1::1"), ShowSource: true, Count: 8}
	got, _ := network(NewPing(cfg), "nhpxto!.")
	want := `Type escape sequence to abort.
Sending 8, 100-byte ICMP Echos to 2001:DB8:1::1, timeout is 2 seconds:
Packet sent with a source address of 2001:DB8::1
UHATBR!.
Success rate is 12 percent (1/8), round-trip min/avg/max = 1/1/1 ms
`
	if got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

// A long ping wraps its marks, and lets time go on.
func TestLongPing(t *testing.T) {
	got, took := network(NewPing(PingConfig{Sender: sender(source), Target: target, Count: 1000}), "!")
	lines := strings.Split(got, "\n")
	if len(lines[2]) != lineWidth || len(lines) != 2+15+2 || took != 9*time.Millisecond {
		t.Errorf("%v\n%s", took, got)
	}
}

func TestAbort(t *testing.T) {
	p := NewPing(PingConfig{Sender: sender(source), Target: target})
	p.Start(now)
	p.Tick(now.Add(2 * time.Second))
	p.Text()
	p.Abort()
	if got := p.Text(); got != "\nSuccess rate is 0 percent (0/2)\n" || !p.Done() {
		t.Errorf("ping: %q", got)
	}
	if _, armed := p.Deadline(); armed {
		t.Error("an aborted ping has a deadline")
	}
	r := NewTraceroute(TracerouteConfig{Sender: sender(source), Target: target})
	r.Start(now)
	r.Text()
	r.Abort()
	if got := r.Text(); got != "\n" || !r.Done() {
		t.Errorf("traceroute: %q", got)
	}
}

// Answers to somebody else, to an earlier packet, or of somebody who was not asked, count for nothing.
func TestForeignAnswers(t *testing.T) {
	p := NewPing(PingConfig{Sender: sender(source), Target: target})
	p.Start(now)
	p.Text()
	h := packet.Header{Source: target, Destination: source}
	other := h
	other.Source = router
	for _, reply := range [][]byte{
		packet.Echo(h, true, 8, 0, nil), packet.Echo(h, true, 9, 1, nil), packet.Echo(h, false, 9, 0, nil), packet.Echo(other, true, 9, 0, nil),
		packet.Error(h, packet.HostUnreachable, 0, packet.Echo(packet.Header{Source: source, Destination: router}, false, 9, 0, nil)),
	} {
		m, err := packet.Parse(reply)
		if err != nil {
			t.Fatal(err)
		}
		p.Receive(now, m)
	}
	if got := p.Text(); got != "" {
		t.Errorf("printed %q", got)
	}
}

func TestTraceroute(t *testing.T) {
	for name, row := range map[string]struct {
		to     netip.Addr
		script string
		want   string
	}{
		"a router, silence, the target once in a while": {target, "xxx...!.!", `
			|Tracing the route to 10.30.30.1
			|VRF info: (vrf in name/id, vrf out name/id)
			|  1 203.0.113.1 1 msec 1 msec 1 msec
			|  2  *  *  * ` + `
			|  3 10.30.30.1 1 msec *  1 msec`},
		"a dead end": {target, "h.h", `
			|Tracing the route to 10.30.30.1
			|VRF info: (vrf in name/id, vrf out name/id)
			|  1 203.0.113.1 !H  *  !H ` + ``},
		"two ways": {target, "x!!", `
			|Tracing the route to 10.30.30.1
			|VRF info: (vrf in name/id, vrf out name/id)
			|  1 203.0.113.1 1 msec
			|    10.30.30.1 1 msec 1 msec`},
		"IPv6": {netip.MustParseAddr("2001:db8:1::1"), "ppp", `
			|Tracing the route to 2001:DB8:1::1
			|
			|  1 2001:DB8::FF !A  !A  !A ` + ``},
	} {
		cfg := TracerouteConfig{Sender: sender(source), Target: row.to}
		if row.to.Is6() {
			cfg.Source = netip.MustParseAddr("2001:db8::1")
		}
		got, _ := network(NewTraceroute(cfg), row.script)
		want := "Type escape sequence to abort." + strings.ReplaceAll(row.want, "\n\t\t\t|", "\n") + "\n"
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	cfg := TracerouteConfig{Sender: sender(source), Target: target, MaxTTL: 4, Count: 1}
	if got, took := network(NewTraceroute(cfg), "."); strings.Count(got, "*") != 4 || took != 4*DefaultTraceTimeout {
		t.Errorf("it ends at TTL 4: %v\n%s", took, got)
	}
}

package bench

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/wire"
)

func BenchmarkPlainExchange(b *testing.B) {
	took, err := plainExchange(b.N)
	perSecond(b, b.N, took, err, "message")
}

func BenchmarkHMAC(b *testing.B) {
	took, err := verifications(b.N)
	perSecond(b, b.N, took, err, "message")
}

func BenchmarkRegisterByUDP(b *testing.B) {
	took, err := registerByUDP(b.N)
	perSecond(b, b.N, took.fresh, err, "new")
	perSecond(b, b.N, took.known, err, "known")
}

func BenchmarkRegisterByTCP(b *testing.B) {
	took, err := registerByTCP(b.N)
	perSecond(b, b.N, took.fresh, err, "new")
	perSecond(b, b.N, took.known, err, "known")
}

func BenchmarkMapRequests(b *testing.B) {
	took, err := resolve(b.N, 10_000)
	perSecond(b, b.N, took, err, "request")
}

func BenchmarkEncapsulation(b *testing.B) {
	took, err := encapsulate(b.N, cacheLimit)
	perSecond(b, b.N, took, err, "packet")
}

func BenchmarkRefresh(b *testing.B) {
	const prefixes = 1000
	took, sent, err := refresh(prefixes, (b.N+prefixes-1)/prefixes)
	perSecond(b, sent, took, err, "registration")
}

func BenchmarkMemory(b *testing.B) {
	weighed, err := memory(b.N)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(weighed[0].bytes, "B/registration")
}

// perSecond reports a rate, and the processor time of one message, which a busy machine hardly changes.
func perSecond(b *testing.B, n int, took span, err error, what string) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n)/took.wall.Seconds(), what+"/s")
	b.ReportMetric(float64(took.cpu.Nanoseconds())/float64(n), "cpu-ns/"+what)
}

// tiny is a run that proves nothing but that each part works.
var tiny = scale{
	rounds: 1, datagrams: 500, streams: 500, requests: 500, packets: 500, verifications: 100, prefixes: 50, heap: []int{100, 200},
	hourly: map[int]int{3: 1, 60: 60}, order: []int{3, 60},
}

// TestMeasure runs every part and holds what does not depend on the machine.
func TestMeasure(t *testing.T) {
	if _, release, err := underlay.TakeLoopback(2); err != nil {
		t.Skip(err)
	} else if err := release(); err != nil {
		t.Fatal(err)
	}
	var parts []string
	r, err := measure(t.Context(), tiny, func(part string) { parts = append(parts, part) })
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]rate{
		"plain exchange": r.exchange, "HMAC": r.hmac, "UDP": r.udpFresh, "UDP known": r.udpKnown,
		"TCP": r.tcpFresh, "TCP known": r.tcpKnown, "refresh": r.refresh,
		"Map-Requests": r.requests, "packets": r.packets,
	} {
		if v.perSecond <= 0 {
			t.Errorf("%s: %v per second", name, v.perSecond)
		}
	}
	if got, want := strings.Join(parts, ", "), "plain UDP exchange, registrations over UDP, registrations over TCP, Map-Requests, encapsulation, HMAC-SHA-1, "+
		"answers to a Refresh, memory, an hour of an ETR with 3 prefixes, an hour of an ETR with 60 prefixes"; got != want {
		t.Errorf("parts: %s\nwant: %s", got, want)
	}
	if len(r.heap) != 2 || r.heap[0].registrations != 100 || r.heap[1].registrations != 200 {
		t.Errorf("heap %v", r.heap)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := measure(ctx, tiny, func(part string) { t.Errorf("%s is measured after a stop", part) }); !errors.Is(err, context.Canceled) {
		t.Errorf("after a stop: %v", err)
	}
}

// TestHourlyCost holds the chapter's claim by counting: an hour by UDP is a Map-Register and a Map-Notify a minute for every
// 47 prefixes (28 bytes a record, 1400 a message); an hour by TCP is silence; getting there takes two rounds of UDP (the
// power-on, and none after the session is up), one Refresh, and three messages a prefix.
func TestHourlyCost(t *testing.T) {
	const (
		header, record = 28 + 4 + 8 + 4 + 20 + 24, 28 // IP and UDP included
		keepalives     = 60 * 80
	)
	for _, tt := range []struct{ prefixes, fraction, messages int }{{10, 1, 1}, {47, 1, 1}, {48, 1, 2}, {470, 60, 10}} {
		c, err := hourlyCost(tt.prefixes, tt.fraction)
		if err != nil {
			t.Fatal(err)
		}
		udp := traffic{60 * 2 * tt.messages, 60 * 2 * (tt.messages*header + tt.prefixes*record)}
		if c.udp != udp || c.tcp != (traffic{0, keepalives}) {
			t.Errorf("%d prefixes: an hour by UDP %v, by TCP %v; want %v and %v", tt.prefixes, c.udp, c.tcp, udp, traffic{0, keepalives})
		}
		if want := 2*tt.messages + 1 + 3*tt.prefixes; c.admission.messages != want {
			t.Errorf("%d prefixes: %d messages before it, want %d", tt.prefixes, c.admission.messages, want)
		}
	}
}

// TestExchange holds that the sender counts honestly: an answer that never comes, comes twice or has another nonce is an error.
func TestExchange(t *testing.T) {
	tests := []struct {
		name   string
		answer func(sock *underlay.BatchSocket, from netip.AddrPort, request []byte) error
		want   string
	}{
		{"twice", func(sock *underlay.BatchSocket, from netip.AddrPort, request []byte) error {
			return errors.Join(sock.Queue(from, request), sock.Queue(from, request))
		}, "nobody asked for"},
		{"another nonce", func(sock *underlay.BatchSocket, from netip.AddrPort, request []byte) error {
			return sock.Queue(from, make([]byte, len(request)))
		}, "nobody asked for"},
		{"too short", func(sock *underlay.BatchSocket, from netip.AddrPort, request []byte) error {
			return sock.Queue(from, request[:11])
		}, "nobody asked for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, release, err := underlay.TakeLoopback(2)
			if err != nil {
				t.Skip(err)
			}
			defer release()
			server, err := underlay.ListenBatch(at[0])
			if err != nil {
				t.Fatal(err)
			}
			client, err := underlay.ListenBatch(at[1])
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			served := make(chan error)
			go func() {
				for err := error(nil); err == nil; {
					err = server.Read(func(from netip.AddrPort, request []byte) { tt.answer(server, from, request) })
					if err == nil {
						err = server.Flush()
					}
				}
				served <- nil
			}()
			s, err := newStock(200, at[1].Addr(), false)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := exchange(client, at[0], s); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
			server.Close()
			<-served
		})
	}
}

// TestStock holds that what the sender makes beforehand is what a Map-Server will accept.
func TestStock(t *testing.T) {
	auth := wire.NewAuthenticator(key)
	s, err := newStock(300, etrAddr, false)
	if err != nil {
		t.Fatal(err)
	}
	eids := make(map[lispcore.EID]bool)
	var m wire.MapRegister
	for i := range s.len() {
		if err := m.Parse(s.message(i)); err != nil {
			t.Fatal(err)
		}
		if !auth.Verify(s.message(i)) || message(m.Nonce) != i || message(nonceOf(s.message(i))) != i || !m.WantNotify {
			t.Fatalf("message %d: nonce %x, verified %v, M %v", i, m.Nonce, auth.Verify(s.message(i)), m.WantNotify)
		}
		eids[m.Records[0].EID] = true
	}
	if len(eids) != 300 {
		t.Errorf("%d EID prefixes in 300 messages", len(eids))
	}
	framed, err := newStock(3, etrAddr, true)
	if err != nil {
		t.Fatal(err)
	}
	if n := framed.len(); n != 3 || framed.size != s.size+wire.FrameOverhead {
		t.Errorf("%d frames of %d bytes, want 3 of %d", n, framed.size, s.size+wire.FrameOverhead)
	}
}

// TestPackets holds that only a packet that came through an xTR whole, and one hop older, counts as one.
func TestPackets(t *testing.T) {
	x, err := newXTR(time.Now(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if got := numberOfPacket(x.send(packet(nil, i, destination(i%10)))); got != i {
			t.Errorf("packet %d came out as %d", i, got)
		}
	}
	native := packet(nil, 7, destination(7))
	fresh := forward.Encapsulate(nil, native, wire.DataHeader{})
	broken := x.send(packet(nil, 7, destination(7)))
	broken[len(broken)-packetLen+12]++
	for what, payload := range map[string][]byte{"sent back as it is": native, "with its old TTL": fresh, "with another source": broken} {
		if got := numberOfPacket(payload); got >= 0 {
			t.Errorf("a packet %s counts as number %d", what, got)
		}
	}
	if x.err != nil {
		t.Error(x.err)
	}
	if x.send(packet(nil, 11, destination(11))) != nil || x.err == nil {
		t.Error("a packet that the map-cache has no entry for was sent")
	}
}

// TestRequests holds that what ITRs ask is what a Map-Resolver lets in, each for a registered EID prefix.
func TestRequests(t *testing.T) {
	s, err := newRequests(30, 10, lispcore.ControlPort)
	if err != nil {
		t.Fatal(err)
	}
	engine := newResolver(boot, netip.MustParseAddrPort("127.0.0.1:4342"))
	if err := engine.register(boot, 10); err != nil {
		t.Fatal(err)
	}
	for i := range s.len() {
		engine.Handle(boot, lispcore.Datagram{From: engine.itr, To: engine.itr, Payload: s.message(i)})
		out := engine.Drain()
		if len(out) != 1 {
			t.Fatalf("request %d: %+v", i, out)
		}
		sent := out[0].(lispcore.SendDatagram)
		var reply wire.MapReply
		if err := reply.Parse(sent.Payload); err != nil {
			t.Fatal(err)
		}
		if want := mapping(i%10, etrAddr).EID; sent.To != engine.itr || s.answered(sent.Payload) != i || reply.Records[0].EID != want || len(reply.Records[0].Locators) != 1 {
			t.Errorf("request %d: to %v, answer %d, %+v", i, sent.To, s.answered(sent.Payload), reply.Records)
		}
	}
}

// TestPrint shows the table.
func TestPrint(t *testing.T) {
	r := report{
		exchange: rate{140_000, 8 * time.Microsecond}, hmac: rate{4_000_000, 240 * time.Nanosecond},
		udpFresh: rate{105_000, 10 * time.Microsecond}, udpKnown: rate{112_000, 9900 * time.Nanosecond},
		tcpFresh: rate{420_000, 2700 * time.Nanosecond}, tcpKnown: rate{448_000, 2600 * time.Nanosecond},
		requests: rate{98_000, 11 * time.Microsecond}, packets: rate{133_000, 8200 * time.Nanosecond},
		refresh: rate{500_000, time.Microsecond}, refreshed: 100_000,
		heap:  []heap{{10_000, 271.2}, {1_000_000, 292.6}},
		costs: []cost{{1000, traffic{2640, 3_592_320}, traffic{0, 4800}, traffic{3045, 263_087}}},
	}
	var b strings.Builder
	if err := r.print(&b, full); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(b.String(), "\n\n") // the first line names the machine
	if want := strings.TrimPrefix(`
The machine's limit                              per second    CPU us
  plain UDP exchange, 64 outstanding                140,000      8.00
  HMAC-SHA-1 of a Map-Register                    4,000,000      0.24

One Map-Server: one record a message, HMAC-SHA-1 verified, all answered; CPU of both ends
  UDP Map-Register, new EID prefix                  105,000     10.00  0.75 of the plain exchange (aim: 0.5)
  UDP Map-Register, known                           112,000      9.90  0.80 of the plain exchange
  TCP Registration, new EID prefix                  420,000      2.70  4.0 times UDP (aim: 3)
  TCP Registration, known                           448,000      2.60  4.0 times UDP

One Map-Resolver with its Map-Server; one xTR whose map-cache has 1,000 entries
  Map-Request by ECM, answered with a mapping        98,000     11.00  0.70 of the plain exchange
  packet of 128 bytes, encapsulated                 133,000      8.20  0.95 of the plain exchange

One ETR, in memory
  Registrations on a Refresh, 100,000 prefixes      500,000      1.00

Live heap of a Map-Server, bytes per registration (aim: below 400)
  10,000 registrations                                  271
  1,000,000 registrations                               293

What one ETR costs a Map-Server in an hour (messages both ways; bytes with headers and keepalives)
  EID prefixes  UDP messages  UDP bytes  TCP messages  TCP bytes  before it: messages    bytes
         1,000         2,640  3,592,320             0      4,800                3,045  263,087
  (before it: from power-on until all is registered by TCP, once)
`, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

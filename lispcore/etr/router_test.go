package etr_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// The cast: an xTR with two RLOCs of its own, a second xTR at its site, and an ITR, a Map-Server and a stranger elsewhere.
var (
	own4  = netip.MustParseAddr("198.51.100.1")
	own6  = netip.MustParseAddr("2001:db8:ff::1")
	mate  = netip.MustParseAddr("198.51.100.2")
	itr4  = netip.MustParseAddr("192.0.2.10")
	itr6  = netip.MustParseAddr("2001:db8:ee::10")
	ms    = netip.MustParseAddr("192.0.2.1")
	other = netip.MustParseAddr("203.0.113.99")
)

// router is an ETR that a test talks to message by message.
type router struct {
	*etr.Engine
	t    testing.TB
	now  time.Time
	cfg  etr.Config
	port uint16 // source port of what comes
}

// newRouter is an ETR without map servers, so that only the answers of a test are heard.
func newRouter(t testing.TB, change ...func(*etr.Config)) *router {
	r := &router{t: t, Engine: etr.New(session.NewTable()), now: enginetest.Epoch, port: 61000, cfg: etr.Config{
		Database: []lispcore.Mapping{
			mapping("10.1.0.0/16", locator(own4), locator(mate)), mapping("[7]10.7.0.0/16", locator(own4)), mapping("2001:db8:1::/48", locator(own4), locator(own6)),
		},
		PropagateTTL: true, Rand: rand.New(rand.NewPCG(1, 2)),
	}}
	for _, c := range change {
		c(&r.cfg)
	}
	r.apply()
	return r
}

func (r *router) apply() string {
	r.Configure(r.now, r.cfg)
	r.tick()
	return r.said()
}

func (r *router) tick() {
	if at, armed := r.Deadline(); armed && !at.After(r.now) {
		r.Handle(r.now, lispcore.Tick{})
	}
}

// after lets time pass, and tells what was said meanwhile.
func (r *router) after(d time.Duration) string {
	for end := r.now.Add(d); ; {
		at, armed := r.Deadline()
		if !armed || at.After(end) {
			r.now = end
			return r.said()
		}
		r.now = at
		r.Handle(r.now, lispcore.Tick{})
	}
}

func mapping(eid string, locators ...lispcore.Locator) lispcore.Mapping {
	return lispcore.Mapping{EID: enginetest.ParseEID(eid), TTL: 1440, Locators: locators}
}

func locator(rloc netip.Addr) lispcore.Locator {
	return lispcore.Locator{RLOC: rloc, Priority: 1, Weight: 50, MPriority: 255, Local: rloc == own4 || rloc == own6, Reachable: true}
}

// receive hands a message to the router at one of its RLOCs, and tells what it said.
func (r *router) receive(from, to netip.Addr, message interface {
	Append([]byte) ([]byte, error)
}) string {
	r.t.Helper()
	b, err := message.Append(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.receiveBytes(from, to, b)
}

func (r *router) receiveBytes(from, to netip.Addr, b []byte) string {
	r.Handle(r.now, lispcore.Datagram{From: netip.AddrPortFrom(from, r.port), To: netip.AddrPortFrom(to, lispcore.ControlPort), Payload: b, TTL: 200})
	return r.said()
}

// request is a Map-Request of the ITR.
func request(eids ...string) *wire.MapRequest {
	m := &wire.MapRequest{Nonce: 0x2a, ITRRLOCs: []netip.Addr{itr4}}
	for _, eid := range eids {
		m.Records = append(m.Records, enginetest.ParseEID(eid))
	}
	return m
}

// probe is an RLOC probe of the ITR.
func probe(eid string) *wire.MapRequest {
	m := request(eid)
	m.Probe = true
	return m
}

// encapsulated is a Map-Request as a Map-Server forwards it: from the ITR's port 61000 to the EID's 4342.
func encapsulated(t testing.TB, m interface {
	Append([]byte) ([]byte, error)
}, port, toPort uint16) *wire.EncapsulatedControl {
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &wire.EncapsulatedControl{ToETR: true, TTL: 64, Source: netip.AddrPortFrom(itr4, port),
		Destination: netip.AddrPortFrom(netip.MustParseAddr("10.1.2.3"), toPort), Payload: b}
}

// said tells what the router put out, a line each.
func (r *router) said() string {
	r.t.Helper()
	var lines []string
	for _, out := range r.Drain() {
		switch out := out.(type) {
		case lispcore.Notice:
			lines = append(lines, fmt.Sprintf("* %v: %v %s", out.Event.Kind, out.Event.Peer, out.Event.Detail))
		case lispcore.SendDatagram:
			lines = append(lines, fmt.Sprintf("%v > %v %s", out.From, out.To, r.message(out.Payload)))
		case lispcore.ForwardPacket:
			lines = append(lines, fmt.Sprintf("[%d] %s", out.Instance, packetText(r.t, out.Data)))
		default:
			r.t.Fatalf("unexpected output %T", out)
		}
	}
	return strings.Join(lines, "\n")
}

// message writes a control message.
func (r *router) message(b []byte) string {
	r.t.Helper()
	switch t, _ := wire.PeekType(b); t {
	case wire.TypeMapReply:
		var m wire.MapReply
		if err := m.Parse(b); err != nil {
			r.t.Fatal(err)
		}
		text := fmt.Sprintf("Map-Reply%s %x:", bit(m.Probe, " P"), m.Nonce)
		return text + recordsText(m.Records)
	case wire.TypeMapRequest:
		var m wire.MapRequest
		if err := m.Parse(b); err != nil {
			r.t.Fatal(err)
		}
		return fmt.Sprintf("Map-Request%s%s from %v, ITR-RLOCs %v: %s", bit(m.SMR, " S"), bit(m.Probe, " P"), m.SourceEID, m.ITRRLOCs, enginetest.EID(m.Records[0]))
	case wire.TypeMapRegister:
		var m wire.MapRegister
		if err := m.Parse(b); err != nil {
			r.t.Fatal(err)
		}
		return fmt.Sprintf("Map-Register%s%s:", bit(m.ProxyReply, " P"), bit(m.Merge, " a")) + recordsText(m.Records)
	case wire.TypeMapNotifyAck:
		var m wire.MapNotifyAck
		if err := m.Parse(b); err != nil {
			r.t.Fatal(err)
		}
		return fmt.Sprintf("Map-Notify-Ack %x, authentic %t:", m.Nonce, wire.NewAuthenticator("key").Verify(b)) + recordsText(m.Records)
	default:
		return t.String()
	}
}

func bit(set bool, name string) string {
	if set {
		return name
	}
	return ""
}

// recordsText writes records as " 10.1.0.0/16 1440 A {198.51.100.1 1/50 LR}".
func recordsText(rs []wire.Record) string {
	text := ""
	for _, rec := range rs {
		var ls []string
		for _, l := range rec.Locators {
			ls = append(ls, fmt.Sprintf("%v %d/%d %s%s%s", l.RLOC, l.Priority, l.Weight, bit(l.Local, "L"), bit(l.Probed, "p"), bit(l.Reachable, "R")))
		}
		text += fmt.Sprintf(" %s %d%s {%s}", enginetest.EID(rec.EID), rec.TTL, bit(rec.Authoritative, " A"), strings.Join(ls, ", "))
	}
	return text
}

// packetText writes an inner packet, whose checksum must be right.
func packetText(t testing.TB, b []byte) string {
	t.Helper()
	p, err := forward.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if p.Length != len(b) {
		t.Errorf("%d bytes of a packet of %d", len(b), p.Length)
	}
	return fmt.Sprintf("%v > %v ttl %d tos %#x", p.Source, p.Destination, p.TTL, p.TOS)
}

// packet is a UDP packet of 4 bytes of payload.
func packet(source, destination string, ttl, tos uint8) []byte {
	s, d := netip.MustParseAddr(source), netip.MustParseAddr(destination)
	udp := []byte{0x30, 0x39, 0, 7, 0, 12, 0, 0, 1, 2, 3, 4}
	if s.Is6() {
		b := []byte{0x60 | tos>>4, tos << 4, 0, 0, 0, byte(len(udp)), 17, ttl}
		return append(append(append(b, s.AsSlice()...), d.AsSlice()...), udp...)
	}
	b := []byte{0x45, tos, 0, byte(20 + len(udp)), 0, 1, 0, 0, ttl, 17, 0, 0}
	b = append(append(b, s.AsSlice()...), d.AsSlice()...)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum))
	return append(b, udp...)
}

// tunnelled is a data packet as it arrives: with the outer TTL and TOS.
func tunnelled(instance uint32, inner []byte, ttl, tos uint8) lispcore.Datagram {
	h := wire.DataHeader{HasInstance: instance != 0, Instance: instance}
	return lispcore.Datagram{
		From: netip.AddrPortFrom(itr4, 0xf123), To: netip.AddrPortFrom(own4, lispcore.DataPort), TTL: ttl, TOS: tos, Payload: forward.Encapsulate(nil, inner, h),
	}
}

// decapsulated hands a data packet to the router, and tells what became of it: the packet, or why it was dropped. Explain, Handle
// and Decapsulate must agree.
func (r *router) decapsulated(in lispcore.Datagram) string {
	r.t.Helper()
	untouched := append([]byte(nil), in.Payload...)
	explained, why := r.Explain(in)
	if !bytes.Equal(in.Payload, untouched) {
		r.t.Error("Explain changed the packet")
	}
	before := r.Snapshot().Data
	again := in
	again.Payload = append([]byte(nil), in.Payload...)
	r.Handle(r.now, again)
	clear(again.Payload) // it was only lent
	handled := r.said()
	p, reason := r.Decapsulate(in)
	text := reason.String()
	if reason == etr.NotDropped {
		text = fmt.Sprintf("[%d] %s", p.Instance, packetText(r.t, p.Data))
		if handled != text || packetText(r.t, explained.Data) != packetText(r.t, p.Data) {
			r.t.Errorf("Decapsulate says %q, Handle %q", text, handled)
		}
	} else if handled != "" {
		r.t.Errorf("dropped (%s), yet Handle says %q", text, handled)
	}
	after := r.Snapshot().Data
	if n := after.Packets + after.Dropped() - before.Packets - before.Dropped(); why != reason || n != 2 {
		r.t.Errorf("%v explained as %v; of two packets %d were counted", reason, why, n)
	}
	return text
}

func expect(t testing.TB, got, want string) {
	t.Helper()
	want = strings.ReplaceAll(strings.TrimSpace(want), "\t", "")
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

package itr_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/wire"
)

// The world of these tests: an ITR at 10.0.0.1 (fd00::1) with the EID prefixes 10.1.0.0/16 and 2001:db8:1::/48, and two
// Map-Resolvers, 10.0.0.100 and 10.0.0.101, in whose stead the test answers.
const (
	self      = "10.0.0.1"
	self6     = "fd00::1"
	resolver1 = "10.0.0.100"
	resolver2 = "10.0.0.101"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is an ITR, its clock and its routing table.
type world struct {
	t        testing.TB
	e        *itr.Engine
	cfg      itr.Config
	now      time.Time
	unrouted map[netip.Addr]bool
	events   []string
}

// Source implements itr.Routes.
func (w *world) Source(to netip.Addr) (netip.Addr, bool) {
	if to.Is4() {
		return addr(self), !w.unrouted[to]
	}
	return addr(self6), !w.unrouted[to]
}

func newWorld(t testing.TB, change ...func(*itr.Config)) *world {
	w := &world{t: t, now: epoch, unrouted: make(map[netip.Addr]bool)}
	own := []lispcore.Locator{{RLOC: addr(self), Priority: 1, Weight: 100, Local: true, Reachable: true}}
	service := itr.Service{ITR: true, MapResolvers: []netip.Addr{addr(resolver1), addr(resolver2)}}
	w.cfg = itr.Config{IPv4: service, IPv6: service, PropagateTTL: true, Rand: rand.New(rand.NewPCG(1, 2)), Instances: []itr.Instance{{Database: []lispcore.Mapping{
		{EID: eid("10.1.0.0/16"), TTL: 1440, Locators: own}, {EID: eid("2001:db8:1::/48"), TTL: 1440, Locators: own},
	}}}}
	for _, f := range change {
		f(&w.cfg)
	}
	w.e = itr.New(w)
	w.e.Configure(w.now, w.cfg)
	return w
}

// reconfigure changes the configuration.
func (w *world) reconfigure(change func(*itr.Config)) {
	change(&w.cfg)
	w.e.Configure(w.now, w.cfg)
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func eid(s string) lispcore.EID { return lispcore.NewEID(0, prefix(s)) }

// packet is an IPv4 or IPv6 packet of size bytes, in UDP from port 1000 to port 2000.
func packet(from, to string, size int, df bool) []byte {
	a, b := addr(from), addr(to)
	p := make([]byte, size)
	header := 20
	if a.Is4() {
		p[0], p[8], p[9] = 0x45, 63, 17
		binary.BigEndian.PutUint16(p[2:], uint16(size))
		if df {
			p[6] = 0x40
		}
		copy(p[12:], a.AsSlice())
		copy(p[16:], b.AsSlice())
		binary.BigEndian.PutUint16(p[10:], checksum(p[:20]))
	} else {
		header = 40
		p[0], p[6], p[7] = 0x60, 17, 63
		binary.BigEndian.PutUint16(p[4:], uint16(size-40))
		copy(p[8:], a.AsSlice())
		copy(p[24:], b.AsSlice())
	}
	binary.BigEndian.PutUint16(p[header:], 1000)
	binary.BigEndian.PutUint16(p[header+2:], 2000)
	binary.BigEndian.PutUint16(p[header+4:], uint16(size-header))
	return p
}

func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// forward gives the ITR a small packet.
func (w *world) forward(from, to string) itr.Verdict {
	return w.e.Forward(w.now, 0, packet(from, to, 100, false))
}

// goes forwards a packet of the own site and writes what became of it: the locator, or kind and reason.
func (w *world) goes(to string) string {
	from := "10.1.0.5"
	if addr(to).Is6() {
		from = "2001:db8:1::5"
	}
	return verdict(w.forward(from, to))
}

func verdict(v itr.Verdict) string {
	switch {
	case v.Kind == itr.Encapsulate && v.Reason != 0:
		return fmt.Sprintf("to %v, %v", v.RLOC, v.Reason)
	case v.Kind == itr.Encapsulate:
		return "to " + v.RLOC.String()
	}
	return fmt.Sprintf("%v: %v", v.Kind, v.Reason)
}

// sent is one Map-Request that the ITR sent.
type sent struct {
	from, to netip.AddrPort
	ecm      *wire.EncapsulatedControl // nil: it was not encapsulated
	wire.MapRequest
}

// String writes "10.0.0.100 10.2.0.7/32", with the flags behind.
func (s sent) String() string {
	text := fmt.Sprintf("%v %v", s.to.Addr(), s.Records[0].Prefix)
	for _, f := range []struct {
		set  bool
		name string
	}{{s.Probe, "probe"}, {s.SMRInvoked, "SMR-invoked"}, {s.PITR, "PITR"}} {
		if f.set {
			text += " " + f.name
		}
	}
	return text
}

// sent drains the ITR and returns its Map-Requests. Events are noted.
func (w *world) sent() []sent {
	var list []sent
	for _, out := range w.e.Drain() {
		switch out := out.(type) {
		case lispcore.Notice:
			w.events = append(w.events, strings.TrimSpace(fmt.Sprintf("%v %v %s", out.Event.Kind, out.Event.Peer, out.Event.Detail)))
		case lispcore.SendDatagram:
			s := sent{from: out.From, to: out.To}
			message := out.Payload
			if t, _ := wire.PeekType(message); t == wire.TypeEncapsulatedControl {
				s.ecm = new(wire.EncapsulatedControl)
				if err := s.ecm.Parse(message); err != nil {
					w.t.Fatal(err)
				}
				message = s.ecm.Payload
			}
			if err := s.Parse(message); err != nil {
				w.t.Fatal(err)
			}
			list = append(list, s)
		}
	}
	return list
}

// texts writes a list with its Stringers, one a line.
func texts[T fmt.Stringer](list []T) string {
	var lines []string
	for _, x := range list {
		lines = append(lines, x.String())
	}
	return strings.Join(lines, "\n")
}

// one returns the only Map-Request that was sent.
func (w *world) one() sent {
	w.t.Helper()
	list := w.sent()
	if len(list) != 1 {
		w.t.Fatalf("%d Map-Requests, want 1:\n%s", len(list), texts(list))
	}
	return list[0]
}

// mapping is a record: "10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/2/50", or "10.2.0.0/16 natively-forward" by the action given.
func mapping(text string) wire.Record {
	words := strings.Fields(text)
	r := wire.Record{Mapping: lispcore.Mapping{EID: eid(words[0]), TTL: 1440}, Authoritative: true}
	for _, word := range words[1:] {
		l := lispcore.Locator{Reachable: true}
		word, down := strings.CutSuffix(word, "/down")
		if down {
			l.Reachable = false
		}
		word, l.Probed = strings.CutSuffix(word, "/probed")
		parts := strings.Split(word, "/")
		l.RLOC = addr(parts[0])
		if _, err := fmt.Sscan(parts[1]+" "+parts[2], &l.Priority, &l.Weight); err != nil {
			panic(err)
		}
		r.Locators = append(r.Locators, l)
	}
	return r
}

func negative(p string, action lispcore.Action, minutes uint32) wire.Record {
	return wire.Record{Mapping: lispcore.Mapping{EID: eid(p), TTL: minutes, Action: action}}
}

// reply gives the ITR a Map-Reply.
func (w *world) reply(from string, nonce uint64, probe bool, records ...wire.Record) {
	w.t.Helper()
	m := wire.MapReply{Nonce: nonce, Probe: probe, Records: records}
	w.control(from, must(m.Append(nil)))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// control gives the ITR a message at port 4342.
func (w *world) control(from string, payload []byte) {
	w.e.Handle(w.now, lispcore.Datagram{From: netip.AddrPortFrom(addr(from), 4342), To: netip.AddrPortFrom(addr(self), 4342), Payload: slices.Clone(payload)})
}

// data gives the ITR the header of a data packet from a locator.
func (w *world) data(from string, h wire.DataHeader, inner []byte) {
	w.e.HandleData(w.now, lispcore.Datagram{From: netip.AddrPortFrom(addr(from), 0xf000), To: netip.AddrPortFrom(addr(self), 4341), Payload: append(h.Append(nil), inner...)})
}

func (w *world) smr(from string, prefixes ...string) {
	m := wire.MapRequest{SMR: true, Nonce: 9, ITRRLOCs: []netip.Addr{addr(from)}}
	for _, p := range prefixes {
		m.Records = append(m.Records, eid(p))
	}
	w.control(from, must(m.Append(nil)))
}

// learn has the ITR learn a mapping that it asks for on behalf of a packet to an address.
func (w *world) learn(to string, records ...wire.Record) {
	w.t.Helper()
	w.goes(to)
	for _, s := range w.sent() {
		if !s.Probe && s.Records[0].Prefix.Addr() == addr(to) {
			w.reply("10.0.0.2", s.Nonce, false, records...)
			return
		}
	}
	w.t.Fatalf("no Map-Request for %s", to)
}

// advance lets time pass, timer by timer, and returns the Map-Requests that went out.
func (w *world) advance(d time.Duration) []sent {
	var list []sent
	end := w.now.Add(d)
	for {
		list = append(list, w.sent()...)
		at, armed := w.e.Deadline()
		if !armed || at.After(end) {
			w.now = end
			return list
		}
		if at.After(w.now) {
			w.now = at
		}
		w.e.Handle(w.now, lispcore.Tick{})
	}
}

// cache lists the prefixes of the IPv4 map-cache of instance 0, with the locators that are up.
func (w *world) cache() string {
	var words []string
	state, _ := w.e.Snapshot().Service(lispcore.Service{Family: lispcore.IPv4})
	for _, en := range state.Entries {
		word := en.Prefix.String()
		for _, l := range en.Locators {
			word += fmt.Sprintf(" %v %v", l.RLOC, l.State)
		}
		if len(en.Locators) == 0 {
			word += " " + en.Action.String()
		}
		words = append(words, word)
	}
	return strings.Join(words, "; ")
}

func (w *world) stats() itr.Statistics {
	state, _ := w.e.Snapshot().Service(lispcore.Service{Family: lispcore.IPv4})
	return state.Statistics
}

// is compares what came out with what should.
func is[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

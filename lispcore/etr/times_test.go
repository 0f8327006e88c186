package etr_test

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/wire"
)

// world is an ETR with jitter and a Map-Server that allows everything.
func world(jitter bool) (b *enginetest.Bed, x, ms *enginetest.Node) {
	b = enginetest.NewBed()
	ms = b.AddMapServer("MS", "10.0.0.9", mapserver.Config{IPv4: true, IPv6: true, Reliable: true, Sites: []mapserver.SiteConfig{{
		Name: "A", Key: "key-a", EIDs: []mapserver.SiteEID{{EID: enginetest.ParseEID("10.0.0.0/8"), AcceptMoreSpecifics: true}},
	}}})
	x = b.AddETR("X", "10.0.0.1", etr.Config{Reliable: true, Jitter: jitter})
	x.ETRConfig.Database = []lispcore.Mapping{{EID: enginetest.ParseEID("10.1.0.0/16"), TTL: 1440,
		Locators: []lispcore.Locator{{RLOC: x.Addr, Priority: 1, Weight: 100, Local: true, Reachable: true}}}}
	x.ETRConfig.MapServers = []etr.MapServerConfig{{Addr: ms.Addr, Family: lispcore.IPv4, Key: "key-a", Local: x.Addr}}
	return b, x, ms
}

// times notes when an ETR sends Map-Registers and when it dials.
type times struct{ registers, dials []time.Time }

func (w *times) watch(x *enginetest.Node) func(time.Time, *enginetest.Node, lispcore.Output) {
	return func(at time.Time, from *enginetest.Node, out lispcore.Output) {
		switch out.(type) {
		case lispcore.SendDatagram:
			if from == x {
				w.registers = append(w.registers, at)
			}
		case lispcore.OpenStream:
			w.dials = append(w.dials, at)
		}
	}
}

// spread holds the distances of the instants to the bounds, and wants them to differ.
func spread(t *testing.T, what string, instants []time.Time, least, most time.Duration) {
	t.Helper()
	if len(instants) < 20 {
		t.Fatalf("%s: only %d instants", what, len(instants))
	}
	seen := make(map[time.Duration]bool)
	for i := range instants[1:] {
		d := instants[i+1].Sub(instants[i])
		seen[d] = true
		if d < least || d > most {
			t.Errorf("%s: %v, want %v to %v", what, d, least, most)
		}
	}
	if len(seen) < 10 {
		t.Errorf("%s: only %d different distances", what, len(seen))
	}
}

// TestPeriod: answered Map-Registers are 54 to 60 s apart; without jitter exactly 60 s. Dials at a port that
// refuses are a minute apart.
func TestPeriod(t *testing.T) {
	b, x, ms := world(true)
	var w times
	b.Watch = w.watch(x)
	ms.Refuse(true)
	x.Configure()
	b.Advance(2 * time.Hour)
	spread(t, "period", w.registers, 54*time.Second, 60*time.Second)
	for i := range w.dials[1:] {
		if d := w.dials[i+1].Sub(w.dials[i]); d != 60*time.Second { // a Map-Notify that comes sooner waits for the minute
			t.Errorf("dials are %v apart", d)
		}
	}

	b, x, ms = world(false)
	w = times{}
	b.Watch = w.watch(x)
	ms.Refuse(true)
	x.Configure()
	b.Advance(time.Hour)
	if n := len(w.registers); n != 61 {
		t.Errorf("without jitter %d Map-Registers in an hour, want 61", n)
	}
}

// TestConnectDelay: the first dial comes 1 to 2 s after the Map-Notify.
func TestConnectDelay(t *testing.T) {
	var delays []time.Time
	sum := enginetest.Epoch
	for i := range 40 {
		b, x, _ := world(true)
		var w times
		b.Watch = w.watch(x)
		for range i { // draw something else first
			x.ETRConfig.Rand.Uint64()
		}
		x.Configure()
		b.Advance(3 * time.Second)
		if len(w.dials) != 1 {
			t.Fatalf("%d dials", len(w.dials))
		}
		delays = append(delays, sum)
		sum = sum.Add(w.dials[0].Sub(enginetest.Epoch))
	}
	spread(t, "connect delay", append(delays, sum), time.Second, 2*time.Second)
}

// TestReturnToUDP: the first Map-Register after a session comes 54 to 60 s after its end.
func TestReturnToUDP(t *testing.T) {
	b, x, ms := world(true)
	var w times
	b.Watch = w.watch(x)
	x.Configure()
	var delays []time.Time
	sum := enginetest.Epoch
	for range 40 {
		b.Advance(5 * time.Minute)
		if b.Between(x, ms) == 0 {
			t.Fatal("no session")
		}
		w = times{}
		end := b.Now()
		b.End(ms, x, lispcore.ClosedByPeer)
		b.Advance(time.Minute)
		if len(w.registers) != 1 {
			t.Fatalf("%d Map-Registers in the minute after a session", len(w.registers))
		}
		delays = append(delays, sum)
		sum = sum.Add(w.registers[0].Sub(end))
	}
	spread(t, "return to UDP", append(delays, sum), 54*time.Second, 60*time.Second)
}

// TestResendsAreExact: jitter does not touch the backoff, up to where resend and period are one.
func TestResendsAreExact(t *testing.T) {
	b, x, ms := world(true)
	var w times
	b.Watch = w.watch(x)
	b.Cut(x, ms)
	x.Configure()
	b.Advance(time.Hour)
	want := []time.Duration{0, 1, 3, 7, 15, 31, 63}
	for i, d := range want {
		if got := w.registers[i].Sub(enginetest.Epoch); got != d*time.Second {
			t.Errorf("Map-Register %d at %v, want %v", i, got, d*time.Second)
		}
	}
	spread(t, "period without answers", w.registers[len(want)-1:], 54*time.Second, 60*time.Second)
}

// TestSizes: however many prefixes of whatever size there are, each is in exactly one Map-Register, of at most 255 records
// and 1400 bytes unless it holds one record only, descending; and each message has a nonce of its own.
func TestSizes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, x, ms := world(false)
		ms.Refuse(true)
		var got []wire.MapRegister
		b.Watch = func(_ time.Time, from *enginetest.Node, out lispcore.Output) {
			if d, ok := out.(lispcore.SendDatagram); ok && from == x {
				var m wire.MapRegister
				if err := m.Parse(d.Payload); err != nil {
					rt.Fatal(err)
				}
				if len(d.Payload) > 1400 && len(m.Records) > 1 || len(m.Records) > 255 {
					rt.Fatalf("%d bytes with %d records", len(d.Payload), len(m.Records))
				}
				if m.Records[0].TTL != 0 {
					got = append(got, m)
				}
			}
		}
		x.ETRConfig.Database = nil
		for range rapid.IntRange(1, 4).Draw(rt, "changes") {
			x.ETRConfig.Database = drawDatabase(rt, x)
			x.Configure()
			b.Settle()
			b.Advance(time.Duration(rapid.IntRange(0, 100).Draw(rt, "s")) * time.Second)
		}
		b.Advance(2 * time.Minute)
		got = nil
		b.Advance(time.Minute)
		seen := make(map[lispcore.EID]bool)
		nonces := make(map[uint64]bool)
		for _, m := range got {
			if nonces[m.Nonce] {
				rt.Fatalf("two messages have the nonce %x", m.Nonce)
			}
			nonces[m.Nonce] = true
			for i, r := range m.Records {
				if seen[r.EID] {
					rt.Fatalf("%v is in two messages", r.EID)
				}
				seen[r.EID] = true
				if i > 0 && m.Records[i-1].EID.Compare(r.EID) <= 0 {
					rt.Fatalf("%v before %v", m.Records[i-1].EID, r.EID)
				}
			}
		}
		if len(seen) != len(x.ETRConfig.Database) {
			rt.Fatalf("%d prefixes of %d are registered", len(seen), len(x.ETRConfig.Database))
		}
	})
}

func drawDatabase(rt *rapid.T, x *enginetest.Node) []lispcore.Mapping {
	var list []lispcore.Mapping
	for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, 255), 0, 150, rapid.ID[int]).Draw(rt, "prefixes") {
		m := lispcore.Mapping{EID: enginetest.ParseEID("10.0.0.0/24"), TTL: 1440}
		a := m.EID.Prefix.Addr().As4()
		a[2] = byte(i)
		m.EID = lispcore.NewEID(0, prefixOf(a))
		rloc := x.Addr
		for range rapid.SampledFrom([]int{1, 1, 1, 2, 10, 120}).Draw(rt, "locators") {
			m.Locators = append(m.Locators, lispcore.Locator{RLOC: rloc, Priority: 1, Weight: 1, Reachable: true})
			rloc = rloc.Next()
		}
		list = append(list, m)
	}
	return list
}

func prefixOf(a [4]byte) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4(a), 24) }

// TestNothingLeftToDo: an ETR without prefixes wants no Tick.
func TestNothingLeftToDo(t *testing.T) {
	b, x, _ := world(false)
	x.Configure()
	b.Advance(500 * time.Millisecond)
	x.ETRConfig.MapServers = nil
	x.Configure()
	b.Settle()
	if at, armed := x.ETR.Deadline(); armed {
		t.Errorf("a timer is armed for %v", at)
	}
}

// TestQuietSession: when all is registered over the session, or refused, no timer is left.
func TestQuietSession(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
	}{
		{"registered", []string{"write MS X refresh all; ack 10.1.0.0/16; nack 1 10.2.0.0/16"}},
		{"registered late", []string{"advance 40s", "write MS X refresh all; ack 10.1.0.0/16; nack 1 10.2.0.0/16"}},
		{"refused late, unasked", []string{"advance 40s", "write MS X nack 1 10.1.0.0/16; nack 1 10.2.0.0/16"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := enginetest.NewPlayer()
			p.Play("puppet MS 10.0.0.9", "etr X 10.0.0.1", "map-server X MS key-a ipv4", "database X 10.1.0.0/16 10.2.0.0/16",
				"send MS X notify key-a nonce=n1 10.1.0.0/16", "advance 1s")
			p.Play(c.lines...)
			patience := p.Bed().Now().Add(time.Minute) // with Registrations; it will find none without an answer
			if at, armed := p.Bed().Node("X").ETR.Deadline(); armed && !at.Equal(patience) {
				t.Errorf("a timer is armed for %v, now is %v", at, p.Bed().Now())
			}
			p.Play("advance 61s")
			if at, armed := p.Bed().Node("X").ETR.Deadline(); armed {
				t.Errorf("a timer is armed for %v, now is %v", at, p.Bed().Now())
			}
		})
	}
}

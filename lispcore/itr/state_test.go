package itr_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/wire"
)

var ipv4 = lispcore.Service{Family: lispcore.IPv4}

// TestStaticEntries: they decide until a Map-Reply says more of the same prefix, and come back when it ends.
func TestStaticEntries(t *testing.T) {
	static := func(list ...itr.Static) func(*itr.Config) {
		return func(c *itr.Config) { c.Instances[0].Static = list }
	}
	w := newWorld(t, static(itr.Static{Prefix: prefix("10.2.0.0/16"), Action: lispcore.SendMapRequest},
		itr.Static{Prefix: prefix("10.3.0.0/16"), Action: lispcore.DropNoReason}, itr.Static{Prefix: prefix("0.0.0.0/0"), Action: lispcore.NativelyForward}))
	is(t, "default", w.goes("172.16.0.1"), "forward natively: map-cache action forward-native")
	is(t, "drop", w.goes("10.3.0.1"), "drop: map-cache action drop")
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	is(t, "resolved", w.goes("10.2.0.8"), "to 10.0.0.2")
	state, _ := w.e.Snapshot().Service(ipv4)
	en := state.Entries[1]
	is(t, "source and static", fmt.Sprint(en.Source == itr.MapReply, en.Static), "true true")
	w.advance(24 * time.Hour)
	is(t, "at its end", w.cache(), "0.0.0.0/0 natively-forward; 10.2.0.0/16 send-map-request; 10.3.0.0/16 drop/no-reason")
	w.reconfigure(static())
	is(t, "without the lines", w.cache(), "0.0.0.0/0 send-map-request")
}

// TestConfigureKeepsWhatWasLearned, and drops it with its service.
func TestConfigureKeepsWhatWasLearned(t *testing.T) {
	w := newWorld(t, probing)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.goes("10.3.0.7")
	w.advance(0)
	w.reconfigure(func(c *itr.Config) { c.IPv4.Limit = 5; c.IPv4.PETRs = []itr.PETR{{RLOC: addr("10.0.0.51")}} })
	is(t, "kept", w.goes("10.2.0.7"), "to 10.0.0.2")
	is(t, "Locators", fmt.Sprint(w.e.Locators()), "[10.0.0.2]")
	w.reconfigure(func(c *itr.Config) { c.IPv4.ITR, c.IPv6.ITR, c.IPv4.PETRs = false, false, nil })
	is(t, "gone", w.goes("10.2.0.7"), "forward natively: ITR not enabled")
	is(t, "services", len(w.e.Snapshot().Services), 0)
	if at, armed := w.e.Deadline(); armed {
		t.Errorf("a timer is left at %v", at)
	}
}

// TestProbesStopWithTheirConfiguration: what they found out counts for nothing then.
func TestProbesStopWithTheirConfiguration(t *testing.T) {
	w := newWorld(t, probing)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.advance(5 * time.Minute)
	is(t, "down", w.goes("10.2.0.7"), "drop: no usable locator")
	w.reconfigure(func(c *itr.Config) { c.Probing = false })
	is(t, "up", w.goes("10.2.0.7"), "to 10.0.0.2")
	is(t, "probes", len(w.advance(5*time.Minute)), 0)
}

// TestMapCacheLimit: what finds no room is counted, told once, and not asked for again for half a minute.
func TestMapCacheLimit(t *testing.T) {
	w := newWorld(t, func(c *itr.Config) { c.IPv4.Limit = 2 })
	for i := range 4 {
		w.learn(fmt.Sprintf("10.2.%d.7", i), mapping(fmt.Sprintf("10.2.%d.0/24 10.0.0.2/1/100", i)))
	}
	is(t, "cache", w.cache(), "0.0.0.0/0 send-map-request; 10.2.0.0/24 10.0.0.2 up; 10.2.1.0/24 10.0.0.2 up")
	is(t, "rejected", w.stats().EntriesRejected, 2)
	w.sent()
	is(t, "events", strings.Join(w.events, "; "), "map-cache full invalid IP")
	w.advance(29 * time.Second)
	is(t, "not asked for", w.goes("10.2.3.7"), "drop: map-cache miss, Map-Reply pending")
	w.learn("10.2.9.7", negative("10.2.1.0/24", lispcore.NoAction, 0)) // refused: not what was asked
	w.e.Clear(w.now, ipv4, prefix("10.2.1.0/24"))
	w.advance(time.Second)
	w.learn("10.2.3.7", mapping("10.2.3.0/24 10.0.0.3/1/100"))
	is(t, "room again", w.cache(), "0.0.0.0/0 send-map-request; 10.2.0.0/24 10.0.0.2 up; 10.2.3.0/24 10.0.0.3 up")
}

// TestPendingRequestsAreBounded: a scan of the address space costs at most a thousand records.
func TestPendingRequestsAreBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 3000 {
		w.goes(netip.AddrFrom4([4]byte{20, 0, byte(i >> 8), byte(i)}).String())
	}
	is(t, "sent", len(w.sent()), 1000)
	state, _ := w.e.Snapshot().Service(ipv4)
	is(t, "pending", len(state.Pending), 1000)
	is(t, "dropped", state.Statistics.Reasons.Of(itr.TooManyRequests), 2000)
	is(t, "signals", fmt.Sprint(state.Statistics.Signals, state.Statistics.SignalsDropped), "1000 2000")
	w.advance(time.Minute)
	state, _ = w.e.Snapshot().Service(ipv4)
	is(t, "in a minute", len(state.Pending), 0)
}

// TestClear: one entry by its prefix, the one that covers an address, or all; static ones stay.
func TestClear(t *testing.T) {
	w := newWorld(t)
	for _, p := range []string{"10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"} {
		w.learn(prefix(p).Addr().Next().String(), mapping(p+" 10.0.0.2/1/100"))
	}
	w.goes("10.5.0.1")
	w.e.Clear(w.now, ipv4, prefix("10.2.0.0/16"))
	w.e.Clear(w.now, ipv4, prefix("10.3.9.9/32"))
	w.e.Clear(w.now, ipv4, prefix("10.4.0.0/24"))
	is(t, "two of three", w.cache(), "0.0.0.0/0 send-map-request; 10.4.0.0/16 10.0.0.2 up")
	w.e.Clear(w.now, ipv4, netip.Prefix{})
	is(t, "all", w.cache(), "0.0.0.0/0 send-map-request")
	is(t, "pending", w.goes("10.5.0.1"), "drop: map-cache miss, Map-Request sent")
	is(t, "created and deleted", fmt.Sprint(w.stats().EntriesCreated, w.stats().EntriesDeleted), "3 3")
	is(t, "locators", len(w.e.Locators()), 0)
	w.e.ClearStatistics(w.now, ipv4)
	is(t, "counters", w.stats(), itr.Statistics{Cleared: w.now})
}

// A locator that two find down, the ETR by the R bit and this router by its probes, has gone down once.
func TestStateChangesAreOfUpAndDown(t *testing.T) {
	w := newWorld(t)
	const prefix = "10.2.0.0/16"
	told := func(r string) {
		w.advance(time.Minute)
		w.smr("10.0.0.2", prefix)
		w.reply("10.0.0.2", w.one().Nonce, false, mapping(prefix+" 10.0.0.2/1/100 10.0.0.3/2/50"+r))
	}
	probed := func(up bool) {
		w.advance(time.Second)
		w.e.SetReachable(w.now, addr("10.0.0.3"), up)
	}
	w.learn("10.2.0.7", mapping(prefix+" 10.0.0.2/1/100 10.0.0.3/2/50"))
	changed, changes := w.now, 1
	for _, step := range []struct {
		what string
		do   func()
		new  string
	}{
		{"the ETR says down", func() { told("/down") }, "down"},
		{"the probes find it down, too", func() { probed(false) }, ""},
		{"the ETR says up, too early", func() { told("") }, ""},
		{"the probes find it up", func() { probed(true) }, "up"},
		{"the probes find it down", func() { probed(false) }, "down"},
		{"the ETR says down, too", func() { told("/down") }, ""},
		{"the probes find it up, too early", func() { probed(true) }, ""},
		{"the probes find it down again", func() { probed(false) }, ""},
		{"and up", func() { probed(true) }, ""},
		{"the ETR says up, too", func() { told("") }, "up"},
	} {
		step.do()
		if step.new != "" {
			changed, changes = w.now, changes+1
		}
		state, _ := w.e.Snapshot().Service(ipv4)
		l := state.Entries[1].Locators[1]
		is(t, step.what+": last change", l.StateChanged, changed)
		is(t, step.what+": changes", l.StateChanges, changes)
		if step.new != "" {
			is(t, step.what, l.State.String(), step.new)
		}
	}
}

// TestCounters follows one entry through its life as show commands see it.
func TestCounters(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/2/50"))
	learned := w.now
	w.advance(time.Minute)
	w.goes("10.2.0.7")
	w.goes("10.2.0.8")
	used := w.now
	w.advance(90 * time.Second)
	state, _ := w.e.Snapshot().Service(ipv4)
	en := state.Entries[1]
	is(t, "created", en.Created, learned)
	is(t, "modified", en.Modified, learned)
	is(t, "expires", en.Expires, learned.Add(24*time.Hour))
	is(t, "last packet", en.LastPacket, used)
	is(t, "active", en.Active(w.now), false)
	is(t, "packets and bytes", fmt.Sprint(en.Packets, en.Bytes), "2 200")
	is(t, "of the locators", fmt.Sprint(en.Locators[0].Packets, en.Locators[0].Bytes, en.Locators[1].Packets), "2 200 0")
	is(t, "state changes", en.Locators[0].StateChanges, 1)
	is(t, "route changes", en.Locators[0].RouteChanges, 1)
	is(t, "source", fmt.Sprint(en.From, en.Authoritative, en.Complete), "10.0.0.2 true true")

	w.smr("10.0.0.2", "10.2.0.0/16")
	w.reply("10.0.0.2", w.one().Nonce, false, mapping("10.2.0.0/16 10.0.0.2/1/10 10.0.0.3/2/50/down"))
	state, _ = w.e.Snapshot().Service(ipv4)
	en = state.Entries[1]
	is(t, "created, after a change", en.Created, learned)
	is(t, "modified, after a change", en.Modified, w.now)
	is(t, "weight", en.Locators[0].WeightChanged, w.now)
	is(t, "priority", en.Locators[0].PriorityChanged.IsZero(), true)
	is(t, "uptime of the locator", en.Locators[0].Created, learned)
	is(t, "down", fmt.Sprint(en.Locators[1].State, en.Locators[1].StateChanges), "down 2")
	is(t, "counted on", fmt.Sprint(en.Packets), "2")

	s := state.Statistics
	is(t, "Map-Requests", fmt.Sprint(s.MapRequestsOut, s.EncapsulatedOut, s.ProbesOut, s.SMRInvokedOut, s.SMRsIn), "2 2 0 1 1")
	is(t, "records", fmt.Sprint(s.RecordsIn, s.AuthoritativeIn, s.NonAuthoritativeIn, s.NegativeIn), "2 2 0 0")
	is(t, "packets", fmt.Sprint(s.Encapsulated, s.EncapsulatedBytes), "2 200")
}

// TestBadInputIsCountedAndTold and does nothing else.
func TestBadInputIsCountedAndTold(t *testing.T) {
	w := newWorld(t)
	before := w.cache()
	w.control("10.0.0.66", nil)
	w.control("10.0.0.66", []byte{0x20})
	w.control("10.0.0.66", []byte{0x11, 0})
	w.control("10.0.0.66", []byte{0x40, 0, 0, 1})
	plain := wire.MapRequest{ITRRLOCs: []netip.Addr{addr("10.0.0.66")}, Records: []lispcore.EID{eid("10.1.0.0/16")}}
	w.control("10.0.0.66", must(plain.Append(nil)))
	w.e.Handle(w.now, lispcore.Datagram{From: netip.MustParseAddrPort("10.0.0.66:5"), To: netip.MustParseAddrPort(self + ":4341"), Payload: []byte{1}})
	c := w.e.Snapshot().Counters
	is(t, "counters", c, itr.Counters{MapReplyFormatErrors: 1, MapRequestFormatErrors: 1, DataFormatErrors: 1, Unexpected: 3})
	is(t, "sent", len(w.sent()), 0)
	is(t, "told", len(w.events), 5)
	is(t, "cache", w.cache(), before)
}

// TestAMapReplyWithImpossibleLocatorsIsRefused: nobody can make the router send to a multicast address, or to itself.
func TestAMapReplyWithImpossibleLocatorsIsRefused(t *testing.T) {
	for _, rloc := range []string{"224.0.0.1", "127.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1", "::1"} {
		w := newWorld(t)
		w.learn("10.2.0.7", mapping("10.2.0.0/16 "+rloc+"/1/100"))
		is(t, rloc, w.cache(), "0.0.0.0/0 send-map-request")
	}
}

// TestMapRequestSource: the operator's choice is source and ITR-RLOC.
func TestMapRequestSource(t *testing.T) {
	w := newWorld(t, func(c *itr.Config) { c.IPv4.MapRequestSource = addr("10.0.0.77") })
	w.goes("10.2.0.7")
	s := w.one()
	is(t, "source", s.from.Addr(), addr("10.0.0.77"))
	if !slices.Equal(s.ITRRLOCs, []netip.Addr{addr("10.0.0.77")}) {
		t.Errorf("ITR-RLOCs %v", s.ITRRLOCs)
	}
}

// TestNothingIsLeftBehind: what is no longer used is no longer remembered.
func TestNothingIsLeftBehind(t *testing.T) {
	w := newWorld(t, probing, echoNonce, func(c *itr.Config) {
		c.IPv4.PETRs = []itr.PETR{{RLOC: addr("10.0.0.51")}}
		d := &c.Instances[0].Database[0]
		d.Locators = append(slices.Clone(d.Locators), lispcore.Locator{RLOC: addr("10.0.0.9"), Priority: 1, Weight: 1, Reachable: true})
	})
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/1/100"), mapping("10.2.1.0/24 10.0.0.3/1/100"))
	w.smr("10.0.0.2", "10.2.0.0/16")
	w.reply("10.0.0.2", w.one().Nonce, false, mapping("10.2.0.0/16 10.0.0.4/1/100"))
	sizes := func() string { return fmt.Sprint(w.e.Sizes()) }
	is(t, "10.0.0.3, .4, .9, .51", sizes()[:1], "4")
	w.e.Lig(w.now, eid("10.6.0.0/16"), netip.Addr{}, netip.Addr{}, 5)
	w.goes("10.5.0.1")
	w.advance(5 * time.Minute)
	w.e.Clear(w.now, ipv4, netip.Prefix{})
	is(t, "without entries: the site's and the PETR, one probe", sizes(), "2 0 1 0")
	w.reconfigure(func(c *itr.Config) {
		c.IPv4.PETRs = nil
		c.Instances[0].Database[0].Locators = c.Instances[0].Database[0].Locators[:1]
	})
	is(t, "without those", sizes(), "0 0 0 0")
}

// TestDebug: notices that only a debugging operator sees come while debugging is on.
func TestDebug(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.e.SetDebug(true)
	w.learn("10.3.0.7", negative("10.3.0.0/16", lispcore.NativelyForward, 15))
	w.sent()
	is(t, "told", strings.Join(w.events, "; "), "map-request sent 10.0.0.100; map-reply received 10.0.0.2; map-reply record 10.0.0.2 natively-forward")
}

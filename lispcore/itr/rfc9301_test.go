package itr_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/wire"
)

// "... the mask-length is set to 32 for IPv4 and 128 for IPv6 when the Map-Request is data-triggered."
func TestRFC9301_5_3_DataTriggeredMapRequestAsksForOneAddress(t *testing.T) {
	for _, to := range []string{"10.2.0.7", "2001:db8:2::7"} {
		w := newWorld(t)
		is(t, to, w.goes(to), "drop: map-cache miss, Map-Request sent")
		s := w.one()
		is(t, "records", len(s.Records), 1)
		is(t, "asked for", s.Records[0].Prefix, netip.PrefixFrom(addr(to), addr(to).BitLen()))
		is(t, "ITR-RLOC", s.ITRRLOCs[0], addr(self))
		is(t, "flags", s.Probe || s.SMR || s.SMRInvoked || s.PITR, false)
	}
}

// "For a refresh, the EID mask-len is that of the cached prefix." It is asked for only while the entry is in use.
func TestRFC9301_5_3_RefreshAsksForTheCachedPrefix(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.advance(20 * time.Hour)
	is(t, "before", w.goes("10.2.0.8"), "to 10.0.0.2")
	list := w.advance(96 * time.Minute) // nine tenths of 24 h are over
	if len(list) == 0 || list[0].String() != "10.0.0.100 10.2.0.0/16" || list[0].SourceEID.IsValid() {
		t.Fatalf("sent:\n%s", texts(list))
	}
	w.reply("10.0.0.2", list[0].Nonce, false, mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.advance(3 * time.Hour)
	is(t, "after", w.goes("10.2.0.9"), "to 10.0.0.2")
	w.advance(24 * time.Hour)
	is(t, "unused, it ends", w.cache(), "0.0.0.0/0 send-map-request")
}

// "Map-Requests MUST be rate limited to 1 per second per EID-Prefix. After 10 retransmits without receiving the
// corresponding Map-Reply, the sender MUST wait 30 seconds."
func TestRFC9301_5_3_OneMapRequestPerSecondAndAPauseAfterTen(t *testing.T) {
	w := newWorld(t)
	var times []time.Duration
	for range 45 * 4 {
		w.goes("10.2.0.7")
		for range w.sent() {
			times = append(times, w.now.Sub(epoch))
		}
		for range w.advance(250 * time.Millisecond) {
			times = append(times, w.now.Truncate(time.Second).Sub(epoch))
		}
	}
	var want []time.Duration
	for i := range 10 {
		want = append(want, time.Duration(i)*time.Second)
	}
	want = append(want, 39*time.Second, 40*time.Second, 41*time.Second, 42*time.Second, 43*time.Second, 44*time.Second)
	if len(times) > len(want) {
		times = times[:len(want)]
	}
	if !slices.Equal(times, want) {
		t.Errorf("Map-Requests at %v, want %v", times, want)
	}
}

// The answer itself does not lift the rate limit: a mapping that is of no use is not asked for by every packet.
func TestRFC9301_5_3_AnsweredMapRequestsAreRateLimitedToo(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", negative("10.2.0.0/16", lispcore.SendMapRequest, 1))
	is(t, "at once", w.goes("10.2.0.7"), "drop: map-cache miss, Map-Reply pending")
	w.advance(time.Second)
	is(t, "a second later", w.goes("10.2.0.7"), "drop: map-cache miss, Map-Request sent")
}

// "The Map-Request is sent to another Map-Resolver when one does not answer": the first has the first turn, and who answers
// keeps it.
func TestRFC9301_8_1_TheNextMapResolverIsAskedWhenOneDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	w.goes("10.2.0.7")
	first := w.one()
	is(t, "first", first.to.Addr(), addr(resolver1))
	list := w.advance(1500 * time.Millisecond)
	if len(list) != 1 || list[0].to.Addr() != addr(resolver2) {
		t.Fatalf("sent:\n%s", texts(list))
	}
	w.reply("10.0.0.2", list[0].Nonce, false, mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.goes("10.3.0.7")
	is(t, "from then on", w.one().to.Addr(), addr(resolver2))
	state, _ := w.e.Snapshot().Service(lispcore.Service{Family: lispcore.IPv4})
	is(t, "first", state.Resolvers[0], itr.Resolver{Addr: addr(resolver1), Requests: 1, Unanswered: 1})
	is(t, "second", state.Resolvers[1], itr.Resolver{Addr: addr(resolver2), LastReply: w.now, Requests: 2, Positive: 1, RTT: 500 * time.Millisecond, Selected: true})
}

// "... the ITR MUST NOT process unsolicited Map-Replies", "the nonce ... MUST match".
func TestRFC9301_5_2_AMapReplyWithAnotherNonceIsDropped(t *testing.T) {
	w := newWorld(t)
	w.goes("10.2.0.7")
	nonce := w.one().Nonce
	w.reply("10.0.0.66", nonce+1, false, mapping("10.2.0.0/16 10.0.0.66/1/100"))
	is(t, "cache", w.cache(), "0.0.0.0/0 send-map-request")
	w.reply("10.0.0.2", nonce, false, mapping("10.2.0.0/16 10.0.0.2/1/100"))
	is(t, "the right one", w.goes("10.2.0.7"), "to 10.0.0.2")
	w.reply("10.0.0.66", nonce, false, mapping("10.2.0.0/16 10.0.0.66/1/100"))
	is(t, "a nonce is good for one answer", w.goes("10.2.0.7"), "to 10.0.0.2")
	is(t, "counted", w.e.Snapshot().Counters.UnknownNonces, 2)
}

// "Nonce: ... an 8-octet random value": no two questions share one.
func TestRFC9301_5_2_NoncesDiffer(t *testing.T) {
	w := newWorld(t)
	seen := make(map[uint64]bool)
	for _, to := range []string{"10.2.0.1", "10.2.0.2", "10.2.0.3", "2001:db8:2::1"} {
		w.goes(to)
		n := w.one().Nonce
		if n == 0 || seen[n] {
			t.Errorf("nonce %#x of %s", n, to)
		}
		seen[n] = true
	}
}

// A Map-Reply says nothing about EIDs that were not asked for.
func TestRFC9301_5_5_RecordsThatWereNotAskedForAreDropped(t *testing.T) {
	w := newWorld(t)
	w.goes("10.2.0.7")
	nonce := w.one().Nonce
	other := mapping("10.2.0.0/16 10.0.0.66/1/100")
	other.EID.Instance = 7
	w.reply("10.0.0.66", nonce, false, mapping("10.3.0.0/16 10.0.0.66/1/100"), other)
	is(t, "nothing of it", w.cache(), "0.0.0.0/0 send-map-request")
	w.reply("10.0.0.2", nonce, false, mapping("10.3.0.0/16 10.0.0.66/1/100"), mapping("10.2.0.0/16 10.0.0.2/1/100"))
	is(t, "the answer among them", w.cache(), "0.0.0.0/0 send-map-request; 10.2.0.0/16 10.0.0.2 up")
	is(t, "refused", w.stats().RecordsRefused, 3)
}

// "If the Map-Request matches a less specific that has more specifics, the Map-Reply returns all of them", and all are
// cached, so that a more specific is never missed.
func TestRFC9301_5_5_MoreSpecificsComeWithTheCoveringRecord(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.9.7", mapping("10.2.0.0/16 10.0.0.2/1/100"), mapping("10.2.1.0/24 10.0.0.3/1/100"), negative("10.2.2.0/24", lispcore.NativelyForward, 15))
	is(t, "covering", w.goes("10.2.9.7"), "to 10.0.0.2")
	is(t, "more specific", w.goes("10.2.1.7"), "to 10.0.0.3")
	is(t, "hole", w.goes("10.2.2.7"), "forward natively: map-cache action forward-native")
}

// "Record TTL: ... minutes ... the time the recipient can store the mapping. If the TTL is 0, the entry MUST be removed
// immediately. If the value is 0xffffffff, the recipient can decide locally how long to store the mapping."
func TestRFC9301_5_4_RecordTTL(t *testing.T) {
	for _, c := range []struct {
		ttl     uint32
		alive   time.Duration // still there
		expires time.Duration // no longer
	}{{1, 59 * time.Second, time.Minute}, {1440, 24*time.Hour - time.Second, 24 * time.Hour}, {0xffffffff, 24*time.Hour - time.Second, 24 * time.Hour}, {0, -1, 0}} {
		w := newWorld(t)
		r := mapping("10.2.0.0/16 10.0.0.2/1/100")
		r.TTL = c.ttl
		w.learn("10.2.0.7", r)
		if c.alive >= 0 {
			w.advance(c.alive)
			is(t, "before", w.cache(), "0.0.0.0/0 send-map-request; 10.2.0.0/16 10.0.0.2 up")
			w.advance(c.expires - c.alive)
		}
		is(t, "after", w.cache(), "0.0.0.0/0 send-map-request")
	}
}

// "ACT: ... what to do with packets when the Locator Count is 0."
func TestRFC9301_5_4_ActionsOfNegativeMapReplies(t *testing.T) {
	for action, want := range map[lispcore.Action]string{
		lispcore.NoAction:         "drop: map-cache action drop",
		lispcore.NativelyForward:  "forward natively: map-cache action forward-native",
		lispcore.SendMapRequest:   "drop: map-cache miss, Map-Reply pending",
		lispcore.DropNoReason:     "drop: map-cache action drop",
		lispcore.DropPolicyDenied: "drop: map-cache action drop, policy-denied",
		lispcore.DropAuthFailure:  "drop: map-cache action drop, authentication-failure",
		7:                         "drop: map-cache action drop",
	} {
		w := newWorld(t)
		w.learn("10.2.0.7", negative("10.2.0.0/16", action, 15))
		is(t, action.String(), w.goes("10.2.0.7"), want)
	}
}

// "Priority ... 255 ... MUST NOT be used for unicast forwarding." "R: ... when 0, ... not to encapsulate to it."
func TestRFC9301_5_4_PriorityAndRBit(t *testing.T) {
	for _, c := range []struct{ locators, want string }{
		{"10.0.0.2/2/100 10.0.0.3/1/100", "to 10.0.0.3"},
		{"10.0.0.2/2/100 10.0.0.3/1/100/down", "to 10.0.0.2"},
		{"10.0.0.2/255/100 10.0.0.3/254/0", "to 10.0.0.3"},
		{"10.0.0.2/255/100", "drop: no usable locator"},
		{"10.0.0.2/1/100/down", "drop: no usable locator"},
		{"10.0.0.1/1/100", "drop: no usable locator"}, // its own address: a packet would come back
	} {
		w := newWorld(t)
		w.learn("10.2.0.7", mapping("10.2.0.0/16 "+c.locators))
		is(t, c.locators, w.goes("10.2.0.7"), c.want)
	}
}

// "... the locator is unusable without a route to it."
func TestRFC9300_6_3_ALocatorWithoutARouteIsNotUsed(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/2/100"))
	w.unrouted[addr("10.0.0.2")] = true
	w.e.RoutesChanged(w.now)
	is(t, "one", w.goes("10.2.0.7"), "to 10.0.0.3")
	w.unrouted[addr("10.0.0.3")] = true
	w.e.RoutesChanged(w.now)
	is(t, "none", w.goes("10.2.0.7"), "drop: no route to locator")
	is(t, "shown", w.cache(), "0.0.0.0/0 send-map-request; 10.2.0.0/16 10.0.0.2 no-route 10.0.0.3 no-route")
	clear(w.unrouted)
	w.e.RoutesChanged(w.now)
	is(t, "both", w.goes("10.2.0.7"), "to 10.0.0.2")
}

// "An ECM ... inner header: destination address is the EID, destination port 4342, the UDP checksum MUST be non-zero" (Parse
// checks both inner checksums).
func TestRFC9301_5_8_MapRequestsTravelInAnECM(t *testing.T) {
	for to, inner := range map[string]string{"10.2.0.7": self, "2001:db8:2::7": "2001:db8:1::5"} {
		w := newWorld(t)
		w.goes(to)
		s := w.one()
		if s.ecm == nil {
			t.Fatal("not encapsulated")
		}
		is(t, "outer source", s.from, netip.AddrPortFrom(addr(self), 4342))
		is(t, "outer destination", s.to, netip.AddrPortFrom(addr(resolver1), 4342))
		is(t, "inner source", s.ecm.Source, netip.AddrPortFrom(addr(inner), 4342))
		is(t, "inner destination", s.ecm.Destination, netip.AddrPortFrom(addr(to), 4342))
	}
}

// "p: ... set to 1 when a PITR sends a Map-Request." A PITR asks only about the EIDs that it stands for, and its senders
// have no mapping.
func TestRFC9301_5_2_APITRSetsItsBit(t *testing.T) {
	w := newWorld(t, func(c *itr.Config) {
		s := itr.Service{ProxyITR: addr("10.0.0.1"), MapResolvers: []netip.Addr{addr(resolver1)}}
		c.IPv4, c.IPv6 = s, s
		c.Instances = []itr.Instance{{Static: []itr.Static{{Prefix: prefix("10.2.0.0/16"), Action: lispcore.SendMapRequest}}}}
	})
	is(t, "elsewhere", verdict(w.forward("203.0.113.9", "10.3.0.7")), "forward natively: no map-cache entry")
	is(t, "an EID", verdict(w.forward("203.0.113.9", "10.2.0.7")), "drop: map-cache miss, Map-Request sent")
	s := w.one()
	is(t, "sent", s.String(), "10.0.0.100 10.2.0.7/32 PITR")
	w.reply("10.0.0.2", s.Nonce, false, mapping("10.2.0.0/16 10.0.0.2/1/100"))
	v := w.forward("203.0.113.9", "10.2.0.7")
	is(t, "then", verdict(v), "to 10.0.0.2")
	is(t, "from", v.Datagrams[0].From.Addr(), addr("10.0.0.1"))
}

// "If an ITR receives an SMR-based Map-Request for which it does not have a cached mapping ... it may not send a
// SMR-invoked Map-Request."
func TestRFC9301_6_1_AnSMRWithoutACachedMappingIsIgnored(t *testing.T) {
	w := newWorld(t)
	w.smr("10.0.0.2", "10.2.0.0/16", "10.3.0.0/16")
	is(t, "sent", len(w.sent()), 0)
	is(t, "counted", w.stats().SMRsDropped, 2)
}

// "... to the mapping database system", whoever sent the SMR, "while continuing to use the cached mapping", with the
// EID-Prefix "copied from the SMR message" and a new nonce.
func TestRFC9301_6_1_AnSMRMakesTheITRAskTheMappingSystem(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.smr("10.0.0.66", "10.2.0.0/16")
	s := w.one()
	is(t, "sent", s.String(), "10.0.0.100 10.2.0.0/16 SMR-invoked")
	if s.ecm == nil {
		t.Error("not through the mapping system")
	}
	if s.Nonce == 9 {
		t.Error("the SMR's own nonce")
	}
	is(t, "meanwhile", w.goes("10.2.0.7"), "to 10.0.0.2")
	w.reply("10.0.0.3", s.Nonce, false, mapping("10.2.0.0/16 10.0.0.3/1/100"))
	is(t, "then", w.goes("10.2.0.7"), "to 10.0.0.3")
}

// A prefix that is no longer what a Map-Reply says goes, even when the answer is about another one.
func TestRFC9301_6_1_AWithdrawnPrefixLeavesTheMapCache(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.7/32 10.0.0.3/1/100"))
	w.advance(time.Second)
	w.smr("10.0.0.3", "10.2.0.7/32")
	w.reply("10.0.0.2", w.one().Nonce, false, mapping("10.2.0.0/16 10.0.0.2/1/100"))
	is(t, "cache", w.cache(), "0.0.0.0/0 send-map-request; 10.2.0.0/16 10.0.0.2 up")
}

// "The remote ITR MUST rate limit the Map-Request": one per 3 s and prefix. An SMR that comes too soon is not forgotten.
func TestRFC9301_6_1_SMRInvokedMapRequestsAreRateLimited(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.smr("10.0.0.2", "10.2.0.0/16")
	w.reply("10.0.0.2", w.one().Nonce, false, mapping("10.2.0.0/16 10.0.0.3/1/100"))
	w.advance(time.Second)
	for range 5 {
		w.smr("10.0.0.3", "10.2.0.0/16")
	}
	is(t, "sent at once", len(w.sent()), 0)
	is(t, "sent before 3 s", len(w.advance(1900*time.Millisecond)), 0)
	is(t, "sent at 3 s", texts(w.advance(100*time.Millisecond)), "10.0.0.100 10.2.0.0/16 SMR-invoked")
}

func probing(c *itr.Config) { c.Probing = true }

// "... sent directly to the locator, not encapsulated": P set, source-EID AFI 0, about the cached prefix, every 60 s.
func TestRFC9301_7_1_RLOCProbesGoStraightToTheLocator(t *testing.T) {
	w := newWorld(t, probing)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/1/100"), mapping("10.2.1.0/24 10.0.0.2/1/100"))
	list := w.advance(0)
	is(t, "sent", texts(list), "10.0.0.2 10.2.0.0/16 probe\n10.0.0.3 10.2.0.0/16 probe")
	for _, s := range list {
		if s.ecm != nil || s.SourceEID.IsValid() {
			t.Errorf("%v: encapsulated, or with the source EID %v", s, s.SourceEID)
		}
		w.reply(s.to.Addr().String(), s.Nonce, true, mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/1/100"))
	}
	is(t, "in a minute", len(w.advance(59*time.Second)), 0)
	is(t, "after it", len(w.advance(time.Second)), 2)
}

// "... MUST be authoritative, else discard"; the p bit names the locator that was asked.
func TestRFC9301_7_1_ProbeRepliesThatProveNothingAreDropped(t *testing.T) {
	notAuthoritative := mapping("10.2.0.0/16 10.0.0.2/1/100")
	notAuthoritative.Authoritative = false
	for name, r := range map[string]wire.Record{
		"not authoritative": notAuthoritative,
		"another locator":   mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/1/100/probed"),
		"another EID":       mapping("10.9.0.0/16 10.0.0.2/1/100/probed"),
	} {
		w := newWorld(t, probing)
		w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
		for range 4 {
			for _, s := range w.advance(time.Minute) {
				w.reply("10.0.0.2", s.Nonce, true, r)
			}
		}
		is(t, name, w.e.Reachable(addr("10.0.0.2")), false)
	}
}

// Down three seconds after the third probe without an answer, up at the first one.
func TestRFC9301_7_1_AProbedLocatorGoesDownAndComesBack(t *testing.T) {
	w := newWorld(t, probing)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/2/100"))
	answer := func(list []sent, but string) {
		for _, s := range list {
			if to := s.to.Addr(); but == "" || to != addr(but) {
				w.reply(to.String(), s.Nonce, true, mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/2/100"))
			}
		}
	}
	answer(w.advance(0), "10.0.0.2")
	for range 2 {
		answer(w.advance(time.Minute), "10.0.0.2")
		is(t, "not yet", w.goes("10.2.0.7"), "to 10.0.0.2")
	}
	answer(w.advance(2999*time.Millisecond), "")
	is(t, "the third has a little time", w.goes("10.2.0.7"), "to 10.0.0.2")
	answer(w.advance(time.Millisecond), "")
	is(t, "down", w.goes("10.2.0.7"), "to 10.0.0.3")
	is(t, "Reachable", w.e.Reachable(addr("10.0.0.2")), false)
	list := w.advance(57 * time.Second)
	w.now = w.now.Add(2 * time.Millisecond)
	answer(list, "10.0.0.9")
	is(t, "up", w.goes("10.2.0.7"), "to 10.0.0.2")
	w.sent()
	if got := strings.Join(w.events, "\n"); got != "locator down 10.0.0.2 RLOC-probe\nlocator up 10.0.0.2 RLOC-probe" {
		t.Errorf("events:\n%s", got)
	}
	state, _ := w.e.Snapshot().Service(lispcore.Service{Family: lispcore.IPv4})
	l := state.Entries[1].Locators[0]
	is(t, "changes: its coming, down, up", l.StateChanges, 3)
	is(t, "RTT", l.RTT, 2*time.Millisecond)
}

// "This provides the opportunity for the ITR ... to get mapping updates": changed locators, not what one ETR thinks of the
// reachability of another.
func TestRFC9301_7_1_ProbeRepliesUpdateTheMapping(t *testing.T) {
	w := newWorld(t, probing)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/2/100"))
	s := w.advance(0)[0]
	w.reply("10.0.0.2", s.Nonce, true, mapping("10.2.0.0/16 10.0.0.2/1/100/down 10.0.0.3/2/100"))
	is(t, "only R bits differ", w.goes("10.2.0.7"), "to 10.0.0.2")
	s = w.advance(time.Minute)[0]
	w.reply("10.0.0.2", s.Nonce, true, mapping("10.2.0.0/16 10.0.0.2/3/100 10.0.0.3/2/100"))
	is(t, "priorities differ", w.goes("10.2.0.7"), "to 10.0.0.3")
}

// The other locators of the own site are probed too, for the R bits that its ETR registers.
func TestRFC9301_7_1_TheOtherLocatorsOfTheSiteAreProbed(t *testing.T) {
	w := newWorld(t, probing, func(c *itr.Config) {
		d := &c.Instances[0].Database[0]
		d.Locators = append(slices.Clone(d.Locators), lispcore.Locator{RLOC: addr("10.0.0.9"), Priority: 1, Weight: 1, Reachable: true})
	})
	is(t, "sent", texts(w.advance(0)), "10.0.0.9 10.1.0.0/16 probe")
	w.advance(3 * time.Minute)
	is(t, "down", w.e.Reachable(addr("10.0.0.9")), false)
}

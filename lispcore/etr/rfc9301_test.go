package etr_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// Sentences of RFC 9301 about ETRs, each a test with the section's number in its name.

const reply = `198.51.100.1:4342 > 192.0.2.10:61000 Map-Reply 2a: 10.1.0.0/16 1440 A {198.51.100.1 1/50 LR, 198.51.100.2 1/50 R}`

// "ITR-RLOC Address: used to give the ETR the option of selecting the destination address from any address family."
func TestRFC9301_5_2_TheReplyGoesToAnITRRLOCOfAFamilyThatTheETRHas(t *testing.T) {
	for _, c := range []struct {
		name    string
		rlocs   []netip.Addr
		arrived netip.Addr
		want    string
	}{
		{"the only one", []netip.Addr{itr4}, own4, "198.51.100.1:4342 > 192.0.2.10:61000"},
		{"the family that it came over", []netip.Addr{itr6, itr4}, own4, "198.51.100.1:4342 > 192.0.2.10:61000"},
		{"the first of that family", []netip.Addr{other, itr4}, own4, "198.51.100.1:4342 > 203.0.113.99:61000"},
		{"over IPv6", []netip.Addr{itr4, itr6}, own6, "[2001:db8:ff::1]:4342 > [2001:db8:ee::10]:61000"},
		{"another family that the ETR has", []netip.Addr{itr6}, own4, "[2001:db8:ff::1]:4342 > [2001:db8:ee::10]:61000"},
		{"not the unusable", []netip.Addr{netip.MustParseAddr("224.0.0.1"), netip.IPv4Unspecified(), itr4}, own4, "198.51.100.1:4342 > 192.0.2.10:61000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRouter(t)
			m := request("10.1.2.3/32")
			m.ITRRLOCs = c.rlocs
			got := r.receive(ms, c.arrived, m)
			if addresses, _, _ := strings.Cut(got, " Map-Reply"); addresses != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestRFC9301_5_2_MapRequestWithoutITRRLOCIsDropped(t *testing.T) {
	r := newRouter(t)
	b, err := request("10.1.2.3/32").Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	b[15] = 0 // ITR-RLOC-AFI 0: no address
	if got := r.receiveBytes(itr4, own4, slices.Delete(b, 16, 20)); !strings.HasPrefix(got, "* malformed: 192.0.2.10 Map-Request: ITR-RLOC-AFI") {
		t.Error(got)
	}
	m := request("10.1.2.3/32")
	m.ITRRLOCs = []netip.Addr{netip.MustParseAddr("239.1.1.1"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("255.255.255.255")}
	expect(t, r.receive(itr4, own4, m), "* unexpected: 192.0.2.10 Map-Request without an ITR-RLOC to answer to")
	v4only := newRouter(t, func(cfg *etr.Config) { cfg.Database = cfg.Database[:2] })
	m.ITRRLOCs = []netip.Addr{itr6}
	expect(t, v4only.receive(itr4, own4, m), "* unexpected: 192.0.2.10 Map-Request without an ITR-RLOC to answer to")
	if c := v4only.Snapshot().Counters; c.NoITRRLOC != 1 || c.MapRepliesOut != 0 {
		t.Errorf("%+v", c)
	}
}

// The D bit: whoever sets it wants no Map-Reply.
func TestRFC9301_5_2_DontMapReplyBit(t *testing.T) {
	r := newRouter(t)
	m := request("10.1.2.3/32")
	m.DontReply = true
	expect(t, r.receive(itr4, own4, m), "")
}

// "a receiver MUST accept and process Map-Requests that contain one or more records"
func TestRFC9301_5_2_ARequestWithSeveralRecordsIsAnswered(t *testing.T) {
	r := newRouter(t)
	expect(t, r.receive(itr4, own4, request("10.1.2.3/32", "2001:db8:1::1/128", "10.1.9.9/32", "10.99.0.0/16")), reply+
		` 2001:db8:1::/48 1440 A {198.51.100.1 1/50 LR, 2001:db8:ff::1 1/50 LR}`)
}

// The nonce is echoed; the Map-Reply goes from port 4342 to the port that the Map-Request came from.
func TestRFC9301_5_5_NonceAndPortsOfAMapReply(t *testing.T) {
	r := newRouter(t)
	r.port = 4711
	m := request("10.1.2.3/32")
	m.Nonce = 0xfedcba9876543210
	if got := r.receive(itr4, own4, m); !strings.HasPrefix(got, "198.51.100.1:4342 > 192.0.2.10:4711 Map-Reply fedcba9876543210:") {
		t.Error(got)
	}
}

// "the source address of the Map-Reply is one of the locator addresses": it never comes from the EID, and the sender's
// address is no ITR-RLOC.
func TestRFC9301_5_5_TheReplyGoesNotToTheSender(t *testing.T) {
	r := newRouter(t)
	expect(t, r.receive(other, own4, request("10.1.2.3/32")), reply)
}

// The example of section 5.5: an ETR with these four prefixes, of which the more specific ones come with what covers them.
func TestRFC9301_5_5_OverlappingPrefixesComeWithTheCoveringOne(t *testing.T) {
	r := newRouter(t, func(cfg *etr.Config) {
		cfg.Database = nil
		for _, eid := range []string{"2001:db8::/32", "2001:db8:1::/48", "2001:db8:1:1::/64", "2001:db8:1:2::/64", "[7]2001:db8:1:5::/64"} {
			cfg.Database = append(cfg.Database, mapping(eid, locator(own4)))
		}
	})
	for _, c := range []struct{ eid, want string }{
		{"2001:db8:1:1::1/128", "2001:db8:1:1::/64"},
		{"2001:db8:1:5::5/128", "2001:db8:1::/48 2001:db8:1:1::/64 2001:db8:1:2::/64"},
		{"2001:db8:2::1/128", "2001:db8::/32 2001:db8:1::/48 2001:db8:1:1::/64 2001:db8:1:2::/64"},
		{"2001:db8:1::/48", "2001:db8:1::/48 2001:db8:1:1::/64 2001:db8:1:2::/64"},
		{"2001:db8:1::/47", "2001:db8::/32 2001:db8:1::/48 2001:db8:1:1::/64 2001:db8:1:2::/64"},
		{"[7]2001:db8:1:5::1/128", "[7]2001:db8:1:5::/64"},
		{"2001:db9::1/128", ""},
		{"2001:d00::/24", ""},
	} {
		got := r.receive(itr4, own4, request(c.eid))
		var eids []string
		for _, word := range strings.Fields(got) {
			if strings.Contains(word, "/") && strings.Contains(word, "::") {
				eids = append(eids, word)
			}
		}
		if strings.Join(eids, " ") != c.want {
			t.Errorf("%s: %s, want %s", c.eid, eids, c.want)
		}
		r.after(time.Minute)
	}
}

// "When more than one EID-Prefix is returned, all SHOULD use the same Time to Live value so they can all time out at the same
// time."
func TestRFC9301_5_5_RecordsOfOneReplyShareTheirTTL(t *testing.T) {
	r := newRouter(t, func(cfg *etr.Config) {
		cfg.Database = []lispcore.Mapping{mapping("10.0.0.0/8"), mapping("10.1.0.0/16"), mapping("10.3.0.0/16")}
		cfg.Database[1].TTL = 10
	})
	expect(t, r.receive(itr4, own4, request("10.2.0.1/32")), "198.51.100.1:4342 > 192.0.2.10:61000 Map-Reply 2a: 10.0.0.0/8 10 A {} 10.1.0.0/16 10 A {} 10.3.0.0/16 10 A {}")
}

// A Map-Reply that can't hold all more specifics holds a smaller prefix instead, so that nothing is shadowed.
func TestRFC9301_5_5_TooManyMoreSpecificsForOneReply(t *testing.T) {
	r := newRouter(t, func(cfg *etr.Config) {
		cfg.Database = []lispcore.Mapping{mapping("10.0.0.0/8", locator(mate))}
		for i := range 100 {
			cfg.Database = append(cfg.Database, mapping(fmt.Sprintf("10.0.%d.0/24", i), locator(own4)))
		}
	})
	for _, c := range []struct{ eid, want string }{
		{"10.128.0.1/32", "10.128.0.0/9 1440 A {198.51.100.2 1/50 R}"},
		{"10.0.100.1/32", "10.0.100.0/22 1440 A {198.51.100.2 1/50 R}"},
		{"10.0.99.1/32", "10.0.99.0/24 1440 A {198.51.100.1 1/50 LR}"},
		{"10.0.0.0/16", "10.0.0.0/25 1440 A {198.51.100.1 1/50 LR}"},
	} {
		expect(t, r.receive(itr4, own4, request(c.eid)), "198.51.100.1:4342 > 192.0.2.10:61000 Map-Reply 2a: "+c.want)
	}
}

// Map-Replies for one EID prefix to one requester are limited; others get theirs.
func TestRFC9301_5_5_MapRepliesAreRateLimited(t *testing.T) {
	r := newRouter(t)
	answers := 0
	for range 100 {
		if r.receive(other, own4, request("10.1.2.3/32")) != "" {
			answers++
		}
	}
	if c := r.Snapshot().Counters; answers != 3 || c.RateLimited != 97 || c.MapRequestsIn != 100 {
		t.Errorf("%d answers at once; %+v", answers, c)
	}
	if got := r.receive(itr4, own4, request("2001:db8:1::1/128")); got == "" {
		t.Error("no answer about another prefix")
	}
	m := request("10.1.2.3/32")
	m.ITRRLOCs = []netip.Addr{other}
	if got := r.receive(itr4, own4, m); got == "" {
		t.Error("no answer to another ITR-RLOC")
	}
	answers = 0
	for range 600 {
		r.after(100 * time.Millisecond)
		if r.receive(itr4, own4, request("10.1.2.3/32")) != "" {
			answers++
		}
	}
	if answers != 20 {
		t.Errorf("%d answers in a minute, want one per 3 s", answers)
	}
}

// An ETR answers for its own mappings only: it is not authoritative for anything else, not even negatively.
func TestRFC9301_5_4_NoReplyAboutForeignEIDs(t *testing.T) {
	r := newRouter(t, func(cfg *etr.Config) { cfg.PETR4, cfg.PETR6 = true, true })
	for _, eid := range []string{"10.2.0.1/32", "0.0.0.0/0", "10.0.0.0/8", "[8]10.1.2.3/32", "2001:db8:2::1/128"} {
		expect(t, r.receive(itr4, own4, request(eid)), "")
	}
	if c := r.Snapshot().Counters; c.NoMapping != 5 {
		t.Errorf("%+v", c)
	}
}

// A: "this bit is set when the record was sent by the ETR itself". L: the locator is one of the ETR's own. R: reachable as the
// sender sees it.
func TestRFC9301_5_4_BitsOfRecordsAndLocators(t *testing.T) {
	r := newRouter(t, func(cfg *etr.Config) { cfg.Database[0].Locators[1].Reachable = false })
	expect(t, r.receive(itr4, own4, request("10.1.2.3/32")), strings.Replace(reply, "1/50 R}", "1/50 }", 1))
}

// "locators sorted by ascending order, IPv4 before IPv6", also where merged ones come between.
func TestRFC9301_5_4_LocatorsAreSorted(t *testing.T) {
	r, _ := merging(t)
	between := netip.MustParseAddr("203.0.113.7")
	r.notify(0x99, "key", locator(own6), locator(between), locator(own4))
	expect(t, r.receive(itr4, own4, request("2001:db8:1::1/128")),
		"198.51.100.1:4342 > 192.0.2.10:61000 Map-Reply 2a: 2001:db8:1::/48 1440 A {198.51.100.1 1/50 LR, 203.0.113.7 1/50 R, 2001:db8:ff::1 1/50 LR}")
}

// A Record TTL of Map-Replies can be configured; what is registered keeps its own.
func TestRFC9301_5_4_RecordTTL(t *testing.T) {
	r := newRouter(t, func(cfg *etr.Config) { cfg.MapCacheTTL4 = 15 })
	expect(t, r.receive(itr4, own4, request("10.1.2.3/32")), strings.Replace(reply, "1440", "15", 1))
	if got := r.receive(itr4, own4, request("2001:db8:1::/48")); !strings.Contains(got, "/48 1440 A") {
		t.Error(got)
	}
}

// What a Map-Server forwards is answered straight to the ITR: at an ITR-RLOC, at the port of the inner UDP header.
func TestRFC9301_5_8_AForwardedMapRequestIsAnsweredToTheITR(t *testing.T) {
	r := newRouter(t)
	r.port = lispcore.ControlPort
	expect(t, r.receive(ms, own4, encapsulated(t, request("10.1.2.3/32"), 61000, 4342)), reply)
	m := request("10.1.2.3/32")
	m.SMRInvoked = true
	expect(t, r.receive(ms, own4, encapsulated(t, m, 61000, 4342)), reply)
	if c := r.Snapshot().Counters; c.MapRequestsIn != 2 || c.EncapsulatedIn != 2 || c.MapRepliesOut != 2 {
		t.Errorf("%+v", c)
	}
}

// Only a Map-Request to the control port belongs into an Encapsulated Control Message to an ETR; 4341 is never an inner port.
func TestRFC9301_5_8_WhatIsNotTakenOutOfAnEncapsulation(t *testing.T) {
	solicit := request("10.1.2.3/32")
	solicit.SMR = true
	register := &wire.MapRegister{Auth: wire.Auth{Algorithm: wire.AlgSHA1}}
	for _, c := range []struct {
		name string
		ecm  *wire.EncapsulatedControl
		want string
	}{
		{"data port", encapsulated(t, request("10.1.2.3/32"), 61000, 4341), "Encapsulated Control Message to another inner port than 4342"},
		{"from the data port", encapsulated(t, request("10.1.2.3/32"), 4341, 4342), "Map-Request without an ITR-RLOC to answer to"},
		{"from no port", encapsulated(t, request("10.1.2.3/32"), 0, 4342), "Map-Request without an ITR-RLOC to answer to"},
		{"Map-Register", encapsulated(t, register, 61000, 4342), "Map-Register in an Encapsulated Control Message"},
		{"SMR", encapsulated(t, solicit, 61000, 4342), "Solicit-Map-Request in an Encapsulated Control Message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, newRouter(t).receive(ms, own4, c.ecm), "* unexpected: 192.0.2.1 "+c.want)
		})
	}
}

// "RLOC-probe messages MUST NOT be encapsulated"
func TestRFC9301_7_1_AProbeInAnEncapsulationIsDropped(t *testing.T) {
	expect(t, newRouter(t).receive(ms, own4, encapsulated(t, probe("10.1.0.0/16"), 61000, 4342)), "* unexpected: 192.0.2.1 RLOC probe in an Encapsulated Control Message")
}

// The answer to a probe has P, comes from the locator that was probed, and marks it with p.
func TestRFC9301_7_1_AProbeIsAnsweredByTheProbedLocator(t *testing.T) {
	r := newRouter(t)
	expect(t, r.receive(itr4, own4, probe("10.1.0.0/16")),
		"198.51.100.1:4342 > 192.0.2.10:61000 Map-Reply P 2a: 10.1.0.0/16 1440 A {198.51.100.1 1/50 LpR, 198.51.100.2 1/50 R}")
	m := probe("2001:db8:1::/48")
	m.ITRRLOCs = []netip.Addr{itr4, itr6}
	expect(t, r.receive(itr6, own6, m),
		"[2001:db8:ff::1]:4342 > [2001:db8:ee::10]:61000 Map-Reply P 2a: 2001:db8:1::/48 1440 A {198.51.100.1 1/50 LR, 2001:db8:ff::1 1/50 LpR}")
	expect(t, r.receive(itr4, own4, request("10.1.2.3/32")), reply) // nothing of the probe stays
}

// Probes do not use up what other Map-Requests may have.
func TestRFC9301_7_1_ProbesAndMapRequestsAreLimitedApart(t *testing.T) {
	r := newRouter(t)
	for range 10 {
		r.receive(itr4, own4, probe("10.1.0.0/16"))
	}
	expect(t, r.receive(itr4, own4, request("10.1.2.3/32")), reply)
	if c := r.Snapshot().Counters; c.ProbesIn != 10 || c.ProbeRepliesOut != 3 {
		t.Errorf("%+v", c)
	}
}

const change = `198.51.100.1:4342 > 192.0.2.10:4342 Map-Request S from 10.1.0.0, ITR-RLOCs [198.51.100.1 2001:db8:ff::1]: 10.1.0.0/16`

// When the last prefix goes, so may the engine: the SMRs do not wait for a Tick.
func TestRFC9301_6_1_TheLastPrefixIsSolicitedAtOnce(t *testing.T) {
	r := newRouter(t, func(cfg *etr.Config) { cfg.Database = cfg.Database[:1] })
	r.SetMapCache(func() []netip.Addr { return []netip.Addr{itr4} })
	r.cfg.Database = nil
	r.Configure(r.now, r.cfg)
	expect(t, r.said(), strings.Replace(change, " 2001:db8:ff::1]", "]", 1))
}

// A change of a mapping, or of the state of one of its locators, sends SMRs to the locators of the router's map-cache and to
// who asked of late.
func TestRFC9301_6_1_AChangeIsSolicited(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*etr.Config)
		want   string
	}{
		{"priority", func(cfg *etr.Config) { cfg.Database[0].Locators[0].Priority = 7 }, change},
		{"reachability", func(cfg *etr.Config) { cfg.Database[0].Locators[1].Reachable = false }, change},
		{"a locator goes", func(cfg *etr.Config) { cfg.Database[0].Locators = cfg.Database[0].Locators[:1] }, change},
		{"the prefix goes", func(cfg *etr.Config) { cfg.Database = cfg.Database[1:] }, change},
		{"all prefixes go", func(cfg *etr.Config) { cfg.Database = nil }, change + `
			198.51.100.1:4342 > 192.0.2.10:4342 Map-Request S from 2001:db8:1::, ITR-RLOCs [198.51.100.1 2001:db8:ff::1]: 2001:db8:1::/48
			198.51.100.1:4342 > 192.0.2.10:4342 Map-Request S from 10.7.0.0, ITR-RLOCs [198.51.100.1 2001:db8:ff::1]: [7]10.7.0.0/16`},
		{"a part gets its own mapping", func(cfg *etr.Config) { cfg.Database = append(cfg.Database, mapping("10.1.7.0/24", locator(own4))) },
			"198.51.100.1:4342 > 192.0.2.10:4342 Map-Request S from 10.1.7.0, ITR-RLOCs [198.51.100.1 2001:db8:ff::1]: 10.1.7.0/24"},
		{"a new prefix", func(cfg *etr.Config) { cfg.Database = append(cfg.Database, mapping("10.2.0.0/16", locator(own4))) }, ""},
		{"the own locator fails", func(cfg *etr.Config) {
			cfg.Database = slices.Clone(cfg.Database)
			for i := range cfg.Database {
				cfg.Database[i].Locators = slices.Clone(cfg.Database[i].Locators)
				for j := range cfg.Database[i].Locators {
					if l := &cfg.Database[i].Locators[j]; l.RLOC == own6 {
						l.Reachable = false
					}
				}
			}
		}, "198.51.100.1:4342 > 192.0.2.10:4342 Map-Request S from 2001:db8:1::, ITR-RLOCs [198.51.100.1 2001:db8:ff::1]: 2001:db8:1::/48"},
		{"nothing", func(*etr.Config) {}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRouter(t)
			r.SetMapCache(func() []netip.Addr { return []netip.Addr{itr4, itr4} })
			r.cfg.Database = clone(r.cfg.Database)
			c.change(&r.cfg)
			expect(t, r.apply(), c.want)
		})
	}
}

func clone(database []lispcore.Mapping) []lispcore.Mapping {
	database = slices.Clone(database)
	for i := range database {
		database[i].Locators = slices.Clone(database[i].Locators)
	}
	return database
}

// weigh gives the first mapping another weight.
func (r *router) weigh(weight uint8) string {
	r.cfg.Database = clone(r.cfg.Database)
	r.cfg.Database[0].Locators[0].Weight = weight
	return r.apply()
}

// An SMR comes from an RLOC that is up, as long as there is one.
func TestRFC9301_6_1_SMRsComeFromAReachableRLOC(t *testing.T) {
	spare := netip.MustParseAddr("198.51.100.9")
	r := newRouter(t, func(cfg *etr.Config) {
		second := locator(spare)
		second.Local = true
		cfg.Database = []lispcore.Mapping{mapping("10.1.0.0/16", locator(own4), second)}
	})
	r.SetMapCache(func() []netip.Addr { return []netip.Addr{itr4} })
	r.cfg.Database = clone(r.cfg.Database)
	r.cfg.Database[0].Locators[0].Reachable = false
	expect(t, r.apply(), "198.51.100.9:4342 > 192.0.2.10:4342 Map-Request S from 10.1.0.0, ITR-RLOCs [198.51.100.9 198.51.100.1]: 10.1.0.0/16")
}

// Those whose Map-Requests were answered within a minute are told as well; own addresses, unreachable families and those of
// earlier are not.
func TestRFC9301_6_1_WhoIsSolicited(t *testing.T) {
	r := newRouter(t)
	expect(t, r.weigh(1), "") // nobody knows the mapping
	m := request("10.1.2.3/32")
	m.ITRRLOCs = []netip.Addr{other}
	r.receive(itr4, own4, m)
	r.after(30 * time.Second)
	r.receive(itr4, own4, request("2001:db8:1::/48"))
	m.ITRRLOCs = []netip.Addr{own4} // the router's own ITR
	r.receive(own4, own4, m)
	r.SetMapCache(func() []netip.Addr { return []netip.Addr{itr6, own6, mate} })
	r.after(30 * time.Second)
	to := func(from, to string) string {
		return from + ":4342 > " + to + ":4342 Map-Request S from 10.1.0.0, ITR-RLOCs [198.51.100.1 2001:db8:ff::1]: 10.1.0.0/16\n"
	}
	expect(t, r.weigh(2), to("198.51.100.1", "192.0.2.10")+to("198.51.100.1", "198.51.100.2")+to("198.51.100.1", "203.0.113.99")+
		to("[2001:db8:ff::1]", "[2001:db8:ee::10]"))
	r.SetMapCache(nil)
	r.after(time.Minute)
	expect(t, r.weigh(3), "")
}

// "SMR messages are rate-limited": one round per prefix and 20 s, in which the last change is not forgotten.
func TestRFC9301_6_1_SMRsAreRateLimited(t *testing.T) {
	r := newRouter(t)
	r.SetMapCache(func() []netip.Addr { return []netip.Addr{itr4} })
	expect(t, r.weigh(1), change)
	for i := range uint8(10) {
		expect(t, r.after(time.Second)+r.weigh(2+i), "")
	}
	expect(t, r.after(9999*time.Millisecond), "")
	expect(t, r.after(time.Millisecond), change)
	expect(t, r.after(time.Hour), "")
	expect(t, r.weigh(99), change)
	if _, armed := r.Deadline(); !armed {
		t.Error("the interval does not run")
	}
	r.after(20 * time.Second)
	if at, armed := r.Deadline(); armed {
		t.Errorf("a timer is left: %v", at)
	}
}

// The new mapping is registered before others are told to ask for it.
func TestRFC9301_6_1_TheMapServerHearsOfAChangeFirst(t *testing.T) {
	r, _ := merging(t)
	r.SetMapCache(func() []netip.Addr { return []netip.Addr{itr4} })
	got := r.weigh(3)
	if register, smr := strings.Index(got, "Map-Register"), strings.Index(got, "Map-Request S"); register < 0 || smr < register {
		t.Error(got)
	}
}

// An SMR is for the ITR: an ETR that gets one does not answer.
func TestRFC9301_6_1_AnETRDoesNotAnswerAnSMR(t *testing.T) {
	m := request("10.1.2.3/32")
	m.SMR = true
	expect(t, newRouter(t).receive(itr4, own4, m), "* unexpected: 192.0.2.10 Solicit-Map-Request")
}

// merging is an ETR that registers 2001:db8:1::/48 at a Map-Server, and wants it merged.
func merging(t *testing.T) (r *merger, registers string) {
	r = &merger{router: newRouter(t, func(cfg *etr.Config) {
		cfg.Merge = make(map[lispcore.EID]bool)
		for _, m := range cfg.Database {
			cfg.Merge[m.EID] = true
		}
		for _, family := range []lispcore.Family{lispcore.IPv4, lispcore.IPv6} {
			cfg.MapServers = append(cfg.MapServers, etr.MapServerConfig{Addr: ms, Family: family, Key: "key", Local: own4})
		}
	})}
	r.Engine = etr.New(session.NewTable()) // one that has not registered yet
	return r, r.apply()
}

type merger struct{ *router }

// notify hands the ETR a Map-Notify about 2001:db8:1::/48, and tells what it says.
func (r *merger) notify(nonce uint64, key string, locators ...lispcore.Locator) string {
	m := mapping("2001:db8:1::/48", locators...)
	n := wire.MapNotify{Nonce: nonce, Auth: wire.Auth{Algorithm: wire.AlgSHA1}, Records: []wire.Record{{Mapping: m}}}
	b, err := n.Append(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := wire.NewAuthenticator(key).Sign(b); err != nil {
		r.t.Fatal(err)
	}
	r.port = lispcore.ControlPort
	text := r.receiveBytes(ms, own4, b)
	r.port = 61000
	return text
}

// The a bit asks for merging, the P bit for answers by the Map-Server; a change of either registers anew.
func TestRFC9301_5_6_MergeAndProxyBits(t *testing.T) {
	r, registers := merging(t)
	if n := strings.Count(registers, "Map-Register a:"); n != 3 {
		t.Errorf("%d Map-Registers with the a bit:\n%s", n, registers)
	}
	expect(t, r.apply(), "")
	for i := range r.cfg.MapServers {
		r.cfg.MapServers = slices.Clone(r.cfg.MapServers)
		r.cfg.MapServers[i].ProxyReply = true
	}
	if got := r.apply(); strings.Count(got, "Map-Register P a:") != 3 {
		t.Error(got)
	}
	r.cfg.Merge = nil
	if got := r.apply(); strings.Count(got, "Map-Register P:") != 3 {
		t.Error(got)
	}
}

// Map-Registers are signed by the algorithm that the line of the Map-Server names, and anew when it names another; what a
// Map-Notify is signed by is its own business.
func TestRFC9301_5_6_AlgorithmOfEachMapServer(t *testing.T) {
	r, _ := merging(t)
	for _, sha256 := range []bool{true, false} {
		r.cfg.MapServers = slices.Clone(r.cfg.MapServers)
		for i := range r.cfg.MapServers {
			r.cfg.MapServers[i].SHA256 = sha256
		}
		want := wire.AlgSHA1
		if sha256 {
			want = wire.AlgSHA256
		}
		r.Configure(r.now, r.cfg)
		r.tick()
		sent := 0
		for _, out := range r.Drain() {
			d, ok := out.(lispcore.SendDatagram)
			if !ok {
				continue
			}
			var m wire.MapRegister
			if err := m.Parse(d.Payload); err != nil {
				continue
			}
			if sent++; m.Auth.Algorithm != want || !wire.NewAuthenticator("key").Verify(d.Payload) {
				t.Errorf("a Map-Register by %v, expected an authentic one by %v", m.Auth.Algorithm, want)
			}
		}
		if sent != 3 {
			t.Errorf("%d Map-Registers, expected 3", sent)
		}
	}
}

// "The Map-Notify-Ack": an unsolicited Map-Notify is acknowledged, with its nonce and records, signed anew, as often as it
// comes; what is not authentic is not.
func TestRFC9301_5_7_UnsolicitedMapNotifyIsAcknowledged(t *testing.T) {
	r, _ := merging(t)
	const ack = `198.51.100.1:4342 > 192.0.2.1:4342 Map-Notify-Ack 99, authentic true: 2001:db8:1::/48 1440 {198.51.100.1 1/50 LR, 198.51.100.2 1/50 R}`
	expect(t, r.notify(0x99, "key", locator(own4), locator(mate)), ack)
	expect(t, r.notify(0x99, "key", locator(own4), locator(mate)), ack)
	expect(t, r.notify(0x99, "other", locator(own4)), "* authentication failed: 192.0.2.1 Map-Notify")
	if c := r.Snapshot().Counters; c.NotifyAcksOut != 2 || c.AuthFailures != 1 {
		t.Errorf("%+v", c)
	}
}

// The locators of the site's other xTRs go into Map-Replies; when the Map-Server takes them back they go, and each change is
// solicited.
func TestRFC9301_5_7_MergedLocatorsAreAnswered(t *testing.T) {
	r, _ := merging(t)
	answer := func() string {
		r.after(10 * time.Second)
		_, text, _ := strings.Cut(r.receive(itr4, own4, request("2001:db8:1::/48")), "Map-Reply 2a: 2001:db8:1::/48 1440 A ")
		return text
	}
	const own = "{198.51.100.1 1/50 LR, 2001:db8:ff::1 1/50 LR}"
	const both = "{198.51.100.1 1/50 LR, 198.51.100.2 1/50 R, 2001:db8:ff::1 1/50 LR}"
	expect(t, answer(), own)
	copied := locator(mate)
	copied.Local, copied.Probed = true, true // a Map-Server that echoes what the other xTR registered
	r.notify(0x99, "key", locator(own4), copied, locator(own6))
	if got := r.after(0); !strings.Contains(got, "Map-Request S") {
		t.Errorf("no SMR: %s", got)
	}
	expect(t, answer(), both)
	d := r.Snapshot().Database[1].Discovered
	if len(d) != 1 || d[0].RLOC != mate {
		t.Errorf("discovered %v", d)
	}
	r.cfg.Database = clone(r.cfg.Database) // a new configuration forgets nothing
	r.cfg.Database[0].TTL = 10
	r.apply()
	expect(t, answer(), both)
	r.notify(0x9a, "key", locator(own4), locator(own6))
	expect(t, answer(), own)
}

// A locator whose reachability changes is registered anew.
func TestRFC9301_8_2_AChangedLocatorStateIsRegistered(t *testing.T) {
	r, _ := merging(t)
	r.cfg.Database = clone(r.cfg.Database)
	r.cfg.Database[0].Locators[1].Reachable = false
	expect(t, r.apply(), "198.51.100.1:4342 > 192.0.2.1:4342 Map-Register a: 10.1.0.0/16 1440 A {198.51.100.1 1/50 LR, 198.51.100.2 1/50 }")
}

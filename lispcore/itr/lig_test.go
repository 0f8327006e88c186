package itr_test

import (
	"net/netip"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/itr"
)

func TestLigIsAnsweredAndFillsTheMapCache(t *testing.T) {
	w := newWorld(t)
	id := w.e.Lig(w.now, eid("10.2.0.7/32"), netip.Addr{}, netip.Addr{}, 0)
	s := w.one()
	is(t, "sent", s.String(), "10.0.0.100 10.2.0.7/32")
	is(t, "source EID", s.SourceEID, addr("10.1.0.0"))
	if _, done := w.e.LigResult(id); done {
		t.Error("done without an answer")
	}
	w.now = w.now.Add(16 * time.Millisecond)
	w.reply("10.0.0.2", s.Nonce, false, mapping("10.3.0.0/16 10.0.0.2/1/100")) // no answer to this
	if _, done := w.e.LigResult(id); done {
		t.Error("done with an answer to something else")
	}
	w.reply("10.0.0.2", s.Nonce, false, mapping("10.2.0.0/16 10.0.0.2/1/100"))
	r, done := w.e.LigResult(id)
	if !done || !r.Answered || len(r.Records) != 1 || r.Records[0].EID != eid("10.2.0.0/16") {
		t.Errorf("done %t: %+v", done, r)
	}
	is(t, "RTT", r.RTT, 16*time.Millisecond)
	is(t, "from", r.From, addr("10.0.0.2"))
	is(t, "map-cache", w.cache(), "0.0.0.0/0 send-map-request; 10.2.0.0/16 10.0.0.2 up")
	if _, armed := w.e.Deadline(); !armed {
		t.Error("the entry has no end")
	}
}

func TestLigGivesUpAfterItsTries(t *testing.T) {
	for _, c := range []struct {
		count, sent int
		resolver    string
		want        string
	}{
		{0, 3, "", "10.0.0.100 10.2.0.7/32\n10.0.0.101 10.2.0.7/32\n10.0.0.100 10.2.0.7/32"},
		{2, 2, "10.0.0.55", "10.0.0.55 10.2.0.7/32\n10.0.0.55 10.2.0.7/32"},
	} {
		w := newWorld(t)
		var to netip.Addr
		if c.resolver != "" {
			to = addr(c.resolver)
		}
		id := w.e.Lig(w.now, eid("10.2.0.7/32"), addr("10.1.0.5"), to, c.count)
		is(t, "sent", texts(w.advance(time.Duration(c.sent)*2*time.Second)), c.want)
		r, done := w.e.LigResult(id)
		is(t, "done", done, true)
		is(t, "answered", r.Answered, false)
		is(t, "tries", r.Sent, c.sent)
	}
}

func TestLigSelfAsksForAnOwnEID(t *testing.T) {
	w := newWorld(t)
	w.e.Lig(w.now, eid("10.1.0.0/16"), netip.Addr{}, netip.Addr{}, 1)
	w.reply(self, w.one().Nonce, false, mapping("10.1.0.0/16 10.0.0.1/1/100"))
	state, _ := w.e.Snapshot().Service(lispcore.Service{Family: lispcore.IPv4})
	en := state.Entries[1]
	is(t, "self", en.Self && en.Locators[0].Self, true)
	is(t, "packets stay native", w.goes("10.1.9.9"), "forward natively: destination is a local EID")
}

func TestLigWithoutAnybodyToAsk(t *testing.T) {
	w := newWorld(t, func(c *itr.Config) { c.IPv4.MapResolvers = nil })
	r, done := w.e.LigResult(w.e.Lig(w.now, eid("10.2.0.7/32"), netip.Addr{}, netip.Addr{}, 0))
	is(t, "done", done, true)
	is(t, "resolver", r.Resolver.IsValid(), false)
}

// A lig that named its Map-Resolver goes on when the router is no ITR any more.
func TestLigOutlivesItsService(t *testing.T) {
	w := newWorld(t)
	id := w.e.Lig(w.now, eid("10.2.0.7/32"), netip.Addr{}, addr("10.0.0.55"), 3)
	w.e.Configure(w.now, itr.Config{})
	is(t, "sent", len(w.advance(10*time.Second)), 3)
	r, done := w.e.LigResult(id)
	is(t, "done", done && !r.Answered, true)
}

// Ligs whose results nobody takes don't add up, and a cancelled one is silent.
func TestLigsAreBounded(t *testing.T) {
	w := newWorld(t)
	first := w.e.Lig(w.now, eid("10.2.0.7/32"), netip.Addr{}, netip.Addr{}, 5)
	var last itr.LigID
	for range 64 {
		last = w.e.Lig(w.now, eid("10.2.0.7/32"), netip.Addr{}, netip.Addr{}, 1)
	}
	if _, done := w.e.LigResult(first); !done {
		t.Error("the oldest lig is still there")
	}
	w.sent()
	w.e.LigCancel(last)
	is(t, "sent by the others", len(w.advance(10*time.Second)), 0)
}

package itr_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lisplab/lispcore"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/wire"
)

// naive is a map-cache as one would write it on a slip of paper: prefixes, what they say, and until when.
type naive struct {
	limit   int
	entries map[netip.Prefix]naiveEntry
}

type naiveEntry struct {
	rloc string // "": natively-forward
	ends time.Time
}

func (n *naive) live(now time.Time) map[netip.Prefix]naiveEntry {
	maps.DeleteFunc(n.entries, func(_ netip.Prefix, e naiveEntry) bool { return !now.Before(e.ends) })
	return n.entries
}

// goes says what becomes of a packet; "miss" where nothing is known.
func (n *naive) goes(now time.Time, to netip.Addr) string {
	best := netip.Prefix{}
	for p := range n.live(now) {
		if p.Contains(to) && (!best.IsValid() || p.Bits() > best.Bits()) {
			best = p
		}
	}
	switch e, ok := n.entries[best]; {
	case !ok:
		return "miss"
	case e.rloc == "":
		return "forward natively: map-cache action forward-native"
	default:
		return "to " + e.rloc
	}
}

// take follows the rules of Map-Replies: those that fit go in, TTL 0 takes out, and the prefix that was asked for goes
// when it is not said again.
func (n *naive) take(now time.Time, asked netip.Prefix, records []wire.Record) {
	repeated := false
	for _, r := range records {
		p := r.EID.Prefix
		repeated = repeated || p == asked
		_, known := n.live(now)[p]
		switch {
		case r.TTL == 0:
			delete(n.entries, p)
		case known || len(n.entries) < n.limit:
			e := naiveEntry{ends: now.Add(time.Duration(r.TTL) * time.Minute)}
			if len(r.Locators) > 0 {
				e.rloc = r.Locators[0].RLOC.String()
			}
			n.entries[p] = e
		}
	}
	if !repeated {
		delete(n.entries, asked)
	}
}

// TestMapCacheAgainstANaiveOne plays Map-Replies, SMRs, packets, clears and time, and compares what becomes of packets, and
// the entries, with the naive cache.
func TestMapCacheAgainstANaiveOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, func(c *itr.Config) { c.IPv4.Limit = 6 })
		n := &naive{limit: 6, entries: make(map[netip.Prefix]naiveEntry)}
		address := rapid.Custom(func(rt *rapid.T) netip.Addr {
			return netip.AddrFrom4([4]byte{10, byte(rapid.IntRange(2, 3).Draw(rt, "b")), byte(rapid.IntRange(0, 3).Draw(rt, "c") * 64), byte(rapid.IntRange(0, 1).Draw(rt, "d") * 200)})
		})
		record := func(to netip.Addr) wire.Record {
			p, _ := to.Prefix(rapid.SampledFrom([]int{8, 15, 16, 17, 18, 24, 32}).Draw(rt, "bits"))
			r := wire.Record{Mapping: lispcore.Mapping{EID: lispcore.EID{Prefix: p}, TTL: uint32(rapid.IntRange(0, 3).Draw(rt, "ttl")), Action: lispcore.NativelyForward}}
			if i := rapid.IntRange(0, 3).Draw(rt, "rloc"); i > 0 {
				r.Locators = []lispcore.Locator{{RLOC: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), Priority: 1, Weight: 1, Reachable: true}}
			}
			return r
		}
		answer := func(to netip.Addr, list []sent) {
			for _, s := range list {
				first := record(to)
				records := []wire.Record{first}
				if other := record(address.Draw(rt, "more")); first.EID.Covers(other.EID) && first.EID != other.EID {
					records = append(records, other)
				}
				w.reply("192.0.2.1", s.Nonce, false, records...)
				n.take(w.now, s.Records[0].Prefix, records)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"packet": func(rt *rapid.T) {
				to := address.Draw(rt, "to")
				got, want := w.goes(to.String()), n.goes(w.now, to)
				if miss := strings.HasPrefix(got, "drop: map-cache miss"); got != want && !(miss && want == "miss") {
					rt.Fatalf("to %v: %s, want %s", to, got, want)
				}
				answer(to, w.sent())
			},
			"SMR": func(rt *rapid.T) {
				to := address.Draw(rt, "of")
				w.smr("192.0.2.1", host(to))
				answer(to, w.sent())
			},
			"clear": func(rt *rapid.T) {
				p, _ := address.Draw(rt, "at").Prefix(16)
				w.e.Clear(w.now, lispcore.Service{Family: lispcore.IPv4}, p)
				delete(n.entries, p)
			},
			"time": func(rt *rapid.T) {
				// Map-Requests of refreshes stay without an answer, those of held SMRs too: both leave the cache as it is.
				w.advance(time.Duration(rapid.IntRange(1, 90).Draw(rt, "seconds")) * time.Second)
			},
			"": func(rt *rapid.T) {
				var want []string
				for p, e := range n.live(w.now) {
					want = append(want, fmt.Sprint(p, " ", e.ends.Sub(w.now)))
				}
				state, _ := w.e.Snapshot().Service(lispcore.Service{Family: lispcore.IPv4})
				var got []string
				for _, en := range state.Entries {
					if !en.Static {
						got = append(got, fmt.Sprint(en.Prefix, " ", en.Expires.Sub(w.now)))
					}
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) || state.Dynamic != len(want) {
					rt.Fatalf("entries %v (%d), want %v", got, state.Dynamic, want)
				}
			},
		})
	})
}

func host(a netip.Addr) string { return netip.PrefixFrom(a, a.BitLen()).String() }

// TestExplainSaysWhatForwardDoes: the same verdict, before and whatever comes after; and nothing changes by asking.
func TestExplainSaysWhatForwardDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, echoNonce, func(c *itr.Config) {
			c.IPv4.PETRs = []itr.PETR{{RLOC: addr("10.0.0.51")}}
			c.Instances[0].Static = []itr.Static{{Prefix: prefix("10.4.0.0/16"), Action: lispcore.DropNoReason}, {Prefix: prefix("10.5.0.0/16"), Action: lispcore.NativelyForward}}
		})
		w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/30 10.0.0.3/1/70"))
		w.learn("10.3.0.7", negative("10.3.0.0/16", lispcore.DropPolicyDenied, 1))
		for range rapid.IntRange(1, 20).Draw(rt, "packets") {
			from := rapid.SampledFrom([]string{"10.1.0.5", "10.1.0.6", "10.9.0.1"}).Draw(rt, "from")
			to := fmt.Sprintf("10.%d.0.%d", rapid.IntRange(1, 6).Draw(rt, "b"), rapid.IntRange(1, 3).Draw(rt, "d"))
			p := packet(from, to, rapid.SampledFrom([]int{40, 1464, 1465}).Draw(rt, "size"), rapid.Bool().Draw(rt, "DF"))
			before := fmt.Sprint(w.e.Snapshot())
			said := w.e.Explain(w.now, 0, p)
			if after := fmt.Sprint(w.e.Snapshot()); after != before || len(w.sent()) > 0 {
				rt.Fatalf("Explain changed\n%s\nto\n%s", before, after)
			}
			did := w.e.Forward(w.now, 0, p)
			did.Datagrams = nil
			if fmt.Sprint(said) != fmt.Sprint(did) {
				rt.Fatalf("%s > %s: said %v, did %v", from, to, said, did)
			}
			w.advance(time.Duration(rapid.IntRange(0, 3).Draw(rt, "seconds")) * time.Second)
		}
	})
}

// TestSharesFollowWeights: over many flows each usable locator of the best priority has its part, and a flow keeps its
// locator.
func TestSharesFollowWeights(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		r := mapping("10.2.0.0/16")
		best, total := 255, 0
		for i := range rapid.IntRange(1, 5).Draw(rt, "locators") {
			l := lispcore.Locator{RLOC: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), Reachable: rapid.Bool().Draw(rt, "up"),
				Priority: uint8(rapid.IntRange(1, 2).Draw(rt, "priority")), Weight: uint8(rapid.IntRange(0, 4).Draw(rt, "weight") * 25)}
			r.Locators = append(r.Locators, l)
			if l.Reachable {
				best = min(best, int(l.Priority))
			}
		}
		equal := 0
		for _, l := range r.Locators {
			if l.Reachable && int(l.Priority) == best {
				total += int(l.Weight)
				equal++
			}
		}
		w.learn("10.2.0.7", r)
		const flows = 4000
		got := make(map[netip.Addr]int)
		p := packet("10.1.0.5", "10.2.0.7", 40, false)
		for i := range flows {
			p[20], p[21] = byte(i>>8), byte(i)
			v := w.e.Forward(w.now, 0, p)
			got[v.RLOC]++
			if again := w.e.Explain(w.now, 0, p); again.RLOC != v.RLOC {
				rt.Fatalf("a flow goes to %v, then to %v", v.RLOC, again.RLOC)
			}
		}
		for _, l := range r.Locators {
			want := 0
			switch {
			case !l.Reachable || int(l.Priority) != best:
			case total == 0:
				want = flows / equal
			default:
				want = flows * int(l.Weight) / total
			}
			if n := got[l.RLOC]; n < want-200 || n > want+200 || want == 0 && n > 0 {
				rt.Errorf("%v has %d of %d flows, want about %d: %+v", l.RLOC, n, flows, want, r.Locators)
			}
		}
	})
}

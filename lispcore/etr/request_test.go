package etr_test

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gaissmai/bart"
	"pgregory.net/rapid"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// TestAnswersShadowNothing: whatever the database, and whatever is asked for, a cache that keeps the records of the Map-Reply
// sends every packet inside them where the database says, and the records cover what was asked for, or, where they are too
// many, its first address.
func TestAnswersShadowNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := &router{t: t, Engine: etr.New(session.NewTable()), now: enginetest.Epoch, port: 61000}
		r.cfg.Rand = rand.New(rand.NewPCG(1, 2))
		var truth bart.Table[netip.Addr]
		prefix := func(label string) netip.Prefix {
			bits := rapid.IntRange(8, 32).Draw(rt, label+" length")
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, rapid.Byte().Draw(rt, label) & 3, rapid.Byte().Draw(rt, label), rapid.Byte().Draw(rt, label)}), bits).Masked()
		}
		for i := range rapid.IntRange(1, 120).Draw(rt, "prefixes") {
			p := prefix("prefix")
			if _, known := truth.Get(p); known {
				continue
			}
			rloc := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
			truth.Insert(p, rloc)
			r.cfg.Database = append(r.cfg.Database, mapping(p.String(), lispcore.Locator{RLOC: rloc, Reachable: true}))
		}
		r.apply()
		asked := prefix("asked")
		r.Handle(r.now, lispcore.Datagram{From: netip.AddrPortFrom(itr4, 61000), To: netip.AddrPortFrom(own4, lispcore.ControlPort),
			Payload: must(request(asked.String()).Append(nil))})
		out := r.Drain()
		if _, covered := truth.LookupPrefix(asked); !covered {
			if len(out) != 0 {
				rt.Fatalf("an answer about %v: %v", asked, out)
			}
			return
		}
		var m wire.MapReply
		payload := out[0].(lispcore.SendDatagram).Payload
		if err := m.Parse(payload); err != nil || len(payload) > 1400 {
			rt.Fatalf("%d bytes: %v", len(payload), err)
		}
		var cache bart.Table[netip.Addr]
		for _, rec := range m.Records {
			cache.Insert(rec.EID.Prefix, rec.Locators[0].RLOC)
		}
		if !cache.Contains(asked.Addr()) {
			rt.Fatalf("%v is not answered: %s", asked, recordsText(m.Records))
		}
		check := func(a netip.Addr) {
			got, cached := cache.Lookup(a)
			if want, _ := truth.Lookup(a); cached && got != want {
				rt.Fatalf("%v goes to %v, should go to %v; asked for %v: %s", a, got, want, asked, recordsText(m.Records))
			}
		}
		for p := range truth.All() {
			check(p.Addr())
		}
		for range 50 {
			check(prefix("address").Addr())
		}
		check(asked.Addr())
	})
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// TestStatistics holds the counters of `show ip lisp statistics`: per instance and family, by records.
func TestStatistics(t *testing.T) {
	r, _ := merging(t)
	r.SetMapCache(func() []netip.Addr { return []netip.Addr{itr4} })
	r.receive(ms, own4, encapsulated(t, request("10.1.2.3/32"), 61000, 4342))
	r.receive(itr4, own4, probe("10.1.0.0/16"))
	r.receive(itr4, own4, request("[7]10.7.0.0/16"))
	r.notify(0x99, "key", locator(own4), locator(own6))
	r.Decapsulate(tunnelled(0, packet("10.30.30.1", "10.1.2.3", 60, 0), 200, 0))
	r.Decapsulate(tunnelled(0, packet("10.30.30.1", "10.2.2.3", 60, 0), 200, 0))
	r.Decapsulate(tunnelled(0, packet("10.30.30.1", "10.2.2.3", 60, 0), 200, 0))
	r.Decapsulate(tunnelled(9, packet("10.30.30.1", "10.2.2.3", 60, 0), 200, 0))
	r.weigh(9)
	v := r.Snapshot()
	lost := []etr.Drop{{Reason: etr.DropNotLocal, Count: 2}}
	if want := []etr.ServiceCounters{
		{Service: lispcore.Service{Family: lispcore.IPv4}, MapRequestsIn: 2, EncapsulatedIn: 1, ProbesIn: 1, MapRepliesOut: 2, ProbeRepliesOut: 1, SMRsOut: 1,
			MapRegistersOut: 2, Data: etr.DataCounters{Packets: 1, Bytes: 32, Drops: lost}},
		{Service: lispcore.Service{Family: lispcore.IPv6}, MapRegistersOut: 1, MapNotifiesIn: 1},
		{Service: lispcore.Service{Instance: 7, Family: lispcore.IPv4}, MapRequestsIn: 1, MapRepliesOut: 1, MapRegistersOut: 1},
	}; !reflect.DeepEqual(v.Services, want) {
		t.Errorf("\n got %+v\nwant %+v", v.Services, want)
	}
	all := etr.DataCounters{Packets: 1, Bytes: 32, Drops: []etr.Drop{{Reason: etr.DropNoService, Count: 1}, lost[0]}}
	if !reflect.DeepEqual(v.Data, all) || v.Data.Dropped() != 3 {
		t.Errorf("data %+v", v.Data)
	}
}

// TestStatisticsOutliveTheLastPrefix: the packets that come late for a prefix that has moved away are counted as what they are.
func TestStatisticsOutliveTheLastPrefix(t *testing.T) {
	packetToSeven := func() lispcore.Datagram { return tunnelled(7, packet("10.30.30.1", "10.7.2.3", 60, 0), 200, 0) }
	r := newRouter(t, func(cfg *etr.Config) {
		cfg.MapServers = []etr.MapServerConfig{{Addr: ms, Family: lispcore.IPv4, Key: "key", Local: own4}}
	})
	r.Decapsulate(packetToSeven())
	r.cfg.Database = nil
	r.apply()
	_, reason := r.Decapsulate(packetToSeven())
	if reason != etr.DropNotLocal {
		t.Errorf("a late packet: %v", reason)
	}
	i := slices.IndexFunc(r.Snapshot().Services, func(s etr.ServiceCounters) bool { return s.Service.Instance == 7 })
	if i < 0 {
		t.Fatal("instance 7 is forgotten")
	}
	if data := r.Snapshot().Services[i].Data; data.Packets != 1 || data.Dropped() != 1 {
		t.Errorf("data %+v", data)
	}
}

// TestDebug: what `debug lisp control-plane all` shows is told only while it is on.
func TestDebug(t *testing.T) {
	r, _ := merging(t)
	r.SetMapCache(func() []netip.Addr { return []netip.Addr{itr4} })
	did := func() (notices string) {
		r.now = r.now.Add(time.Hour)
		r.tick()
		r.Drain()
		text := r.receive(itr4, own4, probe("10.1.0.0/16")) + "\n" + r.notify(0x99, "key", locator(own4), locator(own6)) + "\n" + r.weigh(uint8(r.now.Hour()+1))
		var lines []string
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "*") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		return strings.Join(lines, "\n")
	}
	expect(t, did(), "")
	r.SetDebug(true)
	expect(t, did(), `* map-request received: 192.0.2.10 probe
		* map-reply sent: 192.0.2.10
		* map-notify received: 192.0.2.1 UDP
		* map-register sent: 192.0.2.1 UDP
		* map-request sent: 192.0.2.10 SMR`)
	r.SetDebug(false)
	expect(t, did(), "")
}

// TestMergedLocatorsInSnapshot: a snapshot is a copy, its merged locators included.
func TestMergedLocatorsInSnapshot(t *testing.T) {
	r, _ := merging(t)
	r.notify(0x99, "key", locator(mate))
	d := r.Snapshot().Database
	i := slices.IndexFunc(d, func(en etr.Entry) bool { return len(en.Discovered) == 1 })
	d[i].Discovered[0].RLOC = other
	if got := r.Snapshot().Database[i].Discovered[0].RLOC; got != mate {
		t.Errorf("the snapshot is no copy: %v", got)
	}
}

func BenchmarkMapRequest(b *testing.B) {
	r := newRouter(b)
	in := lispcore.Datagram{From: netip.AddrPortFrom(itr4, 61000), To: netip.AddrPortFrom(own4, lispcore.ControlPort), Payload: must(request("10.1.2.3/32").Append(nil))}
	b.ReportAllocs()
	for b.Loop() {
		r.now = r.now.Add(3 * time.Second) // the rate limit
		r.Handle(r.now, in)
		if len(r.Drain()) != 1 {
			b.Fatal("no answer")
		}
	}
}

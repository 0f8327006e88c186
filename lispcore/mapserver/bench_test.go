package mapserver_test

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/mapresolver"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

var (
	benchServer = netip.MustParseAddr("198.51.100.1")
	benchETR    = netip.MustParseAddr("203.0.113.11")
)

// registers returns signed Map-Registers of n distinct host prefixes, one record each.
func registers(n int) [][]byte {
	auth := wire.NewAuthenticator("bench-key")
	list := make([][]byte, n)
	for i := range list {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 10<<24|uint32(i))
		m := wire.MapRegister{WantNotify: true, HasXTRID: true, Nonce: uint64(i) + 1, Auth: wire.Auth{Algorithm: wire.AlgSHA1},
			Records: []wire.Record{{Mapping: lispcore.Mapping{
				EID: lispcore.NewEID(0, netip.PrefixFrom(netip.AddrFrom4(a), 32)), TTL: 1440,
				Locators: []lispcore.Locator{{RLOC: benchETR, Priority: 1, Weight: 100, Local: true, Reachable: true}},
			}, Authoritative: true}}}
		b, err := m.Append(nil)
		if err == nil {
			err = auth.Sign(b)
		}
		if err != nil {
			panic(err)
		}
		list[i] = b
	}
	return list
}

func benchEngine() (*mapserver.Engine, *session.Table) {
	sessions := session.NewTable()
	e := mapserver.New(sessions)
	e.Configure(time.Unix(0, 0), mapserver.Config{IPv4: true, IPv6: true, Reliable: true, Sites: []mapserver.SiteConfig{{
		Name: "A", Key: "bench-key",
		EIDs: []mapserver.SiteEID{{EID: lispcore.NewEID(0, netip.MustParsePrefix("10.0.0.0/8")), AcceptMoreSpecifics: true}},
	}}})
	e.Drain()
	return e, sessions
}

// BenchmarkMapRegister is one UDP Map-Register of one record, verified, stored and answered, sockets aside.
func BenchmarkMapRegister(b *testing.B) {
	messages := registers(10_000)
	e, _ := benchEngine()
	now := time.Unix(0, 0)
	in := lispcore.Datagram{From: netip.AddrPortFrom(benchETR, 4342), To: netip.AddrPortFrom(benchServer, 4342)}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		in.Payload = messages[i%len(messages)]
		e.Handle(now, in)
		e.Drain()
	}
}

// BenchmarkRegistration is one Registration over a session, 64 to a segment, verified, stored and answered.
func BenchmarkRegistration(b *testing.B) {
	messages := registers(10_048)
	e, sessions := benchEngine()
	now := time.Unix(0, 0)
	e.Handle(now, lispcore.Datagram{From: netip.AddrPortFrom(benchETR, 4342), To: netip.AddrPortFrom(benchServer, 4342), Payload: messages[0]})
	id := sessions.NextStream()
	e.Handle(now, lispcore.StreamOpened{Stream: id, Local: netip.AddrPortFrom(benchServer, 4342), Remote: netip.AddrPortFrom(benchETR, 50000)})
	var segments [][]byte
	for i := 0; i+64 <= len(messages); i += 64 {
		var s []byte
		for _, m := range messages[i : i+64] {
			s, _ = wire.AppendFrame(s, uint32(i), &wire.Registration{Register: m})
		}
		segments = append(segments, s)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%64 == 0 {
			e.Handle(now, lispcore.StreamData{Stream: id, Data: segments[i/64%len(segments)]})
			e.Drain()
		}
	}
}

// BenchmarkRegistrationMemory reports the live heap of one registration, the senders' side aside.
func BenchmarkRegistrationMemory(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		messages := registers(n)
		in := lispcore.Datagram{From: netip.AddrPortFrom(benchETR, 4342), To: netip.AddrPortFrom(benchServer, 4342)}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		e, _ := benchEngine()
		for _, in.Payload = range messages {
			e.Handle(time.Unix(0, 0), in)
			e.Drain()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/registration")
		runtime.KeepAlive(e)
		runtime.KeepAlive(messages)
	}
}

// benchITR asks.
var benchITR = netip.MustParseAddr("203.0.113.99")

// requests returns encapsulated Map-Requests for n host EIDs.
func requests(n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 10<<24|uint32(i))
		eid := netip.AddrFrom4(a)
		m := wire.MapRequest{Nonce: uint64(i) + 1, SourceEID: netip.MustParseAddr("11.0.0.1"), ITRRLOCs: []netip.Addr{benchITR},
			Records: []lispcore.EID{lispcore.NewEID(0, netip.PrefixFrom(eid, 32))}}
		b, err := m.Append(nil)
		if err == nil {
			ecm := wire.EncapsulatedControl{TTL: 64, Source: netip.AddrPortFrom(benchITR, 4342), Destination: netip.AddrPortFrom(eid, 4342), Payload: b}
			b, err = ecm.Append(nil)
		}
		if err != nil {
			panic(err)
		}
		list[i] = b
	}
	return list
}

// benchRequests asks a Map-Resolver, with a Map-Server behind it that has 10,000 registrations, for one EID after the other.
func benchRequests(b *testing.B, proxy bool, asked func(i int) int) {
	e, _ := benchEngine()
	now := time.Unix(0, 0)
	in := lispcore.Datagram{From: netip.AddrPortFrom(benchETR, 4342), To: netip.AddrPortFrom(benchServer, 4342)}
	for _, in.Payload = range registers(10_000) {
		if proxy {
			in.Payload = askForProxy(in.Payload, "bench-key")
		}
		e.Handle(now, in)
		e.Drain()
	}
	mr := mapresolver.New()
	mr.Configure(now, mapresolver.Config{IPv4: true, Server: e, Limit: -1})
	in.From = netip.AddrPortFrom(benchITR, 4342)
	messages := requests(20_000)
	b.ReportAllocs()
	answers := 0
	for i := 0; b.Loop(); i++ {
		in.Payload = messages[asked(i)]
		mr.Handle(now, in)
		mr.Drain()
		answers += len(e.Drain())
	}
	if answers != b.N {
		b.Fatalf("%d answers to %d Map-Requests", answers, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkMapRequestProxied is one Map-Request that the Map-Server answers for its ETR, from the datagram to the datagram.
func BenchmarkMapRequestProxied(b *testing.B) {
	benchRequests(b, true, func(i int) int { return i % 10_000 })
}

// BenchmarkMapRequestForwarded is one Map-Request that goes on to its ETR.
func BenchmarkMapRequestForwarded(b *testing.B) {
	benchRequests(b, false, func(i int) int { return i % 10_000 })
}

// BenchmarkMapRequestNegative is one Map-Request for what nobody registers.
func BenchmarkMapRequestNegative(b *testing.B) {
	benchRequests(b, false, func(i int) int { return 10_000 + i%10_000 })
}

package bench

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

var (
	etrAddr = netip.MustParseAddr("203.0.113.11")
	msAddr  = netip.MustParseAddr("209.165.201.31")
	boot    = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

// dialPort is the ETR's TCP port.
const dialPort = 15373

// traffic counts what crossed between the two routers of a pair, both ways together.
type traffic struct {
	messages int // of LISP
	bytes    int // on the wire, IP headers included
}

// pair is an ETR and its Map-Server in virtual time, with a wire of no delay between them and no socket.
type pair struct {
	now        time.Time
	etr        *etr.Engine
	ms         *mapserver.Engine
	etrSession *session.Table
	msSessions *session.Table
	// A connection has a name at each end; 0 without one.
	etrStream, msStream lispcore.StreamID
	sum                 traffic
	err                 error
}

// newPair starts a pair whose ETR has n EID prefixes. Without reliable transport the Map-Server refuses to be dialled.
func newPair(n int, reliable bool) *pair {
	p := &pair{now: boot, etrSession: session.NewTable(), msSessions: session.NewTable()}
	p.ms, p.etr = mapserver.New(p.msSessions), etr.New(p.etrSession)
	p.ms.Configure(p.now, mapServerConfig(reliable))
	cfg := etr.Config{
		MapServers: []etr.MapServerConfig{{Addr: msAddr, Family: lispcore.IPv4, Key: key, Local: etrAddr}},
		Reliable:   reliable, Rand: rand.New(rand.NewPCG(1, 2)),
	}
	for i := range n {
		cfg.Database = append(cfg.Database, mapping(i, etrAddr))
	}
	p.etr.Configure(p.now, cfg)
	return p
}

// run lets time pass, with everything that is due on the way and at the end.
func (p *pair) run(d time.Duration) error {
	end := p.now.Add(d)
	for {
		for p.carry(p.etr, p.ms, &p.etrStream, &p.msStream) || p.carry(p.ms, p.etr, &p.msStream, &p.etrStream) {
		}
		if p.err != nil {
			return p.err
		}
		next, from := end.Add(1), lispcore.Engine(nil)
		for _, e := range []lispcore.Engine{p.etr, p.ms} {
			if at, armed := e.Deadline(); armed && at.Before(next) {
				next, from = at, e
			}
		}
		if from == nil {
			p.now = end
			return nil
		}
		p.now = next
		from.Handle(p.now, lispcore.Tick{})
	}
}

// carry takes what one engine wants done to the other one, and tells whether there was anything.
func (p *pair) carry(from, to lispcore.Engine, own, other *lispcore.StreamID) bool {
	outputs := from.Drain()
	for _, out := range outputs {
		switch out := out.(type) {
		case lispcore.SendDatagram:
			const headers = 20 + 8
			p.sum.messages++
			p.sum.bytes += headers + len(out.Payload)
			to.Handle(p.now, lispcore.Datagram{From: out.From, To: out.To, Payload: out.Payload})
		case lispcore.OpenStream:
			p.open(out)
		case lispcore.WriteStream:
			p.countStream(out.Data)
			to.Handle(p.now, lispcore.StreamData{Stream: *other, Data: out.Data})
		case lispcore.CloseStream:
			closed := *other
			*own, *other = 0, 0
			to.Handle(p.now, lispcore.StreamClosed{Stream: closed, Reason: lispcore.ClosedByPeer})
		}
	}
	return len(outputs) > 0
}

// open answers a dial of the ETR.
func (p *pair) open(out lispcore.OpenStream) {
	p.etrStream = out.Stream
	p.msStream = p.msSessions.NextStream()
	local := netip.AddrPortFrom(out.From, dialPort)
	p.etr.Handle(p.now, lispcore.StreamOpened{Stream: p.etrStream, Local: local, Remote: out.To, Dialled: true})
	p.ms.Handle(p.now, lispcore.StreamOpened{Stream: p.msStream, Local: out.To, Remote: local})
}

// countStream counts a write: segments of 1460 bytes, and an acknowledgment for every second one and the last.
func (p *pair) countStream(data []byte) {
	const mss, headers = 1460, 20 + 20
	segments := (len(data) + mss - 1) / mss
	p.sum.bytes += len(data) + headers*(segments+(segments+1)/2)
	for len(data) > 0 {
		_, n, err := wire.ParseFrame(data)
		if err != nil || n == 0 {
			p.err = fmt.Errorf("a write that is not whole messages: %w", err)
			return
		}
		p.sum.messages++
		data = data[n:]
	}
}

// take returns what was counted since the last take.
func (p *pair) take() traffic {
	sum := p.sum
	p.sum = traffic{}
	return sum
}

package bench

import (
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// verifications measures how long n checks of the digest of a Map-Register take.
func verifications(n int) (span, error) {
	register, err := newMaker(etrAddr).append(nil, 1)
	if err != nil {
		return span{}, err
	}
	auth := wire.NewAuthenticator(key)
	watch := stopwatch()
	for range n {
		if !auth.Verify(register) {
			return span{}, fmt.Errorf("the digest of a Map-Register of our own is wrong")
		}
	}
	return watch(), nil
}

// refresh measures how long an ETR with n prefixes takes to answer `times` Registration Refreshes of scope 0, and how many
// Registrations it sends.
func refresh(n, times int) (took span, sent int, err error) {
	p := newPair(n, true)
	if err = p.run(3 * time.Minute); err != nil {
		return span{}, 0, err
	}
	frame, err := wire.AppendFrame(nil, 0, &wire.RegistrationRefresh{Scope: wire.ScopeAll})
	if err != nil {
		return span{}, 0, err
	}
	for range times {
		p.take()
		watch := stopwatch()
		p.etr.Handle(p.now, lispcore.StreamData{Stream: p.etrStream, Data: frame})
		outputs := p.etr.Drain()
		once := watch()
		took.wall += once.wall
		took.cpu += once.cpu
		for _, out := range outputs {
			if w, ok := out.(lispcore.WriteStream); ok {
				p.countStream(w.Data)
			}
		}
		if p.sum.messages != n || p.err != nil {
			return span{}, 0, fmt.Errorf("a Refresh of %d prefixes got %d Registrations: %w", n, p.sum.messages, p.err)
		}
		sent += n
	}
	return took, sent, nil
}

// heap is what registrations weigh.
type heap struct {
	registrations int
	bytes         float64 // live, per registration
}

// memory registers EID prefixes at one Map-Server until each of the counts (ascending) is reached, and weighs its live heap
// there. The sender keeps nothing: each message is made when it is handed over.
func memory(counts ...int) ([]heap, error) {
	sessions := session.NewTable()
	ms := mapserver.New(sessions)
	now := boot
	ms.Configure(now, mapServerConfig(true))
	m := newMaker(etrAddr)
	buf := make([]byte, 0, 256)
	from := netip.AddrPortFrom(etrAddr, lispcore.ControlPort)
	to := netip.AddrPortFrom(msAddr, lispcore.ControlPort)
	empty := liveHeap()
	answered := 0
	var weighed []heap
	for _, count := range counts {
		for i := answered; i < count; i++ {
			register, err := m.append(buf, i)
			if err != nil {
				return nil, err
			}
			ms.Handle(now, lispcore.Datagram{From: from, To: to, Payload: register})
			for _, out := range ms.Drain() {
				if _, ok := out.(lispcore.SendDatagram); ok {
					answered++
				}
			}
		}
		if answered != count {
			return nil, fmt.Errorf("%d of %d registrations were answered", answered, count)
		}
		weighed = append(weighed, heap{count, float64(liveHeap()-empty) / float64(count)})
	}
	runtime.KeepAlive(ms)
	return weighed, nil
}

// liveHeap returns the bytes of live objects on the heap.
func liveHeap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

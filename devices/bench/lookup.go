package bench

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/mapresolver"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// resolver is a Map-Resolver and the Map-Server behind it as one engine. Its ITR has the address etrAddr, and stands at a
// socket of this machine: addresses of the kernel are for the underlay, and no Map-Reply is ever sent to one.
type resolver struct {
	*mapresolver.Engine
	ms  *mapserver.Engine
	itr netip.AddrPort // the socket
}

func newResolver(now time.Time, itr netip.AddrPort) *resolver {
	r := &resolver{mapresolver.New(), mapserver.New(session.NewTable()), itr}
	r.ms.Configure(now, mapServerConfig(false))
	r.Configure(now, mapresolver.Config{IPv4: true, Server: r.ms, Limit: -1}) // one ITR asks for what a thousand do
	return r
}

// register registers the first n EID prefixes, for the Map-Server to answer itself.
func (r *resolver) register(now time.Time, n int) error {
	m := newMaker(etrAddr)
	m.register.ProxyReply = true
	in := lispcore.Datagram{From: netip.AddrPortFrom(etrAddr, lispcore.ControlPort), To: netip.AddrPortFrom(msAddr, lispcore.ControlPort)}
	var err error
	for i := range n {
		if in.Payload, err = m.append(in.Payload[:0], i); err != nil {
			return err
		}
		r.ms.Handle(now, in)
		if !slices.ContainsFunc(r.ms.Drain(), isDatagram) {
			return fmt.Errorf("registration %d was not answered", i)
		}
	}
	return nil
}

func isDatagram(out lispcore.Output) bool {
	_, ok := out.(lispcore.SendDatagram)
	return ok
}

// Handle implements lispcore.Engine.
func (r *resolver) Handle(now time.Time, in lispcore.Input) {
	if d, ok := in.(lispcore.Datagram); ok {
		d.From, d.To = netip.AddrPortFrom(etrAddr, d.From.Port()), netip.AddrPortFrom(msAddr, d.To.Port())
		r.Engine.Handle(now, d)
		return
	}
	r.ms.Handle(now, in)
}

// Deadline implements lispcore.Engine. A Map-Resolver has none of its own.
func (r *resolver) Deadline() (time.Time, bool) { return r.ms.Deadline() }

// Drain implements lispcore.Engine.
func (r *resolver) Drain() []lispcore.Output {
	out := append(r.Engine.Drain(), r.ms.Drain()...)
	for i := range out {
		if d, ok := out[i].(lispcore.SendDatagram); ok && d.To.Addr() == etrAddr {
			d.To = netip.AddrPortFrom(r.itr.Addr(), d.To.Port())
			out[i] = d
		}
	}
	return out
}

// resolve measures n Map-Requests in Encapsulated Control Messages, each for one of `prefixes` registered EID prefixes and
// answered with its mapping.
func resolve(n, prefixes int) (took span, err error) {
	at, release, err := underlay.TakeLoopback(2)
	if err != nil {
		return span{}, err
	}
	defer func() { err = errors.Join(err, release()) }()
	engine := newResolver(time.Now(), at[1])
	if err := engine.register(time.Now(), prefixes); err != nil {
		return span{}, err
	}
	s, err := newRequests(n, prefixes, at[1].Port())
	if err != nil {
		return span{}, err
	}
	itr, err := underlay.ListenBatch(at[1])
	if err != nil {
		return span{}, err
	}
	defer itr.Close()
	server, err := underlay.NewServer(underlay.ServerConfig{Engine: engine, At: at[0], NextStream: session.NewTable().NextStream, Now: time.Now})
	if err != nil {
		return span{}, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if took, err = exchange(itr, at[0], s); err != nil {
		return span{}, err
	}
	server.Do(func() {
		if got := engine.ms.Snapshot().Counters.IPv4.ProxyRecordsOut; got != uint64(n) {
			err = fmt.Errorf("%d of %d Map-Requests were answered with a mapping", got, n)
		}
	})
	return took, err
}

// newRequests makes n Map-Requests as ITRs send them, for the prefixes in turn. The nonce tells which it is.
func newRequests(n, prefixes int, port uint16) (stock, error) {
	request := wire.MapRequest{
		SourceEID: netip.AddrFrom4([4]byte{10, 255, 0, 1}), ITRRLOCs: []netip.Addr{etrAddr}, Records: make([]lispcore.EID, 1),
	}
	ecm := wire.EncapsulatedControl{TTL: 255, Source: netip.AddrPortFrom(etrAddr, port)}
	return newStockOf(n, func(b []byte, i int) ([]byte, error) {
		eid := mapping(i%prefixes, etrAddr).EID
		request.Nonce, request.Records[0] = nonce(i), eid
		var err error
		if ecm.Payload, err = request.Append(ecm.Payload[:0]); err != nil {
			return nil, err
		}
		ecm.Destination = netip.AddrPortFrom(eid.Prefix.Addr(), lispcore.ControlPort)
		return ecm.Append(b)
	})
}

package itr

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// Routes is what an ITR needs to know of its router's routing table.
type Routes interface {
	// Source returns the router's own address towards an RLOC; ok is false without a route. For an address of the router
	// itself it returns that address. Answers about locators are kept until RoutesChanged.
	Source(to netip.Addr) (local netip.Addr, ok bool)
}

// Engine is one ITR or PITR, or both. It implements lispcore.Engine.
type Engine struct {
	cfg      Config
	routes   Routes
	out      lispcore.Outbox
	timers   lispcore.Timers[timerKey]
	caches   map[lispcore.Service]*cache
	order    []*cache // the same, by service
	rlocs    map[netip.Addr]*rloc
	asked    map[uint64]asked // by nonce: Map-Requests that may still be answered
	probes   map[uint64]*rloc // by nonce
	requests int              // of all caches
	ligs     ligs
	trace    trace
	counters Counters

	// Reused, so that forwarding allocates nothing and messages next to nothing.
	reply     wire.MapReply
	request   wire.MapRequest
	datagrams []lispcore.SendDatagram
	payloads  [][]byte
	whole     [1][]byte // the caller's packet, during encapsulation
	fragments [][]byte
}

// timerKey names a timer: exactly one of its pointers is set.
type timerKey struct {
	entry   *entry   // nine tenths of its Record TTL are over, or all of it
	request *request // the next Map-Request, or the end of its record
	probe   *rloc    // the next RLOC probe
	echo    *rloc    // an echo-nonce that failed may be tried again
	lig     *lig     // the next try
}

// asked is whose a nonce is: exactly one of its pointers is set.
type asked struct {
	request *request
	lig     *lig
}

var _ lispcore.Engine = (*Engine)(nil)

// New returns an ITR that leaves every packet to the router until Configure.
func New(routes Routes) *Engine {
	return &Engine{routes: routes, caches: make(map[lispcore.Service]*cache), rlocs: make(map[netip.Addr]*rloc),
		asked: make(map[uint64]asked), probes: make(map[uint64]*rloc)}
}

// SetDebug turns Notices of debug kinds on and off (`debug lisp control-plane all`).
func (e *Engine) SetDebug(on bool) { e.out.Debug = on }

// Deadline implements lispcore.Engine.
func (e *Engine) Deadline() (time.Time, bool) { return e.timers.Next() }

// Drain implements lispcore.Engine.
func (e *Engine) Drain() []lispcore.Output { return e.out.Drain() }

// Handle implements lispcore.Engine. Datagrams are Map-Replies and SMRs at port 4342; those at port 4341 go to HandleData.
func (e *Engine) Handle(now time.Time, in lispcore.Input) {
	switch in := in.(type) {
	case lispcore.Datagram:
		e.handleDatagram(now, in)
	case lispcore.Tick:
		e.tick(now)
	}
}

func (e *Engine) handleDatagram(now time.Time, d lispcore.Datagram) {
	if d.To.Port() == lispcore.DataPort {
		e.HandleData(now, d)
		return
	}
	switch t, _ := wire.PeekType(d.Payload); t {
	case wire.TypeMapReply:
		e.handleMapReply(now, d)
	case wire.TypeMapRequest:
		e.handleSMR(now, d)
	default:
		e.unexpected(d.From.Addr(), t.String())
	}
}

// unexpected counts and tells a message that has no place here.
func (e *Engine) unexpected(peer netip.Addr, detail string) {
	e.counters.Unexpected++
	e.out.Note(lispcore.Event{Kind: lispcore.Unexpected, Peer: peer, Detail: detail})
}

// malformed tells a message that can't be read.
func (e *Engine) malformed(peer netip.Addr, err error) {
	e.out.Note(lispcore.Event{Kind: lispcore.Malformed, Peer: peer, Detail: err.Error()})
}

func (e *Engine) tick(now time.Time) {
	for {
		key, due := e.timers.Due(now)
		switch {
		case !due:
			return
		case key.entry != nil:
			e.entryTimer(now, key.entry)
		case key.request != nil:
			e.requestTimer(now, key.request)
		case key.probe != nil:
			e.probeTimer(now, key.probe)
		case key.echo != nil:
			key.echo.echo = echo{}
			e.setReachable(now, key.echo, true, "echo-nonce")
		case key.lig != nil:
			e.ligTimer(now, key.lig)
		}
	}
}

// nonce draws a nonce that no other Map-Request of this router uses.
func (e *Engine) nonce() uint64 {
	for {
		n := e.cfg.Rand.Uint64()
		if _, used := e.asked[n]; !used && e.probes[n] == nil && n != 0 {
			return n
		}
	}
}

// Clear drops the dynamic map-cache entries of a service, and what is being asked for (`clear ip lisp map-cache`): all of
// them for the zero Prefix; otherwise the entry of that prefix or, for a single address without one, the entry that
// covers it.
func (e *Engine) Clear(now time.Time, service lispcore.Service, prefix netip.Prefix) {
	c := e.caches[service]
	if c == nil {
		return
	}
	if !prefix.IsValid() {
		for _, r := range c.pending() {
			e.forgetRequest(r)
		}
		for _, en := range c.sorted() {
			c.dropDynamic(e, now, en)
		}
		return
	}
	prefix = prefix.Masked()
	if r := c.requests[prefix]; r != nil {
		e.forgetRequest(r)
	}
	en, ok := c.entries.Get(prefix)
	if !ok && prefix.IsSingleIP() {
		en, ok = c.entries.Lookup(prefix.Addr())
	}
	if ok {
		c.dropDynamic(e, now, en)
	}
}

// ClearStatistics sets the counters of a service to 0, those of its Map-Resolvers too (`clear ip lisp statistics`).
func (e *Engine) ClearStatistics(now time.Time, service lispcore.Service) {
	c := e.caches[service]
	if c == nil {
		return
	}
	c.stats = Statistics{Cleared: now}
	for _, r := range c.resolvers {
		*r = resolver{addr: r.addr}
	}
}

// Locators returns the locators in the map-caches that are not the router's own, ascending: whom an ETR tells of a change
// of its mappings.
func (e *Engine) Locators() []netip.Addr {
	list := make([]netip.Addr, 0, len(e.rlocs))
	for _, r := range e.rlocs {
		if r.first != nil && !r.self() {
			list = append(list, r.addr)
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return list
}

// Reachable tells what probes and echoed nonces know of an RLOC; true when nobody asks for it.
func (e *Engine) Reachable(addr netip.Addr) bool {
	r := e.rlocs[addr]
	return r == nil || !r.down
}

package itr

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
)

// Routes is what an ITR needs to know of its router's routing table.
type Routes interface {
	// Source returns the router's own address towards an RLOC; ok is false without a route. For an address of the router
	// itself it returns that address. Its answers are kept until RoutesChanged.
	Source(to netip.Addr) (local netip.Addr, ok bool)
}

// Engine is one ITR or PITR, or both. It implements lispcore.Engine.
type Engine struct {
	cfg    Config
	routes Routes
	out    lispcore.Outbox
	timers lispcore.Timers[timerKey]
}

type timerKey struct{}

var _ lispcore.Engine = (*Engine)(nil)

// New returns an ITR that leaves every packet to the router until Configure.
func New(routes Routes) *Engine { return &Engine{routes: routes} }

// Configure replaces the configuration.
func (e *Engine) Configure(now time.Time, cfg Config) {}

// RoutesChanged tells that answers of Routes may differ from now on.
func (e *Engine) RoutesChanged(now time.Time) {}

// SetDebug turns Notices of debug kinds on and off (`debug lisp control-plane all`).
func (e *Engine) SetDebug(on bool) { e.out.Debug = on }

// Deadline implements lispcore.Engine.
func (e *Engine) Deadline() (time.Time, bool) { return e.timers.Next() }

// Drain implements lispcore.Engine.
func (e *Engine) Drain() []lispcore.Output { return e.out.Drain() }

// Handle implements lispcore.Engine.
func (e *Engine) Handle(now time.Time, in lispcore.Input) {}

// Forward decides about one packet, whose TTL the router has decremented, and encapsulates it. What else is to be done, a
// Map-Request for example, waits in Drain.
func (e *Engine) Forward(now time.Time, instance uint32, packet []byte) Verdict { return Verdict{} }

// Explain returns the verdict that Forward would, without Datagrams. Nothing changes, nothing is counted or sent.
func (e *Engine) Explain(now time.Time, instance uint32, packet []byte) Verdict { return Verdict{} }

// HandleData reads the LISP header of a received data packet, before the ETR takes it: Locator-Status-Bits, nonce, echo.
func (e *Engine) HandleData(now time.Time, d lispcore.Datagram) {}

// ICMPError maps an ICMP error about an outer packet to the inner packet.
func (e *Engine) ICMPError(now time.Time, quoted []byte, mtu int, ttlExceeded bool) (instance uint32, inner []byte, ok bool) {
	return 0, nil, false
}

// Clear drops dynamic map-cache entries.
func (e *Engine) Clear(now time.Time, service lispcore.Service, eid netip.Prefix) {}

// ClearStatistics sets the counters of a service to 0.
func (e *Engine) ClearStatistics(now time.Time, service lispcore.Service) {}

// Locators returns the locators in the map-caches, ascending.
func (e *Engine) Locators() []netip.Addr { return nil }

// Reachable tells what probes know of an RLOC; true when it is not probed.
func (e *Engine) Reachable(rloc netip.Addr) bool { return true }

// Snapshot returns a deep, sorted copy.
func (e *Engine) Snapshot() Snapshot { return Snapshot{} }

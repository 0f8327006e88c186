package mapresolver

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// Server is what answers or forwards a Map-Request that a Map-Resolver lets in. *mapserver.Engine implements it.
type Server interface {
	// Resolve takes the Map-Request m of an Encapsulated Control Message: ecm is the datagram as it arrived, inner the
	// message in it. All three are lent until Resolve returns.
	Resolve(now time.Time, ecm lispcore.Datagram, inner wire.EncapsulatedControl, m *wire.MapRequest)
}

// DefaultLimit is how many records one requester may ask for in a second, and at once.
const DefaultLimit = 1000

// Config is what a Map-Resolver serves.
type Config struct {
	// IPv4 and IPv6 enable the service for EIDs of a family (`ipv4 map-resolver`, `ipv6 map-resolver`).
	IPv4, IPv6 bool
	// Server is the Map-Server behind the Map-Resolver; nil: every answer is negative. What another Map-Resolver has
	// marked as meant for a Map-Server (the M bit) reaches it even where the Map-Resolver's service is off.
	Server Server
	// Limit is how many records one requester may ask for in a second; 0: DefaultLimit, negative: any number.
	Limit int
}

// Engine is one Map-Resolver. It implements lispcore.Engine.
type Engine struct {
	cfg      Config
	out      lispcore.Outbox
	counters Counters
	limiter  limiter

	// Reused from message to message.
	inner   wire.EncapsulatedControl
	request wire.MapRequest
	reply   wire.MapReply
}

var _ lispcore.Engine = (*Engine)(nil)

// New returns a Map-Resolver that serves nothing until Configure.
func New() *Engine { return &Engine{} }

// Configure replaces the configuration. Requesters start with a clean slate only when the limit changes.
func (e *Engine) Configure(_ time.Time, cfg Config) {
	if cfg.Limit == 0 {
		cfg.Limit = DefaultLimit
	}
	if cfg.Limit != e.cfg.Limit {
		e.limiter = limiter{}
	}
	e.cfg = cfg
}

// SetDebug tells whether the events that only `debug lisp control-plane all` shows are wanted.
func (e *Engine) SetDebug(on bool) { e.out.Debug = on }

// Handle implements lispcore.Engine. A Map-Resolver has no use for anything but datagrams.
func (e *Engine) Handle(now time.Time, in lispcore.Input) {
	if d, ok := in.(lispcore.Datagram); ok {
		e.handleDatagram(now, d)
	}
}

// Deadline implements lispcore.Engine. A Map-Resolver waits for nothing.
func (e *Engine) Deadline() (time.Time, bool) { return time.Time{}, false }

// Drain implements lispcore.Engine.
func (e *Engine) Drain() []lispcore.Output { return e.out.Drain() }

// serves tells whether the service is on for EIDs of the family.
func (c Config) serves(f lispcore.Family) bool {
	return f == lispcore.IPv4 && c.IPv4 || f == lispcore.IPv6 && c.IPv6
}

// unexpected tells a message that has no place here.
func (e *Engine) unexpected(peer netip.Addr, detail string) {
	e.out.Note(lispcore.Event{Kind: lispcore.Unexpected, Peer: peer, Detail: detail})
}

// malformed counts and tells a message that can't be read.
func (e *Engine) malformed(peer netip.Addr, err error) {
	e.counters.Malformed++
	e.out.Note(lispcore.Event{Kind: lispcore.Malformed, Peer: peer, Detail: err.Error()})
}

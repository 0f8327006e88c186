package mapserver

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// lifetime is how long a registration lives without being repeated: three periods of 60 s (RFC 9301 section 8.2).
const lifetime = 180 * time.Second

// Config is what a Map-Server allows.
type Config struct {
	Sites []SiteConfig
	// IPv4 and IPv6 enable the service for EIDs of a family (`ipv4 map-server`, `ipv6 map-server`).
	IPv4, IPv6 bool
	// Reliable tells that the software has reliable transport; without it no session comes to be.
	Reliable bool
	// ReplayCheck drops Map-Registers whose nonce is lower than one that was accepted before. Never applied to TCP.
	ReplayCheck bool
}

// SiteConfig is one `site` block. Names are unique.
type SiteConfig struct {
	Name, Description string
	Key               string // the empty key verifies nothing
	EIDs              []SiteEID
}

// SiteEID is one `eid-prefix` line.
type SiteEID struct {
	EID                 lispcore.EID
	AcceptMoreSpecifics bool
}

// Engine is one Map-Server. It implements lispcore.Engine.
type Engine struct {
	cfg      Config
	sessions *session.Table
	routes   Routes // or nil
	out      lispcore.Outbox
	sites    []*site // by name
	tables   map[lispcore.Service]*table
	etrs     map[netip.Addr]*etr
	expiry   expiryList
	timed    lispcore.Timers[*registration] // of the registrations that live for their Record TTL
	notifies notifies
	counters Counters
	verified uint64 // number of the message that the sites' verdicts belong to

	// Reused from message to message, so that a register costs next to no allocation.
	register     wire.MapRegister
	notify       wire.MapNotify
	lastContent  *content
	lastOrigin   *origin
	scratch      []lispcore.Locator
	ack          wire.RegistrationACK
	notification wire.MappingNotification
	reply        wire.MapReply
}

var _ lispcore.Engine = (*Engine)(nil)

// New returns a Map-Server that allows nothing until Configure. The table is the device's.
func New(sessions *session.Table) *Engine {
	return &Engine{sessions: sessions, tables: make(map[lispcore.Service]*table), etrs: make(map[netip.Addr]*etr)}
}

// Routes is what a Map-Server asks of its router when it sends to an RLOC. It is asked at each use.
type Routes interface {
	// Source returns the router's own address towards an RLOC, and false without a route.
	Source(to netip.Addr) (local netip.Addr, ok bool)
}

// SetRoutes gives the Map-Server its router's routes. Without them it sends only from the address that it was asked at, and
// takes every RLOC of that family to have a route.
func (e *Engine) SetRoutes(routes Routes) { e.routes = routes }

// SetDebug tells whether the events that only `debug lisp control-plane all` shows are wanted.
func (e *Engine) SetDebug(on bool) { e.out.Debug = on }

// Deadline implements lispcore.Engine.
func (e *Engine) Deadline() (time.Time, bool) {
	return earliest(e.expiry.next, e.timed.Next, e.notifies.timers.Next)
}

// Drain implements lispcore.Engine.
func (e *Engine) Drain() []lispcore.Output { return e.out.Drain() }

// Handle implements lispcore.Engine.
func (e *Engine) Handle(now time.Time, in lispcore.Input) {
	switch in := in.(type) {
	case lispcore.Datagram:
		e.handleDatagram(now, in)
	case lispcore.StreamOpened:
		e.accept(now, in)
	case lispcore.StreamData:
		e.handleStream(now, in)
	case lispcore.StreamClosed:
		if s := e.sessions.ByStream(in.Stream); s != nil {
			e.sessionDown(now, s, in.Reason.String())
		}
	case lispcore.Tick:
		e.expire(now)
		e.notifyAgain(now)
	}
	e.flush()
}

// flush writes what the sessions have gathered during one input: one WriteStream per session.
func (e *Engine) flush() {
	e.sessions.Flush(&e.out)
}

// debugRecord tells, while debugging is on, of one record of a message.
func (e *Engine) debugRecord(kind lispcore.EventKind, peer netip.Addr, eid lispcore.EID, detail string) {
	if e.out.Debug {
		e.out.Note(lispcore.Event{Kind: kind, Peer: peer, EID: eid, Detail: detail})
	}
}

// debugRecords tells, while debugging is on, of the records of a UDP message.
func (e *Engine) debugRecords(kind lispcore.EventKind, peer netip.Addr, records []wire.Record) {
	if e.out.Debug {
		for i := range records {
			e.out.Note(lispcore.Event{Kind: kind, Peer: peer, EID: records[i].EID, Detail: "UDP"})
		}
	}
}

// malformed counts and tells a message that can't be read.
func (e *Engine) malformed(peer netip.Addr, err error) {
	e.counters.Malformed++
	e.out.Note(lispcore.Event{Kind: lispcore.Malformed, Peer: peer, Detail: err.Error()})
}

// ClearSessions closes the sessions that are Up, with one ETR or, for the zero Addr, with all of them
// (`clear lisp vrf NAME session`).
func (e *Engine) ClearSessions(now time.Time, peer netip.Addr) {
	for _, s := range e.sessions.Passive() {
		if s.State() == session.Up && (!peer.IsValid() || s.Peer() == peer) {
			e.out.Add(lispcore.CloseStream{Stream: s.Stream()})
			e.sessionDown(now, s, "cleared by operator")
		}
	}
}

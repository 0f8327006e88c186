package etr

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

const (
	// period is the nominal time between two Map-Registers (RFC 9301 section 8.2).
	period = 60 * time.Second
	// periodJitter is the most that jitter takes off a period.
	periodJitter = period / 10
	// firstResend and lastResend bound the waits for a Map-Notify: 1, 2, 4 ... 32, 60, 60 s (RFC 9301 section 8.2).
	firstResend = time.Second
	lastResend  = 60 * time.Second
	// connectDelay passes between a Map-Notify and the dial that it permits; jitter adds up to as much again.
	connectDelay = time.Second
	// connectInterval is the least time between the starts of two dials to one map server.
	connectInterval = 60 * time.Second
	// refreshGuard is how long an Up session may go without its first Registration Refresh before UDP takes over again.
	refreshGuard = 30 * time.Second
	// ackPatience is how long a Registration may go unanswered before an event tells of it; it is not sent again.
	ackPatience = 60 * time.Second
)

// Config is what an ETR registers, and where; and what it does with the packets that come for it.
type Config struct {
	// Database holds the EID prefixes with their locators, as they will be registered.
	Database []lispcore.Mapping
	// MapServers are the `etr map-server` lines, in the order of configuration. A map server that serves both families
	// stands here twice.
	MapServers []MapServerConfig
	XTRID      wire.XTRID
	SiteID     uint64
	// Reliable tells that the software has reliable transport; without it the ETR never dials.
	Reliable bool
	// ReplayCheck makes nonces grow at each periodic send, as a Map-Server with replay checking wants them.
	ReplayCheck bool
	// Rand is the source of nonces and jitter.
	Rand *rand.Rand
	// Jitter draws periods from 54 to 60 s and connect delays from 1 to 2 s; without it all times are nominal.
	Jitter bool

	// PETR4 and PETR6 make the router a proxy ETR for IPv4 and for IPv6: it takes packets to any destination out of their
	// tunnels, in instance 0 and in Instances.
	PETR4, PETR6 bool
	// Instances are the instances that the router has an EID table for; instance 0 need not be among them.
	Instances []uint32
	// MapCacheTTL4 and MapCacheTTL6 are the Record TTL of Map-Replies, in minutes (`etr map-cache-ttl`); 0 stands for the
	// TTL of the mapping. What is registered keeps the mapping's TTL.
	MapCacheTTL4, MapCacheTTL6 uint32
	// PropagateTTL carries the outer TTL over to the inner packet (RFC 9300 section 5.3).
	PropagateTTL bool
	// Merge holds the EID prefixes that are registered with the a bit: the Map-Server shall merge the locators that the xTRs of
	// a site register for them. What its Map-Notifies tell of the others goes into Map-Replies, and unasked ones are
	// acknowledged. The bit is that of a whole Map-Register, so the prefixes with it and those without go in different ones.
	Merge map[lispcore.EID]bool
}

// MapServerConfig is one map server for one address family of EIDs.
type MapServerConfig struct {
	Addr   netip.Addr
	Family lispcore.Family
	Key    string // a line without one is as good as not there: a Map-Register must be signed
	// Local is the ETR's own RLOC towards the map server; the zero Addr while there is no route.
	Local netip.Addr
	// ProxyReply asks the map server to answer Map-Requests itself (the P bit).
	ProxyReply bool
	// SHA256 has Map-Registers signed by HMAC-SHA-256; without it they are by HMAC-SHA-1.
	SHA256 bool
}

// Engine is one ETR, or PETR. It implements lispcore.Engine.
type Engine struct {
	cfg      Config
	sessions *session.Table
	out      lispcore.Outbox
	timers   lispcore.Timers[timerKey]
	servers  []*server // in the order of configuration
	counters Counters
	// withdrawals are the nonces of the latest UDP withdrawals: their Map-Notifies are no surprise, even when the map server
	// is no longer configured.
	withdrawals []uint64

	times      map[lispcore.EID]times        // of the database
	own        map[lispcore.Service]*service // what is answered and decapsulated; register and session state is not here
	rlocs      []netip.Addr                  // the router's own, as the database names them: reachable ones first
	data       dataCounters
	request    wire.MapRequest // used again for each
	reply      wire.MapReply
	limiter    recent[replyKey, time.Time]
	requesters recent[netip.Addr, time.Time]
	mapCache   func() []netip.Addr
	smrs       map[lispcore.EID]*solicitation
}

// timerKey names a timer: exactly one of its fields is set.
type timerKey struct {
	send     *message     // the next Map-Register of a message
	connect  *server      // the dial after a Map-Notify
	guard    *server      // the first Registration Refresh is overdue
	patience *server      // a Registration may have gone unanswered for too long
	smr      lispcore.EID // Solicit-Map-Requests for an EID prefix may go
}

var _ lispcore.Engine = (*Engine)(nil)

// New returns an ETR that does nothing until Configure. The table is the device's.
func New(sessions *session.Table) *Engine {
	return &Engine{
		sessions: sessions, own: make(map[lispcore.Service]*service), smrs: make(map[lispcore.EID]*solicitation),
		limiter: newRecent[replyKey, time.Time](maxLimited), requesters: newRecent[netip.Addr, time.Time](maxRequesters),
	}
}

// SetDebug turns the events on or off that only a debugging operator is shown (Kind.Debug).
func (e *Engine) SetDebug(on bool) { e.out.Debug = on }

// Deadline implements lispcore.Engine.
func (e *Engine) Deadline() (time.Time, bool) { return e.timers.Next() }

// Drain implements lispcore.Engine.
func (e *Engine) Drain() []lispcore.Output { return e.out.Drain() }

// Handle implements lispcore.Engine.
func (e *Engine) Handle(now time.Time, in lispcore.Input) {
	switch in := in.(type) {
	case lispcore.Datagram:
		e.handleDatagram(now, in)
	case lispcore.StreamOpened:
		e.sessionUp(now, in)
	case lispcore.StreamData:
		e.handleStream(now, in)
	case lispcore.StreamClosed:
		if s := e.serverOf(in.Stream); s != nil {
			e.sessionDown(now, s, in.Reason.String())
		}
	case lispcore.Tick:
		e.tick(now)
	}
	e.flush()
}

func (e *Engine) tick(now time.Time) {
	for {
		key, due := e.timers.Due(now)
		switch {
		case !due:
			return
		case key.send != nil:
			e.sendMapRegister(now, key.send)
		case key.connect != nil:
			e.connect(now, key.connect)
		case key.guard != nil:
			e.missingRefresh(now, key.guard)
		case key.patience != nil:
			e.checkPatience(now, key.patience)
		case key.smr.Prefix.IsValid():
			e.solicitationDue(now, key.smr)
		}
	}
}

// flush writes what the sessions have gathered during one input: one WriteStream per session.
func (e *Engine) flush() {
	e.sessions.Flush(&e.out)
}

func (e *Engine) serverOf(stream lispcore.StreamID) *server {
	for _, s := range e.servers {
		if s.session.Stream() == stream {
			return s
		}
	}
	return nil
}

func (e *Engine) serverAt(addr netip.Addr) *server {
	for _, s := range e.servers {
		if s.addr == addr {
			return s
		}
	}
	return nil
}

// nextPeriod draws the time to the next periodic Map-Register.
func (e *Engine) nextPeriod() time.Duration {
	if !e.cfg.Jitter {
		return period
	}
	return period - time.Duration(e.cfg.Rand.Int64N(int64(periodJitter)+1))
}

// delayToConnect draws the time from a Map-Notify to the dial.
func (e *Engine) delayToConnect() time.Duration {
	if !e.cfg.Jitter {
		return connectDelay
	}
	return connectDelay + time.Duration(e.cfg.Rand.Int64N(int64(connectDelay)+1))
}

// ClearSessions closes the sessions that are Up, with one map server or, for the zero Addr, with all of them
// (`clear lisp vrf NAME session`). Everything else about a map server is left alone.
func (e *Engine) ClearSessions(now time.Time, peer netip.Addr) {
	for _, s := range e.servers {
		if s.session.State() == session.Up && (!peer.IsValid() || s.addr == peer) {
			e.out.Add(lispcore.CloseStream{Stream: s.session.Stream()})
			e.sessionDown(now, s, "cleared by operator")
		}
	}
}

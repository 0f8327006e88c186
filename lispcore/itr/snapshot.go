package itr

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
)

// activeTime is how long after a packet an entry counts as active.
const activeTime = 60 * time.Second

// Snapshot is a deep, sorted copy of what an ITR knows: the only thing that a show command sees. A zero time means never.
type Snapshot struct {
	Services []ServiceState // by instance, IPv4 before IPv6; those with an ITR or a PITR
	Counters Counters
}

// Service returns the state of one instance and family; ok is false where there is neither ITR nor PITR.
func (s Snapshot) Service(key lispcore.Service) (state ServiceState, ok bool) {
	for _, state := range s.Services {
		if state.Service == key {
			return state, true
		}
	}
	return ServiceState{Service: key}, false
}

// ServiceState is one map-cache and what belongs to it.
type ServiceState struct {
	Service   lispcore.Service
	Entries   []Entry    // by address, shorter prefixes first
	Pending   []Pending  // Map-Requests without an answer, by address, shorter prefixes first
	Resolvers []Resolver // in the order of configuration; counted for the instance and family
	PETRs     []Locator  // in the order of configuration
	// ITRRLOCs are where Map-Replies may go; nil when that is the address that each Map-Request leaves from.
	ITRRLOCs   []netip.Addr
	Statistics Statistics
	Limit      int // of dynamic entries
	Dynamic    int // entries that count against the limit
}

// Entry is one map-cache entry.
type Entry struct {
	Prefix   netip.Prefix
	Source   Source // of what the entry now says; a static one that was resolved is MapReply
	Static   bool   // a `map-cache` line, or the ITR's own entry for everything, stands behind it
	Complete bool   // it has locators, or is no request to ask
	Action   lispcore.Action
	// ViaPETR: packets go to a proxy ETR instead of natively ("Encapsulating to proxy ETR").
	ViaPETR  bool
	Self     bool // it is an EID prefix of the own site
	Created  time.Time
	Modified time.Time
	Expires  time.Time  // zero: never
	From     netip.Addr // who sent the Map-Reply ("map-source"); the zero Addr of a static entry
	Version  uint16     // Map-Version Number, 0: none
	TTL      uint32     // Record TTL in minutes
	// Authoritative tells that an ETR sent the Map-Reply, not a Map-Server in its stead.
	Authoritative bool

	Packets, Bytes uint64 // sent by it, IP headers of the inner packets included
	LastPacket     time.Time
	Locators       []Locator // as the record lists them: by address
}

// Active tells whether a packet used the entry within the last minute.
func (e Entry) Active(now time.Time) bool {
	return !e.LastPacket.IsZero() && now.Sub(e.LastPacket) < activeTime
}

// Source is where a map-cache entry comes from.
type Source uint8

// The sources.
const (
	StaticEntry Source = iota
	MapReply
)

// Locator is one locator of an entry, or a proxy ETR.
type Locator struct {
	RLOC             netip.Addr
	Priority, Weight uint8
	State            LocatorState
	Self             bool // it is an address of the router
	Created          time.Time
	// StateChanged and StateChanges tell of up and down: by probes, echo-nonce, Locator-Status-Bits and R bits. The first
	// change is the locator's coming.
	StateChanged time.Time
	StateChanges int
	// RouteChanged and RouteChanges tell of the route towards it. The first change is the locator's coming.
	RouteChanged time.Time
	RouteChanges int
	// PriorityChanged and WeightChanged: the last change by a Map-Reply.
	PriorityChanged, WeightChanged time.Time
	ProbeSent, ProbeReplied        time.Time
	RTT                            time.Duration // of the last probe that was answered
	Packets, Bytes                 uint64
}

// LocatorState is whether a locator can be used.
type LocatorState uint8

// The states.
const (
	Up LocatorState = iota
	Down
	NoRoute
	AdminDown // priority 255
)

// String returns the state as `show ip lisp map-cache` prints it.
func (s LocatorState) String() string { return [...]string{"up", "down", "no-route", "admin-down"}[s] }

// Pending is a mapping that is being asked for.
type Pending struct {
	Prefix   netip.Prefix
	Since    time.Time
	Sent     int        // Map-Requests so far
	Resolver netip.Addr // whom the last one went to
	SMR      bool       // an SMR made the ITR ask
}

// Resolver is one Map-Resolver.
type Resolver struct {
	Addr                           netip.Addr
	LastReply                      time.Time // zero: never
	Requests                       uint64    // sent to it
	Positive, Negative, Unanswered uint64
	RTT                            time.Duration // of the last answer
	Selected                       bool          // the next Map-Request goes to it
}

// Statistics are the counters of one instance and family, since Cleared.
type Statistics struct {
	Cleared time.Time // zero: never

	MapRequestsOut, EncapsulatedOut, ProbesOut, SMRInvokedOut uint64 // Map-Requests, and how many of them were such ones
	SMRsIn                                                    uint64
	SMRsDropped                                               uint64 // SMRs about nothing that is cached, or too soon after another
	RequestsUnanswered                                        uint64 // Map-Requests without a reply

	RecordsIn, AuthoritativeIn, NonAuthoritativeIn, NegativeIn, ProbeRecordsIn uint64 // Map-Reply records
	RecordsRefused                                                             uint64 // records that answer nothing that was asked

	EntriesCreated, EntriesDeleted uint64
	EntriesRejected                uint64 // because of the limit

	Signals        uint64 // packets that found no mapping
	SignalsDropped uint64 // of them, those that no Map-Request could be sent for
	Reports        uint64 // changes of Locator-Status-Bits that were believed
	ReportsDropped uint64 // Locator-Status-Bits that were not, being from no locator of the mapping

	Encapsulated, EncapsulatedBytes uint64  // packets, and the bytes of the inner ones
	Fragmented                      uint64  // packets that went in pieces
	Reasons                         Reasons // packets that were not encapsulated to a locator
}

// Counters count what belongs to no instance.
type Counters struct {
	MapReplyFormatErrors, MapRequestFormatErrors uint64
	DataFormatErrors                             uint64 // LISP headers that can't be read
	UnknownNonces                                uint64 // Map-Replies whose nonce was never sent, or has been answered
	ProbeRepliesRefused                          uint64 // with a right nonce, but not authoritative or about another locator
	Unexpected                                   uint64 // messages that are not for an ITR, or answer nothing that was asked
	InvalidPackets                               uint64 // for Forward: not IP, or a wrong header
	EchoesReceived, EchoesSent                   uint64 // nonces
	ICMPUnknown                                  uint64 // ICMP errors about packets that were not sent, or long ago
}

// Snapshot returns a deep, sorted copy.
func (e *Engine) Snapshot() Snapshot {
	s := Snapshot{Counters: e.counters}
	for _, c := range e.order {
		state := c.snapshot()
		if list := e.itrRLOCs(c, netip.Addr{}); list[0].IsValid() {
			state.ITRRLOCs = list
		}
		s.Services = append(s.Services, state)
	}
	return s
}

func (c *cache) snapshot() ServiceState {
	s := ServiceState{Service: c.key, Statistics: c.stats, Limit: c.limit(), Dynamic: c.dynamic}
	for _, en := range c.sorted() {
		s.Entries = append(s.Entries, en.snapshot())
	}
	for _, r := range c.pending() {
		if !r.answered {
			p := Pending{Prefix: r.prefix, Since: r.since, Sent: r.sent, SMR: r.smr}
			if r.resolver != nil {
				p.Resolver = r.resolver.addr
			}
			s.Pending = append(s.Pending, p)
		}
	}
	for i, r := range c.resolvers {
		s.Resolvers = append(s.Resolvers, Resolver{Addr: r.addr, LastReply: r.lastReply, Requests: r.requests, Positive: r.positive,
			Negative: r.negative, Unanswered: r.unanswered, RTT: r.rtt, Selected: i == c.next})
	}
	for i := range c.petrs {
		s.PETRs = append(s.PETRs, c.petrs[i].snapshot())
	}
	return s
}

func (en *entry) snapshot() Entry {
	s := Entry{
		Prefix: en.prefix, Static: en.static, Action: en.says(), Created: en.created, Modified: en.modified, Expires: en.expires,
		From: en.from, Version: en.version, TTL: en.ttl, Authoritative: en.authoritative,
		Packets: en.packets, Bytes: en.bytes, LastPacket: en.lastPacket,
	}
	if en.dynamic {
		s.Source = MapReply
	}
	own, _, ok := en.cache.own.LookupPrefixLPM(en.prefix)
	s.Self = ok && own == en.prefix // a longer one inside it is another site's
	s.Complete = len(en.locators) > 0 || s.Action != lispcore.SendMapRequest
	s.ViaPETR = len(en.locators) == 0 && s.Action == lispcore.NativelyForward && len(en.cache.petrs) > 0
	for i := range en.locators {
		s.Locators = append(s.Locators, en.locators[i].snapshot())
	}
	return s
}

func (l *locator) snapshot() Locator {
	r := l.rloc
	s := Locator{
		RLOC: r.addr, Priority: l.priority, Weight: l.weight, State: l.state(), Self: r.self(), Created: l.created,
		RouteChanged: l.created, RouteChanges: 1 + r.routeChanges - l.routeBase,
		PriorityChanged: l.priorityChanged, WeightChanged: l.weightChanged,
		ProbeSent: r.probeSent, ProbeReplied: r.probeAnswered, RTT: r.rtt, Packets: l.packets, Bytes: l.bytes,
	}
	s.StateChanged, s.StateChanges = l.stateChanges()
	if r.routeChanges > l.routeBase {
		s.RouteChanged = r.routeChanged
	}
	return s
}

// state words the locator's state for show commands.
func (l *locator) state() LocatorState {
	switch {
	case l.priority == unusedPriority:
		return AdminDown
	case !l.rloc.routed:
		return NoRoute
	case !l.up():
		return Down
	}
	return Up
}

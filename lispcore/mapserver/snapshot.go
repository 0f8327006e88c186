package mapserver

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// Snapshot is a deep, sorted copy of what a Map-Server knows: the only thing that a show command sees.
type Snapshot struct {
	Sites    []Site // by name
	Counters Counters
}

// Site is one configured site.
type Site struct {
	Name, Description string
	Entries           []Entry // configured prefixes, by instance, IPv4 before IPv6, address, length
}

// Entry is one configured EID prefix of a site.
type Entry struct {
	EID                 lispcore.EID
	AcceptMoreSpecifics bool
	AuthFailures        uint64
	// Exact is the registration of the prefix itself; its Registrations are empty when nobody registers it.
	Exact Prefix
	// MoreSpecifics were learned under the entry: by the instant of the first registration, then ascending
	// (design: the order of rows in `show lisp site`).
	MoreSpecifics []Prefix
}

// Prefix is one registered EID prefix of a site.
type Prefix struct {
	EID   lispcore.EID
	First time.Time // of the earliest live registration
	// Mapping is what the Map-Server tells of the prefix: the newest registration's or, when its ETR asks for a merge, the
	// locators of all ETRs that do. It is the zero Mapping when nobody registers the prefix.
	Mapping       lispcore.Mapping
	Registrations []Registration // live ones, newest first
}

// Registration is what one ETR says of a prefix.
type Registration struct {
	ETR         netip.Addr
	Port        uint16 // source port: 4342 over UDP, the ETR's port over TCP
	First, Last time.Time
	Reliable    bool // held by an Up session: no expiry timer runs
	Mapping     lispcore.Mapping
	ProxyReply  bool
	WantNotify  bool
	Merge       bool
	TTLTimeout  bool // it lives for its Record TTL, not for 180 s
	Security    bool
	Algorithm   wire.Algorithm
	Nonce       uint64
	HasXTRID    bool
	XTRID       wire.XTRID
	SiteID      uint64
}

// Counters count what arrived and what became of it.
type Counters struct {
	MapRegistersIn     uint64 // UDP messages
	MapNotifiesOut     uint64
	RecordsIn          uint64 // records in them
	RecordsAccepted    uint64
	NoSite             uint64 // records that no site entry matches
	AuthFailures       uint64 // records that match a site entry, but no matched key verifies
	Malformed          uint64
	Unexpected         uint64
	Replayed           uint64
	Expired            uint64
	ConnectionsRefused uint64 // from addresses without an authenticated Map-Register
	MapNotifyAcksIn    uint64 // that end the resends of an unsolicited Map-Notify
	NotifiesGivenUp    uint64 // unsolicited Map-Notifies that nobody acknowledged

	// IPv4 and IPv6 count records by the family of their EID.
	IPv4, IPv6 FamilyCounters
}

// FamilyCounters count the records of one address family.
type FamilyCounters struct {
	RegisterRecordsIn uint64 // by UDP
	NotifyRecordsOut  uint64 // by UDP
	NoSite            uint64 // registered, but no site entry matches
	AuthFailures      uint64 // registered, but no matched key verifies

	RequestRecordsIn uint64 // of Map-Requests that the Map-Resolver handed on
	Forwarded        uint64 // to an ETR
	ProxyRecordsOut  uint64 // of Map-Replies in an ETR's stead
	NegativeOut      uint64 // of negative Map-Replies: no such EID, or not registered
	PolicyDenied     uint64 // of negative Map-Replies: asked for from another instance
	NoReachableETR   uint64 // of negative Map-Replies: registered, but no locator can be reached
	Unanswerable     uint64 // dropped: no route to any ITR-RLOC
}

// of returns the counters of the EID's family.
func (c *Counters) of(eid lispcore.EID) *FamilyCounters {
	if eid.Family() == lispcore.IPv6 {
		return &c.IPv6
	}
	return &c.IPv4
}

// Snapshot returns a deep, sorted copy.
func (e *Engine) Snapshot() Snapshot {
	v := Snapshot{Counters: e.counters}
	listed := e.listed()
	for _, s := range e.sites {
		site := Site{Name: s.Name, Description: s.Description}
		for _, en := range s.sorted() {
			entry := Entry{EID: en.eid, AcceptMoreSpecifics: en.moreSpecific, AuthFailures: en.authFailures, Exact: Prefix{EID: en.eid}}
			for _, n := range listed[en] {
				if n.prefix == en.eid.Prefix {
					entry.Exact = n.snapshot()
				} else {
					entry.MoreSpecifics = append(entry.MoreSpecifics, n.snapshot())
				}
			}
			slices.SortFunc(entry.MoreSpecifics, func(a, b Prefix) int { return cmp.Or(a.First.Compare(b.First), a.EID.Compare(b.EID)) })
			site.Entries = append(site.Entries, entry)
		}
		v.Sites = append(v.Sites, site)
	}
	return v
}

func (n *node) snapshot() Prefix {
	v := Prefix{EID: n.eid(), Mapping: n.mapping()}
	v.Mapping.Locators = slices.Clone(v.Mapping.Locators)
	for r := n.regs; r != nil; r = r.next {
		first := time.Unix(0, r.first).UTC()
		if v.First.IsZero() || first.Before(v.First) {
			v.First = first
		}
		m := r.mapping()
		m.Locators = slices.Clone(m.Locators)
		v.Registrations = append(v.Registrations, Registration{
			ETR: r.etr.addr, Port: r.port, First: first, Last: time.Unix(0, r.last).UTC(), Reliable: r.reliable, Mapping: m,
			ProxyReply: r.origin.proxyReply, WantNotify: r.origin.wantNotify, Merge: r.origin.merge, Security: r.origin.security,
			TTLTimeout: r.origin.ttlTimeout,
			Algorithm:  r.origin.algorithm, Nonce: r.nonce, HasXTRID: r.origin.hasXTRID, XTRID: r.origin.xtrID, SiteID: r.origin.siteID,
		})
	}
	return v
}

// ClearStatistics sets the counters of an address family to 0 (`clear ip lisp statistics`).
func (e *Engine) ClearStatistics(family lispcore.Family) {
	if family == lispcore.IPv6 {
		e.counters.IPv6 = FamilyCounters{}
		return
	}
	e.counters.IPv4 = FamilyCounters{}
}

package mapserver

import (
	"net/netip"
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
	EID           lispcore.EID
	First         time.Time      // of the earliest live registration
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
}

package etr

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// Snapshot is a deep, sorted copy of what an ETR knows: the only thing that a show command sees.
type Snapshot struct {
	XTRID      wire.XTRID
	SiteID     uint64
	Database   []Entry     // by instance, IPv4 before IPv6, address, length
	MapServers []MapServer // in the order of configuration
	Counters   Counters
	Data       DataCounters      // of all services together, and of packets that belong to none
	Services   []ServiceCounters // by service; of those that the configuration names
}

// Entry is one EID prefix of the ETR's database.
type Entry struct {
	Mapping lispcore.Mapping
	Since   time.Time // when it came into the database
	Changed time.Time // when its data changed last: locators, their reachability, TTL
	// Discovered are locators of other xTRs of the site, as the Map-Server's merged record names them; none unless it is to be merged.
	Discovered []lispcore.Locator
	Status     []Status // one per map server of the family, in the order of configuration
}

// Status is the registration of one prefix at one map server.
type Status struct {
	MapServer netip.Addr
	State     State
	Acked     time.Time   // last Map-Notify or Registration ACK; zero means never
	Reason    wire.Reason // of the last NACK, while Rejected
}

// MapServer is one `etr map-server` line.
type MapServer struct {
	Addr       netip.Addr
	Family     lispcore.Family
	LastNotify time.Time // last Map-Notify or Registration ACK; zero means never
}

// State is the registration state of one EID prefix at one map server (draft-kouvelas section 6.2).
type State uint8

const (
	NoState  State = iota
	Periodic       // registered by UDP every period
	Stable         // nothing due
	AckWait        // a Registration was sent over the session
	Rejected       // refused by the map server
)

// String returns the state as the draft names it.
func (s State) String() string {
	return [...]string{"NoState", "Periodic", "Stable", "AckWait", "Rejected"}[s]
}

// Counters count messages of the ETR.
type Counters struct {
	MapRegistersOut uint64
	MapNotifiesIn   uint64
	AuthFailures    uint64
	UnknownNonce    uint64
	Malformed       uint64
	Unexpected      uint64

	MapRequestsIn   uint64 // all that can be read: encapsulated, direct and probes
	EncapsulatedIn  uint64 // of these, inside an Encapsulated Control Message
	ProbesIn        uint64 // of these, RLOC probes
	MapRepliesOut   uint64 // answers to probes included
	ProbeRepliesOut uint64
	SMRsOut         uint64
	NotifyAcksOut   uint64
	RateLimited     uint64 // Map-Requests that came too soon after an equal one
	NoMapping       uint64 // Map-Requests for EIDs outside the database
	NoITRRLOC       uint64 // Map-Requests without an ITR-RLOC that could be answered
}

// ServiceCounters count for one instance and address family of EIDs, as `show ip lisp statistics` shows them. Map-Requests
// and Map-Replies are counted by their records.
type ServiceCounters struct {
	Service         lispcore.Service
	MapRequestsIn   uint64
	EncapsulatedIn  uint64
	ProbesIn        uint64
	MapRepliesOut   uint64
	ProbeRepliesOut uint64
	SMRsOut         uint64
	MapRegistersOut uint64 // records, over UDP and over sessions
	MapNotifiesIn   uint64 // records that are authentic, over UDP and (Mapping Notifications) over sessions
	Data            DataCounters
}

// DataCounters count what came at UDP 4341.
type DataCounters struct {
	Packets, Bytes uint64 // decapsulated; bytes of the inner packets
	Drops          []Drop // by reason; of those that there were
}

// Drop is how many packets were dropped for one reason.
type Drop struct {
	Reason DropReason
	Count  uint64
}

// Dropped is the number of packets dropped for whatever reason.
func (c DataCounters) Dropped() uint64 {
	var sum uint64
	for _, d := range c.Drops {
		sum += d.Count
	}
	return sum
}

// Snapshot returns a deep, sorted copy.
func (e *Engine) Snapshot() Snapshot {
	v := Snapshot{XTRID: e.cfg.XTRID, SiteID: e.cfg.SiteID, Counters: e.counters, Database: e.snapshotDatabase(),
		Data: e.data.snapshot(), Services: e.snapshotServices()}
	for _, line := range e.cfg.MapServers {
		ms := MapServer{Addr: line.Addr, Family: line.Family}
		if s := e.serverAt(line.Addr); s != nil {
			ms.LastNotify = s.lastNotify[line.Family]
		}
		v.MapServers = append(v.MapServers, ms)
	}
	return v
}

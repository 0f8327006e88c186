package mapresolver

import "lisplab/lispcore"

// Snapshot is a copy of what a Map-Resolver knows.
type Snapshot struct {
	IPv4, IPv6 bool // the service is on
	Counters   Counters
}

// Counters count what arrived and what became of it.
type Counters struct {
	// IPv4 and IPv6 count by the family of the EID that was asked for.
	IPv4, IPv6 FamilyCounters

	Malformed       uint64 // can't be read
	Unexpected      uint64 // neither a Map-Request nor an Encapsulated Control Message, or one that holds none
	NotEncapsulated uint64 // a Map-Request outside an Encapsulated Control Message
	ForETR          uint64 // an Encapsulated Control Message that a Map-Server sent on to an ETR
	BadPort         uint64 // inner destination port other than 4342, or a source port that can't be answered
	NoITRRLOC       uint64 // no ITR-RLOC that a Map-Reply could go to
	Probes          uint64 // RLOC probes, which never travel through the mapping system
	SMRs            uint64 // Solicit-Map-Requests, which go to ITRs directly
	RateLimited     uint64 // messages of a requester that asked for too much
}

// FamilyCounters count records.
type FamilyCounters struct {
	RequestsIn uint64 // that were let in
	Forwarded  uint64 // handed on to the Map-Server
	Negative   uint64 // answered here
	NotServed  uint64 // dropped, since the service is off
}

// Snapshot returns a copy.
func (e *Engine) Snapshot() Snapshot {
	return Snapshot{IPv4: e.cfg.IPv4, IPv6: e.cfg.IPv6, Counters: e.counters}
}

// ClearStatistics sets the counters of an address family to 0 (`clear ip lisp statistics`).
func (e *Engine) ClearStatistics(family lispcore.Family) {
	if family == lispcore.IPv6 {
		e.counters.IPv6 = FamilyCounters{}
		return
	}
	e.counters.IPv4 = FamilyCounters{}
}

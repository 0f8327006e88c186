package itr

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
)

// LigID names one lig that is under way.
type LigID uint64

// LigResult is how a lig stands.
type LigResult struct {
	EID      lispcore.EID
	Resolver netip.Addr // whom the last Map-Request went to; the zero Addr: there is none
	Sent     int        // Map-Requests so far
	Answered bool
	From     netip.Addr    // who sent the Map-Reply
	RTT      time.Duration // of the Map-Request that was answered
	Records  []lispcore.Mapping
	// NoRoute: there is no route to the Map-Resolver.
	NoRoute bool
}

// Lig asks the mapping system for an EID (`lig`). source may be the zero Addr, resolver too: then the configured ones are
// asked. count is the number of tries, one every 2 s; 0 stands for 3. The answer also goes to the map-cache.
func (e *Engine) Lig(now time.Time, eid lispcore.EID, source, resolver netip.Addr, count int) LigID {
	return 0
}

// LigResult tells how a lig stands. Once done is true the lig is forgotten.
func (e *Engine) LigResult(id LigID) (result LigResult, done bool) { return LigResult{}, true }

// LigCancel ends a lig.
func (e *Engine) LigCancel(id LigID) {}

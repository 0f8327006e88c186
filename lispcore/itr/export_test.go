package itr

import (
	"net/netip"
	"time"
)

// Sizes tells how much the engine remembers beside its map-caches: rlocs, nonces that may be answered, timers' owners.
func (e *Engine) Sizes() (rlocs, asked, probes, requests int) {
	return len(e.rlocs), len(e.asked), len(e.probes), e.requests
}

// SetReachable has the engine find out that a locator is up or down, as its probes do.
func (e *Engine) SetReachable(now time.Time, addr netip.Addr, up bool) {
	e.setReachable(now, e.rlocs[addr], up, "RLOC-probe")
}

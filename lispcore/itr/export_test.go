package itr

// Sizes tells how much the engine remembers beside its map-caches: rlocs, nonces that may be answered, timers' owners.
func (e *Engine) Sizes() (rlocs, asked, probes, requests int) {
	return len(e.rlocs), len(e.asked), len(e.probes), e.requests
}

package itr

import (
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/wire"
)

const (
	// echoPeriod is the time from an echoed nonce to the next that asks for an echo, and from a missing echo to the next
	// attempt.
	echoPeriod = 60 * time.Second
	// echoPatience is how long packets may come from a locator without the echo until the way to it counts as broken.
	echoPatience = 10 * time.Second

	nonceMask = 1<<24 - 1
)

// echo is how an echo-nonce exchange with one locator stands (RFC 9300 section 10.1).
type echo struct {
	asking bool // packets to the locator carry nonce and E
	nonce  uint32
	since  time.Time
	echoed time.Time // the last time that the nonce came back

	owed      bool // the locator asked for an echo of owedNonce
	owedNonce uint32
}

// HandleData reads the LISP header of a received data packet, before the ETR takes it: the sender's Locator-Status-Bits
// (RFC 9300 section 10), its nonce and its echo. The payload is left as it is.
func (e *Engine) HandleData(now time.Time, d lispcore.Datagram) {
	var h wire.DataHeader
	if err := h.Parse(d.Payload); err != nil {
		e.counters.DataFormatErrors++
		return // the ETR tells of it
	}
	r := e.rlocs[d.From.Addr()]
	if r == nil {
		return
	}
	if e.cfg.EchoNonce {
		e.heard(now, r, h)
	}
	if h.HasLSB && e.cfg.LSBReports {
		e.reported(now, r, h, d.Payload[wire.DataHeaderSize:])
	}
}

// heard notes a packet from a locator: an echo, a wish for one, or neither.
func (e *Engine) heard(now time.Time, r *rloc, h wire.DataHeader) {
	switch {
	case h.HasNonce && h.EchoNonceRequest:
		r.echo.owed, r.echo.owedNonce = true, h.Nonce
	case h.HasNonce && r.echo.asking && h.Nonce == r.echo.nonce:
		e.counters.EchoesReceived++
		r.echo.asking, r.echo.echoed = false, now
		return
	}
	if r.echo.asking && now.Sub(r.echo.since) >= echoPatience && !r.down {
		r.echo.asking = false
		e.setReachable(now, r, false, "echo-nonce")
		if !e.cfg.Probing { // whose answer would tell that it is back
			e.timers.Set(timerKey{echo: r}, now.Add(echoPeriod))
		}
	}
}

// nonceFor puts into the header of a packet what the exchange with its locator wants: first the echo that is owed.
func (e *Engine) nonceFor(now time.Time, r *rloc, h *wire.DataHeader) {
	x := &r.echo
	switch {
	case x.owed:
		x.owed = false
		e.counters.EchoesSent++
		h.HasNonce, h.Nonce = true, x.owedNonce
		return
	case !x.asking && (x.echoed.IsZero() || now.Sub(x.echoed) >= echoPeriod):
		x.asking, x.since, x.nonce = true, now, e.cfg.Rand.Uint32()&nonceMask
	}
	if x.asking {
		h.HasNonce, h.EchoNonceRequest, h.Nonce = true, true, x.nonce
	}
}

// reported takes Locator-Status-Bits: of the mapping that the inner source belongs to, from one of its locators.
func (e *Engine) reported(now time.Time, r *rloc, h wire.DataHeader, inner []byte) {
	p, err := forward.Parse(inner)
	if err != nil {
		return
	}
	c := e.caches[lispcore.Service{Instance: h.Instance, Family: lispcore.FamilyOf(p.Source)}]
	if c == nil {
		return
	}
	en, ok := c.entries.Lookup(p.Source)
	if !ok || !en.has(r) {
		c.stats.ReportsDropped++
		return
	}
	bits := 32
	if h.HasInstance {
		bits = 8
	}
	for i := range min(bits, len(en.locators)) {
		if l := &en.locators[i]; l.report(now, h.LSB>>i&1 != 0) {
			c.stats.Reports++
		}
	}
}

// has tells whether the rloc is one of the entry's locators.
func (en *entry) has(r *rloc) bool {
	for i := range en.locators {
		if en.locators[i].rloc == r {
			return true
		}
	}
	return false
}

// report notes a Locator-Status-Bit and tells whether it says anything new.
func (l *locator) report(now time.Time, up bool) bool {
	if l.reported == up {
		return false
	}
	l.tell(now, l.reachable, up)
	return true
}

// forgetReports makes Locator-Status-Bits of before count for nothing.
func (en *entry) forgetReports(now time.Time) {
	for i := range en.locators {
		en.locators[i].report(now, true)
	}
}

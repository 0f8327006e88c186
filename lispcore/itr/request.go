package itr

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

const (
	// requestInterval is the least time between two Map-Requests for one EID prefix (RFC 9301 section 5.3); smrInterval
	// the one of SMR-invoked Map-Requests (section 6.1).
	requestInterval = time.Second
	smrInterval     = 3 * time.Second
	// requestTries is how many Map-Requests go unanswered until the ITR waits for requestHold (RFC 9301 section 5.3).
	requestTries = 10
	requestHold  = 30 * time.Second
	// requestLimit bounds the EIDs that are being asked for at one time, so that a scan can't make the router grow.
	requestLimit = 1000
	// refreshPart: an entry that was used in the last tenth of its life is asked for anew before it ends.
	refreshPart = 10
	// itrRLOCLimit is how many ITR-RLOCs a Map-Request has room for.
	itrRLOCLimit = 32
)

// request is one EID prefix that is, or was just, being asked for: its record holds the rate limit.
type request struct {
	cache    *cache
	prefix   netip.Prefix
	smr      bool       // an SMR made the ITR ask
	source   netip.Addr // source EID
	nonce    uint64     // 0: nothing is outstanding
	since    time.Time
	sentAt   time.Time
	sent     int
	resolver *resolver // whom the last one went to; nil: there was nobody with a route
	answered bool
	again    bool // an SMR came while the record held the rate limit
}

// resolver is one Map-Resolver as one map-cache sees it.
type resolver struct {
	addr                                     netip.Addr
	lastReply                                time.Time
	requests, positive, negative, unanswered uint64
	rtt                                      time.Duration
}

// pending returns the requests by prefix.
func (c *cache) pending() []*request {
	list := make([]*request, 0, len(c.requests))
	for _, r := range c.requests {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *request) int { return c.eid(a.prefix).Compare(c.eid(b.prefix)) })
	return list
}

// nextResolver returns the Map-Resolver whose turn it is, or the next one with a route; nil when there is none.
func (e *Engine) nextResolver(c *cache) *resolver {
	for i := range c.resolvers {
		r := c.resolvers[(c.next+i)%len(c.resolvers)]
		if _, ok := e.routes.Source(r.addr); ok {
			return r
		}
	}
	return nil
}

// mayAsk tells what a packet to an unknown destination would lead to.
func (e *Engine) mayAsk(c *cache, p netip.Prefix) Reason {
	switch {
	case c.requests[p] != nil:
		return MapRequestPending
	case e.nextResolver(c) == nil:
		return NoMapResolver
	case e.requests >= requestLimit:
		return TooManyRequests
	}
	return MapRequestSent
}

// ask begins to ask for an EID prefix; mayAsk has said MapRequestSent.
func (e *Engine) ask(now time.Time, c *cache, p netip.Prefix, source netip.Addr, smr bool) {
	r := &request{cache: c, prefix: p, source: source, smr: smr, since: now}
	c.requests[p] = r
	e.requests++
	e.try(now, r)
}

// try sends one Map-Request and sets the time of the next.
func (e *Engine) try(now time.Time, r *request) {
	c := r.cache
	r.resolver = e.nextResolver(c)
	r.sent++
	interval := requestInterval
	if r.smr {
		interval = smrInterval
	}
	if r.sent == requestTries {
		interval = requestHold
	}
	e.timers.Set(timerKey{request: r}, now.Add(interval))
	if r.resolver == nil {
		return
	}
	if r.nonce == 0 {
		r.nonce = e.nonce()
		e.asked[r.nonce] = asked{request: r}
	}
	r.sentAt = now
	r.resolver.requests++
	if r.smr {
		c.stats.SMRInvokedOut++
	}
	e.sendMapRequest(c, c.eid(r.prefix), r.resolver.addr, wire.MapRequest{Nonce: r.nonce, SourceEID: r.source, SMRInvoked: r.smr})
}

// requestTimer goes on with a request: to the next Map-Resolver, or to its end.
func (e *Engine) requestTimer(now time.Time, r *request) {
	switch {
	case r.answered && !r.again:
		e.forgetRequest(r)
		return
	case r.answered || r.sent >= requestTries && r.again:
		e.forgetNonce(r)
		r.answered, r.again, r.sent, r.since = false, false, 0, now
	default:
		e.unanswered(r)
		if r.sent >= requestTries {
			e.forgetRequest(r)
			return
		}
	}
	e.try(now, r)
}

// unanswered counts a Map-Request that got no answer in time, and gives the turn to the next Map-Resolver.
func (e *Engine) unanswered(r *request) {
	if r.resolver == nil {
		return
	}
	r.resolver.unanswered++
	r.cache.stats.RequestsUnanswered++
	r.cache.yield(r.resolver)
}

// yield gives the turn to the Map-Resolver behind one that does not answer, if it was its turn.
func (c *cache) yield(r *resolver) {
	if len(c.resolvers) > 0 && c.resolvers[c.next] == r {
		c.next = (c.next + 1) % len(c.resolvers)
	}
}

func (e *Engine) forgetNonce(r *request) {
	delete(e.asked, r.nonce)
	r.nonce = 0
}

func (e *Engine) forgetRequest(r *request) {
	e.forgetNonce(r)
	e.timers.Stop(timerKey{request: r})
	delete(r.cache.requests, r.prefix)
	e.requests--
}

// refresh asks for the mapping of an entry that is about to end and is in use (by its own prefix length, RFC 9301
// section 5.3), so that its packets need not wait.
func (e *Engine) refresh(now time.Time, en *entry) {
	used := !en.lastPacket.IsZero() && now.Sub(en.lastPacket) <= en.lifetime/refreshPart
	if used && e.mayAsk(en.cache, en.prefix) == MapRequestSent {
		e.ask(now, en.cache, en.prefix, netip.Addr{}, false)
	}
}

// sendMapRequest sends a Map-Request for one EID prefix to a Map-Resolver, in an Encapsulated Control Message. m holds what
// differs from one occasion to another. There is a route to the Map-Resolver. Without a map-cache nothing is counted.
func (e *Engine) sendMapRequest(c *cache, eid lispcore.EID, to netip.Addr, m wire.MapRequest) {
	local, _ := e.routes.Source(to)
	if c != nil && c.settings.MapRequestSource.Is4() == to.Is4() && c.settings.MapRequestSource.IsValid() {
		local = c.settings.MapRequestSource
	}
	m.SourceInstance = eid.Instance
	if !m.SourceEID.IsValid() {
		m.SourceInstance = 0
	}
	m.PITR = c != nil && !c.settings.ITR
	m.ITRRLOCs = e.itrRLOCs(c, local)
	m.Records = []lispcore.EID{eid}
	message, err := m.Append(nil)
	if err != nil {
		panic(err) // there is an ITR-RLOC, and the EID is a prefix
	}
	source := innerSource(c, eid, m.ITRRLOCs, m.SourceEID)
	ecm := wire.EncapsulatedControl{TTL: 255, Source: netip.AddrPortFrom(source, lispcore.ControlPort),
		Destination: netip.AddrPortFrom(eid.Prefix.Addr(), lispcore.ControlPort), Payload: message}
	payload, err := ecm.Append(nil)
	if err != nil {
		panic(err) // the inner source is of the destination's family
	}
	if c != nil {
		c.stats.MapRequestsOut++
		c.stats.EncapsulatedOut++
	}
	e.out.Add(lispcore.SendDatagram{From: netip.AddrPortFrom(local, lispcore.ControlPort), To: netip.AddrPortFrom(to, lispcore.ControlPort), Payload: payload})
	detail := ""
	if m.SMRInvoked {
		detail = "SMR-invoked"
	}
	e.out.NoteDebug(lispcore.Event{Kind: lispcore.MapRequestSent, Peer: to, EID: eid, Detail: detail,
		Nonce: m.Nonce, Count: len(m.ITRRLOCs), Inner: source, Source: local})
}

// itrRLOCs returns where Map-Replies may go: the address that the operator chose, or a proxy's, or the router's own
// locators, or, when it has none, the address that the Map-Request leaves from ("ITR local RLOC (last resort)").
func (e *Engine) itrRLOCs(c *cache, local netip.Addr) []netip.Addr {
	if c == nil {
		return []netip.Addr{local}
	}
	if a := c.settings.MapRequestSource; a.IsValid() {
		return []netip.Addr{a}
	}
	var list []netip.Addr
	for _, s := range c.sites {
		for _, l := range s.mapping.Locators {
			if l.Local && l.Reachable && !slices.Contains(list, l.RLOC) && len(list) < itrRLOCLimit {
				list = append(list, l.RLOC)
			}
		}
	}
	if a := c.settings.ProxyITR; len(list) == 0 && a.IsValid() {
		list = append(list, a)
	}
	if len(list) == 0 {
		list = append(list, local)
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return list
}

// innerSource returns the source of the inner header of an Encapsulated Control Message: an ITR-RLOC or an EID of the
// family of the EID that is asked for (RFC 9301 section 5.8), or, when there is none, no address.
func innerSource(c *cache, eid lispcore.EID, rlocs []netip.Addr, source netip.Addr) netip.Addr {
	for _, a := range rlocs {
		if lispcore.FamilyOf(a) == eid.Family() {
			return a
		}
	}
	if source.IsValid() && lispcore.FamilyOf(source) == eid.Family() {
		return source
	}
	if c != nil && len(c.sites) > 0 {
		return c.sites[0].mapping.EID.Prefix.Addr()
	}
	return everything(eid.Family()).Addr()
}

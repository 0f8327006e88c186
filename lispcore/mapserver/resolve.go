package mapserver

import (
	"net/netip"
	"strings"
	"time"

	"github.com/gaissmai/bart"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// This file answers Map-Requests, or forwards them (RFC 9301 section 8.3).
//
//	in no configured prefix ────────────> negative: natively-forward, 15 minutes, the widest prefix that holds no EID
//	asked for from another instance ────> negative: drop/policy-denied, 1 minute
//	configured, but not registered ─────> negative: natively-forward, 1 minute, the widest prefix of which that is true
//	registered, an ETR wants proxying ──> the mapping, not authoritative
//	registered, a locator is reachable ─> on to that ETR, in an Encapsulated Control Message with the E bit
//	registered, but none is reachable ──> negative: send-map-request, 1 minute: ask again
//
// Which of them holds is a matter of the longest match among all that is configured or registered.

// How long an ITR shall remember a negative answer, in minutes.
const (
	noSuchEIDTTL     = 15
	notRegisteredTTL = 1
)

// maxReplyRecords and maxReplyBytes bound a Map-Reply that holds the more specifics of what was asked for. When there are
// more, the ITR gets the narrower prefix around its EID instead: true as well, and no lever for an attacker.
const (
	maxReplyRecords = 32
	maxReplyBytes   = 1400
)

// Resolve answers the Map-Request m, or forwards it to an ETR that registers what it asks for. ecm is the datagram as it
// arrived, inner the Encapsulated Control Message in it, as the Map-Resolver took it apart; m names an ITR-RLOC that can
// be answered. All of it is lent. What there is to send comes out of Drain.
func (e *Engine) Resolve(now time.Time, ecm lispcore.Datagram, inner wire.EncapsulatedControl, m *wire.MapRequest) {
	q := request{engine: e, ecm: ecm, inner: inner, m: m}
	e.reply.Nonce, e.reply.Records = m.Nonce, e.reply.Records[:0]
	for _, eid := range m.Records {
		e.counters.of(eid).RequestRecordsIn++
		q.record(eid)
	}
	q.answer()
}

// request is the Map-Request in hand. Its Map-Reply grows in the engine's reply.
type request struct {
	engine *Engine
	ecm    lispcore.Datagram
	inner  wire.EncapsulatedControl
	m      *wire.MapRequest
}

// record decides what becomes of one thing that is asked for.
func (q *request) record(eid lispcore.EID) {
	e := q.engine
	addr, count := eid.Prefix.Addr(), e.counters.of(eid)
	t := e.tables[eid.Service()]
	if t == nil { // nothing is known of the whole instance
		count.NegativeOut++
		q.negative(eid.Instance, everything(addr), noSuchEIDTTL, lispcore.NativelyForward)
		return
	}
	t.indexRegistered()
	n, configured := t.match(eid.Prefix)
	switch {
	case n == nil && !configured.IsValid():
		count.NegativeOut++
		q.negative(eid.Instance, t.hole(addr, everything(addr)), noSuchEIDTTL, lispcore.NativelyForward)
	case q.m.SourceInstance != 0 && q.m.SourceInstance != eid.Instance: // a plain address claims no instance: OOR's ITRs send it
		count.PolicyDenied++
		q.negative(eid.Instance, eid.Prefix, notRegisteredTTL, lispcore.DropPolicyDenied)
	case n == nil:
		count.NegativeOut++
		q.negative(eid.Instance, t.hole(addr, configured), notRegisteredTTL, lispcore.NativelyForward)
	default:
		q.registered(t, n, eid)
	}
}

// registered answers for a registered prefix, or has one of its ETRs answer.
func (q *request) registered(t *table, n *node, eid lispcore.EID) {
	e := q.engine
	mapping := n.mapping()
	if len(mapping.Locators) == 0 || n.proxied() && !q.m.Authoritative {
		q.proxy(t, n, eid)
		return
	}
	from, to, ok := q.reachable(mapping.Locators)
	if !ok {
		e.counters.of(eid).NoReachableETR++
		q.negative(eid.Instance, t.hole(eid.Prefix.Addr(), n.prefix), notRegisteredTTL, lispcore.SendMapRequest)
		return
	}
	q.forward(n, eid, from, to)
}

// proxied tells whether any ETR wants its Map-Requests answered for it.
func (n *node) proxied() bool {
	for r := n.regs; r != nil; r = r.next {
		if r.origin.proxyReply {
			return true
		}
	}
	return false
}

// proxy answers in the ETRs' stead with the registered prefix and all its more specifics (RFC 9301 section 5.5), which then
// live equally long. Where not all of them can be told, it is the narrower prefix around the EID that is.
func (q *request) proxy(t *table, n *node, eid lispcore.EID) {
	e, first := q.engine, len(q.engine.reply.Records)
	q.add(n.mapping())
	ttl, size := n.mapping().TTL, 0
	complete := true
	for p := range t.candidates.Subnets(n.prefix) {
		complete = complete && t.nodes[p] != nil // or it would be negative, and live a minute only
	}
	for p := range t.registered.Subnets(n.prefix) {
		if !complete {
			break
		}
		if p == n.prefix {
			continue
		}
		more := t.nodes[p].first()
		m := more.mapping()
		size += recordBytes(m)
		complete = more.proxied() && len(e.reply.Records)-first < maxReplyRecords && size <= maxReplyBytes
		q.add(m)
		ttl = min(ttl, m.TTL)
	}
	records := e.reply.Records[first:]
	if !complete {
		e.reply.Records = e.reply.Records[:first+1]
		records = e.reply.Records[first:]
		records[0].EID.Prefix = t.hole(eid.Prefix.Addr(), n.prefix)
		ttl = records[0].TTL
	}
	for i := range records {
		records[i].TTL = ttl
	}
	e.counters.of(eid).ProxyRecordsOut += uint64(len(records))
}

// recordBytes is about what a record takes in a message: never less.
func recordBytes(m lispcore.Mapping) int { return 40 + 24*len(m.Locators) }

// negative adds a record without locators to the Map-Reply.
func (q *request) negative(instance uint32, prefix netip.Prefix, ttl uint32, action lispcore.Action) {
	q.add(lispcore.Mapping{EID: lispcore.NewEID(instance, prefix), TTL: ttl, Action: action})
}

// add adds a record to the Map-Reply: not authoritative, and with no locator local to anybody, since no ETR sends it.
func (q *request) add(m lispcore.Mapping) {
	records := &q.engine.reply.Records
	var locators []lispcore.Locator
	if n := len(*records); n < cap(*records) {
		locators = (*records)[:n+1][n].Locators[:0]
	}
	for _, l := range m.Locators {
		l.Local, l.Probed = false, false
		locators = append(locators, l)
	}
	m.Locators = locators
	*records = append(*records, wire.Record{Mapping: m})
}

// answer sends the Map-Reply, if there is anything in it, to the first ITR-RLOC that there is a way to, and to the port
// that the request came from.
func (q *request) answer() {
	e := q.engine
	if len(e.reply.Records) == 0 {
		return
	}
	for _, itr := range q.m.ITRRLOCs {
		from, ok := q.source(itr)
		if !ok {
			continue
		}
		b, err := e.reply.Append(make([]byte, 0, 64))
		if err != nil {
			e.malformed(q.ecm.From.Addr(), err) // it asks for more records than one message can answer
			return
		}
		for _, r := range e.reply.Records {
			e.debugReply(itr, r)
		}
		e.out.Add(lispcore.SendDatagram{
			From:    netip.AddrPortFrom(from, lispcore.ControlPort),
			To:      netip.AddrPortFrom(itr, q.inner.Source.Port()),
			Payload: b,
		})
		return
	}
	for _, r := range e.reply.Records {
		e.counters.of(r.EID).Unanswerable++
	}
}

func (e *Engine) debugReply(itr netip.Addr, r wire.Record) {
	action := ""
	if len(r.Locators) == 0 {
		action = r.Action.String()
	}
	e.debugRecord(lispcore.MapReplySent, itr, r.EID, action)
}

// source returns our own address towards an RLOC.
func (q *request) source(to netip.Addr) (netip.Addr, bool) {
	if routes := q.engine.routes; routes != nil {
		return routes.Source(to)
	}
	local := q.ecm.To.Addr()
	return local, lispcore.FamilyOf(local) == lispcore.FamilyOf(to)
}

// reachable chooses the locator that a Map-Request is forwarded to, and our address towards it: of those of the best
// priority one by the nonce, so that a request sent again may find another ETR when one is gone.
func (q *request) reachable(locators []lispcore.Locator) (from, to netip.Addr, ok bool) {
	const never = 255
	best, count := uint8(never), uint64(0)
	usable := func(l lispcore.Locator) bool {
		if !l.Reachable {
			return false
		}
		_, ok := q.source(l.RLOC)
		return ok
	}
	for _, l := range locators {
		switch {
		case l.Priority > best || l.Priority == never || !usable(l):
		case l.Priority < best:
			best, count = l.Priority, 1
		default:
			count++
		}
	}
	if count == 0 {
		return from, to, false
	}
	turn := q.m.Nonce % count
	for _, l := range locators {
		if l.Priority != best || !usable(l) {
			continue
		}
		if turn == 0 {
			from, ok = q.source(l.RLOC)
			return from, l.RLOC, ok
		}
		turn--
	}
	return from, to, false
}

// forward sends the Map-Request on to an ETR as it is, so that the ETR answers the ITR and not us. One of several records
// goes on as a Map-Request of its own.
func (q *request) forward(n *node, eid lispcore.EID, from, to netip.Addr) {
	e := q.engine
	payload := q.inner.Payload
	if recordCount := payload[3]; recordCount != 1 {
		single := *q.m
		single.Records = []lispcore.EID{eid}
		b, err := single.Append(nil)
		if err != nil {
			e.malformed(q.ecm.From.Addr(), err)
			return
		}
		payload = b
	}
	out := q.inner
	out.ToETR, out.ToMS, out.DDT = true, false, false
	out.Payload = payload
	b, err := out.Append(make([]byte, 0, len(q.ecm.Payload)))
	if err != nil {
		e.malformed(q.ecm.From.Addr(), err)
		return
	}
	e.counters.of(eid).Forwarded++
	if e.out.Debug {
		e.out.Note(lispcore.Event{Kind: lispcore.MapRequestForwarded, Peer: to, EID: eid, Site: n.home.site.Name})
	}
	e.out.Add(lispcore.SendDatagram{
		From: netip.AddrPortFrom(from, lispcore.ControlPort), To: netip.AddrPortFrom(to, lispcore.ControlPort), Payload: b,
	})
}

// indexRegistered builds the set of registered prefixes, once.
func (t *table) indexRegistered() {
	if t.registered != nil {
		return
	}
	t.registered = new(bart.Lite)
	for p := range t.nodes {
		t.registered.Insert(p)
	}
}

// match returns the longest match of what is asked for: the node, when it is registered, or the configured prefix, when it
// is not, or neither. An ITR that refreshes a mapping asks for a whole prefix; when no registered one covers all of that,
// it is its first address that counts.
func (t *table) match(asked netip.Prefix) (n *node, configured netip.Prefix) {
	for _, p := range [...]netip.Prefix{asked, netip.PrefixFrom(asked.Addr(), asked.Addr().BitLen())} {
		configured, _, _ = t.candidates.LookupPrefixLPM(p)
		registered, ok := t.registered.LookupPrefixLPM(p)
		if ok && registered.Bits() >= configured.Bits() {
			return t.nodes[registered].first(), configured
		}
	}
	return nil, configured
}

// first returns the node of the first site by name among those that hold the same prefix.
func (n *node) first() *node {
	first := n
	for n = n.next; n != nil; n = n.next {
		if strings.Compare(n.home.site.Name, first.home.site.Name) < 0 {
			first = n
		}
	}
	return first
}

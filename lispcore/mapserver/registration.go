package mapserver

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// This file is the store, where UDP and TCP meet. There may be a million registrations: each costs one registration, one
// node and one map slot, times are nanoseconds, and content and origin are shared with the neighbour that came before.

// node is one registered prefix of one site.
type node struct {
	prefix netip.Prefix
	home   *entry        // the configured prefix that it is listed beneath
	regs   *registration // of each ETR, newest first
	next   *node         // the same prefix in another site
}

// registration is what one ETR says of one prefix.
type registration struct {
	node                 *node
	etr                  *etr
	next                 *registration // of the same node
	ofEtrPrev, ofEtrNext *registration
	older, newer         *registration // in the expiry list
	first, last, expires int64         // Unix nanoseconds; expires 0: no timer runs
	nonce                uint64
	content              *content // shared, never changed in place
	origin               *origin  // shared, never changed in place
	port                 uint16
	reliable             bool
}

// content is what a record says of its prefix.
type content struct {
	locators   []lispcore.Locator
	ttl        uint32 // minutes
	mapVersion uint16
	action     lispcore.Action // means something only without locators
}

// origin is what registrations of one ETR have in common.
type origin struct {
	proxyReply, wantNotify, merge, security, ttlTimeout bool
	keyID                                               uint8
	algorithm                                           wire.Algorithm
	macLen                                              uint8 // bytes of authentication data: at most 32, since it verified
	hasXTRID                                            bool
	xtrID                                               wire.XTRID
	siteID                                              uint64
}

// etr is one registering router, by the address that its messages come from.
type etr struct {
	addr    netip.Addr
	local   netip.Addr       // our address that it registers at by UDP
	session *session.Session // nil without reliable transport
	regs    *registration    // list by ofEtrNext, newest registration of a prefix first
	// refused holds the prefixes that were refused on the present session, so that a change of the sites can ask for
	// them again. It is bounded by maxRefused.
	refused map[lispcore.EID]bool
	// floor is, with replay checking, the greatest nonce of a registration that is gone.
	floor map[lispcore.Service]uint64
}

// maxRefused bounds what a Map-Server remembers of an ETR's refused prefixes.
const maxRefused = 10_000

// arrival is how a record came.
type arrival struct {
	etr      *etr
	port     uint16
	reliable bool // by TCP
	nonce    uint64
	origin   *origin
}

// originOf returns the origin of the register in hand, the last one again when nothing differs.
func (e *Engine) originOf(m *wire.MapRegister) *origin {
	o := origin{
		proxyReply: m.ProxyReply, wantNotify: m.WantNotify, merge: m.Merge, security: m.Security, ttlTimeout: m.TTLTimeout,
		keyID: m.Auth.KeyID, algorithm: m.Auth.Algorithm, macLen: uint8(len(m.Auth.Data)),
		hasXTRID: m.HasXTRID, xtrID: m.XTRID, siteID: m.SiteID,
	}
	if e.lastOrigin == nil || *e.lastOrigin != o {
		kept := o // o itself stays off the heap
		e.lastOrigin = &kept
	}
	return e.lastOrigin
}

// contentOf returns the content of a record, the last one again when nothing differs.
func (e *Engine) contentOf(m lispcore.Mapping) *content {
	if c := e.lastContent; c != nil && c.ttl == m.TTL && c.mapVersion == m.MapVersion && c.action == m.Action && slices.Equal(c.locators, m.Locators) {
		return c
	}
	e.lastContent = &content{locators: slices.Clone(m.Locators), ttl: m.TTL, mapVersion: m.MapVersion, action: m.Action}
	return e.lastContent
}

// find returns the node of a prefix in a site.
func (t *table) find(prefix netip.Prefix, s *site) *node {
	for n := t.nodes[prefix]; n != nil; n = n.next {
		if n.home.site == s {
			return n
		}
	}
	return nil
}

// of returns the ETR's registration of the node.
func (n *node) of(from *etr) *registration {
	for r := n.regs; r != nil; r = r.next {
		if r.etr == from {
			return r
		}
	}
	return nil
}

// store takes an accepted record into the entry's site. TTL 0 withdraws, and returns nil.
func (e *Engine) store(now time.Time, home *entry, from arrival, record wire.Record) *registration {
	delete(from.etr.refused, record.EID)
	t := e.tables[record.EID.Service()]
	var moved lispcore.Event // worth no word, unless nothing comes in its place
	if record.TTL == 0 {
		moved.Kind = lispcore.Withdrawn
	}
	n := t.nodes[record.EID.Prefix]
	if n != nil && (n.next != nil || n.home.site != home.site) {
		e.leaveOthers(now, n, home.site, from.etr, moved)
		n = t.find(record.EID.Prefix, home.site)
	}
	if record.TTL == 0 {
		if n != nil {
			e.drop(now, n.of(from.etr), lispcore.Event{Kind: lispcore.Withdrawn})
		}
		return nil
	}
	if n == nil {
		n = t.add(record.EID.Prefix)
	}
	n.home = home
	before := n.regs
	shared := before != nil && (before.next != nil || before.etr != from.etr) // somebody else registers it, and wants to know
	var was lispcore.Mapping
	if shared {
		was = n.mapping()
	}
	r := n.of(from.etr)
	if r == nil {
		r = &registration{node: n, etr: from.etr, first: now.UnixNano()}
		from.etr.link(r)
		if n.regs == nil {
			e.out.Note(lispcore.Event{Kind: lispcore.Registered, Peer: from.etr.addr, EID: record.EID, Site: home.site.Name})
		}
	} else {
		n.unlink(r)
		e.notifies.stop(r) // what its ETR was told unasked is old by now
	}
	r.next, n.regs = n.regs, r // the newest
	r.last = now.UnixNano()
	r.nonce, r.origin, r.content = from.nonce, from.origin, e.contentOf(record.Mapping)
	if from.reliable || !r.reliable {
		r.port, r.reliable = from.port, from.reliable
	}
	if r.reliable {
		e.keep(r) // also ends the delay that a changed key began
	} else {
		e.age(r, now)
	}
	if shared && !sameView(was, n.mapping()) {
		e.notifyOthers(now, n, from.etr)
	}
	return r
}

// leaveOthers drops the ETR's registrations of the prefix in all sites but one.
func (e *Engine) leaveOthers(now time.Time, n *node, home *site, from *etr, why lispcore.Event) {
	for n != nil {
		next := n.next
		if n.home.site != home {
			e.drop(now, n.of(from), why)
		}
		n = next
	}
}

// mapping returns the registration as a mapping. Its locators are shared.
func (r *registration) mapping() lispcore.Mapping {
	c := r.content
	return lispcore.Mapping{EID: r.eid(), TTL: c.ttl, Locators: c.locators, Action: c.action, MapVersion: c.mapVersion}
}

func (r *registration) eid() lispcore.EID { return r.node.eid() }

// drop removes one registration, which may be nil, and tells it as the event, unless that has no kind.
func (e *Engine) drop(now time.Time, r *registration, why lispcore.Event) {
	if r == nil {
		return
	}
	n, eid := r.node, r.eid()
	was := n.mapping()
	e.keep(r)
	e.notifies.stop(r)
	r.etr.unlink(r)
	n.unlink(r)
	if e.cfg.ReplayCheck {
		if r.etr.floor == nil {
			r.etr.floor = make(map[lispcore.Service]uint64)
		}
		r.etr.floor[eid.Service()] = max(r.etr.floor[eid.Service()], r.nonce)
	}
	if why.Kind != 0 {
		why.Peer, why.EID, why.Site = r.etr.addr, eid, n.home.site.Name
		e.out.Note(why)
	}
	if n.regs == nil {
		e.tables[eid.Service()].remove(n)
	} else if !sameView(was, n.mapping()) {
		e.notifyOthers(now, n, nil)
	}
}

// sameView tells whether two mappings are the same to everybody. The L bit is not: it tells each ETR which locator is its own.
func sameView(a, b lispcore.Mapping) bool {
	same := func(x, y lispcore.Locator) bool {
		x.Local, y.Local = false, false
		return x == y
	}
	return a.TTL == b.TTL && a.Action == b.Action && a.MapVersion == b.MapVersion && slices.EqualFunc(a.Locators, b.Locators, same)
}

// notifyOthers tells the other ETRs that register the node's prefix what its mapping now is: by a Mapping Notification where
// a session stands, and, where locators are merged, by an unsolicited Map-Notify to those that have none.
func (e *Engine) notifyOthers(now time.Time, n *node, except *etr) {
	var others []*session.Session
	for r := n.regs; r != nil; r = r.next {
		switch {
		case r.etr == except:
		case r.etr.up():
			others = append(others, r.etr.session)
		case r.origin.merge && r.origin.wantNotify:
			e.notifyUnasked(now, r)
		}
	}
	for _, s := range others {
		e.sendMappingNotification(s, n.regs)
	}
}

func (n *node) unlink(r *registration) {
	for p := &n.regs; *p != nil; p = &(*p).next {
		if *p == r {
			*p = r.next
			r.next = nil
			return
		}
	}
}

// add makes a node of the prefix, for a site that has none.
func (t *table) add(prefix netip.Prefix) *node {
	n := &node{prefix: prefix, next: t.nodes[prefix]}
	t.nodes[prefix] = n
	if t.registered != nil && n.next == nil {
		t.registered.Insert(prefix)
	}
	return n
}

func (t *table) remove(n *node) {
	if t.nodes[n.prefix] == n {
		if n.next == nil {
			delete(t.nodes, n.prefix)
			if t.registered != nil {
				t.registered.Delete(n.prefix)
			}
		} else {
			t.nodes[n.prefix] = n.next
		}
		return
	}
	for o := t.nodes[n.prefix]; o != nil; o = o.next {
		if o.next == n {
			o.next = n.next
			return
		}
	}
}

func (x *etr) link(r *registration) {
	r.ofEtrNext = x.regs
	if x.regs != nil {
		x.regs.ofEtrPrev = r
	}
	x.regs = r
}

func (x *etr) unlink(r *registration) {
	if r.ofEtrPrev != nil {
		r.ofEtrPrev.ofEtrNext = r.ofEtrNext
	} else {
		x.regs = r.ofEtrNext
	}
	if r.ofEtrNext != nil {
		r.ofEtrNext.ofEtrPrev = r.ofEtrPrev
	}
	r.ofEtrPrev, r.ofEtrNext = nil, nil
}

// up tells that the ETR's session stands.
func (x *etr) up() bool { return x.session != nil && x.session.State() == session.Up }

// sorted returns the ETR's registrations by EID, then by site: the order in which they are told and sent.
func (x *etr) sorted() []*registration {
	var list []*registration
	for r := x.regs; r != nil; r = r.ofEtrNext {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *registration) int {
		if c := a.eid().Compare(b.eid()); c != 0 {
			return c
		}
		return compareEntries(a.node.home, b.node.home)
	})
	return list
}

// users lists one user per instance that the ETR registers in, and at least one.
func (x *etr) users() []lispcore.Service {
	instances := make(map[uint32]bool)
	for r := x.regs; r != nil; r = r.ofEtrNext {
		instances[r.node.home.eid.Instance] = true
	}
	if len(instances) == 0 {
		instances[0] = true
	}
	list := make([]lispcore.Service, 0, len(instances))
	for i := range instances {
		list = append(list, lispcore.Service{Instance: i})
	}
	slices.SortFunc(list, lispcore.Service.Compare)
	return list
}

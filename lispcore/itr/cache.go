package itr

import (
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// ttlByReceiver is the Record TTL that leaves the time to the receiver (RFC 9301 section 5.4), which is then a day.
const (
	ttlByReceiver = 0xffffffff
	ownTTL        = 24 * time.Hour
)

// cache is the map-cache of one instance and family, and what is told or counted by instance and family.
type cache struct {
	key       lispcore.Service
	settings  Service
	own       bart.Table[*site]
	sites     []*site // the same, as configured
	entries   bart.Table[*entry]
	dynamic   int  // entries that a Map-Reply made
	full      bool // the last new mapping found no room, and that was told
	requests  map[netip.Prefix]*request
	resolvers []*resolver
	next      int // the resolver whose turn it is
	petrs     []locator
	pinned    []*rloc // that the configuration names
	stats     Statistics
}

// entry is one map-cache entry. What a Map-Reply said goes before what the operator typed, as long as it lives.
type entry struct {
	cache        *cache
	prefix       netip.Prefix
	static       bool
	staticAction lispcore.Action
	dynamic      bool

	// What the Map-Reply said.
	action        lispcore.Action
	locators      []locator // never grows: the rlocs point into it
	authoritative bool
	ttl           uint32
	version       uint16
	from          netip.Addr
	lifetime      time.Duration
	expires       time.Time

	created, modified, lastPacket time.Time
	packets, bytes                uint64
}

// locator is one locator of an entry, or a proxy ETR.
type locator struct {
	entry            *entry // nil: a proxy ETR
	rloc             *rloc
	priority, weight uint8
	reachable        bool // the R bit
	reported         bool // by Locator-Status-Bits; true until they say otherwise

	created                        time.Time
	changed                        time.Time // the last change of up, but for those that the rloc counts
	changes                        int
	stateBase, routeBase           int // the rloc's changes that do not count here
	priorityChanged, weightChanged time.Time
	packets, bytes                 uint64

	before, after *locator // in the list of the rloc
}

// says returns what is to be done with a packet for the entry when it has no locators.
func (en *entry) says() lispcore.Action {
	if en.dynamic {
		return en.action
	}
	return en.staticAction
}

// up tells whether the locator is believed to be alive, whether or not there is a route to it.
func (l *locator) up() bool { return l.reachable && l.reported && !l.rloc.down }

// usable tells whether packets may go to the locator (RFC 9300 section 6.3): not to a priority of 255, and not back to
// the router itself.
func (l *locator) usable() bool {
	return l.priority < unusedPriority && l.up() && l.rloc.routed && !l.rloc.self()
}

// unusedPriority is the priority of locators that are not to be used (RFC 9301 section 5.4).
const unusedPriority = 255

func newCache(key lispcore.Service) *cache {
	return &cache{key: key, requests: make(map[netip.Prefix]*request)}
}

func (c *cache) eid(p netip.Prefix) lispcore.EID {
	return lispcore.EID{Instance: c.key.Instance, Prefix: p}
}

func (c *cache) limit() int {
	if c.settings.Limit > 0 {
		return c.settings.Limit
	}
	return DefaultLimit
}

// sorted returns the entries by address, shorter prefixes first.
func (c *cache) sorted() []*entry {
	list := make([]*entry, 0, c.entries.Size())
	for _, en := range c.entries.AllSorted() {
		list = append(list, en)
	}
	return list
}

// setStatic makes or changes the static part of an entry.
func (c *cache) setStatic(now time.Time, p netip.Prefix, action lispcore.Action) {
	en, ok := c.entries.Get(p)
	if !ok {
		en = &entry{cache: c, prefix: p, created: now, modified: now}
		c.entries.Insert(p, en)
	}
	if !en.static || en.staticAction != action {
		en.modified = now
	}
	en.static, en.staticAction = true, action
}

// dropStatic takes the static part of an entry away.
func (c *cache) dropStatic(en *entry) {
	en.static = false
	if !en.dynamic {
		c.entries.Delete(en.prefix)
	}
}

// dropDynamic takes away what a Map-Reply said. A static entry remains, and begins anew.
func (c *cache) dropDynamic(e *Engine, now time.Time, en *entry) {
	if !en.dynamic {
		return
	}
	c.stats.EntriesDeleted++
	c.dynamic--
	c.full = false
	e.timers.Stop(timerKey{entry: en})
	e.unlink(en.locators)
	*en = entry{cache: c, prefix: en.prefix, static: en.static, staticAction: en.staticAction, created: now, modified: now}
	if !en.static {
		c.entries.Delete(en.prefix)
	}
}

// install puts a mapping into the map-cache, in place of what was known of the prefix. It tells whether there was room. A
// TTL of 0 takes the entry away.
func (e *Engine) install(now time.Time, c *cache, rec *wire.Record, from netip.Addr) bool {
	en, ok := c.entries.Get(rec.EID.Prefix)
	if rec.TTL == 0 {
		if ok {
			c.dropDynamic(e, now, en)
		}
		return true
	}
	if (!ok || !en.dynamic) && !e.room(c, rec.EID) {
		return false
	}
	if !ok {
		en = &entry{cache: c, prefix: rec.EID.Prefix}
		c.entries.Insert(en.prefix, en)
	}
	if !en.dynamic {
		*en = entry{cache: c, prefix: en.prefix, static: en.static, staticAction: en.staticAction, dynamic: true, created: now, modified: now}
		c.dynamic++
		c.stats.EntriesCreated++
	}
	en.ttl, en.lifetime = rec.TTL, time.Duration(rec.TTL)*time.Minute
	if rec.TTL == ttlByReceiver {
		en.lifetime = ownTTL
	}
	en.expires = now.Add(en.lifetime)
	e.timers.Set(timerKey{entry: en}, en.expires.Add(-en.lifetime/refreshPart))
	if en.action != rec.Action || en.version != rec.MapVersion {
		en.modified = now
	}
	en.action, en.version, en.authoritative, en.from = rec.Action, rec.MapVersion, rec.Authoritative, from
	e.setLocators(now, en, rec.Locators)
	return true
}

// entryTimer ends an entry, or, when its end is near, asks for it anew.
func (e *Engine) entryTimer(now time.Time, en *entry) {
	if !now.Before(en.expires) {
		en.cache.dropDynamic(e, now, en)
		return
	}
	e.timers.Set(timerKey{entry: en}, en.expires)
	e.refresh(now, en)
}

// room tells whether another dynamic entry may come in. That there is none is told once, until an entry leaves.
func (e *Engine) room(c *cache, eid lispcore.EID) bool {
	if c.dynamic < c.limit() {
		return true
	}
	c.stats.EntriesRejected++
	if !c.full {
		c.full = true
		e.out.Note(lispcore.Event{Kind: lispcore.MapCacheFull, EID: eid})
	}
	return false
}

// setLocators replaces the locators of an entry. One that stays keeps its history.
func (e *Engine) setLocators(now time.Time, en *entry, list []lispcore.Locator) {
	old := en.locators
	next := make([]locator, len(list))
	same := len(old) == len(list)
	for i, l := range list {
		r := e.rloc(now, l.RLOC)
		at := slices.IndexFunc(old, func(o locator) bool { return o.rloc == r })
		if at < 0 {
			same = false
			next[i] = locator{entry: en, rloc: r, priority: l.Priority, weight: l.Weight, reachable: l.Reachable, reported: true,
				created: now, changed: now, changes: 1, stateBase: r.changes, routeBase: r.routeChanges}
			continue
		}
		n := old[at]
		same = same && at == i && n.priority == l.Priority && n.weight == l.Weight && n.reachable == l.Reachable
		n.update(now, l)
		next[i] = n
	}
	if !same {
		en.modified = now
	}
	en.locators = next
	for i := range next {
		e.link(now, &next[i])
	}
	e.unlink(old)
}

// update brings a locator to what a new Map-Reply says of it. Locator-Status-Bits of before are void.
func (l *locator) update(now time.Time, to lispcore.Locator) {
	if l.priority != to.Priority {
		l.priority, l.priorityChanged = to.Priority, now
	}
	if l.weight != to.Weight {
		l.weight, l.weightChanged = to.Weight, now
	}
	l.tell(now, to.Reachable, true)
}

// tell takes what an ETR says of the locator, by the R bit and by Locator-Status-Bits.
func (l *locator) tell(now time.Time, reachable, reported bool) {
	was := l.reachable && l.reported
	at, n := l.stateChanges()
	l.reachable, l.reported = reachable, reported
	if was == (reachable && reported) {
		return
	}
	l.changed, l.changes, l.stateBase = at, n, l.rloc.changes
	if !l.rloc.down {
		l.changed, l.changes = now, n+1
	}
}

// stateChanges tells when the locator went up or down last, and how often it did; its coming is the first time. What
// becomes of its rloc counts only while the ETRs say that it is up: else it is down in any case.
func (l *locator) stateChanges() (at time.Time, n int) {
	if r := l.rloc; l.reachable && l.reported && r.changes > l.stateBase {
		return r.changed, l.changes + r.changes - l.stateBase
	}
	return l.changed, l.changes
}

package etr

import (
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// server is one map server: one session, and a group per service that registers there.
type server struct {
	addr, local netip.Addr
	session     *session.Session
	groups      []*group // by instance, IPv4 before IPv6
	keys        map[lispcore.Family]*key
	lastNotify  map[lispcore.Family]time.Time
	lastConnect time.Time // start of the latest dial; zero before the first
	refreshed   bool      // the present session has had a Registration Refresh
}

// key is the shared key of one `etr map-server` line, and what else the line says of its Map-Registers.
type key struct {
	line
	auth *wire.Authenticator
}

// line is what every prefix of a service is registered anew for when it changes.
type line struct {
	secret     string
	algorithm  wire.Algorithm
	proxyReply bool
}

// group is the prefixes of one service at one map server.
type group struct {
	server  *server
	service lispcore.Service
	entries map[netip.Prefix]*entry
	// messages partition the prefixes, those to be merged behind the others, and each part in descending order: the capture's
	// order inside a Map-Register. Almost always there is one.
	messages  []*message
	engaged   bool   // had a Map-Notify, or sent a Registration: a user of the session
	rekeyed   bool   // its key changes with the configuration that is being applied
	lastNonce uint64 // with ReplayCheck: the greatest nonce used
}

// entry is one EID prefix at one map server.
type entry struct {
	mapping lispcore.Mapping
	merge   bool // registered with the a bit
	state   State
	message *message
	acked   time.Time   // last Map-Notify or Registration ACK
	sent    time.Time   // last Registration, while in AckWait; zero once its delay was told
	reason  wire.Reason // of the last NACK, while Rejected
}

// message is the part of a group that fits one Map-Register, with its own nonce, backoff and period.
type message struct {
	group    *group
	entries  []*entry // descending
	nonce    uint64
	fresh    bool          // the nonce belongs to the present content
	resend   time.Duration // how long the next Map-Register waits for its Map-Notify before it is sent again
	lastSent time.Time
}

// Bounds of one Map-Register (RFC 9301 section 5.6: the count has 8 bits; the bytes keep it in one packet).
const (
	maxRecords = 255
	maxBytes   = 1400
	// overhead is what a Map-Register holds beside its records: header word, nonce, key and lengths, SHA-1, tail. SHA-256
	// takes 12 bytes more, which a packet has room for.
	overhead = 4 + 8 + 4 + 20 + 24
)

// recordSize is the length of a mapping record on the wire (RFC 9301 section 5.4; the LCAF adds 12 bytes).
func recordSize(m lispcore.Mapping) int {
	size := 12 + m.EID.Prefix.Addr().BitLen()/8
	if m.EID.Instance != 0 {
		size += 12
	}
	for _, l := range m.Locators {
		size += 8 + l.RLOC.BitLen()/8
	}
	return size
}

func (m *message) fits() bool {
	size := overhead
	for _, e := range m.entries {
		size += recordSize(e.mapping)
	}
	return len(m.entries) <= maxRecords && size <= maxBytes
}

// merge tells whether a message has the a bit: as all of its entries want.
func (m *message) merge() bool { return m.entries[0].merge }

// compareEntries orders entries as the messages of a group hold them.
func compareEntries(a, b *entry) int {
	if a.merge != b.merge {
		if b.merge {
			return -1
		}
		return 1
	}
	return b.mapping.EID.Compare(a.mapping.EID)
}

// place puts an entry into the message whose range it falls in.
func (g *group) place(e *entry) {
	i, _ := slices.BinarySearchFunc(g.messages, e, func(m *message, e *entry) int { return compareEntries(m.entries[0], e) })
	if i > 0 && g.messages[i-1].merge() == e.merge {
		i-- // the last message that begins before the entry
	}
	if i == len(g.messages) || g.messages[i].merge() != e.merge {
		g.messages = slices.Insert(g.messages, i, &message{group: g, resend: firstResend})
	}
	m := g.messages[i]
	at, _ := slices.BinarySearchFunc(m.entries, e, compareEntries)
	m.entries = slices.Insert(m.entries, at, e)
	e.message = m
	g.entries[e.mapping.EID.Prefix] = e
	g.divide(i, at)
}

// divide splits a message that no longer fits one Map-Register, because of its entry at the given place, until every part
// fits. It is split in the middle; but where the list grows at its very end the new entry makes a message of its own, so
// that a sorted load fills messages to the brim. The parts have a new nonce each.
func (g *group) divide(i, at int) {
	m := g.messages[i]
	if len(m.entries) < 2 || m.fits() {
		return
	}
	cut := len(m.entries) / 2
	if last := i == len(g.messages)-1 || g.messages[i+1].merge() != m.merge(); last && at == len(m.entries)-1 {
		cut = at
	}
	rest := &message{group: g, resend: firstResend, entries: slices.Clone(m.entries[cut:])}
	for _, e := range rest.entries {
		e.message = rest
	}
	m.entries = slices.Clone(m.entries[:cut])
	m.fresh = false
	g.messages = slices.Insert(g.messages, i+1, rest)
	g.divide(i+1, 0)
	g.divide(i, 0)
}

// ascending visits the entries of the group in the order of Registrations.
func (g *group) ascending(visit func(*entry)) {
	all := make([]*entry, 0, len(g.entries))
	for _, m := range slices.Backward(g.messages) {
		for _, e := range slices.Backward(m.entries) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return a.mapping.EID.Compare(b.mapping.EID) }) // in order already, unless some are to be merged
	for _, e := range all {
		visit(e)
	}
}

// Configure replaces the configuration. Prefixes, locators, keys and map servers that change are registered, changed and
// withdrawn as the state table says; what stays the same is left alone.
func (e *Engine) Configure(now time.Time, cfg Config) {
	before := e.cfg.Database
	e.cfg = cfg
	e.keepTimes(now, before)
	desired := make(map[lispcore.Service][]lispcore.Mapping)
	for _, m := range cfg.Database {
		desired[m.EID.Service()] = append(desired[m.EID.Service()], m)
	}
	services := make([]lispcore.Service, 0, len(desired))
	for service, mappings := range desired {
		services = append(services, service)
		slices.SortFunc(mappings, func(a, b lispcore.Mapping) int { return b.EID.Compare(a.EID) })
	}
	slices.SortFunc(services, lispcore.Service.Compare)

	e.configureServers(now, cfg.MapServers)
	for _, s := range e.servers {
		for _, g := range slices.Clone(s.groups) {
			if s.keys[g.service.Family] == nil || desired[g.service] == nil {
				e.removeGroup(now, g)
			}
		}
		for _, service := range services {
			if s.keys[service.Family] != nil {
				e.configureGroup(now, s.group(service), desired[service])
			}
		}
	}
	e.dropServers(now)
	old := e.configureOwn()
	e.flush()
	e.solicitChanges(now, before, old)
}

// times are what is remembered of an EID prefix of the database for those who ask how old it is.
type times struct{ since, changed time.Time }

// keepTimes notes what the configuration has brought and changed since the database before.
func (e *Engine) keepTimes(now time.Time, before []lispcore.Mapping) {
	known, old := e.times, make(map[lispcore.EID]lispcore.Mapping, len(before))
	for _, m := range before {
		old[m.EID] = m
	}
	e.times = make(map[lispcore.EID]times, len(e.cfg.Database))
	for _, m := range e.cfg.Database {
		t, ok := known[m.EID]
		if !ok {
			t.since = now
		}
		if !ok || !m.SameData(old[m.EID]) {
			t.changed = now
		}
		e.times[m.EID] = t
	}
}

// configureServers brings the list of map servers and their keys up to date. Servers that no line names any more stay in
// the list, without keys, until their prefixes are withdrawn.
func (e *Engine) configureServers(now time.Time, lines []MapServerConfig) {
	var order []*server
	wanted := make(map[*server]map[lispcore.Family]line)
	for _, l := range lines {
		if l.Key == "" {
			continue // nothing could be signed
		}
		s := e.serverAt(l.Addr)
		if s == nil {
			i := slices.IndexFunc(order, func(o *server) bool { return o.addr == l.Addr })
			if i >= 0 {
				s = order[i]
			} else {
				s = &server{addr: l.Addr, keys: make(map[lispcore.Family]*key), lastNotify: make(map[lispcore.Family]time.Time)}
				s.session = e.sessions.Configure(l.Addr)
				s.session.SetUsers(s.users)
			}
		}
		if !slices.Contains(order, s) {
			order = append(order, s)
			wanted[s] = make(map[lispcore.Family]line)
		}
		s.local = l.Local
		algorithm := wire.AlgSHA1
		if l.SHA256 {
			algorithm = wire.AlgSHA256
		}
		wanted[s][l.Family] = line{secret: l.Key, algorithm: algorithm, proxyReply: l.ProxyReply}
	}
	for _, s := range e.servers {
		if !slices.Contains(order, s) {
			order = append(order, s)
		}
	}
	e.servers = order
	for _, s := range e.servers {
		for _, family := range []lispcore.Family{lispcore.IPv4, lispcore.IPv6} {
			want, ok := wanted[s][family]
			switch k := s.keys[family]; {
			case !ok && k != nil:
				for _, g := range slices.Clone(s.groups) {
					if g.service.Family == family {
						e.removeGroup(now, g)
					}
				}
				delete(s.keys, family)
			case ok && k == nil:
				s.keys[family] = &key{want, wire.NewAuthenticator(want.secret)}
			case ok && k.line != want:
				s.keys[family] = &key{want, wire.NewAuthenticator(want.secret)}
				for _, g := range s.groups {
					g.rekeyed = g.rekeyed || g.service.Family == family
				}
			}
		}
	}
}

// dropServers forgets the map servers without a line.
func (e *Engine) dropServers(now time.Time) {
	e.servers = slices.DeleteFunc(e.servers, func(s *server) bool {
		if len(s.keys) > 0 {
			return false
		}
		if s.session.Stream() != 0 {
			s.session.Flush(&e.out)
			e.out.Add(lispcore.CloseStream{Stream: s.session.Stream()})
			e.sessionDown(now, s, "map server removed")
		}
		e.timers.Stop(timerKey{connect: s})
		e.sessions.Remove(s.session)
		return true
	})
}

// group returns the server's group of a service, and makes it when there is none.
func (s *server) group(service lispcore.Service) *group {
	i, found := slices.BinarySearchFunc(s.groups, service, func(g *group, service lispcore.Service) int { return g.service.Compare(service) })
	if !found {
		s.groups = slices.Insert(s.groups, i, &group{server: s, service: service, entries: make(map[netip.Prefix]*entry)})
	}
	return s.groups[i]
}

func (s *server) users() []lispcore.Service {
	var services []lispcore.Service
	for _, g := range s.groups {
		if g.engaged {
			services = append(services, g.service)
		}
	}
	return services
}

// configureGroup makes the group hold exactly the mappings, which are in descending order. However much of it changes, it is
// one change of content, with one new nonce. A changed line changes every prefix.
func (e *Engine) configureGroup(now time.Time, g *group, mappings []lispcore.Mapping) {
	keep := make(map[netip.Prefix]bool, len(mappings))
	for _, m := range mappings {
		keep[m.EID.Prefix] = true
	}
	var gone []*entry
	g.ascending(func(en *entry) {
		if !keep[en.mapping.EID.Prefix] {
			gone = append(gone, en)
		}
	})
	for _, en := range gone {
		e.remove(en)
	}
	var touched []*entry // descending
	for _, m := range mappings {
		en := g.entries[m.EID.Prefix]
		switch {
		case en == nil:
			en = &entry{mapping: m, merge: e.cfg.Merge[m.EID]}
			g.place(en)
		case en.merge != e.cfg.Merge[m.EID]: // it goes in other messages from now on
			e.remove(en)
			en.mapping, en.merge = m, !en.merge
			g.place(en)
		case !en.mapping.SameData(m):
			en.mapping = m
			g.divide(slices.Index(g.messages, en.message), 0)
		case !g.rekeyed:
			continue
		}
		touched = append(touched, en)
	}
	for _, en := range touched {
		en.message.fresh = false
	}
	g.rekeyed = false
	e.withdraw(now, g, gone)
	for _, en := range slices.Backward(touched) {
		if en.state == NoState {
			e.created(now, en)
		} else {
			e.changed(now, en)
		}
	}
	for _, m := range g.messages {
		if _, armed := e.timers.Get(timerKey{send: m}); !armed && m.periodic() {
			e.restart(now, m) // the other part of a message that was split
		}
	}
}

// removeGroup withdraws a whole service.
func (e *Engine) removeGroup(now time.Time, g *group) {
	var all []*entry
	g.ascending(func(en *entry) { all = append(all, en) })
	for _, en := range all {
		e.remove(en)
	}
	e.withdraw(now, g, all)
	g.server.groups = slices.DeleteFunc(g.server.groups, func(o *group) bool { return o == g })
}

// remove takes an entry out of its group. The entry still knows its message, for the withdrawal's nonce.
func (e *Engine) remove(en *entry) {
	m := en.message
	m.entries = slices.DeleteFunc(m.entries, func(o *entry) bool { return o == en })
	m.fresh = false
	delete(m.group.entries, en.mapping.EID.Prefix)
	if len(m.entries) == 0 {
		e.timers.Stop(timerKey{send: m})
		m.group.messages = slices.DeleteFunc(m.group.messages, func(o *message) bool { return o == m })
	}
}

// snapshotDatabase returns the prefixes with their state at each map server of their family.
func (e *Engine) snapshotDatabase() []Entry {
	list := make([]Entry, 0, len(e.cfg.Database))
	for _, m := range e.cfg.Database {
		m.Locators = slices.Clone(m.Locators)
		v := Entry{Mapping: m, Since: e.times[m.EID].since, Changed: e.times[m.EID].changed, Discovered: e.discovered(m.EID)}
		for _, line := range e.cfg.MapServers {
			if line.Family != m.EID.Family() {
				continue
			}
			status := Status{MapServer: line.Addr}
			if s := e.serverAt(line.Addr); s != nil {
				if en := s.entry(m.EID); en != nil {
					status.State, status.Acked = en.state, en.acked
					if en.state == Rejected {
						status.Reason = en.reason
					}
				}
			}
			v.Status = append(v.Status, status)
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b Entry) int { return a.Mapping.EID.Compare(b.Mapping.EID) })
	return list
}

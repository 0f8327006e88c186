package mapserver

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// This file decides who may register what.

// site is one configured site.
type site struct {
	SiteConfig
	auth    *wire.Authenticator
	entries map[lispcore.EID]*entry

	// The verdict of the key on the message with this number.
	judged  uint64
	verdict bool
}

// entry is one configured EID prefix of a site.
type entry struct {
	site         *site
	eid          lispcore.EID
	moreSpecific bool // accepts more specifics
	authFailures uint64
}

// table is one service: what is configured, and what is registered.
type table struct {
	// candidates gives, for each configured prefix, the entries that may hold a prefix inside it: longest first, sites by
	// name. One longest-match lookup then finds all of them.
	candidates bart.Table[[]*entry]
	nodes      map[netip.Prefix]*node
	// registered holds the keys of nodes, for longest matches and for neighbours. It comes to be with the first Map-Request:
	// a Map-Server that nobody asks does not pay for it.
	registered *bart.Lite
}

// compareEntries orders the entries of one service by length, longest first, then by site name.
func compareEntries(a, b *entry) int {
	if c := b.eid.Prefix.Bits() - a.eid.Prefix.Bits(); c != 0 {
		return c
	}
	return strings.Compare(a.site.Name, b.site.Name)
}

// index builds the candidates of all services anew. Registrations stay.
func (e *Engine) index() {
	byService := make(map[lispcore.Service][]*entry)
	for _, s := range e.sites {
		for eid, en := range s.entries {
			byService[eid.Service()] = append(byService[eid.Service()], en)
		}
	}
	for service, t := range e.tables {
		t.candidates = bart.Table[[]*entry]{}
		if len(byService[service]) == 0 && len(t.nodes) == 0 {
			delete(e.tables, service)
		}
	}
	for service, entries := range byService {
		t := e.tables[service]
		if t == nil {
			t = &table{nodes: make(map[netip.Prefix]*node)}
			e.tables[service] = t
		}
		slices.SortFunc(entries, compareEntries)
		own := make(map[netip.Prefix][]*entry)
		for _, en := range entries {
			own[en.eid.Prefix] = append(own[en.eid.Prefix], en)
		}
		// Shortest first, so that what covers a prefix is complete when the prefix takes it over.
		for _, en := range slices.Backward(entries) {
			list := own[en.eid.Prefix]
			if list[0] != en {
				continue // one visit per prefix
			}
			if covering, ok := t.candidates.LookupPrefix(en.eid.Prefix); ok {
				for _, c := range covering {
					if c.moreSpecific {
						list = append(slices.Clip(list), c)
					}
				}
			}
			t.candidates.Insert(en.eid.Prefix, list)
		}
	}
}

// judge finds the entry that a registration of eid belongs to: the longest match whose site key verifies the message, and
// of equal ones the first site by name. Without one, reason says why; longest is then the entry whose key failed first, or
// nil. The message is the one that newMessage announced.
func (e *Engine) judge(eid lispcore.EID, message []byte) (home, longest *entry, reason wire.Reason) {
	reason = wire.ReasonNotValidSite
	t := e.tables[eid.Service()]
	if t == nil {
		return nil, nil, reason
	}
	candidates, _ := t.candidates.LookupPrefix(eid.Prefix)
	for _, en := range candidates {
		if !en.moreSpecific && en.eid.Prefix != eid.Prefix {
			continue
		}
		if e.verify(en.site, message) {
			return en, nil, 0
		}
		if longest == nil {
			longest, reason = en, wire.ReasonAuthentication
		}
	}
	return nil, longest, reason
}

// refused counts a record that judge found no home for.
func (e *Engine) refused(eid lispcore.EID, longest *entry) {
	family := e.counters.of(eid)
	if longest == nil {
		e.counters.NoSite++
		family.NoSite++
		return
	}
	e.counters.AuthFailures++
	family.AuthFailures++
	longest.authFailures++
}

// newMessage announces that verdicts on earlier messages no longer count.
func (e *Engine) newMessage() { e.verified++ }

// verify tells whether the site's key verifies the message. Each key is tried once per message.
func (e *Engine) verify(s *site, message []byte) bool {
	if s.judged != e.verified {
		s.judged = e.verified
		s.verdict = s.Key != "" && s.auth.Verify(message)
	}
	return s.verdict
}

// covers tells whether the entry would take a registration of eid, its key aside.
func (en *entry) covers(eid lispcore.EID) bool {
	return en.eid == eid || en.moreSpecific && en.eid.Covers(eid)
}

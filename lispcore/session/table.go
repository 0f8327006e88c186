package session

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"lisplab/lispcore"
)

// Table holds the reliable sessions of one device, in the order in which they came to be. All roles of the device share it.
type Table struct {
	sessions   []*Session
	byPeer     map[end]*Session
	unflushed  []*Session // those that have something to write
	byStream   map[lispcore.StreamID]*Session
	lastStream lispcore.StreamID
	created    uint64 // sessions ever
}

// end names a session: a peer, and which side dials.
type end struct {
	peer   netip.Addr
	active bool
}

// NewTable returns an empty table.
func NewTable() *Table {
	return &Table{byPeer: make(map[end]*Session), byStream: make(map[lispcore.StreamID]*Session)}
}

// NextStream returns a StreamID that was never given out before in this device. It is never 0.
func (t *Table) NextStream() lispcore.StreamID {
	t.lastStream++
	return t.lastStream
}

// Configure returns the ETR's session towards a map server, and makes it, Down, when there is none: at an ETR a session
// exists from configuration on.
func (t *Table) Configure(peer netip.Addr) *Session { return t.find(peer, true) }

// Admit returns the Map-Server's session with the ETR at peer, and makes it when there is none. It permits one
// connection from there: call it for each authenticated UDP Map-Register (draft section 4.1).
func (t *Table) Admit(local, peer netip.Addr) *Session {
	s := t.find(peer, false)
	s.permitted, s.admitted = true, true
	if s.state != Up {
		s.local = local
	}
	return s
}

func (t *Table) find(peer netip.Addr, active bool) *Session {
	s := t.byPeer[end{peer, active}]
	if s == nil {
		t.created++
		s = &Session{table: t, number: t.created, peer: peer, active: active}
		t.byPeer[end{peer, active}] = s
		t.sessions = append(t.sessions, s)
	}
	return s
}

// Remove forgets a session whose map server, or ETR, is no longer configured.
func (t *Table) Remove(s *Session) {
	delete(t.byStream, s.stream)
	delete(t.byPeer, end{s.peer, s.active})
	t.sessions = slices.DeleteFunc(t.sessions, func(o *Session) bool { return o == s })
}

// ByStream returns the session that owns a connection (dialling or Up), or nil.
func (t *Table) ByStream(id lispcore.StreamID) *Session { return t.byStream[id] }

// Accept takes a connection that a peer opened. Without a permission for its address the session is nil and the caller
// closes the stream. An older connection of the same peer is replaced: replaced is its stream, or 0.
func (t *Table) Accept(now time.Time, in lispcore.StreamOpened) (s *Session, replaced lispcore.StreamID) {
	s = t.byPeer[end{in.Remote.Addr(), false}]
	if s == nil || !s.permitted {
		return nil, 0
	}
	if s.state == Up {
		replaced = s.stream
		delete(t.byStream, replaced)
	}
	s.Opened(now, in)
	return s, replaced
}

// Flush puts everything sent since the last Flush into one WriteStream per session, in the order of their creation. It
// costs nothing for sessions that have nothing to say.
func (t *Table) Flush(out *lispcore.Outbox) {
	slices.SortFunc(t.unflushed, func(a, b *Session) int { return cmp.Compare(a.number, b.number) })
	for _, s := range t.unflushed {
		s.Flush(out)
	}
	clear(t.unflushed)
	t.unflushed = t.unflushed[:0]
}

// Passive returns the Map-Server's sessions, in the order of creation.
func (t *Table) Passive() []*Session {
	var list []*Session
	for _, s := range t.sessions {
		if !s.active {
			list = append(list, s)
		}
	}
	return list
}

// Snapshot returns a copy of all sessions in the order of creation.
func (t *Table) Snapshot() []Snapshot {
	list := make([]Snapshot, 0, len(t.sessions))
	for _, s := range t.sessions {
		list = append(list, s.snapshot())
	}
	return list
}

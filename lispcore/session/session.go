package session

import (
	"errors"
	"net/netip"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// Session is one reliable session. A session that lost its connection stays in its table, Down.
type Session struct {
	table       *Table
	number      uint64 // in the order of creation
	local, peer netip.Addr
	active      bool
	permitted   bool      // a Map-Server's: a connection may be accepted
	admitted    bool      // a Map-Server's: the peer has authenticated itself since the present connection stood
	opened      time.Time // the present or the last connection
	rtt         time.Duration

	state               State
	since               time.Time
	stream              lispcore.StreamID // 0 without a connection and without a dial
	localPort, peerPort uint16

	in, out               uint64
	bytesIn, bytesOut     uint64
	malformed, fatal      uint64
	unsupported, errorsIn uint64
	traffic               map[lispcore.Service]*User

	nextID   uint32
	received []byte // the start of a frame whose end has not come
	pending  []byte // whole frames that Flush will write
	usual    int    // length of the last write: the next one will be about as long

	users func() []lispcore.Service
}

// SetUsers gives the session the function that lists its users at the time of a snapshot. It belongs to the role.
func (s *Session) SetUsers(users func() []lispcore.Service) { s.users = users }

// Peer is the address of the other end.
func (s *Session) Peer() netip.Addr { return s.peer }

// PeerPort is the TCP port of the other end of the present or last connection.
func (s *Session) PeerPort() uint16 { return s.peerPort }

// State is the present state.
func (s *Session) State() State { return s.state }

// Stream is the present connection or dial; 0 without one.
func (s *Session) Stream() lispcore.StreamID { return s.stream }

// Dialling notes that the ETR has asked for a connection.
func (s *Session) Dialling(stream lispcore.StreamID, local netip.Addr) {
	s.state, s.stream, s.local = Init, stream, local
	s.table.byStream[stream] = s
}

// Opened notes that the connection stands. Counters and message IDs start anew.
func (s *Session) Opened(now time.Time, in lispcore.StreamOpened) {
	s.state, s.since, s.stream, s.admitted = Up, now, in.Stream, false
	s.table.byStream[in.Stream] = s
	s.local, s.localPort, s.peerPort = in.Local.Addr(), in.Local.Port(), in.Remote.Port()
	s.opened, s.rtt = now, in.RTT
	s.in, s.out, s.bytesIn, s.bytesOut = 0, 0, 0, 0
	s.malformed, s.fatal, s.unsupported, s.errorsIn = 0, 0, 0, 0
	s.traffic = make(map[lispcore.Service]*User)
	s.nextID, s.received, s.pending = 0, nil, nil
}

// Closed notes that the connection, or the dial, is gone, and with it the permission for another one, unless the peer has
// authenticated itself meanwhile: it is an ETR that has restarted, whose Map-Register has overtaken the end of its connection. It
// tells whether the session was Up.
func (s *Session) Closed(now time.Time) (wasUp bool) {
	wasUp = s.state == Up
	if wasUp {
		s.since = now
	}
	delete(s.table.byStream, s.stream)
	s.state, s.stream, s.permitted, s.admitted = Down, 0, s.admitted, false
	s.received, s.pending = nil, nil
	return wasUp
}

// Send appends a message for one user to what Flush will write. It gets the session's next message ID
// (protocol decision: IDs count from 0 per direction and are not echoed).
func (s *Session) Send(m wire.StreamMessage, user lispcore.Service) error {
	if s.pending == nil {
		s.pending = make([]byte, 0, min(s.usual, 64<<10))
	}
	before := len(s.pending)
	if before == 0 {
		s.table.unflushed = append(s.table.unflushed, s)
	}
	pending, err := wire.AppendFrame(s.pending, s.nextID, m)
	if err != nil {
		return err
	}
	s.pending = pending
	s.nextID++
	s.out++
	s.bytesOut += uint64(len(s.pending) - before)
	if user.Family != 0 {
		s.user(user).Out++
	}
	return nil
}

// Flush puts everything sent since the last Flush into one WriteStream.
func (s *Session) Flush(out *lispcore.Outbox) {
	if len(s.pending) > 0 && s.state == Up {
		out.Add(lispcore.WriteStream{Stream: s.stream, Data: s.pending})
		s.usual = len(s.pending)
	}
	s.pending = nil
}

// CountIn books a received message on one user.
func (s *Session) CountIn(user lispcore.Service) { s.user(user).In++ }

func (s *Session) user(service lispcore.Service) *User {
	u := s.traffic[service]
	if u == nil {
		u = &User{Service: service}
		s.traffic[service] = u
	}
	return u
}

// Handler takes one received message. An error tells that it was not taken and changed nothing: ErrUnexpected and ErrDiscard
// say how the session answers, any other error is a body that can't be read.
type Handler func(m wire.StreamMessage) error

var (
	// ErrUnexpected: the message has no place in this direction. It is answered as one of unknown type.
	ErrUnexpected = errors.New("unexpected message")
	// ErrDiscard: the message can be read but must be dropped without an answer.
	ErrDiscard = errors.New("message discarded")
)

// Receive takes bytes of the stream and hands each whole message to handle. What can't be read is answered by an Error
// Notification and told as an event; an error means that the framing is lost and that the caller must close the
// connection without an answer. Neither ever changes what a role knows.
func (s *Session) Receive(data []byte, out *lispcore.Outbox, handle Handler) error {
	if len(s.received) > 0 {
		s.received = append(s.received, data...)
		data = s.received
	}
	for {
		frame, n, err := wire.ParseFrame(data)
		if err != nil {
			s.malformed++
			s.fatal++
			out.Note(lispcore.Event{Kind: lispcore.Malformed, Peer: s.peer, Detail: err.Error()})
			return err
		}
		if n == 0 {
			break
		}
		s.in++
		s.bytesIn += uint64(n)
		s.dispatch(frame, n, out, handle)
		data = data[n:]
	}
	s.received = append(s.received[:0], data...)
	if len(s.received) == 0 {
		s.received = nil
	}
	return nil
}

func (s *Session) dispatch(frame wire.Frame, length int, out *lispcore.Outbox, handle Handler) {
	m, err := wire.ParseStream(frame)
	if err == nil && frame.Type == wire.TypeErrorNotification {
		s.errorsIn++
		out.Note(lispcore.Event{Kind: lispcore.Unexpected, Peer: s.peer, Detail: frame.Type.String()})
		return
	}
	if err == nil {
		err = handle(m)
	}
	switch {
	case err == nil:
	case errors.Is(err, wire.ErrUnknownType), errors.Is(err, ErrUnexpected):
		s.unsupported++
		out.Note(lispcore.Event{Kind: lispcore.Unexpected, Peer: s.peer, Detail: frame.Type.String()})
		s.refuse(wire.ErrorUnknownType, frame, length)
	default:
		s.malformed++
		out.Note(lispcore.Event{Kind: lispcore.Malformed, Peer: s.peer, Detail: err.Error()})
		if !errors.Is(err, ErrDiscard) {
			s.refuse(wire.ErrorFormat, frame, length)
		}
	}
}

// quoted is how much of an offending message an Error Notification carries: enough for the header of any message.
const quoted = 64

// refuse answers a message with an Error Notification (draft section 4.3). One is never sent about another one.
func (s *Session) refuse(code uint8, frame wire.Frame, length int) {
	if frame.Type == wire.TypeErrorNotification {
		return
	}
	data := frame.Data[:min(quoted, len(frame.Data))]
	e := &wire.ErrorNotification{Code: code, Type: frame.Type, Length: uint16(length), ID: frame.ID, Data: data}
	if err := s.Send(e, lispcore.Service{}); err != nil {
		panic(err) // the quote above keeps it far below the largest frame
	}
}

func (s *Session) snapshot() Snapshot {
	v := Snapshot{
		Local: s.local, Peer: s.peer, LocalPort: s.localPort, PeerPort: s.peerPort, Active: s.active, Permitted: s.permitted,
		State: s.state, Since: s.since, Opened: s.opened, RTT: s.rtt, In: s.in, Out: s.out, BytesIn: s.bytesIn, BytesOut: s.bytesOut,
		Malformed: s.malformed, Fatal: s.fatal, Unsupported: s.unsupported, Errors: s.errorsIn,
	}
	if s.users != nil {
		for _, service := range s.users() {
			u := User{Service: service}
			for _, t := range s.traffic {
				if t.Service == service || service.Family == 0 && t.Service.Instance == service.Instance {
					u.In += t.In
					u.Out += t.Out
				}
			}
			v.Users = append(v.Users, u)
		}
	}
	return v
}

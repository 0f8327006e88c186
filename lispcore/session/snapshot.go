package session

import (
	"net/netip"
	"time"

	"lisplab/lispcore"
)

// State of a session as `show lisp session` prints it.
type State uint8

const (
	Down State = iota // no connection
	Init              // an ETR is dialling
	Up
)

// String returns the state as IOS prints it.
func (s State) String() string { return [...]string{"Down", "Init", "Up"}[s] }

// Snapshot is a copy of one session, for the show commands.
type Snapshot struct {
	Local, Peer         netip.Addr
	LocalPort, PeerPort uint16 // of the present or the last connection; 0 before the first
	Active              bool   // true at the ETR, which dials; false at the Map-Server
	Permitted           bool   // the Map-Server would accept a connection: the peer has authenticated itself
	State               State
	Since               time.Time     // of the last change between Up and Down; zero means never
	Opened              time.Time     // when the present or the last connection stood; zero means never
	RTT                 time.Duration // of its handshake

	// Counters of the present (or last) connection: reliable-transport messages and their bytes, whole frames.
	In, Out           uint64
	BytesIn, BytesOut uint64
	Malformed         uint64 // frames with a bad body, and streams that lost their framing
	Fatal             uint64 // of these, what ended the connection: the stream lost its framing
	Unsupported       uint64 // unknown types, and messages that have no place in this direction
	Errors            uint64 // Error Notifications received

	Users []User
}

// User is one client of a session: at an ETR one (instance, family) service, at a Map-Server one instance
// (then Service.Family is 0).
type User struct {
	Service lispcore.Service
	In, Out uint64 // messages of the present connection that belong to this user
}

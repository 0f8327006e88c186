package lispcore

import (
	"fmt"
	"net/netip"
)

// EventKind says what happened. Package devices words each kind as one %LISP log line.
type EventKind uint8

const (
	// SessionUp: a reliable session stands. Peer.
	SessionUp EventKind = iota + 1
	// SessionDown: a reliable session was lost or closed. Peer, Detail is the reason.
	SessionDown
	// ConnectFailed: a dial to a Map-Server's TCP port came to nothing. Peer, Detail is the reason.
	ConnectFailed
	// ConnectionRejected: a connection came from an address that no authenticated Map-Register has come from. Peer.
	ConnectionRejected
	// Registered: an EID prefix has its first live registration. Peer, EID, Site.
	Registered
	// Withdrawn: an ETR took its registration back by TTL 0. Peer, EID, Site.
	Withdrawn
	// Expired: a registration ran out. Peer, EID, Site.
	Expired
	// Refused: a Map-Server refused a registration. Peer, EID, Detail is the reason.
	Refused
	// Rejected: an ETR was told that its registration is refused. Peer, EID, Detail is the reason.
	Rejected
	// AuthenticationFailed: a message's authentication data is wrong. Peer, Detail names the message.
	AuthenticationFailed
	// Malformed: a message can't be read. Peer, Detail is the codec's error.
	Malformed
	// Unexpected: a well-formed message that has no place here. Peer, Detail names it.
	Unexpected
	// Replayed: a Map-Register with a nonce that was used before. Peer, Nonce.
	Replayed
	// NoRefresh: a session stands, but the Map-Server sends no Registration Refresh. Peer.
	NoRefresh
	// Unacknowledged: a Registration has had no answer for 60 s. Peer, EID.
	Unacknowledged
	// LocatorDown: a locator that was reachable is not any more. Peer is the locator, Detail says what found out.
	LocatorDown
	// LocatorUp: a locator is reachable again. Peer is the locator, Detail says what found out.
	LocatorUp
	// MapCacheFull: a mapping was not kept, because the map-cache holds its limit of entries. EID.
	MapCacheFull

	// From here on: what only `debug lisp control-plane all` shows.

	// MapRequestSent: Peer is whom it went to, EID what it asks for; Detail "probe", "SMR", "SMR-invoked" or "". One that
	// goes to a Map-Resolver has a Nonce, the Count of its ITR-RLOCs, and its Inner and outer Source.
	MapRequestSent
	// MapRequestReceived: as MapRequestSent; Peer is whom it came from.
	MapRequestReceived
	// MapRequestForwarded: a Map-Server passes a Map-Request on to an ETR. Peer is the ETR, EID, Site.
	MapRequestForwarded
	// MapReplySent: Peer, EID; Detail is the action of a negative one.
	MapReplySent
	// MapReplyReceived: Peer, Nonce, Count of its records.
	MapReplyReceived
	// MapReplyRecord: as MapReplySent, for each record of a Map-Reply; Detail may be "probe", too.
	MapReplyRecord
	// MapRegisterSent and MapRegisterReceived: Peer, EID of each record; Detail "UDP" or "reliable".
	MapRegisterSent
	MapRegisterReceived
	// MapNotifySent and MapNotifyReceived: as MapRegisterSent.
	MapNotifySent
	MapNotifyReceived
)

// Debug tells whether only a debugging operator is shown events of this kind.
func (k EventKind) Debug() bool { return k >= MapRequestSent }

var eventNames = [...]string{"", "session up", "session down", "connect failed", "connection rejected", "registered", "withdrawn", "expired",
	"refused", "rejected", "authentication failed", "malformed", "unexpected", "replayed", "no refresh", "unacknowledged", "locator down", "locator up", "map-cache full",
	"map-request sent", "map-request received", "map-request forwarded", "map-reply sent", "map-reply received", "map-reply record",
	"map-register sent", "map-register received", "map-notify sent", "map-notify received"}

// String returns the kind in words.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// Event is one thing worth telling. Fields that the kind does not name are zero.
type Event struct {
	Kind   EventKind
	Peer   netip.Addr
	EID    EID
	Site   string
	Detail string

	Nonce         uint64
	Count         int
	Inner, Source netip.Addr // of an encapsulated message: who sends the packet inside, and the one outside
}

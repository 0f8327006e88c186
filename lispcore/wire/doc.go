// Package wire turns LISP control messages into bytes and bytes into messages, and nothing else: it knows no socket, no
// clock and no role.
//
// The story: a Map-Server meets one message in two envelopes. As a UDP payload it stands alone; on a reliable session
// it lies in a frame. Everything inside (records, prefixes, addresses) is written once and used by both.
//
//	UDP 4342                                TCP 4342 (reliable transport)
//	+---------------------------------+     +------+--------+----+------------+--------+
//	| Map-Register, Map-Notify,       |     | Type | Length | ID | data       | marker |  frame.go
//	| Map-Notify-Ack                  |     +------+--------+----+-----|------+--------+
//	+--|-------------|-----------|----+                                v
//	   v             v           v           Registration: a whole Map-Register, as on UDP
//	 auth.go     record.go   xTR-ID tail     Registration ACK, NACK, Refresh: an EID prefix   eid_prefix.go
//	 Sign,           |                       Mapping Notification: xTR-ID tail, one record
//	 Verify          v                       Error Notification
//	             afi.go, lcaf.go
//
// Every message has Parse (or ParseStream) and Append (or AppendFrame), and what Parse takes Append gives back as the
// same value. Parse reads strictly where a mistake could change a meaning (lengths, prefix lengths, left-over bytes),
// and ignores reserved bits, as the RFCs ask of receivers. Whatever it refuses it refuses with an *Error that
// names message, field and offset.
//
// The hot path of a Map-Server is MapRegister.Parse into a struct used before, Authenticator.Verify, MapNotify.Append
// into a slice used before, Authenticator.Sign: with SHA-1 and SHA-256 none of them allocates.
//
// The layouts are those of RFC 9301 sections 5.4, 5.6 and 5.7, RFC 8060 sections 3 and 4.1, and
// draft-kouvelas-lisp-map-server-reliable-transport-07 ("the draft" in this package); where routers differ from them
// (Cisco's I bit in a Map-Notify, the full-length MACs), the routers are followed, and the comment there says so.
// Map-Request, Map-Reply and the Encapsulated Control Message have no codec yet.
package wire

// Package wire turns LISP control messages into bytes and bytes into messages, and nothing else: it knows no socket, no
// clock and no role.
//
// The story: a Map-Server meets one message in two envelopes. As a UDP payload it stands alone; on a reliable session
// it lies in a frame. Everything inside (records, prefixes, addresses) is written once and used by both.
//
//	UDP 4342                                TCP 4342 (reliable transport)
//	+---------------------------------+     +------+--------+----+------------+--------+
//	| Map-Register, Map-Notify,       |     | Type | Length | ID | data       | marker |  frame.go
//	| Map-Notify-Ack, Info-Request;   |     +------+--------+----+-----|------+--------+
//	| Map-Request, Map-Reply (alone,  |                                v
//	| or enveloped in an ECM)         |      Registration: a whole Map-Register, as on UDP
//	+--|-------------|-----------|----+      Registration ACK, NACK, Refresh: an EID prefix   eid_prefix.go
//	   v             v           v           Mapping Notification: xTR-ID tail, one record
//	 auth.go     record.go   xTR-ID tail     Error Notification
//	 Sign,           |
//	 Verify          v                      UDP 4341: the LISP header before each packet      data_header.go
//	             afi.go, lcaf.go
//
// Every message has Parse (or ParseStream) and Append (or AppendFrame), and what Parse takes Append gives back as the
// same value. Parse reads strictly where a mistake could change a meaning (lengths, prefix lengths, left-over bytes),
// and ignores reserved bits, as the RFCs ask of receivers. Whatever it refuses it refuses with an *Error that
// names message, field and offset.
//
// What is parsed into a struct used before, and appended to a slice used before, does not allocate (but for the
// mapping in a Map-Request with M); nor does a MAC of SHA-1 or SHA-256. So a busy Map-Server makes no garbage.
//
// The layouts are those of RFC 9301 sections 5.2 to 5.8, RFC 9300 section 5.3, RFC 8060 sections 3 and 4.1, and
// draft-kouvelas-lisp-map-server-reliable-transport-07 ("the draft" in this package); where routers differ from them
// (Cisco's I bit in a Map-Notify, the full-length MACs), the routers are followed, and the comment there says so.
// LISP-SEC (RFC 9303), DDT's Map-Referral (RFC 8111) and the Info-Reply are refused.
package wire

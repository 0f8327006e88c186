// Package session is the reliable-transport session that an ETR and a Map-Server share: one per pair of addresses, for
// all instances and address families (draft-kouvelas-lisp-map-server-reliable-transport section 4).
//
//	ETR                                         Map-Server
//	 |  Map-Register (UDP, authenticated)  --->  |  Table.Admit: the session exists, a connection is permitted
//	 |  <---  Map-Notify (UDP)                   |
//	 |  OpenStream  ------- TCP 4342 --------->  |  Table.Accept: permitted? Up, else refused
//	 |  Up                                       |
//	 |  <---  Registration Refresh, scope 0      |  Send, Flush
//	 |  Registration ...  --------------------->  |  Receive: bytes to messages, across any segment boundary
//	 |            ... connection lost ...        |  Closed: Down, and the permission is gone
//	 |                                           |          unless a Map-Register has come meanwhile
//
// A session is a library under the roles, with no timer of its own: TCP itself is the liveness of the transport, and
// what a message means is the business of packages etr and mapserver. The package keeps framing, message IDs, counters,
// admission, and the answer to what can't be read.
package session

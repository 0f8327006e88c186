// Package mapserver is a Map-Server: it decides which EID prefixes an ETR may register, keeps what was registered, tells the
// ETRs, and answers Map-Requests or forwards them.
//
//	UDP Map-Register ──┐                                  ┌──> Map-Notify, with what was accepted
//	                   ├──> judge ──> store ──> expiry    │
//	TCP Registration ──┘    (site.go)  (registration.go)  ├──> ACK or NACK, then Mapping Notifications
//	                          |             |             │
//	                 sites, keys,       one registration  └──> unsolicited Map-Notify, until a Map-Notify-Ack (notify.go)
//	                 longest match      per ETR and prefix
//	                          |             |
//	                          v             v             ┌──> Map-Reply, in the ETRs' stead
//	Map-Request ────> longest match of all that is known ─┼──> negative Map-Reply, as wide as it is true (hole.go)
//	(mapresolver)             (resolve.go)                └──> Encapsulated Control Message, to one of the ETRs
//
// Both ways of registering meet in one store. A registration by UDP lives for 180 s, or, with the T bit, for its Record TTL.
// One that came by TCP is reliable: it has no timer while its session is Up, and becomes an ordinary one when the session is
// lost (draft-kouvelas section 6.3). With the merge bit the locators of several ETRs make one mapping (merge.go).
//
// What Map-Requests need beyond the store is an index of the registered prefixes, which comes to be with the first one.
package mapserver

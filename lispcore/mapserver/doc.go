// Package mapserver is the registering side of a Map-Server: it decides which EID prefixes an ETR may register, keeps what
// was registered, and tells the ETRs.
//
//	UDP Map-Register ──┐                                  ┌──> Map-Notify, with what was accepted
//	                   ├──> judge ──> store ──> expiry    │
//	TCP Registration ──┘    (site.go)  (registration.go)  └──> ACK or NACK, then Mapping Notifications
//	                          |             |
//	                 sites, keys,       one registration per ETR and prefix: 180 s by UDP,
//	                 longest match      as long as the session stands by TCP
//
// Both ways of registering meet in one store. A registration that came by TCP is reliable: it has no timer while its
// session is Up, and becomes an ordinary one, with 180 s to live, when the session is lost (draft-kouvelas section 6.3).
package mapserver

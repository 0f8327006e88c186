// Package etr is the registering side of an ETR: it tells its map servers which EID prefixes it serves.
//
//	Configure ──> database ──> group per (map server, instance, family) ──> messages of at most 255 records
//	                                |
//	           session down: one UDP Map-Register per message every 60 s, sooner while no Map-Notify answers
//	           Map-Notify:   dial TCP 4342, once per notify and at most once a minute
//	           session up:   silence until the Registration Refresh, then one Registration per EID prefix
//	           session lost: back to UDP, one period later
//
// Each EID prefix has its own state at each map server (NoState, Periodic, Stable, AckWait, Rejected), with the
// transitions of draft-kouvelas-lisp-map-server-reliable-transport section 6.2; the actions A1 to A7 of its table are
// named where they are taken. The prefixes of a group share one timer and one nonce.
package etr

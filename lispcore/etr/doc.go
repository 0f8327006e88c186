// Package etr is an ETR, or a proxy ETR: it tells its map servers which EID prefixes it serves, answers who asks for them,
// and takes the packets that come for them out of their tunnels.
//
//	Configure ──> database ──> group per (map server, instance, family) ──> messages of at most 255 records
//	                 |              |
//	                 |     session down: one UDP Map-Register per message every 60 s, sooner while no Map-Notify answers
//	                 |     Map-Notify:   dial TCP 4342, once per notify and at most once a minute
//	                 |     session up:   silence until the Registration Refresh, then one Registration per EID prefix
//	                 |     session lost: back to UDP, one period later
//	                 |
//	                 ├── Map-Request, probe ──> Map-Reply to an ITR-RLOC, at a limited rate     (request.go)
//	                 ├── a change ──────────> Solicit-Map-Requests, once per 20 s and prefix    (smr.go)
//	                 ├── merged record ─────> locators of the site's other xTRs                 (merge.go)
//	                 └── data at UDP 4341 ──> ForwardPacket, or a counted drop with its reason  (data.go)
//
// Each EID prefix has its own state at each map server (NoState, Periodic, Stable, AckWait, Rejected), with the
// transitions of draft-kouvelas-lisp-map-server-reliable-transport section 6.2; the actions A1 to A7 of its table are
// named where they are taken. The prefixes of a group share one timer and one nonce.
//
// What others say never makes it grow: who asked, and how often, is remembered in tables of fixed size.
package etr

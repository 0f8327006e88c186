// Package mapresolver is the Map-Resolver of a router: the door through which ITRs ask the mapping system (RFC 9301
// section 8.4). It opens Encapsulated Control Messages, throws away what must not travel in one, holds each requester to a
// rate, and hands the Map-Request on to the Map-Server behind it.
//
//	ITR ── ECM(Map-Request) ──> open ──> lawful? ──> within the rate? ──> served family? ──> Server.Resolve
//	                             │          │               │                   │
//	                          Malformed  Probe, SMR,     RateLimited         NotServed        (counters)
//	                                     BadPort, ...
//
// The answer, or the Map-Request that goes on to an ETR, is the Server's to send: drain both engines after each input. A
// Map-Resolver with no Map-Server behind it knows of no EID at all, and says so with negative Map-Replies.
package mapresolver

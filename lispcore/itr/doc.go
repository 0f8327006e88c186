// Package itr is the sending side of a LISP site: it decides which packets go into a tunnel, and to which locator. One
// engine serves an ITR (for the EID prefixes of its own site) and a PITR (for senders without LISP).
//
//	packet from the router                                Map-Reply       SMR          data packet (header only)
//	      |                                                   |            |                  |
//	      v                                                   v            v                  v
//	+-----------+  longest match   +------------+  install  +---------------+      +------------------------+
//	| decide    |----------------->| map-cache  |<----------| nonce, asked? |      | Locator-Status-Bits,   |
//	+-----------+                  | per        |           +---------------+      | echoed nonce           |
//	   |      |  miss              | instance,  |                  ^               +------------------------+
//	   |      +-----> request ---->| family     |--- locators ---> |                  |
//	   |              1/s, 10, 30s +------------+       |          |                  v
//	   v                 |                              v     Map-Reply, P   +------------------+
//	Verdict:             v                        probe ------------------->| rloc: up or down |
//	Encapsulate,   ECM to a Map-Resolver                                     +------------------+
//	Native, Drop, TooBig
//
// The map-cache holds what the operator typed (static entries, and the ITR's own entry that asks for everything) and what
// Map-Replies said, positive and negative. An entry without an answer is never there: a packet that finds none is dropped
// and makes the ITR ask. What is known about an address as such (is it routed, does it answer probes, does it echo
// nonces, what fits through) stands once, in an rloc, for all entries that use it.
//
// Nobody is believed who was not asked: a Map-Reply must carry a nonce of ours and cover what was asked, and an SMR only
// makes the ITR ask the mapping system. Everything that packets make grow has a limit: the map-cache, the pending
// requests, the table that ICMP errors are looked up in.
//
// Rules are those of RFC 9300 sections 5 to 10 and RFC 9301 sections 5 and 7. Forwarding a packet to a known mapping
// allocates nothing.
package itr

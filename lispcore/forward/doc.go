// Package forward is what happens to one IP packet on the LISP data plane: taken apart, counted down, wrapped, unwrapped
// and cut to size. Its functions are pure: bytes in, bytes out, no table, no clock, no state. Which packet goes where is
// decided by the roles (itr, etr) and by the router around them (package devices).
//
//	 native packet                                                     native packet
//	      |                                                                 ^
//	      v                                                                 |
//	+-----------+   +----------+   +-------------+            +-------------+
//	| Parse     |-->| Fragment |-->| Encapsulate |            | Decapsulate |
//	| Decrement |   | if it is |   | OuterFields |            | TTL, DSCP,  |
//	| TTL       |   | too big  |   | FlowHash    |            | ECN, sums   |
//	+-----------+   +----------+   +-------------+            +-------------+
//	                                      |      UDP 4341            ^
//	                                      +----- outer packet ------>+
//	                               | outer IP | UDP | LISP header | inner IP packet |
//	                               '--- the underlay's ---'------ the payload ------'
//
// The outer IP and UDP headers are written by whoever owns the socket; this package names their fields (OuterFields,
// FlowHash, Overhead) and reads back what arrived in them (Decapsulate).
//
// Nothing here allocates, but for the growth of a dst that is too small, so a router that keeps its buffers forwards
// without any garbage. Whatever a packet says, no function panics or reads beyond it.
//
// Layouts and rules are those of RFC 791, RFC 8200, RFC 9300 sections 5.3, 7.1 and 12, RFC 1624 (checksums brought up to
// date in place) and RFC 6040 (ECN through tunnels, normal mode).
package forward

// Package probe is ping and traceroute as state machines: what they send, what they make of the answers, and what they
// print, in IOS's words. Routers and hosts run the same ones.
//
// The story: a Probe has no socket and no clock. Its node takes the packets that it wants sent, hands it the messages that
// came for the node, and ticks it:
//
//	Start, Tick ──> +-------+ ──> Drain: packets that begin with an IP header
//	                | Probe |
//	    Receive ──> +-------+ ──> Text: what is new on the screen
//	                  Deadline
//
// One packet is under way at a time, as on IOS: the next one goes when the last was answered or given up. Links without
// delay answer at the same instant; a round trip below a millisecond prints as 1.
package probe

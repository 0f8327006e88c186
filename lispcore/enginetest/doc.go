// Package enginetest is a test bed for the engines: routers on a table, joined by nothing but their Inputs and Outputs.
// There is no socket, no goroutine and no clock but the one that the test moves, and delay is zero. It serves tests only.
//
//	a scenario (testdata/*.txt) ──> Run ──> Bed ──┬── xTR1 (etr, itr)
//	        ^                                     ├── MS   (mapserver, mapresolver)
//	        └── the same text, with what passed ──┴── Eve  (a puppet: the test is its mind)
//
// A scenario is text. Lines that begin with ">" are typed, lines that begin with "#" tell the reader why, and all others
// are what passed, which Run writes anew:
//
//	> advance 1s
//	00:00:01  xTR1 => MS    connect
//	          xTR1          * session up: MS
//	          MS => xTR1    0 Registration Refresh: all
//	          xTR1 => MS    0 Registration n1 key-a: 10.10.10.0/24
//	                        1 Registration n1 key-a: 10.20.20.0/24
//
// "->" is a datagram, "=>" is a message on a reliable session, with its message ID, and "*" is a Notice. A line without
// names belongs to the same write as the line above. n1, n2, ... are nonces in the order in which they first appeared;
// key-a is the key that verifies the message. TTL, flags and locators are shown only where they are not the usual ones:
// 1440 minutes, M and I, one locator that is the ETR's own RLOC with 1/100. "ECM E" is an Encapsulated Control Message with
// the E bit, "data" a packet in its tunnel.
//
// The orders of events are those of the lab: what a router puts out is carried in order, routers take turns in the order
// in which they were made, a dialler hears of a connection before the side that accepts, and a timer fires when nothing
// else is left to do at its instant. What an engine is given is overwritten afterwards, so that one that keeps a slice of
// it is found out. The commands are in commands.go.
package enginetest

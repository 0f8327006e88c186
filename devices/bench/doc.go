// Package bench measures what a Map-Server, a Map-Resolver and an xTR of this program do in a second, and sets it beside
// what the machine does.
//
// The story: a sender plays one ETR that registers many EID prefixes, over loopback sockets, at a real Map-Server engine.
// Messages and their digests are made before the clock starts; every answer is checked off.
//
//	sender  -- Map-Register, 64 outstanding -->  underlay.Server
//	        <-- Map-Notify --------------------    mapserver.Engine     registrations over UDP
//
//	        == Registration, pipelined ======>
//	        <== ACK, Mapping Notification ====                          registrations over TCP
//
//	        -- ECM, Map-Request --------------->
//	        <-- Map-Reply ---------------------    mapresolver, mapserver    resolution
//
//	        -- IP packet ---------------------->
//	        <-- LISP header, IP packet --------    itr.Engine                forwarding
//
//	        -- the same bytes ---------------->
//	        <-- the same bytes ----------------  echo                   the machine's limit
//
// The limit is what the same sender, the same batches and the same sizes give when nothing is done between reading and
// writing. Memory per registration and the hourly cost of an ETR are measured in memory, without a socket: for the hour two
// engines talk to each other in virtual time.
//
// "New" is the first registration of an EID prefix, "known" a repetition that changes nothing.
package bench

// Package devices is the world that the protocol lives in: a lab of IOS-like routers with their configurations, their
// power, the cables between them, and the time that passes for all of them.
//
// The story: a lab file names routers, software releases and links; a configuration per router says the rest. A Device
// turns its Config into engines (ITR, ETR, Map-Resolver, Map-Server) and into interfaces and routes of the underlay; Apply
// exchanges a configuration, all or nothing. Engines talk in bytes, and the loop carries the bytes over real sockets in
// lock-step:
//
//	lab.yaml, *.cfg --> OpenLab --> Lab ------- Advance, Settle, Follow, Do
//	                                 |
//	     Device xTR1                 |                Device New-MSMR
//	 Config --> etr.Engine --+    +-----+    +-- mapserver.Engine <-- Config
//	            (dispatch)   +--->|loop |--->+   (dispatch)
//	 Log <-- notices ------- +    +-----+    +-------- notices --> Log
//	                                 |
//	                         underlay.Network: links, routes, faults, kernel sockets
//
// Packets of others are the router's own business (plane.go): one function, decide, says what becomes of each, for
// forwarding, for `lab explain` and for `show ip cef` alike; LISP is asked where the routing table has nothing better than a
// default route or one to Null0. Hosts of the lab file answer ping and can be made to ping and trace. Whatever waits, a ping
// or a lig, is a Task: it runs by the loop like everything else.
//
// Elsewhere time is real, and packets cross real wires (realtime.go): a namespace for each router, or one router alone as a
// process of the machine (hosted.go).
//
// Time is lab time. It begins at 00:00:00 UTC on January 1, 2026, jumps from deadline to deadline, and follows the wall
// clock only on request. One goroutine owns a lab: the caller's, or, while it follows, one that Do hands closures to.
package devices

// Package lispcore is the vocabulary of the LISP control plane and the contract of its engines.
//
// The story: a LISP role (an ETR, a Map-Server, ...) is a calculation. Bytes and the present lab time go in, bytes and
// notices come out. No engine knows a socket, a clock, a goroutine or a global source of randomness, so the same inputs
// always give the same outputs, and a test can hold a whole protocol run in a table.
//
//	   Datagram  StreamOpened  StreamData  StreamClosed  Tick
//	       |          |            |            |         |
//	       v          v            v            v         v
//	 +----------------------------------------------------------+
//	 |  Engine.Handle(now, input)      etr, mapserver, ...      |
//	 |    wire    : bytes <-> messages                          |
//	 |    session : one reliable session per pair of addresses  |
//	 +----------------------------------------------------------+
//	       |          |            |            |         |
//	       v          v            v            v         v
//	SendDatagram  OpenStream  WriteStream  CloseStream  Notice
//
// Package devices owns the sockets and the clock, and carries outputs of one engine to the inputs of another.
//
// The words are those of RFC 9300, RFC 9301 and draft-kouvelas-lisp-map-server-reliable-transport-07.
package lispcore

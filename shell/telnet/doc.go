// Package telnet is the router's end of the telnet protocol (RFC 854, 855): what its lines need, and no more.
//
// Codec is a calculation: raw bytes go in, the typed bytes and the protocol's own answers come out. Stream puts it around
// a connection:
//
//	            ┌─────────────── Stream ───────────────┐
//	raw bytes   │            Codec            data     │   Read
//	──────────> │  ───────────> Decode ──────────────> │ ───────>
//	            │                 │ replies            │
//	<────────── │  <──────────────┴───── Encode <───── │ <───────
//	            └──────────────────────────────────────┘   Write
//
// The router echoes and suppresses go-ahead (RFC 857, 858), and asks for the terminal's type and size (RFC 1091, 1073); it
// refuses every other option. The size is known to who asks, and changes nothing: a vty is 80 by 24 until its user says
// otherwise.
package telnet

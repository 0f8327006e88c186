// Package editor is the line editor of a router's vty: the keys of IOS, echoed as IOS echoes them.
//
// It is a calculation. Bytes of the terminal go in; bytes for the terminal and events come out. Nothing here reads,
// writes, waits or starts a goroutine:
//
//	               Feed                     Output
//	typed bytes ─────────>  Editor  ─────────────────>  echo
//	                          │
//	                          └──>  Event: Enter, End, Interrupt, Help, Complete
//
// The echo only ever appends. A character typed at the end of the line is echoed once and nothing else is sent; edits in
// the middle go back with backspaces and write the rest of the line anew. There is never an escape sequence, so clients
// that wait for their own command to come back find it in one piece, whatever terminal they claim to be.
//
// Inside, the editor keeps the line and what the terminal shows of it, and paint brings the second up to the first. That
// one function draws every key, the scrolling of long lines included.
package editor

// Package grammar parses lines of a command language that is declared as strings, in the manner of a router's command
// line: keywords may be shortened to a unique beginning, `?` tells what may come next, Tab completes, and an error
// knows the column at which a line stopped making sense. It holds no word of any such language.
//
// A rule is a mode and a syntax string:
//
//	show widget [detail | name WORD$name | <1-99>$number]
//
//	keyword            any other word; matched without regard to case, by a unique beginning
//	<a | b>  [a | b]   exactly one of, at most one of
//	[a | b]...         any of them, each once, in any order
//	$name              names the value of a place, or which keyword of a < > was typed
//	WORD LINE          one word; the raw rest of the line
//	<1-99>             a number
//	A.B.C.D  A.B.C.D/nn  X:X:X:X::X  X:X:X:X::X/<0-128>    addresses and prefixes
//	ADDRESS  PREFIX  EID                                   of either family; EID takes both an address and a prefix
//	INTERFACE          an interface name, as one word (gi0/1) or two (Loopback 0)
//	DURATION           5h5m41s
//	{mode}             the rest is a line of that mode
//	\|                 the keyword |
//
// All rules of a mode are one tree; two rules may share its branches but not its ends:
//
//	(root) ─ show ─ widget ─┬─ <cr>                        rule 1
//	                        ├─ detail ─ <cr>               rule 1
//	                        └─ name ─ WORD$name ─ <cr>     rule 1
//
// Parse, Next and Complete walk it, and a branch grows when a line first comes there: a process types few of the lines that a
// table knows. Every keyword and place has a line of help, kept once per word path (see Words); a table with missing,
// contradicting or unused help fails its Check, which its test calls.
package grammar

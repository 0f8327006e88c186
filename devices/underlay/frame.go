package underlay

import "time"

// Frame is an Ethernet frame that has really passed an interface of a node.
type Frame struct {
	At   time.Time // by the wall clock
	Port Port
	Out  bool // it leaves the node by Port; else it comes in there
	// Peer is the other end: on a segment of two the one that there is; on a LAN the one that the frame is for, or from. It is
	// Nobody's when that is no node of the lab, or everyone there.
	Peer Port
	Data []byte
}

// Nobody is the port of what is no node of the lab.
var Nobody = Port{Node: -1}

// Everyone tells whether the frame is for everyone on the segment, or for a group.
func (f Frame) Everyone() bool { return forEveryone(f.Data) }

func forEveryone(frame []byte) bool { return len(frame) > 0 && frame[0]&1 == 1 }

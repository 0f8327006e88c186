package underlay

import (
	"net/netip"
	"slices"
)

// Segment is one TCP segment of an event.
type Segment struct {
	Back    bool // it is Dst's, in answer
	Flags   TCPFlags
	Payload []byte
}

// Segments are what two ordinary TCP stacks would have sent to bring an event of TCP about, in order; none of one that no
// packet tells. The first is the one that Way, Fate, Detail and Damaged speak of.
func (e Event) Segments() []Segment {
	answer := Segment{Back: true, Flags: ACK}
	switch e.Kind {
	case Dial:
		return []Segment{{Flags: SYN}}
	case Accept:
		return []Segment{{Flags: SYN | ACK}, answer}
	case Refuse, Reset: // RFC 9293 section 3.5.2
		return []Segment{{Flags: RST | ACK}}
	case Data:
		return e.mistreat(e.data())
	case SegmentLost:
		return []Segment{{Flags: ACK | PSH, Payload: e.Payload}}
	case Close: // an orderly close is two of them, one by each side
		return []Segment{{Flags: FIN | ACK}, answer}
	}
	return nil
}

// data sends a run of bytes in segments of at most the MSS; the receiver acknowledges every second one and the last, unless
// it does not know the connection any more.
func (e Event) data() (list []Segment) {
	size := SegmentSize(e.Src, e.Way)
	for n, payload := 1, e.Payload; len(payload) > 0; n++ {
		s := Segment{Flags: ACK, Payload: payload[:min(size, len(payload))]}
		payload = payload[len(s.Payload):]
		last := len(payload) == 0
		if last {
			s.Flags |= PSH
		}
		list = append(list, s)
		if (last || n%2 == 0) && e.Detail == "" {
			list = append(list, Segment{Back: true, Flags: ACK})
		}
	}
	return list
}

// mistreat does to the segments of a write what impaired links have done: the first one comes last, and the receiver
// acknowledges only when all are there; the last one comes twice, and so does its acknowledgment.
func (e Event) mistreat(list []Segment) []Segment {
	if e.Detail != "" { // nobody acknowledges
		return list
	}
	answer := Segment{Back: true, Flags: ACK}
	if e.Late && len(e.Payload) > SegmentSize(e.Src, e.Way) {
		list = slices.DeleteFunc(list, func(s Segment) bool { return s.Back })
		list = append(list[1:], list[0], answer)
	}
	if n := len(list); e.Twice && n >= 2 {
		list = append(list, list[n-2], answer)
	}
	return list
}

// SegmentSize is the MSS on a way from an address, in bytes: 1460 over IPv4 and 1440 over IPv6 where every MTU is 1500 (RFC
// 9293 section 3.7.1).
func SegmentSize(from netip.AddrPort, way []Hop) int {
	mtu := DefaultMTU
	for _, h := range way {
		mtu = min(mtu, h.MTU)
	}
	return mtu - segmentHeaders(from)
}

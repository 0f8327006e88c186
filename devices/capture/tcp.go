package capture

import (
	"net/netip"

	"github.com/gopacket/gopacket/layers"

	"lisplab/devices/underlay"
)

const window = 16384 // bytes, as IOS advertises

// side is one end of a connection during an exchange.
type side struct {
	addr netip.AddrPort
	next uint32 // sequence number of the next byte that it sends
	way  []underlay.Hop
}

// segmentsOf returns the segments of an event of TCP; none of one that no packet tells. All numbers are the event's, so a
// capture may begin in the middle of a connection.
func segmentsOf(e underlay.Event) []sent {
	src, dst := side{e.Src, e.Seq, e.Way}, side{e.Dst, e.Ack, e.Back}
	var list []sent
	for _, s := range e.Segments() {
		if s.Back {
			list = append(list, segment(&dst, &src, s))
		} else {
			list = append(list, segment(&src, &dst, s))
		}
	}
	if len(list) > 0 {
		list[0].comment, list[0].damaged = lost(e), e.Damaged
	}
	return list
}

// segment gives a segment its ports and numbers, and counts what it uses of the sequence space.
func segment(from, to *side, s underlay.Segment) sent {
	has := func(flag underlay.TCPFlags) bool { return s.Flags&flag != 0 }
	head := &layers.TCP{
		SrcPort: layers.TCPPort(from.addr.Port()), DstPort: layers.TCPPort(to.addr.Port()), Seq: from.next,
		SYN: has(underlay.SYN), ACK: has(underlay.ACK), PSH: has(underlay.PSH), FIN: has(underlay.FIN), RST: has(underlay.RST),
	}
	if head.ACK {
		head.Ack = to.next
	}
	if !head.RST {
		head.Window = window
	}
	if head.SYN {
		head.Options = mss(from)
	}
	from.next += uint32(len(s.Payload))
	if head.SYN || head.FIN {
		from.next++
	}
	return sent{src: from.addr.Addr(), dst: to.addr.Addr(), env: control, head: head, summed: true, payload: s.Payload, way: from.way}
}

// mss is the option by which a side says how long the segments may be that it gets. It knows only the MTU of its own interface.
func mss(s *side) []layers.TCPOption {
	size := underlay.SegmentSize(s.addr, s.way[:min(1, len(s.way))])
	return []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionData: []byte{byte(size >> 8), byte(size)}}}
}

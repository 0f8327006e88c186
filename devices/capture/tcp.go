package capture

import (
	"net/netip"
	"slices"

	"github.com/gopacket/gopacket/layers"

	"lisplab/devices/underlay"
)

const window = 16384 // bytes, as IOS advertises

// exchange is what two ordinary TCP stacks would have sent to bring one event about: segments of its Src, and those by which
// its Dst answers. All numbers are the event's, so a capture may begin in the middle of a connection.
type exchange struct {
	src, dst side
	segments []sent
}

// side is one end of a connection during an exchange.
type side struct {
	addr netip.AddrPort
	next uint32 // sequence number of the next byte that it sends
	way  []underlay.Hop
}

// segmentsOf returns the segments of an event of TCP; none of one that no packet tells.
func segmentsOf(e underlay.Event) []sent {
	x := &exchange{src: side{e.Src, e.Seq, e.Way}, dst: side{e.Dst, e.Ack, e.Back}}
	switch e.Kind {
	case underlay.Dial:
		x.add(&x.src, &x.dst, layers.TCP{SYN: true, Options: mss(x.src)}, nil)
	case underlay.Accept:
		x.add(&x.src, &x.dst, layers.TCP{SYN: true, ACK: true, Options: mss(x.src)}, nil)
		x.ack()
	case underlay.Refuse, underlay.Reset: // RFC 9293 section 3.5.2
		x.add(&x.src, &x.dst, layers.TCP{RST: true, ACK: true}, nil)
	case underlay.Data:
		x.data(e)
	case underlay.SegmentLost:
		x.add(&x.src, &x.dst, layers.TCP{ACK: true, PSH: true}, e.Payload)
	case underlay.Close: // an orderly close is two of them, one by each side
		x.add(&x.src, &x.dst, layers.TCP{FIN: true, ACK: true}, nil)
		x.ack()
	}
	if len(x.segments) > 0 {
		x.segments[0].comment, x.segments[0].damaged = lost(e), e.Damaged
	}
	return x.segments
}

// data sends a run of bytes in segments of at most the MSS; the receiver acknowledges every second one and the last, unless
// it does not know the connection any more.
func (x *exchange) data(e underlay.Event) {
	size := segmentSize(x.src)
	for n, payload := 1, e.Payload; len(payload) > 0; n++ {
		piece := payload[:min(size, len(payload))]
		payload = payload[len(piece):]
		last := len(payload) == 0
		x.add(&x.src, &x.dst, layers.TCP{ACK: true, PSH: last}, piece)
		if (last || n%2 == 0) && e.Detail == "" {
			x.ack()
		}
	}
	x.mistreat(e)
}

// mistreat does to the segments of a write what impaired links have done: the first one comes last, and the receiver
// acknowledges only when all are there; the last one comes twice, and so does its acknowledgment.
func (x *exchange) mistreat(e underlay.Event) {
	if e.Detail != "" { // nobody acknowledges
		return
	}
	if e.Late && len(e.Payload) > segmentSize(x.src) {
		x.segments = slices.DeleteFunc(x.segments, func(s sent) bool { return len(s.payload) == 0 })
		x.segments = append(x.segments[1:], x.segments[0])
		x.ack()
	}
	if n := len(x.segments); e.Twice && n >= 2 {
		x.segments = append(x.segments, x.segments[n-2])
		x.ack()
	}
}

// ack has the receiver acknowledge what it has got.
func (x *exchange) ack() { x.add(&x.dst, &x.src, layers.TCP{ACK: true}, nil) }

// add completes the header with ports and numbers, and counts what the segment uses of the sequence space.
func (x *exchange) add(from, to *side, head layers.TCP, payload []byte) {
	head.SrcPort, head.DstPort = layers.TCPPort(from.addr.Port()), layers.TCPPort(to.addr.Port())
	head.Seq = from.next
	if head.ACK {
		head.Ack = to.next
	}
	if !head.RST {
		head.Window = window
	}
	from.next += uint32(len(payload))
	if head.SYN || head.FIN {
		from.next++
	}
	x.segments = append(x.segments, sent{
		src: from.addr.Addr(), dst: to.addr.Addr(), env: control, head: &head, summed: true, payload: payload, way: from.way,
	})
}

// segmentSize is the MSS on the way from a side, in bytes: 1460 over IPv4 and 1440 over IPv6 where every MTU is 1500 (RFC
// 9293 section 3.7.1).
func segmentSize(s side) int {
	const tcpHeader = 20
	mtu := control.mtu
	for _, hop := range s.way {
		mtu = min(mtu, hop.MTU)
	}
	return mtu - headerSize(s.addr.Addr()) - tcpHeader
}

func mss(s side) []layers.TCPOption {
	s.way = s.way[:min(1, len(s.way))] // a side knows only the MTU of its own interface
	size := segmentSize(s)
	return []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionData: []byte{byte(size >> 8), byte(size)}}}
}

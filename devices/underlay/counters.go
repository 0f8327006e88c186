package underlay

import (
	"math"
	"net/netip"
	"time"

	"lisplab/lispcore/forward"
)

// Counters is what an interface of a node has counted since the node has power.
//
// On loopback it counts the frames that captures of the node show there, one by one, forwarded ones included, at the instant at
// which they show them, that of the arrival. What does not leave, for want of room in the queue of a link, is no output, and what
// a link loses is no input behind it. A copy that a link makes counts from the sender on.
//
// A packet that a link damages is a CRC error at the port where it ends, if it ends there: of those that routers and hosts hand on
// one by one (SendPacket) nobody but the port could notice, whatever the byte. Datagrams and segments of the lab's own sockets go
// on to their receiver, whose checksum tells: the frames that carry them are whole, and count as IOS counts such.
//
// On the kernel's wires it is what the kernel counts at the node's end of the veth, and beside it what the lab drops between the
// two ends of a link. When packets came, and how fast, the kernel does not tell: see Modelled.
type Counters struct {
	In, Out     Traffic
	OutputDrops uint64 // packets for which the queue of a link with a Rate had no room
	InputErrors uint64 // CRC, and what else a kernel takes for one
	CRC         uint64 // packets that ended here because a link had changed a byte
	Queued      int    // full packets that wait for links with a Rate at present

	// Modelled: there are no frames but those of the lab's packets, and Last and the averages of Traffic are known.
	Modelled bool
}

// Traffic is what passed an interface in one direction.
type Traffic struct {
	Packets uint64
	Bytes   uint64    // of Ethernet frames, padding to 60 bytes included, without the check sequence
	Last    time.Time // the zero Time: never
	// Bits and Rate are bits and packets a second, averaged as IOS does with a load interval of 5 minutes.
	Bits, Rate float64
}

// Since is what has been counted since the counters were as before. What is of the present stays as it is.
func (c Counters) Since(before Counters) Counters {
	c.In, c.Out = c.In.since(before.In), c.Out.since(before.Out)
	c.OutputDrops -= before.OutputDrops
	c.InputErrors -= before.InputErrors
	c.CRC -= before.CRC
	return c
}

func (t Traffic) since(before Traffic) Traffic {
	t.Packets -= before.Packets
	t.Bytes -= before.Bytes
	return t
}

// IOS averages over 5 minutes: every 5 seconds what came meanwhile enters with a weight of 1-e^(-5/300).
const (
	loadInterval = 5 * time.Minute
	loadStep     = 5 * time.Second
)

var loadDecay = math.Exp(-float64(loadStep) / float64(loadInterval))

// tally is the counters of one interface.
type tally struct {
	in, out    flow
	drops, crc uint64
}

// flow counts one direction. Its averages are kept as of the last step of lab time in which something came, and brought up to
// date when they are asked for: the numbers are the same whenever that is.
type flow struct {
	Traffic
	step          int64   // that of what is fresh
	bits, packets float64 // fresh: not in the averages yet
}

// add counts a frame.
func (f *flow) add(at time.Time, bytes int) {
	f.settle(at)
	f.Packets++
	f.Bytes += uint64(bytes)
	f.Last = at
	f.bits += float64(bytes) * 8
	f.packets++
}

// settle brings the averages up to an instant.
func (f *flow) settle(now time.Time) {
	step := now.UnixNano() / int64(loadStep)
	past := step - f.step
	if past <= 0 {
		return
	}
	fade := math.Pow(loadDecay, float64(past-1))
	average := func(old, fresh float64) float64 {
		return (old*loadDecay + fresh/loadStep.Seconds()*(1-loadDecay)) * fade
	}
	f.Bits, f.Rate = average(f.Bits, f.bits), average(f.Rate, f.packets)
	f.step, f.bits, f.packets = step, 0, 0
}

// tallies are the counters of all interfaces that have seen something, by node.
type tallies struct {
	byNode []map[string]*tally
	cut    []int // lengths of the present packet's fragments
}

// at is the counters of an interface.
func (t *tallies) at(p Port) *tally {
	for len(t.byNode) <= p.Node {
		t.byNode = append(t.byNode, nil)
	}
	if t.byNode[p.Node] == nil {
		t.byNode[p.Node] = make(map[string]*tally)
	}
	c := t.byNode[p.Node][p.Interface]
	if c == nil {
		c = &tally{}
		t.byNode[p.Node][p.Interface] = c
	}
	return c
}

// forget drops what a node without power has counted.
func (t *tallies) forget(node int) {
	if node < len(t.byNode) {
		t.byNode[node] = nil
	}
}

// read returns the counters of an interface.
func (t *tallies) read(now time.Time, p Port) Counters {
	c := Counters{Modelled: true}
	if p.Node >= len(t.byNode) || t.byNode[p.Node][p.Interface] == nil {
		return c
	}
	of := t.byNode[p.Node][p.Interface]
	of.in.settle(now)
	of.out.settle(now)
	c.In, c.Out = of.in.Traffic, of.out.Traffic
	c.OutputDrops, c.InputErrors, c.CRC = of.drops, of.crc, of.crc
	return c
}

// count takes one event.
func (t *tallies) count(e Event) {
	switch e.Kind {
	case Packet, PacketDropped:
		t.cut = append(t.cut[:0], len(e.Payload))
		t.cross(e.At, e.Way, e.Payload[0]>>4 == 4, e.Fate)
	case Datagram, DatagramDropped:
		if v4 := e.Src.Addr().Is4(); v4 == e.Dst.Addr().Is4() && len(e.Way) > 0 {
			t.cutDatagram(e, v4)
			t.cross(e.At, e.Way, v4, e.Fate)
		}
	default:
		for i, s := range e.Segments() {
			way, fate := e.Way, CameIn
			if s.Back {
				way = e.Back
			}
			if i == 0 {
				fate = e.Fate
			}
			t.cut = append(t.cut[:0], segmentLength(e.Src, s))
			t.cross(e.At, way, e.Src.Addr().Is4(), fate)
		}
	}
}

// segmentLength is the length of a segment's IP packet.
func segmentLength(a netip.AddrPort, s Segment) int {
	const mssOption = 4
	length := segmentHeaders(a) + len(s.Payload)
	if s.Flags&SYN != 0 {
		length += mssOption
	}
	return length
}

// cutDatagram finds the packets in which a datagram leaves its sender.
func (t *tallies) cutDatagram(e Event, v4 bool) {
	header, extension := ipv4Header, 0
	if !v4 {
		header, extension = ipv6Header, fragHeader
	}
	rest := udpHeader + len(e.Payload)
	t.cut = t.cut[:0]
	if rest <= e.MTU-header || e.DF {
		t.cut = append(t.cut, header+rest)
		return
	}
	for room := (e.MTU - header - extension) &^ 7; rest > 0; rest -= room {
		t.cut = append(t.cut, header+extension+min(room, rest))
	}
}

// cross counts the present packet along its way.
func (t *tallies) cross(at time.Time, way []Hop, v4 bool, fate Fate) {
	for i, h := range way {
		if v4 {
			t.cutFor(h.MTU)
		}
		ends := CameIn
		if i == len(way)-1 {
			ends = fate
		}
		for _, length := range t.cut {
			frame := max(ethernetHeader+length, shortestFrame)
			switch ends {
			case QueueFull:
				t.at(h.From).drops++
				continue
			case DamagedOnLink:
				t.at(h.To).crc++
			case CameIn:
				t.at(h.To).in.add(at, frame)
			}
			t.at(h.From).out.add(at, frame)
		}
	}
}

// cutFor cuts IPv4 packets that are longer than an MTU, as a router does.
func (t *tallies) cutFor(mtu int) {
	for i := 0; i < len(t.cut); i++ {
		if t.cut[i] <= mtu {
			continue
		}
		payload := t.cut[i] - ipv4Header
		size := forward.PieceSize(payload, (mtu-ipv4Header)&^7)
		t.cut[i] = ipv4Header + size
		rest := payload - size
		for ; rest > 0; rest -= size {
			t.cut = append(t.cut, ipv4Header+min(size, rest))
		}
	}
}

// shortestFrame is what an Ethernet frame is padded to, in bytes, without its check sequence.
const shortestFrame = 60

// Counters returns what an interface has counted; false on an underlay that has no such interface.
func (n *Network) Counters(now time.Time, at Port) (Counters, bool) {
	c := n.ports.read(now, at)
	c.Queued = n.queued(now, at)
	return c, true
}

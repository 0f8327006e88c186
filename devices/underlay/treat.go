package underlay

import (
	"encoding/binary"
	"slices"
	"time"

	"lisplab/lispcore/checksum"
	"lisplab/lispcore/forward"
)

// crossing is a frame as it comes off a segment.
type crossing struct {
	at    time.Time
	frame []byte
}

// treat does to an Ethernet frame, which one port of a segment has sent and another is to get, what the link between them
// does in this direction, and returns when it comes off, as what and how often; or why it is lost. It draws as for a packet of
// the modelled network, and what it does to the bytes has the effect that it has there: the receiver of a corrupted LISP
// control message reads it and finds that it is wrong; everything else that is changed, a receiver's kernel drops for its
// checksum. The frame is not changed.
//
// What is no IP packet, or a malformed one, is lost, late and doubled like any other frame, but neither blocked nor changed;
// ICMPv6 neighbour discovery is changed as little as ARP is: the modelled network, which has neither, finds its neighbours
// on such links too. Fragments but the first are not blocked, whatever became of that one: without it they are worth nothing.
func (l *lanes) treat(now time.Time, from, to Port, frame []byte) (out []crossing, fate Fate, lost string) {
	h := Hop{From: from, To: to}
	if l.on(h) == nil {
		return []crossing{{now, frame}}, CameIn, ""
	}
	p, isIP := packetIn(frame)
	length := len(frame) - ethernetHeader
	if isIP {
		length = p.Length
		if lost = l.stops(h, FlowOf(p.Packet, p.data, 1)); lost != "" {
			return nil, LostOnLink, lost
		}
	}
	var f harm
	if fate, lost = l.cross(now, h, max(0, length), &f); lost != "" {
		return nil, fate, lost
	}
	if (f.corrupt || f.damaged) && isIP && !p.findsNeighbors() {
		frame = slices.Clone(frame)
		p.data = frame[ethernetHeader:]
		if !l.damage(p, f) {
			return nil, DamagedOnLink, "damaged on the link " + l.linkName(h) // it has no checksum by which a receiver could tell
		}
	}
	delay, copies := f.after()
	return slices.Repeat([]crossing{{now.Add(delay), frame}}, copies), CameIn, ""
}

// The Ethernet header: two addresses and what follows (RFC 894, RFC 2464).
const (
	ethernetHeader = 14
	etherTypeAt    = 12
	etherTypeIPv4  = 0x0800
	etherTypeIPv6  = 0x86dd
)

// framed is the IP packet in a frame.
type framed struct {
	forward.Packet
	data []byte // from its IP header on; Ethernet may have padded it
}

// packetIn reads the IP packet in a frame; false when there is none, or one whose header is wrong.
func packetIn(frame []byte) (p framed, ok bool) {
	if len(frame) < ethernetHeader {
		return p, false
	}
	version := map[uint16]int{etherTypeIPv4: 4, etherTypeIPv6: 6}[binary.BigEndian.Uint16(frame[etherTypeAt:])]
	p.data = frame[ethernetHeader:]
	var err error
	p.Packet, err = forward.Parse(p.data)
	return p, err == nil && p.Version == version
}

// findsNeighbors tells whether the packet is one of ICMPv6 neighbour discovery (RFC 4861 section 4).
func (p framed) findsNeighbors() bool {
	const first, last = 133, 137
	return p.Protocol == protocolICMP6 && p.FragmentOffset == 0 && p.Length > p.HeaderLen &&
		p.data[p.HeaderLen] >= first && p.data[p.HeaderLen] <= last
}

// damage changes a packet in place: a byte of a LISP control message, with the checksum mended; or so that a checksum is wrong.
// It is false when the packet has none.
func (l *lanes) damage(p framed, f harm) bool {
	message, check := p.udp()
	if f.corrupt && message != nil {
		ports := p.data[p.HeaderLen:]
		at, was, ok := l.corrupt(binary.BigEndian.Uint16(ports), binary.BigEndian.Uint16(ports[2:]), message)
		if ok {
			shift := 8 * (1 - at%2) // of the byte in its word
			mendUDP(check, uint16(was)<<shift, uint16(message[at])<<shift)
			if !f.damaged {
				return true
			}
		}
	}
	c, ok := p.checksum()
	switch {
	case !ok:
		return false
	case f.damaged:
		spoil(p.data[c.at:])
	default:
		p.data[c.from+l.chance.IntN(c.to-c.from)] ^= l.anyChange()
	}
	return true
}

// udp returns the payload of a UDP packet, or of its first fragment, and its checksum; nil of anything else.
func (p framed) udp() (payload, check []byte) {
	segment := p.data[p.HeaderLen:p.Length]
	if p.Protocol != protocolUDP || p.FragmentOffset > 0 || len(segment) < udpHeader {
		return nil, nil
	}
	length := min(int(binary.BigEndian.Uint16(segment[4:])), len(segment))
	if length < udpHeader {
		return nil, nil
	}
	return segment[udpHeader:length], segment[6:udpHeader]
}

// mendUDP is mend of a UDP checksum, of which 0 stands for none (RFC 768).
func mendUDP(check []byte, was, is uint16) {
	if binary.BigEndian.Uint16(check) == 0 {
		return
	}
	if mend(check, was, is); binary.BigEndian.Uint16(check) == 0 {
		binary.BigEndian.PutUint16(check, 0xffff)
	}
}

// mend brings a checksum into line with 16-bit words that now add up otherwise (RFC 1624 section 3).
func mend(check []byte, was, is uint16) {
	binary.BigEndian.PutUint16(check, checksum.Update(binary.BigEndian.Uint16(check), was, is))
}

// spoil makes an Internet checksum wrong. Of UDP it does not become 0, which stands for none.
func spoil(check []byte) {
	binary.BigEndian.PutUint16(check, binary.BigEndian.Uint16(check)%0xffff+1)
}

// covered is where a checksum is in a packet, and bytes that it covers and whose change nothing else notices before.
type covered struct{ at, from, to int }

// transports are the protocols with a checksum: where it is, and where what it covers goes on behind all fixed fields.
var transports = map[uint8]covered{
	protocolTCP: {at: 16, from: 20}, protocolUDP: {at: 6, from: udpHeader}, protocolICMP: {at: 2, from: 4}, protocolICMP6: {at: 2, from: 4},
}

// checksum finds the checksum of what a packet carries; where it shows none, that of the IPv4 header. IPv6 has none to fall
// back to.
func (p framed) checksum() (covered, bool) {
	c, ok := transports[p.Protocol]
	c.at, c.from, c.to = p.HeaderLen+c.at, p.HeaderLen+c.from, p.Length
	if message, check := p.udp(); p.Protocol == protocolUDP {
		ok = check != nil && binary.BigEndian.Uint16(check) != 0
		c.to = c.from + len(message)
	}
	switch {
	case ok && p.FragmentOffset == 0 && c.from <= c.to:
		if c.from == c.to { // it carries nothing: one of the ports, or the type and the code, are changed
			c.from, c.to = p.HeaderLen, p.HeaderLen+2
		}
		return c, true
	case p.Version == 4:
		const identification, flags, header = 4, 6, 10
		return covered{header, identification, flags}, true
	}
	return covered{}, false
}

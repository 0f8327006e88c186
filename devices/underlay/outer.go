package underlay

import (
	"encoding/binary"
	"net/netip"

	"lisplab/lispcore"
	"lisplab/lispcore/checksum"
)

// What a datagram's IP header has where its sender does not say: as IOS sends control packets.
const (
	controlTTL = hopLimit
	controlTOS = 0xc0 // DSCP CS6
)

// The lengths of headers, in bytes.
const (
	ipv4Header = 20
	ipv6Header = 40
	fragHeader = 8 // IPv6 fragment extension header
	udpHeader  = 8
	tcpHeader  = 20
	icmpHeader = 8
)

// quoteSize is how much of a packet that has failed its router is told of, in bytes: what an ICMPv6 error has room for
// (RFC 4443 section 3.1), and more than one of IPv4.
const quoteSize = 1280 - ipv6Header - 8

// headed returns the datagram as it leaves: with every field of its IP header.
func (nd *node) headed(out lispcore.SendDatagram) lispcore.SendDatagram {
	if out.TTL == 0 {
		out.TTL, out.TOS, out.DF = controlTTL, controlTOS, false
	}
	if out.ID == 0 && out.To.Addr().Is4() {
		if nd.nextID++; nd.nextID == 0 {
			nd.nextID++
		}
		out.ID = nd.nextID
	}
	return out
}

// packetLength is how long the IP packet of a datagram is, in bytes.
func packetLength(out lispcore.SendDatagram) int {
	if out.To.Addr().Is4() {
		return ipv4Header + udpHeader + len(out.Payload)
	}
	return ipv6Header + udpHeader + len(out.Payload)
}

// quote is the head of the IP packet of a datagram, as it stands before a router with what is left of its TTL.
func quote(out lispcore.SendDatagram, ttl uint8) []byte {
	out.TTL = ttl
	b := packetOf(out)
	return b[:min(len(b), quoteSize)]
}

// packetOf is the IP packet of a datagram whose header fields are all given.
func packetOf(out lispcore.SendDatagram) []byte {
	src, dst := out.From.Addr(), out.To.Addr()
	udp := udpHeader + len(out.Payload)
	b := make([]byte, 0, ipv6Header+udp)
	if dst.Is4() {
		b = append(b, 4<<4|ipv4Header/4, out.TOS)
		b = binary.BigEndian.AppendUint16(b, uint16(ipv4Header+udp))
		b = binary.BigEndian.AppendUint16(b, out.ID)
		flags := uint16(0)
		if out.DF {
			flags = 1 << 14
		}
		b = binary.BigEndian.AppendUint16(b, flags)
		b = append(b, out.TTL, protocolUDP, 0, 0)
	} else {
		b = append(b, 6<<4|out.TOS>>4, out.TOS<<4, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(udp))
		b = append(b, protocolUDP, out.TTL)
	}
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	if dst.Is4() {
		binary.BigEndian.PutUint16(b[10:], checksum.Sum(0, b))
	}
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, out.From.Port())
	b = binary.BigEndian.AppendUint16(b, out.To.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(udp))
	b = append(b, 0, 0)
	if HasUDPChecksum(out.To) {
		pseudo := checksum.Partial(checksum.Partial(checksum.Partial(protocolUDP, src.AsSlice()), dst.AsSlice()), b[at+4:at+6])
		check := checksum.Sum(checksum.Partial(pseudo, b[at:]), out.Payload)
		if check == 0 {
			check = 0xffff // RFC 768: 0 stands for no checksum
		}
		binary.BigEndian.PutUint16(b[at+6:], check)
	}
	return append(b, out.Payload...)
}

// HasUDPChecksum tells whether a datagram of the lab bears a UDP checksum. Over IPv4, LISP data does not (RFC 9300 section
// 5.3); over IPv6 it does, since what looks at packets on their way may take a 0 for an error (RFC 8200 section 8.1).
func HasUDPChecksum(to netip.AddrPort) bool {
	return to.Port() != lispcore.DataPort || to.Addr().Is6()
}

package forward

import (
	"encoding/binary"
	"net/netip"

	"lisplab/lispcore/checksum"
)

// Packet is what forwarding needs to know of an IP packet.
type Packet struct {
	Version             int // 4 or 6
	Source, Destination netip.Addr
	TTL                 uint8  // IPv6: Hop Limit
	TOS                 uint8  // DSCP and ECN; IPv6: Traffic Class
	Protocol            uint8  // of what lies at HeaderLen; IPv6: behind the extension headers
	DF, MF              bool   // an IPv6 packet has no DF: it never is to be fragmented
	FragmentOffset      int    // in bytes
	ID                  uint16 // IPv4 only
	HeaderLen           int    // in bytes; IPv6: with the extension headers
	Length              int    // in bytes, of the whole packet by its own header; what was given may go on behind it

	SourcePort, DestinationPort uint16 // 0 without ports, and in every fragment but the first
}

// Lengths and places in IP headers, in bytes.
const (
	ipv4HeaderLen  = 20
	ipv6HeaderLen  = 40
	udpHeaderLen   = 8
	ipv4Fragment   = 6 // offset of the word with DF, MF and the fragment offset
	ipv4TTL        = 8
	ipv4Checksum   = 10
	ipv6HopLimit   = 7
	fragmentUnit   = 8 // fragment offsets count in it
	maxDatagramLen = 1<<16 - 1
)

// Flags beside the fragment offset of an IPv4 header.
const (
	flagDF         = 1 << 14
	flagMF         = 1 << 13
	fragmentOffset = 1<<13 - 1
)

// Parse reads the header of the IP packet that b begins with. It checks what a router must check (RFC 1812 section 5.2.2):
// version, lengths, the IPv4 header checksum. IPv6 extension headers are read through to the transport header. The error
// is one of this package's.
func Parse(b []byte) (Packet, error) {
	if len(b) == 0 {
		return Packet{}, ErrShort
	}
	switch b[0] >> 4 {
	case 4:
		return parseIPv4(b)
	case 6:
		return parseIPv6(b)
	}
	return Packet{}, ErrVersion
}

func parseIPv4(b []byte) (Packet, error) {
	if len(b) < ipv4HeaderLen {
		return Packet{}, ErrShort
	}
	fragment := binary.BigEndian.Uint16(b[ipv4Fragment:])
	p := Packet{
		Version:        4,
		Source:         netip.AddrFrom4([4]byte(b[12:16])),
		Destination:    netip.AddrFrom4([4]byte(b[16:20])),
		TTL:            b[ipv4TTL],
		TOS:            b[1],
		Protocol:       b[9],
		DF:             fragment&flagDF != 0,
		MF:             fragment&flagMF != 0,
		FragmentOffset: int(fragment&fragmentOffset) * fragmentUnit,
		ID:             binary.BigEndian.Uint16(b[4:]),
		HeaderLen:      int(b[0]&15) * 4,
		Length:         int(binary.BigEndian.Uint16(b[2:])),
	}
	if p.HeaderLen < ipv4HeaderLen || p.HeaderLen > p.Length || p.FragmentOffset+p.Length-p.HeaderLen > maxDatagramLen {
		return Packet{}, ErrLength
	}
	if p.Length > len(b) {
		return Packet{}, ErrShort
	}
	if checksum.Sum(0, b[:p.HeaderLen]) != 0 {
		return Packet{}, ErrChecksum
	}
	p.readPorts(b)
	return p, nil
}

func parseIPv6(b []byte) (Packet, error) {
	if len(b) < ipv6HeaderLen {
		return Packet{}, ErrShort
	}
	p := Packet{
		Version:     6,
		Source:      netip.AddrFrom16([16]byte(b[8:24])),
		Destination: netip.AddrFrom16([16]byte(b[24:40])),
		TTL:         b[ipv6HopLimit],
		TOS:         b[0]<<4 | b[1]>>4,
		Protocol:    b[6],
		HeaderLen:   ipv6HeaderLen,
		Length:      ipv6HeaderLen + int(binary.BigEndian.Uint16(b[4:])),
	}
	if p.Length > len(b) {
		return Packet{}, ErrShort
	}
	if !p.readExtensions(b) {
		return Packet{}, ErrLength
	}
	p.readPorts(b)
	return p, nil
}

// Protocol numbers of IPv6 extension headers (RFC 8200 section 4).
const (
	extensionHopByHop    = 0
	extensionRouting     = 43
	extensionFragment    = 44
	extensionAH          = 51
	extensionDestination = 60
)

// readExtensions moves HeaderLen and Protocol of an IPv6 packet behind its extension headers. In a fragment but the first
// nothing but the packet's middle follows the fragment header. It is false when a header ends beyond the packet.
func (p *Packet) readExtensions(b []byte) bool {
	for p.FragmentOffset == 0 {
		rest := b[p.HeaderLen:p.Length]
		var n int
		switch p.Protocol {
		case extensionHopByHop, extensionRouting, extensionDestination:
			if len(rest) >= 2 {
				n = (int(rest[1]) + 1) * 8
			}
		case extensionAH:
			if len(rest) >= 2 {
				n = (int(rest[1]) + 2) * 4
			}
		case extensionFragment:
			n = 8
		default:
			return true
		}
		if n == 0 || n > len(rest) {
			return false
		}
		if p.Protocol == extensionFragment {
			fragment := binary.BigEndian.Uint16(rest[2:])
			p.FragmentOffset = int(fragment &^ (fragmentUnit - 1))
			p.MF = fragment&1 != 0
		}
		p.Protocol = rest[0]
		p.HeaderLen += n
	}
	return true
}

// Protocols whose header begins with two ports.
const (
	protocolTCP     = 6
	protocolUDP     = 17
	protocolDCCP    = 33
	protocolSCTP    = 132
	protocolUDPLite = 136
)

func (p *Packet) readPorts(b []byte) {
	switch p.Protocol {
	case protocolTCP, protocolUDP, protocolDCCP, protocolSCTP, protocolUDPLite:
	default:
		return
	}
	if rest := b[p.HeaderLen:p.Length]; p.FragmentOffset == 0 && len(rest) >= 4 {
		p.SourcePort, p.DestinationPort = binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
	}
}

package packet

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"lisplab/lispcore/checksum"
)

// Kind says what a packet is to the node that it is for.
type Kind uint8

// The kinds of packet.
const (
	Other Kind = iota
	EchoRequest
	EchoReply
	UDPMessage
	ErrorMessage
)

// Message is what a whole packet says. Data and Quoted alias the packet.
type Message struct {
	Kind                Kind
	Source, Destination netip.Addr
	TTL, TOS            uint8

	ID, Sequence                uint16 // of echoes
	SourcePort, DestinationPort uint16 // of UDP
	Data                        []byte // of echoes and UDP

	Error  ErrorKind // of an error; 0 when it is one that this package does not build
	MTU    int       // of TooBig, in bytes
	Quoted []byte    // of an error: the begin of the packet that it is about, with its IP header
}

// Errors that Parse returns, beside those of gopacket.
var (
	ErrVersion  = errors.New("neither IPv4 nor IPv6")
	ErrFragment = errors.New("a fragment: it says nothing by itself")
	ErrChecksum = errors.New("wrong checksum")
	ErrShort    = errors.New("shorter than its headers say")
)

// cut notes that a layer is shorter than it says, which gopacket tolerates.
type cut bool

func (c *cut) SetTruncated() { *c = true }

// decode reads one layer, which must be whole.
func decode(layer gopacket.DecodingLayer, b []byte) error {
	var short cut
	if err := layer.DecodeFromBytes(b, &short); err != nil {
		return err
	}
	if short {
		return ErrShort
	}
	return nil
}

// Parse reads a whole packet: header, lengths and checksums must be right.
func Parse(b []byte) (Message, error) {
	if len(b) == 0 {
		return Message{}, ErrVersion
	}
	switch b[0] >> 4 {
	case 4:
		return parseIPv4(b)
	case 6:
		return parseIPv6(b)
	}
	return Message{}, ErrVersion
}

func parseIPv4(b []byte) (Message, error) {
	var ip layers.IPv4
	if err := decode(&ip, b); err != nil {
		return Message{}, err
	}
	if ip.FragOffset != 0 || ip.Flags&layers.IPv4MoreFragments != 0 {
		return Message{}, ErrFragment
	}
	m := Message{TTL: ip.TTL, TOS: ip.TOS}
	m.Source, _ = netip.AddrFromSlice(ip.SrcIP)
	m.Destination, _ = netip.AddrFromSlice(ip.DstIP)
	switch ip.Protocol {
	case layers.IPProtocolICMPv4:
		return m.readICMP(ip.Payload, 0)
	case layers.IPProtocolUDP:
		return m.readUDP(ip.Payload)
	}
	return m, nil
}

func parseIPv6(b []byte) (Message, error) {
	var ip layers.IPv6
	if err := decode(&ip, b); err != nil {
		return Message{}, err
	}
	m := Message{TTL: ip.HopLimit, TOS: ip.TrafficClass}
	m.Source, _ = netip.AddrFromSlice(ip.SrcIP)
	m.Destination, _ = netip.AddrFromSlice(ip.DstIP)
	switch ip.NextHeader {
	case layers.IPProtocolIPv6Fragment:
		return Message{}, ErrFragment
	case layers.IPProtocolICMPv6:
		return m.readICMP(ip.Payload, 1)
	case layers.IPProtocolUDP:
		return m.readUDP(ip.Payload)
	}
	return m, nil
}

// echoTypes are the ICMP and ICMPv6 types of an echo request and its reply.
var echoTypes = [2][2]uint8{{8, 0}, {128, 129}}

// readICMP reads ICMP (version 0) and ICMPv6 (version 1), whose messages have one shape.
func (m Message) readICMP(b []byte, version int) (Message, error) {
	if len(b) < EchoHeaderSize {
		return m, ErrShort
	}
	if m.checksum(b, layers.IPProtocolICMPv6, version == 1) != 0 {
		return m, ErrChecksum
	}
	switch b[0] {
	case echoTypes[version][0], echoTypes[version][1]:
		m.Kind = EchoRequest
		if b[0] == echoTypes[version][1] {
			m.Kind = EchoReply
		}
		m.ID, m.Sequence = binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
		m.Data = b[EchoHeaderSize:]
		return m, nil
	}
	if !isError(version, b[0]) {
		return m, nil
	}
	m.Kind, m.Quoted = ErrorMessage, b[EchoHeaderSize:]
	for kind := NetworkUnreachable; kind <= TimeExceeded; kind++ {
		if errorCodes[kind][version] == (icmpCode{b[0], b[1]}) {
			m.Error = kind
		}
	}
	if m.Error == TooBig {
		m.MTU = int(binary.BigEndian.Uint16(b[6:]))
		if version == 1 {
			m.MTU = int(min(binary.BigEndian.Uint32(b[4:]), 1<<16-1))
		}
	}
	return m, nil
}

// isError tells whether an ICMP type of a version (0: ICMP, 1: ICMPv6) is one of an error.
func isError(version int, kind uint8) bool {
	return version == 0 && (kind == 3 || kind == 11 || kind == 12) || version == 1 && kind < 128
}

func (m Message) readUDP(b []byte) (Message, error) {
	var udp layers.UDP
	if err := decode(&udp, b); err != nil {
		return m, err
	}
	if udp.Checksum != 0 && m.checksum(b[:udp.Length], layers.IPProtocolUDP, true) != 0 {
		return m, ErrChecksum
	}
	m.Kind, m.SourcePort, m.DestinationPort, m.Data = UDPMessage, uint16(udp.SrcPort), uint16(udp.DstPort), udp.Payload
	return m, nil
}

// checksum sums a message, with the pseudo header of its packet where it is covered, to 0 when its checksum is right
// (RFC 1071; RFC 8200 section 8.1).
func (m Message) checksum(b []byte, protocol layers.IPProtocol, pseudo bool) uint16 {
	var sum uint32
	if pseudo {
		ends := checksum.Partial(checksum.Partial(0, m.Source.AsSlice()), m.Destination.AsSlice())
		sum = ends + uint32(protocol) + uint32(len(b))
	}
	return checksum.Sum(sum, b)
}

// Quote is what the begin of a packet, quoted by an ICMP error, tells about whose it was.
type Quote struct {
	Source, Destination         netip.Addr
	Kind                        Kind   // EchoRequest, EchoReply, UDPMessage, ErrorMessage or Other
	Fragment                    bool   // not the first: all that is known of it is whose it is
	ID, Sequence                uint16 // of echoes
	SourcePort, DestinationPort uint16 // of UDP
}

// ParseQuote reads what an ICMP error quotes, which is no whole packet.
func ParseQuote(b []byte) (Quote, error) {
	if len(b) == 0 {
		return Quote{}, ErrShort
	}
	var q Quote
	var protocol layers.IPProtocol
	version := int(b[0]>>4) / 5 // 4: 0, 6: 1
	header := IPv6HeaderSize
	if version == 0 {
		header = int(b[0]&0x0f) * 4
	}
	if header < IPv4HeaderSize || len(b) < header+8 {
		return Quote{}, ErrShort
	}
	switch b[0] >> 4 {
	case 4:
		q.Source, q.Destination = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		protocol = layers.IPProtocol(b[9])
	case 6:
		q.Source, q.Destination = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		protocol = layers.IPProtocol(b[6])
	default:
		return Quote{}, ErrVersion
	}
	if q.Fragment = version == 0 && binary.BigEndian.Uint16(b[6:])&0x1fff != 0; q.Fragment {
		return q, nil
	}
	b = b[header:]
	switch protocol {
	case layers.IPProtocolUDP:
		q.Kind, q.SourcePort, q.DestinationPort = UDPMessage, binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	case layers.IPProtocolICMPv4, layers.IPProtocolICMPv6:
		q.ID, q.Sequence = binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
		switch b[0] {
		case echoTypes[version][0]:
			q.Kind = EchoRequest
		case echoTypes[version][1]:
			q.Kind = EchoReply
		default:
			if q.ID, q.Sequence = 0, 0; isError(version, b[0]) {
				q.Kind = ErrorMessage
			}
		}
	}
	return q, nil
}

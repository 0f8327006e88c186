package packet

import (
	"encoding/binary"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Header is what the sender decides of an IP packet's header. TTL is the hop limit of IPv6, TOS its traffic class.
type Header struct {
	Source, Destination netip.Addr // of one family
	TTL, TOS            uint8
	DF                  bool   // IPv4
	ID                  uint16 // IPv4 identification
}

// The sizes of the headers that every packet has, in bytes.
const (
	IPv4HeaderSize = 20
	IPv6HeaderSize = 40
	EchoHeaderSize = 8 // of ICMP and ICMPv6
	UDPHeaderSize  = 8
)

// HeaderSize is the size of the IP header of packets to an address, in bytes.
func HeaderSize(to netip.Addr) int {
	if to.Is4() {
		return IPv4HeaderSize
	}
	return IPv6HeaderSize
}

// Echo builds an echo request, or the reply to one.
func Echo(h Header, reply bool, id, seq uint16, data []byte) []byte {
	if h.Source.Is4() {
		icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Id: id, Seq: seq}
		if reply {
			icmp.TypeCode = layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoReply, 0)
		}
		return build(h, layers.IPProtocolICMPv4, icmp, data)
	}
	code := layers.CreateICMPv6TypeCode(layers.ICMPv6TypeEchoRequest, 0)
	if reply {
		code = layers.CreateICMPv6TypeCode(layers.ICMPv6TypeEchoReply, 0)
	}
	body := binary.BigEndian.AppendUint16(nil, id)
	body = binary.BigEndian.AppendUint16(body, seq)
	return build(h, layers.IPProtocolICMPv6, &layers.ICMPv6{TypeCode: code}, append(body, data...))
}

// UDP builds a UDP packet.
func UDP(h Header, source, destination uint16, data []byte) []byte {
	return build(h, layers.IPProtocolUDP, &layers.UDP{SrcPort: layers.UDPPort(source), DstPort: layers.UDPPort(destination)}, data)
}

// TCP builds a SYN: enough of TCP for who asks what becomes of one.
func TCP(h Header, source, destination uint16) []byte {
	return build(h, layers.IPProtocolTCP, &layers.TCP{SrcPort: layers.TCPPort(source), DstPort: layers.TCPPort(destination), SYN: true, Window: 4128}, nil)
}

// ErrorKind says what an ICMP error is about.
type ErrorKind uint8

// The kinds of error.
const (
	NetworkUnreachable ErrorKind = iota + 1 // in ICMPv6: no route
	HostUnreachable                         // in ICMPv6: address unreachable
	ProtocolUnreachable
	PortUnreachable
	TooBig     // fragmentation needed, or packet too big: with the MTU
	Prohibited // an access list denies it
	TimeExceeded
)

type icmpCode struct{ kind, code uint8 }

// errorCodes are the ICMP and ICMPv6 type and code of each kind (RFC 792, 1191, 1812; RFC 4443).
var errorCodes = [...][2]icmpCode{
	NetworkUnreachable:  {{3, 0}, {1, 0}},
	HostUnreachable:     {{3, 1}, {1, 3}},
	ProtocolUnreachable: {{3, 2}, {4, 1}},
	PortUnreachable:     {{3, 3}, {1, 4}},
	TooBig:              {{3, 4}, {2, 0}},
	Prohibited:          {{3, 13}, {1, 1}},
	TimeExceeded:        {{11, 0}, {3, 0}},
}

// minMTU is what every IPv6 link carries: no ICMPv6 error is larger (RFC 4443 section 2.4).
const minMTU = 1280

// Error builds an ICMP error about a packet: what IOS quotes of it, which is the IPv4 header and eight bytes, or as much of
// an IPv6 packet as fits. mtu, in bytes, matters to TooBig alone. The addresses of h are those of the quoted family.
func Error(h Header, kind ErrorKind, mtu int, about []byte) []byte {
	if h.Source.Is4() {
		code := errorCodes[kind][0]
		icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(code.kind, code.code)}
		if kind == TooBig {
			icmp.Seq = uint16(mtu) // RFC 1191 section 4
		}
		header := int(about[0]&0x0f) * 4
		return build(h, layers.IPProtocolICMPv4, icmp, about[:min(len(about), header+8)])
	}
	code := errorCodes[kind][1]
	var unused uint32
	if kind == TooBig {
		unused = uint32(mtu)
	}
	body := binary.BigEndian.AppendUint32(nil, unused)
	body = append(body, about[:min(len(about), minMTU-IPv6HeaderSize-EchoHeaderSize)]...)
	return build(h, layers.IPProtocolICMPv6, &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(code.kind, code.code)}, body)
}

// checksummed is a layer whose checksum covers the addresses of the IP header.
type checksummed interface {
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}

// build puts the layers together. The errors of gopacket are about sizes that no caller here exceeds.
func build(h Header, protocol layers.IPProtocol, message gopacket.SerializableLayer, data []byte) []byte {
	var network interface {
		gopacket.NetworkLayer
		gopacket.SerializableLayer
	}
	if h.Source.Is4() {
		ip := &layers.IPv4{
			Version: 4, IHL: 5, TOS: h.TOS, Id: h.ID, TTL: h.TTL, Protocol: protocol,
			SrcIP: h.Source.AsSlice(), DstIP: h.Destination.AsSlice(),
		}
		if h.DF {
			ip.Flags = layers.IPv4DontFragment
		}
		network = ip
	} else {
		network = &layers.IPv6{
			Version: 6, TrafficClass: h.TOS, HopLimit: h.TTL, NextHeader: protocol,
			SrcIP: h.Source.AsSlice(), DstIP: h.Destination.AsSlice(),
		}
	}
	if m, ok := message.(checksummed); ok {
		if err := m.SetNetworkLayerForChecksum(network); err != nil {
			panic(err) // an IP layer is a network layer
		}
	}
	buffer := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buffer, options, network, message, gopacket.Payload(data)); err != nil {
		panic(err) // sizes are bounded by the callers
	}
	return buffer.Bytes()
}

package capture

import (
	"cmp"
	"errors"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"lisplab/devices/underlay"
)

// The lengths of headers, in bytes.
const (
	ipv4Header = 20
	ipv6Header = 40
	fragHeader = 8 // IPv6 fragment extension header
)

// envelope is what the IP header of a transport segment bears beside its addresses.
type envelope struct {
	ttl uint8 // IPv4 TTL and IPv6 hop limit
	tos uint8 // IPv4 TOS and IPv6 traffic class
	df  bool
	id  uint32 // identification: of IPv4, and of IPv6 in fragments
	mtu int    // bytes of an IP packet, header included, above which it goes in fragments
}

// control is how IOS sends its control packets, as seen in captures of it: TTL 255, DSCP CS6.
var control = envelope{ttl: 255, tos: 0xc0, mtu: underlay.DefaultMTU}

// datagramEnvelope is the IP header of a datagram as it leaves its sender; what the event leaves open is as control packets
// have it.
func datagramEnvelope(e underlay.Event) envelope {
	env := control
	if e.TTL != 0 {
		env.ttl, env.tos, env.df = e.TTL, e.TOS, e.DF
	}
	env.id = uint32(e.ID)
	env.mtu = cmp.Or(e.MTU, env.mtu)
	return env
}

// sent is one packet as its sender makes it, before any fragmentation: a transport segment and what its IP header bears, or
// an IP packet that is there already.
type sent struct {
	src, dst netip.Addr
	env      envelope
	head     transport // nil: payload is the IP packet
	summed   bool      // its transport checksum is not left 0
	damaged  bool      // its transport checksum is wrong
	payload  []byte
	way      []underlay.Hop // what it crosses
	comment  string         // what became of it, if it did not arrive
}

// transport is layers.UDP or layers.TCP: its checksum covers the addresses of the IP header.
type transport interface {
	gopacket.SerializableLayer
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}

// builder puts transport segments into IP packets, and these into Ethernet frames.
type builder struct {
	segment, packet, frame gopacket.SerializeBuffer
}

func newBuilder() builder {
	return builder{gopacket.NewSerializeBuffer(), gopacket.NewSerializeBuffer(), gopacket.NewSerializeBuffer()}
}

var fix = gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}

// packets hands on the IP packets that leave the sender, in as many fragments as its MTU asks for. What must not be
// fragmented is handed on as it is: it has gone nowhere. A packet is valid until the next one.
func (b *builder) packets(s sent, each func([]byte) error) error {
	if s.head == nil {
		if !s.dst.IsValid() {
			return errors.New("it is no IP packet")
		}
		return each(s.payload)
	}
	ip := newIP(s.src, s.dst, s.env, protocolOf(s.head))
	if err := s.head.SetNetworkLayerForChecksum(ip); err != nil {
		return err
	}
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: s.summed}
	if err := gopacket.SerializeLayers(b.segment, options, s.head, gopacket.Payload(s.payload)); err != nil {
		return err
	}
	rest := b.segment.Bytes()
	if s.damaged {
		damage(s.head, rest)
	}
	if room := s.env.mtu - headerSize(s.src); len(rest) <= room || s.env.df {
		return b.finish(unfragmented(ip, s.env.id), rest, each)
	}
	room := (s.env.mtu - headerSize(s.src)) &^ 7
	if s.src.Is6() {
		room = (s.env.mtu - ipv6Header - fragHeader) &^ 7
	}
	for offset := 0; len(rest) > 0; offset += room {
		piece := rest[:min(room, len(rest))]
		rest = rest[len(piece):]
		if err := b.finish(fragment(ip, s.env.id, offset, len(rest) > 0), piece, each); err != nil {
			return err
		}
	}
	return nil
}

// damage makes the checksum of a segment wrong.
func damage(head transport, segment []byte) {
	at := 16 // of TCP
	if _, ok := head.(*layers.UDP); ok {
		at = 6
	}
	if segment[at] ^= 0x55; segment[at]|segment[at+1] == 0 { // no UDP checksum is no wrong one
		segment[at] = 0xaa
	}
}

// finish puts headers before a payload.
func (b *builder) finish(headers []gopacket.SerializableLayer, payload []byte, each func([]byte) error) error {
	if err := gopacket.SerializeLayers(b.packet, fix, append(headers, gopacket.Payload(payload))...); err != nil {
		return err
	}
	return each(b.packet.Bytes())
}

// ethernet puts an IP packet into a frame between the stations of two addresses. The frame is valid until the next one.
func (b *builder) ethernet(from, to netip.Addr, packet []byte) ([]byte, error) {
	if !from.IsValid() { // an interface without an address of that family
		from = to
	}
	head := &layers.Ethernet{SrcMAC: mac(from), DstMAC: mac(to), EthernetType: layers.EthernetTypeIPv4}
	if len(packet) > 0 && packet[0]>>4 == 6 {
		head.EthernetType = layers.EthernetTypeIPv6
	}
	err := gopacket.SerializeLayers(b.frame, fix, head, gopacket.Payload(packet))
	return b.frame.Bytes(), err
}

// ipLayer is layers.IPv4 or layers.IPv6.
type ipLayer interface {
	gopacket.SerializableLayer
	gopacket.NetworkLayer
}

func newIP(src, dst netip.Addr, env envelope, protocol layers.IPProtocol) ipLayer {
	if src.Is4() {
		ip := &layers.IPv4{Version: 4, TOS: env.tos, TTL: env.ttl, Protocol: protocol, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
		if env.df {
			ip.Flags = layers.IPv4DontFragment
		}
		return ip
	}
	return &layers.IPv6{Version: 6, TrafficClass: env.tos, HopLimit: env.ttl, NextHeader: protocol, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
}

func headerSize(a netip.Addr) int {
	if a.Is4() {
		return ipv4Header
	}
	return ipv6Header
}

func protocolOf(head transport) layers.IPProtocol {
	if _, ok := head.(*layers.UDP); ok {
		return layers.IPProtocolUDP
	}
	return layers.IPProtocolTCP
}

func unfragmented(ip ipLayer, id uint32) []gopacket.SerializableLayer {
	if v4, ok := ip.(*layers.IPv4); ok {
		v4.Id = uint16(id)
	}
	return []gopacket.SerializableLayer{ip}
}

// fragment returns the headers of the fragment whose first byte is byte offset of the segment (a multiple of 8).
func fragment(ip ipLayer, id uint32, offset int, more bool) []gopacket.SerializableLayer {
	switch ip := ip.(type) {
	case *layers.IPv4:
		h := *ip
		h.Id, h.FragOffset = uint16(id), uint16(offset/8)
		if more {
			h.Flags = layers.IPv4MoreFragments
		}
		return []gopacket.SerializableLayer{&h}
	case *layers.IPv6:
		h := *ip
		extension := &layers.IPv6Fragment{NextHeader: h.NextHeader, FragmentOffset: uint16(offset / 8), MoreFragments: more, Identification: id}
		h.NextHeader = layers.IPProtocolIPv6Fragment
		return []gopacket.SerializableLayer{&h, extension}
	}
	return nil
}

func mac(a netip.Addr) []byte {
	station := underlay.Station(a)
	return station[:]
}

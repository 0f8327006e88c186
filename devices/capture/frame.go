package capture

import (
	"errors"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

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
	id  uint16 // of IPv4; 0: the sender's next one
	mtu int    // bytes of an IP packet, header included, above which it goes in fragments
}

// control is how IOS sends its control packets, as seen in captures of it: TTL 255, DSCP CS6.
var control = envelope{ttl: 255, tos: 0xc0, mtu: underlay.DefaultMTU}

// framer puts transport segments into IP packets, these into Ethernet frames, and these into the file.
type framer struct {
	out            *pcapgo.NgWriter
	segment, frame gopacket.SerializeBuffer
	ids            map[netip.Addr]uint32 // last IP identification of each sender
}

func newFramer(out *pcapgo.NgWriter) *framer {
	return &framer{
		out:     out,
		segment: gopacket.NewSerializeBuffer(),
		frame:   gopacket.NewSerializeBuffer(),
		ids:     make(map[netip.Addr]uint32),
	}
}

// transport is layers.UDP or layers.TCP: its checksum covers the addresses of the IP header.
type transport interface {
	gopacket.SerializableLayer
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}

var fix = gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}

// send writes one transport segment, in as many fragments as the MTU asks for. What must not be fragmented is written as it
// is: it has gone nowhere, and the comment says so. Unless summed, a UDP checksum is 0.
func (f *framer) send(at time.Time, src, dst netip.Addr, env envelope, head transport, summed bool, payload []byte, comment string) error {
	ip := newIP(src, dst, env, protocolOf(head))
	if err := head.SetNetworkLayerForChecksum(ip); err != nil {
		return err
	}
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: summed}
	if err := gopacket.SerializeLayers(f.segment, options, head, gopacket.Payload(payload)); err != nil {
		return err
	}
	id := uint32(env.id)
	if id == 0 {
		f.ids[src]++
		id = f.ids[src]
	}
	rest := f.segment.Bytes()
	if room := env.mtu - headerSize(src); len(rest) <= room || env.df {
		return f.write(at, src, dst, unfragmented(ip, id), rest, comment)
	}
	room := (env.mtu - headerSize(src)) &^ 7
	if src.Is6() {
		room = (env.mtu - ipv6Header - fragHeader) &^ 7
	}
	for offset := 0; len(rest) > 0; offset += room {
		piece := rest[:min(room, len(rest))]
		rest = rest[len(piece):]
		if err := f.write(at, src, dst, fragment(ip, id, offset, len(rest) > 0), piece, comment); err != nil {
			return err
		}
	}
	return nil
}

// packet writes one IP packet as it is, between two neighbours on a segment.
func (f *framer) packet(at time.Time, from, to netip.Addr, data []byte, comment string) error {
	if !to.IsValid() {
		return errors.New("it is no IP packet")
	}
	if !from.IsValid() { // an interface without an address of that family
		from = to
	}
	return f.write(at, from, to, nil, data, comment)
}

// write puts one IP packet, headers and payload, into the file, between the stations of two addresses. Without headers the
// payload has them.
func (f *framer) write(at time.Time, src, dst netip.Addr, headers []gopacket.SerializableLayer, payload []byte, comment string) error {
	ethernet := &layers.Ethernet{SrcMAC: mac(src), DstMAC: mac(dst), EthernetType: layers.EthernetTypeIPv4}
	if dst.Is6() {
		ethernet.EthernetType = layers.EthernetTypeIPv6
	}
	stack := append([]gopacket.SerializableLayer{ethernet}, headers...)
	stack = append(stack, gopacket.Payload(payload))
	if err := gopacket.SerializeLayers(f.frame, fix, stack...); err != nil {
		return err
	}
	data := f.frame.Bytes()
	info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(data), Length: len(data)}
	var options pcapgo.NgPacketOptions
	if comment != "" {
		options.Comments = []string{comment}
	}
	return f.out.WritePacketWithOptions(info, data, options)
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

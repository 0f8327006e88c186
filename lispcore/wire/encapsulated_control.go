package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"lisplab/lispcore/checksum"
)

// EncapsulatedControl is an Encapsulated Control Message, ECM: a LISP message with an IP and a UDP header of its own,
// inside a LISP message (RFC 9301 section 5.8). It is how a Map-Request travels by the EID that it asks for:
//
//	 0                   1                   2                   3
//	+-------+-+-+-+-+-----------------------------------------------+
//	|Type=8 |S|D|E|M|                   Reserved                    |
//	+-------+-+-+-+-+-----------------------------------------------+
//	|                IPv4 or IPv6 header (inner)                    |
//	+-------------------------------+-------------------------------+
//	|          Source Port          |        Dest Port (4342)       |
//	+-------------------------------+-------------------------------+
//	|          UDP Length           |   UDP Checksum (never 0)      |
//	+-------------------------------+-------------------------------+
//	|                        LISP message                           |
//	+---------------------------------------------------------------+
//
// The S bit announces the authentication data of LISP-SEC (RFC 9303), which this package doesn't know: a message with it
// is refused as unsupported. Which ports are lawful inside is for the roles to say.
type EncapsulatedControl struct {
	DDT   bool // D: for a DDT node
	ToETR bool // E: from a Map-Server to an ETR
	ToMS  bool // M: from a Map-Resolver to a Map-Server

	TTL, TOS            uint8          // of the inner IP header
	ID                  uint16         // of the inner IPv4 header
	DF                  bool           // of the inner IPv4 header
	Source, Destination netip.AddrPort // of the inner IP and UDP headers, of one family
	Payload             []byte         // the LISP message; after Parse a part of the parsed bytes
}

const (
	controlS = 1 << 27
	controlD = 1 << 26
	controlE = 1 << 25
	controlM = 1 << 24

	ipv4HeaderLen = 20
	ipv6HeaderLen = 40
	udpHeaderLen  = 8
	protocolUDP   = 17
)

// Parse reads a whole UDP payload into m. Payload aliases b. Both inner checksums must be right; that of UDP may be missing
// (0) over IPv4: senders must not leave it out, but what has none is not wrong (RFC 768), and such senders exist.
func (m *EncapsulatedControl) Parse(b []byte) error {
	r := reader{place: place{message: TypeEncapsulatedControl.String()}, b: b}
	word := r.word(TypeEncapsulatedControl, "Reserved")
	*m = EncapsulatedControl{DDT: word&controlD != 0, ToETR: word&controlE != 0, ToMS: word&controlM != 0}
	if word&controlS != 0 {
		r.fail("S", 0, fmt.Errorf("%w: %w", ErrUnsupported, errLISPSEC))
	}
	source, destination := r.innerIP(m)
	start := r.off
	sourcePort, destinationPort := r.u16("UDP Source Port"), r.u16("UDP Destination Port")
	lengthOff := r.off
	length := r.u16("UDP Length")
	sumOff := r.off
	sum := r.u16("UDP Checksum")
	r.lengthToEnd("UDP Length", lengthOff, int(length), start)
	if missing := sum == 0 && source.Is4(); r.err == nil && !missing && (sum == 0 || udpSum(source, destination, b[start:]) != 0) {
		r.fail("UDP Checksum", sumOff, fmt.Errorf("%w: %#04x", ErrValue, sum))
	}
	m.Payload = r.rest("LISP message")
	m.Source, m.Destination = netip.AddrPortFrom(source, sourcePort), netip.AddrPortFrom(destination, destinationPort)
	return r.end()
}

// innerIP reads the inner IP header, up to the UDP header.
func (r *reader) innerIP(m *EncapsulatedControl) (source, destination netip.Addr) {
	start := r.off
	switch version := r.u8("inner IP Version") >> 4; {
	case r.err != nil:
	case version == 4:
		return r.innerIPv4(m, start)
	case version == 6:
		return r.innerIPv6(m, start)
	default:
		r.fail("inner IP Version", start, fmt.Errorf("%w: %d", ErrValue, version))
	}
	return source, destination
}

func (r *reader) innerIPv4(m *EncapsulatedControl, start int) (source, destination netip.Addr) {
	r.off = start
	h := r.take("inner IPv4 header", ipv4HeaderLen)
	if h == nil {
		return source, destination
	}
	headerLen := int(h[0]&15) * 4
	if headerLen < ipv4HeaderLen {
		r.fail("inner IPv4 IHL", start, fmt.Errorf("%w: %d bytes", ErrLength, headerLen))
	}
	r.take("inner IPv4 options", headerLen-ipv4HeaderLen)
	if r.err != nil {
		return source, destination
	}
	r.lengthToEnd("inner IPv4 Total Length", start+2, int(binary.BigEndian.Uint16(h[2:])), start)
	fragment := binary.BigEndian.Uint16(h[6:])
	if fragment&^ipv4DF != 0 {
		r.fail("inner IPv4 Fragment Offset", start+6, fmt.Errorf("%w: a fragment", ErrUnsupported))
	}
	r.innerProtocol(h[9], start+9)
	if checksum.Sum(0, r.b[start:start+headerLen]) != 0 {
		r.fail("inner IPv4 Header Checksum", start+10, fmt.Errorf("%w: %#04x", ErrValue, binary.BigEndian.Uint16(h[10:])))
	}
	m.TOS, m.TTL, m.ID, m.DF = h[1], h[8], binary.BigEndian.Uint16(h[4:]), fragment&ipv4DF != 0
	return netip.AddrFrom4([4]byte(h[12:])), netip.AddrFrom4([4]byte(h[16:]))
}

func (r *reader) innerIPv6(m *EncapsulatedControl, start int) (source, destination netip.Addr) {
	r.off = start
	h := r.take("inner IPv6 header", ipv6HeaderLen)
	if h == nil {
		return source, destination
	}
	r.lengthToEnd("inner IPv6 Payload Length", start+4, int(binary.BigEndian.Uint16(h[4:])), r.off)
	r.innerProtocol(h[6], start+6)
	m.TOS, m.TTL = h[0]<<4|h[1]>>4, h[7]
	return netip.AddrFrom16([16]byte(h[8:])), netip.AddrFrom16([16]byte(h[24:]))
}

// lengthToEnd checks a length field, found at off, of something that begins at start and must end where the message does.
func (r *reader) lengthToEnd(field string, off, length, start int) {
	switch there := len(r.b) - start; {
	case r.err != nil:
	case length > there:
		r.fail(field, off, fmt.Errorf("%w: %d, but %d bytes are there", ErrShort, length, there))
	case length < there:
		r.fail(field, off, fmt.Errorf("%w: %d, but %d bytes are there", ErrLength, length, there))
	}
}

func (r *reader) innerProtocol(protocol uint8, off int) {
	if protocol != protocolUDP {
		r.fail("inner IP Protocol", off, fmt.Errorf("%w: %d", ErrUnsupported, protocol))
	}
}

// ipv4DF is the Don't Fragment bit in the 16 bits of flags and fragment offset.
const ipv4DF = 1 << 14

// Append writes the message behind b, with both inner checksums. A message that can't be written is an *Error, and leaves
// b as it was.
func (m *EncapsulatedControl) Append(b []byte) ([]byte, error) {
	w := writer{place: place{message: TypeEncapsulatedControl.String()}, b: b, start: len(b)}
	source, destination := m.Source.Addr(), m.Destination.Addr()
	if afiOf(source) != afiOf(destination) || !source.IsValid() || source.Zone()+destination.Zone() != "" {
		w.fail("inner IP header", fmt.Errorf("%w: from %v to %v", ErrValue, source, destination))
	}
	udpLen := udpHeaderLen + len(m.Payload)
	if udpLen+ipv4HeaderLen > 0xffff {
		w.fail("UDP Length", fmt.Errorf("%w: %d", ErrLength, udpLen))
	}
	if w.err != nil {
		return w.end()
	}
	w.u32(uint32(TypeEncapsulatedControl)<<28 | flag(m.DDT, controlD) | flag(m.ToETR, controlE) | flag(m.ToMS, controlM))
	if source.Is4() {
		w.innerIPv4(m, udpLen)
	} else {
		w.innerIPv6(m, udpLen)
	}
	udp := len(w.b)
	w.u16(m.Source.Port())
	w.u16(m.Destination.Port())
	w.u16(uint16(udpLen))
	w.u16(0) // the checksum, below
	w.bytes(m.Payload)
	sum := udpSum(source, destination, w.b[udp:])
	if sum == 0 {
		sum = 0xffff // RFC 768: 0 would say "no checksum"
	}
	binary.BigEndian.PutUint16(w.b[udp+6:], sum)
	return w.end()
}

func (w *writer) innerIPv4(m *EncapsulatedControl, udpLen int) {
	start := len(w.b)
	w.u8(4<<4 | ipv4HeaderLen/4)
	w.u8(m.TOS)
	w.u16(uint16(ipv4HeaderLen + udpLen))
	w.u16(m.ID)
	w.u16(uint16(flag(m.DF, ipv4DF)))
	w.u8(m.TTL)
	w.u8(protocolUDP)
	w.u16(0) // the checksum, below
	w.address(m.Source.Addr())
	w.address(m.Destination.Addr())
	binary.BigEndian.PutUint16(w.b[start+10:], checksum.Sum(0, w.b[start:]))
}

func (w *writer) innerIPv6(m *EncapsulatedControl, udpLen int) {
	w.u32(6<<28 | uint32(m.TOS)<<20) // no flow label
	w.u16(uint16(udpLen))
	w.u8(protocolUDP)
	w.u8(m.TTL)
	w.address(m.Source.Addr())
	w.address(m.Destination.Addr())
}

// udpSum is the checksum of a UDP datagram, header included, under its pseudo-header (RFC 768, RFC 8200 section 8.1).
func udpSum(source, destination netip.Addr, udp []byte) uint16 {
	sum := uint32(protocolUDP) + uint32(len(udp))
	for _, a := range [...]netip.Addr{source, destination} {
		if a.Is4() {
			v4 := a.As4()
			sum += uint32(^checksum.Sum(0, v4[:]))
			continue
		}
		v6 := a.As16()
		sum += uint32(^checksum.Sum(0, v6[:]))
	}
	return checksum.Sum(sum, udp)
}

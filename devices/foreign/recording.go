package foreign

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
)

// Frame is one UDP datagram of a capture.
type Frame struct {
	Number   int // in the file, from 1
	From, To netip.AddrPort
	Payload  []byte
}

// Recording is the UDP datagrams over IPv4 of a capture file, in their order.
type Recording []Frame

// The captures have the classic format: a file header, then each frame behind a header of its own, all little-endian, and
// the frames are those of Ethernet.
const (
	fileHeader  = 24
	frameHeader = 16
	magic       = 0xa1b2c3d4
	ethernet    = 1
)

// Read reads a capture file.
func Read(name string) (Recording, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if len(b) < fileHeader || le.Uint32(b) != magic || le.Uint32(b[20:]) != ethernet {
		return nil, fmt.Errorf("%s: found no classic pcap file of Ethernet frames, little-endian, in microseconds", name)
	}
	var list Recording
	number := 1
	for b = b[fileHeader:]; len(b) >= frameHeader; number++ {
		size := int(le.Uint32(b[8:]))
		if len(b) < frameHeader+size {
			return nil, fmt.Errorf("%s: frame %d is cut off", name, number)
		}
		if f, ok := datagram(b[frameHeader : frameHeader+size]); ok {
			f.Number = number
			list = append(list, f)
		}
		b = b[frameHeader+size:]
	}
	return list, nil
}

// datagram finds the UDP datagram of a frame.
func datagram(frame []byte) (f Frame, ok bool) {
	const typeIPv4, protocolUDP = 0x0800, 17
	be := binary.BigEndian
	if len(frame) < 42 || be.Uint16(frame[12:]) != typeIPv4 || frame[23] != protocolUDP {
		return f, false
	}
	ip := frame[14:]
	udp := ip[int(ip[0]&15)*4 : be.Uint16(ip[2:])]
	return Frame{
		From:    netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[12:])), be.Uint16(udp)),
		To:      netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[16:])), be.Uint16(udp[2:])),
		Payload: udp[8:],
	}, true
}

// first returns a copy of the first message of a type whose bytes contain what.
func (r Recording) first(kind byte, what []byte) ([]byte, error) {
	for _, f := range r {
		if typeOf(f.Payload) == kind && contains(f.Payload, what) {
			return append([]byte(nil), f.Payload...), nil
		}
	}
	return nil, fmt.Errorf("the recording has no message of type %d about % x", kind, what)
}

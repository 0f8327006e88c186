package mapserver_test

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// captured is one UDP datagram of a capture file.
type captured struct {
	number   int // of the frame, from 1
	at       time.Time
	from, to netip.AddrPort
	ttl, tos uint8
	payload  []byte
}

// captures reads the UDP datagrams over IPv4 of capture files with the classic format and Ethernet frames, as tcpdump writes
// them. The files are others' property and stay where they are: without them the test is skipped.
func captures(t *testing.T, name string) []captured {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "captures", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no capture: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if len(b) < 24 || le.Uint32(b) != 0xa1b2c3d4 || le.Uint32(b[20:]) != 1 {
		t.Fatalf("%s: no capture of Ethernet frames, little-endian, in microseconds", name)
	}
	var list []captured
	number := 0
	for b = b[24:]; len(b) >= 16; {
		at := time.Unix(int64(le.Uint32(b)), int64(le.Uint32(b[4:]))*1000)
		size := int(le.Uint32(b[8:]))
		number++
		if d, ok := udp(b[16 : 16+size]); ok {
			d.number, d.at = number, at
			list = append(list, d)
		}
		b = b[16+size:]
	}
	return list
}

func udp(frame []byte) (d captured, ok bool) {
	be := binary.BigEndian
	if len(frame) < 42 || be.Uint16(frame[12:]) != 0x0800 || frame[23] != 17 {
		return d, false
	}
	ip := frame[14:]
	header := int(ip[0]&15) * 4
	u := ip[header:be.Uint16(ip[2:])]
	return captured{
		from: netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[12:])), be.Uint16(u)),
		to:   netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[16:])), be.Uint16(u[2:])),
		ttl:  ip[8], tos: ip[1], payload: u[8:],
	}, true
}

//go:build linux

package underlay

import (
	"encoding/binary"
	"net/netip"

	"lisplab/lispcore/checksum"
)

// readdress names the ends of an IP packet, and those of the packet that an ICMP error in it quotes, by other addresses of
// their families, and mends the checksums that cover them (RFC 1624), except that of the quoted packet's own payload, which
// nobody can check. b is changed in place; what is no packet stays as it is.
func readdress(b []byte, to func(netip.Addr) netip.Addr) {
	h, ok := readdressHeader(b, to)
	if !ok || h.body >= len(b) {
		return
	}
	body := b[h.body:]
	switch {
	case h.protocol == protocolUDP && len(body) >= udpHeader:
		mendUDP(body[6:], h.was, h.is)
	case h.protocol == protocolTCP && len(body) >= tcpHeader:
		mend(body[16:], h.was, h.is)
	case (h.protocol == protocolICMP || h.protocol == protocolICMP6) && len(body) >= icmpHeader:
		if h.protocol == protocolICMP6 { // ICMP's does not cover the addresses
			mend(body[2:], h.was, h.is)
		}
		if quoted := body[icmpHeader:]; quotes(h.protocol, body[0]) {
			was := uint16(checksum.Partial(0, quoted))
			if _, ok := readdressHeader(quoted, to); ok {
				mend(body[2:], was, uint16(checksum.Partial(0, quoted)))
			}
		}
	}
}

const (
	protocolFragment = 44 // the fragment header of IPv6
	fragmentHeader   = 8
)

// quotes tells whether an ICMP message of a type is an error, which quotes a packet.
func quotes(protocol, kind uint8) bool {
	if protocol == protocolICMP6 {
		return kind < 128
	}
	return kind == 3 || kind == 11 || kind == 12
}

// readdressed is what readdress learns of a header.
type readdressed struct {
	was, is  uint16 // sums of the addresses
	protocol uint8  // of the body; 0 in a fragment that is not the first
	body     int    // where it begins
}

// readdressHeader changes the addresses in an IP header, and mends the header's own checksum.
func readdressHeader(b []byte, to func(netip.Addr) netip.Addr) (h readdressed, ok bool) {
	_, v6, ok := addresses(b)
	if !ok || !v6 && b[0]&0x0f < ipv4Header/4 {
		return h, false
	}
	ends := b[12:20]
	h.protocol, h.body = b[9], int(b[0]&0x0f)*4
	fragment := !v6 && binary.BigEndian.Uint16(b[6:])&0x1fff != 0
	if v6 {
		ends = b[8:40]
		h.protocol, h.body = b[6], ipv6Header
		if h.protocol == protocolFragment && len(b) >= ipv6Header+fragmentHeader {
			h.protocol, h.body = b[ipv6Header], ipv6Header+fragmentHeader
			fragment = binary.BigEndian.Uint16(b[ipv6Header+2:])&0xfff8 != 0
		}
	}
	if fragment {
		h.protocol = 0
	}
	h.was = uint16(checksum.Partial(0, ends))
	for _, end := range [][]byte{ends[:len(ends)/2], ends[len(ends)/2:]} {
		a, _ := netip.AddrFromSlice(end)
		if other := to(a); other.Is4() == a.Is4() {
			copy(end, other.AsSlice())
		}
	}
	if h.is = uint16(checksum.Partial(0, ends)); !v6 {
		mend(b[10:12], h.was, h.is)
	}
	return h, true
}

package forward

import (
	"encoding/binary"
	"net/netip"
)

// FlowHash returns a number that all packets of a flow share, spread evenly over all its bits: it chooses among equal
// locators, and it is the source port of the outer UDP header, so that the underlay can share load too (RFC 9300 sections
// 5.3 and 9). Of a fragmented packet the ports count for nothing, because only the first fragment has them.
func FlowHash(p Packet) uint32 {
	ports := uint64(p.SourcePort)<<16 | uint64(p.DestinationPort)
	if p.MF {
		ports = 0
	}
	h := mix(uint64(p.Protocol)<<32 | ports)
	h = mixAddr(h, p.Source)
	h = mixAddr(h, p.Destination)
	return uint32(h >> 32)
}

func mixAddr(h uint64, a netip.Addr) uint64 {
	b := a.As16()
	h = mix(h ^ binary.BigEndian.Uint64(b[:8]))
	return mix(h ^ binary.BigEndian.Uint64(b[8:]))
}

// mix is the finisher of MurmurHash3: every bit of x changes every bit of the result with probability one half.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

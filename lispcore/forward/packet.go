package forward

import "net/netip"

// Packet is what forwarding needs to know of an IP packet.
type Packet struct {
	Version             int // 4 or 6
	Source, Destination netip.Addr
	TTL                 uint8 // IPv6: Hop Limit
	TOS                 uint8 // DSCP and ECN; IPv6: Traffic Class
	Protocol            uint8 // of what lies at HeaderLen; IPv6: behind the extension headers
	DF, MF              bool
	FragmentOffset      int    // in bytes
	ID                  uint16 // IPv4 only
	HeaderLen           int    // in bytes; IPv6: with the extension headers
	Length              int    // of the whole packet by its own header, in bytes; at most what was given

	SourcePort, DestinationPort uint16 // 0 without ports, or when not in this fragment
}

// Parse reads the header of an IP packet.
func Parse(b []byte) (Packet, error) { return Packet{}, nil }

// DecrementTTL counts the TTL (IPv6: Hop Limit) down in place; false when it runs out.
func DecrementTTL(b []byte) bool { return false }

// FlowHash is a hash of addresses, protocol and ports.
func FlowHash(p Packet) uint32 { return 0 }

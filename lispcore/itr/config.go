package itr

import (
	"math/rand/v2"
	"net/netip"

	"lisplab/lispcore"
)

// DefaultLimit is how many dynamic entries a map-cache holds without a `map-cache-limit` line.
const DefaultLimit = 1000

// defaultMTU is the L of RFC 9300 section 7.1 where the configuration names none, in bytes.
const defaultMTU = 1500

// Config is what an ITR or a PITR is told.
type Config struct {
	IPv4, IPv6 Service // by family of the EIDs
	Instances  []Instance
	// Probing is `loc-reach-algorithm rloc-probing`; LSBReports is `loc-reach-algorithm lsb-reports`: Locator-Status-Bits that
	// arrive are believed. (They are sent in any case.)
	Probing, LSBReports bool
	// EchoNonce makes data packets ask for their nonce's echo (RFC 9300 section 10.1).
	EchoNonce bool
	// PropagateTTL copies the TTL of a packet to its outer header; without it the outer TTL is 255.
	PropagateTTL bool
	// MTU is the largest outer packet in bytes, its IP header included: L of RFC 9300 section 7.1. 0 stands for 1500, and
	// less than 576 for 576.
	MTU int
	// Rand is the source of nonces.
	Rand *rand.Rand
}

// service returns the settings for EIDs of a family.
func (c *Config) service(f lispcore.Family) *Service {
	if f == lispcore.IPv4 {
		return &c.IPv4
	}
	return &c.IPv6
}

// Service is the `ipv4 ...` or `ipv6 ...` lines that concern an ITR.
type Service struct {
	ITR      bool
	ProxyITR netip.Addr // the RLOC of a PITR; the zero Addr: it is none
	// MapResolvers are asked one after the other: the next one when the one before has not answered.
	MapResolvers []netip.Addr
	// MapRequestSource, when set, is the source of Map-Requests and their ITR-RLOC.
	MapRequestSource netip.Addr
	PETRs            []PETR
	Limit            int // dynamic entries of each instance's map-cache; 0 stands for DefaultLimit
}

// enabled tells whether there is an ITR or a PITR for the family at all.
func (s *Service) enabled() bool { return s.ITR || s.ProxyITR.IsValid() }

// PETR is one `use-petr` line. Of lines without priority and weight both are 0.
type PETR struct {
	RLOC             netip.Addr
	Priority, Weight uint8
}

// Instance is what one instance has.
type Instance struct {
	Instance uint32
	// Database holds the EID prefixes of the own site: a source must lie inside one, a destination must not, and their
	// locators are the outer source addresses (the Local ones), Locator-Status-Bits, and ITR-RLOCs.
	Database []lispcore.Mapping
	Static   []Static // `map-cache` lines
}

// Static is one `map-cache P {map-request|native-forward|drop}` line: Action is SendMapRequest, NativelyForward or
// DropNoReason.
type Static struct {
	Prefix netip.Prefix
	Action lispcore.Action
}

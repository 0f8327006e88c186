package itr

import (
	"net/netip"

	"lisplab/lispcore"
)

// VerdictKind is what becomes of a packet.
type VerdictKind uint8

// The kinds of verdict.
const (
	Native      VerdictKind = iota // not for LISP: the routing table decides
	Encapsulate                    // Datagrams are to be sent
	Drop
	TooBig // it may not be fragmented, and MTU is the most that fits
)

// String returns the kind in a word or two.
func (k VerdictKind) String() string {
	return [...]string{"forward natively", "encapsulate", "drop", "too big"}[k]
}

// Verdict is the decision about one packet.
type Verdict struct {
	Kind   VerdictKind
	Reason Reason // why it is not simply encapsulated to a locator of its mapping; 0 when it is
	// Datagrams are to be sent, in order: one, or the pieces of a fragmented packet. They, and their payloads, are valid
	// until the next Forward.
	Datagrams []lispcore.SendDatagram
	Entry     netip.Prefix // the map-cache entry that decided; the zero Prefix: none did
	RLOC      netip.Addr   // where it goes, of a locator or a proxy ETR; the zero Addr: nowhere
	MTU       int          // with TooBig: the largest packet that fits into the tunnel, in bytes
}

// Reason says why a packet was not encapsulated to a locator of its mapping.
type Reason uint8

// The reasons. Statistics count packets by them.
const (
	// NotEnabled: no ITR and no PITR for the family, or an instance that nobody configured.
	NotEnabled Reason = iota + 1
	// InvalidPacket: not an IP packet, or one with a wrong header.
	InvalidPacket
	// NotUnicast: a destination (or a source) that no mapping can exist for.
	NotUnicast
	// SourceNotLocal: the source is not in an EID prefix of the own site, and the router is no PITR.
	SourceNotLocal
	// DestinationLocal: the destination is in an EID prefix of the own site, and in no longer one of the map-cache.
	DestinationLocal
	// NoEntry: nothing in the map-cache covers the destination, not even an entry that asks for a Map-Request.
	NoEntry
	// NativeEntry: the entry says natively-forward.
	NativeEntry
	// ViaPETR: the entry says natively-forward, and a proxy ETR is there to do it.
	ViaPETR
	// MapRequestSent: the mapping is not known; this packet made the ITR ask for it.
	MapRequestSent
	// MapRequestPending: the mapping is not known and has been asked for, or was a short time ago.
	MapRequestPending
	// NoMapResolver: the mapping is not known, and there is nobody to ask.
	NoMapResolver
	// TooManyRequests: the mapping is not known, and too many others are being asked for.
	TooManyRequests
	// DropEntry: the entry says drop, or no-action.
	DropEntry
	// PolicyDenied: the entry says drop/policy-denied.
	PolicyDenied
	// AuthFailure: the entry says drop/authentication-failure.
	AuthFailure
	// NoUsableLocator: every locator is down, has priority 255, or is the router's own.
	NoUsableLocator
	// NoRouteToLocator: no locator that could be used has a route.
	NoRouteToLocator
	// PacketTooBig: the packet does not fit and says "don't fragment".
	PacketTooBig

	reasons = iota + 1
)

var reasonNames = [reasons]string{
	NotEnabled:        "ITR not enabled",
	InvalidPacket:     "invalid IP header",
	NotUnicast:        "address is not unicast",
	SourceNotLocal:    "source is not a local EID",
	DestinationLocal:  "destination is a local EID",
	NoEntry:           "no map-cache entry",
	NativeEntry:       "map-cache action forward-native",
	ViaPETR:           "encapsulating to proxy ETR",
	MapRequestSent:    "map-cache miss, Map-Request sent",
	MapRequestPending: "map-cache miss, Map-Reply pending",
	NoMapResolver:     "map-cache miss, no Map-Resolver",
	TooManyRequests:   "map-cache miss, too many pending Map-Requests",
	DropEntry:         "map-cache action drop",
	PolicyDenied:      "map-cache action drop, policy-denied",
	AuthFailure:       "map-cache action drop, authentication-failure",
	NoUsableLocator:   "no usable locator",
	NoRouteToLocator:  "no route to locator",
	PacketTooBig:      "packet too big for the tunnel",
}

// String returns the reason as `show ip lisp statistics` prints it.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown reason"
}

// Reasons is how many packets had which reason.
type Reasons [reasons]uint64

// Of returns how many packets had the reason.
func (r *Reasons) Of(why Reason) uint64 { return r[why] }

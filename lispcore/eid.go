package lispcore

import (
	"cmp"
	"fmt"
	"net/netip"
)

// Family is the address family of an EID or a locator, by its AFI number.
type Family uint16

const (
	IPv4 Family = 1 // AFI 1
	IPv6 Family = 2 // AFI 2
)

// String returns the family as IOS prints it.
func (f Family) String() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return fmt.Sprintf("AFI %d", uint16(f))
}

// FamilyOf returns the family of an address. IPv4-mapped IPv6 addresses are IPv6.
func FamilyOf(a netip.Addr) Family {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}

// EID is an EID prefix in an instance: the key of the mapping system (RFC 9301 section 5.4, RFC 8060 section 4.1).
// Prefix is masked: its host bits are zero.
type EID struct {
	Instance uint32
	Prefix   netip.Prefix
}

// NewEID returns the EID of p, with its host bits cleared, in the instance.
func NewEID(instance uint32, p netip.Prefix) EID { return EID{instance, p.Masked()} }

// Family returns the address family of the prefix.
func (e EID) Family() Family { return FamilyOf(e.Prefix.Addr()) }

// Covers tells whether o lies inside e (or equals it), in the same instance.
func (e EID) Covers(o EID) bool {
	return e.Instance == o.Instance && e.Prefix.Bits() <= o.Prefix.Bits() && e.Prefix.Contains(o.Prefix.Addr())
}

// Compare orders EIDs as IOS lists them: by instance, IPv4 before IPv6, by address, shorter prefixes first.
func (e EID) Compare(o EID) int {
	if c := cmp.Compare(e.Instance, o.Instance); c != 0 {
		return c
	}
	if c := cmp.Compare(e.Family(), o.Family()); c != 0 {
		return c
	}
	if c := e.Prefix.Addr().Compare(o.Prefix.Addr()); c != 0 {
		return c
	}
	return cmp.Compare(e.Prefix.Bits(), o.Prefix.Bits())
}

// String returns the EID as logs print it: "IID 0 10.1.0.0/24".
func (e EID) String() string { return fmt.Sprintf("IID %d %v", e.Instance, e.Prefix) }

// Service is one registering service of an ETR, or one part of a Map-Server: an instance and an address family.
type Service struct {
	Instance uint32
	Family   Family
}

// Service returns the service that the EID belongs to.
func (e EID) Service() Service { return Service{e.Instance, e.Family()} }

// Compare orders services by instance, IPv4 before IPv6.
func (s Service) Compare(o Service) int {
	if c := cmp.Compare(s.Instance, o.Instance); c != 0 {
		return c
	}
	return cmp.Compare(s.Family, o.Family)
}

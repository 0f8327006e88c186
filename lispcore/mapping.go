package lispcore

import (
	"fmt"
	"net/netip"
	"slices"
)

// Locator is one locator record (RFC 9301 section 5.4). Priority and weight and their multicast twins are four
// independent values; priority 255 means "not to be used".
type Locator struct {
	RLOC                     netip.Addr
	Priority, Weight         uint8
	MPriority, MWeight       uint8
	Local, Probed, Reachable bool // the L, p and R bits
}

// CompareLocators orders locators as the wire wants them: by address, IPv4 before IPv6 (RFC 9301 section 5.4).
func CompareLocators(a, b Locator) int { return a.RLOC.Compare(b.RLOC) }

// Action is the ACT field of a record without locators (RFC 9301 section 5.4).
type Action uint8

const (
	NoAction Action = iota
	NativelyForward
	SendMapRequest
	DropNoReason
	DropPolicyDenied
	DropAuthFailure
)

var actionNames = [...]string{"no-action", "natively-forward", "send-map-request", "drop/no-reason", "drop/policy-denied", "drop/auth-failure"}

// String returns the action as RFC 9301 words it: "natively-forward".
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return fmt.Sprintf("action %d", uint8(a))
}

// Mapping binds an EID prefix to its locators. TTL is the Record TTL as on the wire: whole minutes, 0 withdraws,
// 0xffffffff leaves the time to the receiver.
type Mapping struct {
	EID        EID
	TTL        uint32
	Locators   []Locator
	Action     Action
	MapVersion uint16 // 12 bits
}

// SameData tells whether two mappings of one EID say the same: TTL, locators, priorities and weights.
func (m Mapping) SameData(o Mapping) bool {
	return m.TTL == o.TTL && slices.Equal(m.Locators, o.Locators)
}

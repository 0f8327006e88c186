package wire

import (
	"errors"
	"fmt"
)

// RegistrationRefresh is a Map-Server's wish to have registrations sent again.
//
//	| Scope (8) | R (1) | Reserved (15) | [ Prefix-Length (8) | EID-Prefix-AFI (16) | EID-Prefix ] |
//
// What Prefix must be follows from Scope.
type RegistrationRefresh struct {
	Scope        Scope
	RejectedOnly bool // R: only what the Map-Server refused earlier; not with ScopeCovered
	Prefix       EIDPrefix
}

// Scope says which registrations a Refresh is about.
type Scope uint8

// The scopes of the draft.
const (
	ScopeAll      Scope = 0 // everything; no Prefix
	ScopeInstance Scope = 1 // one instance: Prefix has the instance, and the zero netip.Prefix
	ScopeFamily   Scope = 2 // one address family of one instance: Prefix is 0.0.0.0/0 or ::/0, never Plain
	ScopeCovered  Scope = 3 // the prefixes that Prefix covers
	ScopeExact    Scope = 4 // Prefix itself
)

var scopeNames = [...]string{"all", "instance", "address family", "covered prefixes", "exact prefix"}

// String returns the scope in words.
func (s Scope) String() string {
	if int(s) < len(scopeNames) {
		return scopeNames[s]
	}
	return fmt.Sprintf("scope %d", uint8(s))
}

// StreamType returns TypeRegistrationRefresh.
func (*RegistrationRefresh) StreamType() StreamType { return TypeRegistrationRefresh }

const refreshRejected = 1 << 15 // of the 16 bits after Scope

// Where the fields lie in the data, for errors.
const (
	refreshScopeOff = 0
	refreshFlagsOff = 1
	refreshBitsOff  = 3
	refreshAFIOff   = 4
)

func parseRegistrationRefresh(r *reader) (*RegistrationRefresh, error) {
	var m RegistrationRefresh
	m.Scope = Scope(r.u8("Scope"))
	m.RejectedOnly = r.u16("R")&refreshRejected != 0
	if m.Scope > ScopeExact {
		return nil, m.check() // what follows Scope is anybody's guess
	}
	if m.Scope != ScopeAll {
		m.Prefix = r.eidPrefix()
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return &m, m.check()
}

func (m *RegistrationRefresh) appendData(b []byte) ([]byte, error) {
	if err := m.check(); err != nil {
		return b, err
	}
	w := dataWriter(m.StreamType(), b)
	w.u8(uint8(m.Scope))
	w.u16(uint16(flag(m.RejectedOnly, refreshRejected)))
	if m.Scope != ScopeAll {
		w.eidPrefix(m.Prefix)
	}
	return w.end()
}

var (
	errScope       = errors.New("not defined")
	errScopeR      = errors.New("R does not go with the scope of covered prefixes")
	errScopeAFI    = errors.New("AFI does not fit the scope")
	errScopePrefix = errors.New("prefix does not fit the scope")
)

// check holds scope and prefix against each other.
func (m *RegistrationRefresh) check() error {
	at := place{message: m.StreamType().String()}
	bad := func(field string, off int, why error) error {
		return at.errorAt(field, frameDataOffset+off, fmt.Errorf("%w: scope %d: %w", ErrValue, uint8(m.Scope), why))
	}
	p := m.Prefix.EID.Prefix
	switch m.Scope {
	case ScopeAll:
		if m.Prefix != (EIDPrefix{}) {
			return bad(prefixFields.bits, refreshBitsOff, errScopePrefix)
		}
	case ScopeInstance:
		if p.IsValid() || m.Prefix.Plain {
			return bad(prefixFields.afi, refreshAFIOff, errScopeAFI)
		}
	case ScopeFamily:
		if !p.IsValid() || m.Prefix.Plain {
			return bad(prefixFields.afi, refreshAFIOff, errScopeAFI)
		}
		if p.Bits() != 0 {
			return bad(prefixFields.bits, refreshBitsOff, errScopePrefix)
		}
	case ScopeCovered, ScopeExact:
		if !p.IsValid() {
			return bad(prefixFields.afi, refreshAFIOff, errScopeAFI)
		}
	default:
		return bad("Scope", refreshScopeOff, errScope)
	}
	if m.Scope == ScopeCovered && m.RejectedOnly {
		return bad("R", refreshFlagsOff, errScopeR)
	}
	return nil
}

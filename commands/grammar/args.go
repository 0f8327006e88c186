package grammar

import (
	"net/netip"
	"time"
)

// Args are the values of a parsed line by the $names of its rule. A keyword is also there by its own text, so that
// Has("detail") tells whether it was typed; where a keyword and a $name of the rule are spelt alike, the name counts.
// Asking for a name that was not typed returns the zero value.
type Args struct{ values map[string]arg }

type arg struct {
	value   any
	col     int
	keyword bool
}

func (a *Args) set(name string, v arg) {
	if a.values == nil {
		a.values = make(map[string]arg)
	}
	if old, taken := a.values[name]; v.keyword && taken && !old.keyword {
		return
	}
	a.values[name] = v
}

// dropKeywords forgets the keywords that are spelt as one of the names.
func (a *Args) dropKeywords(names []string) {
	for _, name := range names {
		if a.values[name].keyword {
			delete(a.values, name)
		}
	}
}

// With returns a copy in which the keyword was typed as well.
func (a Args) With(keyword string) Args {
	b := Args{values: make(map[string]arg, len(a.values)+1)}
	for name, v := range a.values {
		b.values[name] = v
	}
	b.values[keyword] = arg{value: keyword, keyword: true}
	return b
}

// Has tells whether a value or a keyword was typed.
func (a Args) Has(name string) bool {
	_, ok := a.values[name]
	return ok
}

// Col returns the byte offset at which a value or a keyword was typed.
func (a Args) Col(name string) int { return a.values[name].col }

// String returns a WORD, a LINE, or the keyword (in full) of a named choice.
func (a Args) String(name string) string { return value[string](a, name) }

// Uint returns a number.
func (a Args) Uint(name string) uint32 { return value[uint32](a, name) }

// Addr returns an address.
func (a Args) Addr(name string) netip.Addr { return value[netip.Addr](a, name) }

// Prefix returns a prefix as typed, host bits included. An address typed for an EID comes as the prefix of its full
// length.
func (a Args) Prefix(name string) netip.Prefix {
	if addr, ok := a.values[name].value.(netip.Addr); ok {
		return netip.PrefixFrom(addr, addr.BitLen())
	}
	return value[netip.Prefix](a, name)
}

// Interface returns the full name of an interface: "GigabitEthernet0/0".
func (a Args) Interface(name string) string { return a.String(name) + a.String(name+interfaceHalf) }

// Duration returns a span of time.
func (a Args) Duration(name string) time.Duration { return value[time.Duration](a, name) }

func value[T any](a Args, name string) T {
	v, _ := a.values[name].value.(T)
	return v
}

// Invalid returns the error of a value that is well-formed and yet impossible: the caret goes under it. Under an interface
// name it goes under the number, for the type is known.
func (a Args) Invalid(name string, expected ...string) error {
	found, col := a.String(name), a.Col(name)
	if number := name + interfaceHalf; a.Has(number) {
		found, col = a.Interface(name), a.Col(number)
	}
	return &Error{Kind: Invalid, Col: col, Found: found, Expected: expected}
}

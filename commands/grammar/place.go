package grammar

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// place is a kind of typed argument.
type place struct {
	text string // what `?` prints
	such string // an example, for errors; "" where the text tells enough
	rank int    // of the kinds that take a word, the one with the lowest rank gets it
	// read returns the value of a word. When the word is none, reach tells how many of its bytes still could have been
	// the beginning of one: that is where the caret goes.
	read func(word string) (value any, reach int, ok bool)
	// begins tells whether a word that is still being typed can become a value.
	begins func(word string) bool
}

// Ranks: the narrower a kind, the earlier it is asked.
const (
	rankExact = iota // numbers, addresses: their shapes exclude each other
	rankWord
	rankLine
)

var (
	wordPlace = &place{text: "WORD", rank: rankWord, read: readWord, begins: anything}
	linePlace = &place{text: "LINE", rank: rankLine, read: readWord, begins: anything}

	ipv4Address = &place{text: "A.B.C.D", read: readAddress(netip.Addr.Is4), begins: oneOf("0123456789.")}
	ipv6Address = &place{text: "X:X:X:X::X", read: readAddress(netip.Addr.Is6), begins: beginsIPv6(false)}
	ipv4Prefix  = &place{text: "A.B.C.D/nn", read: readPrefix(netip.Addr.Is4), begins: oneOf("0123456789./")}
	ipv6Prefix  = &place{text: "X:X:X:X::X/<0-128>", read: readPrefix(netip.Addr.Is6), begins: beginsIPv6(true)}

	durationPlace = &place{text: "DURATION", such: "5m or 1h30m", read: readDuration, begins: oneOf("0123456789.dhmsu")}
)

const interfacePlace = "INTERFACE"

var rangePattern = regexp.MustCompile(`^<(\d+)-(\d+)>`)

// places returns the kinds that a word of a syntax string stands for; none when the word is a keyword.
func places(text string) (kinds []*place, isPlace bool, err error) {
	switch text {
	case "WORD":
		return []*place{wordPlace}, true, nil
	case "LINE":
		return []*place{linePlace}, true, nil
	case "A.B.C.D":
		return []*place{ipv4Address}, true, nil
	case "A.B.C.D/nn":
		return []*place{ipv4Prefix}, true, nil
	case "X:X:X:X::X":
		return []*place{ipv6Address}, true, nil
	case "X:X:X:X::X/<0-128>":
		return []*place{ipv6Prefix}, true, nil
	case "ADDRESS":
		return []*place{ipv4Address, ipv6Address}, true, nil
	case "PREFIX":
		return []*place{ipv4Prefix, ipv6Prefix}, true, nil
	case "EID":
		return []*place{ipv4Address, ipv4Prefix, ipv6Address, ipv6Prefix}, true, nil
	case "DURATION":
		return []*place{durationPlace}, true, nil
	case interfacePlace:
		return nil, true, nil
	}
	if m := rangePattern.FindStringSubmatch(text); m != nil && len(m[0]) == len(text) {
		low, err1 := strconv.ParseUint(m[1], 10, 32)
		high, err2 := strconv.ParseUint(m[2], 10, 32)
		if err1 != nil || err2 != nil || low > high {
			return nil, false, fmt.Errorf("%s is no range of 32-bit numbers", text)
		}
		return []*place{numberPlace(uint32(low), uint32(high))}, true, nil
	}
	if strings.ToLower(text) != text {
		return nil, false, fmt.Errorf("%s is neither a place nor a keyword (keywords are lower case)", text)
	}
	return nil, false, nil
}

func anything(string) bool { return true }

func oneOf(chars string) func(string) bool {
	return func(word string) bool { return strings.Trim(word, chars) == "" }
}

func readWord(word string) (any, int, bool) { return word, len(word), true }

func numberPlace(low, high uint32) *place {
	return &place{
		text:   fmt.Sprintf("<%d-%d>", low, high),
		begins: oneOf("0123456789"),
		read: func(word string) (any, int, bool) {
			n, err := strconv.ParseUint(word, 10, 32)
			if err != nil || uint32(n) < low || uint32(n) > high {
				return nil, 0, false
			}
			return uint32(n), len(word), true
		},
	}
}

// readAddress reads an address of one family. Zones are refused.
func readAddress(family func(netip.Addr) bool) func(string) (any, int, bool) {
	return func(word string) (any, int, bool) {
		a, err := netip.ParseAddr(word)
		if err == nil && family(a) && a.Zone() == "" {
			return a, len(word), true
		}
		if head, _, cut := strings.Cut(word, "/"); cut {
			if a, err := netip.ParseAddr(head); err == nil && family(a) && a.Zone() == "" {
				return nil, len(head), false // a prefix where an address belongs: only the slash is wrong
			}
		}
		return nil, 0, false
	}
}

// readPrefix reads a prefix of one family. Its host bits are kept: whether they matter is the command's business.
func readPrefix(family func(netip.Addr) bool) func(string) (any, int, bool) {
	return func(word string) (any, int, bool) {
		p, err := netip.ParsePrefix(word)
		if err == nil && family(p.Addr()) {
			return p, len(word), true
		}
		if head, _, cut := strings.Cut(word, "/"); cut {
			if a, err := netip.ParseAddr(head); err == nil && family(a) && a.Zone() == "" {
				return nil, len(head) + 1, false // the length is wrong
			}
		}
		return nil, 0, false
	}
}

func beginsIPv6(prefix bool) func(string) bool {
	chars := oneOf("0123456789abcdefABCDEF:./")
	return func(word string) bool {
		return chars(word) && (prefix || !strings.Contains(word, "/")) && (strings.Contains(word, ":") || len(word) <= 4 && !strings.Contains(word, "."))
	}
}

// readDuration reads a span of time such as 5h5m41s, or 2d for whole days.
func readDuration(word string) (any, int, bool) {
	var days time.Duration
	rest := word
	if head, tail, cut := strings.Cut(word, "d"); cut {
		n, err := strconv.ParseUint(head, 10, 16)
		if err != nil {
			return nil, 0, false
		}
		days, rest = time.Duration(n)*24*time.Hour, tail
		if rest == "" {
			return days, len(word), true
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || rest[0] == '+' || rest[0] == '-' || days+d < days {
		return nil, 0, false
	}
	return days + d, len(word), true
}

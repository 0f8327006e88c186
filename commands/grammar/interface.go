package grammar

import (
	"strconv"
	"strings"
)

// InterfaceType is a kind of interface that the INTERFACE place knows.
type InterfaceType struct {
	Name    string // as configurations spell it
	Help    string
	Numbers string // what `?` prints behind the type
	high    uint64 // the highest number; 0 for slot/port numbers
}

// InterfaceTypes are the interface types, by name.
var InterfaceTypes = []InterfaceType{
	{Name: "Ethernet", Help: "IEEE 802.3", Numbers: "<0-15>"},
	{Name: "FastEthernet", Help: "FastEthernet IEEE 802.3", Numbers: "<0-15>"},
	{Name: "GigabitEthernet", Help: "GigabitEthernet IEEE 802.3z", Numbers: "<0-15>"},
	{Name: "Loopback", Help: "Loopback interface", Numbers: "<0-2147483647>", high: 1<<31 - 1},
	{Name: "Null", Help: "Null interface", Numbers: "<0-0>"},
	{Name: "Serial", Help: "Serial", Numbers: "<0-15>"},
	{Name: "TenGigabitEthernet", Help: "Ten Gigabit Ethernet", Numbers: "<0-15>"},
}

// typeWord is the first half of an interface name: a keyword to `?`, Tab and abbreviation, whose word may have the
// second half, the number, glued to it. numberHalf is that second half.
func interfaceElement(name string) element {
	e := element{}
	for i := range InterfaceTypes {
		t := &InterfaceTypes[i]
		e.branches = append(e.branches, []element{
			{token: &token{text: t.Name, name: name, path: interfacePlace + " " + t.Name}},
			{token: &token{text: t.Numbers, kind: interfaceNumber(t), name: name + interfaceHalf, path: interfacePlace + " " + t.Name + " " + t.Numbers}},
		})
	}
	return e
}

// interfaceHalf marks the name under which the number of an interface is kept.
const interfaceHalf = " number"

// isInterfaceType tells whether a token is the first half of an interface name.
func (t *token) isInterfaceType() bool {
	return t.isKeyword() && strings.HasPrefix(t.path, interfacePlace+" ")
}

func interfaceHelp(path string) (string, bool) {
	for _, t := range InterfaceTypes {
		switch path {
		case interfacePlace + " " + t.Name:
			return t.Help, true
		case interfacePlace + " " + t.Name + " " + t.Numbers:
			return t.Name + " interface number", true
		}
	}
	return "", false
}

// interfaceNumber reads 0, 0/1, 0/1/2 or 0/1.100: one number for a logical interface, slots and ports for the others.
func interfaceNumber(t *InterfaceType) *place {
	logical := t.high > 0 || t.Name == "Null"
	return &place{
		text:   t.Numbers,
		begins: oneOf("0123456789/."),
		read: func(word string) (any, int, bool) {
			if logical {
				n, err := strconv.ParseUint(word, 10, 32)
				if err != nil || n > t.high || word[0] == '+' {
					return nil, 0, false
				}
				return strconv.FormatUint(n, 10), len(word), true
			}
			return readPort(word)
		},
	}
}

func readPort(word string) (any, int, bool) {
	port, sub, hasSub := strings.Cut(word, ".")
	parts := strings.Split(port, "/")
	if hasSub {
		parts = append(parts, sub)
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || part[0] == '+' || len(parts) > 4 {
			return nil, 0, false
		}
		parts[i] = strconv.FormatUint(n, 10)
	}
	if hasSub {
		return strings.Join(parts[:len(parts)-1], "/") + "." + parts[len(parts)-1], len(word), true
	}
	return strings.Join(parts, "/"), len(word), true
}

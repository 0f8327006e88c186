package grammar

import (
	"strconv"
	"strings"
)

// interfaceType is a kind of interface that the INTERFACE place knows.
type interfaceType struct {
	name    string // as configurations spell it
	help    string
	numbers string // what `?` prints behind the type
	high    uint64 // the highest number of a logical interface
	ports   bool   // hardware: numbered by slots and ports
}

var interfaceTypes = []interfaceType{
	{name: "Ethernet", help: "IEEE 802.3", numbers: "<0-15>", ports: true},
	{name: "FastEthernet", help: "FastEthernet IEEE 802.3", numbers: "<0-15>", ports: true},
	{name: "GigabitEthernet", help: "GigabitEthernet IEEE 802.3z", numbers: "<0-15>", ports: true},
	{name: "Loopback", help: "Loopback interface", numbers: "<0-2147483647>", high: 1<<31 - 1},
	{name: "Null", help: "Null interface", numbers: "<0-0>"},
	{name: "Serial", help: "Serial", numbers: "<0-15>", ports: true},
	{name: "TenGigabitEthernet", help: "Ten Gigabit Ethernet", numbers: "<0-15>", ports: true},
}

// interfaceElement is the choice of all types, each with its number behind it. To `?`, Tab and abbreviation a type is a
// keyword; the number may be glued to it (see splitInterface).
func interfaceElement(name string) element {
	e := element{}
	for _, t := range interfaceTypes {
		e.branches = append(e.branches, []element{
			{token: &token{text: t.name, name: name, path: interfacePlace + " " + t.name}},
			{token: &token{text: t.numbers, kind: t.number(), name: name + interfaceHalf, path: interfacePlace + " " + t.name + " " + t.numbers}},
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
	if !strings.HasPrefix(path, interfacePlace+" ") {
		return "", false
	}
	for _, t := range interfaceTypes {
		switch path {
		case interfacePlace + " " + t.name:
			return t.help, true
		case interfacePlace + " " + t.name + " " + t.numbers:
			return t.name + " interface number", true
		}
	}
	return "", false
}

// number is the place behind the type: one number for a logical interface; 0, 0/1, 0/1/2 or 0/1.100 for hardware.
func (t interfaceType) number() *place {
	read := readPort
	if !t.ports {
		read = t.readNumber
	}
	return &place{text: t.numbers, begins: oneOf("0123456789/."), read: read}
}

func (t interfaceType) readNumber(word string) (any, int, bool) {
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil || n > t.high {
		return nil, 0, false
	}
	return strconv.FormatUint(n, 10), len(word), true
}

// readPort reads a hardware number, and drops leading zeros.
func readPort(word string) (any, int, bool) {
	port, sub, hasSub := strings.Cut(word, ".")
	parts := strings.Split(port, "/")
	if hasSub {
		parts = append(parts, sub)
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || len(parts) > 4 {
			return nil, 0, false
		}
		parts[i] = strconv.FormatUint(n, 10)
	}
	if hasSub {
		sub = "." + parts[len(parts)-1]
		parts = parts[:len(parts)-1]
	}
	return strings.Join(parts, "/") + sub, len(word), true
}

package devices

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// interfaceTypes are the types of interface that a router may have, in the order in which IOS lists them.
var interfaceTypes = []string{"Loopback", "Ethernet", "FastEthernet", "GigabitEthernet", "TenGigabitEthernet", "Serial"}

var interfaceName = regexp.MustCompile(`^([A-Za-z]+)(\d+(?:/\d+)*)$`)

// isLoopback tells whether the canonical name is that of a loopback, which configuration makes and removes.
func isLoopback(name string) bool { return strings.HasPrefix(name, "Loopback") }

// isPhysical tells whether the name is the canonical name of a physical interface.
func isPhysical(name string) bool {
	m := interfaceName.FindStringSubmatch(name)
	return m != nil && slices.Contains(interfaceTypes, m[1]) && !isLoopback(name)
}

// CompareInterfaces orders canonical interface names as IOS lists them: by type, then by number.
func CompareInterfaces(a, b string) int {
	typeA, numA := splitInterface(a)
	typeB, numB := splitInterface(b)
	if c := cmp.Compare(slices.Index(interfaceTypes, typeA), slices.Index(interfaceTypes, typeB)); c != 0 {
		return c
	}
	if c := slices.Compare(numA, numB); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

// splitInterface takes "GigabitEthernet0/1" apart into its type and its numbers.
func splitInterface(name string) (kind string, numbers []int) {
	m := interfaceName.FindStringSubmatch(name)
	if m == nil {
		return name, nil
	}
	for s := range strings.SplitSeq(m[2], "/") {
		n, _ := strconv.Atoi(s) // digits by the expression; a number beyond int sorts as the largest
		numbers = append(numbers, n)
	}
	return m[1], numbers
}

package netns

import (
	"regexp"
	"strings"

	"lisplab/devices/underlay"
)

// Config says what is to be built.
type Config struct {
	Run    string // a name as RunName makes it
	Nodes  []Node
	Cables [][2]underlay.Port // between interfaces of Nodes, and of External
	// External are interfaces of the machine itself, each once. In Cables each is the interface of a node: they follow Nodes.
	External []string
}

// RunName makes the name of a run of what may be any text.
func RunName(text string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, text)
	return name[:min(len(name), 100)]
}

// Node is a router or a host.
type Node struct {
	Name       string
	Router     bool
	Interfaces []string // the physical ones, each once
}

// maxName is how long the name of an interface may be in Linux, in bytes.
const maxName = 15

var interfaceParts = regexp.MustCompile(`^([A-Za-z]+)([0-9/.:]*)$`)

// deviceName is the kernel's name of an interface: GigabitEthernet0/1 is Gi0-1, as IOS abbreviates it, without what Linux
// doesn't have in names.
func deviceName(iface string) string {
	name := iface
	if m := interfaceParts.FindStringSubmatch(iface); m != nil && len(iface) > 6 {
		name = m[1][:2] + m[2]
	}
	name = strings.NewReplacer("/", "-", ":", "-").Replace(name)
	return name[:min(len(name), maxName)]
}

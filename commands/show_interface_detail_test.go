package commands

import (
	"strings"
	"testing"

	"lisplab/devices"
)

// What each of the commands shows of an interface.
func TestShowInterfaces(t *testing.T) {
	described := interfaceOf("GigabitEthernet0/0", true, "203.0.113.11/24", "2001:db8::11/64")
	described.Description = "to Core1"
	guarded := interfaceOf("Ethernet0/1", true, "192.0.2.17/30", "2001:db8:3::1/64")
	guarded.MTU, guarded.AccessIn = 1400, "NO-TCP"
	shut := interfaceOf("FastEthernet0/1", false, "10.9.9.9/24")
	shut.Shutdown = true
	var cases []goldenCase
	for _, c := range []struct {
		name string
		devices.InterfaceState
	}{
		{"up", described},
		{"with an MTU and an access list", guarded},
		{"shut", shut},
		{"down, without addresses", interfaceOf("TenGigabitEthernet1/0", false)},
		{"IPv6 only", interfaceOf("Ethernet0/0", true, "2001:db8:1::1/64", "2001:db8:2::1/48")},
		{"loopback", interfaceOf("Loopback0", true, "192.0.2.1/32")},
		{"serial", interfaceOf("Serial0/0/0", true, "192.0.2.9/30")},
	} {
		i, startup := c.InterfaceState, []devices.Interface{described.Interface}
		cases = append(cases, goldenCase{c.name, func(w *strings.Builder) {
			w.WriteString(interfaceText(i) + ipInterfaceText(i, startup) + ipv6InterfaceText(i) + ipv6BriefText(i))
			if err := writeDescriptions(w, FormIOS, []devices.InterfaceState{i}); err != nil {
				t.Error(err)
			}
		}})
	}
	checkGolden(t, "show_interfaces", cases)
}

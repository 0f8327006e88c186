package commands

import (
	"strings"
	"testing"

	"lisplab/devices"
	"lisplab/devices/underlay"
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

// What each kind of interface shows of what it has counted.
func TestShowCounters(t *testing.T) {
	busy := underlay.Counters{
		In:          underlay.Traffic{Packets: 1234567, Bytes: 98765432, Last: labTime(59), Bits: 10499, Rate: 1.5},
		Out:         underlay.Traffic{Packets: 12, Bytes: 1368, Last: labTime(1), Bits: 499, Rate: 0.49},
		OutputDrops: 7, InputErrors: 9, CRC: 8, Queued: 40, Modelled: true,
	}
	kernels := busy
	kernels.Modelled = false
	var cases []goldenCase
	for _, c := range []struct {
		name, iface string
		devices.InterfaceCounters
	}{
		{"nothing has passed", "GigabitEthernet0/0", devices.InterfaceCounters{Counters: underlay.Counters{Modelled: true}}},
		{"busy, and cleared a minute ago", "GigabitEthernet0/0", devices.InterfaceCounters{Counters: busy, Cleared: labTime(0)}},
		{"what a kernel counts", "GigabitEthernet0/0", devices.InterfaceCounters{Counters: kernels}},
		{"loopback", "Loopback0", devices.InterfaceCounters{Counters: underlay.Counters{Modelled: true}}},
		{"serial", "Serial0/0/0", devices.InterfaceCounters{Counters: busy}},
	} {
		cases = append(cases, goldenCase{c.name, func(w *strings.Builder) { writeCounters(w, c.iface, c.InterfaceCounters, labTime(60)) }})
	}
	checkGolden(t, "show_counters", cases)
}

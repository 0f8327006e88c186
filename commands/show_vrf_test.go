package commands

import (
	"strings"
	"testing"

	"lisplab/devices"
)

func TestShowVRF(t *testing.T) {
	vrf := func(name string, v4, v6 bool, interfaces ...string) devices.VRFState {
		return devices.VRFState{VRF: devices.VRF{Name: name, IPv4: v4, IPv6: v6}, Interfaces: interfaces}
	}
	list := []devices.VRFState{
		vrf("BLUE", true, true, "Loopback1", "GigabitEthernet0/1", "TenGigabitEthernet1/0/1"),
		vrf("EMPTY", true, false),
		vrf("SIX", false, true, "GigabitEthernet0/2"),
		vrf("A-NAME-THAT-IS-LONGER-THAN-ITS-COLUMN", true, false, "Serial0/0/0"),
	}
	screen := func(form Form, table listing) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := writeVRFs(w, form, table, list); err != nil {
				t.Error(err)
			}
		}
	}
	checkGolden(t, "show_vrf", []goldenCase{
		{"show vrf", screen(FormIOS, vrfListing)},
		{"show ip vrf", screen(FormIOS, ipVRFListing)},
		{"JSON", screen(FormJSON, vrfListing)},
	})
}

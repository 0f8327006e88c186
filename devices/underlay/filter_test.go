package underlay

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"lisplab/devices/packet"
	"lisplab/lispcore/forward"
)

// What an access list sees of a packet.
func TestFlowOf(t *testing.T) {
	echo := packet.Echo(header4, false, 1, 2, nil)
	syn := packet.TCP(header6, 11000, 4342)
	fragments := fragmentsOf(packet.UDP(header4, 4342, 9999, make([]byte, 600)))
	for name, row := range map[string]struct {
		packet []byte
		want   string
	}{
		"an echo has no ports":       {echo, "protocol 1 10.0.0.1:0 > 10.0.0.2:0 flags 0 fragment false"},
		"a SYN":                      {syn, "protocol 6 [2001:db8::1]:11000 > [2001:db8::2]:4342 flags 2 fragment false"},
		"a first fragment has ports": {fragments[0], "protocol 17 10.0.0.1:4342 > 10.0.0.2:9999 flags 0 fragment false"},
		"a later one has none":       {fragments[1], "protocol 17 10.0.0.1:0 > 10.0.0.2:0 flags 0 fragment true"},
	} {
		p, err := forward.Parse(row.packet)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f := FlowOf(p, row.packet, 3)
		if got := fmt.Sprintf("protocol %d %v > %v flags %d fragment %t", f.Protocol, f.Source, f.Destination, f.Flags, f.Fragment); got != row.want || f.Packets != 3 {
			t.Errorf("%s: %d of %s\nwant 3 of %s", name, f.Packets, got, row.want)
		}
	}
}

// Which frames a list that denies everything is asked about. It stands at the left router's Gi0, which has 10.0.0.1, and at its
// Gi1 in another VRF.
func TestFramesAtAccessLists(t *testing.T) {
	var asked int
	m := newModel(nil, func(node int, iface string, out bool, p FlowInfo) bool {
		asked += p.Packets
		return false
	})
	m.nodes = []*node{{name: "left", running: true}, {index: 1, name: "right", running: true}}
	m.addHosts([]Host{{Name: "host", Port: Port{0, "Gi0"}}})
	for i := range 2 {
		m.Configure(i, Routing{Interfaces: []Interface{
			{Name: "Gi0", Addrs: []netip.Prefix{netip.PrefixFrom(header4.Source, 24)}, Filtered: i == 0},
			{Name: "Gi1", VRF: "red", Addrs: []netip.Prefix{netip.PrefixFrom(header4.Destination, 24)}, Filtered: true},
		}})
	}
	m.update()

	echo := frameOf(packet.Echo(header4, false, 1, 2, nil))
	for name, row := range map[string]struct {
		at    Port
		out   bool
		frame []byte
		asks  bool
	}{
		"on the way in":                       {Port{0, "Gi0"}, false, echo, true},
		"out, of the router's own":            {Port{0, "Gi0"}, true, echo, false},
		"out, of another VRF's address":       {Port{0, "Gi1"}, true, echo, true},
		"where there is no list":              {Port{1, "Gi0"}, false, echo, false},
		"of a host":                           {Port{2, HostInterface}, false, echo, false},
		"of no interface that the router has": {Port{0, "Gi9"}, false, echo, false},
		"ARP":                                 {Port{0, "Gi0"}, false, arp, false},
		"a packet with a wrong header":        {Port{0, "Gi0"}, false, echo[:40], false},
	} {
		asked = 0
		denied, ok := m.frameDenied(row.at, row.out, row.frame)
		if ok != row.asks || (asked == 1) != row.asks || ok && !bytes.Equal(denied, row.frame[ethernetHeader:]) {
			t.Errorf("%s: denied %t, asked %d times", name, ok, asked)
		}
	}
}

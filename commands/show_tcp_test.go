package commands

import (
	"net/netip"
	"strings"
	"testing"

	"lisplab/devices/underlay"
)

func TestShowTCP(t *testing.T) {
	at := netip.MustParseAddrPort
	conns := []underlay.ConnState{
		{Local: at("203.0.113.11:49152"), Remote: at("209.165.201.41:4342"), State: underlay.TCPSynSent, Stream: 3},
		{Local: at("203.0.113.11:49153"), Remote: at("209.165.201.31:4342"), State: underlay.TCPEstablished, Stream: 1},
		{Local: at("[2001:db8:1111:2222:3333::1]:49154"), Remote: at("[2001:db8:1111:2222:3333::2]:4342"), State: underlay.TCPFinWait1, Stream: 2},
		{Local: netip.AddrPortFrom(netip.Addr{}, 4342), State: underlay.TCPListen},
	}
	tcp := func(form Form, all bool) func(*strings.Builder) {
		return func(w *strings.Builder) {
			if err := writeTCP(w, form, conns, all); err != nil {
				t.Error(err)
			}
		}
	}
	sockets := func(ipv6 bool, ports ...uint16) func(*strings.Builder) {
		return func(w *strings.Builder) { w.WriteString(socketsText(ports, ipv6)) }
	}
	checkGolden(t, "show_tcp", []goldenCase{
		{"show tcp brief", tcp(FormIOS, false)},
		{"show tcp brief all", tcp(FormIOS, true)},
		{"JSON", tcp(FormJSON, true)},
		{"show ip sockets", sockets(false, 4341, 4342)},
		{"show ip sockets, with IPv6", sockets(true, 4341, 4342)},
		{"show ip sockets: none", sockets(true)},
	})
}

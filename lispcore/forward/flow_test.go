package forward

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func TestFlowHashIsTheFlows(t *testing.T) {
	flow := Packet{Version: 4, Source: netip.MustParseAddr("10.10.10.5"), Destination: netip.MustParseAddr("10.30.30.7"),
		Protocol: 17, SourcePort: 50001, DestinationPort: 53}
	for _, v := range []struct {
		name   string
		change func(*Packet)
		same   bool
	}{
		{"another TTL, TOS, ID and length", func(p *Packet) { p.TTL, p.TOS, p.ID, p.Length = 1, 2, 3, 4 }, true},
		{"another source", func(p *Packet) { p.Source = p.Source.Next() }, false},
		{"another destination", func(p *Packet) { p.Destination = p.Destination.Next() }, false},
		{"the way back", func(p *Packet) { p.Source, p.Destination = p.Destination, p.Source }, false},
		{"another protocol", func(p *Packet) { p.Protocol = 6 }, false},
		{"another source port", func(p *Packet) { p.SourcePort++ }, false},
		{"the ports exchanged", func(p *Packet) { p.SourcePort, p.DestinationPort = p.DestinationPort, p.SourcePort }, false},
	} {
		p := flow
		v.change(&p)
		if (FlowHash(p) == FlowHash(flow)) != v.same {
			t.Errorf("%s: hashes %#x and %#x", v.name, FlowHash(flow), FlowHash(p))
		}
	}
}

// All fragments of a packet take one way.
func TestFlowHashOfFragments(t *testing.T) {
	big := newIPv4("10.10.10.5", "10.30.30.7", 64, 0, protocolUDP, make([]byte, 3000))
	binary.BigEndian.PutUint16(big[20:], 50001)
	pieces, err := Fragment(nil, big, 1464)
	if err != nil {
		t.Fatal(err)
	}
	first := FlowHash(mustParse(t, pieces[0]))
	for _, piece := range pieces[1:] {
		if got := FlowHash(mustParse(t, piece)); got != first {
			t.Errorf("hashes %#x and %#x", first, got)
		}
	}
}

// Flows that differ as little as flows can fill the source ports of the outer header evenly: no port of 4096 more than
// three times as often as on average.
func TestFlowHashIsEven(t *testing.T) {
	const flows, ports = 1 << 16, 1 << 12
	count := make([]int, ports)
	source := netip.MustParseAddr("10.10.10.0")
	for i := range flows {
		if i%256 == 0 {
			source = source.Next()
		}
		count[FlowHash(Packet{Source: source, Destination: netip.MustParseAddr("10.30.30.7"), Protocol: 6,
			SourcePort: uint16(i % 256), DestinationPort: 443})&(ports-1)]++
	}
	for port, n := range count {
		if n > 3*flows/ports {
			t.Errorf("port %#x has %d flows, %d on average", port, n, flows/ports)
		}
	}
}

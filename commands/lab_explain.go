package commands

import (
	"io"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// labExplainRows tell a packet's way through the lab, without sending it.
func labExplainRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Lab},
		Syntax: "explain WORD$from ADDRESS$source ADDRESS$destination " +
			"[df-bit | size <28-18024>$size | tcp <1-65535>$tcp | ttl <1-255>$ttl | udp <1-65535>$udp | vrf WORD$vrf]...",
		Help: grammar.Words{
			"explain":                     "Tell the way of a packet, decision by decision; nothing is sent",
			"explain WORD":                "Router or host that sends it",
			"explain ADDRESS$source":      "Source address",
			"explain ADDRESS$destination": "Destination address",
			"explain df-bit":              "It may not be fragmented",
			"explain size":                "Its size",
			"explain size <28-18024>":     "Bytes of the whole IP packet",
			"explain tcp":                 "The first segment of a TCP connection, instead of an ICMP echo",
			"explain tcp <1-65535>":       "Destination port",
			"explain ttl":                 "The TTL that it begins with",
			"explain ttl <1-255>":         "TTL",
			"explain udp":                 "A UDP datagram, instead of an ICMP echo",
			"explain udp <1-65535>":       "Destination port",
			"explain vrf":                 "The VRF of the router where it begins",
			"explain vrf WORD":            "VRF name",
		},
		Run: labExplain,
	}}
}

func labExplain(c *Context, a Args) error {
	steps, err := c.Lab.Explain(a.String("from"), typedFlow(a))
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.Out, wayText(steps))
	return err
}

// explainedSource is the source port of a packet that is asked about: any that nobody serves.
const explainedSource = 49152

// typedFlow is the packet of a line. Of tcp and udp the latter counts.
func typedFlow(a Args) devices.Flow {
	f := devices.Flow{
		VRF: a.String("vrf"), Source: a.Addr("source"), Destination: a.Addr("destination"),
		Size: int(a.Uint("size")), TTL: uint8(a.Uint("ttl")), DF: a.Has("df-bit"),
	}
	for _, protocol := range []struct {
		name   string
		number devices.AccessProtocol
	}{{"tcp", devices.TCPProtocol}, {"udp", devices.UDPProtocol}} {
		if port := a.Uint(protocol.name); port != 0 {
			f.Protocol, f.SourcePort, f.DestinationPort = uint8(protocol.number), explainedSource, uint16(port)
		}
	}
	return f
}

// wayText is a packet's way: a line for each node, those inside a tunnel indented, and below each what the node decides and
// why.
func wayText(steps []devices.Step) string {
	var b strings.Builder
	for _, s := range steps {
		indent := ""
		if s.Outer {
			indent = "  "
		}
		b.WriteString(indent + s.Where() + "\n")
		for _, decision := range s.Decisions() {
			b.WriteString(indent + "    " + decision + "\n")
		}
	}
	return b.String()
}

package commands

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// showMonitorRows show captures, in the dialect of the release.
func showMonitorRows() []Row {
	row := func(release func(devices.Release) bool, syntax string, help grammar.Words, text func(c *Context, a Args) (string, error)) Row {
		return Row{Modes: anyExec, Syntax: syntax, Releases: release, Help: help, Run: func(c *Context, a Args) error {
			s, err := text(c, a)
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.Out, s)
			return err
		}}
	}
	const xe = "show monitor capture WORD"
	return []Row{
		row(classicCapture, "show monitor capture buffer WORD$buffer <dump$what | parameters$what>", grammar.Words{
			"show monitor":                           "Monitoring different system events",
			"show monitor capture":                   "Capture packets",
			"show monitor capture buffer":            "Capture Buffer",
			"show monitor capture buffer WORD":       "Name of the Capture Buffer, or all",
			"show monitor capture buffer dump":       "Hex Dump of captured Packets",
			"show monitor capture buffer parameters": "Parameters of capture buffer",
		}, showMonitorBuffer),
		row(classicCapture, "show monitor capture point WORD$point", grammar.Words{
			"show monitor capture point":      "Capture Point",
			"show monitor capture point WORD": "Name of the Capture Point, or all",
		}, showMonitorPoint),
		row(xeCapture, "show monitor capture", grammar.Words{
			"show monitor": "Monitoring different system events", "show monitor capture": "Capture packets",
		}, func(c *Context, _ Args) (string, error) {
			var b strings.Builder
			for _, p := range c.Device.Monitor().Points() {
				b.WriteString(xeStatusText(xeCap{p, p.Buffer}))
			}
			return b.String(), nil
		}),
		row(xeCapture, xe+"$capture [parameter]", grammar.Words{
			xe: "Name of the Capture", "show monitor capture parameter": "Show the commands that make it",
		}, onXECapture(func(_ *Context, x xeCap, a Args) string {
			if !a.Has("parameter") {
				return xeStatusText(x)
			}
			return "   " + strings.Join(xeLines(x), "\n   ") + "\n"
		})),
		row(xeCapture, xe+"$capture buffer [brief | dump]", grammar.Words{
			"show monitor capture buffer": "Buffer contents", "show monitor capture buffer brief": "Brief display",
			"show monitor capture buffer dump": "Hex Dump of captured Packets",
		}, onXECapture(func(_ *Context, x xeCap, a Args) string {
			switch {
			case a.Has("brief"):
				return xeBriefText(x.buffer)
			case a.Has("dump"):
				return xeDumpText(x.buffer)
			}
			b := x.buffer
			return fmt.Sprintf(" buffer size (KB) : %d\n buffer used (KB) : %d\n packets in buf   : %d\n packets dropped  : %d\n packets per sec  : %d\n\n",
				b.Size>>10, b.Used()>>10, len(b.Frames()), b.Dropped(), packetsPerSecond(b))
		})),
	}
}

// onXECapture has a command show the capture that it names.
func onXECapture(text func(c *Context, x xeCap, a Args) string) func(*Context, Args) (string, error) {
	return func(c *Context, a Args) (string, error) {
		p := c.Device.Monitor().Point(a.String("capture"))
		if p == nil {
			return "", refuse("Capture %s does not exist", a.String("capture"))
		}
		return text(c, xeCap{p, p.Buffer}, a), nil
	}
}

func showMonitorBuffer(c *Context, a Args) (string, error) {
	m, name := c.Device.Monitor(), a.String("buffer")
	buffers := m.Buffers()
	if name != allPoints {
		b := m.Buffer(name)
		if b == nil {
			return "", noSuchBuffer(name)
		}
		buffers = []*devices.MonitorBuffer{b}
	}
	var text strings.Builder
	for _, b := range buffers {
		if a.String("what") == "dump" {
			text.WriteString(dumpText(b))
		} else {
			text.WriteString(bufferText(b, m.PointsOf(b)))
		}
	}
	return text.String(), nil
}

// bufferText is `show monitor capture buffer NAME parameters`.
func bufferText(b *devices.MonitorBuffer, points []*devices.MonitorPoint) string {
	kind := "linear"
	if b.Circular {
		kind = "circular"
	}
	var t strings.Builder
	fmt.Fprintf(&t, "Capture buffer %s (%s buffer)\n", b.Name, kind)
	fmt.Fprintf(&t, "Buffer Size : %d bytes, Max Element Size : %d bytes, Packets : %d\n", b.Size, b.Snap, len(b.Frames()))
	fmt.Fprintf(&t, "Allow-nth-pak : %d, Duration : %d (seconds), Max packets : %d, pps : %d\n", b.Every, int(b.Duration().Seconds()), b.Packets, b.PerSecond)
	t.WriteString("Associated Capture Points:\n")
	for _, p := range points {
		fmt.Fprintf(&t, "Name : %s, Status : %s\n", p.Name, activeText(p))
	}
	t.WriteString("Configuration:\n")
	lines := bufferLines(b)
	for _, p := range points {
		lines = append(lines, "monitor capture point associate "+p.Name+" "+b.Name)
	}
	if b.AccessList != "" {
		lines = append(lines, "monitor capture buffer "+b.Name+" filter access-list "+b.AccessList)
	}
	return t.String() + strings.Join(lines, "\n") + "\n"
}

// dumpTime is when a frame was seen.
func dumpTime(at time.Time) string { return at.UTC().Format("15:04:05.000 UTC Jan 2 2006") }

// dumpText is `show monitor capture buffer NAME dump`: of each frame when, how and where, and its bytes.
func dumpText(b *devices.MonitorBuffer) string {
	var t strings.Builder
	at := 0
	for _, f := range b.Frames() {
		path, in, out := "IPv4", shortInterface(f.Interface), "None"
		if f.Packet.Version == 6 {
			path = "IPv6"
		}
		if f.Own && f.Out {
			path += " Process"
		} else {
			path += " LES CEF"
		}
		if f.Out {
			in, out = out, in
		}
		fmt.Fprintf(&t, "\n%s : %-16s: %s %s\n\n", dumpTime(f.At), path, in, out)
		t.WriteString(hexDump(at, f.Data))
		at += (len(f.Data) + 15) &^ 15
	}
	return t.String()
}

func showMonitorPoint(c *Context, a Args) (string, error) {
	points, err := c.monitorPoints(a.String("point"))
	var t strings.Builder
	for _, p := range points {
		buffer := "None"
		if p.Buffer != nil {
			buffer = p.Buffer.Name
		}
		path := pathOf(p.Sources[0])
		fmt.Fprintf(&t, "Status Information for Capture Point %s\n%s\nSwitch Path: %-20s, Capture Buffer: %s\nStatus : %s\n\nConfiguration:\n%s\n",
			p.Name, path, path, buffer, activeText(p), pointLine(p))
	}
	return t.String(), err
}

// xeStatusText is `show monitor capture NAME`.
func xeStatusText(x xeCap) string {
	var t strings.Builder
	fmt.Fprintf(&t, "\nStatus Information for Capture %s\n  Target Type: \n", x.point.Name)
	if len(x.point.Sources) == 0 {
		t.WriteString("   Interface unattached \n")
	}
	for _, s := range x.point.Sources {
		name := s.Interface
		if s.Origin == devices.ControlPlane {
			name = "Control Plane"
		}
		fmt.Fprintf(&t, " Interface: %s, Direction: %s\n", name, strings.ToUpper(directionText(s)))
	}
	fmt.Fprintf(&t, "   Status : %s\n  Filter Details: \n%s", activeText(x.point), xeFilterText(x.buffer))
	kind := "LINEAR (default)"
	if x.buffer.Circular {
		kind = "CIRCULAR"
	}
	fmt.Fprintf(&t, "  Buffer Details: \n   Buffer Type: %s\n   Buffer Size (in MB): %d\n  Limit Details: \n", kind, x.buffer.Size>>20)
	limit := func(words string, value int, unlimited string) {
		if value == 0 {
			fmt.Fprintf(&t, "   %s: 0 (%s)\n", words, unlimited)
			return
		}
		fmt.Fprintf(&t, "   %s: %d\n", words, value)
	}
	limit("Number of Packets to capture", x.buffer.Packets, "no limit")
	limit("Packet Capture duration", int(x.buffer.Duration().Seconds()), "no limit")
	limit("Packet Size to capture", x.buffer.Snap, "no limit")
	if x.buffer.PerSecond > 0 {
		limit("Maximum number of packets to capture per second", x.buffer.PerSecond, "no limit")
	}
	limit("Packet sampling rate", x.buffer.Every, "no sampling")
	return t.String()
}

func xeFilterText(b *devices.MonitorBuffer) string {
	any := func(version string) string {
		return "   " + version + " \n    Source IP:  any\n    Destination IP:  any\n   Protocol: any\n"
	}
	switch {
	case b.AccessList != "":
		return "   Access-list: " + b.AccessList + "\n"
	case b.Family == devices.OnlyIPv4:
		return any("IPv4")
	case b.Family == devices.OnlyIPv6:
		return any("IPv6")
	case b.Filtered:
		return "   Capture all packets\n"
	}
	return "   Filter not attached\n"
}

// xeHead is the head of `show monitor capture NAME buffer brief`.
const xeHead = ` ----------------------------------------------------------------------------
 #   size   timestamp     source             destination      dscp    protocol
 ----------------------------------------------------------------------------
`

// xeBriefText lists the frames of a buffer; times begin with the first one.
func xeBriefText(b *devices.MonitorBuffer) string {
	var t strings.Builder
	t.WriteString(xeHead)
	frames := b.Frames()
	for i, f := range frames {
		t.WriteString(xeFrameText(i, f, frames[0]))
	}
	return t.String()
}

func xeFrameText(i int, f, first devices.MonitorFrame) string {
	p, dscp := f.Packet, f.Packet.TOS>>2
	return fmt.Sprintf(" %3d %4d %11.6f   %-16s ->  %-16s %-2d %-4s %s\n", i, f.Length, f.At.Sub(first.At).Seconds(),
		addrText(p.Source), addrText(p.Destination), dscp, dscpName(dscp), protocolName(p.Protocol))
}

// xeDumpText is `show monitor capture NAME buffer dump`.
func xeDumpText(b *devices.MonitorBuffer) string {
	var t strings.Builder
	for i, f := range b.Frames() {
		fmt.Fprintf(&t, "%d\n", i)
		at := 0
		for chunk := range slices.Chunk(f.Data, 16) {
			line := strings.SplitN(hexDump(at, chunk), " ", 2)
			fmt.Fprintf(&t, "  %04X:  %s", at, line[1])
			at += len(chunk)
		}
		t.WriteString("\n")
	}
	return t.String()
}

// packetsPerSecond is the mean rate of what a buffer holds.
func packetsPerSecond(b *devices.MonitorBuffer) int {
	frames := b.Frames()
	if len(frames) == 0 {
		return 0
	}
	seconds := int(frames[len(frames)-1].At.Sub(frames[0].At).Seconds())
	return len(frames) / max(1, seconds)
}

// dscpName is the name of a DSCP (RFC 2474, RFC 2597, RFC 3246); "" of one that has none.
func dscpName(dscp uint8) string {
	switch {
	case dscp == 0:
		return "BE"
	case dscp == 46:
		return "EF"
	case dscp%8 == 0:
		return fmt.Sprintf("CS%d", dscp/8)
	case dscp%2 == 0 && dscp >= 10 && dscp <= 38:
		return fmt.Sprintf("AF%d%d", dscp/8, dscp%8/2)
	}
	return ""
}

// protocolName is how IOS XE calls a protocol of IP.
func protocolName(protocol uint8) string {
	switch protocol {
	case 1:
		return "ICMP"
	case 6:
		return "TCP"
	case 17:
		return "UDP"
	case 58:
		return "ICMPv6"
	}
	return fmt.Sprint(protocol)
}

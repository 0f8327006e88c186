package commands

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// The packet capture of IOS 15.x keeps two kinds of things apart: buffers, and points that fill them. Nothing of it is
// configuration: a reload forgets it.
//
//	monitor capture buffer BUF max-size 1600
//	monitor capture point ip cef P1 all both                what comes in, and what is forwarded
//	monitor capture point ip process-switched P2 from-us    what the router itself sends
//	monitor capture point associate P1 BUF                  (P2 too)
//	monitor capture point start all
//	monitor capture buffer BUF export flash:BUF.pcap

// classicCapture tells whether a release has the commands of buffers and points; the others are those of IOS XE.
func classicCapture(r devices.Release) bool { return !xeCapture(r) }

// The default sizes of a buffer of IOS 15.x.
const (
	defaultBufferKB = 1024
	defaultElement  = 68 // bytes of each packet: its headers
)

// monitorRows are the commands of buffers and points.
func monitorRows() []Row {
	exec := []grammar.Mode{Exec}
	row := func(syntax string, help grammar.Words, run func(c *Context, a Args) error) Row {
		return Row{Modes: exec, Syntax: syntax, Releases: classicCapture, Help: help, Run: run}
	}
	rows := []Row{
		row("monitor capture buffer WORD$buffer [circular | linear | max-size <68-9500>$max | size <256-102400>$size]...",
			grammar.Words{
				"monitor":                                   "Monitoring different system events",
				"monitor capture":                           "Capture packets",
				"monitor capture buffer":                    "Control Capture Buffers",
				"monitor capture buffer WORD":               "Name of the Capture Buffer",
				"monitor capture buffer circular":           "Circular Buffer",
				"monitor capture buffer linear":             "Linear Buffer(Default)",
				"monitor capture buffer max-size":           "Maximum size of element in the buffer (in bytes)",
				"monitor capture buffer max-size <68-9500>": "Element size in bytes : 9500 bytes or less (default is 68 bytes)",
				"monitor capture buffer size":               "Packet Dump buffer size (in Kbytes)",
				"monitor capture buffer size <256-102400>":  "Buffer size in Kbytes : 102400K or less (default is 1024K)",
			}, setMonitorBuffer),
		row("monitor capture buffer WORD$buffer clear", grammar.Words{"monitor capture buffer clear": "Clear contents of capture buffer"},
			onBuffer(func(_ *Context, b *devices.MonitorBuffer, _ Args) error { b.Clear(); return nil })),
		row("monitor capture buffer WORD$buffer export WORD$url",
			grammar.Words{
				"monitor capture buffer export":      "Export in Pcap format",
				"monitor capture buffer export WORD": "Location to dump buffer: flash:NAME or a URL",
			},
			onBuffer(func(c *Context, b *devices.MonitorBuffer, a Args) error { return c.exportCapture(b, a.String("url")) })),
		row("monitor capture buffer WORD$buffer filter access-list WORD$list",
			grammar.Words{
				"monitor capture buffer filter":                  "Configure filters",
				"monitor capture buffer filter access-list":      "Set access list",
				"monitor capture buffer filter access-list WORD": "Access list name or number",
			},
			onBuffer(func(_ *Context, b *devices.MonitorBuffer, a Args) error { b.AccessList = a.String("list"); return nil })),
		row("monitor capture buffer WORD$buffer limit [allow-nth-pak <2-65535>$every | duration <1-2147483>$seconds | "+
			"packet-count <1-2147483647>$count | packets-per-sec <1-65535>$rate]...",
			grammar.Words{
				"monitor capture buffer limit":                             "Limit the packets dumped to the buffer",
				"monitor capture buffer limit allow-nth-pak":               "Allow every nth packet through",
				"monitor capture buffer limit allow-nth-pak <2-65535>":     "N",
				"monitor capture buffer limit duration":                    "Duration of capture",
				"monitor capture buffer limit duration <1-2147483>":        "Seconds",
				"monitor capture buffer limit packet-count":                "Limit number of packets",
				"monitor capture buffer limit packet-count <1-2147483647>": "Packets",
				"monitor capture buffer limit packets-per-sec":             "Limit rate of packets",
				"monitor capture buffer limit packets-per-sec <1-65535>":   "Packets per second",
			}, onBuffer(limitMonitorBuffer)),
		row("no monitor capture buffer WORD$buffer",
			grammar.Words{
				"no monitor":                     "Stop monitoring",
				"no monitor capture":             "Capture packets",
				"no monitor capture buffer":      "Control Capture Buffers",
				"no monitor capture buffer WORD": "Name of the Capture Buffer",
			},
			onBuffer(func(c *Context, b *devices.MonitorBuffer, _ Args) error {
				c.Device.Monitor().RemoveBuffer(b)
				return nil
			})),
		row("monitor capture point associate WORD$point WORD$buffer",
			grammar.Words{
				"monitor capture point":                       "Control Capture Points",
				"monitor capture point associate":             "Associate capture point with capture buffer",
				"monitor capture point associate WORD$point":  "Name of the Capture Point",
				"monitor capture point associate WORD$buffer": "Name of the Capture Buffer",
			}, onPoint(associateMonitorPoint)),
		row("monitor capture point disassociate WORD$point",
			grammar.Words{
				"monitor capture point disassociate":      "Dis-associate capture point from capture buffer",
				"monitor capture point disassociate WORD": "Name of the Capture Point",
			}, onPoint(disassociateMonitorPoint)),
		row("monitor capture point start WORD$point",
			grammar.Words{
				"monitor capture point start":      "Enable Capture Point",
				"monitor capture point start WORD": "Name of the Capture Point, or all",
			}, onPoint(startMonitorPoint)),
		row("monitor capture point stop WORD$point",
			grammar.Words{
				"monitor capture point stop":      "Disable Capture Point",
				"monitor capture point stop WORD": "Name of the Capture Point, or all",
			}, onPoint(func(c *Context, p *devices.MonitorPoint, _ Args) error { c.Device.Monitor().Stop(p); return nil })),
	}
	for _, ip := range []string{"ip", "ipv6"} {
		rows = append(rows, monitorPointRows(row, ip)...)
	}
	return rows
}

// monitorPointRows make and remove the points of one address family.
func monitorPointRows(row func(string, grammar.Words, func(*Context, Args) error) Row, ip string) []Row {
	family, name := devices.OnlyIPv4, "IPv4"
	if ip == "ipv6" {
		family, name = devices.OnlyIPv6, "IPv6"
	}
	var rows []Row
	for _, no := range []string{"", "no "} {
		point := no + "monitor capture point " + ip
		cef, process := point+" cef", point+" process-switched"
		makePoint := func(c *Context, a Args, origin devices.MonitorOrigin) error {
			if a.Has("no") {
				return c.removeMonitorPoint(a.String("point"))
			}
			return c.addMonitorPoint(a, family, origin)
		}
		help := grammar.Words{
			point:         name,
			cef:           name + " CEF",
			cef + " WORD": "Name of the Capture Point",
			cef + " all":  "All interfaces",
			cef + " both": "capture ingress and egress",
			cef + " in":   "capture on ingress",
			cef + " out":  "capture on egress",
		}
		if no != "" && ip == "ip" {
			help["no monitor capture point"] = "Control Capture Points"
		}
		rows = append(rows,
			row(cef+" WORD$point <INTERFACE$interface | all> <both|in|out>", help, func(c *Context, a Args) error {
				return makePoint(c, a, devices.SwitchedByCEF)
			}),
			row(process+" WORD$point <both|from-us|in|out>", grammar.Words{
				process:              "Process switched packets",
				process + " WORD":    "Name of the Capture Point",
				process + " both":    "Both ingress and egress",
				process + " from-us": "Packets originated locally",
				process + " in":      "Ingress",
				process + " out":     "Egress",
			}, func(c *Context, a Args) error { return makePoint(c, a, devices.ControlPlane) }))
	}
	return rows
}

// onBuffer has a command act on the buffer that it names.
func onBuffer(run func(c *Context, b *devices.MonitorBuffer, a Args) error) func(*Context, Args) error {
	return func(c *Context, a Args) error {
		b := c.Device.Monitor().Buffer(a.String("buffer"))
		if b == nil {
			return noSuchBuffer(a.String("buffer"))
		}
		return run(c, b, a)
	}
}

func noSuchBuffer(name string) error { return refuse("Capture Buffer %s does not exist", name) }

// onPoint has a command act on the point that it names, or on all of them.
func onPoint(run func(c *Context, p *devices.MonitorPoint, a Args) error) func(*Context, Args) error {
	return func(c *Context, a Args) error {
		points, err := c.monitorPoints(a.String("point"))
		for _, p := range points {
			if err == nil {
				err = run(c, p, a)
			}
		}
		return err
	}
}

// monitorPoints finds a point by its name, or with "all" all of them.
func (c *Context) monitorPoints(name string) ([]*devices.MonitorPoint, error) {
	m := c.Device.Monitor()
	if name == allPoints {
		return m.Points(), nil
	}
	if p := m.Point(name); p != nil {
		return []*devices.MonitorPoint{p}, nil
	}
	return nil, refuse("Capture point %s does not exist", name)
}

// allPoints is said for every point, or every buffer.
const allPoints = "all"

func setMonitorBuffer(c *Context, a Args) error {
	m := c.Device.Monitor()
	b := m.Buffer(a.String("buffer"))
	if b == nil {
		b = m.AddBuffer(a.String("buffer"), defaultBufferKB<<10)
		b.Snap = defaultElement
	}
	b.Size = cmp.Or(int(a.Uint("size"))<<10, b.Size)
	b.Snap = cmp.Or(int(a.Uint("max")), b.Snap)
	b.Circular = (b.Circular || a.Has("circular")) && !a.Has("linear")
	return nil
}

func limitMonitorBuffer(c *Context, b *devices.MonitorBuffer, a Args) error {
	b.Every = cmp.Or(int(a.Uint("every")), b.Every)
	if a.Has("seconds") {
		c.Device.Monitor().SetDuration(b, time.Duration(a.Uint("seconds"))*time.Second)
	}
	b.Packets = cmp.Or(int(a.Uint("count")), b.Packets)
	b.PerSecond = cmp.Or(int(a.Uint("rate")), b.PerSecond)
	return nil
}

func (c *Context) addMonitorPoint(a Args, family devices.MonitorFamily, origin devices.MonitorOrigin) error {
	m, name := c.Device.Monitor(), a.String("point")
	if m.Point(name) != nil || name == allPoints {
		return refuse("Capture Point %s already exists", name)
	}
	s := devices.MonitorSource{Family: family, Origin: origin, In: !a.Has("out"), Out: !a.Has("in")}
	if a.Has("from-us") {
		s.Origin, s.In = devices.OfRouter, false
	}
	if a.Has("interface") {
		s.Interface = a.Interface("interface")
		if err := c.checkInterface(a); err != nil {
			return err
		}
	}
	m.AddPoint(name, s)
	c.Device.NoteCapture("CREATE", name, "created")
	return nil
}

func (c *Context) removeMonitorPoint(name string) error {
	p := c.Device.Monitor().Point(name)
	if p == nil {
		return refuse("Capture point %s does not exist", name)
	}
	c.Device.Monitor().RemovePoint(p)
	c.Device.NoteCapture("DELETE", name, "deleted")
	return nil
}

// checkInterface tells what is wrong with the interface of a line: frames pass at physical ones only.
func (c *Context) checkInterface(a Args) error {
	if names := c.Device.PhysicalInterfaces(); !slices.Contains(names, a.Interface("interface")) {
		return a.Invalid("interface", names...)
	}
	return nil
}

func associateMonitorPoint(c *Context, p *devices.MonitorPoint, a Args) error {
	b := c.Device.Monitor().Buffer(a.String("buffer"))
	switch {
	case b == nil:
		return noSuchBuffer(a.String("buffer"))
	case p.Active():
		return refuse("Capture Point %s is active, stop it first", p.Name)
	}
	p.Buffer = b
	return nil
}

func disassociateMonitorPoint(c *Context, p *devices.MonitorPoint, _ Args) error {
	c.Device.Monitor().Stop(p)
	p.Buffer = nil
	return nil
}

func startMonitorPoint(c *Context, p *devices.MonitorPoint, _ Args) error {
	if p.Buffer == nil {
		return refuse("Capture Point %s is not associated with a capture buffer", p.Name)
	}
	return c.Device.Monitor().Start(p)
}

// exportCapture writes a buffer into a file.
func (c *Context) exportCapture(b *devices.MonitorBuffer, url string) error {
	var file bytes.Buffer
	if err := b.WritePcap(&file); err != nil {
		return fmt.Errorf("export of capture %s: %w", b.Name, err)
	}
	return c.write(fileOf(url), file.String())
}

// directionText is what the commands call the directions of a source.
func directionText(s devices.MonitorSource) string {
	switch {
	case s.In && s.Out:
		return "both"
	case s.In:
		return "in"
	}
	return "out"
}

// pointLine is the command that makes a point.
func pointLine(p *devices.MonitorPoint) string {
	s := p.Sources[0]
	ip := "ip"
	if s.Family == devices.OnlyIPv6 {
		ip = "ipv6"
	}
	switch s.Origin {
	case devices.OfRouter:
		return fmt.Sprintf("monitor capture point %s process-switched %s from-us", ip, p.Name)
	case devices.ControlPlane:
		return fmt.Sprintf("monitor capture point %s process-switched %s %s", ip, p.Name, directionText(s))
	}
	return fmt.Sprintf("monitor capture point %s cef %s %s %s", ip, p.Name, cmp.Or(s.Interface, allPoints), directionText(s))
}

// bufferLines are the commands that make a buffer as it is.
func bufferLines(b *devices.MonitorBuffer) []string {
	line := "monitor capture buffer " + b.Name
	first := line
	if b.Size != defaultBufferKB<<10 {
		first += fmt.Sprintf(" size %d", b.Size>>10)
	}
	if b.Snap != defaultElement {
		first += fmt.Sprintf(" max-size %d", b.Snap)
	}
	if b.Circular {
		first += " circular"
	}
	limits := ""
	for _, l := range []struct {
		word  string
		value int
	}{{"allow-nth-pak", b.Every}, {"duration", int(b.Duration() / time.Second)}, {"packet-count", b.Packets}, {"packets-per-sec", b.PerSecond}} {
		if l.value > 0 {
			limits += fmt.Sprintf(" %s %d", l.word, l.value)
		}
	}
	lines := []string{first}
	if limits != "" {
		lines = append(lines, line+" limit"+limits)
	}
	return lines
}

// pathOf is how IOS calls what a source captures: "IPv4 CEF".
func pathOf(s devices.MonitorSource) string {
	name := "IPv4"
	if s.Family == devices.OnlyIPv6 {
		name = "IPv6"
	}
	if s.Origin != devices.SwitchedByCEF {
		return name + " Process"
	}
	return name + " CEF"
}

// activeText is the state of a point.
func activeText(p *devices.MonitorPoint) string {
	if p.Active() {
		return "Active"
	}
	return "Inactive"
}

// hexDump prints bytes as IOS does: four groups a line, and the text that they would be, seven bits each.
func hexDump(at int, data []byte) string {
	var b strings.Builder
	for chunk := range slices.Chunk(data, 16) {
		var groups []string
		for group := range slices.Chunk(chunk, 4) {
			groups = append(groups, fmt.Sprintf("%X", group))
		}
		text := make([]byte, len(chunk))
		for i, c := range chunk {
			if text[i] = c & 0x7f; text[i] < ' ' || text[i] > '~' {
				text[i] = '.'
			}
		}
		fmt.Fprintf(&b, "%08X: %-35s  %-16s\n", at, strings.Join(groups, " "), text)
		at += len(chunk)
	}
	return b.String()
}

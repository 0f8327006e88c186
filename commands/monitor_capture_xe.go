package commands

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// The packet capture of IOS XE has captures, each with a filter, one buffer, and the interfaces that fill it.
//
//	monitor capture CAP interface GigabitEthernet0/0 both
//	monitor capture CAP match any
//	monitor capture CAP start
//	monitor capture CAP stop
//	monitor capture CAP export flash:CAP.pcap

// xeCapture tells whether a release has these commands.
func xeCapture(r devices.Release) bool {
	version, _ := r.XE()
	return version != ""
}

// defaultBufferMB is the default size of a capture's buffer.
const defaultBufferMB = 10

// monitorXERows are the commands of captures. Any word after the name makes the capture, if it is not there.
func monitorXERows() []Row {
	exec := []grammar.Mode{Exec}
	const at = "monitor capture WORD"
	row := func(syntax string, help grammar.Words, run func(c *Context, x xeCap, a Args) error) Row {
		return Row{Modes: exec, Syntax: syntax, Releases: xeCapture, Help: help, Run: func(c *Context, a Args) error {
			return run(c, c.xeCapture(a.String("capture")), a)
		}}
	}
	direction := func(path string) grammar.Words {
		return grammar.Words{path + " both": "Inbound and outbound packets", path + " in": "Inbound packets", path + " out": "Outbound packets"}
	}
	join := func(all ...grammar.Words) grammar.Words {
		sum := grammar.Words{}
		for _, w := range all {
			for path, help := range w {
				sum[path] = help
			}
		}
		return sum
	}
	return []Row{
		row(at+"$capture interface INTERFACE$interface <both|in|out>", join(grammar.Words{
			"monitor": "Monitoring different system events", "monitor capture": "Capture packets", at: "Name of the Capture",
			"monitor capture interface": "Interface",
		}, direction("monitor capture interface")), xeInterface),
		row(at+"$capture control-plane <both|in|out>", join(grammar.Words{
			"monitor capture control-plane": "Control Plane",
		}, direction("monitor capture control-plane")), func(_ *Context, x xeCap, a Args) error {
			return x.attach(devices.MonitorSource{Origin: devices.ControlPlane, In: !a.Has("out"), Out: !a.Has("in")})
		}),
		row(at+"$capture match <any | ipv4 any any | ipv6 any any>", grammar.Words{
			"monitor capture match": "Describe filters inline", "monitor capture match any": "Match all packets",
			"monitor capture match ipv4": "IPv4 packets only", "monitor capture match ipv4 any": "Any source", "monitor capture match ipv4 any any": "Any destination",
			"monitor capture match ipv6": "IPv6 packets only", "monitor capture match ipv6 any": "Any source", "monitor capture match ipv6 any any": "Any destination",
		}, func(c *Context, x xeCap, a Args) error {
			family := devices.AnyFamily
			switch {
			case a.Has("ipv4"):
				family = devices.OnlyIPv4
			case a.Has("ipv6"):
				family = devices.OnlyIPv6
			}
			return c.setFilter(x, "", family)
		}),
		row(at+"$capture access-list WORD$list", grammar.Words{
			"monitor capture access-list": "access-list to be attached", "monitor capture access-list WORD": "Access list name or number",
		}, func(c *Context, x xeCap, a Args) error { return c.setFilter(x, a.String("list"), devices.AnyFamily) }),
		row(at+"$capture buffer [circular | size <1-100>$size]...", grammar.Words{
			"monitor capture buffer": "Buffer options", "monitor capture buffer circular": "circular buffer",
			"monitor capture buffer size": "Size of buffer in MB", "monitor capture buffer size <1-100>": "Total size of buffer in MB",
		}, func(_ *Context, x xeCap, a Args) error {
			x.buffer.Size = cmp.Or(int(a.Uint("size"))<<20, x.buffer.Size)
			x.buffer.Circular = a.Has("circular")
			return nil
		}),
		row(at+"$capture limit [duration <1-1000000>$seconds | every <2-100000>$every | packet-len <64-9500>$length | "+
			"packets <1-100000>$count | pps <1-1000000>$rate]...", grammar.Words{
			"monitor capture limit":                      "Limit Packets Captured",
			"monitor capture limit duration":             "Limit total duration of capture in seconds",
			"monitor capture limit duration <1-1000000>": "Duration in seconds  : Min 1 - Max 1000000",
			"monitor capture limit every":                "Limit capture to one in every nth packet",
			"monitor capture limit every <2-100000>":     "Every nth packet",
			"monitor capture limit packet-len":           "Limit the packet length to capture",
			"monitor capture limit packet-len <64-9500>": "Packet length in bytes",
			"monitor capture limit packets":              "Limit number of packets to capture",
			"monitor capture limit packets <1-100000>":   "Number of Packet  : Min 1 - Max 100000",
			"monitor capture limit pps":                  "Limit number of packets per second to capture",
			"monitor capture limit pps <1-1000000>":      "Maximum number of packets per second",
		}, func(c *Context, x xeCap, a Args) error {
			b := x.buffer
			if a.Has("seconds") {
				c.Device.Monitor().SetDuration(b, time.Duration(a.Uint("seconds"))*time.Second)
			}
			b.Every = cmp.Or(int(a.Uint("every")), b.Every)
			b.Snap = cmp.Or(int(a.Uint("length")), b.Snap)
			b.Packets = cmp.Or(int(a.Uint("count")), b.Packets)
			b.PerSecond = cmp.Or(int(a.Uint("rate")), b.PerSecond)
			return nil
		}),
		row(at+"$capture start", grammar.Words{"monitor capture start": "Enable Capture"}, xeStart),
		row(at+"$capture stop", grammar.Words{"monitor capture stop": "Disable Capture"}, xeStop),
		row(at+"$capture clear", grammar.Words{"monitor capture clear": "Clear Buffer"}, xeClear),
		row(at+"$capture export WORD$url", grammar.Words{
			"monitor capture export": "Export Buffer", "monitor capture export WORD": "Location of the file: flash:NAME or a URL",
		}, func(c *Context, x xeCap, a Args) error {
			if x.point.Active() {
				return refuse("Capture %s is active. Stop it before the export", x.point.Name)
			}
			if err := c.exportCapture(x.buffer, a.String("url")); err != nil {
				return err
			}
			return c.say("Exported Successfully\n")
		}),
		{Modes: exec, Releases: xeCapture, Syntax: "no monitor capture WORD$capture [interface INTERFACE$interface <both|in|out>]",
			Help: join(grammar.Words{
				"no monitor": "Stop monitoring", "no monitor capture": "Capture packets", "no monitor capture WORD": "Name of the Capture",
				"no monitor capture interface": "Interface",
			}, direction("no monitor capture interface")), Run: noXECapture},
	}
}

// xeCap is one capture: a point and its buffer, of one name.
type xeCap struct {
	point  *devices.MonitorPoint
	buffer *devices.MonitorBuffer
}

// xeCapture finds a capture, or makes one that has nothing attached.
func (c *Context) xeCapture(name string) xeCap {
	m := c.Device.Monitor()
	if p := m.Point(name); p != nil {
		return xeCap{p, p.Buffer}
	}
	p := m.AddPoint(name)
	p.Buffer = m.AddBuffer(name, defaultBufferMB<<20)
	return xeCap{p, p.Buffer}
}

func xeInterface(c *Context, x xeCap, a Args) error {
	if err := c.checkInterface(a); err != nil {
		return err
	}
	return x.attach(devices.MonitorSource{Interface: a.Interface("interface"), In: !a.Has("out"), Out: !a.Has("in")})
}

// attach has the capture filled from one place more. The last word about a place counts.
func (x xeCap) attach(s devices.MonitorSource) error {
	if x.point.Active() {
		return refuse("Capture %s is active. Stop it before it is changed", x.point.Name)
	}
	same := func(o devices.MonitorSource) bool { return o.Interface == s.Interface && o.Origin == s.Origin }
	x.point.Sources = append(slices.DeleteFunc(x.point.Sources, same), s)
	return nil
}

// setFilter gives a capture its filter; one that it has already is replaced if the operator says so.
func (c *Context) setFilter(x xeCap, list string, family devices.MonitorFamily) error {
	set := func(*Context) error {
		x.buffer.Filtered, x.buffer.AccessList, x.buffer.Family = true, list, family
		return nil
	}
	if !x.buffer.Filtered {
		return set(c)
	}
	c.confirm("A filter is already attached to the capture . Replace with specified filter?", set)
	return nil
}

func xeStart(c *Context, x xeCap, _ Args) error {
	switch {
	case x.point.Active():
		return refuse("Capture %s is already active", x.point.Name)
	case len(x.point.Sources) == 0:
		return refuse("Unable to activate Capture.\n No interface is attached to capture %s", x.point.Name)
	case !x.buffer.Filtered:
		return refuse("Unable to activate Capture.\n No filter is attached to capture %s", x.point.Name)
	}
	if err := c.Device.Monitor().Start(x.point); err != nil {
		return err
	}
	return c.say("Started capture point : %s\n", x.point.Name)
}

func xeStop(c *Context, x xeCap, _ Args) error {
	if !x.point.Active() {
		return refuse("Capture %s is not active", x.point.Name)
	}
	c.Device.Monitor().Stop(x.point)
	return c.say("Capture statistics collected at software:\n"+
		"\tCapture duration - %d seconds\n\tPackets received - %d\n\tPackets dropped - %d\n\tPackets oversized - 0\n\n"+
		"Stopped capture point : %s\n", x.buffer.Ran()/time.Second, len(x.buffer.Frames()), x.buffer.Dropped(), x.point.Name)
}

func xeClear(c *Context, x xeCap, _ Args) error {
	c.confirm("Captured data will be deleted [clear]?", func(c *Context) error {
		x.buffer.Clear()
		return c.say("cleared buffer : %s\n", x.buffer.Name)
	})
	return nil
}

func noXECapture(c *Context, a Args) error {
	m, name := c.Device.Monitor(), a.String("capture")
	p := m.Point(name)
	switch {
	case p == nil:
		return refuse("Capture %s does not exist", name)
	case a.Has("interface"):
		if p.Active() {
			return refuse("Capture %s is active. Stop it before it is changed", name)
		}
		iface := a.Interface("interface")
		p.Sources = slices.DeleteFunc(p.Sources, func(s devices.MonitorSource) bool { return s.Interface == iface })
		return nil
	}
	b := p.Buffer
	m.RemovePoint(p)
	m.RemoveBuffer(b)
	return nil
}

// xeLines are the commands that make a capture as it is, as `show monitor capture NAME parameter` lists them.
func xeLines(x xeCap) []string {
	line := "monitor capture " + x.point.Name
	var lines []string
	for _, s := range x.point.Sources {
		lines = append(lines, line+" "+xeTarget(s)+" "+directionText(s))
	}
	b := x.buffer
	switch {
	case b.AccessList != "":
		lines = append(lines, line+" access-list "+b.AccessList)
	case b.Family == devices.OnlyIPv4:
		lines = append(lines, line+" match ipv4 any any")
	case b.Family == devices.OnlyIPv6:
		lines = append(lines, line+" match ipv6 any any")
	case b.Filtered:
		lines = append(lines, line+" match any")
	}
	circular := ""
	if b.Circular {
		circular = " circular"
	}
	lines = append(lines, fmt.Sprintf("%s buffer%s size %d", line, circular, b.Size>>20))
	for _, l := range []struct {
		word  string
		value int
	}{
		{"packets", b.Packets}, {"duration", int(b.Duration() / time.Second)}, {"packet-len", b.Snap}, {"every", b.Every}, {"pps", b.PerSecond},
	} {
		if l.value > 0 {
			lines = append(lines, fmt.Sprintf("%s limit %s %d", line, l.word, l.value))
		}
	}
	return lines
}

// xeTarget names a place as the command does.
func xeTarget(s devices.MonitorSource) string {
	if s.Origin == devices.ControlPlane {
		return "control-plane"
	}
	return "interface " + s.Interface
}

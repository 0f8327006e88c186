package devices

import (
	"io"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"lisplab/devices/capture"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/forward"
)

// Monitor is a router's own packet capture (IOS's `monitor capture`): buffers that keep frames, and points that fill them.
// Both dialects of the command are made of these. All of it is gone with the power, and no configuration has it.
//
//	frames at the interfaces --> point (sources) --> buffer (filter, limits, room) --> flash:
type Monitor struct {
	device  *Device
	buffers []*MonitorBuffer
	points  []*MonitorPoint
}

// Monitor returns the router's packet capture.
func (d *Device) Monitor() *Monitor {
	if d.monitor == nil {
		d.monitor = &Monitor{device: d}
	}
	return d.monitor
}

// MonitorPoint is what fills one buffer while it is active.
type MonitorPoint struct {
	Name    string
	Sources []MonitorSource
	Buffer  *MonitorBuffer // nil: none is associated

	stop func() // nil: inactive
}

// MonitorSource is a choice among the frames of a router.
type MonitorSource struct {
	Interface string // "" is any
	In, Out   bool
	Family    MonitorFamily
	Origin    MonitorOrigin
}

// MonitorFamily is the address family of the packets that a source or a filter takes.
type MonitorFamily uint8

// The families of a MonitorFamily.
const (
	AnyFamily MonitorFamily = iota
	OnlyIPv4
	OnlyIPv6
)

// takes tells whether a packet is of the family.
func (f MonitorFamily) takes(p forward.Packet) bool {
	return f == AnyFamily || (f == OnlyIPv4) == (p.Version == 4)
}

// MonitorOrigin tells apart what a router forwards and what it makes itself.
type MonitorOrigin uint8

// The origins of a MonitorOrigin.
const (
	AnyOrigin MonitorOrigin = iota
	// SwitchedByCEF: whatever comes in, and of what goes out all that the router has not made itself. What it encapsulates is
	// switched by CEF too.
	SwitchedByCEF
	// OfRouter: what the router makes itself, on its way out.
	OfRouter
	// ControlPlane: what the router makes itself, and what is for the router itself.
	ControlPlane
)

// frameInfo is what a source and a filter look at.
type frameInfo struct {
	iface      string
	out        bool
	packet     forward.Packet
	own, forMe bool // made by the router; for the router
}

// takes tells whether the source wants a frame.
func (s MonitorSource) takes(f frameInfo) bool {
	if s.Interface != "" && s.Interface != f.iface || f.out && !s.Out || !f.out && !s.In || !s.Family.takes(f.packet) {
		return false
	}
	switch s.Origin {
	case SwitchedByCEF:
		return !f.out || !f.own
	case OfRouter:
		return f.out && f.own
	case ControlPlane:
		return f.out && f.own || !f.out && f.forMe
	}
	return true
}

// Active tells whether the point fills its buffer at present.
func (p *MonitorPoint) Active() bool { return p.stop != nil }

// Buffers returns the buffers in the order in which they were made.
func (m *Monitor) Buffers() []*MonitorBuffer { return slices.Clone(m.buffers) }

// Points returns the points in the order in which they were made.
func (m *Monitor) Points() []*MonitorPoint { return slices.Clone(m.points) }

// Buffer returns the buffer of that name, or nil.
func (m *Monitor) Buffer(name string) *MonitorBuffer {
	i := slices.IndexFunc(m.buffers, func(b *MonitorBuffer) bool { return b.Name == name })
	if i < 0 {
		return nil
	}
	return m.buffers[i]
}

// Point returns the point of that name, or nil.
func (m *Monitor) Point(name string) *MonitorPoint {
	i := slices.IndexFunc(m.points, func(p *MonitorPoint) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return m.points[i]
}

// PointsOf returns the points that fill a buffer.
func (m *Monitor) PointsOf(b *MonitorBuffer) (list []*MonitorPoint) {
	for _, p := range m.points {
		if p.Buffer == b {
			list = append(list, p)
		}
	}
	return list
}

// AddBuffer makes a buffer of that name, which must be new, with the given room for frames in bytes.
func (m *Monitor) AddBuffer(name string, size int) *MonitorBuffer {
	b := &MonitorBuffer{Name: name, Size: size}
	m.buffers = append(m.buffers, b)
	return b
}

// RemoveBuffer ends the points that fill a buffer, and forgets its frames.
func (m *Monitor) RemoveBuffer(b *MonitorBuffer) {
	for _, p := range m.PointsOf(b) {
		m.Stop(p)
		p.Buffer = nil
	}
	m.buffers = slices.DeleteFunc(m.buffers, func(o *MonitorBuffer) bool { return o == b })
}

// AddPoint makes a point of that name, which must be new.
func (m *Monitor) AddPoint(name string, sources ...MonitorSource) *MonitorPoint {
	p := &MonitorPoint{Name: name, Sources: sources}
	m.points = append(m.points, p)
	return p
}

// RemovePoint ends a point.
func (m *Monitor) RemovePoint(p *MonitorPoint) {
	m.Stop(p)
	m.points = slices.DeleteFunc(m.points, func(o *MonitorPoint) bool { return o == p })
}

// Start has a point, which must have a buffer, fill it from now on.
func (m *Monitor) Start(p *MonitorPoint) error {
	if p.Active() {
		return nil
	}
	d := m.device
	stop, err := d.tapFrames(func(f capture.Frame) { m.see(p, f) })
	if err != nil {
		return err
	}
	p.stop = stop
	p.Buffer.begin(d.lab.loop.now)
	d.collected()
	d.say("%BUFCAP-6-ENABLE: Capture Point " + p.Name + " enabled.")
	return nil
}

// SetDuration limits for how long a buffer is filled, from the start of its first point on. 0 does not limit it.
func (m *Monitor) SetDuration(b *MonitorBuffer, limit time.Duration) {
	b.duration = limit
	m.device.collected()
}

// deadline is when the time of a buffer that is being filled is over.
func (m *Monitor) deadline() (at time.Time, armed bool) {
	if m == nil {
		return time.Time{}, false
	}
	for _, b := range m.buffers {
		if end, limited := b.end(); limited && (!armed || end.Before(at)) {
			at, armed = end, true
		}
	}
	return at, armed
}

// tick ends the filling of the buffers whose time is over.
func (m *Monitor) tick(now time.Time) {
	if m == nil {
		return
	}
	for _, b := range m.buffers {
		if end, limited := b.end(); limited && !end.After(now) {
			for _, p := range m.PointsOf(b) {
				m.Stop(p)
			}
		}
	}
}

// NoteCapture logs what an operator has done to a capture point: "CREATE", "created".
func (d *Device) NoteCapture(mnemonic, point, done string) {
	d.say("%BUFCAP-6-" + mnemonic + ": Capture Point " + point + " " + done + ".")
}

// Stop ends the filling; a point that is not active stays as it is.
func (m *Monitor) Stop(p *MonitorPoint) {
	if !p.Active() {
		return
	}
	p.stop()
	p.stop = nil
	p.Buffer.ended(m.device.lab.loop.now)
	m.device.say("%BUFCAP-6-DISABLE: Capture Point " + p.Name + " disabled.")
}

// drop ends everything without a word: the router has lost its power.
func (m *Monitor) drop() {
	for _, p := range m.points {
		if p.Active() {
			p.stop()
		}
	}
}

// see takes a frame on a segment at the router: it may leave by one interface and come in by another.
func (m *Monitor) see(p *MonitorPoint, f capture.Frame) {
	for _, out := range []bool{true, false} {
		port := f.Hop.To
		if out {
			port = f.Hop.From
		}
		if port.Node == m.device.index && p.Active() {
			m.seeAt(p, f, port.Interface, out)
		}
	}
}

// etherHeader is how long the header of an Ethernet frame is, in bytes.
const etherHeader = 14

func (m *Monitor) seeAt(p *MonitorPoint, f capture.Frame, iface string, out bool) {
	d := m.device
	packet, err := forward.Parse(f.Data[etherHeader:])
	if err != nil {
		return
	}
	info := frameInfo{
		iface: iface, out: out, packet: packet, forMe: d.lab.net.Owns(d.index, packet.Destination),
		own: d.lab.net.Owns(d.index, packet.Source) && packet.DestinationPort != lispcore.DataPort,
	}
	b := p.Buffer
	if !slices.ContainsFunc(p.Sources, func(s MonitorSource) bool { return s.takes(info) }) || !b.Family.takes(packet) ||
		!d.permits(b.AccessList, underlay.FlowOf(packet, f.Data[etherHeader:], 0)) || b.AccessList != "" && packet.Version == 6 {
		return
	}
	if full := b.add(MonitorFrame{At: f.At, Interface: iface, Out: out, Own: info.own, Length: len(f.Data), Packet: packet, Data: f.Data}); !full {
		return
	}
	for _, p := range m.PointsOf(b) {
		if p.Active() {
			d.say("%BUFCAP-5-BUFFER_FULL: Linear Buffer associated with capture point " + p.Name + " is full.")
			m.Stop(p)
		}
	}
}

// MonitorFrame is one frame in a buffer.
type MonitorFrame struct {
	At        time.Time // lab time
	Interface string
	Out       bool
	Own       bool // made by the router itself
	Length    int  // of the frame, in bytes
	Packet    forward.Packet
	Data      []byte // as much of it as the buffer keeps of each
}

// MonitorBuffer keeps frames.
type MonitorBuffer struct {
	Name     string
	Size     int // room for frames, in bytes
	Circular bool
	Snap     int // bytes that are kept of each frame; 0 is all
	Filtered bool
	// What the buffer takes, and of that how much; 0 and "" do not limit it.
	AccessList string
	Family     MonitorFamily
	Packets    int // in the buffer, at most
	Every      int // takes one of so many
	PerSecond  int

	frames  []MonitorFrame
	used    int // bytes
	dropped int

	duration time.Duration // the limit

	began   time.Time
	ran     time.Duration
	running int       // points
	offered int       // frames since the last clear, for Every
	second  time.Time // for PerSecond: where the present second begins
	in      int       // frames of the present second
}

// Frames returns the frames, oldest first.
func (b *MonitorBuffer) Frames() []MonitorFrame { return slices.Clone(b.frames) }

// Used is how many bytes the frames take.
func (b *MonitorBuffer) Used() int { return b.used }

// Dropped is how many frames found no room.
func (b *MonitorBuffer) Dropped() int { return b.dropped }

// Duration is for how long the buffer is filled at most; 0 does not limit it.
func (b *MonitorBuffer) Duration() time.Duration { return b.duration }

// Ran is for how long the buffer was filled the last time.
func (b *MonitorBuffer) Ran() time.Duration { return b.ran }

// Clear forgets the frames.
func (b *MonitorBuffer) Clear() {
	b.frames, b.used, b.dropped, b.offered = nil, 0, 0, 0
}

func (b *MonitorBuffer) begin(now time.Time) {
	if b.running++; b.running == 1 {
		b.began, b.second, b.in = now, now, 0
	}
}

func (b *MonitorBuffer) ended(now time.Time) {
	b.running--
	b.ran = now.Sub(b.began)
}

// end is when the time of the buffer is over; false while it is not being filled, or has no limit.
func (b *MonitorBuffer) end() (at time.Time, limited bool) {
	return b.began.Add(b.duration), b.running > 0 && b.duration > 0
}

// add keeps a frame, and tells whether the filling is over: there is no room left, or a limit of frames is reached.
func (b *MonitorBuffer) add(f MonitorFrame) (over bool) {
	b.offered++
	if b.Every > 1 && (b.offered-1)%b.Every != 0 || !b.inTime(f.At) {
		return false
	}
	keep := len(f.Data)
	if b.Snap > 0 {
		keep = min(keep, b.Snap)
	}
	if keep > b.Size || !b.Circular && b.used+keep > b.Size {
		b.dropped++
		return true
	}
	f.Data = slices.Clone(f.Data[:keep])
	b.frames = append(b.frames, f)
	for b.used += keep; b.used > b.Size; b.frames = b.frames[1:] {
		b.used -= len(b.frames[0].Data)
		b.dropped++
	}
	return b.Packets > 0 && len(b.frames) >= b.Packets
}

// inTime tells whether the rate leaves room for a frame in the present second.
func (b *MonitorBuffer) inTime(now time.Time) bool {
	if now.Sub(b.second) >= time.Second {
		b.second, b.in = b.second.Add(now.Sub(b.second).Truncate(time.Second)), 0
	}
	b.in++
	return b.PerSecond == 0 || b.in <= b.PerSecond
}

// WritePcap writes the frames as IOS exports them: a pcap file with times in microseconds.
func (b *MonitorBuffer) WritePcap(w io.Writer) error {
	const longest = 65535
	out := pcapgo.NewWriter(w)
	if err := out.WriteFileHeader(longest, layers.LinkTypeEthernet); err != nil {
		return err
	}
	for _, f := range b.frames {
		info := gopacket.CaptureInfo{Timestamp: f.At, CaptureLength: len(f.Data), Length: f.Length}
		if err := out.WritePacket(info, f.Data); err != nil {
			return err
		}
	}
	return nil
}

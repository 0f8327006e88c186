package devices

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"lisplab/devices/capture"
	"lisplab/devices/underlay"
)

// Tap says what of a lab is captured: a link, or all interfaces of a router.
type Tap struct {
	Link   string // "xTR1-Core1", in either order; of a host and its router too
	Device string // instead of a link; without either: the whole lab, every packet as it leaves its sender
	To     io.Writer
	// File, if not nil, is closed at the end, and is told of by its name.
	File *os.File
}

// whole tells whether it is the whole lab.
func (t Tap) whole() bool { return t.Link == "" && t.Device == "" }

// captureSuffix ends the name of every file that has a capture: what is something else is not written over by a slip, or by a
// line of a transcript.
const captureSuffix = ".pcapng"

// CheckCaptureFile tells what is wrong with the name of a file that is to have a capture.
func CheckCaptureFile(name string) error {
	if !strings.HasSuffix(name, captureSuffix) {
		return fmt.Errorf("found file %q, expected a name that ends in %s", name, captureSuffix)
	}
	return nil
}

// Capture is a tap that runs. Its methods, like those of the lab, belong to the goroutine that owns the lab.
type Capture struct {
	lab  *world
	tap  Tap
	file *capture.PlaceWriter
	stop func() error
}

// Capture writes the frames that pass a link, or a router's interfaces, from now on into a pcapng file. It runs until Stop,
// or until the lab is closed; then the file is complete.
func (l *Lab) Capture(t Tap) (*Capture, error) {
	places, err := l.places(t)
	if err != nil {
		return nil, err
	}
	file, stop, err := l.writeFrames(t, places)
	if err != nil {
		return nil, err
	}
	c := &Capture{l.world, t, file, stop}
	l.captures = append(l.captures, c)
	return c, nil
}

// Frames is how many frames the file has.
func (c *Capture) Frames() int { return c.file.Frames() }

// Stop ends the capture. Its error is the first that kept a frame out of the file.
func (c *Capture) Stop() error {
	c.lab.captures = slices.DeleteFunc(c.lab.captures, func(o *Capture) bool { return o == c })
	err := c.stop()
	if c.tap.File != nil {
		err = errors.Join(err, c.tap.File.Close())
	}
	return err
}

// StopCaptures ends all captures, and tells of each how many frames it has.
func (l *Lab) StopCaptures() (reports []string, err error) {
	var errs []error
	for len(l.captures) > 0 {
		c := l.captures[0]
		errs = append(errs, c.Stop())
		name := c.tap.Link + c.tap.Device
		if c.tap.File != nil {
			name = c.tap.File.Name()
		}
		reports = append(reports, fmt.Sprintf("%s: %d packets", name, c.Frames()))
	}
	return reports, errors.Join(errs...)
}

// stopCaptures ends all captures.
func (l *Lab) stopCaptures() (errs []error) {
	for len(l.captures) > 0 {
		errs = append(errs, l.captures[0].Stop())
	}
	return errs
}

// observer is what the underlay tells its events.
func (l *Lab) observer(outside func(underlay.Event)) func(underlay.Event) {
	if outside == nil && len(l.wholes) == 0 {
		return l.frames.Observe
	}
	return func(e underlay.Event) {
		if outside != nil {
			outside(e)
		}
		for _, w := range l.wholes {
			w.Observe(e)
		}
		l.frames.Observe(e)
	}
}

// tapWhole begins the files of the taps that take the whole of a lab whose events are its own. They go on until everything
// is closed.
func (l *Lab) tapWhole(taps []Tap) error {
	for _, t := range taps {
		if !t.whole() {
			continue
		}
		w, err := capture.NewWriter(t.To)
		if err != nil {
			return err
		}
		l.wholes = append(l.wholes, w)
	}
	return nil
}

// places finds where a tap looks.
func (l *Lab) places(t Tap) ([]capture.Place, error) {
	if t.whole() && l.live != nil {
		return l.allPlaces(), nil
	}
	if _, alone := l.net.(placed); alone && t.Link != "" {
		return nil, fmt.Errorf("link %s can't be captured on the %s underlay: the cables are the machine's, and the LANs of hosts are none; capture device %s", t.Link, OwnHost, l.devices[0].Name())
	}
	if t.Link != "" {
		return l.linkPlaces(t.Link)
	}
	d, err := l.device(t.Device)
	if err != nil {
		return nil, err
	}
	list := d.places()
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no interface in the lab file: nothing passes there", d.Name())
	}
	return list, nil
}

// linkPlaces are the cables between the two ends of a link.
func (l *Lab) linkPlaces(link string) ([]capture.Place, error) {
	a, b, err := l.splitLink(link)
	if err != nil {
		return nil, err
	}
	var list []capture.Place
	add := func(p, q underlay.Port) {
		if p.Node == b && q.Node == a {
			p, q = q, p
		}
		if p.Node == a && q.Node == b {
			name := fmt.Sprintf("%s %s -- %s %s", l.loop.names[a], p.Interface, l.loop.names[b], q.Interface)
			list = append(list, capture.Place{Name: name, Port: p, Peer: q})
		}
	}
	for _, k := range l.net.Links() {
		add(k.A, k.B)
	}
	for _, h := range l.hosts {
		add(h.Host.Port, underlay.Port{Node: h.index, Interface: underlay.HostInterface})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no link between %s and %s: expected one of %s", l.loop.names[a], l.loop.names[b], strings.Join(l.LinkNames(), ", "))
	}
	return list, nil
}

// splitLink finds the nodes of "A-B". Their names may have hyphens too.
func (l *Lab) splitLink(link string) (a, b int, err error) {
	find := func(name string) int {
		return slices.IndexFunc(l.loop.names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	for i := range link {
		if link[i] != '-' {
			continue
		}
		if a, b = find(link[:i]), find(link[i+1:]); a >= 0 && b >= 0 {
			return a, b, nil
		}
	}
	return 0, 0, fmt.Errorf("found link %q, expected A-B: one of %s", link, strings.Join(l.LinkNames(), ", "))
}

// LinkNames returns the links as Tap.Link names them: those between routers, then those of hosts, each once.
func (l *Lab) LinkNames() []string {
	var names []string
	add := func(a, b int) {
		if name := l.loop.names[a] + "-" + l.loop.names[b]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, k := range l.net.Links() {
		add(k.A.Node, k.B.Node)
	}
	for _, h := range l.hosts {
		add(h.Host.Port.Node, h.index)
	}
	return names
}

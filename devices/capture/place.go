package capture

import (
	"fmt"
	"io"
	"slices"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"lisplab/devices/underlay"
)

// Place is where frames are seen: an interface of a router, or, with a Peer, the link between two.
type Place struct {
	Name string // as the file says it
	Port underlay.Port
	Peer underlay.Port // its zero Interface: Port alone, and all that passes there
}

// passes tells whether a frame passes at the place, and in which direction an interface sees it.
func (p Place) passes(h underlay.Hop) (direction pcapgo.NgEpbFlag, ok bool) {
	switch {
	case p.Peer.Interface != "":
		return pcapgo.NgEpbFlagDirectionUnknown, h.From == p.Port && h.To == p.Peer || h.From == p.Peer && h.To == p.Port
	case h.From == p.Port:
		return pcapgo.NgEpbFlagDirectionOutbound, true
	case h.To == p.Port:
		return pcapgo.NgEpbFlagDirectionInbound, true
	}
	return pcapgo.NgEpbFlagDirectionUnknown, false
}

// PlaceWriter writes the frames that pass at some places as a pcapng file with an interface for each: a router's frames with
// their direction, and a frame once for every place that it passes.
type PlaceWriter struct {
	out    *pcapgo.NgWriter
	places []Place
	stop   func()
	frames int
	err    error
}

// NewPlaceWriter starts a file on to for what passes at the places, at least one: what See is told. The caller closes to,
// after Stop.
func NewPlaceWriter(to io.Writer, places []Place) (*PlaceWriter, error) {
	p := &PlaceWriter{places: slices.Clone(places), stop: func() {}}
	for i, place := range places {
		iface := pcapgo.NgInterface{Name: place.Name, LinkType: layers.LinkTypeEthernet}
		var err error
		if i == 0 {
			p.out, err = pcapgo.NewNgWriterInterface(to, iface, section)
		} else {
			_, err = p.out.AddInterface(iface)
		}
		if err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
	}
	if err := p.out.Flush(); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return p, nil
}

// Write starts a file on to with what passes at the places, at least one, from now on. The caller closes to, after Stop.
func (w *Wires) Write(to io.Writer, places []Place) (*PlaceWriter, error) {
	p, err := NewPlaceWriter(to, places)
	if err != nil {
		return nil, err
	}
	wants := func(h underlay.Hop) bool {
		return slices.ContainsFunc(p.places, func(at Place) bool { _, ok := at.passes(h); return ok })
	}
	p.stop = w.Tap(wants, p.See, p.Fail)
	return p, nil
}

// See writes a frame at each of the places that it passes.
func (p *PlaceWriter) See(f Frame) {
	for i, at := range p.places {
		direction, ok := at.passes(f.Hop)
		if !ok || p.err != nil {
			continue
		}
		p.Fail(writeFrame(p.out, i, f.At, f.Data, f.Lost, direction))
		p.frames++
	}
}

// Fail keeps the first error that kept a frame out of the file.
func (p *PlaceWriter) Fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// Frames is how many frames have been written.
func (p *PlaceWriter) Frames() int { return p.frames }

// Flush hands what is buffered to the underlying writer and returns the first error of all.
func (p *PlaceWriter) Flush() error {
	if err := p.out.Flush(); err != nil && p.err == nil {
		p.err = fmt.Errorf("capture: %w", err)
	}
	return p.err
}

// Stop ends the file and returns the first error of all that was seen.
func (p *PlaceWriter) Stop() error {
	p.stop()
	return p.Flush()
}

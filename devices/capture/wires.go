package capture

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket/layers"

	"lisplab/devices/underlay"
	"lisplab/lispcore/forward"
)

// Frame is one Ethernet frame on one segment.
type Frame struct {
	At   time.Time // lab time
	Hop  underlay.Hop
	Data []byte // valid only during the call that brings it
	Lost string // "lost: " and why, on the last segment that a packet crossed which did not arrive
}

// Wires are the segments of a lab: they turn its events into the frames that pass on each, for as many taps as there are.
// They belong to the goroutine that owns the lab, and must see every event of it, so that every tap sees the same packets
// whenever it began.
type Wires struct {
	source packetSource
	build  builder
	taps   []*tap
	pieces [][]byte // of the present packet, on its present hop
}

type tap struct {
	wants func(underlay.Hop) bool
	see   func(Frame)
	hurt  func(error)
}

// NewWires returns the wires of a lab that has not begun.
func NewWires() *Wires { return &Wires{source: newPacketSource(), build: newBuilder()} }

// Tap has see called for every frame on the segments that wants picks, from now on until stop is called. hurt is called with
// the error of an event that no packet can be made of.
func (w *Wires) Tap(wants func(underlay.Hop) bool, see func(Frame), hurt func(error)) (stop func()) {
	t := &tap{wants, see, hurt}
	w.taps = append(w.taps, t)
	return func() {
		w.taps = slices.DeleteFunc(slices.Clone(w.taps), func(o *tap) bool { return o == t }) // a tap may end itself
	}
}

// Observe takes one event. It has the shape of the underlay's Observe.
func (w *Wires) Observe(e underlay.Event) {
	if len(w.taps) == 0 && e.Conn == 0 && (e.ID != 0 || e.Kind == underlay.Packet) {
		return // the common case: nobody looks, and there is no identification to be counted
	}
	for _, s := range w.source.packets(e) {
		if err := w.cross(e, s); err != nil {
			for _, t := range w.taps {
				t.hurt(eventError(e, err))
			}
			return
		}
	}
}

// cross takes a packet along its way.
func (w *Wires) cross(e underlay.Event, s sent) error {
	tapped := func(h underlay.Hop) bool {
		return slices.ContainsFunc(w.taps, func(t *tap) bool { return t.wants(h) })
	}
	last := -1
	for i, h := range s.way {
		if tapped(h) {
			last = i
		}
	}
	if last < 0 {
		return nil
	}
	w.pieces = w.pieces[:0]
	err := w.build.packets(s, func(p []byte) error {
		w.pieces = append(w.pieces, slices.Clone(p))
		return nil
	})
	for i, h := range s.way[:last+1] {
		if err != nil {
			return err
		}
		if err = w.hop(i, h); err != nil || !tapped(h) {
			continue
		}
		f := Frame{At: e.At, Hop: h}
		if i == len(s.way)-1 {
			f.Lost = s.comment
		}
		for _, p := range w.pieces {
			if f.Data, err = w.build.ethernet(h.Sender, h.Receiver, p); err != nil {
				break
			}
			for _, t := range w.taps {
				if t.wants(h) {
					t.see(f)
				}
			}
		}
	}
	return err
}

// hop makes of the present packets what they are on hop number i of their way: a TTL less behind each router, and in smaller
// pieces where an MTU asks for them.
func (w *Wires) hop(i int, h underlay.Hop) error {
	for _, p := range w.pieces {
		if i > 0 && !forward.DecrementTTL(p) {
			return fmt.Errorf("its TTL is too small for %d hops", i+1)
		}
	}
	if !slices.ContainsFunc(w.pieces, func(p []byte) bool { return len(p) > h.MTU && p[0]>>4 == 4 }) {
		return nil
	}
	whole := w.pieces
	w.pieces = nil
	for _, p := range whole {
		var err error
		if w.pieces, err = forward.Fragment(w.pieces, p, h.MTU); err != nil {
			return err
		}
	}
	return nil
}

// packetSource makes packets of events. It counts the identifications of those that the underlay gives none.
type packetSource struct {
	ids map[netip.Addr]uint32 // the last of each sender
}

func newPacketSource() packetSource { return packetSource{make(map[netip.Addr]uint32)} }

// packets returns the packets of one event, as they leave their senders. They point into the event's payload.
func (p packetSource) packets(e underlay.Event) []sent {
	var list []sent
	switch e.Kind {
	case underlay.Packet, underlay.PacketDropped:
		return []sent{{src: e.From, dst: e.To, payload: e.Payload, way: e.Way, comment: lost(e)}}
	case underlay.Datagram, underlay.DatagramDropped:
		list = []sent{{
			src: e.Src.Addr(), dst: e.Dst.Addr(), env: datagramEnvelope(e), summed: underlay.HasUDPChecksum(e.Dst),
			head:    &layers.UDP{SrcPort: layers.UDPPort(e.Src.Port()), DstPort: layers.UDPPort(e.Dst.Port())},
			payload: e.Payload, way: e.Way, comment: lost(e), damaged: e.Damaged,
		}}
	default:
		list = segmentsOf(e)
	}
	for i := range list {
		s := &list[i]
		if s.env.id == 0 {
			p.ids[s.src]++
			s.env.id = p.ids[s.src]
		}
	}
	return list
}

// lost is the packet comment of what was sent but did not arrive.
func lost(e underlay.Event) string {
	switch {
	case e.Detail == "":
		return ""
	case e.Kind == underlay.DatagramDropped, e.Kind == underlay.PacketDropped, e.Kind == underlay.Dial, e.Kind == underlay.SegmentLost:
		return "lost: " + e.Detail
	}
	return ""
}

// eventError says of which event an error is.
func eventError(e underlay.Event, err error) error {
	return fmt.Errorf("capture: %v %v > %v at %v: %w", e.Kind, e.Src, e.Dst, e.At, err)
}

//go:build linux

package underlay

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"lisplab/lispcore"
	"lisplab/lispcore/checksum"
)

// wireRoom is how many bytes of frames wait in the kernel while a wire has no time.
const wireRoom = 4 << 20

// relay carries the frames of one segment, in place of the kernel, while a link of it is impaired, or an interface has an access
// list:
//
//	node --> far end --> packet socket --> reader --> Arrivals --> does the list permit it on the way out, who is to get it,
//	                                                                   and what does the link do to it
//	                                                                   |
//	node <-- far end <-- packet socket <---- at once, or when it is due, if the list permits it on the way in, by the
//	                                         goroutine that owns the lab
type relay struct {
	ends     []Port
	wires    map[Port]*os.File // at the far ends
	stations map[string]Port   // of a LAN, by hardware address
	flying   int               // frames that are under way
}

// flight is a frame on its way to one port.
type flight struct {
	relay   *relay
	to      Port
	frame   []byte
	offload offload
}

// offload is what the sender of a frame has left to its network card, in the kernel's words (struct virtio_net_hdr, which stands
// before the frame in a packet socket of this kind): the checksum, or the cut into segments. The lab's own interfaces leave
// nothing, but a virtual one that a lab is plugged into may. Who writes it before the frame has the kernel do it there.
type offload [10]byte

// Of its fields: flags, of which one says that the checksum is open; into which segments the frame is to be cut; and where
// the checksum begins and where from there it stands, in the byte order of the machine.
const (
	offloadFlags, needsChecksum = 0, 1
	offloadCut                  = 1
	offloadStart, offloadAt     = 6, 8
)

// finish does what the sender has left to do, so that what a link does to the frame is done to what its receiver gets. Only a
// frame that is to be cut keeps its offload.
func (o *offload) finish(frame []byte) {
	start := int(binary.NativeEndian.Uint16(o[offloadStart:]))
	at := start + int(binary.NativeEndian.Uint16(o[offloadAt:]))
	if o[offloadFlags]&needsChecksum == 0 || o[offloadCut] != 0 || at+2 > len(frame) || start > len(frame) {
		return
	}
	open := checksum.Sum(0, frame[start:]) // the pseudo-header's stands where the checksum will
	if open == 0 {
		open = 0xffff // RFC 768: 0 stands for no checksum; of TCP the two are one
	}
	binary.BigEndian.PutUint16(frame[at:], open)
	*o = offload{}
}

// findSegments lists those that have several ends.
func (k *Kernel) findSegments() (list [][]Port) {
	add := func(p Port) {
		known := slices.ContainsFunc(list, func(s []Port) bool { return slices.Contains(s, p) })
		if ends := k.ends(p); len(ends) > 1 && !known {
			list = append(list, ends)
		}
	}
	for _, l := range slices.Concat(k.links, k.plugs) {
		add(l.A)
	}
	for _, nd := range k.nodes {
		if nd.host != nil {
			add(nd.host.Port)
		}
	}
	return list
}

// updateRelays takes those segments from the kernel that do something to frames, and gives those back that don't any more,
// when the last frame has arrived that was under way.
func (k *Kernel) updateRelays() error {
	var errs []error
	for i, ends := range k.segments {
		r, wanted := k.relays[i], k.impairsAt(ends) || k.filteredAt(ends)
		switch {
		case wanted && r == nil:
			r, err := k.openRelay(ends)
			if err == nil {
				k.relays[i] = r
			}
			errs = append(errs, err)
		case !wanted && r != nil && r.flying == 0:
			delete(k.relays, i)
			errs = append(errs, r.close(), k.cfg.Ground.Relay(ends[0], false))
		}
	}
	return errors.Join(errs...)
}

// impairsAt tells whether a link between some ports does something.
func (l *lanes) impairsAt(ends []Port) bool {
	for key := range l.byWay {
		if slices.Contains(ends, key.from) {
			return true
		}
	}
	return false
}

// filteredAt tells whether one of some interfaces has an access list.
func (n *model) filteredAt(ends []Port) bool {
	return slices.ContainsFunc(ends, func(p Port) bool { return n.nodes[p.Node].iface(p.Interface).Filtered })
}

func (k *Kernel) openRelay(ends []Port) (r *relay, err error) {
	r = &relay{ends: ends, wires: make(map[Port]*os.File)}
	if r.stations, err = k.stations(ends); err != nil {
		return nil, err
	}
	if err := k.cfg.Ground.Relay(ends[0], true); err != nil {
		return nil, err
	}
	for _, p := range ends {
		f, err := k.cfg.Ground.Wire(p)
		if err != nil {
			return nil, errors.Join(err, r.close(), k.cfg.Ground.Relay(ends[0], false))
		}
		r.wires[p] = f
	}
	for p, f := range r.wires {
		k.running.Go(func() { k.readWire(r, p, f) })
	}
	return r, nil
}

// close ends the sockets, and with them their readers.
func (r *relay) close() error {
	var errs []error
	for _, f := range r.wires {
		errs = append(errs, f.Close())
	}
	r.wires = nil
	return errors.Join(errs...)
}

// WireSocket opens a packet socket at an interface of the present namespace, by its index, that hears what comes by it and
// not what is sent there. Before each frame stands its offload.
func WireSocket(index int) (*os.File, error) {
	return packetSocket("impaired links and access lists", func(fd int) error {
		if err := set(fd, option{unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING"}); err != nil {
			return err
		}
		if err := set(fd, option{unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1, "PACKET_VNET_HDR"}); err != nil {
			return err
		}
		return setRoom(fd, wireRoom)
	}, index)
}

// readWire posts what the node at a port sends, until the socket is closed.
func (k *Kernel) readWire(r *relay, at Port, f *os.File) {
	buf := make([]byte, len(offload{})+maxFrame)
	for {
		n, err := f.Read(buf)
		switch {
		case errors.Is(err, unix.ENETDOWN): // the far end has gone, which the Ground's Watch tells
			continue
		case err != nil:
			return
		}
		var o offload
		frame := slices.Clone(buf[copy(o[:], buf):n])
		o.finish(frame)
		ok := k.post(func(now time.Time) []Delivery {
			if r.wires == nil {
				return nil
			}
			return k.relayFrame(now, r, at, frame, o)
		})
		if !ok {
			return
		}
	}
}

// relayFrame sends a frame on its way to whom it is for, over the link to each, past the access lists of the interfaces.
func (k *Kernel) relayFrame(now time.Time, r *relay, from Port, frame []byte, o offload) (told []Delivery) {
	if told, denied := k.deny(from, true, frame); denied {
		return told
	}
	for _, to := range r.receivers(from, frame) {
		crossings, fate, lost := k.treat(now, from, to, frame)
		if lost != "" {
			k.stats.Lost++
		}
		switch fate {
		case QueueFull:
			k.ports.at(from).drops++
		case DamagedOnLink:
			k.ports.at(to).crc++
		}
		for _, c := range crossings {
			f := &flight{r, to, c.frame, o}
			if c.at.After(now) {
				r.flying++
				k.flights.Set(f, c.at)
				continue
			}
			told = append(told, k.land(f)...)
		}
	}
	return told
}

// receivers are the ports that a frame is for: of a LAN the one whose hardware address it bears, or all others.
func (r *relay) receivers(from Port, frame []byte) (list []Port) {
	if len(frame) < ethernetHeader {
		return nil
	}
	to, known := r.stations[string(frame[:6])]
	for _, p := range r.ends {
		if p != from && (!known || p == to) {
			list = append(list, p)
		}
	}
	return list
}

// isFor tells whether the node at a port takes a frame that it hears: on a LAN not one for a machine that is not the lab's.
func (r *relay) isFor(at Port, frame []byte) bool {
	to, known := r.stations[string(frame[:6])]
	return known && to == at || len(r.stations) == 0 || forEveryone(frame)
}

// land hands a frame to its receiver, if the access list there permits it. One whose line is down, or whose interface has gone,
// does not get it.
func (k *Kernel) land(f *flight) []Delivery {
	if f.relay.isFor(f.to, f.frame) {
		if told, denied := k.deny(f.to, false, f.frame); denied {
			return told
		}
	}
	if _, err := f.relay.wires[f.to].Write(slices.Concat(f.offload[:], f.frame)); err != nil {
		k.stats.Lost++
		return nil
	}
	k.stats.Relayed++
	return nil
}

// deny asks the access list of an interface about a frame. A router is told what its list denies, and answers by ICMP; but not
// of what was for everyone (RFC 1122 section 3.2.2).
func (k *Kernel) deny(at Port, out bool, frame []byte) (told []Delivery, denied bool) {
	b, denied := k.frameDenied(at, out, frame)
	if !denied {
		return nil, false
	}
	k.stats.Denied++
	if forEveryone(frame) {
		return nil, true
	}
	return []Delivery{{at.Node, lispcore.PacketFailed{Reason: lispcore.FailProhibited, Interface: at.Interface, Data: b[:min(len(b), quoteSize)]}}}, true
}

// Deadline tells when the next frame arrives that is under way.
func (k *Kernel) Deadline() (at time.Time, armed bool) { return k.flights.Next() }

// Tick lets the first frame arrive that is due.
func (k *Kernel) Tick(now time.Time) ([]Delivery, error) {
	f, due := k.flights.Due(now)
	if !due {
		return nil, nil
	}
	told := k.land(f)
	if f.relay.flying--; f.relay.flying > 0 {
		return told, nil
	}
	return told, k.updateRelays() // it may have been what the segment waited for
}

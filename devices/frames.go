package devices

import (
	"slices"

	"lisplab/devices/capture"
	"lisplab/devices/underlay"
)

// framed is an underlay whose frames are real, and seen where they pass.
type framed interface {
	Tap(ports []underlay.Port, see func(underlay.Frame)) (stop func() error, err error)
}

// realFrames is the underlay whose frames are real; nil where they are made of the lab's own events.
func (l *Lab) realFrames() framed {
	if l.live == nil {
		return nil
	}
	return l.net.(framed)
}

// writeFrames writes the frames that pass at some places from now on into a pcapng file, until stop completes it.
func (l *Lab) writeFrames(t Tap, places []capture.Place) (file *capture.PlaceWriter, stop func() error, err error) {
	net := l.realFrames()
	if net == nil {
		if file, err = l.frames.Write(t.To, places); err != nil {
			return nil, nil, err
		}
		return file, file.Stop, nil
	}
	if file, err = capture.NewPlaceWriter(t.To, places); err != nil {
		return nil, nil, err
	}
	var ports []underlay.Port
	for _, p := range places {
		ports = append(ports, p.Port)
	}
	untap, err := net.Tap(ports, func(f underlay.Frame) {
		if t.whole() && !f.Out && f.Peer != underlay.Nobody {
			return // it was seen as it left
		}
		if hop, ok := hopOf(f, places); ok {
			file.See(capture.Frame{At: l.live.clock.at(f.At), Hop: hop, Data: f.Data})
		}
	})
	if err != nil {
		return nil, nil, err
	}
	return file, func() error {
		file.Fail(untap())
		return file.Stop()
	}, nil
}

// hopOf is the segment that a real frame crosses, as far as one of the places knows it; false for one that passes at none.
func hopOf(f underlay.Frame, places []capture.Place) (underlay.Hop, bool) {
	i := slices.IndexFunc(places, func(p capture.Place) bool { return p.Port == f.Port })
	if i < 0 {
		return underlay.Hop{}, false
	}
	link := places[i].Peer.Interface != ""
	peer := underlay.Nobody
	if link {
		// Of a LAN's frames those between the two, and what one of them says to all.
		if peer = places[i].Peer; f.Peer != peer && !(f.Out && f.Everyone()) {
			return underlay.Hop{}, false
		}
	}
	if f.Out {
		return underlay.Hop{From: f.Port, To: peer}, true
	}
	return underlay.Hop{From: peer, To: f.Port}, true
}

// tapFrames has see called for every frame at the router's interfaces, in and out, until stop is called.
func (d *Device) tapFrames(see func(capture.Frame)) (stop func(), err error) {
	net := d.lab.realFrames()
	if net == nil {
		wants := func(h underlay.Hop) bool { return h.From.Node == d.index || h.To.Node == d.index }
		return d.lab.frames.Tap(wants, see, func(error) {}), nil // of that event there is no packet
	}
	places := d.places()
	var ports []underlay.Port
	for _, p := range places {
		ports = append(ports, p.Port)
	}
	untap, err := net.Tap(ports, func(f underlay.Frame) {
		if hop, ok := hopOf(f, places); ok {
			see(capture.Frame{At: d.lab.live.clock.at(f.At), Hop: hop, Data: f.Data})
		}
	})
	if err != nil {
		return nil, err
	}
	return func() { _ = untap() }, nil // what is missed, an operator of IOS is not told of either
}

// allPlaces are the interfaces of all routers and hosts.
func (l *Lab) allPlaces() (list []capture.Place) {
	add := func(node int, iface string) {
		list = append(list, capture.Place{Name: l.loop.names[node] + " " + iface, Port: underlay.Port{Node: node, Interface: iface}})
	}
	for _, d := range l.devices {
		for _, name := range d.file.interfaces {
			add(d.index, name)
		}
	}
	for _, h := range l.hosts {
		add(h.index, underlay.HostInterface)
	}
	return list
}

// places are the router's interfaces.
func (d *Device) places() (list []capture.Place) {
	for _, name := range d.file.interfaces {
		list = append(list, capture.Place{Name: name, Port: d.port(name)})
	}
	return list
}

package underlay

import (
	"slices"
	"time"

	"lisplab/lispcore"
)

// impairDatagram does to a datagram what its links have drawn for it.
func (n *Network) impairDatagram(now time.Time, from *node, out lispcore.SendDatagram, event Event, v verdict) error {
	f := v.harm
	v.harm = harm{}
	if f.corrupt && v.why == "" {
		payload := slices.Clone(out.Payload)
		_, _, ok := n.corrupt(out.From.Port(), out.To.Port(), payload)
		out.Payload, event.Payload = payload, payload
		f.damaged = f.damaged || !ok // what it carries has checksums of its own
	}
	if f.damaged && v.why == "" {
		event.Damaged = true
		v.arrived, v.why, v.reason = false, "its checksum is wrong", 0
	}
	delay, copies := f.after()
	for range copies {
		arrive := func(now time.Time) error {
			event.At = now
			if v.why != "" {
				return n.landDatagram(now, from, out, event, nil, v)
			}
			// Much may have happened while it was under way.
			to, there := n.admit(from, out, &event, time.Time{})
			if there.why == "" {
				there.ttl = v.ttl
			} else {
				there.reason = 0
			}
			return n.landDatagram(now, from, out, event, to, there)
		}
		if v.why != "" && v.reason == 0 && !event.Damaged { // it is lost, where and whenever that is
			return arrive(now)
		}
		n.later(now.Add(delay), arrive)
	}
	return nil
}

// impairPacket does to a native packet what the link of its segment has drawn for it. It returns false when that is nothing.
func (n *Network) impairPacket(now time.Time, from *node, out lispcore.SendPacket, event Event, at Port) bool {
	h := Hop{From: Port{from.index, out.Interface}, To: at, MTU: event.MTU}
	src, dst, protocol := endpoints(out.Data)
	var f harm
	fate, why := n.lane(h, parcel{FlowInfo: FlowInfo{Protocol: protocol, Source: src, Destination: dst}, length: len(out.Data), sent: now}, &f)
	drop := func(event Event, fate Fate, why string) {
		n.stats.PacketsDropped++
		event.Kind, event.Detail, event.Fate = PacketDropped, why, fate
		n.crosses(&event, at)
		n.observe(event)
	}
	switch {
	case why != "":
		drop(event, fate, why)
		return true
	case f.corrupt || f.damaged: // every packet has a checksum of its own
		drop(event, DamagedOnLink, "damaged on the link "+n.linkName(h))
		return true
	case f == harm{}:
		return false
	}
	delay, copies := f.after()
	data := slices.Clone(out.Data)
	for range copies {
		n.later(now.Add(delay), func(now time.Time) error {
			event := event
			event.At, event.Payload = now, data
			if to, ok := n.Neighbor(from.index, out.Interface, event.To); !ok || to != at {
				drop(event, LostOnLink, "the link "+n.linkName(h)+" went down under it")
				return nil
			}
			n.landPacket(event, at, data)
			return nil
		})
	}
	return true
}

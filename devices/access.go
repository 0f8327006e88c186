package devices

import (
	"net/netip"
	"slices"

	"lisplab/devices/underlay"
)

// accessKey names what is counted: a line of an access list, as long as it says the same.
type accessKey struct {
	list  string
	entry AccessEntry
}

// AccessListState is an access list with what its lines have matched.
type AccessListState struct {
	AccessList
	Hits []uint64 // packets, by entry
}

// AccessLists returns the access lists in the order of the configuration.
func (d *Device) AccessLists() []AccessListState {
	var list []AccessListState
	for _, l := range d.cfg.Clone().AccessLists {
		s := AccessListState{AccessList: l}
		for _, e := range l.Entries {
			s.Hits = append(s.Hits, d.hits[accessKey{l.Name, e}])
		}
		list = append(list, s)
	}
	return list
}

// ClearAccessLists sets the hits of one access list, or of all with "", to 0. It is false when there is none of that name.
func (d *Device) ClearAccessLists(name string) bool {
	for k := range d.hits {
		if name == "" || k.list == name {
			delete(d.hits, k)
		}
	}
	_, ok := d.cfg.accessList(name)
	return ok || name == ""
}

// forgetHits drops the hits of lines that are no more.
func (d *Device) forgetHits() {
	for k := range d.hits {
		if l, _ := d.cfg.accessList(k.list); !slices.Contains(l.Entries, k.entry) {
			delete(d.hits, k)
		}
	}
}

func (c Config) accessList(name string) (AccessList, bool) {
	i := slices.IndexFunc(c.AccessLists, func(l AccessList) bool { return l.Name == name })
	if i < 0 {
		return AccessList{}, false
	}
	return c.AccessLists[i], true
}

// accessListAt names the access list of an interface in one direction; "" is none.
func (c Config) accessListAt(iface string, out bool) string {
	for _, i := range c.Interfaces {
		switch {
		case i.Name != iface:
		case out:
			return i.AccessOut
		default:
			return i.AccessIn
		}
	}
	return ""
}

// permits asks an access list about a packet. A list that is not there, or has no lines, permits everything, and so does
// every list of IPv4 to IPv6.
func (d *Device) permits(list string, f underlay.FlowInfo) bool {
	if list == "" || !f.Source.Addr().Is4() {
		return true
	}
	l, ok := d.cfg.accessList(list)
	if !ok || !slices.ContainsFunc(l.Entries, func(e AccessEntry) bool { return e.Remark == "" }) {
		return true
	}
	for _, e := range l.Entries {
		if !e.matches(f, l.Extended) {
			continue
		}
		if f.Packets > 0 {
			d.hits[accessKey{list, e}] += uint64(f.Packets)
		}
		return e.Permit
	}
	return false
}

// matches tells whether a line is about a packet. What a line says of ports holds for no later fragment that it would deny,
// and for every one that it would permit: the first fragment is judged, and without it the others are worth nothing.
func (e AccessEntry) matches(f underlay.FlowInfo, extended bool) bool {
	switch {
	case e.Remark != "" || !e.Source.matches(f.Source.Addr()):
		return false
	case !extended:
		return true
	case e.Protocol != AnyProtocol && uint8(e.Protocol) != f.Protocol || !e.Destination.matches(f.Destination.Addr()):
		return false
	}
	layer4 := e.SourcePort != AccessPort{} || e.DestinationPort != AccessPort{} || e.Established
	if f.Fragment && layer4 {
		return e.Permit
	}
	return e.SourcePort.matches(f.Source.Port()) && e.DestinationPort.matches(f.Destination.Port()) && (!e.Established || f.Flags.Established())
}

func (a AccessAddr) matches(addr netip.Addr) bool {
	if !a.Addr.IsValid() {
		return true
	}
	want, got := a.Addr.As4(), addr.As4()
	var wild [4]byte
	if a.Wildcard.IsValid() {
		wild = a.Wildcard.As4()
	}
	for i := range want {
		if (want[i]^got[i])&^wild[i] != 0 {
			return false
		}
	}
	return true
}

func (p AccessPort) matches(port uint16) bool {
	return p == AccessPort{} || port >= p.First && port <= p.Last
}

// filter is what the underlay asks about a packet at an interface of a router.
func (l *Lab) filter(node int, iface string, out bool, f underlay.FlowInfo) bool {
	d := l.devices[node]
	return d.permits(d.cfg.accessListAt(iface, out), f)
}

package devices

import (
	"net/netip"
	"time"
)

// RouteKey names one way to a network: what stands in a routing table, a network of an interface or a static route as it was typed.
type RouteKey struct {
	VRF       string // "" is the default one
	Prefix    netip.Prefix
	Interface string     // "" where a static route names none
	NextHop   netip.Addr // the zero Addr where there is none
}

// RouteSince returns when an IPv6 route came into its routing table; the zero Time when it is not there. IOS tells no ages of
// IPv4 routes that no routing protocol has brought.
func (d *Device) RouteSince(k RouteKey) time.Time { return d.since[k] }

// noteRoutes notes which IPv6 routes have come, and forgets those that have gone.
func (d *Device) noteRoutes(now time.Time) {
	before := d.since
	d.since = nil
	note := func(k RouteKey) {
		if !k.Prefix.Addr().Is6() {
			return
		}
		if d.since == nil {
			d.since = make(map[RouteKey]time.Time)
		}
		since, known := before[k]
		if !known {
			since = now
		}
		d.since[k] = since
	}
	for _, i := range d.cfg.Interfaces {
		if !d.lab.net.LineUp(d.index, i.Name) {
			continue
		}
		for _, a := range i.IPv6 {
			note(RouteKey{VRF: i.VRF, Prefix: a.Masked(), Interface: i.Name})
			note(RouteKey{VRF: i.VRF, Prefix: netip.PrefixFrom(a.Addr(), a.Addr().BitLen()), Interface: i.Name})
		}
	}
	for _, r := range d.lab.net.Static(d.index) {
		note(RouteKey{VRF: r.VRF, Prefix: r.Prefix, Interface: r.Interface, NextHop: r.NextHop})
	}
}

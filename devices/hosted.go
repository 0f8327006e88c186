package devices

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"lisplab/devices/underlay"
)

// alone leaves one router of a lab file, with the hosts behind it: the others run elsewhere, and so do the cables.
func (f *labFile) alone(name string) error {
	if len(f.faults) > 0 {
		return fmt.Errorf("lab %s plans impairments of links and devices, and a router by itself has neither: run it from a lab file without impairments", f.name)
	}
	var names []string
	for i, d := range f.devices {
		names = append(names, d.name)
		if !strings.EqualFold(d.name, name) {
			continue
		}
		f.hosts = slices.DeleteFunc(f.hosts, func(h labHost) bool { return h.Port.Node != i })
		for j := range f.hosts {
			f.hosts[j].Port.Node = 0
		}
		f.plugs = slices.DeleteFunc(f.plugs, func(p labPlug) bool { return p.Node != i })
		for j := range f.plugs {
			f.plugs[j].Node = 0
		}
		f.devices, f.links, f.console = []*labDevice{d}, nil, 0
		return nil
	}
	return fmt.Errorf("no device %q in lab %s: its devices are %s", name, f.name, strings.Join(names, ", "))
}

// goHost lays the wires of one router: the machine's. Lab time runs from now on.
func (l *Lab) goHost(opt Options) (wires, error) {
	if opt.Observe != nil || opt.Tamper != nil {
		return nil, fmt.Errorf("the %s underlay has the machine's packets, and no events of the lab's own to be observed: capture frames", OwnHost)
	}
	places := maps.Clone(l.file.external)
	if places == nil {
		places = make(map[netip.Addr]netip.Addr)
	}
	maps.Copy(places, opt.External)
	w, arrivals, err := openHost(l, places, opt.Forward)
	if err != nil {
		return nil, err
	}
	l.live = &live{clock: startClock(l.loop.now, 1), arrivals: arrivals}
	return w, nil
}

// placed is an underlay that tells where its router is, and what keeps packets from it.
type placed interface {
	Places() []underlay.Place
	Notes() []string
}

// Places are the addresses of the router that the host underlay runs, and where they are; nil on any other underlay.
func (l *Lab) Places() []underlay.Place {
	if p, ok := l.net.(placed); ok {
		return p.Places()
	}
	return nil
}

// Notes tell of the router that the host underlay runs what packets do not pass for want of rights or settings of the machine,
// each with what to do about it.
func (l *Lab) Notes() []string {
	if p, ok := l.net.(placed); ok {
		return p.Notes()
	}
	return nil
}

// checkPlaces tells of RLOCs of the router that the machine has not got: nobody would reach it there.
func (l *Lab) checkPlaces() error {
	var errs []error
	for _, p := range l.Places() {
		if d := l.devices[0]; !p.Here && d.speaksFrom(p.Lab) {
			errs = append(errs, fmt.Errorf("%s speaks LISP from %v (%s), and %v is not an address of this machine: give it one (`ip address add`), or say where it is: --address %v=ADDRESS, or external: in the lab file",
				d.Name(), p.Lab, p.Interface, p.At, p.Lab))
		}
	}
	return errors.Join(errs...)
}

// speaksFrom tells whether the router's LISP speaks from an address of its own: it is a locator, or what Map-Servers and
// Map-Resolvers see.
func (d *Device) speaksFrom(a netip.Addr) bool {
	if d.cfg.LISP == nil {
		return false
	}
	for _, t := range d.cfg.LISP.EIDTables {
		for _, m := range t.Mappings {
			for _, l := range d.locators(m) {
				if l.RLOC == a {
					return true
				}
			}
		}
	}
	for _, s := range []LISPService{d.cfg.LISP.IPv4, d.cfg.LISP.IPv6} {
		peers := slices.Clone(s.ITRMapResolvers)
		for _, m := range s.ETRMapServers {
			peers = append(peers, m.Addr)
		}
		for _, peer := range peers {
			if from, ok := d.lab.net.Source(d.index, peer); ok && from == a {
				return true
			}
		}
	}
	return false
}

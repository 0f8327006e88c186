package devices

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// externalForm is how an item of external: is written. Where routers are processes of machines, it says at which address of
// a machine an address of the lab is; of the routers of the lab, and of others that join it alike:
//
//	external:
//	  - 203.0.113.11 at 192.0.2.111   # xTR1
//	  - 209.165.201.31 at 127.0.0.31  # New-MSMR
//	  - 10.99.0.2 at 192.0.2.7        # a router of another make
//
// An address that does not stand here is where it says.
const externalForm = "two addresses of one family, such as 203.0.113.11 at 192.0.2.111"

func (r *labReader) readExternal(n ast.Node) error {
	text, err := r.scalar(n, externalForm)
	if err != nil {
		return err
	}
	lab, at, err := ParseExternal(text, " at ")
	if err != nil {
		return r.wrong(n, externalForm)
	}
	if r.lab.external == nil {
		r.lab.external = make(map[netip.Addr]netip.Addr)
	}
	for other, taken := range r.lab.external {
		switch {
		case other == lab:
			return r.wrong(n, "an address of the lab that does not stand here already")
		case taken == at:
			return r.wrong(n, "an address of a machine where no other is: "+other.String()+" is there")
		}
	}
	r.lab.external[lab] = at
	return nil
}

// ParseExternal reads an address of the lab and where it is, with what stands between the two.
func ParseExternal(text, between string) (lab, at netip.Addr, err error) {
	a, b, _ := strings.Cut(text, between)
	if lab, err = netip.ParseAddr(strings.TrimSpace(a)); err != nil {
		return lab, at, err
	}
	if at, err = netip.ParseAddr(strings.TrimSpace(b)); err != nil {
		return lab, at, err
	}
	if lab.Is4() != at.Is4() || !usable(lab) || !usable(at) {
		return lab, at, errors.New("not " + externalForm)
	}
	return lab, at, nil
}

// usable tells whether sockets can be bound at an address, or dial it, without a zone.
func usable(a netip.Addr) bool { return !a.IsUnspecified() && !a.IsMulticast() && a.Zone() == "" }

// readUnderlay reads what the lab runs on unless it is told otherwise. One router by itself is nothing that a lab file can ask
// for: it does not say which.
func (r *labReader) readUnderlay(n ast.Node) error {
	const what = "loopback or netns"
	text, err := r.scalar(n, what)
	if err != nil {
		return err
	}
	if r.lab.underlay = Underlay(text); r.lab.underlay != Loopback && r.lab.underlay != Netns {
		return r.wrong(n, what)
	}
	return nil
}

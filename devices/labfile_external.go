package devices

import (
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"lisplab/devices/underlay"
)

// Items of external: say where a lab touches real machines. There are two kinds:
//
//	external:
//	  - 203.0.113.11 at 192.0.2.111        # an address of the lab is at another one of a machine: xTR1,
//	  - 10.99.0.2 at 192.0.2.7             # or a router of another make
//	  - Core1:GigabitEthernet0/3 -- eth1   # an interface of the lab is plugged into one of the machine
//
// Addresses matter where routers are processes of machines (the host underlay); one that does not stand here is where it
// says. Into the machine's interfaces the netns underlay plugs, and what is at their far ends is on the segment of the lab's:
// its hosts included, if it has any. Elsewhere there is no such cable (Lab.Plugs).
const (
	externalForm = addressForm + ", or " + plugForm
	addressForm  = "two addresses of one family, such as 203.0.113.11 at 192.0.2.111"
	plugForm     = "an interface of the lab and one of the machine, such as Core1:GigabitEthernet0/3 -- eth1"
)

// labPlug is an interface of a router that is plugged into one of the machine.
type labPlug struct {
	underlay.Port
	machine string
}

func (r *labReader) readExternal(n ast.Node) error {
	text, err := r.scalar(n, externalForm)
	if err != nil {
		return err
	}
	if port, machine, ok := strings.Cut(text, dashes); ok {
		return r.readPlug(n, port, machine)
	}
	const at = " at "
	address, place, err := ParseExternal(text, at)
	switch {
	case err != nil && strings.Contains(text, at):
		return r.wrong(n, addressForm)
	case err != nil:
		return r.wrong(n, externalForm)
	}
	if r.lab.external == nil {
		r.lab.external = make(map[netip.Addr]netip.Addr)
	}
	for other, taken := range r.lab.external {
		switch {
		case other == address:
			return r.wrong(n, "an address of the lab that does not stand here already")
		case taken == place:
			return r.wrong(n, "an address of a machine where no other is: "+other.String()+" is there")
		}
	}
	r.lab.external[address] = place
	return nil
}

// readPlug reads the two ends of an item.
func (r *labReader) readPlug(n ast.Node, end, machine string) error {
	port, err := r.readPort(n, 0, end)
	at := len(end) + len(dashes)
	same := func(p labPlug) bool { return p.machine == machine }
	switch i := slices.IndexFunc(r.lab.plugs, same); {
	case !machineInterface.MatchString(machine):
		err = errors.Join(err, r.wrongAt(n, at, machine, "the name of an interface of the machine, such as eth1"))
	case i >= 0:
		p := r.lab.plugs[i]
		err = errors.Join(err, r.wrongAt(n, at, machine, "an interface of the machine that is not plugged in already: "+
			r.lab.devices[p.Node].name+":"+p.Interface+" has it"))
	}
	if err == nil {
		r.lab.plugs = append(r.lab.plugs, labPlug{port, machine})
	}
	return err
}

// machineInterface matches what Linux takes for the name of an interface.
var machineInterface = regexp.MustCompile(`^[^\s/:]{1,15}$`)

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
		return lab, at, errors.New("not " + addressForm)
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

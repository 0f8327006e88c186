package devices

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"lisplab/devices/underlay"
)

// labHost is one host of a lab file:
//
//	hosts:
//	  - name: h1
//	    address: [10.10.10.2/24, 2001:db8:10::2/64]
//	    gateway: 10.10.10.1 # the router's address, unless told otherwise
//	    attached: xTR1:GigabitEthernet0/1
type labHost struct {
	underlay.Host
	gateway []netip.Addr // of each family at most one
}

// underlayHosts are the hosts as the network needs them.
func (f *labFile) underlayHosts() []underlay.Host {
	var list []underlay.Host
	for _, h := range f.hosts {
		list = append(list, h.Host)
	}
	return list
}

func (r *labReader) readHost(n ast.Node) error {
	var h labHost
	var name, addresses, gateways, attached ast.Node
	keep := func(to *ast.Node) func(ast.Node) error { return func(n ast.Node) error { *to = n; return nil } }
	err := r.mapping(n, "a host: name, address, attached ...", field{"name", keep(&name)}, field{"address", keep(&addresses)},
		field{"gateway", keep(&gateways)}, field{"attached", keep(&attached)})
	switch {
	case err != nil:
		return err
	case name == nil:
		return r.wrong(n, "a host with a name")
	case addresses == nil:
		return r.wrong(n, "a host with an address")
	case attached == nil:
		return r.wrong(n, "a host that is attached: to an interface such as xTR1:GigabitEthernet0/1")
	}
	if err := r.text(&h.Name, "the name of the host")(name); err != nil {
		return err
	}
	switch taken := func(o labHost) bool { return strings.EqualFold(o.Name, h.Name) }; {
	case r.find(h.Name) >= 0 || slices.ContainsFunc(r.lab.hosts, taken):
		return r.wrong(name, "a name that no device and no other host has")
	case strings.ContainsAny(h.Name, " :\t"):
		return r.wrong(name, "a name without blanks and colons")
	}
	if err := r.oneOrMore(addresses, func(n ast.Node) error { return r.readHostAddress(&h, n) }); err != nil {
		return err
	}
	if gateways != nil {
		if err := r.oneOrMore(gateways, func(n ast.Node) error { return r.readGateway(&h, n) }); err != nil {
			return err
		}
	}
	text, err := r.scalar(attached, "a device and its interface, such as xTR1:GigabitEthernet0/1")
	if err != nil {
		return err
	}
	if h.Port, err = r.readEnd(attached, 0, text); err != nil {
		return err
	}
	r.lab.hosts = append(r.lab.hosts, h)
	return nil
}

// oneOrMore reads a scalar, or a list of them.
func (r *labReader) oneOrMore(n ast.Node, read func(ast.Node) error) error {
	if _, list := n.(*ast.SequenceNode); list {
		return r.list(n, "a list", read)
	}
	return read(n)
}

func (r *labReader) readHostAddress(h *labHost, n ast.Node) error {
	const what = "an address with its length, such as 10.10.10.2/24"
	text, err := r.scalar(n, what)
	if err != nil {
		return err
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !routable(p.Addr()):
		return r.wrong(n, what)
	case p.Bits() < p.Addr().BitLen()-1 && p == p.Masked():
		return r.wrong(n, "the address of a host, not of its network")
	case slices.ContainsFunc(h.Addrs, func(o netip.Prefix) bool { return o.Addr() == p.Addr() }):
		return r.wrong(n, "an address that the host does not have already")
	}
	h.Addrs = append(h.Addrs, p)
	return nil
}

func (r *labReader) readGateway(h *labHost, n ast.Node) error {
	text, err := r.scalar(n, "the address of a gateway")
	if err != nil {
		return err
	}
	g, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return r.wrong(n, "the address of a gateway")
	case !slices.ContainsFunc(h.Addrs, func(p netip.Prefix) bool { return p.Masked().Contains(g) }):
		return r.wrong(n, fmt.Sprintf("an address in a network of the host: %v", h.Addrs))
	case slices.ContainsFunc(h.gateway, func(o netip.Addr) bool { return o.Is4() == g.Is4() }):
		return r.wrong(n, "one gateway of each address family")
	}
	h.gateway = append(h.gateway, g)
	return nil
}

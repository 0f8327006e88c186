package underlay

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"lisplab/lispcore"
)

// door is where a dial to one port of a router goes in the kernel.
//
// At TCP 4342 the router's own listener waits. Another port, such as telnet's, is dialled once in a while, so nothing
// listens for it meanwhile: its door is opened for one dial. Nor has it the router's port number in the kernel, which might
// need rights that nobody here has, or belong to a server of the machine.
type door struct {
	addr     netip.AddrPort
	listener *net.TCPListener // nil: the port refuses
	close    func()
}

// openDoor prepares a port for one dial that arrives in a VRF. LISP listens in the default one only.
func (n *Network) openDoor(to *node, vrf string, port uint16) (door, error) {
	at := to.tcp.addr
	switch {
	case port == lispcore.ControlPort && vrf != "":
		return shutDoor(at.Addr())
	case port == lispcore.ControlPort:
		return door{at, to.tcp.listener, func() {}}, nil
	case n.cfg.Takes == nil || !n.cfg.Takes(to.index, port):
		return shutDoor(at.Addr())
	}
	l, err := listenTCP(netip.AddrPortFrom(at.Addr(), 0))
	if err != nil {
		return door{}, err
	}
	return door{l.Addr().(*net.TCPAddr).AddrPort(), l, func() { _ = l.Close() }}, nil
}

// shutDoor holds a port at which nobody listens, so that the kernel refuses.
func shutDoor(at netip.Addr) (door, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return door{}, err
	}
	syscall.CloseOnExec(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: at.As4()}); err != nil {
		return door{}, errors.Join(err, syscall.Close(fd))
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		return door{}, errors.Join(err, syscall.Close(fd))
	}
	port := uint16(bound.(*syscall.SockaddrInet4).Port)
	return door{netip.AddrPortFrom(at, port), nil, func() { _ = syscall.Close(fd) }}, nil
}

//go:build linux

package underlay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"lisplab/lispcore"
)

// site is what a node has in the kernel while it has power.
type site struct {
	applied State

	control, data []*net.UDPConn // by family: IPv4, then IPv6 where the kernel has it
	raw4, raw6    int            // send whole packets; -1: there is none
	icmp          []*os.File     // hear errors and echo replies
	tunnels       map[string]*os.File
	listeners     map[netip.AddrPort]*net.TCPListener
	streams       map[lispcore.StreamID]*serverStream
	dials         map[lispcore.StreamID]*kernelDial
	nextID        uint16
}

// mark is the firewall mark of packets that are routed by the tables of VRFs alone: LISP has had its say. That of the VRF
// with the number n (in State.Tables; 0 is the default one) is mark + n.
const mark = 0x115b00

// Mark is the firewall mark by which a Ground routes what a node sends itself in a VRF.
func Mark(vrf int) int { return mark + vrf }

// VRFs are the VRFs of a State in the order in which they are numbered: the default one first.
func (s State) VRFs() []string {
	list := []string{""}
	add := func(vrf string) {
		if !slices.Contains(list, vrf) {
			list = append(list, vrf)
		}
	}
	for _, i := range s.Interfaces {
		add(i.VRF)
	}
	for _, r := range s.Routes {
		add(r.VRF)
	}
	for _, t := range s.Tunnels {
		add(t.VRF)
	}
	return list
}

// haveIPv6 tells whether the kernel has IPv6 at all.
var haveIPv6 = func() bool {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	_ = unix.Close(fd)
	return true
}()

// newSite is what a node begins with at its power on.
func (k *Kernel) newSite(node int) {
	*k.sites[node] = site{
		raw4: -1, raw6: -1, applied: k.sites[node].applied,
		tunnels: make(map[string]*os.File), listeners: make(map[netip.AddrPort]*net.TCPListener),
		streams: make(map[lispcore.StreamID]*serverStream), dials: make(map[lispcore.StreamID]*kernelDial),
	}
}

// openSite opens the sockets that a node has from its power on: those for whole packets.
func (k *Kernel) openSite(node int) error {
	k.newSite(node)
	err := k.cfg.Ground.Enter(node, func() error { return k.openPackets(node) })
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", k.nodes[node].name, err), k.closeSite(node))
	}
	return nil
}

// closeSite ends everything that a node has in the kernel, streams by a reset.
func (k *Kernel) closeSite(node int) error {
	at := k.sites[node]
	if at.tunnels == nil {
		return nil // it never had power
	}
	var errs []error
	for _, s := range slices.Concat(at.control, at.data) {
		errs = append(errs, s.Close())
	}
	for _, f := range at.icmp {
		errs = append(errs, f.Close())
	}
	for _, f := range at.tunnels {
		errs = append(errs, f.Close())
	}
	for _, l := range at.listeners {
		errs = append(errs, l.Close())
	}
	for _, st := range at.streams {
		st.abort()
	}
	for _, d := range at.dials {
		d.cancel()
	}
	for _, fd := range []int{at.raw4, at.raw6} {
		if fd >= 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	*at = site{}
	return errors.Join(errs...)
}

// Receive opens or closes the sockets for control messages.
func (k *Kernel) Receive(node int, on bool) {
	at := k.sites[node]
	if on == (at.control != nil) || !k.nodes[node].running {
		return
	}
	if err := k.openUDP(node, &at.control, lispcore.ControlPort, on); err != nil {
		k.fail(err)
	}
}

// ReceiveData opens or closes the sockets for encapsulated packets.
func (k *Kernel) ReceiveData(node int, on bool) error {
	at := k.sites[node]
	if on == (at.data != nil) || !k.nodes[node].running {
		return nil
	}
	return k.openUDP(node, &at.data, lispcore.DataPort, on)
}

// UDPPorts returns the UDP ports at which a router takes datagrams, ascending.
func (k *Kernel) UDPPorts(node int) []uint16 {
	var ports []uint16
	if k.sites[node].data != nil {
		ports = append(ports, lispcore.DataPort)
	}
	if k.sites[node].control != nil {
		ports = append(ports, lispcore.ControlPort)
	}
	return ports
}

// option is one setsockopt with a number.
type option struct {
	level, name, value int
	what               string
}

// The options that a router's control messages need at a socket, by family: they bear TTL 255 and DSCP CS6, and are
// fragmented rather than refused.
var (
	controlOptions4 = []option{
		{unix.IPPROTO_IP, unix.IP_TTL, controlTTL, "IP_TTL"}, {unix.IPPROTO_IP, unix.IP_TOS, controlTOS, "IP_TOS"},
		{unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT, "IP_MTU_DISCOVER"},
	}
	controlOptions6 = []option{
		{unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, controlTTL, "IPV6_UNICAST_HOPS"},
		{unix.IPPROTO_IPV6, unix.IPV6_TCLASS, controlTOS, "IPV6_TCLASS"},
		{unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER"},
	}
)

func controlOptions(v6 bool) []option {
	if v6 {
		return controlOptions6
	}
	return controlOptions4
}

// set sets options of a socket.
func set(fd int, options ...option) error {
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			return fmt.Errorf("setting %s to %d: %w", o.what, o.value, err)
		}
	}
	return nil
}

// setting is a Control function of package net that sets options.
func setting(options ...option) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		if cerr := c.Control(func(fd uintptr) { err = set(int(fd), options...) }); cerr != nil {
			return cerr
		}
		return err
	}
}

// inUse says what to do about an address that is taken.
func inUse(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: another LISP router runs there; stop it, or give this one another place", err)
	}
	return err
}

//go:build linux

package underlay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lisplab/lispcore"
)

// MachineConfig says what a Machine is made of.
type MachineConfig struct {
	Name  string // the router
	Hosts []Host // behind it: node 1 and on
	// Places says where addresses of the lab are: its own on this machine, others' wherever they are. An address that is not
	// named here is where it says.
	Places map[netip.Addr]netip.Addr
	// NextStream gives the router's name for a connection that it accepts.
	NextStream func(node int) lispcore.StreamID
	// Ground, if not nil, leads packets of the machine into LISP; it is closed with the Machine. Without one the machine is left
	// as it is.
	Ground Ground
}

// Machine is the underlay of one router that is a process of this machine, in real time: its LISP goes out of the machine's
// own addresses by the machine's own routes, to whoever is there.
//
//	process                                        | machine                          | anywhere
//	engines -- UDP, TCP 4342, UDP 4341 -- Places --+-- 198.51.100.21, 127.0.1.21 .. --+-- routers, ours or not
//	   |   \-- ICMP of the router's own -- Places --+-- the same                       |
//	   |    \--------------- lisp0 (with a Ground) -+-- the machine's own packets, and those that it forwards
//	hosts of the lab, on modelled LANs             |                                  |
//
// The model knows the router's own interfaces and routes, and the LANs of its hosts; there are no cables. What leaves the
// router natively, and is for none of its hosts, goes by the machine's routes, whatever its own next hop: without a Ground
// that is what the router says itself, from an address that the machine has. How depends on the rights of the process:
//
//	raw sockets (CAP_NET_RAW)    everything, and ICMP errors are heard. Encapsulated packets are sent with a UDP port made of
//	                             the flow (RFC 9300 section 5.3), so that errors about them are understood
//	ping sockets                 echo requests. Encapsulated packets leave from UDP port 4341
//	neither                      nothing
type Machine struct {
	*Kernel
	at, labs map[netip.Addr]netip.Addr // Places, and the other way
	places   []Place
	joined   map[string]bool     // interfaces of the lab, of any VRF, whose addresses the machine has
	forwards bool                // there is a Ground
	lent     map[netip.Addr]bool // addresses that the machine has at a tunnel only
	echoes   *echoes             // nil: there are raw sockets, or no power
	receives bool                // control messages are wanted
	decaps   bool                // so is data
	listens  bool                // and TCP 4342
}

// NewMachine makes the router and its hosts, all without power.
func NewMachine(cfg MachineConfig) *Machine {
	m := &Machine{labs: make(map[netip.Addr]netip.Addr), lent: make(map[netip.Addr]bool), forwards: cfg.Ground != nil}
	if !m.forwards {
		cfg.Ground = asItIs{}
	}
	m.Kernel = NewKernel(KernelConfig{
		Names: []string{cfg.Name}, Hosts: cfg.Hosts, Ground: cfg.Ground, NextStream: cfg.NextStream,
	})
	m.heard, m.leaving = m.translate, m.moveOut
	m.at = maps.Clone(cfg.Places)
	for lab, at := range cfg.Places {
		m.labs[at] = lab
	}
	return m
}

// asItIs is the machine that is left as it is.
type asItIs struct{}

func (asItIs) Enter(_ int, fn func() error) error { return fn() }
func (asItIs) Apply(int, State) error             { return nil }
func (asItIs) Interface(int, int) string          { return "" }
func (asItIs) Relay(Port, bool) error             { return nil }
func (asItIs) Wire(Port) (*os.File, error)        { return nil, errors.ErrUnsupported }
func (asItIs) Counters(Port) (Counters, error)    { return Counters{}, errors.ErrUnsupported }
func (asItIs) Watch(func(error))                  {}
func (asItIs) Close() error                       { return nil }

// Counters has none: the ports are the machine's, and who else uses them is not known.
func (m *Machine) Counters(time.Time, Port) (Counters, bool) { return Counters{}, false }

// place is where an address of the lab is.
func (m *Machine) place(a netip.Addr) netip.Addr {
	if at, ok := m.at[a]; ok {
		return at
	}
	return a
}

// lab is the address of the lab that is at one of a machine.
func (m *Machine) lab(at netip.Addr) netip.Addr {
	if a, ok := m.labs[at]; ok {
		return a
	}
	return at
}

func (m *Machine) labPort(at netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(m.lab(at.Addr()), at.Port())
}

// translate names what has arrived by the lab's own addresses. It is false for an ICMP message that is none of the router's:
// the machine has other addresses, and others who ping.
func (m *Machine) translate(d Delivery) (Delivery, bool) {
	switch in := d.Input.(type) {
	case lispcore.PacketReceived:
		if _, inner := TunnelVRF(in.Interface); inner {
			break // the addresses are EIDs
		}
		readdress(in.Data, m.lab)
		dst, _, ok := addresses(in.Data)
		if nd := m.nodes[d.Node]; !ok || !nd.owns(nd.iface(in.Interface).VRF, dst) {
			return d, false
		}
	case lispcore.Datagram:
		in.From, in.To = m.labPort(in.From), m.labPort(in.To)
		d.Input = in
	case lispcore.StreamOpened:
		in.Local, in.Remote = m.labPort(in.Local), m.labPort(in.Remote)
		d.Input = in
	}
	return d, true
}

// moveOut names the ends of a packet that leaves by the addresses where they are.
func (m *Machine) moveOut(b []byte) { readdress(b, m.place) }

// Places are the router's addresses as of the last Update, in the order of its interfaces.
func (m *Machine) Places() []Place { return slices.Clone(m.places) }

// SetPower starts or stops a node. The router's sockets go with its power; its connections are reset.
func (m *Machine) SetPower(node int, on bool) error {
	switch {
	case node != router:
		m.nodes[node].running = on
		return nil
	case on:
		err := m.Kernel.SetPower(router, true)
		if m.forwards || !errors.Is(err, syscall.EPERM) {
			return err
		}
		m.newSite(router) // without raw sockets
		m.echoes = newEchoes(m)
		return nil
	}
	m.receives, m.decaps, m.listens = false, false, false
	m.echoes.close()
	m.echoes = nil
	return m.Kernel.SetPower(router, false)
}

// Close ends everything: sockets, tunnels, and the ground.
func (m *Machine) Close() error {
	m.echoes.close()
	return m.Kernel.Close()
}

// Notes tell what packets do not pass for want of rights or settings, each with what to do about it.
func (m *Machine) Notes() (notes []string) {
	if g, ok := m.cfg.Ground.(interface{ Hindrances(State) []string }); ok {
		notes = g.Hindrances(m.sites[router].applied)
	}
	if m.echoes == nil {
		return notes
	}
	if err := tryEcho(); err != nil {
		return append(notes, fmt.Sprintf("ping and traceroute from the router's command line reach nobody outside the lab (%v): that takes root, or CAP_NET_RAW; for ping alone `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"` is enough", err))
	}
	return append(notes, "ping reaches others from the router's command line, traceroute does not: that takes root, or CAP_NET_RAW")
}

// router is the only node that has sockets.
const router = 0

// Update makes earlier changes take effect. What can't be done is told by Quiet.
func (m *Machine) Update(time.Time) []Sending {
	m.update()
	m.findPlaces()
	if m.forwards {
		if err := m.updateNode(router, m.ground()); err != nil {
			m.fail(err)
		}
	}
	if err := m.bind(); err != nil {
		m.fail(err)
	}
	return nil
}

// ground is what the model says of the router, by the addresses where they are: the router's own EIDs are lent to its
// tunnels, unless somebody has said that they are elsewhere.
func (m *Machine) ground() State {
	s := m.state(m.nodes[router])
	for i := range s.Interfaces {
		addrs := slices.Clone(s.Interfaces[i].Addrs)
		for j, a := range addrs {
			addrs[j] = netip.PrefixFrom(m.place(a.Addr()), a.Bits())
		}
		s.Interfaces[i].Addrs = addrs
	}
	s.Tunnels = slices.Clone(s.Tunnels)
	for i, t := range s.Tunnels {
		s.Tunnels[i].Addrs = slices.DeleteFunc(slices.Clone(t.Addrs), func(a netip.Addr) bool { return m.place(a) != a })
		for _, a := range s.Tunnels[i].Addrs {
			if !m.lent[a] && !onMachine(a) {
				m.lent[a] = true
			}
		}
	}
	return s
}

// findPlaces looks which of the router's addresses the machine has.
func (m *Machine) findPlaces() {
	m.places, m.joined = m.places[:0], make(map[string]bool)
	for _, i := range m.nodes[router].routing.Interfaces {
		if !m.LineUp(router, i.Name) {
			continue
		}
		for _, a := range i.Addrs {
			p := Place{Interface: i.Name, Lab: a.Addr(), At: m.place(a.Addr())}
			p.Here = !m.lent[p.At] && onMachine(p.At)
			m.joined[i.Name] = m.joined[i.Name] || p.Here
			if i.VRF == "" {
				m.places = append(m.places, p)
			}
		}
	}
}

// onMachine tells whether the machine has an address: whether a socket can be bound at it.
func onMachine(a netip.Addr) bool {
	s, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		return false
	}
	_ = s.Close()
	return true
}

// Receive opens or closes the sockets for control messages.
func (m *Machine) Receive(node int, on bool) {
	if node == router {
		m.receives = on
		if err := m.bind(); err != nil {
			m.fail(err)
		}
	}
}

// ReceiveData opens or closes those for encapsulated packets.
func (m *Machine) ReceiveData(node int, on bool) error {
	if node != router {
		return nil
	}
	m.decaps = on
	return m.bind()
}

// Listen opens or closes the listeners on TCP 4342.
func (m *Machine) Listen(node int, on bool) error {
	if node != router {
		return nil
	}
	m.listens = on
	return m.bind()
}

// bind opens the sockets that are wanted at the router's addresses, and closes all others.
func (m *Machine) bind() error {
	if !m.nodes[router].running {
		return nil
	}
	var at []netip.Addr
	for _, p := range m.places {
		if p.Here && !slices.Contains(at, p.At) {
			at = append(at, p.At)
		}
	}
	if len(at) == 0 && (m.receives || m.listens) {
		return m.nowhere()
	}
	where := func(wanted bool) []netip.Addr {
		if wanted {
			return at
		}
		return nil
	}
	site := m.sites[router]
	return errors.Join(
		m.bindUDP(&site.control, lispcore.ControlPort, where(m.receives)),
		m.bindUDP(&site.data, lispcore.DataPort, where(m.decaps)),
		m.bindTCP(where(m.listens)),
	)
}

// nowhere is the error of a router none of whose addresses is on this machine.
func (m *Machine) nowhere() error {
	var list []string
	for _, p := range m.places {
		list = append(list, fmt.Sprintf("%v (%s)", p.At, p.Interface))
	}
	name := m.nodes[router].name
	if len(list) == 0 {
		return fmt.Errorf("%s has no interface that is up with an address: there is nothing to run it at", name)
	}
	return fmt.Errorf("%s: this machine has none of its addresses: %s; give it one (`ip address add`), or say where it is: --address, or external: in the lab file",
		name, strings.Join(list, ", "))
}

func (m *Machine) bindUDP(socks *[]*net.UDPConn, port uint16, at []netip.Addr) error {
	var errs []error
	*socks = slices.DeleteFunc(*socks, func(s *net.UDPConn) bool {
		if slices.Contains(at, localAddr(s)) {
			return false
		}
		errs = append(errs, s.Close())
		return true
	})
	for _, a := range at {
		if slices.ContainsFunc(*socks, func(s *net.UDPConn) bool { return localAddr(s) == a }) {
			continue
		}
		to := netip.AddrPortFrom(a, port)
		s, err := listenKernelUDP(to)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: UDP %v: %w", m.nodes[router].name, to, inUse(err)))
			continue
		}
		*socks = append(*socks, s)
		m.running.Go(func() { m.readUDP(router, socks, s, port) })
	}
	return errors.Join(errs...)
}

func (m *Machine) bindTCP(at []netip.Addr) error {
	listeners := m.sites[router].listeners
	var errs []error
	for a, l := range listeners {
		if !slices.Contains(at, a.Addr()) {
			delete(listeners, a)
			errs = append(errs, l.Close())
		}
	}
	for _, a := range at {
		to := netip.AddrPortFrom(a, lispcore.ControlPort)
		if listeners[to] != nil {
			continue
		}
		l, err := listenKernelTCP(to)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: TCP %v: %w", m.nodes[router].name, to, inUse(err)))
			continue
		}
		listeners[to] = l
		m.running.Go(func() { m.acceptAll(router, to, l) })
	}
	return errors.Join(errs...)
}

func localAddr(s *net.UDPConn) netip.Addr {
	return s.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// Carry sends one output on its way. What leaves the router by a socket arrives by itself; a packet to a neighbour on a LAN
// of the lab's hosts is there at once.
func (m *Machine) Carry(now time.Time, node int, out lispcore.Output) ([]Delivery, error) {
	if !m.nodes[node].running {
		return nil, nil
	}
	switch out := out.(type) {
	case lispcore.SendPacket:
		return m.sendPacket(now, node, out), nil
	case lispcore.SendDatagram:
		return m.sendDatagram(out), nil
	case lispcore.OpenStream:
		out.From, out.To = m.place(out.From), netip.AddrPortFrom(m.place(out.To.Addr()), out.To.Port())
		return m.Kernel.Carry(now, node, out)
	default:
		return m.Kernel.Carry(now, node, out)
	}
}

// sendPacket takes a packet to a neighbour on a LAN of the lab's hosts, or out into the machine's network.
func (m *Machine) sendPacket(now time.Time, node int, out lispcore.SendPacket) []Delivery {
	if _, into := TunnelVRF(out.Interface); into {
		return m.Kernel.sendPacket(node, out)
	}
	next := out.NextHop
	if !next.IsValid() {
		next, _, _ = addresses(out.Data)
	}
	to, ok := m.Neighbor(node, out.Interface, next)
	switch {
	case ok:
		m.stats.Packets++
		// The receiver's packet is its own: it counts down the TTL in place.
		return []Delivery{{to.Node, lispcore.PacketReceived{Interface: to.Interface, Data: slices.Clone(out.Data)}}}
	case node != router || !m.goesOut(out):
		return []Delivery{{node, lispcore.PacketFailed{Reason: lispcore.FailNoHost, Interface: out.Interface, Data: out.Data}}}
	case m.echoes != nil:
		m.count(m.echoes.send(now, out.Data))
		return nil
	}
	return m.Kernel.sendPacket(node, out)
}

// goesOut tells whether a packet that is for no host of the lab meets the machine's network. It does not where the machine
// has no part in the LAN of such hosts, nor, where nothing else of the machine's enters the router, if it is not its own.
func (m *Machine) goesOut(out lispcore.SendPacket) bool {
	modelled := slices.ContainsFunc(m.nodes, func(nd *node) bool { return nd.host != nil && nd.host.Port == Port{router, out.Interface} })
	if modelled && !m.joined[out.Interface] {
		return false
	}
	src, _, _ := endpoints(out.Data)
	own := func(p Place) bool { return p.Here && p.Lab == src.Addr() }
	return m.forwards || m.nodes[router].iface(out.Interface).VRF == "" && slices.ContainsFunc(m.places, own)
}

// Forwards tells whether a packet out of the tunnel of a VRF is the machine's to deliver, or to forward: it is for no host of
// the lab, and for no address of the router that the machine has not got.
func (m *Machine) Forwards(_ int, vrf string, b []byte) bool {
	dst, _, ok := addresses(b)
	if !m.forwards || !ok {
		return false
	}
	nd := m.nodes[router]
	for _, h := range m.nodes {
		if h.host != nil && nd.iface(h.host.Port.Interface).VRF == vrf && slices.ContainsFunc(h.host.Addrs, func(p netip.Prefix) bool { return p.Addr() == dst }) {
			return false
		}
	}
	if !nd.owns(vrf, dst) {
		return true
	}
	lent := slices.ContainsFunc(m.sites[router].applied.Tunnels, func(t Tunnel) bool { return t.VRF == vrf && slices.Contains(t.Addrs, dst) })
	return lent || slices.ContainsFunc(m.places, func(p Place) bool { return p.Lab == dst && p.At == dst && p.Here })
}

// sendDatagram sends a datagram by the socket at its source: data by that of data, if there is one and no raw one is, and
// anything else by that of control messages.
func (m *Machine) sendDatagram(out lispcore.SendDatagram) []Delivery {
	site := m.sites[router]
	from, to := m.place(out.From.Addr()), netip.AddrPortFrom(m.place(out.To.Addr()), out.To.Port())
	socks := site.control
	if out.To.Port() == lispcore.DataPort && site.data != nil {
		socks = site.data
	}
	i := slices.IndexFunc(socks, func(s *net.UDPConn) bool { return localAddr(s) == from })
	if i < 0 {
		m.count(syscall.EADDRNOTAVAIL)
		return nil
	}
	if out.To.Port() == lispcore.DataPort && m.echoes == nil {
		return m.Kernel.sendDatagram(router, out)
	}
	var oob []byte
	if out.TTL != 0 {
		oob = headerFields(to.Addr().Is6(), out.TTL, out.TOS)
	}
	_, _, err := socks[i].WriteMsgUDPAddrPort(out.Payload, oob, to)
	m.count(err)
	if err != nil && !onMachine(from) {
		m.fail(fmt.Errorf("%s: %v is no address of this machine any more: an interface has vanished, or has lost it; start the router again when it is back",
			m.nodes[router].name, from))
	}
	return nil
}

// headerFields is the control message that gives one datagram a TTL and a TOS of its own.
func headerFields(v6 bool, ttl, tos uint8) []byte {
	if v6 {
		return append(controlMessage(unix.IPPROTO_IPV6, unix.IPV6_HOPLIMIT, int(ttl)), controlMessage(unix.IPPROTO_IPV6, unix.IPV6_TCLASS, int(tos))...)
	}
	return append(controlMessage(unix.IPPROTO_IP, unix.IP_TTL, int(ttl)), controlMessage(unix.IPPROTO_IP, unix.IP_TOS, int(tos))...)
}

// controlMessage is one control message that holds a C int (cmsg(3)).
func controlMessage(level, kind, value int) []byte {
	const size = 4
	b := make([]byte, unix.CmsgSpace(size))
	at := unix.CmsgLen(0)
	word := at - 8 // of cmsg_len: a size_t, before two ints
	if word == 8 {
		binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(size)))
	} else {
		binary.NativeEndian.PutUint32(b, uint32(unix.CmsgLen(size)))
	}
	binary.NativeEndian.PutUint32(b[word:], uint32(level))
	binary.NativeEndian.PutUint32(b[word+4:], uint32(kind))
	binary.NativeEndian.PutUint32(b[at:], uint32(value))
	return b
}

// Conns returns the TCP connections of the router by their streams, then its listeners.
func (m *Machine) Conns(node int) []ConnState {
	list := m.Kernel.Conns(node)
	for i, c := range list {
		if c.State != TCPListen {
			list[i].Local, list[i].Remote = m.labPort(c.Local), m.labPort(c.Remote)
		}
	}
	return list
}

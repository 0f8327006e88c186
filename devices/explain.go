package devices

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"lisplab/devices/packet"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/wire"
)

// Flow is a packet that somebody asks about.
type Flow struct {
	VRF                         string     // of the router where it begins; "" is the default one
	Source                      netip.Addr // the zero Addr: an EID of the router's, or what its own packets bear
	Destination                 netip.Addr
	Protocol                    uint8  // 6 is TCP, 17 is UDP, 0 an ICMP echo
	SourcePort, DestinationPort uint16 // of TCP and UDP
	Size                        int    // of the whole IP packet, in bytes; 0: as small as may be
	TTL                         uint8  // 0 stands for 255
	DF                          bool
}

// bytes makes the packet.
func (f Flow) bytes() ([]byte, error) {
	if !f.Destination.IsValid() || f.Source.Is4() != f.Destination.Is4() || !f.Source.IsValid() {
		return nil, errors.New("a packet needs a source and a destination of one address family")
	}
	h := packet.Header{Source: f.Source, Destination: f.Destination, TTL: f.TTL, DF: f.DF}
	if h.TTL == 0 {
		h.TTL = ownTTL
	}
	data := make([]byte, min(max(0, f.Size-packet.HeaderSize(f.Destination)-packet.EchoHeaderSize), probeLimit))
	switch f.Protocol {
	case uint8(TCPProtocol):
		return packet.TCP(h, f.SourcePort, f.DestinationPort), nil
	case uint8(UDPProtocol):
		return packet.UDP(h, f.SourcePort, f.DestinationPort, data), nil
	}
	return packet.Echo(h, false, 0, 0, data), nil
}

const (
	probeLimit   = 18024 // bytes of data in a packet that is asked about
	explainLimit = 64    // steps of one way
)

// Step is what one node does with a packet on its way.
type Step struct {
	Node      string
	Host      bool
	Interface string // by which the packet came; "" where it began, or where it left a tunnel
	VRF       string // of the router that it is in; "" is the default one
	Outer     bool   // it is in a tunnel: Packet is what the RLOCs see
	Packet    forward.Packet
	Decision  Decision // of a router

	// Tunnel tells that the tunnel ends here, and Refused why the ETR drops the packet; 0 when it takes it out.
	Tunnel  bool
	Refused etr.DropReason
	// Instance is the instance-ID that goes into the LISP header, or that the ETR finds in it.
	Instance uint32

	// Lost says why a packet that was handed to a segment arrives nowhere; "" when it does.
	Lost string
	// Told is the ICMP error that the packet's source gets; 0 for none.
	Told packet.ErrorKind
}

// Decide returns what the router does with a packet of its own; nothing is sent, counted or learned. It serves
// `show ip cef`.
func (d *Device) Decide(f Flow) (Decision, error) {
	b, err := d.flowBytes(f)
	if err != nil {
		return Decision{}, err
	}
	return d.decide(d.lab.loop.now, arrival{vrf: f.VRF, own: true}, b, true), nil
}

func (d *Device) flowBytes(f Flow) ([]byte, error) {
	if !d.running {
		return nil, fmt.Errorf("%s is stopped", d.Name())
	}
	if !d.cfg.HasVRF(f.VRF) {
		return nil, fmt.Errorf("%s has no VRF %s", d.Name(), f.VRF)
	}
	if !f.Source.IsValid() {
		var ok bool
		if f.Source, ok = d.ownEID(f.VRF, f.Destination.Is4()); !ok {
			f.Source = d.sourceFor(f.VRF, f.Destination)
		}
	}
	return f.bytes()
}

// Explain follows a packet from a router or a host that sends it, router by router, by the same decisions that forwarding
// takes: into tunnels and out of them. Nothing is sent, counted or learned, so that a mapping that nobody has asked for yet
// ends the way.
func (l *Lab) Explain(from string, f Flow) ([]Step, error) {
	w := way{lab: l}
	if h, err := l.Host(from); err == nil {
		if !f.Source.IsValid() {
			for _, a := range h.Host.Addrs {
				if a.Addr().Is4() == f.Destination.Is4() {
					f.Source = a.Addr()
				}
			}
		}
		if f.TTL == 0 {
			f.TTL = hostTTL
		}
		b, err := f.bytes()
		if err != nil {
			return nil, err
		}
		w.fromHost(h, b)
		return w.steps, nil
	}
	d, err := l.device(from)
	if err != nil {
		return nil, err
	}
	b, err := d.flowBytes(f)
	if err != nil {
		return nil, err
	}
	w.through(d, arrival{vrf: f.VRF, own: true}, b)
	return w.steps, nil
}

// way is the way of one packet.
type way struct {
	lab   *Lab
	steps []Step
}

// step begins a step.
func (w *way) step(node string, b []byte) *Step {
	p, _ := forward.Parse(b) // what can't be read is told by the decision
	w.steps = append(w.steps, Step{Node: node, Packet: p})
	return &w.steps[len(w.steps)-1]
}

func (w *way) fromHost(h *Host, b []byte) {
	s := w.step(h.Name(), b)
	s.Host = true
	route, ok := w.lab.net.Lookup(h.index, "", s.Packet.Destination)
	switch {
	case h.bears(s.Packet.Destination):
		return
	case !ok:
		s.Lost = "no route"
		return
	}
	s.Decision = Decision{Action: Transmit, Route: route, Routed: true, Interface: route.Interface, NextHop: route.NextHop}
	if !route.NextHop.IsValid() {
		s.Decision.NextHop = s.Packet.Destination
	}
	w.hand(h.index, s.Decision, arrival{}, b)
}

// through takes a packet through a router.
func (w *way) through(d *Device, at arrival, b []byte) {
	if len(w.steps) >= explainLimit {
		w.steps[len(w.steps)-1].Lost = "a forwarding loop"
		return
	}
	s := w.step(d.Name(), b)
	s.Interface, s.VRF, s.Outer = at.iface, at.vrf, at.outer
	b = slices.Clone(b)
	s.Decision = d.decide(w.lab.loop.now, at, b, true)
	switch dec := s.Decision; dec.Action {
	case Deliver:
		if at.outer {
			w.outOfTunnel(d, s, b)
		}
	case Encapsulate:
		w.intoTunnel(d, at, dec.Verdict, b)
	case Transmit:
		w.hand(d.index, dec, at, b)
	default:
		if !at.own && s.Packet.Protocol != uint8(TCPProtocol) { // a lost segment is lost without a word
			s.Told = dec.Reason.errorFor(s.Packet.Version == 4)
		}
	}
}

// hand gives a packet to a neighbour.
func (w *way) hand(node int, dec Decision, at arrival, b []byte) {
	s := &w.steps[len(w.steps)-1]
	port, ok := w.lab.net.Neighbor(node, dec.Interface, dec.NextHop)
	if !ok {
		s.Lost = fmt.Sprintf("nobody answers for %v at %s", dec.NextHop, dec.Interface)
		if !s.Host && !at.own {
			s.Told = packet.HostUnreachable
		}
		return
	}
	if n := port.Node - len(w.lab.devices); n >= 0 {
		h := w.lab.hosts[n]
		s := w.step(h.Name(), b)
		s.Host, s.Interface = true, underlay.HostInterface
		if !h.bears(s.Packet.Destination) {
			s.Lost = "a host forwards nothing"
		}
		return
	}
	next := w.lab.devices[port.Node]
	w.through(next, arrival{vrf: next.cfg.vrfAt(port.Interface), iface: port.Interface, outer: at.outer}, b)
}

// intoTunnel wraps a packet as the ITR does.
func (w *way) intoTunnel(d *Device, at arrival, v itr.Verdict, b []byte) {
	source, ok := w.lab.net.Source(d.index, v.RLOC)
	if !ok {
		w.steps[len(w.steps)-1].Lost = fmt.Sprintf("no route to %v", v.RLOC)
		return
	}
	inner, _ := forward.Parse(b)
	ttl, tos := forward.OuterFields(inner)
	if d.cfg.LISP.DisableTTLPropagate {
		ttl = ownTTL
	}
	instance, _ := d.cfg.instanceOf(at.vrf)
	w.steps[len(w.steps)-1].Instance = instance
	payload := forward.Encapsulate(nil, b, wire.DataHeader{HasInstance: instance != 0, Instance: instance})
	h := packet.Header{Source: source, Destination: v.RLOC, TTL: ttl, TOS: tos, DF: true}
	port := uint16(0xF000 | forward.FlowHash(inner)&0x0FFF)
	w.through(d, arrival{own: true, outer: true}, packet.UDP(h, port, lispcore.DataPort, payload))
}

// outOfTunnel takes a packet out of its tunnel, as the ETR does.
func (w *way) outOfTunnel(d *Device, s *Step, b []byte) {
	s.Tunnel = true
	if d.etr == nil {
		s.Refused, s.Told = etr.DropNoService, packet.PortUnreachable
		return
	}
	m, err := packet.Parse(b)
	if err != nil {
		s.Refused = etr.DropMalformed
		return
	}
	out, why := d.etr.Explain(lispcore.Datagram{
		From: netip.AddrPortFrom(m.Source, m.SourcePort), To: netip.AddrPortFrom(m.Destination, m.DestinationPort),
		Payload: m.Data, TTL: m.TTL, TOS: m.TOS,
	})
	if s.Refused = why; why != etr.NotDropped {
		return
	}
	s.Instance = out.Instance
	vrf, ok := d.cfg.vrfOf(out.Instance)
	if !ok {
		s.Refused = etr.DropNoService
		return
	}
	w.through(d, arrival{vrf: vrf}, out.Data)
}

// String says what happens in a line: "xTR1: from 10.10.10.1 to 10.30.30.1: no route; map-cache entry 10.30.30.0/24;
// encapsulated to 198.51.100.21".
func (s Step) String() string { return s.Where() + ": " + strings.Join(s.Decisions(), "; ") }

// Where says which packet is at which node: "xTR1: from 10.10.10.1 to 10.30.30.1, TTL 255".
func (s Step) Where() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: from %s to %s", s.Node, upperAddr(s.Packet.Source), upperAddr(s.Packet.Destination))
	if s.Interface != "" && !s.Host {
		fmt.Fprintf(&b, ", in by %s", s.Interface)
	}
	if s.VRF != "" {
		fmt.Fprintf(&b, ", in VRF %s", s.VRF)
	}
	if s.Outer {
		b.WriteString(", in a tunnel")
	}
	fmt.Fprintf(&b, ", TTL %d", s.Packet.TTL)
	return b.String()
}

// instanceText names an instance other than 0.
func (s Step) instanceText() string {
	if s.Instance == 0 {
		return ""
	}
	return fmt.Sprintf(", instance-ID %d", s.Instance)
}

// Decisions says what the node does with the packet, and why, in the order in which that is decided.
func (s Step) Decisions() []string {
	dec := s.Decision
	var parts []string
	if dec.Routed && dec.Action != Deliver {
		parts = append(parts, "route "+strings.ToUpper(dec.Route.Prefix.String()))
	} else if dec.Asked {
		parts = append(parts, "no route")
	}
	if dec.Asked && !s.Outer {
		if e := dec.Verdict.Entry; e.IsValid() {
			parts = append(parts, "map-cache entry "+strings.ToUpper(e.String()))
		}
		switch why := dec.Verdict.Reason; why {
		case 0:
		case itr.MapRequestSent: // of a packet that is one
			parts = append(parts, "map-cache miss, a Map-Request would be sent")
		default:
			parts = append(parts, why.String())
		}
	}
	switch {
	case s.Lost != "":
		parts = append(parts, "lost: "+s.Lost)
	case s.Tunnel && s.Refused == etr.NotDropped:
		parts = append(parts, "decapsulated"+s.instanceText())
	case s.Tunnel:
		parts = append(parts, "dropped: "+s.Refused.String())
	case dec.Action == Encapsulate:
		parts = append(parts, fmt.Sprintf("encapsulated to %v%s", dec.Verdict.RLOC, s.instanceText()))
	case dec.Action == Transmit:
		parts = append(parts, fmt.Sprintf("out of %s to %s", dec.Interface, upperAddr(dec.NextHop)))
		if dec.Fragment {
			parts = append(parts, fmt.Sprintf("in fragments of at most %d bytes", dec.MTU))
		}
	case dec.Action == Deliver || s.Host:
		parts = append(parts, "arrives")
	default:
		why := "dropped: " + dec.Reason.String()
		switch {
		case dec.Reason == DropLISP: // the ITR has said why
			why = "dropped"
		case dec.AccessList != "":
			why += " (" + dec.AccessList + ")"
		case dec.Reason == DropTooBig:
			why += fmt.Sprintf(" (at most %d bytes)", dec.MTU)
		}
		parts = append(parts, why)
	}
	if s.Told != 0 {
		parts = append(parts, upperAddr(s.Packet.Source)+" is told by ICMP")
	}
	return parts
}

// upperAddr prints an address as IOS does.
func upperAddr(a netip.Addr) string { return strings.ToUpper(a.String()) }

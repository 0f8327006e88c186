package enginetest

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"lisplab/lispcore"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/mapresolver"
	"lisplab/lispcore/wire"
)

// This file is the request side of a scenario: Map-Requests, Map-Replies, and the packets that they are about.

func (p *Player) mr(_ bool, args []string) string {
	n := p.bed.AddPuppet(args[0], args[1])
	n.listens = false
	n.AddResolver(mapresolver.Config{IPv4: true, IPv6: true})
	return ""
}

func (p *Player) resolver(_ bool, args []string) string {
	n := p.node(args, 0)
	cfg := mapresolver.Config{IPv4: true, IPv6: true}
	if limit, _ := option(args, "limit"); limit != "" {
		cfg.Limit = number(limit)
	}
	n.AddResolver(cfg)
	return ""
}

// resolvers are the Map-Resolvers that a line names.
func (p *Player) resolvers(args []string) []netip.Addr {
	var list []netip.Addr
	for i := range args {
		list = append(list, p.node(args, i).Addr)
	}
	return list
}

func (p *Player) itr(_ bool, args []string) string {
	s := itr.Service{ITR: true, MapResolvers: p.resolvers(args[1:])}
	p.node(args, 0).AddITR(itr.Config{IPv4: s, IPv6: s, PropagateTTL: true})
	return ""
}

func (p *Player) pitr(_ bool, args []string) string {
	n := p.node(args, 0)
	s := itr.Service{ProxyITR: n.Addr, MapResolvers: p.resolvers(args[1:])}
	n.AddITR(itr.Config{IPv4: s, IPv6: s, PropagateTTL: true})
	return ""
}

// itrAt is a router that is an ITR.
func (p *Player) itrAt(args []string) *Node {
	n := p.node(args, 0)
	mustf(n.ITR != nil, "%s is no ITR", n.Name)
	return n
}

func (p *Player) probing(no bool, args []string) string {
	n := p.itrAt(args)
	n.ITRConfig.Probing = !no
	return p.configured(n)
}

func (p *Player) petr(no bool, args []string) string {
	n := p.node(args, 0)
	n.ETRConfig.PETR4, n.ETRConfig.PETR6 = !no, !no
	return p.configured(n)
}

func (p *Player) usePETR(no bool, args []string) string {
	n := p.itrAt(args)
	var list []itr.PETR
	if !no {
		list = append(list, itr.PETR{RLOC: p.node(args, 1).Addr})
	}
	n.ITRConfig.IPv4.PETRs, n.ITRConfig.IPv6.PETRs = list, list
	return p.configured(n)
}

func (p *Player) static(no bool, args []string) string {
	n, eid := p.itrAt(args), ParseEID(args[1])
	if n.Static == nil {
		n.Static = make(map[uint32][]itr.Static)
	}
	list := slices.DeleteFunc(slices.Clone(n.Static[eid.Instance]), func(s itr.Static) bool { return s.Prefix == eid.Prefix })
	if !no {
		actions := map[string]lispcore.Action{"map-request": lispcore.SendMapRequest, "native": lispcore.NativelyForward, "drop": lispcore.DropNoReason}
		action, known := actions[args[2]]
		mustf(known, "no action: %s", args[2])
		list = append(list, itr.Static{Prefix: eid.Prefix, Action: action})
	}
	n.Static[eid.Instance] = list
	return p.configured(n)
}

func (p *Player) proxy(no bool, args []string) string {
	n := p.node(args, 0)
	lines := slices.Clone(n.ETRConfig.MapServers)
	for i := range lines {
		lines[i].ProxyReply = !no
	}
	n.ETRConfig.MapServers = lines
	return p.configured(n)
}

func (p *Player) merge(no bool, args []string) string {
	n := p.node(args, 0)
	merge := maps.Clone(n.ETRConfig.Merge)
	if merge == nil {
		merge = make(map[lispcore.EID]bool)
	}
	for _, eid := range args[1:] {
		merge[ParseEID(eid)] = !no
	}
	n.ETRConfig.Merge = merge
	return p.configured(n)
}

func (p *Player) unroute(no bool, args []string) string {
	n := p.node(args, 0)
	if n.unrouted == nil {
		n.unrouted = make(map[netip.Addr]bool)
	}
	addr, err := netip.ParseAddr(args[1])
	if err != nil {
		addr = p.node(args, 1).Addr
	}
	n.unrouted[addr] = !no
	if n.ITR != nil {
		n.ITR.RoutesChanged(p.bed.now)
		n.drain()
	}
	return ""
}

func (p *Player) debug(no bool, args []string) string {
	n := p.node(args, 0)
	for _, e := range n.engines() {
		e.(interface{ SetDebug(on bool) }).SetDebug(!no)
	}
	return ""
}

// packet gives an ITR a UDP packet of 36 bytes, as it comes out of the router: TTL 63.
func (p *Player) packet(_ bool, args []string) string {
	n := p.itrAt(args)
	instance, args := option(args, "instance")
	times, args := option(args, "times")
	if instance == "" {
		instance = "0"
	}
	if times == "" {
		times = "1"
	}
	b := Packet(netip.MustParseAddr(args[1]), netip.MustParseAddr(args[2]), 63)
	for range number(times) {
		v := n.ITR.Forward(p.bed.now, uint32(number(instance)), b)
		why := ""
		if v.Reason != 0 {
			why = " (" + v.Reason.String() + ")"
		}
		if v.Kind != itr.Encapsulate || why != "" {
			p.bed.say(n.Name, "* %s: %s%s", v.Kind, packetText(uint32(number(instance)), b), why)
		}
		for _, d := range v.Datagrams {
			d.Payload = slices.Clone(d.Payload) // it is valid until the next packet only
			n.out = append(n.out, d)
		}
		n.drain()
		p.bed.Settle()
	}
	return ""
}

// Packet makes an IP packet with 8 bytes in UDP from port 1000 to port 2000.
func Packet(source, destination netip.Addr, ttl uint8) []byte {
	e := wire.EncapsulatedControl{TTL: ttl, Source: netip.AddrPortFrom(source, 1000), Destination: netip.AddrPortFrom(destination, 2000), Payload: []byte("payload!")}
	b, err := e.Append(nil)
	mustf(err == nil, "%v", err)
	return b[4:] // without the LISP header: an ECM is the only maker of IP packets here
}

func (p *Player) lig(_ bool, args []string) string {
	n := p.itrAt(args)
	id := n.ITR.Lig(p.bed.now, ParseEID(args[1]), netip.Addr{}, netip.Addr{}, 0)
	n.drain()
	p.bed.Settle()
	r, done := n.ITR.LigResult(id)
	switch {
	case !done:
		p.bed.say(n.Name, "* lig: no answer yet")
	case !r.Answered:
		p.bed.say(n.Name, "* lig: no answer after %d requests", r.Sent)
	default:
		var texts []string
		for _, m := range r.Records {
			texts = append(texts, mappingText(m))
		}
		p.bed.say(n.Name, "* lig: %s from %s, RTT %v", strings.Join(texts, ", "), p.bed.nameOf(r.From), r.RTT)
	}
	return ""
}

func mappingText(m lispcore.Mapping) string {
	text := EID(m.EID) + " {" + locators(m.Locators) + "}"
	if len(m.Locators) == 0 {
		text += " " + m.Action.String()
	}
	return text
}

// request reads the words of a Map-Request.
func (p *Player) request(words []string) *wire.MapRequest {
	var m wire.MapRequest
	for _, f := range []struct {
		bit  *bool
		word string
	}{{&m.Authoritative, "A"}, {&m.Probe, "P"}, {&m.SMR, "S"}, {&m.PITR, "p"}, {&m.SMRInvoked, "s"}, {&m.DontReply, "D"}} {
		*f.bit, words = takeFlag(words, f.word)
	}
	nonce, words := option(words, "nonce")
	if nonce != "" {
		m.Nonce = p.nonceNamed(nonce)
	}
	source, words := option(words, "source")
	if source != "" {
		m.SourceEID = netip.MustParseAddr(source)
	}
	instance, words := option(words, "source-instance")
	if instance != "" {
		m.SourceInstance = uint32(number(instance))
	}
	itrs, words := option(words, "itr")
	for word := range strings.SplitSeq(itrs, ",") {
		m.ITRRLOCs = append(m.ITRRLOCs, netip.MustParseAddr(word))
	}
	for _, word := range words {
		m.Records = append(m.Records, ParseEID(word))
	}
	return &m
}

func (p *Player) reply(from *Node, words []string) []byte {
	var m wire.MapReply
	m.Probe, words = takeFlag(words, "P")
	authoritative, words := takeFlag(words, "A")
	none, words := takeFlag(words, "none")
	nonce, words := option(words, "nonce")
	m.Nonce = p.nonceNamed(nonce)
	act, words := option(words, "act")
	for _, mapping := range mappings(from, words) {
		if act != "" {
			mapping.Action = lispcore.Action(number(act))
		}
		if none || act != "" {
			mapping.Locators = nil
		}
		m.Records = append(m.Records, wire.Record{Mapping: mapping, Authoritative: authoritative})
	}
	return must(m.Append(nil))
}

// ecm encapsulates a message: from its sender to the EID that it asks for, or to the receiver.
func (p *Player) ecm(from, to *Node, words []string) []byte {
	var m wire.EncapsulatedControl
	m.ToETR, words = takeFlag(words, "E")
	m.ToMS, words = takeFlag(words, "M")
	source, words := option(words, "sport")
	destination, words := option(words, "dport")
	ports := [2]uint16{lispcore.ControlPort, lispcore.ControlPort}
	for i, word := range []string{source, destination} {
		if word != "" {
			ports[i] = uint16(number(word))
		}
	}
	m.TTL = 255
	m.Source = netip.AddrPortFrom(from.Addr, ports[0])
	m.Destination = netip.AddrPortFrom(to.Addr, ports[1])
	m.Payload = p.datagram(from, to, words)
	return must(m.Append(nil))
}

func must(b []byte, err error) []byte {
	mustf(err == nil, "%v", err)
	return b
}

// requestSide writes the messages of Map-Requests and Map-Replies.
func (b *Bed) requestSide(from *Node, t wire.Type, payload []byte) (text string, known bool) {
	switch t {
	case wire.TypeMapRequest:
		var m wire.MapRequest
		if err := m.Parse(payload); err != nil {
			return err.Error(), true
		}
		return "Map-Request " + b.requestText(&m), true
	case wire.TypeMapReply:
		var m wire.MapReply
		if err := m.Parse(payload); err != nil {
			return err.Error(), true
		}
		probe := ""
		if m.Probe {
			probe = " P"
		}
		return fmt.Sprintf("Map-Reply %s%s: %s", b.nonce(m.Nonce), probe, records(from, true, m.Records)), true
	case wire.TypeEncapsulatedControl:
		var m wire.EncapsulatedControl
		if err := m.Parse(payload); err != nil {
			return err.Error(), true
		}
		bits, ports := "", ""
		if m.ToETR {
			bits += " E"
		}
		if m.ToMS {
			bits += " M"
		}
		if m.Source.Port() != lispcore.ControlPort || m.Destination.Port() != lispcore.ControlPort {
			ports = fmt.Sprintf(" (%d to %d)", m.Source.Port(), m.Destination.Port())
		}
		return fmt.Sprintf("ECM%s%s %s", bits, ports, b.payload(from, from, m.Payload)), true
	case wire.TypeMapNotifyAck:
		var m wire.MapNotifyAck
		if err := m.Parse(payload); err != nil {
			return err.Error(), true
		}
		return fmt.Sprintf("Map-Notify-Ack %s %s: %s", b.nonce(m.Nonce), b.signer(payload), records(from, false, m.Records)), true
	}
	return "", false
}

func (b *Bed) requestText(m *wire.MapRequest) string {
	flags := ""
	for _, f := range []struct {
		set  bool
		text string
	}{{m.Authoritative, " A"}, {m.MapData, " M"}, {m.Probe, " P"}, {m.SMR, " S"}, {m.PITR, " p"}, {m.SMRInvoked, " s"}, {m.LocalXTR, " L"}, {m.DontReply, " D"}} {
		if f.set {
			flags += f.text
		}
	}
	var eids, itrs []string
	for _, eid := range m.Records {
		eids = append(eids, EID(eid))
	}
	for _, a := range m.ITRRLOCs {
		itrs = append(itrs, b.nameOf(a))
	}
	source := ""
	if m.SourceEID.IsValid() {
		source = fmt.Sprintf(" for %v", m.SourceEID)
		if m.SourceInstance != 0 {
			source = fmt.Sprintf(" for [%d]%v", m.SourceInstance, m.SourceEID)
		}
	}
	return fmt.Sprintf("%s%s: %s%s, reply to %s", b.nonce(m.Nonce), flags, strings.Join(eids, ", "), source, strings.Join(itrs, " or "))
}

// dataText writes what is inside a datagram to port 4341.
func (b *Bed) dataText(payload []byte) string {
	var h wire.DataHeader
	if err := h.Parse(payload); err != nil {
		return err.Error()
	}
	return "data " + packetText(h.Instance, payload[wire.DataHeaderSize:])
}

// packetText writes an IP packet.
func packetText(instance uint32, b []byte) string {
	p, err := forward.Parse(b)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%v > %v ttl %d", p.Source, p.Destination, p.TTL)
	if instance != 0 {
		text = fmt.Sprintf("[%d] %s", instance, text)
	}
	return text
}

// Requests shows what a Map-Server and a Map-Resolver counted for each address family.
func (n *Node) Requests() string {
	var w strings.Builder
	add := func(name string, counted any) {
		if list := counters(nil, "", reflect.ValueOf(counted)); list != nil {
			fmt.Fprintf(&w, "  %s: %s\n", name, strings.Join(list, ", "))
		}
	}
	if n.MR != nil {
		c := n.MR.Snapshot().Counters
		add("resolver IPv4", c.IPv4)
		add("resolver IPv6", c.IPv6)
	}
	if n.MS != nil {
		c := n.MS.Snapshot().Counters
		add("server IPv4", c.IPv4)
		add("server IPv6", c.IPv6)
	}
	return w.String()
}

// Cache shows the map-caches of an ITR.
func (n *Node) Cache() string {
	var w strings.Builder
	for _, s := range n.ITR.Snapshot().Services {
		for _, en := range s.Entries {
			what := ""
			if en.Static {
				what += " static"
			}
			if len(en.Locators) == 0 {
				what += " " + en.Action.String()
			}
			if !en.Expires.IsZero() {
				what += " expires " + clock(en.Expires.Sub(n.bed.now))
			}
			var states []string
			for _, l := range en.Locators {
				states = append(states, fmt.Sprintf("%v %s %d/%d", l.RLOC, l.State, l.Priority, l.Weight))
			}
			if states != nil {
				what += " {" + strings.Join(states, ", ") + "}"
			}
			fmt.Fprintf(&w, "  %-22s%s\n", EID(lispcore.NewEID(s.Service.Instance, en.Prefix)), what)
		}
		for _, q := range s.Pending {
			fmt.Fprintf(&w, "  %-22s pending, sent %d\n", EID(lispcore.NewEID(s.Service.Instance, q.Prefix)), q.Sent)
		}
	}
	return w.String()
}

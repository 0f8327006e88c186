package enginetest

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"lisplab/lispcore"
	"lisplab/lispcore/wire"
)

// This file makes the messages that a scenario puts into a puppet's mouth. A MESSAGE is one of
//
//	register KEY EID... [ttl=N] [rloc=...] [nonce=n1] [without-M] [without-I] [P] [a] [T] [act=N] [version=N] [mac=ALG/LENGTH]    UDP Map-Register
//	notify KEY nonce=n1 EID...                                                               UDP Map-Notify
//	registration KEY EID... [as register]                                                    TCP, as all below
//	refresh [R] all | instance IID | family EID | covered EID | exact EID
//	ack EID, nack REASON EID, notification EID, error CODE
//	hex 0014000f...                                                                          both
//	request EID... itr=A[,A] [nonce=n1] [source=A] [source-instance=N] [A|P|S|p|s|D]          Map-Request
//	reply nonce=n1 [P] [A] EID [ttl=N] [act=N] [rloc=...|none]                                Map-Reply
//	notify-ack KEY nonce=n1 EID...                                                            Map-Notify-Ack
//	ecm [E|M] [sport=N] [dport=N] MESSAGE                                                     any of these, encapsulated
//
// and "id=N" gives a message another message ID than the next one. A send may have "port=N", another source port than 4342.

// Send sends one UDP payload from port 4342 to port 4342.
func (b *Bed) Send(from, to *Node, payload []byte) {
	b.sendFrom(from, lispcore.ControlPort, to, payload)
}

func (b *Bed) sendFrom(from *Node, port uint16, to *Node, payload []byte) {
	b.datagram(from, lispcore.SendDatagram{
		From: netip.AddrPortFrom(from.Addr, port), To: netip.AddrPortFrom(to.Addr, lispcore.ControlPort), Payload: payload,
	})
}

// Open makes a puppet dial.
func (b *Bed) Open(from, to *Node) {
	b.open(from, lispcore.OpenStream{Stream: from.Sessions.NextStream(), From: from.Addr, To: netip.AddrPortFrom(to.Addr, lispcore.ControlPort)})
}

// Write sends bytes on the connection between two routers.
func (b *Bed) Write(from, to *Node, data []byte) {
	if c, i := b.connOf(from, b.Between(from, to)); c != nil {
		b.write(c, i, data)
	}
}

// Datagram makes the payload of a MESSAGE, as the command send would send it.
func (p *Player) Datagram(from, to *Node, message string) []byte {
	return p.datagram(from, to, strings.Fields(message))
}

// Frames makes the frames of MESSAGES, as the command write would write them.
func (p *Player) Frames(from *Node, messages string) []byte {
	var data []byte
	for words := range strings.SplitSeq(messages, ";") {
		data = append(data, p.frame(from, strings.Fields(words))...)
	}
	return data
}

func (p *Player) send(_ bool, args []string) string {
	from, to := p.node(args, 0), p.node(args, 1)
	port, words := option(args[2:], "port")
	if port == "" {
		port = "4342"
	}
	p.bed.sendFrom(from, uint16(number(port)), to, p.datagram(from, to, words))
	return ""
}

func (p *Player) open(_ bool, args []string) string {
	p.bed.Open(p.node(args, 0), p.node(args, 1))
	return ""
}

func (p *Player) write(_ bool, args []string) string {
	from, to := p.node(args, 0), p.node(args, 1)
	mustf(p.bed.Between(from, to) != 0, "%s and %s have no connection", from.Name, to.Name)
	p.bed.Write(from, to, p.Frames(from, strings.Join(args[2:], " ")))
	return ""
}

// option takes "key=value" out of the words.
func option(words []string, key string) (value string, rest []string) {
	for i, word := range words {
		if v, ok := strings.CutPrefix(word, key+"="); ok {
			return v, slices.Delete(slices.Clone(words), i, i+1)
		}
	}
	return "", words
}

// takeFlag takes a word out of the words.
func takeFlag(words []string, word string) (found bool, rest []string) {
	i := slices.Index(words, word)
	if i < 0 {
		return false, words
	}
	return true, slices.Delete(slices.Clone(words), i, i+1)
}

// nonceNamed is the nonce that the bed has given a name, or a number of the scenario's own.
func (p *Player) nonceNamed(name string) uint64 {
	if rest, ok := strings.CutPrefix(name, "n"); ok {
		i := number(rest)
		mustf(i >= 1 && i <= len(p.bed.nonces), "no nonce %s yet", name)
		return p.bed.nonces[i-1]
	}
	return uint64(number(name))
}

func (p *Player) datagram(from, to *Node, words []string) []byte {
	mustf(len(words) > 1, "what message?")
	switch kind, words := words[0], words[1:]; kind {
	case "hex":
		return unhex(words)
	case "register":
		return p.register(from, words)
	case "request":
		return must(p.request(words).Append(nil))
	case "reply":
		return p.reply(from, words)
	case "ecm":
		return p.ecm(from, to, words)
	case "notify-ack":
		nonce, words := option(words, "nonce")
		ack := wire.MapNotifyAck{HasXTRID: true, XTRID: wire.XTRID{15: byte(from.index() + 1)}, Nonce: p.nonceNamed(nonce), Auth: wire.Auth{Algorithm: wire.AlgSHA1}}
		for _, m := range mappings(from, words[1:]) {
			ack.Records = append(ack.Records, wire.Record{Mapping: m})
		}
		return p.signed(&ack, words[0])
	case "notify":
		nonce, words := option(words, "nonce")
		n := wire.MapNotify{HasXTRID: true, XTRID: to.ETRConfig.XTRID, Nonce: p.nonceNamed(nonce), Auth: wire.Auth{Algorithm: wire.AlgSHA1}}
		for _, m := range mappings(to, words[1:]) {
			for i := range m.Locators {
				m.Locators[i].Local = false
			}
			n.Records = append(n.Records, wire.Record{Mapping: m})
		}
		return p.signed(&n, words[0])
	}
	panic(mistake("no UDP message: " + words[0]))
}

func (p *Player) register(from *Node, words []string) []byte {
	var m wire.MapRegister
	nonce, words := option(words, "nonce")
	if nonce != "" {
		m.Nonce = p.nonceNamed(nonce)
	}
	withoutM, words := takeFlag(words, "without-M")
	withoutI, words := takeFlag(words, "without-I")
	m.ProxyReply, words = takeFlag(words, "P")
	m.Merge, words = takeFlag(words, "a")
	m.TTLTimeout, words = takeFlag(words, "T")
	m.WantNotify, m.HasXTRID = !withoutM, !withoutI
	if m.HasXTRID {
		m.XTRID = wire.XTRID{15: byte(from.index() + 1)}
	}
	m.Auth.Algorithm = wire.AlgSHA1
	mac, words := option(words, "mac")
	if mac != "" {
		algorithm, length, _ := strings.Cut(mac, "/")
		m.Auth = wire.Auth{Algorithm: wire.Algorithm(number(algorithm)), Data: make([]byte, number(length))}
	}
	act, words := option(words, "act")
	version, words := option(words, "version")
	for _, mapping := range mappings(from, words[1:]) {
		if act != "" { // it means something only without locators
			mapping.Action, mapping.Locators = lispcore.Action(number(act)), nil
		}
		if version != "" {
			mapping.MapVersion = uint16(number(version))
		}
		m.Records = append(m.Records, wire.Record{Mapping: mapping, Authoritative: true})
	}
	return p.signed(&m, words[0])
}

func (p *Player) signed(m interface {
	Append([]byte) ([]byte, error)
}, key string) []byte {
	b, err := m.Append(nil)
	mustf(err == nil, "%v", err)
	p.bed.learnKey(key)
	err = p.bed.keys[key].Sign(b)
	mustf(err == nil, "%v", err)
	return b
}

// frame makes one message of a session.
func (p *Player) frame(from *Node, words []string) []byte {
	mustf(len(words) > 0, "what message?")
	if words[0] == "hex" {
		return unhex(words[1:])
	}
	id := from.nextID
	given, words := option(words, "id")
	if given != "" {
		id = uint32(number(given))
	} else {
		from.nextID++
	}
	b, err := wire.AppendFrame(nil, id, p.message(from, words))
	mustf(err == nil, "%v", err)
	return b
}

func (p *Player) message(from *Node, words []string) wire.StreamMessage {
	arg := func(i int) string {
		mustf(i < len(words), "%s: too short", words[0])
		return words[i]
	}
	prefix := func(i int) wire.EIDPrefix { return wire.EIDPrefix{EID: ParseEID(arg(i))} }
	switch words[0] {
	case "registration":
		return &wire.Registration{Register: p.register(from, words[1:])}
	case "ack":
		return &wire.RegistrationACK{Prefix: prefix(1)}
	case "nack":
		return &wire.RegistrationNACK{Reason: wire.Reason(number(arg(1))), Prefix: prefix(2)}
	case "notification":
		m := mappings(from, words[1:])[0]
		return &wire.MappingNotification{Record: wire.Record{Mapping: m}}
	case "error":
		return &wire.ErrorNotification{Code: uint8(number(arg(1))), Type: wire.TypeRegistration, Length: 100, ID: 1}
	case "refresh":
		r := &wire.RegistrationRefresh{}
		r.RejectedOnly, words = takeFlag(words, "R")
		switch arg(1) {
		case "all":
		case "instance":
			r.Scope, r.Prefix.EID.Instance = wire.ScopeInstance, uint32(number(arg(2)))
		case "family":
			r.Scope, r.Prefix = wire.ScopeFamily, prefix(2)
		case "covered":
			r.Scope, r.Prefix = wire.ScopeCovered, prefix(2)
		case "exact":
			r.Scope, r.Prefix = wire.ScopeExact, prefix(2)
		default:
			panic(mistake("refresh of what?"))
		}
		return r
	}
	panic(mistake("no message: " + words[0]))
}

func unhex(words []string) []byte {
	b, err := hex.DecodeString(strings.Join(words, ""))
	mustf(err == nil, "%v", err)
	return b
}

package enginetest

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/wire"
)

// This file turns what passes into text. doc.go tells what is left out.

const usualTTL = 1440

// learnKeys notes the keys of a configuration, so that a message can be shown with the name of the key that signed it.
func (b *Bed) learnKeys(e etr.Config, m mapserver.Config) {
	for _, line := range e.MapServers {
		b.learnKey(line.Key)
	}
	for _, s := range m.Sites {
		b.learnKey(s.Key)
	}
}

func (b *Bed) learnKey(secret string) {
	if b.keys[secret] == nil {
		b.keys[secret] = wire.NewAuthenticator(secret)
	}
}

// signer names the key that verifies a message.
func (b *Bed) signer(message []byte) string {
	names := make([]string, 0, len(b.keys))
	for name := range b.keys {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if b.keys[name].Verify(message) {
			return name
		}
	}
	return "(bad MAC)"
}

// nonce names a nonce: n1, n2, ... as they come; n1+2 for one that is little greater than n1.
func (b *Bed) nonce(nonce uint64) string {
	for i, known := range b.nonces {
		if d := nonce - known; d == 0 {
			return fmt.Sprintf("n%d", i+1)
		} else if d < 1000 {
			return fmt.Sprintf("n%d+%d", i+1, d)
		}
	}
	b.nonces = append(b.nonces, nonce)
	return fmt.Sprintf("n%d", len(b.nonces))
}

// payload writes a UDP message. The ETR of the two gives the usual locator.
func (b *Bed) payload(from, to *Node, payload []byte) string {
	t, err := wire.PeekType(payload)
	switch {
	case err != nil:
		return fmt.Sprintf("%d bytes: %v", len(payload), err)
	case t == wire.TypeMapRegister:
		var m wire.MapRegister
		if err := m.Parse(payload); err != nil {
			return err.Error()
		}
		return "Map-Register " + b.register(from, payload, &m)
	case t == wire.TypeMapNotify:
		var m wire.MapNotify
		if err := m.Parse(payload); err != nil {
			return err.Error()
		}
		flags := ""
		if !m.HasXTRID {
			flags = " without I"
		}
		return fmt.Sprintf("Map-Notify %s %s%s%s: %s", b.nonce(m.Nonce), b.signer(payload), mac(m.Auth), flags, records(to, false, m.Records))
	}
	if text, known := b.requestSide(from, t, payload); known {
		return text
	}
	return fmt.Sprintf("%v, %d bytes", t, len(payload))
}

func (b *Bed) register(from *Node, message []byte, m *wire.MapRegister) string {
	flags := ""
	for _, f := range []struct {
		unusual bool
		text    string
	}{
		{!m.WantNotify, " without M"}, {!m.HasXTRID, " without I"}, {m.ProxyReply, " P"}, {m.Security, " S"}, {m.RTR, " RTR"},
		{m.Reliable, " r"}, {m.EIDNotify, " E"}, {m.TTLTimeout, " T"}, {m.Merge, " a"},
	} {
		if f.unusual {
			flags += f.text
		}
	}
	return fmt.Sprintf("%s %s%s%s: %s", b.nonce(m.Nonce), b.signer(message), mac(m.Auth), flags, records(from, true, m.Records))
}

// mac tells the algorithm and the bytes of a MAC, unless it is the usual SHA-1 of 20 bytes.
func mac(a wire.Auth) string {
	if a.Algorithm == wire.AlgSHA1 && len(a.Data) == 20 {
		return ""
	}
	return fmt.Sprintf(" %v/%d", a.Algorithm, len(a.Data))
}

// records writes mapping records; many of them as the first, the last and their number.
func records(owner *Node, byETR bool, rs []wire.Record) string {
	const most = 8
	text := make([]string, 0, most)
	for _, r := range rs {
		text = append(text, record(owner, byETR, r))
	}
	if len(text) > most {
		return fmt.Sprintf("%s ... %s (%d records)", text[0], text[len(text)-1], len(text))
	}
	return strings.Join(text, ", ")
}

func record(owner *Node, byETR bool, r wire.Record) string {
	text := EID(r.EID)
	if r.TTL != usualTTL {
		text += fmt.Sprintf(" ttl %d", r.TTL)
	}
	if r.Authoritative != byETR {
		text += fmt.Sprintf(" A=%t", r.Authoritative)
	}
	usual := lispcore.Locator{RLOC: owner.Addr, Priority: 1, Weight: 100, MPriority: 1, MWeight: 100, Local: byETR, Reachable: true}
	if !slices.Equal(r.Locators, []lispcore.Locator{usual}) {
		text += " {" + locators(r.Locators) + "}"
	}
	if r.Action != lispcore.NoAction {
		text += " " + r.Action.String()
	}
	if r.MapVersion != 0 {
		text += fmt.Sprintf(" version %d", r.MapVersion)
	}
	return text
}

// locators writes each as "10.0.0.1 1/100 LR"; many of them as the first, the last and their number.
func locators(ls []lispcore.Locator) string {
	const most = 4
	text := make([]string, 0, len(ls))
	for _, l := range ls {
		bits := ""
		if l.Local {
			bits += "L"
		}
		if l.Probed {
			bits += "p"
		}
		if l.Reachable {
			bits += "R"
		}
		text = append(text, strings.TrimRight(fmt.Sprintf("%v %d/%d %s", l.RLOC, l.Priority, l.Weight, bits), " "))
	}
	if len(text) > most {
		return fmt.Sprintf("%s ... %s (%d locators)", text[0], text[len(text)-1], len(text))
	}
	return strings.Join(text, ", ")
}

// EID writes an EID as scenarios do: "10.1.0.0/24", "[100]10.1.0.0/24".
func EID(e lispcore.EID) string {
	text := "any"
	if e.Prefix.IsValid() {
		text = e.Prefix.String()
	}
	if e.Instance != 0 || !e.Prefix.IsValid() {
		return fmt.Sprintf("[%d]%s", e.Instance, text)
	}
	return text
}

// sayFrames writes the messages of one write, each on its line.
func (b *Bed) sayFrames(from, to *Node, data []byte) {
	who := from.Name + " => " + to.Name
	for len(data) > 0 {
		f, n, err := wire.ParseFrame(data)
		if n == 0 {
			text := "the start of a frame"
			if err != nil {
				text = err.Error()
			}
			b.say(who, "%d bytes: %s", len(data), text)
			return
		}
		b.say(who, "%d %s", f.ID, b.frame(from, to, f))
		who, data = "", data[n:]
	}
}

// frame writes one message of a session.
func (b *Bed) frame(from, to *Node, f wire.Frame) string {
	m, err := wire.ParseStream(f)
	if err != nil {
		return fmt.Sprintf("%v, %d bytes", f.Type, len(f.Data)+wire.FrameOverhead)
	}
	name := m.StreamType().String()
	switch m := m.(type) {
	case *wire.Registration:
		var r wire.MapRegister
		if err := r.Parse(m.Register); err != nil {
			return name + ": " + err.Error()
		}
		return name + " " + b.register(from, m.Register, &r)
	case *wire.RegistrationACK:
		return name + ": " + prefix(m.Prefix)
	case *wire.RegistrationNACK:
		return fmt.Sprintf("%s: %s: %v", name, prefix(m.Prefix), m.Reason)
	case *wire.RegistrationRefresh:
		r, what := "", ""
		if m.RejectedOnly {
			r = " R"
		}
		if m.Scope != wire.ScopeAll {
			what = " " + prefix(m.Prefix)
		}
		return fmt.Sprintf("%s%s: %v%s", name, r, m.Scope, what)
	case *wire.MappingNotification:
		text := name + ": " + record(to, false, m.Record)
		if sender := to.ETRConfig; to.ETR != nil && (m.XTRID != sender.XTRID || m.SiteID != sender.SiteID) {
			text += fmt.Sprintf(" of xTR %x", m.XTRID[len(m.XTRID)-1:])
		}
		return text
	case *wire.ErrorNotification:
		return fmt.Sprintf("%s %d: %v, ID %d, %d bytes", name, m.Code, m.Type, m.ID, m.Length)
	}
	return name
}

// prefix writes the EID prefix of a message; Cisco's form is the LCAF, the plain one is marked.
func prefix(p wire.EIDPrefix) string {
	if p.Plain {
		return EID(p.EID) + " (plain)"
	}
	return EID(p.EID)
}

// event writes a Notice.
func (b *Bed) event(e lispcore.Event) string {
	text := e.Kind.String()
	if e.Peer.IsValid() {
		text += ": " + b.nameOf(e.Peer)
	}
	if e.EID.Prefix.IsValid() {
		text += " " + EID(e.EID)
	}
	if e.Site != "" {
		text += " in site " + e.Site
	}
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	if e.Kind == lispcore.Replayed {
		text += fmt.Sprintf(" (nonce 0x%08X-0x%08X)", e.Nonce>>32, uint32(e.Nonce))
	}
	return text
}

func (b *Bed) nameOf(a netip.Addr) string {
	if n := b.nodeAt(a); n != nil {
		return n.Name
	}
	return a.String()
}

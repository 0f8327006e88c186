package mapserver_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"lisplab/lispcore"
	"lisplab/lispcore/mapresolver"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// The tests of this file put our Map-Server and Map-Resolver in the place of those of Open Overlay Router 1.3.0, a C
// implementation: they get what its ETRs and ITRs sent, and what they answer is held against what its Map-Server answered.
// Where the two differ, the tables say how and why.

// oorSites allow what the operators of the captures' Map-Servers allowed.
func oorSites(sites ...mapserver.SiteConfig) mapserver.Config {
	return mapserver.Config{IPv4: true, IPv6: true, Sites: sites}
}

// oorSite is one of them; a prefix with * accepts more specifics.
func oorSite(name, key string, eids ...string) mapserver.SiteConfig {
	s := mapserver.SiteConfig{Name: name, Key: key}
	for _, text := range eids {
		text, more := strings.CutSuffix(text, "*")
		var instance uint32
		if rest, ok := strings.CutPrefix(text, "[50]"); ok {
			instance, text = 50, rest
		}
		s.EIDs = append(s.EIDs, mapserver.SiteEID{EID: lispcore.NewEID(instance, netip.MustParsePrefix(text)), AcceptMoreSpecifics: more})
	}
	return s
}

// exchange is one message to the Map-Server, and the answers to it.
type exchange struct {
	in           captured
	ours, theirs []captured
}

// replace plays the datagrams that go to the Map-Server at server to ours, in the order of their times. Answers belong to
// the request with their nonce. Those of the capture are the ones that come from server. Registers signed with one of the
// proxied keys ask for proxy replies.
func replace(server netip.Addr, cfg mapserver.Config, frames []captured, proxied ...string) []exchange {
	slices.SortStableFunc(frames, func(a, b captured) int { return a.at.Compare(b.at) })
	ms, mr := mapserver.New(session.NewTable()), mapresolver.New()
	ms.Configure(frames[0].at, cfg)
	mr.Configure(frames[0].at, mapresolver.Config{IPv4: true, IPv6: true, Server: ms})
	var list []exchange
	for _, f := range frames {
		if f.from.Addr() == server {
			for i := range slices.Backward(list) {
				if x := &list[i]; nonceOf(x.in.payload) == nonceOf(f.payload) {
					if !slices.ContainsFunc(x.theirs, func(o captured) bool { return bytes.Equal(o.payload, f.payload) }) { // captured twice
						x.theirs = append(x.theirs, f)
					}
					break
				}
			}
		}
		if f.to.Addr() != server || f.to.Port() != lispcore.ControlPort {
			continue
		}
		in := lispcore.Datagram{From: f.from, To: f.to, TTL: f.ttl, TOS: f.tos, Payload: f.payload}
		x := exchange{in: f}
		var engine lispcore.Engine = mr
		if t, _ := wire.PeekType(f.payload); t == wire.TypeMapRegister {
			engine = ms
		}
		ms.Handle(f.at, lispcore.Tick{})
		for _, key := range proxied {
			in.Payload = askForProxy(in.Payload, key)
		}
		engine.Handle(f.at, in)
		for _, out := range append(mr.Drain(), ms.Drain()...) {
			if d, ok := out.(lispcore.SendDatagram); ok {
				x.ours = append(x.ours, captured{from: d.From, to: d.To, payload: d.Payload})
			}
		}
		list = append(list, x)
	}
	return list
}

// askForProxy sets the P bit of a Map-Register that the key signs. Whether a Map-Server replies for an ETR is the Map-Server's
// setting at OOR, and the ETR's wish at ours.
func askForProxy(message []byte, key string) []byte {
	auth := wire.NewAuthenticator(key)
	if !auth.Verify(message) {
		return message
	}
	message = slices.Clone(message)
	message[0] |= 0x08
	if err := auth.Sign(message); err != nil {
		panic(err) // it was signed before
	}
	return message
}

// nonceOf is the nonce of a message, the inner one of an encapsulated message.
func nonceOf(message []byte) uint64 {
	var ecm wire.EncapsulatedControl
	if ecm.Parse(message) == nil {
		return nonceOf(ecm.Payload)
	}
	var n uint64
	for _, b := range message[4:12] {
		n = n<<8 | uint64(b)
	}
	return n
}

// fields takes a message apart, for comparison: name and value by turns.
func fields(d captured, keys ...string) []string {
	t, _ := wire.PeekType(d.payload)
	list := []string{"message", t.String(), "from", d.from.String(), "to", d.to.String()}
	add := func(name string, value any) { list = append(list, name, fmt.Sprint(value)) }
	switch t {
	case wire.TypeMapNotify:
		var m wire.MapNotify
		if err := m.Parse(d.payload); err != nil {
			return append(list, "error", err.Error())
		}
		add("I", m.HasXTRID)
		add("xTR-ID", m.XTRID)
		add("site-ID", m.SiteID)
		add("key ID", m.Auth.KeyID)
		add("algorithm", m.Auth.Algorithm)
		add("MAC length", len(m.Auth.Data))
		add("MAC right", slices.ContainsFunc(keys, func(k string) bool { return wire.NewAuthenticator(k).Verify(d.payload) }))
		list = append(list, recordFields(m.Records)...)
	case wire.TypeMapReply:
		var m wire.MapReply
		if err := m.Parse(d.payload); err != nil {
			return append(list, "error", err.Error())
		}
		add("P", m.Probe)
		add("E", m.EchoNonce)
		list = append(list, recordFields(m.Records)...)
	case wire.TypeEncapsulatedControl:
		var m wire.EncapsulatedControl
		if err := m.Parse(d.payload); err != nil {
			return append(list, "error", err.Error())
		}
		add("E", m.ToETR)
		add("inner", fmt.Sprint(m.Source, m.Destination, m.TTL, m.TOS, m.ID, m.DF))
		add("request", fmt.Sprintf("%x", m.Payload))
	}
	return list
}

func recordFields(records []wire.Record) []string {
	list := []string{"records", fmt.Sprint(len(records))}
	for _, r := range records {
		bits := ""
		for _, l := range r.Locators {
			if l.Local {
				bits += "L"
			}
		}
		list = append(list, "EID", r.EID.String(), "TTL", fmt.Sprint(r.TTL), "A", fmt.Sprint(r.Authoritative), "action", r.Action.String(),
			"version", fmt.Sprint(r.MapVersion), "local locators", bits)
		for _, l := range r.Locators {
			l.Local = false
			list = append(list, "locator", fmt.Sprint(l))
		}
	}
	return list
}

// differences says how our answers differ from theirs: "ours, not theirs" for each field.
func (x exchange) differences(keys ...string) string {
	switch {
	case len(x.ours) == 0 && len(x.theirs) == 0:
		return "both are silent"
	case len(x.ours) == 0:
		return "silence, not " + summary(x.theirs[0])
	case len(x.theirs) == 0:
		return summary(x.ours[0]) + ", not silence"
	}
	a, b := fields(x.ours[0], keys...), fields(x.theirs[0], keys...)
	if a[1] != b[1] {
		return summary(x.ours[0]) + ", not " + summary(x.theirs[0])
	}
	var list []string
	for i := 0; i < len(a) && i < len(b); i += 2 {
		if a[i] != b[i] {
			break
		}
		if a[i+1] != b[i+1] {
			list = append(list, fmt.Sprintf("%s %s, not %s", a[i], a[i+1], b[i+1]))
		}
	}
	if len(x.theirs) > 1 {
		list = append(list, "no "+summary(x.theirs[1]))
	}
	if list == nil {
		return "the same"
	}
	return strings.Join(list, "; ")
}

func summary(d captured) string {
	t, _ := wire.PeekType(d.payload)
	if d.to.Port() == lispcore.ControlPort {
		return fmt.Sprintf("%v to %v", t, d.to.Addr())
	}
	return fmt.Sprintf("%v to %v", t, d.to)
}

// asked says what a message to the Map-Server is.
func (x exchange) asked() string {
	var m wire.MapRegister
	if err := m.Parse(x.in.payload); err == nil {
		eids := make([]string, 0, len(m.Records))
		for _, r := range m.Records {
			eids = append(eids, r.EID.String())
		}
		return "register " + strings.Join(eids, ", ")
	}
	payload := x.in.payload
	var ecm wire.EncapsulatedControl
	if ecm.Parse(payload) == nil {
		payload = ecm.Payload
	}
	var q wire.MapRequest
	if err := q.Parse(payload); err == nil {
		return "request " + q.Records[0].String()
	}
	return "something else"
}

// compare holds the differences of exchanges against a table: frame number, what was asked, how we differ.
func compare(t *testing.T, list []exchange, keys []string, want []difference) {
	t.Helper()
	for i, x := range list {
		got := difference{x.in.number, x.asked(), x.differences(keys...)}
		if i >= len(want) || got != want[i] {
			t.Errorf("exchange %d is\n{%d, %q, %q},", i, got.frame, got.asked, got.how)
		}
	}
	if len(want) > len(list) {
		t.Errorf("%d exchanges, want %d", len(list), len(want))
	}
}

// difference is one line of a table.
type difference struct {
	frame      int
	asked, how string
}

var oorTwoSites = oorSites(oorSite("one", "secret1", "10.1.0.0/24", "2001:db8:1::/64"), oorSite("two", "secret2", "10.2.0.0/24"))

// What the lines of the tables say most often.
const (
	same   = "the same"
	silent = "both are silent"
	noA    = "A false, not true"
)

// TestOORSites: OOR's two xTRs register and ask, seen from both sides of OOR's Map-Server.
func TestOORSites(t *testing.T) {
	frames := append(captures(t, "oor-register-v4v6.pcap"), captures(t, "oor-silent-reject-negreply.pcap")...)
	list := replace(netip.MustParseAddr("10.99.0.1"), oorTwoSites, frames, "secret2")
	compare(t, list, []string{"secret1", "secret2"}, []difference{
		// Whoever registers may have the A bit; in a Map-Notify we clear it, as Cisco routers do.
		{1, "register IID 0 10.1.0.0/24", noA},
		{2, "register IID 0 2001:db8:1::/64", noA},
		{1, "register IID 0 10.2.0.0/24", noA},
		// No site: no word, and the ETR tries again for ever.
		{2, "register IID 0 2001:db8:2::/64", silent},
		{4, "register IID 0 2001:db8:2::/64", silent},
		{5, "register IID 0 2001:db8:2::/64", silent},
		// A proxy Map-Reply.
		{5, "request IID 0 10.2.0.10/32", same},
		{6, "register IID 0 2001:db8:2::/64", silent},
		// Forwarded to the ETR: we say that it is for an ETR, else the message is unaltered.
		{7, "request IID 0 10.1.0.10/32", "E true, not false"},
		{8, "register IID 0 2001:db8:2::/64", silent},
		// OOR's prefix does not cover the EID, so that its ITR asks for every packet. Negative Map-Replies are no ETR's word: A is 0.
		{8, "request IID 0 2001:db8:2::10/128", "EID IID 0 2001:db8:2::/47, not IID 0 2001:db8:102::/47; A false, not true"},
		{10, "request IID 0 2001:db8:2::10/128", "EID IID 0 2001:db8:2::/47, not IID 0 2001:db8:102::/47; A false, not true"},
		{11, "register IID 0 2001:db8:2::/64", silent},
		{12, "request IID 0 2001:db8:2::10/128", "EID IID 0 2001:db8:2::/47, not IID 0 2001:db8:102::/47; A false, not true"},
		{14, "request IID 0 2001:db8:2::10/128", "EID IID 0 2001:db8:2::/47, not IID 0 2001:db8:102::/47; A false, not true"},
		{16, "request IID 0 2001:db8:2::10/128", "EID IID 0 2001:db8:2::/47, not IID 0 2001:db8:102::/47; A false, not true"},
		{15, "register IID 0 2001:db8:2::/64", silent},
		{16, "register IID 0 2001:db8:2::/64", silent},
		{17, "register IID 0 2001:db8:2::/64", silent},
		{18, "register IID 0 10.1.0.0/24", noA},
		{19, "register IID 0 2001:db8:1::/64", noA},
		{22, "register IID 0 10.1.0.0/24", noA},
		{23, "register IID 0 2001:db8:1::/64", noA},
	})
}

// TestOORAcceptsOurMapNotifies holds what OOR's ETR wants of a Map-Notify: its nonce, HMAC-SHA-1 with 20 bytes, a MAC that is
// right, I as in the register, and exactly the EID prefix that it registered.
func TestOORAcceptsOurMapNotifies(t *testing.T) {
	frames := append(captures(t, "oor-register-v4v6.pcap"), captures(t, "oor-silent-reject-negreply.pcap")...)
	answered := 0
	for _, x := range replace(netip.MustParseAddr("10.99.0.1"), oorTwoSites, frames) {
		var register wire.MapRegister
		if register.Parse(x.in.payload) != nil || len(x.ours) == 0 {
			continue
		}
		answered++
		key := map[netip.Addr]string{netip.MustParseAddr("10.99.0.2"): "secret1", netip.MustParseAddr("10.99.0.3"): "secret2"}[x.in.from.Addr()]
		if !wire.NewAuthenticator(key).Verify(x.in.payload) {
			t.Errorf("frame %d: the register does not verify", x.in.number)
		}
		var notify wire.MapNotify
		if err := notify.Parse(x.ours[0].payload); err != nil {
			t.Errorf("frame %d: %v", x.in.number, err)
			continue
		}
		switch {
		case notify.Nonce != register.Nonce, notify.HasXTRID != register.HasXTRID, notify.Auth.Algorithm != wire.AlgSHA1, len(notify.Auth.Data) != 20,
			!wire.NewAuthenticator(key).Verify(x.ours[0].payload), len(notify.Records) != 1, notify.Records[0].EID != register.Records[0].EID,
			x.ours[0].to != x.in.from:
			t.Errorf("frame %d: %+v answers %+v", x.in.number, notify, register)
		}
	}
	if answered != 7 {
		t.Errorf("%d registers were answered, want 7", answered)
	}
}

// TestOORProbes: a client that tries out what OOR's Map-Server puts up with.
func TestOORProbes(t *testing.T) {
	cfg := oorSites(oorSite("a", "secret", "10.0.0.0/8*", "172.16.0.0/16"), oorSite("b", "otherkey", "10.2.0.0/16"), oorSite("c", "secret50", "[50]10.50.0.0/16"))
	list := replace(netip.MustParseAddr("10.98.0.1"), cfg, captures(t, "oor-ms-probes.pcap"), "secret", "secret50")
	compare(t, list, []string{"secret", "otherkey", "secret50"}, []difference{
		{1, "register IID 0 10.1.1.0/24, IID 0 10.1.2.0/24", noA + "; " + noA},
		{3, "register IID 0 10.1.1.0/24", noA},
		{5, "register IID 0 10.1.1.0/24", silent},
		{6, "register IID 0 10.1.1.0/24", silent},
		// SHA-256 with 16 bytes and with 32, SHA-1 with 12: all are authentic.
		{7, "register IID 0 10.1.1.0/24", "Map-Notify to 10.98.0.254, not silence"},
		{8, "register IID 0 10.1.1.0/24", "Map-Notify to 10.98.0.254, not silence"},
		{9, "register IID 0 10.1.1.0/24", "Map-Notify to 10.98.0.254, not silence"},
		// The key ID of the register comes back.
		{10, "register IID 0 10.1.1.0/24", "key ID 5, not 0; A false, not true"},
		{12, "register IID 0 10.1.1.0/24", noA},
		// I without a trailer, which ends OOR's process: malformed.
		{14, "something else", silent},
		{15, "register IID 0 10.1.1.0/24, IID 0 10.1.2.0/24", noA + "; " + noA},
		{17, "register IID 0 10.1.1.0/24", noA},
		{19, "register IID 0 10.1.1.0/24", noA},
		{21, "register IID 0 10.1.1.0/24, IID 0 10.1.2.0/24", noA + "; " + noA},
		{23, "register IID 0 10.1.1.0/24, IID 0 10.2.2.0/24", noA + "; " + noA},
		{25, "register IID 0 10.1.1.0/24, IID 0 192.0.2.0/24", noA},
		{27, "register IID 0 172.16.9.0/24", silent},
		{28, "register IID 0 172.16.0.0/16", noA},
		{30, "register IID 0 192.0.2.0/24", silent},
		{31, "register IID 0 10.1.3.0/24", same},
		{33, "register IID 0 10.1.4.0/24", noA},
		{35, "register IID 0 10.1.5.0/24", noA},
		// TTL 0 withdraws: what is asked for afterwards is not registered any more. At OOR it is, without locators.
		{37, "register IID 0 10.1.1.0/24", noA},
		{39, "request IID 0 10.1.1.9/32", "EID IID 0 10.1.0.0/23, not IID 0 10.1.1.0/24; TTL 1, not 1440; action natively-forward, not no-action"},
		{41, "register IID 50 10.50.0.0/16", noA},
		{43, "request IID 50 10.50.1.1/32", same},
		// An instance that nobody configures: to be forwarded natively.
		{45, "request IID 51 10.50.1.1/32", "A false, not true; action natively-forward, not no-action"},
		// Instance 0 in an LCAF is instance 0.
		{47, "register IID 0 10.1.6.0/24", "Map-Notify to 10.98.0.254, not silence"},
		// A Map-Notify goes to port 4342 (RFC 9301 section 5.7), wherever the register came from.
		{48, "register IID 0 10.1.1.0/24", "to 10.98.0.254:4342, not 10.98.0.254:50000; A false, not true"},
		{50, "request IID 0 10.1.2.9/32", same},
		{52, "request IID 0 10.1.2.9/32", silent},
		{53, "request IID 0 192.0.2.9/32", noA},
		// Configured, but not registered: as wide as that is true.
		{55, "request IID 0 10.77.0.1/32", "EID IID 0 10.64.0.0/10, not IID 0 10.77.0.1/32; A false, not true"},
		{57, "request IID 0 11.0.0.1/32", noA},
		// Two ITR-RLOCs: we take the first, OOR the last.
		{59, "request IID 0 10.1.2.9/32", "to 10.98.0.254:4342, not 10.98.0.253:4342"},
		{61, "request IID 0 10.1.2.9/32", same},
		// The D bit asks a DDT node for a Map-Referral as well; we are none.
		{63, "request IID 0 10.1.2.9/32", "Map-Reply to 10.98.0.254, not Map-Referral to 10.98.0.254"},
		{66, "register IID 0 10.1.1.0/24", noA},
		{68, "register IID 0 10.1.1.0/24", noA},
		{70, "register IID 0 10.1.1.0/24", noA},
	})
}

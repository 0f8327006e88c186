package itr_test

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/wire"
)

// header reads the LISP header of a datagram.
func header(t testing.TB, d lispcore.SendDatagram) (h wire.DataHeader) {
	t.Helper()
	if err := h.Parse(d.Payload); err != nil {
		t.Fatal(err)
	}
	return h
}

// "The source port ... hash of the inner header", "destination port 4341", "outer TTL ... copied from the inner", "DSCP and ECN
// copied", DF set.
func TestRFC9300_5_3_OuterHeader(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	p := packet("10.1.0.5", "10.2.0.7", 100, false)
	p[1] = 0xb9 // DSCP EF, ECT(1)
	p[10], p[11] = 0, 0
	binary.BigEndian.PutUint16(p[10:], checksum(p[:20]))
	v := w.e.Forward(w.now, 0, p)
	if len(v.Datagrams) != 1 {
		t.Fatalf("%v: %d datagrams", verdict(v), len(v.Datagrams))
	}
	d := v.Datagrams[0]
	is(t, "from", d.From.Addr(), addr(self))
	is(t, "source port", d.From.Port()&0xf000, 0xf000)
	is(t, "to", d.To, netip.AddrPortFrom(addr("10.0.0.2"), 4341))
	is(t, "TTL", d.TTL, 63)
	is(t, "TOS", d.TOS, 0xb9)
	is(t, "DF", d.DF, true)
	is(t, "inner packet", string(d.Payload[8:]), string(p))
	again := w.e.Forward(w.now, 0, p).Datagrams[0]
	is(t, "a flow's port stays", again.From.Port(), d.From.Port())
	if again.ID == d.ID || again.ID == 0 {
		t.Errorf("identifications %d and %d", d.ID, again.ID)
	}
	w.reconfigure(func(c *itr.Config) { c.PropagateTTL = false })
	is(t, "TTL without propagation", w.e.Forward(w.now, 0, p).Datagrams[0].TTL, 255)
}

// "Instance ID: ... 24 bits, and the LSBs become 8"; instance 0 goes without. Bit i of the LSBs stands for locator i of the
// source's mapping.
func TestRFC9300_5_3_InstanceIDAndLocatorStatusBits(t *testing.T) {
	three := []lispcore.Locator{
		{RLOC: addr("10.0.0.9"), Priority: 1, Reachable: true}, {RLOC: addr("10.0.0.5"), Priority: 1}, {RLOC: addr(self), Priority: 1, Local: true, Reachable: true},
	}
	w := newWorld(t, func(c *itr.Config) {
		c.Instances[0].Database[0].Locators = three
		seven := lispcore.EID{Instance: 7, Prefix: prefix("10.1.0.0/16")}
		c.Instances = append(c.Instances, itr.Instance{Instance: 7, Database: []lispcore.Mapping{{EID: seven, Locators: three}}})
	})
	for _, instance := range []uint32{0, 7} {
		w.e.Forward(w.now, instance, packet("10.1.0.5", "10.2.0.7", 100, false))
		s := w.one()
		is(t, "asked in", s.Records[0].Instance, instance)
		is(t, "source in", s.SourceInstance, instance)
		r := mapping("10.2.0.0/16 10.0.0.2/1/100")
		r.EID.Instance = instance
		w.reply("10.0.0.2", s.Nonce, false, r)
		v := w.e.Forward(w.now, instance, packet("10.1.0.5", "10.2.0.7", 100, false))
		is(t, "header", header(t, v.Datagrams[0]), wire.DataHeader{HasLSB: true, LSB: 0b101, HasInstance: instance != 0, Instance: instance})
	}
}

// "An ITR ... for packets from its site": not for others, not to its own EIDs, not for addresses that have no mapping.
func TestRFC9300_5_OnlyPacketsFromTheSiteToElsewhereAreForLISP(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ from, to, want string }{
		{"10.1.0.5", "10.2.0.7", "drop: map-cache miss, Map-Request sent"},
		{"10.0.0.1", "10.2.0.7", "forward natively: source is not a local EID"},
		{"10.1.0.5", "10.1.9.9", "forward natively: destination is a local EID"},
		{"10.1.0.5", "224.0.0.5", "forward natively: address is not unicast"},
		{"10.1.0.5", "255.255.255.255", "forward natively: address is not unicast"},
		{"2001:db8:1::5", "fe80::1", "forward natively: address is not unicast"},
		{"2001:db8:1::5", "2001:db8:2::1", "drop: map-cache miss, Map-Request sent"},
	} {
		is(t, c.from+" > "+c.to, verdict(w.forward(c.from, c.to)), c.want)
	}
	is(t, "instance 7", verdict(w.e.Forward(w.now, 7, packet("10.1.0.5", "10.2.0.7", 100, false))), "forward natively: ITR not enabled")
	is(t, "rubbish", verdict(w.e.Forward(w.now, 0, []byte{0x45, 0, 0})), "drop: invalid IP header")
}

// A site inside the own EID prefix is reached by a longer static entry, and by what is learned under it; the rest of the own
// prefix stays local.
func TestRFC9300_5_SiteInsideTheOwnPrefix(t *testing.T) {
	w := newWorld(t, func(c *itr.Config) {
		c.Instances[0].Static = []itr.Static{{Prefix: prefix("10.1.9.0/24"), Action: lispcore.SendMapRequest}}
	})
	is(t, "asked for", w.goes("10.1.9.9"), "drop: map-cache miss, Map-Request sent")
	is(t, "the rest", w.goes("10.1.8.9"), "forward natively: destination is a local EID")
	w.learn("10.1.9.9", mapping("10.1.9.0/25 10.0.0.2/1/100"))
	is(t, "known", w.goes("10.1.9.9"), "to 10.0.0.2")
}

// "S = L - H": what is larger, and may be fragmented, goes as two equal pieces, each encapsulated; the rest is told the
// size that fits.
func TestRFC9300_7_1_StatelessMTU(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.learn("10.3.0.7", mapping("10.3.0.0/16 fd00::3/1/100"))
	w.learn("2001:db8:2::7", mapping("2001:db8:2::/48 10.0.0.2/1/100"))
	for _, c := range []struct {
		from, to string
		size     int
		df       bool
		want     string
		pieces   int
		mtu      int
	}{
		{"10.1.0.5", "10.2.0.7", 1464, true, "to 10.0.0.2", 1, 0},
		{"10.1.0.5", "10.2.0.7", 1465, false, "to 10.0.0.2", 2, 0},
		{"10.1.0.5", "10.2.0.7", 1465, true, "too big: packet too big for the tunnel", 0, 1464},
		{"10.1.0.5", "10.3.0.7", 1444, true, "to fd00::3", 1, 0},
		{"10.1.0.5", "10.3.0.7", 1445, true, "too big: packet too big for the tunnel", 0, 1444},
		{"2001:db8:1::5", "2001:db8:2::7", 1464, false, "to 10.0.0.2", 1, 0},
		{"2001:db8:1::5", "2001:db8:2::7", 1465, false, "too big: packet too big for the tunnel", 0, 1464},
		{"10.1.0.5", "10.2.0.7", 9000, false, "to 10.0.0.2", 7, 0},
	} {
		p := packet(c.from, c.to, c.size, c.df)
		whole := string(p)
		v := w.e.Forward(w.now, 0, p)
		is(t, "verdict", verdict(v), c.want)
		is(t, "MTU", v.MTU, c.mtu)
		is(t, "pieces", len(v.Datagrams), c.pieces)
		is(t, "the packet itself", string(p), whole)
		sum := 0
		for _, d := range v.Datagrams {
			inner, err := forward.Parse(d.Payload[wire.DataHeaderSize:])
			if err != nil {
				t.Fatal(err)
			}
			if inner.Length > 1464 {
				t.Errorf("a piece of %d bytes", inner.Length)
			}
			sum += inner.Length - inner.HeaderLen
		}
		if c.pieces > 0 && addr(c.from).Is4() {
			is(t, "payload", sum, c.size-20)
		}
	}
	is(t, "fragmented", w.stats().Fragmented, 2)
}

// outer is what an ICMP error quotes of a datagram: the IP header and 8 bytes.
func outer(d lispcore.SendDatagram) []byte {
	p := packet(d.From.Addr().String(), d.To.Addr().String(), 28, true)
	binary.BigEndian.PutUint16(p[4:], d.ID)
	binary.BigEndian.PutUint16(p[20:], d.From.Port())
	binary.BigEndian.PutUint16(p[22:], d.To.Port())
	return p
}

// "The ITR will keep the effective MTU of each locator", as ICMP errors about its own packets tell, for ten minutes.
func TestRFC9300_7_2_StatefulMTU(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	big := packet("10.1.0.5", "10.2.0.7", 1464, true)
	d := w.e.Forward(w.now, 0, big).Datagrams[0]
	forged := d
	forged.ID++
	if _, _, ok := w.e.ICMPError(w.now, outer(forged), 600, false); ok {
		t.Error("an error about a packet that was not sent was believed")
	}
	instance, inner, ok := w.e.ICMPError(w.now, outer(d), 1400, false)
	is(t, "ok", ok, true)
	is(t, "instance", instance, 0)
	is(t, "inner packet", string(inner), string(big[:len(inner)]))
	v := w.e.Forward(w.now, 0, big)
	is(t, "then", verdict(v), "too big: packet too big for the tunnel")
	is(t, "MTU", v.MTU, 1364)
	d = w.e.Forward(w.now, 0, packet("10.1.0.5", "10.2.0.7", 1364, true)).Datagrams[0]
	if _, _, ok := w.e.ICMPError(w.now, outer(d), 20, false); !ok {
		t.Error("not believed")
	}
	is(t, "there is a least MTU", w.e.Forward(w.now, 0, big).MTU, 576-36)
	w.advance(10 * time.Minute)
	is(t, "in ten minutes", verdict(w.e.Forward(w.now, 0, big)), "to 10.0.0.2")
}

// An error that says "TTL exceeded" finds the inner packet too (traceroute through a tunnel), for a while.
func TestRFC9300_9_ICMPErrorsAboutOuterPacketsFindTheInnerOne(t *testing.T) {
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.learn("10.3.0.7", mapping("10.3.0.0/16 fd00::3/1/100"))
	d := w.e.Forward(w.now, 0, packet("10.1.0.5", "10.2.0.7", 60, false)).Datagrams[0]
	d6 := w.e.Forward(w.now, 0, packet("10.1.0.6", "10.3.0.7", 60, false)).Datagrams[0]
	quoted := outer(d)
	for range 254 {
		w.forward("10.1.0.7", "10.2.0.7")
	}
	_, inner, ok := w.e.ICMPError(w.now, quoted, 0, true)
	is(t, "256 packets back", ok && string(inner) == string(packet("10.1.0.5", "10.2.0.7", 60, false)), true)
	v6 := packet(d6.From.Addr().String(), d6.To.Addr().String(), 48, false)
	binary.BigEndian.PutUint16(v6[40:], d6.From.Port())
	binary.BigEndian.PutUint16(v6[42:], 4341)
	_, inner, ok = w.e.ICMPError(w.now, v6, 0, true)
	is(t, "by port, where the outer packet is IPv6", ok && string(inner) == string(packet("10.1.0.6", "10.3.0.7", 60, false)), true)
	w.forward("10.1.0.7", "10.2.0.7")
	_, _, ok = w.e.ICMPError(w.now, quoted, 0, true)
	is(t, "257 packets back", ok, false)
	w.advance(31 * time.Second)
	_, _, ok = w.e.ICMPError(w.now, v6, 0, true)
	is(t, "half a minute later", ok, false)
}

// "Locator-Status-Bits ... indicate which locators of the source's site are up": believed when the operator says so, and
// when they come from a locator of that mapping.
func TestRFC9300_10_LocatorStatusBits(t *testing.T) {
	inner := packet("10.2.0.7", "10.1.0.5", 40, false)
	w := newWorld(t)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/2/100"))
	w.learn("10.3.0.7", mapping("10.3.0.0/16 10.0.0.66/1/100"))
	w.data("10.0.0.3", wire.DataHeader{HasLSB: true, LSB: 0b10}, inner)
	is(t, "not enabled", w.goes("10.2.0.7"), "to 10.0.0.2")
	w.reconfigure(func(c *itr.Config) { c.LSBReports = true })
	w.data("10.0.0.66", wire.DataHeader{HasLSB: true, LSB: 0b10}, inner)
	is(t, "from another site", w.goes("10.2.0.7"), "to 10.0.0.2")
	w.data("10.0.0.3", wire.DataHeader{LSB: 0b10}, inner)
	is(t, "without L", w.goes("10.2.0.7"), "to 10.0.0.2")
	w.data("10.0.0.3", wire.DataHeader{HasLSB: true, LSB: 0b10}, inner)
	is(t, "down", w.goes("10.2.0.7"), "to 10.0.0.3")
	w.data("10.0.0.3", wire.DataHeader{HasLSB: true, LSB: 0b11}, inner)
	is(t, "up", w.goes("10.2.0.7"), "to 10.0.0.2")
	is(t, "believed", w.stats().Reports, 2)
	is(t, "not believed", w.stats().ReportsDropped, 1)
}

// "... 8 bits when the Instance ID is there": they say nothing about a ninth locator.
func TestRFC9300_5_3_EightLocatorStatusBitsBesideAnInstanceID(t *testing.T) {
	w := newWorld(t, func(c *itr.Config) {
		c.LSBReports = true
		c.Instances = []itr.Instance{{Instance: 7, Database: []lispcore.Mapping{{EID: lispcore.EID{Instance: 7, Prefix: prefix("10.1.0.0/16")}}}}}
	})
	p := packet("10.1.0.5", "10.2.0.7", 40, false)
	w.e.Forward(w.now, 7, p)
	r := mapping("10.2.0.0/16 10.0.0.2/2/1 10.0.0.3/2/1 10.0.0.4/2/1 10.0.0.5/2/1 10.0.0.6/2/1 10.0.0.7/2/1 10.0.0.8/2/1 10.0.0.9/2/1 10.0.0.10/1/1")
	r.EID.Instance = 7
	w.reply("10.0.0.2", w.one().Nonce, false, r)
	w.data("10.0.0.2", wire.DataHeader{HasLSB: true, HasInstance: true, Instance: 7, LSB: 0xff}, packet("10.2.0.7", "10.1.0.5", 40, false))
	is(t, "the ninth", verdict(w.e.Forward(w.now, 7, p)), "to 10.0.0.10")
}

// "The outer source is an RLOC of the ITR": its own locator of the source's mapping, of two the one that faces the
// destination, and of the destination's family.
func TestRFC9300_5_3_OuterSource(t *testing.T) {
	for _, c := range []struct{ own, want string }{
		{self, self}, // what faces the destination
		{"10.0.0.99", "10.0.0.99"},
		{"10.0.0.99 " + self, self},
		{"10.0.0.98 10.0.0.99", "10.0.0.98"},
		{"fd00::9", self}, // none of the family: the router's address
	} {
		w := newWorld(t, func(c2 *itr.Config) {
			d := &c2.Instances[0].Database[0]
			d.Locators = nil
			for _, a := range strings.Fields(c.own) {
				d.Locators = append(d.Locators, lispcore.Locator{RLOC: addr(a), Priority: 1, Weight: 1, Local: true, Reachable: true})
			}
		})
		w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
		is(t, c.own, w.forward("10.1.0.5", "10.2.0.7").Datagrams[0].From.Addr().String(), c.want)
	}
}

func echoNonce(c *itr.Config) { c.EchoNonce = true }

// "N and E set, with a random nonce, on data packets until the echo arrives", then none for a minute.
func TestRFC9300_10_1_EchoNonceIsAskedForUntilItComes(t *testing.T) {
	w := newWorld(t, echoNonce)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	send := func() wire.DataHeader { return header(t, w.forward("10.1.0.5", "10.2.0.7").Datagrams[0]) }
	back := packet("10.2.0.7", "10.1.0.5", 40, false)
	first := send()
	is(t, "asked", first.HasNonce && first.EchoNonceRequest, true)
	is(t, "again, the same", send(), first)
	w.data("10.0.0.2", wire.DataHeader{HasNonce: true, Nonce: first.Nonce ^ 1}, back)
	is(t, "another nonce is no echo", send(), first)
	w.data("10.0.0.2", wire.DataHeader{HasNonce: true, Nonce: first.Nonce}, back)
	is(t, "echoed", send().HasNonce, false)
	w.advance(time.Minute)
	is(t, "a minute later", send().EchoNonceRequest, true)
}

// "When an ETR receives N and E, the co-located ITR sends the nonce back, with E clear, in the next data packet."
func TestRFC9300_10_1_AnAskedEchoIsSent(t *testing.T) {
	w := newWorld(t, echoNonce)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100"))
	w.data("10.0.0.2", wire.DataHeader{HasNonce: true, EchoNonceRequest: true, Nonce: 0x123456}, packet("10.2.0.7", "10.1.0.5", 40, false))
	h := header(t, w.forward("10.1.0.5", "10.2.0.7").Datagrams[0])
	is(t, "echo", h, wire.DataHeader{HasNonce: true, Nonce: 0x123456, HasLSB: true, LSB: 1})
	h = header(t, w.forward("10.1.0.5", "10.2.0.7").Datagrams[0])
	is(t, "then its own question", h.EchoNonceRequest, true)
}

// "... if packets come from the locator and the echo does not, the path to it is not working"; silence proves nothing.
func TestRFC9300_10_1_AMissingEchoTakesTheLocatorDown(t *testing.T) {
	w := newWorld(t, echoNonce)
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/2/100"))
	is(t, "asked", w.goes("10.2.0.7"), "to 10.0.0.2")
	w.advance(time.Minute)
	is(t, "silence", w.goes("10.2.0.7"), "to 10.0.0.2")
	w.data("10.0.0.2", wire.DataHeader{}, packet("10.2.0.7", "10.1.0.5", 40, false))
	is(t, "packets, but no echo", w.goes("10.2.0.7"), "to 10.0.0.3")
	w.advance(time.Minute)
	is(t, "another attempt", w.goes("10.2.0.7"), "to 10.0.0.2")
}

// "... traffic is shared by weight among the locators of the best priority; with all weights 0 as the ITR likes."
func TestRFC9300_6_LocatorsOfOnePriorityShareByWeight(t *testing.T) {
	for _, c := range []struct {
		locators string
		shares   map[string]int // of 10,000 flows
	}{
		{"10.0.0.2/1/25 10.0.0.3/1/75 10.0.0.4/2/100", map[string]int{"10.0.0.2": 2500, "10.0.0.3": 7500}},
		{"10.0.0.2/1/0 10.0.0.3/1/0", map[string]int{"10.0.0.2": 5000, "10.0.0.3": 5000}},
		{"10.0.0.2/1/0 10.0.0.3/1/1", map[string]int{"10.0.0.3": 10000}},
	} {
		w := newWorld(t)
		w.learn("10.2.0.7", mapping("10.2.0.0/16 "+c.locators))
		got := make(map[string]int)
		p := packet("10.1.0.5", "10.2.0.7", 40, false)
		for i := range 10000 {
			binary.BigEndian.PutUint16(p[20:], uint16(i))
			got[w.e.Forward(w.now, 0, p).RLOC.String()]++
		}
		for rloc, n := range got {
			if want := c.shares[rloc]; n < want-200 || n > want+200 {
				t.Errorf("%s: %d of 10,000 flows go to %s, want about %d", c.locators, n, rloc, want)
			}
		}
	}
}

// "... natively-forward: ... or to a PETR, if one is configured" (RFC 6832 section 6).
func TestRFC6832_6_NegativeEntriesGoToAProxyETR(t *testing.T) {
	w := newWorld(t, func(c *itr.Config) { c.IPv4.PETRs = []itr.PETR{{RLOC: addr("10.0.0.51")}} })
	w.learn("203.0.113.9", negative("192.0.0.0/3", lispcore.NativelyForward, 15))
	is(t, "negative", w.goes("203.0.113.9"), "to 10.0.0.51, encapsulating to proxy ETR")
	is(t, "unknown", w.goes("10.9.9.9"), "drop: map-cache miss, Map-Request sent")
	w.unrouted[addr("10.0.0.51")] = true
	w.e.RoutesChanged(w.now)
	is(t, "no route", w.goes("203.0.113.9"), "drop: no route to locator")
}

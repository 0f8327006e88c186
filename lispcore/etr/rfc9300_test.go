package etr_test

import (
	"testing"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/wire"
)

// Sentences of RFC 9300 about what ETRs and PETRs do with packets, each a test with the section's number in its name.

// "An ETR ... strips the outer header and forwards the packet based on the next IP header found": to its own EID prefixes.
func TestRFC9300_3_AnETRTakesPacketsForItsEIDPrefixes(t *testing.T) {
	r := newRouter(t)
	for _, c := range []struct {
		instance            uint32
		source, destination string
		want                string
	}{
		{0, "10.30.30.1", "10.1.2.3", "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0x0"},
		{7, "10.30.30.1", "10.7.2.3", "[7] 10.30.30.1 > 10.7.2.3 ttl 60 tos 0x0"},
		{0, "2001:db8:2::1", "2001:db8:1::1", "[0] 2001:db8:2::1 > 2001:db8:1::1 ttl 60 tos 0x0"},
		{0, "10.30.30.1", "10.2.0.1", "destination is no local EID"},
		{0, "10.30.30.1", "10.7.2.3", "destination is no local EID"},
		{7, "10.30.30.1", "10.1.2.3", "destination is no local EID"},
		{8, "10.30.30.1", "10.1.2.3", "no ETR for instance-ID and address family"},
		{7, "2001:db8:2::1", "2001:db8:1::1", "no ETR for instance-ID and address family"},
	} {
		expect(t, r.decapsulated(tunnelled(c.instance, packet(c.source, c.destination, 60, 0), 200, 0)), c.want)
	}
}

// "A PETR acts like an ETR but does so on behalf of LISP sites that send packets to destinations at non-LISP sites."
func TestRFC9300_3_APETRTakesPacketsToAnyDestination(t *testing.T) {
	r := newRouter(t, func(cfg *etr.Config) {
		cfg.Database, cfg.PETR4, cfg.Instances = nil, true, []uint32{5}
	})
	for _, c := range []struct {
		instance            uint32
		source, destination string
		want                string
	}{
		{0, "10.30.30.1", "8.8.8.8", "[0] 10.30.30.1 > 8.8.8.8 ttl 60 tos 0x0"},
		{5, "10.30.30.1", "8.8.8.8", "[5] 10.30.30.1 > 8.8.8.8 ttl 60 tos 0x0"},
		{6, "10.30.30.1", "8.8.8.8", "no ETR for instance-ID and address family"},
		{0, "2001:db8:2::1", "2001:db8:9::1", "no ETR for instance-ID and address family"},
		{0, "10.30.30.1", "224.0.0.5", "martian address"},
		{0, "10.30.30.1", "255.255.255.255", "martian address"},
		{0, "127.0.0.1", "8.8.8.8", "martian address"},
		{0, "0.0.0.0", "8.8.8.8", "martian address"},
	} {
		expect(t, r.decapsulated(tunnelled(c.instance, packet(c.source, c.destination, 60, 0), 200, 0)), c.want)
	}
	v6 := newRouter(t, func(cfg *etr.Config) { cfg.Database, cfg.PETR6 = nil, true })
	expect(t, v6.decapsulated(tunnelled(0, packet("2001:db8:2::1", "2001:db8:9::1", 60, 0), 200, 0)), "[0] 2001:db8:2::1 > 2001:db8:9::1 ttl 60 tos 0x0")
	expect(t, v6.decapsulated(tunnelled(0, packet("fe80::1", "2001:db8:9::1", 60, 0), 200, 0)), "martian address")
}

// "The inner-header TTL field ... the ETR copies the outer TTL if it is less than the inner one": no packet gets a longer
// life in a tunnel.
func TestRFC9300_5_3_TTLIsTheLesserOfInnerAndOuter(t *testing.T) {
	for _, c := range []struct {
		inner, outer uint8
		propagate    bool
		want         string
	}{
		{60, 57, true, "[0] 10.30.30.1 > 10.1.2.3 ttl 57 tos 0x0"},
		{60, 200, true, "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0x0"},
		{1, 1, true, "[0] 10.30.30.1 > 10.1.2.3 ttl 1 tos 0x0"},
		{60, 57, false, "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0x0"},
	} {
		r := newRouter(t, func(cfg *etr.Config) { cfg.PropagateTTL = c.propagate })
		expect(t, r.decapsulated(tunnelled(0, packet("10.30.30.1", "10.1.2.3", c.inner, 0), c.outer, 0)), c.want)
	}
}

// The DSCP comes back from the outer header; congestion that was marked outside is passed on, or the packet is dropped where
// the inner one can't tell of it (RFC 6040).
func TestRFC9300_5_3_DSCPAndECN(t *testing.T) {
	for _, c := range []struct {
		inner, outer uint8
		want         string
	}{
		{0x00, 0xb8, "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0xb8"},
		{0xb8, 0x00, "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0x0"},
		{0x02, 0x03, "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0x3"},
		{0x03, 0x02, "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0x3"},
		{0x02, 0x00, "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0x2"},
		{0x00, 0x03, "congestion experienced, inner packet not ECN-capable"},
	} {
		expect(t, newRouter(t).decapsulated(tunnelled(0, packet("10.30.30.1", "10.1.2.3", 60, c.inner), 200, c.outer)), c.want)
	}
}

// Without the I bit the instance is 0, whatever the word holds: it is locator-status bits then.
func TestRFC9300_5_3_TheInstanceIsThatOfTheIBit(t *testing.T) {
	inner := packet("10.30.30.1", "10.1.2.3", 60, 0)
	in := tunnelled(0, inner, 200, 0)
	in.Payload = forward.Encapsulate(nil, inner, wire.DataHeader{HasLSB: true, LSB: 0x00000703, HasNonce: true, Nonce: 0x123456})
	expect(t, newRouter(t).decapsulated(in), "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0x0")
}

// What is no LISP packet is dropped and counted.
func TestRFC9300_5_3_MalformedPacketsAreDropped(t *testing.T) {
	good := tunnelled(0, packet("10.30.30.1", "10.1.2.3", 60, 0), 200, 0)
	spoil := func(change func(b []byte) []byte) lispcore.Datagram {
		in := good
		in.Payload = change(append([]byte(nil), good.Payload...))
		return in
	}
	r := newRouter(t)
	for name, in := range map[string]lispcore.Datagram{
		"empty":              spoil(func([]byte) []byte { return nil }),
		"header only":        spoil(func(b []byte) []byte { return b[:8] }),
		"half a header":      spoil(func(b []byte) []byte { return b[:5] }),
		"half a packet":      spoil(func(b []byte) []byte { return b[:30] }),
		"no IP version":      spoil(func(b []byte) []byte { b[8] = 0x25; return b }),
		"a wrong checksum":   spoil(func(b []byte) []byte { b[18]++; return b }),
		"encrypted (K bits)": spoil(func(b []byte) []byte { b[0] |= 1; return b }),
	} {
		if got := r.decapsulated(in); got != "malformed packet" {
			t.Errorf("%s: %s", name, got)
		}
	}
	// What follows the inner packet is no part of it.
	expect(t, r.decapsulated(spoil(func(b []byte) []byte { return append(b, 1, 2, 3) })), "[0] 10.30.30.1 > 10.1.2.3 ttl 60 tos 0x0")
}

// An ETR whose prefix has moved away drops what still comes for it.
func TestRFC9300_3_LatePacketsForAPrefixThatMovedAreDropped(t *testing.T) {
	r := newRouter(t)
	r.cfg.Database = r.cfg.Database[1:]
	r.apply()
	expect(t, r.decapsulated(tunnelled(0, packet("10.30.30.1", "10.1.2.3", 60, 0), 200, 0)), "no ETR for instance-ID and address family")
}

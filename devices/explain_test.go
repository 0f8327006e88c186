package devices

import (
	"testing"
)

// explain prints the steps of a way.
func explain(t testing.TB, lab *Lab, from string, f Flow) (lines []string) {
	t.Helper()
	steps, err := lab.Explain(from, f)
	must(t, err)
	for _, s := range steps {
		lines = append(lines, s.String())
	}
	return lines
}

// The way of a packet: cold it ends where the mapping is asked for; warm it goes through the tunnel to the other host. And to
// explain it changes nothing.
func TestExplain(t *testing.T) {
	lab := openNetwork(t, sites)
	flow := Flow{Destination: addr("10.30.30.2")}
	cold := explain(t, lab, "h1", flow)
	wantLines(t, "cold", cold, `
		h1: from 10.10.10.2 to 10.30.30.2, TTL 64: route 0.0.0.0/0; out of eth0 to 10.10.10.1
		xTR1: from 10.10.10.2 to 10.30.30.2, in by GigabitEthernet0/1, TTL 64: route 0.0.0.0/0; map-cache entry 0.0.0.0/0; map-cache miss, a Map-Request would be sent; dropped`)
	wantLines(t, "once more", explain(t, lab, "h1", flow), cold[0]+"\n"+cold[1])
	snap, _ := lab.Device("xTR1").ITR()
	if s, _ := snap.Service(service(0, true)); s.Statistics.MapRequestsOut != 0 || len(s.Pending) != 0 {
		t.Errorf("an explanation asked for a mapping: %+v", s)
	}
	pingFrom(t, lab, "h1", "10.30.30.2")
	warm := explain(t, lab, "h1", flow)
	wantLines(t, "warm", warm, `
		h1: from 10.10.10.2 to 10.30.30.2, TTL 64: route 0.0.0.0/0; out of eth0 to 10.10.10.1
		xTR1: from 10.10.10.2 to 10.30.30.2, in by GigabitEthernet0/1, TTL 64: route 0.0.0.0/0; map-cache entry 10.30.30.0/24; encapsulated to 198.51.100.21
		xTR1: from 203.0.113.11 to 198.51.100.21, in a tunnel, TTL 63: route 0.0.0.0/0; out of GigabitEthernet0/0 to 203.0.113.1
		Core1: from 203.0.113.11 to 198.51.100.21, in by GigabitEthernet0/1, in a tunnel, TTL 63: route 198.51.100.0/24; out of GigabitEthernet0/0 to 192.0.2.1
		Core2: from 203.0.113.11 to 198.51.100.21, in by GigabitEthernet0/0, in a tunnel, TTL 62: route 198.51.100.0/24; out of GigabitEthernet0/1 to 198.51.100.21
		xTR2: from 203.0.113.11 to 198.51.100.21, in by GigabitEthernet0/0, in a tunnel, TTL 61: decapsulated
		xTR2: from 10.10.10.2 to 10.30.30.2, TTL 61: route 10.30.30.0/24; out of GigabitEthernet0/1 to 10.30.30.2
		h2: from 10.10.10.2 to 10.30.30.2, TTL 60: arrives`)
}

// What ends a way is told, with who hears of it.
func TestExplainDrops(t *testing.T) {
	lab := openNetwork(t, sites, "== Core1\ninterface GigabitEthernet0/0\n ip address 192.0.2.0 255.255.255.254\ninterface GigabitEthernet0/1\n", `== Core1
ip access-list extended NO-TCP
 deny tcp any any eq 4342
 permit ip any any
interface GigabitEthernet0/0
 ip address 192.0.2.0 255.255.255.254
interface GigabitEthernet0/1
 ip access-group NO-TCP in
`)
	last := func(from string, f Flow) string {
		lines := explain(t, lab, from, f)
		return lines[len(lines)-1]
	}
	want(t, "an access list", last("xTR1", Flow{Source: addr("203.0.113.11"), Destination: addr("192.0.2.5"), Protocol: 6, DestinationPort: 4342}),
		"Core1: from 203.0.113.11 to 192.0.2.5, in by GigabitEthernet0/1, TTL 255: dropped: denied by an inbound access list (NO-TCP)")
	want(t, "no route", last("xTR1", Flow{Source: addr("203.0.113.11"), Destination: addr("10.30.30.1")}),
		"Core1: from 203.0.113.11 to 10.30.30.1, in by GigabitEthernet0/1, TTL 255: dropped: no route; 203.0.113.11 is told by ICMP")
	want(t, "the TTL", last("xTR1", Flow{Source: addr("203.0.113.11"), Destination: addr("198.51.100.21"), TTL: 1}),
		"Core1: from 203.0.113.11 to 198.51.100.21, in by GigabitEthernet0/1, TTL 1: route 198.51.100.0/24; dropped: TTL exceeded; 203.0.113.11 is told by ICMP")
	want(t, "nobody there", last("Core1", Flow{Destination: addr("203.0.113.77")}),
		"Core1: from 203.0.113.1 to 203.0.113.77, TTL 255: route 203.0.113.0/24; lost: nobody answers for 203.0.113.77 at GigabitEthernet0/1")
	ping(t, lab, "xTR1", "10.30.30.1", "10.10.10.1")
	want(t, "too big for the tunnel", last("h1", Flow{Destination: addr("10.30.30.1"), Size: 1465, DF: true}),
		"xTR1: from 10.10.10.2 to 10.30.30.1, in by GigabitEthernet0/1, TTL 64: route 0.0.0.0/0; map-cache entry 10.30.30.0/24; "+
			"packet too big for the tunnel; dropped: packet too big, may not be fragmented (at most 1464 bytes); 10.10.10.2 is told by ICMP")
	hits := lab.Device("Core1").AccessLists()[0].Hits
	explain(t, lab, "xTR1", Flow{Source: addr("203.0.113.11"), Destination: addr("192.0.2.5")})
	if after := lab.Device("Core1").AccessLists()[0].Hits; after[0] != hits[0] || after[1] != hits[1] {
		t.Errorf("an explanation counts in access lists: %v, before %v", after, hits)
	}
	if _, err := lab.Explain("nobody", Flow{}); err == nil {
		t.Error("a packet from nowhere is explained")
	}
	if dec, err := lab.Device("xTR1").Decide(Flow{Destination: addr("10.30.30.1")}); err != nil || dec.Action != Encapsulate || dec.Verdict.RLOC != addr("198.51.100.21") {
		t.Errorf("%v: %+v", err, dec)
	}
}

package mapresolver_test

import (
	"net/netip"
	"strings"
	"testing"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
	"lisplab/lispcore/wire"
)

// FuzzMapResolver: any UDP payload from anybody, also inside an Encapsulated Control Message with right checksums. No panic. What goes out is a Map-Reply to an ITR-RLOC of the message, with
// its nonce and records that cover what was asked for, or the Map-Request itself, to an ETR that registers it; and at most
// one of them for each record that was asked for.
func FuzzMapResolver(f *testing.F) {
	p := fuzzed()
	i, ms := p.Bed().Node("I"), p.Bed().Node("MS")
	for _, message := range []string{
		"ecm request itr=10.0.0.5 nonce=1 10.1.1.1/32", "ecm request itr=10.0.0.5 nonce=1 10.3.1.1/32", "ecm request itr=10.0.0.5 nonce=1 11.1.1.1/32",
		"ecm request A s p itr=10.0.0.5,2001:db8::5 source=10.9.9.9 nonce=1 2001:db8:1::1/128 10.3.0.0/16 10.0.0.0/7 0.0.0.0/0 ::/0",
		"ecm request itr=10.0.0.5 nonce=1 source=10.1.1.1 source-instance=7 [7]10.1.1.1/32", "ecm M request itr=10.0.0.5 nonce=1 10.2.1.1/32",
		"ecm request P itr=10.0.0.5 nonce=1 10.1.1.1/32", "ecm E request itr=10.0.0.5 nonce=1 10.1.1.1/32", "request itr=10.0.0.5 nonce=1 10.1.1.1/32",
		"ecm dport=4341 request itr=10.0.0.5 10.1.1.1/32", "ecm ecm request itr=10.0.0.5 10.1.1.1/32", "hex 80000000 4500", "hex 10", "hex 90",
	} {
		f.Add(p.Datagram(i, ms, message), false)
		if inner, encapsulated := strings.CutPrefix(message, "ecm request"); encapsulated {
			f.Add(p.Datagram(i, ms, "request"+inner), true)
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, wrap bool) {
		p := fuzzed()
		i, ms := p.Bed().Node("I"), p.Bed().Node("MS")
		var ecm wire.EncapsulatedControl
		var asked wire.MapRequest
		if wrap {
			ecm = wire.EncapsulatedControl{TTL: 64, Source: netip.AddrPortFrom(i.Addr, 5000), Destination: netip.AddrPortFrom(ms.Addr, 4342), Payload: payload}
			payload, _ = ecm.Append(nil) // what is too long goes nowhere
		}
		readable := ecm.Parse(payload) == nil && asked.Parse(ecm.Payload) == nil
		now, engines := p.Bed().Now(), []lispcore.Engine{ms.MR, ms.MS}
		ms.MR.Handle(now, lispcore.Datagram{
			From: netip.AddrPortFrom(i.Addr, 4342), To: netip.AddrPortFrom(ms.Addr, 4342), Payload: payload, TTL: 255,
		})
		sent := 0
		for _, e := range engines {
			for _, out := range e.Drain() {
				d, ok := out.(lispcore.SendDatagram)
				if !ok {
					continue
				}
				sent++
				if !readable {
					t.Fatalf("%x answers what can't be read", d.Payload)
				}
				judge(t, d, &ecm, &asked)
			}
		}
		if sent > len(asked.Records)+1 {
			t.Errorf("%d messages answer %d records", sent, len(asked.Records))
		}
	})
}

// judge holds what went out against what came in.
func judge(t *testing.T, d lispcore.SendDatagram, ecm *wire.EncapsulatedControl, asked *wire.MapRequest) {
	var reply wire.MapReply
	if reply.Parse(d.Payload) == nil {
		if reply.Nonce != asked.Nonce || d.To.Port() != ecm.Source.Port() {
			t.Errorf("%+v answers %+v", reply, asked)
		}
		for _, r := range reply.Records {
			covers := func(eid lispcore.EID) bool { // it, or its first address, or a more specific of what covers it
				return r.EID.Instance == eid.Instance && r.EID.Prefix.Overlaps(eid.Prefix) || len(r.Locators) > 0
			}
			found := false
			for _, eid := range asked.Records {
				found = found || covers(eid)
			}
			if !found || r.Authoritative {
				t.Errorf("%+v answers %+v", r, asked)
			}
		}
		return
	}
	var out wire.EncapsulatedControl
	var forwarded wire.MapRequest
	if out.Parse(d.Payload) != nil || forwarded.Parse(out.Payload) != nil || !out.ToETR || forwarded.Nonce != asked.Nonce || d.To.Port() != 4342 {
		t.Errorf("neither a Map-Reply nor the Map-Request: %x to %v", d.Payload, d.To)
	}
}

// fuzzed is a Map-Resolver and Map-Server with registrations that are proxied, and others that are not.
func fuzzed() *enginetest.Player {
	p := enginetest.NewPlayer()
	p.Play("ms MS 10.0.0.9", "resolver MS", "site MS A key-a 10.0.0.0/8* 2001:db8::/32*", "site MS B key-b 10.2.0.0/16", "puppet X 10.0.0.1", "puppet I 10.0.0.5",
		"silently send X MS register key-a 10.1.1.0/24", "silently send X MS register key-a P 10.3.0.0/16 10.3.3.0/24 2001:db8:1::/48")
	return p
}

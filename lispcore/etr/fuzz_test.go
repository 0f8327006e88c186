package etr_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/forward"
	"lisplab/lispcore/wire"
)

// registered is an ETR that waits for a Map-Notify from MS (in vain: nothing listens there), and has a session with TS.
func registered() (p *enginetest.Player, x, ms, ts *enginetest.Node) {
	p = enginetest.NewPlayer()
	p.Play("puppet MS 10.0.0.9", "puppet TS 10.0.0.8", "puppet Eve 10.6.6.6", "refuse MS", "etr X 10.0.0.1", "map-server X MS key-a", "map-server X TS key-t",
		"database X 10.1.1.0/24 10.1.2.0/24 2001:db8::/32 [7]10.1.1.0/24",
		"send TS X notify key-t nonce=n5 10.1.1.0/24", "advance 1s", "write TS X refresh all; ack 10.1.1.0/24; nack 1 10.1.2.0/24")
	return p, p.Bed().Node("X"), p.Bed().Node("MS"), p.Bed().Node("TS")
}

// FuzzETRDatagram: any UDP payload, from map servers and from strangers, also with a good MAC over it. No panic; no change
// and no dial unless a key verifies a Map-Notify; never an answer, but to a Map-Request (FuzzETRRequest).
func FuzzETRDatagram(f *testing.F) {
	p, x, ms, _ := registered()
	for _, message := range []string{
		"notify key-a nonce=n1 10.1.1.0/24", "notify key-a nonce=n2 2001:db8::/32", "notify key-a nonce=n3 [7]10.1.1.0/24 10.1.1.0/24", "notify key-a nonce=1 10.1.1.0/24",
		"notify key-x nonce=n1 10.1.1.0/24", "register key-a 10.1.1.0/24", "hex 40", "hex 4800000067ab931f9e8b974a00010014", "hex f0",
	} {
		f.Add(p.Datagram(ms, x, message), true)
	}
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, payload []byte, sign bool) {
		p, x, ms, ts := registered()
		payload = slices.Clone(payload)
		if sign {
			_ = wire.NewAuthenticator("key-a").Sign(payload) // what can't be signed goes as it is
		}
		before, next, sent := x.Database(), deadline(x), 0
		p.Bed().Watch = func(_ time.Time, from *enginetest.Node, out lispcore.Output) {
			_, notice := out.(lispcore.Notice)
			if d, ok := out.(lispcore.SendDatagram); ok {
				t, _ := wire.PeekType(d.Payload)
				notice = t == wire.TypeMapReply
			}
			if !notice && from == x {
				sent++
			}
		}
		for _, from := range []*enginetest.Node{ms, ts, p.Bed().Node("Eve")} {
			p.Bed().Send(from, x, payload)
			p.Bed().Settle()
		}
		signed := wire.NewAuthenticator("key-a").Verify(payload) || wire.NewAuthenticator("key-t").Verify(payload)
		if sent > 0 || !signed && (x.Database() != before || deadline(x) != next) {
			t.Errorf("%d messages sent\nbefore (next timer %v)\n%safter (%v)\n%s", sent, next, before, deadline(x), x.Database())
		}
		p.Bed().Advance(5 * time.Minute)
	})
}

func deadline(x *enginetest.Node) time.Time {
	at, _ := x.ETR.Deadline()
	return at
}

// FuzzETRStream: any bytes on a session, in pieces of any size. No panic; what is registered at another map server does not
// change; and whatever the bytes were, after the
// session all prefixes are registered by UDP again.
func FuzzETRStream(f *testing.F) {
	p, _, _, ts := registered()
	for _, messages := range []string{
		"refresh all", "refresh R all", "refresh covered 10.0.0.0/8", "refresh instance 7; refresh family ::/0; refresh exact 10.1.2.0/24",
		"ack 10.1.2.0/24; ack [7]10.1.1.0/24", "nack 2 10.1.1.0/24; nack 1 99.0.0.0/8", "notification 10.1.1.0/24; error 1", "registration key-t 10.1.1.0/24",
		"hex 0014000f0000000b000000deadbeef", "hex 001400089facade9", "hex 0063000c000000079facade9", "hex 0014000f000000010180009facade9",
	} {
		f.Add(p.Frames(ts, messages), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		p, x, ms, ts := registered()
		p.Bed().Segment(func(n int) int { return min(n, int(piece)+1) })
		elsewhere := states(x, ms)
		p.Bed().Write(ts, x, data)
		p.Bed().Settle()
		if got := states(x, ms); got != elsewhere {
			t.Errorf("at the other map server: %s, was %s", got, elsewhere)
		}
		p.Bed().Advance(5 * time.Minute)
		p.Bed().End(ts, x, lispcore.ClosedByPeer)
		if got := states(x, ts); got != "Periodic Periodic Periodic Periodic " {
			t.Errorf("after the session: %s", got)
		}
	})
}

// states lists the states of an ETR's prefixes at a map server.
func states(x, ms *enginetest.Node) string {
	text := ""
	for _, en := range x.ETR.Snapshot().Database {
		for _, s := range en.Status {
			if s.MapServer == ms.Addr {
				text += s.State.String() + " "
			}
		}
	}
	return text
}

// FuzzETRRequest: any bytes at UDP 4342 and, as an Encapsulated Control Message's inside, forwarded by a Map-Server. No panic; at most
// one answer, which is a Map-Reply that can be read, of one packet's size, to an address that can be routed.
func FuzzETRRequest(f *testing.F) {
	several, reserved := request("10.1.2.3/32", "[7]10.7.0.1/32", "2001:db8:1::/48"), request("10.0.0.0/8")
	several.ITRRLOCs = []netip.Addr{itr6, itr4}
	reserved.ITRRLOCs = []netip.Addr{netip.MustParseAddr("224.0.0.1")}
	for _, m := range []*wire.MapRequest{request("10.1.2.3/32"), probe("10.1.0.0/16"), several, reserved} {
		f.Add(must(m.Append(nil)), true)
		f.Add(must(m.Append(nil)), false)
	}
	f.Add(must(encapsulated(f, several, 61000, 4342).Append(nil)), false)
	f.Fuzz(func(t *testing.T, payload []byte, wrap bool) {
		r := newRouter(t)
		if wrap && len(payload) < 60000 {
			ecm := wire.EncapsulatedControl{TTL: 1, Source: netip.AddrPortFrom(itr4, 61000), Destination: netip.AddrPortFrom(own4, lispcore.ControlPort), Payload: payload}
			payload = must(ecm.Append(nil))
		}
		in := lispcore.Datagram{From: netip.AddrPortFrom(itr4, 61000), To: netip.AddrPortFrom(own4, lispcore.ControlPort), Payload: payload}
		for range 2 {
			r.Handle(r.now, in)
			answers := 0
			for _, out := range r.Drain() {
				d, ok := out.(lispcore.SendDatagram)
				if !ok {
					continue
				}
				answers++
				var m wire.MapReply
				if err := m.Parse(d.Payload); err != nil || len(d.Payload) > 1400 || len(m.Records) == 0 {
					t.Errorf("%d bytes, %d records: %v", len(d.Payload), len(m.Records), err)
				}
				if to := d.To.Addr(); to.IsMulticast() || to.IsUnspecified() || to.IsLoopback() || d.To.Port() == 0 || d.To.Port() == lispcore.DataPort || to.Is4() != d.From.Addr().Is4() {
					t.Errorf("answered from %v to %v", d.From, d.To)
				}
			}
			if answers > 1 {
				t.Errorf("%d answers", answers)
			}
		}
	})
}

// FuzzETRData: any payload at UDP 4341, at an ETR and at a PETR. No panic; what is forwarded is a whole IP packet that was in
// the payload, to a routable address, and lives no longer than the outer one.
func FuzzETRData(f *testing.F) {
	for _, in := range []lispcore.Datagram{
		tunnelled(0, packet("10.30.30.1", "10.1.2.3", 60, 0), 200, 0), tunnelled(7, packet("10.30.30.1", "10.7.2.3", 60, 2), 50, 3),
		tunnelled(0, packet("2001:db8:2::1", "2001:db8:1::1", 60, 0xb8), 200, 0),
	} {
		f.Add(in.Payload, in.TTL, in.TOS)
	}
	f.Fuzz(func(t *testing.T, payload []byte, ttl, tos uint8) {
		for _, r := range []*router{newRouter(t), newRouter(t, func(cfg *etr.Config) { cfg.PETR4, cfg.PETR6 = true, true })} {
			in := tunnelled(0, nil, ttl, tos)
			in.Payload = slices.Clone(payload)
			p, reason := r.Decapsulate(in)
			v := r.Snapshot().Data
			if v.Packets+v.Dropped() != 1 || (reason == etr.NotDropped) != (v.Packets == 1) || v.Bytes != uint64(len(p.Data)) {
				t.Errorf("%v; counted %+v", reason, v)
			}
			if reason != etr.NotDropped {
				continue
			}
			inner, err := forward.Parse(p.Data)
			if err != nil || inner.Length != len(p.Data) || inner.TTL > ttl || inner.Destination.IsMulticast() {
				t.Errorf("forwarded %x: %v", p.Data, err)
			}
			in.Payload = slices.Clone(payload)
			r.Handle(r.now, in)
			if out := r.Drain(); len(out) != 1 {
				t.Errorf("Handle: %v", out)
			}
		}
	})
}

package itr_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/wire"
)

// busy is an ITR with all that a message can be about: an entry, a probe and a Map-Request without answers, a lig. It
// returns their nonces.
func busy(t testing.TB) (w *world, nonces []uint64) {
	w = newWorld(t, probing, echoNonce, func(c *itr.Config) { c.LSBReports, c.IPv4.Limit = true, 20 })
	w.learn("10.2.0.7", mapping("10.2.0.0/16 10.0.0.2/1/100 10.0.0.3/2/100"))
	w.e.Lig(w.now, eid("10.4.0.0/16"), netip.Addr{}, netip.Addr{}, 0)
	w.goes("10.3.0.7")
	for _, s := range w.advance(0) {
		nonces = append(nonces, s.Nonce)
	}
	return w, nonces
}

// FuzzITRDatagram: any UDP payload, to either port, as it is and with nonces that are outstanding put into it. No panic;
// without a nonce of ours the map-cache stays as it is; whatever came, it keeps its limit and the ITR goes on.
func FuzzITRDatagram(f *testing.F) {
	w, nonces := busy(f)
	for i, r := range []wire.Record{mapping("10.2.0.0/16 10.0.0.4/1/100"), mapping("10.3.0.0/16 10.0.0.4/1/100"), negative("10.4.0.0/16", lispcore.NativelyForward, 15)} {
		m := wire.MapReply{Nonce: nonces[i%len(nonces)], Probe: i == 0, Records: []wire.Record{r}}
		f.Add(must(m.Append(nil)), uint8(i), true)
	}
	m := wire.MapRequest{SMR: true, ITRRLOCs: []netip.Addr{addr("10.0.0.2")}, Records: []lispcore.EID{eid("10.2.0.0/16"), eid("10.3.0.0/16")}}
	f.Add(must(m.Append(nil)), uint8(9), true)
	f.Add(append(wire.DataHeader{HasNonce: true, EchoNonceRequest: true, HasLSB: true, LSB: 2}.Append(nil), packet("10.2.0.7", "10.1.0.5", 40, false)...), uint8(9), false)
	f.Add([]byte{}, uint8(0), true)
	_ = w
	f.Fuzz(func(t *testing.T, payload []byte, nonce uint8, control bool) {
		w, nonces := busy(t)
		if int(nonce) < len(nonces) && len(payload) >= 12 {
			payload = slices.Clone(payload)
			binary.BigEndian.PutUint64(payload[4:], nonces[nonce])
		}
		known := len(payload) >= 12 && slices.Contains(nonces, binary.BigEndian.Uint64(payload[4:]))
		before := w.cache()
		port := uint16(lispcore.DataPort)
		if control {
			port = lispcore.ControlPort
		}
		for range 2 {
			w.e.Handle(w.now, lispcore.Datagram{From: netip.AddrPortFrom(addr("10.0.0.2"), 4342), To: netip.AddrPortFrom(addr(self), port), Payload: payload})
		}
		if control && !known && w.cache() != before {
			t.Errorf("the map-cache was\n%s\nand is\n%s", before, w.cache())
		}
		w.goes("10.2.0.7")
		w.advance(5 * time.Minute)
		state, _ := w.e.Snapshot().Service(lispcore.Service{Family: lispcore.IPv4})
		if state.Dynamic > 20 || len(state.Pending) > 4 {
			t.Errorf("%d entries, %d pending", state.Dynamic, len(state.Pending))
		}
	})
}

// FuzzITRPacket: any bytes as a packet to forward, and as what an ICMP error quotes. No panic; Explain says what Forward
// does; what is encapsulated fits.
func FuzzITRPacket(f *testing.F) {
	f.Add(packet("10.1.0.5", "10.2.0.7", 60, true))
	f.Add(packet("10.1.0.5", "10.2.0.7", 1500, false))
	f.Add(packet("2001:db8:1::5", "2001:db8:2::7", 1500, false))
	f.Add([]byte{0x4f, 0, 0, 60})
	f.Fuzz(func(t *testing.T, p []byte) {
		w := newWorld(t)
		w.learn("10.2.0.7", mapping("10.0.0.0/8 10.0.0.2/1/100"))
		w.learn("2001:db8:2::7", mapping("2001:db8::/32 10.0.0.2/1/100"))
		said := w.e.Explain(w.now, 0, p)
		did := w.e.Forward(w.now, 0, p)
		if said.Kind != did.Kind || said.Reason != did.Reason || said.RLOC != did.RLOC {
			t.Errorf("said %v, did %v", verdict(said), verdict(did))
		}
		if (did.Kind == itr.Encapsulate) != (len(did.Datagrams) > 0) {
			t.Errorf("%v: %d datagrams", verdict(did), len(did.Datagrams))
		}
		for _, d := range did.Datagrams {
			if len(d.Payload) > 1472 {
				t.Errorf("a payload of %d bytes", len(d.Payload))
			}
		}
		w.e.ICMPError(w.now, p, 1400, false)
	})
}

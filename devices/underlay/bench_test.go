package underlay

import (
	"net/netip"
	"testing"

	"lisplab/lispcore"
)

// The three things that a lab does all the time: one UDP hop, one TCP write, one connect and close.

func BenchmarkUDPHop(b *testing.B) {
	w := newWorld(b, func(c *Config) { c.Observe = nil })
	out := lispcore.SendDatagram{From: netip.AddrPortFrom(worldAddrs[0], lispcore.ControlPort),
		To: netip.AddrPortFrom(worldAddrs[2], lispcore.ControlPort), Payload: make([]byte, 120)}
	b.ReportAllocs()
	for b.Loop() {
		if ds, err := w.n.Carry(start, 0, out); err != nil || len(ds) != 1 {
			b.Fatal(ds, err)
		}
	}
}

func BenchmarkTCPWrite(b *testing.B) {
	w := newWorld(b, func(c *Config) { c.Observe = nil })
	w.do("0s dial a b")
	out := lispcore.WriteStream{Stream: w.streams[0], Data: make([]byte, 120)}
	b.ReportAllocs()
	for b.Loop() {
		if ds, err := w.n.Carry(start, 0, out); err != nil || len(ds) != 1 {
			b.Fatal(ds, err)
		}
	}
}

func BenchmarkConnectAndClose(b *testing.B) {
	w := newWorld(b, func(c *Config) { c.Observe = nil })
	to := netip.AddrPortFrom(worldAddrs[2], lispcore.ControlPort)
	b.ReportAllocs()
	for b.Loop() {
		stream := w.nextStream(0)
		if ds, err := w.n.Carry(start, 0, lispcore.OpenStream{Stream: stream, From: worldAddrs[0], To: to}); err != nil || len(ds) != 2 {
			b.Fatal(ds, err)
		}
		if ds, err := w.n.Carry(start, 0, lispcore.CloseStream{Stream: stream}); err != nil || len(ds) != 1 {
			b.Fatal(ds, err)
		}
	}
}

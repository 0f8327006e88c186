package forward

import (
	"testing"

	"lisplab/lispcore/wire"
)

// send is all that an xTR's data plane does to a packet besides looking things up.
func send(out, packet []byte) []byte {
	p, err := Parse(packet)
	if err != nil || !DecrementTTL(packet) {
		return nil
	}
	p.TTL--
	_, _ = OuterFields(p)
	_ = 0xf000 | FlowHash(p)&0x0fff
	return Encapsulate(out, packet, wire.DataHeader{HasInstance: true, Instance: 100})
}

func BenchmarkSend(b *testing.B) {
	b.ReportAllocs()
	packet := newIPv4("10.10.10.5", "10.30.30.7", 255, 0, protocolUDP, make([]byte, 480))
	b.SetBytes(int64(len(packet)))
	var out []byte
	for b.Loop() {
		packet[ipv4TTL] = 255
		sum4(packet)
		out = send(out[:0], packet)
	}
}

func BenchmarkDecapsulate(b *testing.B) {
	b.ReportAllocs()
	payload := Encapsulate(nil, ping4(), wire.DataHeader{HasInstance: true, Instance: 100})
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		setTTL(payload[wire.DataHeaderSize:], 63)
		if _, _, err := Decapsulate(payload, 60, 0xb8, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFragment(b *testing.B) {
	b.ReportAllocs()
	packet := newIPv4("10.10.10.5", "10.30.30.7", 64, 0, protocolUDP, make([]byte, 1480))
	b.SetBytes(int64(len(packet)))
	var pieces [][]byte
	for b.Loop() {
		var err error
		if pieces, err = Fragment(pieces[:0], packet, 1464); err != nil {
			b.Fatal(err)
		}
	}
}

// A router that keeps its buffers forwards without garbage, what it drops included.
func TestForwardingDoesNotAllocate(t *testing.T) {
	var out []byte
	var pieces [][]byte
	large := newIPv4("10.10.10.5", "10.30.30.7", 64, 0, protocolUDP, make([]byte, 1480))
	broken := ping4()
	broken[15]++
	for _, packet := range [][]byte{ping4(), ping6()} {
		one := func() {
			setTTL(packet, 255)
			if out = send(out[:0], packet); out == nil {
				t.Fatal("not sent")
			}
			if _, _, err := Decapsulate(out, 60, 0xb8, true); err != nil {
				t.Fatal(err)
			}
			pieces, _ = Fragment(pieces[:0], large, 1464)
			if _, err := Parse(broken); err == nil {
				t.Fatal("not refused")
			}
		}
		if n := testing.AllocsPerRun(100, one); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

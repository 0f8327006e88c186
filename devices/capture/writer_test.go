package capture

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"pgregory.net/rapid"

	"lisplab/devices/underlay"
)

// TestHeaders holds that packets look like IOS control traffic, and that the file says nothing of the host.
func TestHeaders(t *testing.T) {
	file := record(t, []underlay.Event{
		{At: boot, Kind: underlay.Datagram, Src: etr, Dst: server, Payload: mapRegister},
		{At: boot, Kind: underlay.Datagram, Src: v6(server), Dst: v6(etr), Payload: mapNotify},
		{At: boot, Kind: underlay.Datagram, Src: etr, Dst: server, Payload: mapRegister},
	})
	packets := read(t, file)
	first := packets[0].NetworkLayer().(*layers.IPv4)
	if first.TTL != 255 || first.TOS != 0xc0 || first.Flags != 0 || first.Id != 1 {
		t.Errorf("IPv4 TTL %d TOS %#x flags %v ID %d, want 255 0xc0 none 1", first.TTL, first.TOS, first.Flags, first.Id)
	}
	if again := packets[2].NetworkLayer().(*layers.IPv4); again.Id != 2 {
		t.Errorf("second packet of a sender has IP ID %d, want 2", again.Id)
	}
	if h := packets[1].NetworkLayer().(*layers.IPv6); h.HopLimit != 255 || h.TrafficClass != 0xc0 {
		t.Errorf("IPv6 hop limit %d class %#x, want 255 0xc0", h.HopLimit, h.TrafficClass)
	}
	if got, want := packets[0].LinkLayer().LinkFlow().String(), "02:00:cb:00:71:0b->02:00:d1:a5:c9:1f"; got != want {
		t.Errorf("stations %s, want %s", got, want)
	}
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.SectionInfo(), (pcapgo.NgSectionInfo{Application: "lisplab"}); got != want {
		t.Errorf("section header says %+v, want %+v", got, want)
	}
}

// TestEvents holds what can't be written, and that the error names the event and stays.
func TestEvents(t *testing.T) {
	tests := []struct {
		name   string
		events []underlay.Event
		want   string
	}{
		{"mixed families", []underlay.Event{{Kind: underlay.Datagram, Src: etr, Dst: v6(server)}}, "203.0.113.11:4342 > [2001:db8::d1a5:c91f]:4342"},
		{"no address", []underlay.Event{{Kind: underlay.Datagram, Dst: server}}, "address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, err := NewWriter(&bytes.Buffer{})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range tt.events {
				w.Observe(e)
			}
			if err := w.Flush(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

type fullDisk struct{ room int }

var errFull = errors.New("disk full")

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room -= len(b); d.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// TestDiskFull holds that a write error comes out of Flush, whenever it happened.
func TestDiskFull(t *testing.T) {
	for _, room := range []int{0, 5000} {
		w, err := NewWriter(&fullDisk{room})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			w.Observe(underlay.Event{At: boot, Kind: underlay.Datagram, Src: etr, Dst: server, Payload: mapRegister})
		}
		if err := w.Flush(); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: error %v, want %v", room, err, errFull)
		}
	}
}

// TestStreams holds, for any traffic on any number of connections, what a receiver counts on: every byte is there once and
// in order, sequence numbers have no gap, no segment is above the MSS, acknowledgments follow what was sent, and every
// checksum is right.
func TestStreams(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var events []underlay.Event
		sent := make(map[[2]netip.AddrPort][]byte)
		type pair struct{ client, server netip.AddrPort }
		var open []pair
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			if len(open) == 0 || rapid.IntRange(0, 9).Draw(rt, "dial") == 0 {
				p := pair{netip.AddrPortFrom(dialer.Addr(), uint16(20000+len(open))), server}
				if rapid.Bool().Draw(rt, "v6") {
					p = pair{v6(p.client), v6(p.server)}
				}
				open = append(open, p)
				events = append(events,
					underlay.Event{At: boot, Kind: underlay.Dial, Src: p.client, Dst: p.server, Conn: uint64(len(open)), Seq: rapid.Uint32().Draw(rt, "isn")},
					underlay.Event{At: boot, Kind: underlay.Accept, Src: p.server, Dst: p.client, Conn: uint64(len(open)), Seq: rapid.Uint32().Draw(rt, "isn")})
			}
			i := rapid.IntRange(0, len(open)-1).Draw(rt, "connection")
			src, dst := open[i].client, open[i].server
			if rapid.Bool().Draw(rt, "from the server") {
				src, dst = dst, src
			}
			payload := rapid.SliceOfN(rapid.Byte(), 1, 4000).Draw(rt, "bytes")
			events = append(events, underlay.Event{At: boot, Kind: underlay.Data, Src: src, Dst: dst, Conn: uint64(i + 1), Payload: payload})
			sent[[2]netip.AddrPort{src, dst}] = append(sent[[2]netip.AddrPort{src, dst}], payload...)
		}
		next := make(map[[2]netip.AddrPort]uint32)
		received := make(map[[2]netip.AddrPort][]byte)
		for i, p := range read(t, record(t, events)) {
			src, dst, h := tcpOf(p)
			if err := h.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
				rt.Fatal(err)
			}
			if err, mismatches := p.VerifyChecksums(); err != nil || len(mismatches) > 0 {
				rt.Fatalf("packet %d: checksums %v %v", i, err, mismatches)
			}
			way, back := [2]netip.AddrPort{src, dst}, [2]netip.AddrPort{dst, src}
			if want, known := next[way]; known && h.Seq != want {
				rt.Fatalf("packet %d: sequence number %d, want %d", i, h.Seq, want)
			}
			if want, known := next[back]; known && h.Ack != want {
				rt.Fatalf("packet %d: acknowledgment number %d, want %d", i, h.Ack, want)
			}
			if p.Metadata().Length > 14+control.mtu {
				rt.Fatalf("packet %d: %d bytes", i, p.Metadata().Length)
			}
			received[way] = append(received[way], h.Payload...)
			next[way] = h.Seq + uint32(len(h.Payload))
			if h.SYN {
				next[way]++
			}
		}
		for way, want := range sent {
			if !bytes.Equal(received[way], want) {
				rt.Fatalf("%v: %d bytes received, %d sent, not the same", way, len(received[way]), len(want))
			}
		}
	})
}

func tcpOf(p captured) (src, dst netip.AddrPort, h *layers.TCP) {
	h = p.TransportLayer().(*layers.TCP)
	at := func(e gopacket.Endpoint, port layers.TCPPort) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr(e.String()), uint16(port))
	}
	flow := p.NetworkLayer().NetworkFlow()
	return at(flow.Src(), h.SrcPort), at(flow.Dst(), h.DstPort), h
}

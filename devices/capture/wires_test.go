package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"lisplab/devices/underlay"
)

// way is xTR1 -- core -- New-MSMR, whose second segment takes smaller packets.
var way = []underlay.Hop{
	{From: underlay.Port{Node: 0, Interface: "Gi0"}, To: underlay.Port{Node: 1, Interface: "Gi1"},
		Sender: netip.MustParseAddr("203.0.113.11"), Receiver: netip.MustParseAddr("203.0.113.10"), MTU: 1500},
	{From: underlay.Port{Node: 1, Interface: "Gi2"}, To: underlay.Port{Node: 2, Interface: "Gi0"},
		Sender: netip.MustParseAddr("209.165.201.30"), Receiver: netip.MustParseAddr("209.165.201.31"), MTU: 1000},
}

// A tap sees a packet on each hop as it looks there: a TTL less behind the router, in the fragments that fit, between the
// stations of the neighbours; and the end of one that is lost only where it was last seen.
func TestWires(t *testing.T) {
	w := NewWires()
	var seen []string
	all := func(underlay.Hop) bool { return true }
	stop := w.Tap(all, func(f Frame) {
		ip := f.Data[14:]
		seen = append(seen, fmt.Sprintf("%s ttl %d length %d offset %d station %x %s", f.Hop.From.Interface, ip[8], binary.BigEndian.Uint16(ip[2:]),
			binary.BigEndian.Uint16(ip[6:])&0x1fff*8, f.Data[6:12], f.Lost))
	}, func(err error) { t.Error(err) })
	event := underlay.Event{At: boot, Kind: underlay.DatagramDropped, Src: etr, Dst: server, Payload: make([]byte, 1200), ID: 7, Way: way, Detail: "nobody is there"}
	w.Observe(event)
	stop()
	w.Observe(event) // nobody looks
	want := []string{
		"Gi0 ttl 255 length 1228 offset 0 station 0200cb00710b ",
		"Gi2 ttl 254 length 628 offset 0 station 0200d1a5c91e lost: nobody is there",
		"Gi2 ttl 254 length 620 offset 608 station 0200d1a5c91e lost: nobody is there",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("seen\n%q\nwant\n%q", seen, want)
	}
}

// Whenever a tap begins, it sees the same packets, identifications and sequence numbers included.
func TestLateTap(t *testing.T) {
	events := numbered(history())
	for i := range events {
		events[i].Way, events[i].Back = way[:1], way[:1]
	}
	w := NewWires()
	files := make([]bytes.Buffer, 2)
	var writers []*PlaceWriter
	begin := func(file int) {
		p, err := w.Write(&files[file], []Place{{Name: "xTR1", Port: way[0].From}})
		if err != nil {
			t.Fatal(err)
		}
		writers = append(writers, p)
	}
	begin(0)
	half := len(events) / 2
	for i, e := range events {
		if i == half {
			begin(1)
		}
		w.Observe(e)
	}
	for _, p := range writers {
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	all, late := dissect(t, files[0].Bytes()), dissect(t, files[1].Bytes())
	if len(late) == 0 || !slices.Equal(all[len(all)-len(late):], late) {
		t.Errorf("a late tap sees %d packets other than the last of the %d that the first sees", len(late), len(all))
	}
}

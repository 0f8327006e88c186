package capture

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"lisplab/devices/underlay"
)

var (
	boot   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	etr    = netip.MustParseAddrPort("203.0.113.11:4342")
	dialer = netip.MustParseAddrPort("203.0.113.11:15373")
	server = netip.MustParseAddrPort("209.165.201.31:4342")
)

// LISP messages between etr and server, for 10.10.10.0/24.
var (
	mapRegister = unhex("30000101 0102030405060708 00010014 679c3dc1a455c0fc5d923a7cb92cb37681fc0caa",
		"000005a0 01181000 0000 0001 0a0a0a00", "0164ff00 0005 0001 cb00710b")
	mapNotify = unhex("40000001 0102030405060708 00010014 dab61e9ae3b483ac611c02b56df181f23e2eb269",
		"000005a0 01180000 0000 0001 0a0a0a00", "0164ff00 0001 0001 cb00710b")
	refresh          = frame(20, unhex("0000 0000")[:3])
	registration     = frame(17, mapRegister)
	registrationACK  = frame(18, unhex("18 4003 00000220 000a 00000000 0001 0a0a0a00"))
	registrationNACK = frame(19, unhex("01 0000 18 4003 00000220 000a 00000000 0001 0a0a0a00"))
	mappingNotify    = frame(21, unhex("11112222333344445555666677778888 0000000000000001",
		"000005a0 01180000 0000 0001 0a0a0a00", "0164ff00 0001 0001 cb00710b"))
	errorNotification = frame(16, unhex("01 000000 0063 000c 00000007"))
)

func unhex(parts ...string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// frame is a reliable-transport message with ID 0.
func frame(messageType byte, data []byte) []byte {
	length := len(data) + 12
	b := append([]byte{0, messageType, byte(length >> 8), byte(length), 0, 0, 0, 0}, data...)
	return append(b, unhex("9facade9")...)
}

// TestPackets shows which packets each event becomes, read back from the file.
func TestPackets(t *testing.T) {
	tests := []struct {
		name   string
		events []underlay.Event
		want   string
	}{
		{
			name: "registration by UDP",
			events: []underlay.Event{
				{At: boot, Kind: underlay.Datagram, Src: etr, Dst: server, Payload: mapRegister},
				{At: boot, Kind: underlay.Datagram, Src: server, Dst: etr, Payload: mapNotify},
			},
			want: `
				0s 203.0.113.11:4342 > 209.165.201.31:4342 udp 64
				0s 209.165.201.31:4342 > 203.0.113.11:4342 udp 64`,
		},
		{
			name: "a register that is lost on its way",
			events: []underlay.Event{
				{At: boot, Kind: underlay.DatagramDropped, Src: etr, Dst: server, Payload: mapRegister, Detail: "link xTR1-Core1 is down"},
			},
			want: `
				0s 203.0.113.11:4342 > 209.165.201.31:4342 udp 64 (lost: link xTR1-Core1 is down)`,
		},
		{
			name: "a session, closed by the ETR",
			events: []underlay.Event{
				{At: boot.Add(1500 * time.Millisecond), Kind: underlay.Dial, Src: dialer, Dst: server, Conn: 1, Seq: 1000},
				{At: boot.Add(1500 * time.Millisecond), Kind: underlay.Accept, Src: server, Dst: dialer, Conn: 1, Seq: 4294967290, Ack: 1001},
				{At: boot.Add(1500 * time.Millisecond), Kind: underlay.Data, Src: server, Dst: dialer, Conn: 1, Payload: refresh},
				{At: boot.Add(1500 * time.Millisecond), Kind: underlay.Data, Src: dialer, Dst: server, Conn: 1, Payload: registration},
				{At: boot.Add(1500 * time.Millisecond), Kind: underlay.Data, Src: server, Dst: dialer, Conn: 1, Payload: join(registrationACK, mappingNotify)},
				{At: boot.Add(time.Hour), Kind: underlay.Close, Src: dialer, Dst: server, Conn: 1},
				{At: boot.Add(time.Hour), Kind: underlay.Close, Src: server, Dst: dialer, Conn: 1},
			},
			want: `
				1.5s 203.0.113.11:15373 > 209.165.201.31:4342 tcp S seq 1000 ack 0 mss 1460
				1.5s 209.165.201.31:4342 > 203.0.113.11:15373 tcp SA seq 4294967290 ack 1001 mss 1460
				1.5s 203.0.113.11:15373 > 209.165.201.31:4342 tcp A seq 1001 ack 4294967291
				1.5s 209.165.201.31:4342 > 203.0.113.11:15373 tcp PA seq 4294967291 ack 1001 data 15
				1.5s 203.0.113.11:15373 > 209.165.201.31:4342 tcp A seq 1001 ack 10
				1.5s 203.0.113.11:15373 > 209.165.201.31:4342 tcp PA seq 1001 ack 10 data 76
				1.5s 209.165.201.31:4342 > 203.0.113.11:15373 tcp A seq 10 ack 1077
				1.5s 209.165.201.31:4342 > 203.0.113.11:15373 tcp PA seq 10 ack 1077 data 95
				1.5s 203.0.113.11:15373 > 209.165.201.31:4342 tcp A seq 1077 ack 105
				1h0m0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp FA seq 1077 ack 105
				1h0m0s 209.165.201.31:4342 > 203.0.113.11:15373 tcp A seq 105 ack 1078
				1h0m0s 209.165.201.31:4342 > 203.0.113.11:15373 tcp FA seq 105 ack 1078
				1h0m0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp A seq 1078 ack 106`,
		},
		{
			name: "a Map-Server without the feature refuses",
			events: []underlay.Event{
				{At: boot, Kind: underlay.Dial, Src: dialer, Dst: server, Conn: 1, Seq: 7},
				{At: boot, Kind: underlay.Refuse, Src: server, Dst: dialer, Conn: 1},
			},
			want: `
				0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp S seq 7 ack 0 mss 1460
				0s 209.165.201.31:4342 > 203.0.113.11:15373 tcp RA seq 0 ack 8`,
		},
		{
			name: "a SYN without an answer",
			events: []underlay.Event{
				{At: boot, Kind: underlay.Dial, Src: dialer, Dst: server, Conn: 1, Seq: 7, Detail: "New-MSMR is stopped"},
				{At: boot.Add(30 * time.Second), Kind: underlay.DialTimeout, Src: dialer, Dst: server, Conn: 1},
			},
			want: `
				0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp S seq 7 ack 0 mss 1460 (lost: New-MSMR is stopped)`,
		},
		{
			name: "a session ends by a reset, another without a packet",
			events: []underlay.Event{
				{At: boot, Kind: underlay.Dial, Src: dialer, Dst: server, Conn: 1, Seq: 7},
				{At: boot, Kind: underlay.Accept, Src: server, Dst: dialer, Conn: 1, Seq: 70},
				{At: boot, Kind: underlay.Reset, Src: server, Dst: dialer, Conn: 1},
				{At: boot.Add(time.Minute), Kind: underlay.Dial, Src: dialer, Dst: server, Conn: 2, Seq: 8},
				{At: boot.Add(time.Minute), Kind: underlay.Accept, Src: server, Dst: dialer, Conn: 2, Seq: 80},
				{At: boot.Add(time.Hour), Kind: underlay.Lost, Src: dialer, Dst: server, Conn: 2},
			},
			want: `
				0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp S seq 7 ack 0 mss 1460
				0s 209.165.201.31:4342 > 203.0.113.11:15373 tcp SA seq 70 ack 8 mss 1460
				0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp A seq 8 ack 71
				0s 209.165.201.31:4342 > 203.0.113.11:15373 tcp RA seq 71 ack 8
				1m0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp S seq 8 ack 0 mss 1460
				1m0s 209.165.201.31:4342 > 203.0.113.11:15373 tcp SA seq 80 ack 9 mss 1460
				1m0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp A seq 9 ack 81`,
		},
		{
			name: "a long write is cut at the MSS and acknowledged as it goes",
			events: []underlay.Event{
				{At: boot, Kind: underlay.Dial, Src: dialer, Dst: server, Conn: 1},
				{At: boot, Kind: underlay.Accept, Src: server, Dst: dialer, Conn: 1},
				{At: boot, Kind: underlay.Data, Src: dialer, Dst: server, Conn: 1, Payload: bytes.Repeat(registration, 50)},
			},
			want: `
				0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp S seq 0 ack 0 mss 1460
				0s 209.165.201.31:4342 > 203.0.113.11:15373 tcp SA seq 0 ack 1 mss 1460
				0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp A seq 1 ack 1
				0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp A seq 1 ack 1 data 1460
				0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp A seq 1461 ack 1 data 1460
				0s 209.165.201.31:4342 > 203.0.113.11:15373 tcp A seq 1 ack 2921
				0s 203.0.113.11:15373 > 209.165.201.31:4342 tcp PA seq 2921 ack 1 data 880
				0s 209.165.201.31:4342 > 203.0.113.11:15373 tcp A seq 1 ack 3801`,
		},
		{
			name: "locators of IPv6",
			events: []underlay.Event{
				{At: boot, Kind: underlay.Dial, Src: v6(dialer), Dst: v6(server), Conn: 1},
				{At: boot, Kind: underlay.Accept, Src: v6(server), Dst: v6(dialer), Conn: 1},
				{At: boot, Kind: underlay.Data, Src: v6(dialer), Dst: v6(server), Conn: 1, Payload: bytes.Repeat(registration, 20)},
			},
			want: `
				0s [2001:db8::cb00:710b]:15373 > [2001:db8::d1a5:c91f]:4342 tcp S seq 0 ack 0 mss 1440
				0s [2001:db8::d1a5:c91f]:4342 > [2001:db8::cb00:710b]:15373 tcp SA seq 0 ack 1 mss 1440
				0s [2001:db8::cb00:710b]:15373 > [2001:db8::d1a5:c91f]:4342 tcp A seq 1 ack 1
				0s [2001:db8::cb00:710b]:15373 > [2001:db8::d1a5:c91f]:4342 tcp A seq 1 ack 1 data 1440
				0s [2001:db8::cb00:710b]:15373 > [2001:db8::d1a5:c91f]:4342 tcp PA seq 1441 ack 1 data 80
				0s [2001:db8::d1a5:c91f]:4342 > [2001:db8::cb00:710b]:15373 tcp A seq 1 ack 1521`,
		},
		{
			name: "a datagram above the MTU is fragmented",
			events: []underlay.Event{
				{At: boot, Kind: underlay.Datagram, Src: etr, Dst: server, Payload: make([]byte, 3000)},
				{At: boot, Kind: underlay.Datagram, Src: v6(etr), Dst: v6(server), Payload: make([]byte, 3000)},
			},
			want: `
				0s 203.0.113.11 > 209.165.201.31 fragment at 0 of 1480 bytes, more
				0s 203.0.113.11 > 209.165.201.31 fragment at 1480 of 1480 bytes, more
				0s 203.0.113.11 > 209.165.201.31 fragment at 2960 of 48 bytes
				0s 2001:db8::cb00:710b > 2001:db8::d1a5:c91f fragment at 0 of 1448 bytes, more
				0s 2001:db8::cb00:710b > 2001:db8::d1a5:c91f fragment at 1448 of 1448 bytes, more
				0s 2001:db8::cb00:710b > 2001:db8::d1a5:c91f fragment at 2896 of 112 bytes`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(dissect(t, record(t, tt.events)), "\n")
			want := strings.TrimSpace(strings.ReplaceAll(tt.want, "\t", ""))
			if got != want {
				t.Errorf("packets:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// v6 puts an IPv4 address into a documentation prefix.
func v6(a netip.AddrPort) netip.AddrPort {
	b := netip.MustParseAddr("2001:db8::").As16()
	v4 := a.Addr().As4()
	copy(b[12:], v4[:])
	return netip.AddrPortFrom(netip.AddrFrom16(b), a.Port())
}

// numbered gives events the sequence and acknowledgment numbers that the underlay tells: those of a Dial and an Accept are
// the initial ones.
func numbered(events []underlay.Event) []underlay.Event {
	next := make(map[uint64]map[netip.AddrPort]uint32)
	list := slices.Clone(events)
	for i := range list {
		e := &list[i]
		if e.Conn == 0 {
			continue
		}
		if e.Kind == underlay.Dial {
			next[e.Conn] = make(map[netip.AddrPort]uint32)
		}
		side := next[e.Conn]
		if e.Kind != underlay.Dial && e.Kind != underlay.Accept {
			e.Seq = side[e.Src]
		}
		e.Ack, side[e.Src] = side[e.Dst], e.Seq+uint32(len(e.Payload))
		if e.Kind == underlay.Dial || e.Kind == underlay.Accept || e.Kind == underlay.Close {
			side[e.Src]++
		}
	}
	return list
}

// record returns the capture of the events.
func record(t testing.TB, events []underlay.Event) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range numbered(events) {
		w.Observe(e)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// captured is one packet of a capture.
type captured struct {
	gopacket.Packet
	at      time.Duration // since boot
	comment string
}

// read takes a capture apart with pcapgo.
func read(t testing.TB, file []byte) []captured {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	if r.LinkType() != layers.LinkTypeEthernet {
		t.Fatalf("link type %v, want Ethernet", r.LinkType())
	}
	var packets []captured
	for {
		data, info, options, err := r.ReadPacketDataWithOptions()
		if err == io.EOF {
			return packets
		}
		if err != nil {
			t.Fatal(err)
		}
		p := captured{Packet: gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default), at: info.Timestamp.Sub(boot)}
		p.comment = strings.Join(options.Comments, "; ")
		if failure := p.ErrorLayer(); failure != nil {
			t.Fatalf("packet %d: %v", len(packets), failure.Error())
		}
		packets = append(packets, p)
	}
}

// dissect tells a capture in one line a packet.
func dissect(t testing.TB, file []byte) (lines []string) {
	t.Helper()
	for _, p := range read(t, file) {
		line := fmt.Sprintf("%v %s", p.at, describe(p))
		if p.comment != "" {
			line += " (" + p.comment + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func describe(p captured) string {
	flow := p.NetworkLayer().NetworkFlow()
	src, _ := netip.ParseAddr(flow.Src().String())
	dst, _ := netip.ParseAddr(flow.Dst().String())
	if ip, ok := p.NetworkLayer().(*layers.IPv4); ok && (ip.FragOffset > 0 || ip.Flags&layers.IPv4MoreFragments != 0) {
		return describeFragment(src, dst, int(ip.FragOffset), len(ip.Payload), ip.Flags&layers.IPv4MoreFragments != 0)
	}
	if h, ok := p.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment); ok {
		return describeFragment(src, dst, int(h.FragmentOffset), len(h.Payload), h.MoreFragments)
	}
	switch h := p.TransportLayer().(type) {
	case *layers.UDP:
		return fmt.Sprintf("%v > %v udp %d", netip.AddrPortFrom(src, uint16(h.SrcPort)), netip.AddrPortFrom(dst, uint16(h.DstPort)), len(h.Payload))
	case *layers.TCP:
		s := fmt.Sprintf("%v > %v tcp %s seq %d ack %d", netip.AddrPortFrom(src, uint16(h.SrcPort)), netip.AddrPortFrom(dst, uint16(h.DstPort)), flags(h), h.Seq, h.Ack)
		for _, o := range h.Options {
			if o.OptionType == layers.TCPOptionKindMSS {
				s += fmt.Sprintf(" mss %d", int(o.OptionData[0])<<8|int(o.OptionData[1]))
			}
		}
		if len(h.Payload) > 0 {
			s += fmt.Sprintf(" data %d", len(h.Payload))
		}
		return s
	}
	return p.String()
}

func describeFragment(src, dst netip.Addr, units, size int, more bool) string {
	s := fmt.Sprintf("%v > %v fragment at %d of %d bytes", src, dst, units*8, size)
	if more {
		s += ", more"
	}
	return s
}

func flags(h *layers.TCP) (s string) {
	for _, f := range []struct {
		set  bool
		name string
	}{{h.SYN, "S"}, {h.FIN, "F"}, {h.RST, "R"}, {h.PSH, "P"}, {h.ACK, "A"}} {
		if f.set {
			s += f.name
		}
	}
	return s
}

package underlay

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lisplab/devices/packet"
	"lisplab/lispcore/checksum"
	"lisplab/lispcore/forward"
)

// aCable is the lanes of one cable, left -- right, with a seed.
func aCable(seed uint64, i Impairment) *lanes {
	m := newModel([]Link{{A: Port{0, "Gi0"}, B: Port{1, "Gi0"}, Up: true}}, nil)
	m.nodes = []*node{{name: "left"}, {index: 1, name: "right"}}
	l := newLanes(&m, rand.New(rand.NewPCG(seed, 2)))
	l.Impair(0, false, i)
	return &l
}

// across has a frame cross the cable from left to right.
func (l *lanes) across(frame []byte) ([]crossing, string) {
	out, _, lost := l.treat(start, Port{0, "Gi0"}, Port{1, "Gi0"}, frame)
	return out, lost
}

// ethernet puts something into a frame, and frameOf an IP packet.
func ethernet(etherType uint16, b []byte) []byte {
	frame := slices.Concat([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0, 0}, b)
	binary.BigEndian.PutUint16(frame[etherTypeAt:], etherType)
	return frame
}

func frameOf(b []byte) []byte {
	return ethernet(map[byte]uint16{4: etherTypeIPv4, 6: etherTypeIPv6}[b[0]>>4], b)
}

var (
	header4 = packet.Header{Source: netip.MustParseAddr("10.0.0.1"), Destination: netip.MustParseAddr("10.0.0.2"), TTL: 64, ID: 7}
	header6 = packet.Header{Source: netip.MustParseAddr("2001:db8::1"), Destination: netip.MustParseAddr("2001:db8::2"), TTL: 64}
	arp     = ethernet(0x0806, make([]byte, 28))
)

// register is a Map-Register as far as a cable has to know it: with 20 bytes of authentication data.
func register() []byte {
	b := make([]byte, 60)
	b[0], b[authLengthAt+1] = typeMapRegister<<4, 20
	return b
}

// bare takes the checksum of a UDP packet away: LISP data over IPv4 has none.
func bare(b []byte) []byte {
	udp := b[packet.IPv4HeaderSize:]
	udp[6], udp[7] = 0, 0
	return b
}

func fragmentsOf(b []byte) [][]byte {
	list, err := forward.Fragment(nil, b, 200)
	if err != nil {
		panic(err)
	}
	return list
}

// rightSums tells whether every checksum that a packet has is right: that of IPv4, and that of what it carries.
func rightSums(b []byte) bool {
	p, err := forward.Parse(b)
	if err != nil {
		return false
	}
	c, ok := framed{p, b}.checksum()
	if !ok || c.at < p.HeaderLen || p.MF {
		return true // forward.Parse has seen to the IPv4 header
	}
	var pseudo []byte
	if p.Protocol != protocolICMP {
		pseudo = binary.BigEndian.AppendUint16(nil, uint16(p.Length-p.HeaderLen))
		pseudo = append(slices.Concat(pseudo, p.Source.AsSlice(), p.Destination.AsSlice()), 0, p.Protocol)
	}
	return checksum.Sum(checksum.Partial(0, pseudo), b[p.HeaderLen:p.Length]) == 0
}

// changes are the places at which two frames differ.
func changes(a, b []byte) (at []int) {
	for i := range a {
		if a[i] != b[i] {
			at = append(at, i)
		}
	}
	return at
}

func TestTreat(t *testing.T) {
	control := frameOf(packet.UDP(header4, 4342, 4342, register()))
	control6 := frameOf(packet.UDP(header6, 4342, 4342, register()))
	data := frameOf(bare(packet.UDP(header4, 50000, 4341, make([]byte, 100))))
	echo, echo6 := frameOf(packet.Echo(header4, false, 1, 1, []byte("hello"))), frameOf(packet.Echo(header6, false, 1, 1, nil))
	syn := frameOf(packet.TCP(header4, 11000, 4342))
	large := fragmentsOf(packet.UDP(header4, 4342, 9999, make([]byte, 600)))
	solicitation := slices.Clone(echo6)
	solicitation[ethernetHeader+ipv6Header] = 135
	unknown6 := slices.Clone(echo6)
	unknown6[ethernetHeader+6] = 50 // ESP

	const right, wrong, untouched = "right sums", "wrong sums", "untouched"
	both := Impairment{Corrupt: 100, Checksum: 100}
	for name, row := range map[string]struct {
		does  Impairment
		frame []byte
		want  string
	}{
		"nothing is done":                               {Impairment{}, control, untouched},
		"a frame is lost":                               {Impairment{Loss: 100}, arp, "lost on the link left -- right"},
		"a blocked port":                                {Impairment{Blocked: []Service{{TCP: true, Port: 4342}}}, syn, "the link left -- right blocks TCP 4342"},
		"a blocked port, as the source":                 {Impairment{Blocked: []Service{{Port: 4342}}}, frameOf(large[0]), "the link left -- right blocks UDP 4342"},
		"a later fragment is not blocked":               {Impairment{Blocked: []Service{{Port: 4342}}}, frameOf(large[1]), untouched},
		"the same port of another protocol":             {Impairment{Blocked: []Service{{Port: 4342}}}, syn, untouched},
		"a corrupted Map-Register":                      {Impairment{Corrupt: 100}, control, right},
		"a corrupted Map-Register over IPv6":            {Impairment{Corrupt: 100}, control6, right},
		"a corrupted echo":                              {Impairment{Corrupt: 100}, echo, wrong},
		"a corrupted echo over IPv6":                    {Impairment{Corrupt: 100}, echo6, wrong},
		"a corrupted SYN":                               {Impairment{Corrupt: 100}, syn, wrong},
		"corrupted LISP data, without UDP checksum":     {Impairment{Corrupt: 100}, data, wrong},
		"a corrupted later fragment":                    {Impairment{Corrupt: 100}, frameOf(large[1]), wrong},
		"a wrong checksum of a Map-Register":            {Impairment{Checksum: 100}, control, wrong},
		"a wrong checksum where UDP had none":           {Impairment{Checksum: 100}, data, wrong},
		"a wrong checksum of an echo":                   {Impairment{Checksum: 100}, echo, wrong},
		"both of a Map-Register":                        {both, control, wrong},
		"both of an echo":                               {both, echo, wrong},
		"ARP has no checksum that could be wrong":       {both, arp, untouched},
		"nor may what finds neighbors over IPv6":        {both, solicitation, untouched},
		"no checksum at all: it is as good as lost":     {both, unknown6, "damaged on the link left -- right"},
		"a frame that is too short to be one":           {both, arp[:9], untouched},
		"an IP packet that is shorter than it says":     {both, echo[:40], untouched},
		"a packet of another version than the frame is": {both, ethernet(etherTypeIPv6, echo[ethernetHeader:]), untouched},
	} {
		before := slices.Clone(row.frame)
		out, lost := aCable(1, row.does).across(row.frame)
		if !bytes.Equal(row.frame, before) {
			t.Errorf("%s: the frame itself was changed", name)
		}
		got := lost
		if lost == "" {
			switch frame := out[0].frame; {
			case bytes.Equal(frame, before):
				got = untouched
			case rightSums(frame[ethernetHeader:]):
				got = right
			default:
				got = wrong
			}
		}
		if got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

// When copies of a frame come off a cable.
func TestTreatInTime(t *testing.T) {
	frame := frameOf(packet.UDP(header4, 1, 2, make([]byte, 97))) // 125 bytes of IP: a second at 1000 bit/s
	for name, row := range map[string]struct {
		does Impairment
		want []time.Duration
	}{
		"a delay":   {Impairment{Delay: 300 * time.Millisecond}, []time.Duration{300 * time.Millisecond}},
		"a rate":    {Impairment{Rate: 1000, Delay: time.Second}, []time.Duration{2 * time.Second}},
		"twice":     {Impairment{Duplicate: 100}, []time.Duration{0, 0}},
		"held back": {Impairment{Duplicate: 100, Reorder: 100}, []time.Duration{ReorderGap, ReorderGap}},
	} {
		out, lost := aCable(1, row.does).across(frame)
		var got []time.Duration
		for _, c := range out {
			got = append(got, c.at.Sub(start))
			if !bytes.Equal(c.frame, frame) {
				t.Errorf("%s: another frame came off", name)
			}
		}
		if lost != "" || !slices.Equal(got, row.want) {
			t.Errorf("%s: after %v (%s), want %v", name, got, lost, row.want)
		}
	}
}

// A cable with a rate holds up what comes behind, and loses what its queue has no room for.
func TestTreatQueues(t *testing.T) {
	l := aCable(1, Impairment{Rate: 1000})
	frame := frameOf(packet.UDP(header4, 1, 2, make([]byte, 97)))
	for i := 1; ; i++ {
		out, lost := l.across(frame)
		if lost != "" {
			if want := QueuePackets*DefaultMTU/125 + 1; i != want+1 || !strings.Contains(lost, "queue") {
				t.Errorf("frame %d: %s; there is room for %d", i, lost, want)
			}
			return
		}
		if got := out[0].at.Sub(start); got != time.Duration(i)*time.Second {
			t.Fatalf("frame %d comes off after %v", i, got)
		}
	}
}

// aPacket draws a frame with a packet whose checksums are right.
func aPacket(t *rapid.T) []byte {
	h := rapid.SampledFrom([]packet.Header{header4, header6}).Draw(t, "header")
	data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
	port := rapid.Uint16().Draw(t, "port")
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return frameOf(packet.Echo(h, port%2 == 0, 1, 2, data))
	case 1:
		return frameOf(packet.TCP(h, port, 4342))
	case 2:
		return frameOf(packet.UDP(h, 9999, port|1<<15, data))
	}
	message := slices.Concat(register(), data)
	message[0] = rapid.SampledFrom([]byte{typeMapRequest, typeMapReply, typeMapRegister, typeMapNotify, typeMapNotifyAck}).Draw(t, "type") << 4
	return frameOf(packet.UDP(h, port, 4342, message))
}

// What a cable does not damage comes off it with right checksums; what it corrupts differs in one byte, beside a checksum,
// which of LISP's messages is right still; and a wrong checksum is all that is changed by that.
func TestTreatedFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		does := Impairment{
			Corrupt: rapid.SampledFrom([]uint8{0, 50, 100}).Draw(t, "corrupt"), Checksum: rapid.SampledFrom([]uint8{0, 50, 100}).Draw(t, "checksum"),
			Duplicate: 50, Jitter: time.Second,
		}
		frame := aPacket(t)
		p, ok := packetIn(frame)
		if !ok || !rightSums(p.data) {
			t.Fatalf("%x: no packet with right checksums", frame)
		}
		out, lost := aCable(rapid.Uint64().Draw(t, "seed"), does).across(frame)
		if lost != "" {
			t.Fatalf("lost: %s", lost)
		}
		sums, _ := p.checksum()
		sum := ethernetHeader + sums.at
		message, _ := p.udp()
		lisp := len(message) >= len(register())
		for _, c := range out {
			diff := changes(frame, c.frame)
			data := slices.DeleteFunc(slices.Clone(diff), func(i int) bool { return i == sum || i == sum+1 })
			right := rightSums(c.frame[ethernetHeader:])
			switch {
			case len(c.frame) != len(frame):
				t.Fatalf("%d bytes became %d", len(frame), len(c.frame))
			case len(diff) == 0 && (!right || does.Corrupt == 100 || does.Checksum == 100):
				t.Fatal("nothing was changed")
			case len(data) > 1, len(data) > 0 && does.Corrupt == 0, len(diff) > 0 && does.Corrupt == 0 && does.Checksum == 0:
				t.Fatalf("changed at %v; the checksum is at %d", diff, sum)
			case right && len(diff) > 0 && (does.Checksum == 100 || !lisp):
				t.Fatalf("the checksum is right, and the bytes at %v are changed", diff)
			case !right && lisp && does.Checksum == 0:
				t.Fatalf("the checksum of a LISP message is wrong: changed at %v", diff)
			case p.Protocol == protocolUDP && binary.BigEndian.Uint16(c.frame[sum:]) == 0:
				t.Fatal("the UDP checksum has become none")
			}
		}
	})
}

// Whatever a node puts on the wire is treated.
func FuzzTreat(f *testing.F) {
	f.Add(uint8(100), uint8(0), frameOf(packet.UDP(header4, 4342, 4342, register())))
	f.Add(uint8(0), uint8(100), frameOf(packet.TCP(header6, 1, 4342)))
	f.Add(uint8(50), uint8(50), frameOf(packet.Echo(header6, false, 1, 2, []byte("x"))))
	f.Add(uint8(100), uint8(100), arp)
	for _, b := range fragmentsOf(packet.UDP(header4, 4342, 9999, make([]byte, 600))) {
		f.Add(uint8(100), uint8(0), frameOf(b))
	}
	f.Fuzz(func(t *testing.T, corrupt, checksum uint8, frame []byte) {
		before := slices.Clone(frame)
		out, lost := aCable(1, Impairment{
			Corrupt: corrupt, Checksum: checksum, Duplicate: 50, Rate: 1e6, Blocked: []Service{{TCP: true, Port: 22}},
		}).across(frame)
		if (lost == "") != (len(out) > 0) || !bytes.Equal(frame, before) {
			t.Errorf("%x: %d come off (%s)", before, len(out), lost)
		}
		for _, c := range out {
			if len(c.frame) != len(frame) || c.at.Before(start) {
				t.Errorf("%x: %x comes off at %v", frame, c.frame, c.at)
			}
		}
	})
}

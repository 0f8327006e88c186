package forward

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// pieces describes fragments: "length@offset" with a + where more follow.
func pieces(t testing.TB, fragments [][]byte) (text string) {
	for _, f := range fragments {
		p := mustParse(t, f)
		more := ""
		if p.MF {
			more = "+"
		}
		text += fmt.Sprintf(" %d@%d%s", p.Length, p.FragmentOffset, more)
	}
	return text
}

// RFC 9300 section 7.1: what is too big for the tunnel is cut into two pieces of equal size before it is encapsulated.
func TestRFC9300_7_1_TwoEqualFragments(t *testing.T) {
	for _, v := range []struct {
		size, mtu int
		want      string
	}{
		{1500, 1464, " 764@0+ 756@744"},
		{1465, 1464, " 748@0+ 737@728"},
		{1464, 1464, " 1464@0"},
		{84, 1464, " 84@0"},
		{2928, 1464, " 996@0+ 996@976+ 976@1952"}, // two pieces of 1464 hold less: each has a header
		{4000, 1464, " 1348@0+ 1348@1328+ 1344@2656"},
		{84, 28, " 28@0+ 28@8+ 28@16+ 28@24+ 28@32+ 28@40+ 28@48+ 28@56"},
	} {
		got, err := Fragment(nil, newIPv4("10.0.0.1", "10.0.0.2", 64, 0, 1, make([]byte, v.size-20)), v.mtu)
		if err != nil {
			t.Fatal(err)
		}
		if got := pieces(t, got); got != v.want {
			t.Errorf("%d bytes, MTU %d\n got%s\nwant%s", v.size, v.mtu, got, v.want)
		}
	}
}

// A fragment is cut into fragments of the same packet.
func TestFragmentOfAFragment(t *testing.T) {
	middle := with(newIPv4("10.0.0.1", "10.0.0.2", 64, 0, 1, make([]byte, 1480)), func(b []byte) {
		binary.BigEndian.PutUint16(b[ipv4Fragment:], flagMF|185)
	})
	got, err := Fragment(nil, middle, 1464)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pieces(t, got), " 764@1480+ 756@2224+"; got != want {
		t.Errorf("\n got%s\nwant%s", got, want)
	}
}

func TestFragmentRefuses(t *testing.T) {
	for _, v := range []struct {
		name   string
		packet []byte
		mtu    int
		want   error
	}{
		{"DF", with(ping4(), func(b []byte) { b[ipv4Fragment] = 0x40 }), 83, ErrDontFragment},
		{"IPv6", ping6(), 103, ErrDontFragment},
		{"no room for 8 bytes", ping4(), 27, ErrMTU},
		{"no room for the header", ping4(), 0, ErrMTU},
		{"no packet", nil, 1464, ErrShort},
		{"DF, but it fits", with(ping4(), func(b []byte) { b[ipv4Fragment] = 0x40 }), 84, nil},
		{"IPv6, but it fits", ping6(), 104, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			got, err := Fragment([][]byte{{1}}, v.packet, v.mtu)
			if !errors.Is(err, v.want) {
				t.Errorf("%v, want %v", err, v.want)
			}
			if want := map[bool]int{true: 2, false: 1}[v.want == nil]; len(got) != want || got[0][0] != 1 {
				t.Errorf("%d pieces, want %d", len(got), want)
			}
		})
	}
}

// RFC 791 section 3.1: options without the copied flag stay in the first fragment.
func TestRFC791_3_1_OptionsOfLaterFragments(t *testing.T) {
	for _, v := range []struct{ name, options, later string }{
		{"record route stays", "07070400000000 00", ""},
		{"loose source route goes along", "8307040a000001 00", "8307040a000001 00"},
		{"the first of three goes along, and is padded", "94040000 01 0703040000 0000", "94040000"},
		{"an option that is no longer than itself is the end", "8300000000000000", ""},
		{"an option that is longer than the header is the end", "01830c0000000000", ""},
	} {
		t.Run(v.name, func(t *testing.T) {
			options := unhex(t, v.options)
			b := newIPv4("10.0.0.1", "10.0.0.2", 64, 0, 17, append(options, make([]byte, 100)...))
			b[0] += byte(len(options) / 4)
			sum4(b)
			got, err := Fragment(nil, b, 88)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 2 {
				t.Fatalf("%d pieces", len(got))
			}
			for i, want := range [][]byte{options, unhex(t, v.later)} {
				p := mustParse(t, got[i])
				if header := got[i][ipv4HeaderLen:p.HeaderLen]; !bytes.Equal(header, want) {
					t.Errorf("piece %d has the options %x, want %x", i+1, header, want)
				}
			}
		})
	}
}

// Whatever is cut can be put together again: no byte is lost, doubled or moved, no piece is larger than the MTU, and none
// but the last ends off a unit of 8.
func TestFragmentProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := genIPv4().Draw(t, "packet")
		mtu := rapid.IntRange(68, 2000).Draw(t, "MTU")
		whole, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Fragment(nil, b, mtu)
		if err != nil {
			t.Fatal(err)
		}
		var payload []byte
		for i, f := range got {
			p, err := Parse(f)
			if err != nil {
				t.Fatal(err)
			}
			last := i == len(got)-1
			if p.Length != len(f) || len(f) > mtu || p.FragmentOffset != whole.FragmentOffset+len(payload) || p.MF != (whole.MF || !last) {
				t.Fatalf("piece %d of %d bytes, MTU %d: %+v of %+v", i+1, len(f), mtu, p, whole)
			}
			if p.ID != whole.ID || p.TTL != whole.TTL || p.TOS != whole.TOS || p.Protocol != whole.Protocol || p.Source != whole.Source || p.Destination != whole.Destination {
				t.Fatalf("piece %d is of another packet: %+v of %+v", i+1, p, whole)
			}
			payload = append(payload, f[p.HeaderLen:]...)
		}
		if !bytes.Equal(payload, b[whole.HeaderLen:whole.Length]) {
			t.Fatal("put together it is another packet")
		}
	})
}

// A caller whose list held the packet itself does not get it overwritten.
func TestFragmentLeavesThePacketAlone(t *testing.T) {
	packet := newIPv4("10.0.0.1", "10.0.0.2", 64, 0, 1, make([]byte, 1480))
	before := bytes.Clone(packet)
	for _, mtu := range []int{1464, 1500} {
		list := [][]byte{packet, packet[20:40]}
		got, err := Fragment(list[:0], packet, mtu)
		if err != nil {
			t.Fatal(err)
		}
		got[0][0]++
		if !bytes.Equal(packet, before) {
			t.Fatalf("MTU %d: the packet has changed", mtu)
		}
	}
}

func FuzzFragment(f *testing.F) {
	f.Add(ping4(), 60)
	f.Add(newIPv4("10.0.0.1", "10.0.0.2", 64, 0, 17, make([]byte, 3000)), 1464)
	f.Fuzz(func(t *testing.T, b []byte, mtu int) {
		before := bytes.Clone(b)
		got, err := Fragment(nil, b, mtu)
		if !bytes.Equal(b, before) {
			t.Fatal("the packet has changed")
		}
		if err != nil && len(got) != 0 {
			t.Fatalf("%v, but there are %d pieces", err, len(got))
		}
		for _, piece := range got {
			if p := mustParse(t, piece); p.Length > max(mtu, 28) {
				t.Fatalf("a piece of %d bytes, MTU %d", p.Length, mtu)
			}
		}
	})
}

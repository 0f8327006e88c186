package underlay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lisplab/devices/packet"
	"lisplab/lispcore/checksum"
)

// pairGround is a Ground whose wires end in the test's hands.
type pairGround struct {
	asItIs
	relayed map[Port]bool
	hands   map[Port]int // the other ends of the wires
	broken  Port         // has none
}

func (g *pairGround) Relay(at Port, on bool) error {
	g.relayed[at] = on
	return nil
}

func (g *pairGround) Wire(at Port) (*os.File, error) {
	if at == g.broken {
		return nil, errors.New("no wire here")
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	g.hands[at] = pair[1]
	return os.NewFile(uintptr(pair[0]), "wire"), nil
}

func (g *pairGround) Counters(at Port) (Counters, error) {
	return Counters{In: Traffic{Packets: 7}, OutputDrops: 1}, nil
}

// someOffload stands before all frames: they are to be cut into segments.
var someOffload = offload{offloadFlags: needsChecksum, offloadCut: unix.VIRTIO_NET_HDR_GSO_TCPV4, offloadStart: 34, offloadAt: 16}

// cableWorld is two routers, left -- right, on a pairGround.
type cableWorld struct {
	*Kernel
	t           *testing.T
	ground      *pairGround
	left, right Port
}

func newCable(t *testing.T) *cableWorld {
	t.Helper()
	w := &cableWorld{t: t, left: Port{0, "Gi0"}, right: Port{1, "Gi0"}}
	w.ground = &pairGround{relayed: make(map[Port]bool), hands: make(map[Port]int)}
	w.Kernel = NewKernel(KernelConfig{
		Names: []string{"left", "right"}, Links: []Link{{A: w.left, B: w.right, Up: true}}, Ground: w.ground,
		Chance: rand.New(rand.NewPCG(1, 2)),
	})
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		for _, fd := range w.ground.hands {
			_ = unix.Close(fd)
		}
	})
	return w
}

func (w *cableWorld) impair(backward bool, i Impairment) {
	w.Impair(0, backward, i)
	w.Update(start)
}

// send has a node send a frame, which the lab takes in at an instant.
func (w *cableWorld) send(from Port, now time.Time, frame []byte) {
	w.t.Helper()
	if _, err := unix.Write(w.ground.hands[from], append(someOffload[:], frame...)); err != nil {
		w.t.Fatal(err)
	}
	select {
	case a := <-w.Arrivals():
		a(now)
	case <-time.After(10 * time.Second):
		w.t.Fatal("nobody has read the frame")
	}
}

// gets holds that a node has got these frames, and no others, since it was last asked.
func (w *cableWorld) gets(at Port, want ...[]byte) {
	w.t.Helper()
	var got [][]byte
	for {
		b := make([]byte, 2000)
		n, err := unix.Read(w.ground.hands[at], b)
		if err != nil || n == 0 { // no more, or the wire has been taken away
			break
		}
		frame, ok := bytes.CutPrefix(b[:n], someOffload[:])
		if !ok {
			w.t.Errorf("%s gets a frame with another offload than its sender's: %x", w.nodes[at.Node].name, b[:n])
		}
		got = append(got, frame)
	}
	if !slices.EqualFunc(got, want, bytes.Equal) {
		w.t.Errorf("%s gets %d frames %x, want %x", w.nodes[at.Node].name, len(got), got, want)
	}
}

// due lets everything arrive that is due.
func (w *cableWorld) due(now time.Time) {
	w.t.Helper()
	for at, armed := w.Deadline(); armed && !at.After(now); at, armed = w.Deadline() {
		if _, err := w.Tick(now); err != nil {
			w.t.Fatal(err)
		}
	}
}

// A segment is the lab's while a link of it is impaired, and until the last frame has arrived that was under way then.
func TestRelay(t *testing.T) {
	w := newCable(t)
	w.Update(start)
	if len(w.ground.relayed) != 0 {
		t.Error("a segment is relayed, and no link is impaired")
	}
	first, second, third := frameOf([]byte("E first")), frameOf([]byte("E second")), frameOf([]byte("E third"))
	w.impair(false, Impairment{Delay: 100 * time.Millisecond})
	if !w.ground.relayed[w.left] {
		t.Fatal("the segment is not relayed, and its link delays")
	}

	w.send(w.left, start, first)
	w.due(start.Add(99 * time.Millisecond))
	w.gets(w.right)
	w.due(start.Add(100 * time.Millisecond))
	w.gets(w.right, first)
	w.send(w.right, start, second) // the other way is as it was
	w.gets(w.left, second)

	w.send(w.left, start, first)
	w.impair(false, Impairment{})
	w.send(w.left, start, third)
	w.gets(w.right, third)
	if !w.ground.relayed[w.left] {
		t.Error("the segment was given back with a frame under way")
	}
	w.due(start.Add(time.Second))
	w.gets(w.right, first)
	if w.ground.relayed[w.left] {
		t.Error("the segment was not given back")
	}
	if _, err := unix.Write(w.ground.hands[w.left], first); err == nil {
		t.Error("the wire is open still")
	}
	if _, armed := w.Deadline(); armed {
		t.Error("a timer runs, and nothing is under way")
	}
	if err := w.Quiet(start); err != nil {
		t.Error(err)
	}
	if got := w.Stats(); got.Relayed != 4 || got.Lost != 0 {
		t.Errorf("%d frames relayed, %d lost", got.Relayed, got.Lost)
	}
}

// What a link loses is lost; a change from one impairment to another leaves the wires where they are.
func TestRelayLoses(t *testing.T) {
	w := newCable(t)
	w.impair(true, Impairment{Loss: 100})
	wire := w.ground.hands[w.left]
	w.send(w.right, start, arp)
	w.gets(w.left)
	w.impair(true, Impairment{Duplicate: 100})
	w.send(w.right, start, arp)
	w.gets(w.left, arp, arp)
	if got := w.Stats(); got.Relayed != 2 || got.Lost != 1 || wire != w.ground.hands[w.left] {
		t.Errorf("%d frames relayed, %d lost, by another wire: %t", got.Relayed, got.Lost, wire != w.ground.hands[w.left])
	}
}

// A segment that can't be relayed is the kernel's again, and the error is told.
func TestRelayFails(t *testing.T) {
	w := newCable(t)
	w.ground.broken = w.right
	w.impair(false, Impairment{Loss: 100})
	if err := w.Quiet(start); err == nil || !strings.Contains(err.Error(), "no wire here") {
		t.Errorf("the error is %v", err)
	}
	if w.ground.relayed[w.left] {
		t.Error("the segment is nobody's")
	}
	if _, err := unix.Write(w.ground.hands[w.left], arp); err == nil {
		t.Error("the other wire is open still")
	}
}

// On a LAN a frame goes to whom it is for; to all when it is for all, or for somebody whom nobody knows. On a cable it goes to
// the other end.
func TestReceivers(t *testing.T) {
	a, b, c := Port{0, "a"}, Port{1, "b"}, Port{2, "c"}
	lan := &relay{ends: []Port{a, b, c}, stations: map[string]Port{"MAC-.a": a, "MAC-.b": b}}
	cable := &relay{ends: []Port{a, b}}
	for _, test := range []struct {
		relay *relay
		to    string
		want  []Port
	}{
		{lan, "MAC-.b", []Port{b}}, {lan, "MAC-.a", nil}, {lan, "\xff\xff\xff\xff\xff\xff", []Port{b, c}}, {lan, "MAC-.x", []Port{b, c}},
		{cable, "MAC-.x", []Port{b}},
	} {
		frame := append([]byte(test.to), arp[6:]...)
		if got := test.relay.receivers(a, frame); !slices.Equal(got, test.want) {
			t.Errorf("a frame of a to %q goes to %v, want %v", test.to, got, test.want)
		}
	}
	if got := cable.receivers(a, []byte("short")); got != nil {
		t.Errorf("no frame at all goes to %v", got)
	}
}

// A checksum that a frame's sender has left open is right before a link does something to the frame.
func TestOpenChecksum(t *testing.T) {
	const udpAt = ethernetHeader + ipv4Header
	want := frameOf(packet.UDP(header4, 4342, 4342, register()))
	if want[udpAt+6]|want[udpAt+7] == 0 {
		t.Fatal("the frame has no checksum")
	}
	frame := slices.Clone(want)
	pseudo := slices.Concat(frame[ethernetHeader+12:udpAt], []byte{0, protocolUDP}, frame[udpAt+4:udpAt+6])
	binary.BigEndian.PutUint16(frame[udpAt+6:], uint16(checksum.Partial(0, pseudo)))
	o := offload{offloadFlags: needsChecksum}
	binary.NativeEndian.PutUint16(o[offloadStart:], udpAt)
	binary.NativeEndian.PutUint16(o[offloadAt:], 6)
	if o.finish(frame); o != (offload{}) || !bytes.Equal(frame, want) {
		t.Errorf("offload %v, frame\n%x, want\n%x", o, frame, want)
	}
}

// What the lab drops beside the kernel is added to what the kernel counts, at the port where it was dropped.
func TestRelayCounts(t *testing.T) {
	w := newCable(t)
	holds := func(at Port, want Counters) {
		t.Helper()
		want.In.Packets += 7
		want.OutputDrops++
		if got, ok := w.Counters(start, at); got != want || !ok {
			t.Errorf("%s has counted %+v, want %+v", w.nodes[at.Node].name, got, want)
		}
	}
	w.impair(false, Impairment{Rate: 64000})
	full := frameOf(append([]byte{0x45}, make([]byte, DefaultMTU-1)...))
	for range QueuePackets + 1 + 3 {
		w.send(w.left, start, full)
	}
	holds(w.left, Counters{OutputDrops: 3, Queued: QueuePackets})
	holds(w.right, Counters{})

	w.impair(false, Impairment{Checksum: 100})
	unknown6 := frameOf(packet.UDP(header6, 1, 2, nil))
	unknown6[ethernetHeader+6] = 59 // no next header, and so no checksum
	w.send(w.left, start, unknown6)
	holds(w.right, Counters{InputErrors: 1, CRC: 1})
	if err := w.SetPower(0, false); err != nil {
		t.Fatal(err)
	}
	holds(w.left, Counters{})
}

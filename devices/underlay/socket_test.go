package underlay

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
)

// send carries a datagram from a to b, outside any script.
func (w *world) send(payload []byte) ([]Delivery, error) {
	return w.n.Carry(w.now, 0, lispcore.SendDatagram{From: netip.AddrPortFrom(worldAddrs[0], lispcore.ControlPort),
		To: netip.AddrPortFrom(worldAddrs[2], lispcore.ControlPort), Payload: payload})
}

func TestDatagrams(t *testing.T) {
	w := newWorld(t)
	for _, size := range []int{0, 1, 1400, maxDatagram} {
		payload := bytes.Repeat([]byte{7}, size)
		ds, err := w.send(payload)
		if err != nil || len(ds) != 1 {
			t.Fatalf("%d bytes: %v, %v", size, ds, err)
		}
		in := ds[0].Input.(lispcore.Datagram)
		if ds[0].Node != 2 || !bytes.Equal(in.Payload, payload) || in.From.Addr() != worldAddrs[0] || in.To.Addr() != worldAddrs[2] {
			t.Errorf("%d bytes: router %d got %d bytes from %v to %v", size, ds[0].Node, len(in.Payload), in.From, in.To)
		}
	}
}

// TestDatagramAfterSilence holds that a router can send whatever the time since it last received: in real time the deadline
// of that is long over.
func TestDatagramAfterSilence(t *testing.T) {
	w := newWorld(t)
	at := time.Now()
	udp := &w.n.nodes[0].udp
	udp.until.set = at.Add(-time.Hour)
	if err := udp.conn.SetDeadline(at.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if ds, err := w.send([]byte("x")); err != nil || len(ds) != 1 {
		t.Errorf("%v, %v", ds, err)
	}
}

func TestDatagramsThatAreDropped(t *testing.T) {
	a, b := netip.AddrPortFrom(worldAddrs[0], lispcore.ControlPort), netip.AddrPortFrom(worldAddrs[2], lispcore.ControlPort)
	for _, row := range []struct {
		name string
		out  lispcore.SendDatagram
		why  string
		told string // the router that can answer by ICMP
	}{
		{"too long", lispcore.SendDatagram{From: a, To: b, Payload: make([]byte, maxDatagram+1)},
			"65508 bytes are more than a UDP datagram holds (65507)", ""},
		{"another port", lispcore.SendDatagram{From: a, To: netip.AddrPortFrom(b.Addr(), 4341)}, "nothing listens on UDP 4341 at b", "b"},
		{"a router without a LISP role", lispcore.SendDatagram{From: a, To: netip.MustParseAddrPort("10.0.2.0:4342")},
			"nothing listens on UDP 4342 at core", "core"},
		{"the address of another", lispcore.SendDatagram{From: b, To: b}, "10.0.2.1 is not an address of a that is up", ""},
		{"no route", lispcore.SendDatagram{From: a, To: netip.MustParseAddrPort("[2001:db8::1]:4342")}, "a has no route to 2001:db8::1", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			ds, err := w.n.Carry(w.now, 0, row.out)
			if err != nil {
				t.Fatal(err)
			}
			told := ""
			for _, d := range ds {
				told += worldNames[d.Node]
				if _, failed := d.Input.(lispcore.PacketFailed); !failed {
					t.Errorf("delivered: %v", d)
				}
			}
			if told != row.told {
				t.Errorf("told of it: %q, want %q", told, row.told)
			}
			if e := w.events[0]; e.Kind != DatagramDropped || e.Detail != row.why {
				t.Errorf("event %v %q, want %q", e.Kind, e.Detail, row.why)
			}
			w.check(w.n.Quiet(w.now))
		})
	}
}

func TestLongWrite(t *testing.T) {
	w := newWorld(t)
	w.do("0s dial a b")
	data := make([]byte, 9<<20) // more than the kernel takes unread
	for i := range data {
		data[i] = byte(i / 251)
	}
	w.carry(0, lispcore.WriteStream{Stream: w.streams[0], Data: data})
	if w.bytes[w.streams[2]] != string(data) {
		t.Error("b received other bytes than a wrote")
	}
	if n := len(w.events); n != 3 {
		t.Errorf("%d events, want dial, accept and one write", n)
	}
	w.check(w.n.Quiet(w.now))
}

func TestTamper(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Tamper = func(e Event) []byte {
			p := bytes.Clone(e.Payload)
			p[0] ^= 0xff
			return p
		}
	})
	for _, line := range []string{"0s dial a b", "0s write a x", "0s send a b y"} {
		w.do(line)
	}
	if got, want := strings.Join(w.told[2:], "; "), `0s b data "\x87"; 0s b datagram "\x86"`; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if string(w.events[2].Payload) != "x" {
		t.Error("the event shows the bytes that were tampered with")
	}
}

// What comes from outside the lab is dropped and counted, before and between the lab's own traffic.
func TestForeignTraffic(t *testing.T) {
	w := newWorld(t)
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	for range 3 {
		if _, err := stranger.WriteToUDPAddrPort([]byte("hello"), w.n.nodes[2].udp.addr); err != nil {
			t.Fatal(err)
		}
	}
	early, err := net.Dial("tcp4", w.n.nodes[2].tcp.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	ds, err := w.send([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	w.deliver(ds)
	for _, line := range []string{"0s dial a b", "0s write a hello"} {
		w.do(line)
	}
	late, err := net.Dial("tcp4", w.n.nodes[2].tcp.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	if _, err := stranger.WriteToUDPAddrPort([]byte("hello"), w.n.nodes[0].udp.addr); err != nil {
		t.Fatal(err)
	}
	w.do("1s end")
	if got := strings.Join(w.told, "; "); got != `0s b datagram "hello"; 0s a connected; 0s b accepted; 0s b data "hello"` {
		t.Errorf("told %s", got)
	}
	if s := w.n.Stats(); s.ForeignDatagrams != 4 || s.ForeignConnects != 2 {
		t.Errorf("%d foreign datagrams and %d connections were counted, want 4 and 2", s.ForeignDatagrams, s.ForeignConnects)
	}
}

// When the kernel does not do what the model said, a fault names the delivery.
func TestFaults(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(*world) error
		want string
	}{
		{"a datagram that does not come", func(w *world) error {
			elsewhere, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				return err
			}
			defer elsewhere.Close()
			w.n.nodes[2].udp.addr = elsewhere.LocalAddr().(*net.UDPAddr).AddrPort()
			_, err = w.send([]byte("hello"))
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				w.t.Errorf("%v does not tell that a deadline has passed", err)
			}
			return err
		}, "datagram of 5 bytes from a 10.0.1.1:4342 to b 10.0.2.1:4342: not received"},
		{"another datagram than the one that was sent", func(w *world) error {
			if _, err := w.n.nodes[0].udp.conn.WriteToUDPAddrPort([]byte("other"), w.n.nodes[2].udp.addr); err != nil {
				return err
			}
			_, err := w.send([]byte("hello"))
			return err
		}, "datagram of 5 bytes from a 10.0.1.1:4342 to b 10.0.2.1:4342: received 5 other bytes from a"},
		{"a datagram that nobody asked for", func(w *world) error {
			if _, err := w.n.nodes[0].udp.conn.WriteToUDPAddrPort([]byte("other"), w.n.nodes[2].udp.addr); err != nil {
				return err
			}
			return w.n.Quiet(w.now)
		}, "b: 5 bytes from a were never asked for"},
		{"bytes that nobody asked for", func(w *world) error {
			w.do("0s dial a b")
			if _, err := w.n.conns[1].ends[0].sock.Write([]byte("other")); err != nil {
				return err
			}
			return w.n.Quiet(w.now)
		}, "something was received that was never asked for"},
		{"other bytes than were written", func(w *world) error {
			w.do("0s dial a b")
			if _, err := w.n.conns[1].ends[0].sock.Write([]byte("other")); err != nil {
				return err
			}
			_, err := w.n.Carry(w.now, 0, lispcore.WriteStream{Stream: w.streams[0], Data: []byte("hello")})
			return err
		}, "received other bytes than the 5 that were written"},
		{"a listener that is not ours", func(w *world) error {
			if err := w.n.Listen(2, false); err != nil {
				return err
			}
			thief, err := net.Listen("tcp4", w.n.nodes[2].tcp.addr.String())
			if err != nil {
				return err
			}
			defer thief.Close()
			_, err = w.n.Carry(w.now, 0, lispcore.OpenStream{Stream: 1, From: worldAddrs[0],
				To: netip.AddrPortFrom(worldAddrs[2], lispcore.ControlPort)})
			return err
		}, "to b 10.0.2.1:4342: somebody outside the lab answers there"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Patience = 50 * time.Millisecond })
			err := row.do(w)
			var fault *Fault
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v\nwant a fault: %s", err, row.want)
			}
		})
	}
}

// Labs side by side take different blocks; a closed lab gives its block back.
func TestBlocks(t *testing.T) {
	first, second := newWorld(t), newWorld(t)
	if a, b := first.n.block.base, second.n.block.base; a == b {
		t.Errorf("two labs share the block %v", a)
	}
	for _, w := range []*world{first, second} {
		w.do("0s dial a b")
		w.do("0s send a b hello")
	}
	third, err := New(Config{Wall: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	base := third.block.base
	if err := third.Close(); err != nil {
		t.Fatal(err)
	}
	guard, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(base.Next(), lispcore.ControlPort)))
	if err != nil {
		t.Fatalf("block %v was not given back: %v", base, err)
	}
	guard.Close()
}

// Without aliases every router is 127.0.0.1 with ports of its own, and the lab runs all the same.
func TestWithoutAliases(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.noAliases = true })
	for _, line := range []string{"0s send a b hello", "0s dial a b", "1s write b hi", "2s close a", "3s deaf b", "3s dial a b"} {
		w.do(line)
	}
	want := `0s b datagram "hello"; 0s a connected; 0s b accepted; 1s a data "hi"; 2s b closed by peer; 3s a connection refused`
	if got := strings.Join(w.told, "; "); got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
}

func TestTooManyRouters(t *testing.T) {
	for names, want := range map[int]string{100_000: "a lab of 100000 routers: 65533 is the most", 60_000: "file descriptors"} {
		n, err := New(Config{Names: make([]string, names), Wall: time.Now})
		if err == nil {
			n.Close()
			t.Skip("the limit of file descriptors is too high to run into")
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%d routers: %v, want %q", names, err, want)
		}
	}
}

package underlay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/icmp"
	"golang.org/x/sys/unix"

	"lisplab/devices/packet"
	"lisplab/lispcore"
	"lisplab/lispcore/forward"
)

// newMachine is a router with an address at Gi0/1, which is at one of the loopback's, and a host behind Gi0/2.
func newMachine(t *testing.T, at map[netip.Addr]netip.Addr, address string) *Machine {
	t.Helper()
	next := lispcore.StreamID(1000)
	m := NewMachine(MachineConfig{
		Name: "R1", Places: at,
		Hosts:      []Host{{Name: "h1", Addrs: []netip.Prefix{netip.MustParsePrefix("10.1.0.2/24")}, Port: Port{0, "GigabitEthernet0/2"}}},
		NextStream: func(int) lispcore.StreamID { next++; return next },
	})
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	for node := range 2 {
		if err := m.SetPower(node, true); err != nil {
			t.Fatal(err)
		}
	}
	configure(m, address)
	m.Receive(0, true)
	if err := m.ReceiveData(0, true); err != nil {
		t.Fatal(err)
	}
	return m
}

// configure gives the router's Gi0/1 an address.
func configure(m *Machine, address string) {
	iface := func(name, a string) Interface {
		return Interface{Name: name, Addrs: []netip.Prefix{netip.MustParsePrefix(a)}}
	}
	m.Configure(0, Routing{Interfaces: []Interface{iface("GigabitEthernet0/1", address), iface("GigabitEthernet0/2", "10.1.0.1/24")}})
	m.Update(time.Time{})
}

// next waits for what comes next.
func next(t *testing.T, m *Machine) Delivery {
	t.Helper()
	select {
	case a := <-m.Arrivals():
		if list := a(time.Time{}); len(list) == 1 {
			return list[0]
		}
		t.Fatal("not one delivery")
	case <-time.After(10 * time.Second):
		t.Fatal("nothing has come")
	}
	return Delivery{}
}

func standing(t *testing.T, labs ...string) (at map[netip.Addr]netip.Addr) {
	t.Helper()
	block, release, err := TakeLoopback(len(labs))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = release() })
	at = make(map[netip.Addr]netip.Addr)
	for i, a := range labs {
		at[netip.MustParseAddr(a)] = block[i].Addr()
	}
	return at
}

// Two machines speak by the lab's addresses: control with TTL 255 and CS6, data with the TTL and TOS that it is sent with.
func TestMachineDatagrams(t *testing.T) {
	at := standing(t, "10.0.0.1", "10.0.0.2", "10.0.0.3")
	one, two := newMachine(t, at, "10.0.0.1/24"), newMachine(t, at, "10.0.0.2/24")
	for _, row := range []struct {
		send     lispcore.SendDatagram
		ttl, tos uint8
	}{
		{lispcore.SendDatagram{From: netip.MustParseAddrPort("10.0.0.1:4342"), To: netip.MustParseAddrPort("10.0.0.2:4342"), Payload: []byte("control")}, 255, 0xc0},
		{lispcore.SendDatagram{From: netip.MustParseAddrPort("10.0.0.1:61000"), To: netip.MustParseAddrPort("10.0.0.2:4341"), Payload: []byte("data"), TTL: 17, TOS: 0x28}, 17, 0x28},
	} {
		if _, err := one.Carry(time.Time{}, 0, row.send); err != nil {
			t.Fatal(err)
		}
		got := next(t, two).Input.(lispcore.Datagram)
		if got.From.Addr() != row.send.From.Addr() || got.To != row.send.To || string(got.Payload) != string(row.send.Payload) || got.TTL != row.ttl || got.TOS != row.tos {
			t.Errorf("%s arrives as %+v, want TTL %d and TOS %#x", row.send.Payload, got, row.ttl, row.tos)
		}
	}
	configure(two, "10.0.0.3/24") // its sockets move
	if _, err := one.Carry(time.Time{}, 0, lispcore.SendDatagram{From: netip.MustParseAddrPort("10.0.0.1:4342"), To: netip.MustParseAddrPort("10.0.0.3:4342"), Payload: []byte("moved")}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, two).Input.(lispcore.Datagram); got.To != netip.MustParseAddrPort("10.0.0.3:4342") {
		t.Errorf("after the move: %+v", got)
	}
	if err := one.Quiet(time.Time{}); err != nil {
		t.Error(err)
	}
}

// A connection has the lab's addresses at both ends.
func TestMachineStreams(t *testing.T) {
	at := standing(t, "10.0.0.1", "10.0.0.2")
	one, two := newMachine(t, at, "10.0.0.1/24"), newMachine(t, at, "10.0.0.2/24")
	if err := two.Listen(0, true); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Carry(time.Time{}, 0, lispcore.OpenStream{Stream: 7, From: netip.MustParseAddr("10.0.0.1"), To: netip.MustParseAddrPort("10.0.0.2:4342")}); err != nil {
		t.Fatal(err)
	}
	dialled := next(t, one).Input.(lispcore.StreamOpened)
	accepted := next(t, two).Input.(lispcore.StreamOpened)
	if dialled.Remote != netip.MustParseAddrPort("10.0.0.2:4342") || accepted.Remote != dialled.Local || accepted.Local != dialled.Remote || dialled.Local.Addr() != netip.MustParseAddr("10.0.0.1") {
		t.Errorf("dialled %+v, accepted %+v", dialled, accepted)
	}
	if c := two.Conns(0); len(c) != 2 || c[0].Remote != dialled.Local || c[1].State != TCPListen {
		t.Errorf("connections: %+v", c)
	}
	if err := two.SetPower(0, false); err != nil {
		t.Fatal(err)
	}
	if c := next(t, one).Input.(lispcore.StreamClosed); c.Stream != 7 || c.Reason != lispcore.ClosedByReset {
		t.Errorf("power cut: %+v", c)
	}
}

// A packet to the host behind the router is there at once; one to anybody else comes back.
func TestMachineLAN(t *testing.T) {
	m := newMachine(t, standing(t, "10.0.0.1"), "10.0.0.1/24")
	packet := make([]byte, 20)
	packet[0] = 0x45
	for _, row := range []struct{ iface, next, want string }{{"GigabitEthernet0/2", "10.1.0.2", "received"}, {"GigabitEthernet0/1", "10.0.0.9", "failed"}} {
		list, err := m.Carry(time.Time{}, 0, lispcore.SendPacket{Interface: row.iface, NextHop: netip.MustParseAddr(row.next), Data: packet})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		got := "received"
		if _, failed := list[0].Input.(lispcore.PacketFailed); failed {
			got = "failed"
		}
		if got != row.want {
			t.Errorf("a packet to %s is %s, want %s", row.next, got, row.want)
		}
	}
}

// ownNamespace is a network namespace of the test's own, with lo up. The goroutine of the test is in it, and its thread ends
// with it.
func ownNamespace(t *testing.T) *netlink.Handle {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace needs root")
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespaces here: %v", err)
	}
	link, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	lo, err := link.LinkByName("lo")
	if err == nil {
		err = link.LinkSetUp(lo)
	}
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// dropRaw takes CAP_NET_RAW from the thread.
func dropRaw(t *testing.T) {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var rights [2]unix.CapUserData
	err := unix.Capget(&header, &rights[0])
	if err == nil {
		rights[0].Effective &^= 1 << unix.CAP_NET_RAW
		err = unix.Capset(&header, &rights[0])
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What the router says itself leaves by raw sockets, or echo requests by ping sockets, and the answers have the lab's names.
func TestMachineEchoes(t *testing.T) {
	at := map[netip.Addr]netip.Addr{
		netip.MustParseAddr("10.0.0.1"): netip.MustParseAddr("127.1.0.1"), netip.MustParseAddr("10.0.0.2"): netip.MustParseAddr("127.1.0.2"),
	}
	header := packet.Header{Source: netip.MustParseAddr("10.0.0.1"), Destination: netip.MustParseAddr("10.0.0.2"), TTL: 255, ID: 9}
	send := func(m *Machine, b []byte) []Delivery {
		list, err := m.Carry(time.Time{}, 0, lispcore.SendPacket{Interface: "GigabitEthernet0/1", NextHop: header.Destination, Data: b})
		if err != nil {
			t.Error(err)
		}
		return list
	}
	arrived := func(t *testing.T, m *Machine) packet.Message {
		in, ok := next(t, m).Input.(lispcore.PacketReceived)
		if !ok {
			t.Fatal("no packet")
		}
		got, err := packet.Parse(in.Data)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	echoes := func(t *testing.T, m *Machine) {
		for _, size := range []int{8, 3000} {
			pieces, err := forward.Fragment(nil, packet.Echo(header, false, 77, uint16(size), make([]byte, size)), 1500)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range pieces {
				if list := send(m, b); list != nil {
					t.Errorf("an echo request of %d bytes fails: %+v", size, list)
				}
			}
			if got := arrived(t, m); got.Kind != packet.EchoReply || got.Source != header.Destination || got.Destination != header.Source ||
				got.ID != 77 || got.Sequence != uint16(size) || len(got.Data) != size {
				t.Errorf("the answer to %d bytes is %+v", size, got)
			}
		}
		strange := header
		strange.Source = netip.MustParseAddr("10.1.0.2")
		if list := send(m, packet.Echo(strange, false, 1, 1, nil)); len(list) != 1 {
			t.Errorf("a packet of a host of the lab meets the machine's network: %+v", list)
		}
	}
	t.Run("raw sockets", func(t *testing.T) {
		ownNamespace(t)
		m := newMachine(t, at, "10.0.0.1/24")
		if notes := m.Notes(); notes != nil {
			t.Errorf("nothing is missing, but %q", notes)
		}
		echoes(t, m)
		send(m, packet.UDP(header, 49152, 33434, nil))
		got := arrived(t, m)
		q, err := packet.ParseQuote(got.Quoted)
		if got.Error != packet.PortUnreachable || got.Source != header.Destination || err != nil || q.Source != header.Source || q.Destination != header.Destination {
			t.Errorf("the error is %+v about %+v, %v", got, q, err)
		}
		other, err := icmp.ListenPacket("ip4:icmp", "127.9.9.9")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		request := packet.Echo(packet.Header{Source: header.Source, Destination: header.Destination}, false, 1, 1, nil)[ipv4Header:]
		if _, err := other.WriteTo(request, &net.IPAddr{IP: net.IPv4(127, 1, 0, 2)}); err != nil {
			t.Fatal(err)
		}
		if list := (<-m.Arrivals())(time.Time{}); list != nil {
			t.Errorf("the router hears what is said to others: %+v", list)
		}
	})
	setRange := func(t *testing.T, text string) {
		if err := os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("ping sockets", func(t *testing.T) {
		ownNamespace(t)
		setRange(t, "0 2147483647")
		dropRaw(t)
		m := newMachine(t, at, "10.0.0.1/24")
		if notes := m.Notes(); len(notes) != 1 || !strings.HasPrefix(notes[0], "ping reaches others from the router's command line, traceroute does not") {
			t.Errorf("notes: %q", notes)
		}
		echoes(t, m)
		was := m.Stats().Unsent
		if send(m, packet.UDP(header, 49152, 33434, nil)); m.Stats().Unsent != was+1 {
			t.Error("a UDP probe is taken for an echo request")
		}
	})
	t.Run("neither", func(t *testing.T) {
		ownNamespace(t)
		setRange(t, "1 0")
		dropRaw(t)
		m := newMachine(t, at, "10.0.0.1/24")
		if notes := m.Notes(); len(notes) != 1 || !strings.Contains(notes[0], `permission denied): that takes root, or CAP_NET_RAW; for ping alone`) {
			t.Errorf("notes: %q", notes)
		}
		if list := send(m, packet.Echo(header, false, 1, 1, nil)); list != nil || m.Stats().Unsent != 1 {
			t.Errorf("an echo request: %+v, %+v", list, m.Stats())
		}
	})
}

// A tap sees the LISP of its router, out and in, once each, and of nobody else.
func TestMachineTap(t *testing.T) {
	ownNamespace(t)
	at := map[netip.Addr]netip.Addr{
		netip.MustParseAddr("10.0.0.1"): netip.MustParseAddr("127.1.0.1"), netip.MustParseAddr("10.0.0.2"): netip.MustParseAddr("127.1.0.2"),
		netip.MustParseAddr("10.0.0.3"):    netip.MustParseAddr("127.1.0.3"),
		netip.MustParseAddr("2001:db8::4"): netip.IPv6Loopback(),
	}
	four := newMachine(t, at, "2001:db8::4/64")
	one, two, three := newMachine(t, at, "10.0.0.1/24"), newMachine(t, at, "10.0.0.2/24"), newMachine(t, at, "10.0.0.3/24")
	tap := func(m *Machine) (seen *[]string, stop func() error) {
		t.Helper()
		seen = new([]string)
		stop, err := m.Tap([]Port{{0, "GigabitEthernet0/1"}, {0, "GigabitEthernet0/2"}}, func(f Frame) {
			src, dst, _ := endpoints(f.Data[ethernetHeader:])
			*seen = append(*seen, fmt.Sprintf("%s out %t: %v to %v", f.Port.Interface, f.Out, src, dst))
		})
		if err != nil {
			t.Fatal(err)
		}
		return seen, stop
	}
	seen1, stop1 := tap(one)
	seen2, stop2 := tap(two)
	seen4, stop4 := tap(four)
	send := func(m *Machine, from, to string, ttl uint8) {
		t.Helper()
		out := lispcore.SendDatagram{From: netip.MustParseAddrPort(from), To: netip.MustParseAddrPort(to), Payload: []byte("LISP"), TTL: ttl}
		if _, err := m.Carry(time.Time{}, 0, out); err != nil {
			t.Fatal(err)
		}
	}
	send(three, "10.0.0.3:4342", "10.0.0.2:4342", 0)
	send(three, "10.0.0.3:4342", "10.0.0.2:9999", 0) // from LISP's port
	send(one, "10.0.0.1:4342", "10.0.0.3:4342", 0)
	send(one, "10.0.0.1:61000", "10.0.0.2:4341", 9)
	if _, err := one.Carry(time.Time{}, 0, lispcore.SendPacket{ // no LISP
		Interface: "GigabitEthernet0/1", NextHop: netip.MustParseAddr("10.0.0.2"),
		Data: packet.UDP(packet.Header{Source: netip.MustParseAddr("10.0.0.1"), Destination: netip.MustParseAddr("10.0.0.2"), TTL: 9}, 61000, 9999, nil),
	}); err != nil {
		t.Fatal(err)
	}
	var want4 []string
	if onMachine(netip.IPv6Loopback()) {
		send(four, "[2001:db8::4]:4342", "[2001:db8::4]:4342", 0)
		want4 = []string{"GigabitEthernet0/1 out true: [::1]:4342 to [::1]:4342", "GigabitEthernet0/1 out false: [::1]:4342 to [::1]:4342"}
	}
	arrive := func(m *Machine, datagrams int) { // what has arrived has passed the taps
		t.Helper()
		for late := time.After(10 * time.Second); datagrams > 0; {
			select {
			case a := <-m.Arrivals():
				for _, d := range a(time.Time{}) {
					if _, ok := d.Input.(lispcore.Datagram); ok {
						datagrams--
					}
				}
			case <-late:
				t.Fatal("nothing has come")
			}
		}
	}
	arrive(two, 2)
	arrive(three, 1)
	arrive(four, len(want4)/2)
	if err := errors.Join(stop1(), stop2(), stop4()); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ got, want []string }{
		{*seen1, []string{"GigabitEthernet0/1 out true: 127.1.0.1:4342 to 127.1.0.3:4342", "GigabitEthernet0/1 out true: 127.1.0.1:61000 to 127.1.0.2:4341"}},
		{*seen2, []string{
			"GigabitEthernet0/1 out false: 127.1.0.3:4342 to 127.1.0.2:4342", "GigabitEthernet0/1 out false: 127.1.0.3:4342 to 127.1.0.2:9999",
			"GigabitEthernet0/1 out false: 127.1.0.1:61000 to 127.1.0.2:4341",
		}},
		{*seen4, want4},
	} {
		if !slices.Equal(row.got, row.want) {
			t.Errorf("seen\n%s\nwant\n%s", strings.Join(row.got, "\n"), strings.Join(row.want, "\n"))
		}
	}
}

// A router whose address the machine loses says so, and ends.
func TestMachineLosesItsAddress(t *testing.T) {
	link := ownNamespace(t)
	lo, err := link.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	address := &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(10, 0, 0, 1), Mask: net.CIDRMask(32, 32)}}
	if err := link.AddrAdd(lo, address); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, nil, "10.0.0.1/32")
	send := lispcore.SendDatagram{From: netip.MustParseAddrPort("10.0.0.1:4342"), To: netip.MustParseAddrPort("127.0.0.1:4342"), Payload: []byte("control")}
	_, _ = m.Carry(time.Time{}, 0, send)
	if err := m.Quiet(time.Time{}); err != nil {
		t.Errorf("with its address: %v", err)
	}
	if err := link.AddrDel(lo, address); err != nil {
		t.Error(err)
	}
	_, _ = m.Carry(time.Time{}, 0, send)
	if err := m.Quiet(time.Time{}); err == nil || !strings.Contains(err.Error(), "R1: 10.0.0.1 is no address of this machine any more") {
		t.Errorf("without its address: %v", err)
	}
}

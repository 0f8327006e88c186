package underlay

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"lisplab/lispcore"
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

// A router whose address the machine loses says so, and ends.
func TestMachineLosesItsAddress(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace needs root")
	}
	runtime.LockOSThread() // and never unlocked: the thread ends in a namespace of its own
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespaces here: %v", err)
	}
	link, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	lo, err := link.LinkByName("lo")
	if err == nil {
		err = link.LinkSetUp(lo)
	}
	address := &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(10, 0, 0, 1), Mask: net.CIDRMask(32, 32)}}
	if err == nil {
		err = link.AddrAdd(lo, address)
	}
	if err != nil {
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

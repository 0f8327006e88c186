//go:build linux

package netns

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"lisplab/devices/underlay"
)

// openTest builds two routers with a cable between them, and one port that is plugged in nowhere.
func openTest(t *testing.T) *Ground {
	t.Helper()
	if err := Check(); err != nil {
		t.Skip(err)
	}
	a, b := underlay.Port{Node: 0, Interface: "GigabitEthernet0/0"}, underlay.Port{Node: 1, Interface: "GigabitEthernet0/0"}
	g, err := Open(Config{
		Run: RunName(fmt.Sprintf("test-%s-%d", t.Name(), os.Getpid())),
		Nodes: []Node{
			{Name: "R1", Router: true, Interfaces: []string{"GigabitEthernet0/0", "GigabitEthernet0/1"}},
			{Name: "R2", Router: true, Interfaces: []string{"GigabitEthernet0/0"}},
		},
		Cables: [][2]underlay.Port{{a, b}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// What somebody removes is told of: an interface, its far end, a bridge. What only leaves its bridge is not.
func TestVanished(t *testing.T) {
	for _, c := range []struct{ space, name, want string }{
		{".R1", "Gi0-0", "R1: interface GigabitEthernet0/0 (Gi0-0 in namespace lisplab."},
		{"", "R1.Gi0-1", "R1: interface GigabitEthernet0/1 (Gi0-1 in namespace lisplab."},
		{"", "br1", "the bridge between R1 GigabitEthernet0/0 and R2 GigabitEthernet0/0 (br1 in namespace lisplab."},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := openTest(t)
			lost := make(chan error, 10)
			g.Watch(func(err error) { lost <- err })
			port := underlay.Port{Node: 0, Interface: "GigabitEthernet0/0"}
			for _, on := range []bool{true, false} {
				if err := g.Relay(port, on); err != nil {
					t.Fatal(err)
				}
			}
			link := g.floor.link
			if c.space != "" {
				link = g.nodes[0].link
			}
			at, err := link.LinkByName(c.name)
			if err == nil {
				err = link.LinkDel(at)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := <-lost; !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
}

// Nothing is left to a network card that is not there, and far ends cut no frame.
func TestFarEnds(t *testing.T) {
	g := openTest(t)
	for _, name := range []string{"R1.Gi0-0", "R2.Gi0-0", "R1.Gi0-1"} {
		link, err := g.floor.link.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		at := link.Attrs()
		if at.MTU != maxMTU || (at.MasterIndex != 0) != (name != "R1.Gi0-1") || at.Flags&1 == 0 {
			t.Errorf("%s has MTU %d, master %d and flags %v", name, at.MTU, at.MasterIndex, at.Flags)
		}
		if addrs, err := g.floor.link.AddrList(link, netlink.FAMILY_ALL); err != nil || len(addrs) != 0 {
			t.Errorf("%s has the addresses %v (%v): the floor is to be silent", name, addrs, err)
		}
	}
}

// Two routers whose lines have just come up hear each other from the first frame on.
func TestSettled(t *testing.T) {
	g := openTest(t)
	const iface = "GigabitEthernet0/0"
	wires := func() (list [2]*os.File) { // at the nodes' own ends
		t.Helper()
		for node, p := range g.nodes {
			err := within(p.handle, func() (err error) {
				list[node], err = underlay.WireSocket(p.ports[iface].index)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = list[node].Close() })
		}
		return list
	}
	apply := func(s underlay.State) {
		t.Helper()
		for node := range g.nodes {
			if err := g.Apply(node, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	up := underlay.State{Running: true, Interfaces: []underlay.InterfaceState{{Interface: underlay.Interface{Name: iface}, Up: true}}}
	for round := range 20 {
		apply(underlay.State{})
		apply(up)
		ends := wires()
		from, to := ends[round%2], ends[(round+1)%2]
		frame := slices.Concat(make([]byte, 10), // nothing is left to a network card
			bytes.Repeat([]byte{0xff}, 6), []byte{2, 0, 0, 0, 0, 1, 0x88, 0xb5, byte(round)}, make([]byte, 45))
		if _, err := from.Write(frame); err != nil {
			t.Fatal(err)
		}
		if err := to.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		for got := make([]byte, 2000); ; { // the kernels say something too
			if n, err := to.Read(got); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("the first frame of round %d is lost", round)
			} else if err == nil && bytes.Equal(got[:n], frame) {
				break
			}
		}
	}
}

package underlay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"lisplab/lispcore"
)

// What `show tcp brief all` is made of.
func TestConns(t *testing.T) {
	w := newWorld(t)
	tell := func(node int) string {
		var s []string
		for _, c := range w.n.Conns(node) {
			local, remote := c.Local.Addr().String(), c.Remote.Addr().String()
			s = append(s, strings.NewReplacer("invalid IP", "*", "10.0.1.1", "a", "10.0.2.1", "b").Replace(fmt.Sprintf("%s>%s %v", local, remote, c.State)))
			if port := c.Local.Port(); port != lispcore.ControlPort && (port < firstClientPort || c.Remote.Port() != lispcore.ControlPort) {
				t.Errorf("ports of %v", c)
			}
		}
		return strings.Join(s, ", ")
	}
	for _, step := range []struct{ line, a, b string }{
		{"0s end", "*>* LISTEN", "*>* LISTEN"},
		{"0s deaf a", "", "*>* LISTEN"},
		{"0s dial a b", "a>b ESTAB", "b>a ESTAB, *>* LISTEN"},
		{"1s cut b", "a>b ESTAB", "b>a ESTAB, *>* LISTEN"},
		{"2s dial a b", "a>b SYNSENT, a>b ESTAB", "b>a ESTAB, *>* LISTEN"},
		{"3s stop b", "a>b SYNSENT, a>b ESTAB", ""},
		{"4s start b", "a>b SYNSENT, a>b ESTAB", "*>* LISTEN"},
		{"99s end", "a>b ESTAB", "*>* LISTEN"},
		{"199s end", "", "*>* LISTEN"},
		{"200s mend b", "", "*>* LISTEN"},
		{"201s dial a b", "a>b ESTAB", "b>a ESTAB, *>* LISTEN"},
		{"202s cut b", "a>b ESTAB", "b>a ESTAB, *>* LISTEN"},
		{"203s close b", "a>b ESTAB", "b>a FINWAIT1, *>* LISTEN"},
		{"204s mend b", "", "*>* LISTEN"},
	} {
		w.do(step.line)
		if a, b := tell(0), tell(2); a != step.a || b != step.b {
			t.Errorf("%s: a %q, b %q, want %q, %q", step.line, a, b, step.a, step.b)
		}
	}
}

func TestUDPPorts(t *testing.T) {
	w := newWorld(t)
	w.check(w.n.ReceiveData(2, true))
	w.check(w.n.ReceiveData(2, true))
	for node, want := range [][]uint16{{4342}, nil, {4341, 4342}} {
		if got := w.n.UDPPorts(node); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", worldNames[node], got, want)
		}
	}
	w.power(2, false)
	if got := w.n.UDPPorts(2); got != nil {
		t.Errorf("without power: %v", got)
	}
	w.check(w.n.ReceiveData(2, false))
}

// An encapsulated packet crosses the kernel between sockets of the node's alias, and the data socket is as closed to strangers
// and as watched as the other.
func TestDataSocket(t *testing.T) {
	for _, noAliases := range []bool{false, true} {
		w := newWorld(t, func(c *Config) { c.noAliases = noAliases })
		w.check(w.n.ReceiveData(2, true))
		at := w.n.nodes[2].data.addr
		if !noAliases && (at.Port() != lispcore.DataPort || at.Addr() != w.n.nodes[2].udp.addr.Addr()) {
			t.Errorf("the socket is at %v", at)
		}
		stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		if _, err := stranger.WriteToUDPAddrPort([]byte("packet"), at); err != nil {
			t.Fatal(err)
		}
		out := lispcore.SendDatagram{From: netip.AddrPortFrom(worldAddrs[0], 61441), To: netip.AddrPortFrom(worldAddrs[2], lispcore.DataPort), TTL: 64, Payload: []byte("packet")}
		ds, err := w.n.Carry(w.now, 0, out)
		if err != nil || len(ds) != 1 {
			t.Fatal(ds, err)
		}
		if in := ds[0].Input.(lispcore.Datagram); in.From != out.From || in.To != out.To || string(in.Payload) != "packet" {
			t.Errorf("received %+v", in)
		}
		if _, err := stranger.WriteToUDPAddrPort([]byte("packet"), at); err != nil {
			t.Fatal(err)
		}
		w.check(w.n.Quiet(w.now))
		if got := w.n.Stats().ForeignDatagrams; got != 2 {
			t.Errorf("%d foreign datagrams", got)
		}
		if _, err := w.n.nodes[0].udp.conn.WriteToUDPAddrPort([]byte("unasked"), at); err != nil {
			t.Fatal(err)
		}
		var fault *Fault
		if err := w.n.Quiet(w.now); !errors.As(err, &fault) || !strings.Contains(err.Error(), "b: 7 bytes from a were never asked for") {
			t.Errorf("quiet: %v", err)
		}
	}
}

// When somebody has the port already, the router's name stands in the error.
func TestDataPortIsTaken(t *testing.T) {
	w := newWorld(t)
	at := w.n.block.dataAlias(2)
	thief, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	if err := w.n.ReceiveData(2, true); err == nil || !strings.HasPrefix(err.Error(), "b: ") {
		t.Errorf("error %v", err)
	}
}

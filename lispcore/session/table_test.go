package session_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// TestAdmission: a connection needs a Map-Register authenticated since the last session; the port does not matter.
func TestAdmission(t *testing.T) {
	table := session.NewTable()
	accept := func(addr netip.Addr, port uint16) *session.Session {
		s, _ := table.Accept(epoch, opened(table.NextStream(), addr, port))
		return s
	}
	if accept(etrAddr, lispcore.ControlPort) != nil {
		t.Fatal("taken from an address that never registered")
	}
	table.Configure(etrAddr)
	if accept(etrAddr, 11001) != nil {
		t.Fatal("taken because this router is an ETR of that address itself")
	}
	admitted := table.Admit(serverAddr, etrAddr)
	if accept(netip.MustParseAddr("10.0.0.2"), 11001) != nil {
		t.Fatal("taken from another address than the one that registered")
	}
	s := accept(etrAddr, 11001)
	if s != admitted || s.State() != session.Up || s.PeerPort() != 11001 {
		t.Fatalf("not taken: %v", s)
	}
	if !s.Closed(epoch) || s.State() != session.Down {
		t.Fatal("not closed")
	}
	if accept(etrAddr, 11002) != nil {
		t.Fatal("taken again without a new Map-Register")
	}
	table.Admit(serverAddr, etrAddr)
	if accept(etrAddr, 11003) != s {
		t.Fatal("not taken after a new Map-Register, or another session")
	}
}

// TestSnapshotOfConnection: a snapshot has what TCP measured of the connection, and what ended it.
func TestSnapshotOfConnection(t *testing.T) {
	table := session.NewTable()
	table.Admit(serverAddr, etrAddr)
	in := opened(table.NextStream(), etrAddr, 11001)
	in.RTT = 40 * time.Millisecond
	s, _ := table.Accept(epoch, in)
	if v := table.Snapshot()[0]; v.RTT != 40*time.Millisecond || !v.Permitted || v.Fatal != 0 {
		t.Errorf("Up: %+v", v)
	}
	var out lispcore.Outbox
	if err := s.Receive(make([]byte, 12), &out, (&ear{}).handle); err == nil {
		t.Fatal("a frame of zeros was taken")
	}
	s.Closed(epoch)
	if v := table.Snapshot()[0]; v.RTT != 40*time.Millisecond || v.Opened != epoch || v.Permitted || v.Fatal != 1 || v.Malformed != 1 {
		t.Errorf("Down: %+v", v)
	}
	table.Admit(serverAddr, etrAddr)
	table.Accept(epoch, opened(table.NextStream(), etrAddr, 11002))
	if v := table.Snapshot()[0]; v.RTT != 0 || v.Fatal != 0 {
		t.Errorf("Up again: %+v", v)
	}
}

// TestReplacement: a second connection of an ETR takes the place of the first.
func TestReplacement(t *testing.T) {
	table, s := upSession(t)
	first := s.Stream()
	again, replaced := table.Accept(epoch.Add(time.Second), opened(table.NextStream(), etrAddr, 11002))
	if again != s || replaced != first || s.Stream() == first || s.State() != session.Up {
		t.Fatalf("session %v, replaced stream %d", again, replaced)
	}
	if table.ByStream(first) != nil {
		t.Error("the old stream still has a session")
	}
	if table.ByStream(s.Stream()) != s {
		t.Error("the new stream has none")
	}
}

// TestLife follows an ETR's session from configuration on.
func TestLife(t *testing.T) {
	table := session.NewTable()
	s := table.Configure(serverAddr)
	if table.Configure(serverAddr) != s {
		t.Fatal("configured twice")
	}
	s.SetUsers(func() []lispcore.Service { return []lispcore.Service{{Instance: 7, Family: lispcore.IPv4}} })
	show := func() string {
		v := table.Snapshot()[0]
		since := "never"
		if !v.Since.IsZero() {
			since = v.Since.Sub(epoch).String()
		}
		return fmt.Sprintf("%v %s %d/%d bytes %d/%d malformed %d unsupported %d errors %d user %d/%d",
			v.State, since, v.In, v.Out, v.BytesIn, v.BytesOut, v.Malformed, v.Unsupported, v.Errors, v.Users[0].In, v.Users[0].Out)
	}
	expect := func(want string) {
		t.Helper()
		if got := show(); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
	var out lispcore.Outbox
	v4 := lispcore.Service{Instance: 7, Family: lispcore.IPv4}
	v6 := lispcore.Service{Instance: 7, Family: lispcore.IPv6}

	expect("Down never 0/0 bytes 0/0 malformed 0 unsupported 0 errors 0 user 0/0")
	dial := table.NextStream()
	s.Dialling(dial, etrAddr)
	if table.ByStream(dial) != s {
		t.Error("the dial has no session")
	}
	expect("Init never 0/0 bytes 0/0 malformed 0 unsupported 0 errors 0 user 0/0")
	if s.Closed(epoch.Add(time.Second)) {
		t.Error("a dial that fails is told as a session that was lost")
	}
	expect("Down never 0/0 bytes 0/0 malformed 0 unsupported 0 errors 0 user 0/0")

	dial = table.NextStream()
	s.Dialling(dial, etrAddr)
	s.Opened(epoch.Add(5*time.Second), lispcore.StreamOpened{Stream: dial, Local: netip.AddrPortFrom(etrAddr, 11001), Remote: netip.AddrPortFrom(serverAddr, 4342)})
	ack := &wire.RegistrationACK{Prefix: wire.EIDPrefix{EID: lispcore.NewEID(7, netip.MustParsePrefix("10.1.0.0/16"))}}
	for _, user := range []lispcore.Service{v4, v6, {}} {
		if err := s.Send(ack, user); err != nil {
			t.Fatal(err)
		}
	}
	s.Flush(&out)
	s.Flush(&out) // nothing is left to write
	if got := answers(t, out.Drain()); !reflect.DeepEqual(got, []string{
		"0 Registration ACK IID 7 10.1.0.0/16", "1 Registration ACK IID 7 10.1.0.0/16", "2 Registration ACK IID 7 10.1.0.0/16"}) {
		t.Errorf("message IDs count from 0: %q", got)
	}
	expect("Up 5s 0/3 bytes 0/93 malformed 0 unsupported 0 errors 0 user 0/1")

	err := s.Receive(unhex(t, "0014000f000000070000009facade9"+"0063000c000000039facade9"+"0014000c000000029facade9"+
		"00100018000000060200000000110064000000099facade9"), &out, (&ear{}).handle)
	s.CountIn(v4)
	s.Flush(&out)
	out.Drain()
	if err != nil {
		t.Fatal(err)
	}
	expect("Up 5s 4/5 bytes 63/141 malformed 1 unsupported 1 errors 1 user 1/1")

	// A lost session keeps its numbers and tells since when; the next one begins anew, and so do its message IDs.
	s.Closed(epoch.Add(9 * time.Second))
	expect("Down 9s 4/5 bytes 63/141 malformed 1 unsupported 1 errors 1 user 1/1")
	if table.ByStream(dial) != nil {
		t.Error("the stream still has a session")
	}
	s.Opened(epoch.Add(20*time.Second), lispcore.StreamOpened{Stream: table.NextStream(), Local: netip.AddrPortFrom(etrAddr, 11002), Remote: netip.AddrPortFrom(serverAddr, 4342)})
	if err := s.Send(ack, v4); err != nil {
		t.Fatal(err)
	}
	s.Flush(&out)
	if got := answers(t, out.Drain()); len(got) != 1 || !strings.HasPrefix(got[0], "0 ") {
		t.Errorf("message IDs of a new connection: %q", got)
	}
	expect("Up 20s 0/1 bytes 0/31 malformed 0 unsupported 0 errors 0 user 0/1")
}

// TestNothingOutlivesAConnection: neither half a frame nor what was not yet written goes into the next connection.
func TestNothingOutlivesAConnection(t *testing.T) {
	table, s := upSession(t)
	var out lispcore.Outbox
	if err := s.Receive(unhex(t, "0014000f0000"), &out, (&ear{}).handle); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&wire.RegistrationRefresh{}, lispcore.Service{}); err != nil {
		t.Fatal(err)
	}
	table.Accept(epoch, opened(table.NextStream(), etrAddr, 11002))
	e := &ear{}
	if err := s.Receive(unhex(t, "0014000f000000070000009facade9"), &out, e.handle); err != nil || len(e.heard) != 1 {
		t.Errorf("heard %q: %v", e.heard, err)
	}
	s.Flush(&out)
	for _, o := range out.Drain() {
		if w, ok := o.(lispcore.WriteStream); ok {
			t.Errorf("written: %x", w.Data)
		}
	}
}

// TestOrder: sessions are listed in the order in which they came to be, of both sides; streams are never numbered alike.
func TestOrder(t *testing.T) {
	table := session.NewTable()
	a, b, c := netip.MustParseAddr("10.0.0.3"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.1")
	table.Configure(a)
	table.Admit(serverAddr, b)
	table.Configure(c)
	table.Admit(serverAddr, a)
	table.Admit(serverAddr, b)
	var got []string
	for _, v := range table.Snapshot() {
		got = append(got, fmt.Sprintf("%v %t", v.Peer, v.Active))
	}
	if want := []string{"10.0.0.3 true", "10.0.0.2 false", "10.0.0.1 true", "10.0.0.3 false"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	table.Remove(table.Configure(a))
	if n := len(table.Snapshot()); n != 3 {
		t.Errorf("%d sessions are left, want 3", n)
	}
	if first := table.NextStream(); first == 0 || table.NextStream() == first {
		t.Error("stream IDs repeat, or are 0")
	}
}

// TestTooLarge: a message that no frame can hold is an error and leaves no trace.
func TestTooLarge(t *testing.T) {
	_, s := upSession(t)
	if err := s.Send(&wire.Registration{Register: make([]byte, wire.MaxFrame)}, lispcore.Service{}); err == nil {
		t.Fatal("sent")
	}
	var out lispcore.Outbox
	s.Flush(&out)
	if o := out.Drain(); len(o) != 0 {
		t.Errorf("written: %v", o)
	}
	if err := s.Send(&wire.RegistrationRefresh{}, lispcore.Service{}); err != nil {
		t.Fatal(err)
	}
	s.Flush(&out)
	if got := answers(t, out.Drain()); len(got) != 1 || got[0] != "0 Registration Refresh all" {
		t.Errorf("then %q", got)
	}
}

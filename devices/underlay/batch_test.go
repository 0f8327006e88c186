package underlay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// loopback returns n LISP control addresses for the length of the test.
func loopback(t *testing.T, n int) []netip.AddrPort {
	t.Helper()
	at, release, err := TakeLoopback(n)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	return at
}

func listenBatch(t *testing.T, at netip.AddrPort) *BatchSocket {
	t.Helper()
	s, err := ListenBatch(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestBatch holds that every datagram of more than one batch arrives once, in order, with its source.
func TestBatch(t *testing.T) {
	at := loopback(t, 2)
	from, to := listenBatch(t, at[0]), listenBatch(t, at[1])
	const n = 2*BatchSize + 7
	for i := range n {
		if err := from.Queue(at[1], fmt.Appendf(nil, "datagram %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := from.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := to.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for got := 0; got < n; {
		err := to.Read(func(src netip.AddrPort, payload []byte) {
			if want := fmt.Sprintf("datagram %d", got); src != at[0] || string(payload) != want {
				t.Errorf("%q from %v, want %q from %v", payload, src, want, at[0])
			}
			got++
		})
		if err != nil {
			t.Fatalf("after %d of %d: %v", got, n, err)
		}
	}
}

// TestBatchSizes holds that the longest datagram passes whole, and what is refused before the kernel sees it.
func TestBatchSizes(t *testing.T) {
	at := loopback(t, 1)
	s := listenBatch(t, at[0])
	if err := errors.Join(s.Queue(at[0], make([]byte, maxDatagram)), s.Flush()); err != nil {
		t.Fatal(err)
	}
	if err := s.Read(func(_ netip.AddrPort, payload []byte) {
		if len(payload) != maxDatagram {
			t.Errorf("%d bytes arrived of %d", len(payload), maxDatagram)
		}
	}); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"empty":    s.Queue(at[0], nil),
		"too long": s.Queue(at[0], make([]byte, maxDatagram+1)),
		"IPv6":     s.Queue(netip.MustParseAddrPort("[::1]:4342"), []byte{1}),
	} {
		if err == nil || !strings.Contains(err.Error(), "no datagram of") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestBatchEnds holds how a waiting Read ends: by the deadline, and by Close.
func TestBatchEnds(t *testing.T) {
	at := loopback(t, 1)
	s := listenBatch(t, at[0])
	nothing := func(netip.AddrPort, []byte) { t.Error("a datagram came from nowhere") }
	if err := s.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := s.Read(nothing); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
	if err := s.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() { read <- s.Read(nothing) }()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

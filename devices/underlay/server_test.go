package underlay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"lisplab/lispcore"
)

// shouter answers whatever it hears in capitals, on streams and by datagram. "bye" and "reset" on a stream end it, "timer"
// in a datagram arms a deadline that is due at once. It notes what it is told.
type shouter struct {
	lispcore.Outbox
	due   time.Time
	ended int    // streams
	tail  []byte // the last bytes of the one stream that talks: a word may come in two pieces
}

func (s *shouter) Deadline() (time.Time, bool) { return s.due, !s.due.IsZero() }

func (s *shouter) Handle(now time.Time, in lispcore.Input) {
	switch in := in.(type) {
	case lispcore.Datagram:
		if string(in.Payload) == "timer" {
			s.due = now
			return
		}
		s.Add(lispcore.SendDatagram{From: in.To, To: in.From, Payload: bytes.ToUpper(in.Payload)})
	case lispcore.StreamOpened:
		s.Add(lispcore.WriteStream{Stream: in.Stream, Data: []byte("HELLO ")})
		s.note("opened %d by %v", in.Stream, in.Remote.Addr())
	case lispcore.StreamData:
		s.Add(lispcore.WriteStream{Stream: in.Stream, Data: bytes.ToUpper(in.Data)})
		s.tail = append(s.tail, in.Data...)
		s.tail = s.tail[max(0, len(s.tail)-len("reset")):]
		if reset := bytes.HasSuffix(s.tail, []byte("reset")); reset || bytes.HasSuffix(s.tail, []byte("bye")) {
			s.Add(lispcore.CloseStream{Stream: in.Stream, Abort: reset})
		}
	case lispcore.StreamClosed:
		s.ended++
		s.note("closed %d: %v", in.Stream, in.Reason)
	case lispcore.Tick:
		s.due = time.Time{}
		s.note("tick")
	}
}

func (s *shouter) note(format string, args ...any) {
	s.Note(lispcore.Event{Detail: fmt.Sprintf(format, args...)})
}

// startShouter returns where a shouter is served, the address of a peer, and what the shouter notes.
func startShouter(t *testing.T) (at, peer netip.AddrPort, notes <-chan string) {
	t.Helper()
	both := loopback(t, 2)
	heard := make(chan string, 10)
	last := lispcore.StreamID(0)
	s, err := NewServer(ServerConfig{
		Engine: &shouter{}, At: both[0], Now: time.Now,
		NextStream: func() lispcore.StreamID { last++; return last },
		Notice:     func(e lispcore.Event) { heard <- e.Detail },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return both[0], both[1], heard
}

// TestServerDatagrams holds that datagrams are answered and deadlines become ticks.
func TestServerDatagrams(t *testing.T) {
	at, peer, notes := startShouter(t)
	sock := listenBatch(t, peer)
	if err := sock.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	got := 0
	ask := func(n int) {
		t.Helper()
		for i := got; i < n; i++ {
			if err := sock.Queue(at, fmt.Appendf(nil, "map-register %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := sock.Flush(); err != nil {
			t.Fatal(err)
		}
		for got < n {
			if err := sock.Read(func(from netip.AddrPort, payload []byte) {
				if want := fmt.Sprintf("MAP-REGISTER %d", got); from != at || string(payload) != want {
					t.Errorf("%q from %v, want %q from %v", payload, from, want, at)
				}
				got++
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask(100)
	if err := sock.Queue(at, []byte("timer")); err != nil {
		t.Fatal(err)
	}
	ask(200)
	if got := <-notes; got != "tick" {
		t.Errorf("the engine notes %q, want a tick", got)
	}
	ask(300)
	if len(notes) > 0 {
		t.Errorf("the engine notes %q, though no deadline is armed", <-notes)
	}
}

// TestServerStreams holds how a stream begins, carries bytes both ways, and ends in each of the four ways.
func TestServerStreams(t *testing.T) {
	tests := []struct {
		name     string
		say      string
		hangUp   bool
		want     string
		wantErr  error  // of the peer's last read
		wantNote string // "" when the engine itself closes
	}{
		{"the peer closes", "one two", true, "HELLO ONE TWO", io.EOF, "closed 1: closed by peer"},
		{"the engine closes", "one bye", false, "HELLO ONE BYE", io.EOF, ""},
		{"the engine resets", "reset", false, "HELLO ", syscall.ECONNRESET, ""},
		{"many bytes", strings.Repeat("registration ", 1<<18) + "bye", false, "HELLO " + strings.Repeat("REGISTRATION ", 1<<18) + "BYE", io.EOF, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, peer, notes := startShouter(t)
			conn, err := DialStream(t.Context(), peer.Addr(), at)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if got, want := <-notes, fmt.Sprintf("opened 1 by %v", peer.Addr()); got != want {
				t.Errorf("the engine notes %q, want %q", got, want)
			}
			go func() {
				io.WriteString(conn, tt.say)
				if tt.hangUp {
					conn.(interface{ CloseWrite() error }).CloseWrite()
				}
			}()
			got, err := io.ReadAll(conn)
			if err == nil {
				err = io.EOF
			}
			if !errors.Is(err, tt.wantErr) {
				t.Errorf("the peer's read ends with %v, want %v", err, tt.wantErr)
			}
			// A reset may overtake bytes that went before it.
			if string(got) != tt.want && !(tt.wantErr != io.EOF && strings.HasPrefix(tt.want, string(got))) {
				t.Errorf("%d bytes came, want %d", len(got), len(tt.want))
			}
			if tt.wantNote != "" {
				if got := <-notes; got != tt.wantNote {
					t.Errorf("the engine notes %q, want %q", got, tt.wantNote)
				}
			}
		})
	}
}

// TestServerDeafPeer holds that a peer that sends and never reads is made to wait, and is let go when it gives up.
func TestServerDeafPeer(t *testing.T) {
	at, peer, notes := startShouter(t)
	conn, err := DialStream(t.Context(), peer.Addr(), at)
	if err != nil {
		t.Fatal(err)
	}
	<-notes
	tcp := conn.(*net.TCPConn)
	if err := tcp.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	const much = 64 << 20
	if n, err := tcp.Write(make([]byte, much)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes were taken, error %v, want a wait", n, err)
	}
	if err := errors.Join(tcp.SetLinger(0), tcp.Close()); err != nil {
		t.Fatal(err)
	}
	// The kernel tells of a reset once: if the writing side has taken the news, the reading one sees a plain end.
	if got := <-notes; got != "closed 1: connection reset" && got != "closed 1: closed by peer" {
		t.Errorf("the engine notes %q, want the end of stream 1", got)
	}
}

// TestServerClose holds that Close ends what is open, tells the peer by a reset, and waits for its goroutines.
func TestServerClose(t *testing.T) {
	both := loopback(t, 2)
	opened := make(chan struct{}, 1)
	engine := &shouter{}
	s, err := NewServer(ServerConfig{
		Engine: engine, At: both[0], Now: time.Now, NextStream: func() lispcore.StreamID { return 1 },
		Notice: func(e lispcore.Event) {
			if strings.HasPrefix(e.Detail, "opened") {
				opened <- struct{}{}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := DialStream(t.Context(), both[1].Addr(), both[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	<-opened
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if engine.ended != 1 { // read without a lock: Close has waited for everything
		t.Errorf("the engine was told of %d ends, want 1", engine.ended)
	}
	if _, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer's read ends with %v, want a reset", err)
	}
	if _, err := DialStream(t.Context(), both[1].Addr(), both[0]); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a dial after Close ends with %v, want a refusal", err)
	}
	again, err := NewServer(ServerConfig{At: both[0], Engine: &shouter{}, Now: time.Now})
	if err != nil {
		t.Fatalf("the address is not free again: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestServerAddressTaken holds that a second server at one address is refused and leaves nothing behind.
func TestServerAddressTaken(t *testing.T) {
	at, _, _ := startShouter(t)
	if _, err := NewServer(ServerConfig{At: at, Engine: &shouter{}, Now: time.Now}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("error %v, want %v", err, syscall.EADDRINUSE)
	}
}

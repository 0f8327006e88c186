package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"lisplab/devices/underlay"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// rates is how long new and known registrations of one stock took.
type rates struct{ fresh, known span }

// mapServer is a Map-Server in real time, and the socket of one ETR that registers there.
type mapServer struct {
	at, etrAt netip.AddrPort
	engine    *mapserver.Engine
	server    *underlay.Server
	etr       *underlay.BatchSocket
	release   func() error
}

func startMapServer() (*mapServer, error) {
	at, release, err := underlay.TakeLoopback(2)
	if err != nil {
		return nil, err
	}
	sessions := session.NewTable()
	m := &mapServer{at: at[0], etrAt: at[1], engine: mapserver.New(sessions), release: release}
	m.engine.Configure(time.Now(), mapServerConfig(true))
	if m.etr, err = underlay.ListenBatch(m.etrAt); err != nil {
		return nil, errors.Join(err, release())
	}
	m.server, err = underlay.NewServer(underlay.ServerConfig{Engine: m.engine, At: m.at, NextStream: sessions.NextStream, Now: time.Now})
	if err != nil {
		return nil, errors.Join(err, m.etr.Close(), release())
	}
	return m, nil
}

func (m *mapServer) stop() error { return errors.Join(m.server.Close(), m.etr.Close(), m.release()) }

// accepted checks that the engine holds what the sender counted.
func (m *mapServer) accepted(n int) (err error) {
	m.server.Do(func() {
		held := 0
		for _, e := range m.engine.Snapshot().Sites[0].Entries {
			held += len(e.MoreSpecifics)
		}
		if held != n {
			err = fmt.Errorf("the Map-Server holds %d registrations, %d were answered", held, n)
		}
	})
	return err
}

// registerByUDP registers n EID prefixes, and then the same again.
func registerByUDP(n int) (r rates, err error) {
	m, err := startMapServer()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	s, err := newStock(n, m.etrAt.Addr(), false)
	if err != nil {
		return r, err
	}
	if r.fresh, err = exchange(m.etr, m.at, s); err != nil {
		return r, err
	}
	if r.known, err = exchange(m.etr, m.at, s); err != nil {
		return r, err
	}
	return r, m.accepted(n)
}

// registerByTCP registers n EID prefixes over one session, and then the same again.
func registerByTCP(n int) (r rates, err error) {
	m, err := startMapServer()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	s, err := newStock(n, m.etrAt.Addr(), true)
	if err != nil {
		return r, err
	}
	admission, err := newStock(1, m.etrAt.Addr(), false)
	if err != nil {
		return r, err
	}
	if _, err = exchange(m.etr, m.at, admission); err != nil {
		return r, fmt.Errorf("admission by UDP: %w", err)
	}
	conn, err := underlay.DialStream(context.Background(), m.etrAt.Addr(), m.at)
	if err != nil {
		return r, err
	}
	defer conn.Close()
	in := newFrameCounter(conn)
	if err = in.await(wire.TypeRegistrationRefresh, 1); err != nil {
		return r, err
	}
	for _, took := range []*span{&r.fresh, &r.known} {
		if *took, err = pipeline(conn, in, s); err != nil {
			return r, err
		}
	}
	return r, m.accepted(n)
}

// pipeline writes the whole stock to the session without waiting, and returns when the last ACK and the last Mapping
// Notification are in.
func pipeline(conn io.Writer, in *frameCounter, s stock) (span, error) {
	watch := stopwatch()
	wrote := make(chan error, 1)
	go func() {
		_, err := conn.Write(s.bytes)
		wrote <- err
	}()
	err := in.await(wire.TypeMappingNotification, s.len())
	took := watch()
	if err == nil && in.count[wire.TypeRegistrationACK] != s.len() {
		err = fmt.Errorf("%d Registration ACKs for %d Registrations", in.count[wire.TypeRegistrationACK], s.len())
	}
	if err != nil {
		return span{}, err
	}
	clear(in.count)
	return took, <-wrote
}

// frameCounter counts the messages of a session by type.
type frameCounter struct {
	r     io.Reader
	buf   []byte
	have  int
	count map[wire.StreamType]int
}

func newFrameCounter(r io.Reader) *frameCounter {
	return &frameCounter{r: r, buf: make([]byte, 256<<10), count: make(map[wire.StreamType]int)}
}

// await reads until n messages of the type are there.
func (f *frameCounter) await(t wire.StreamType, n int) error {
	for f.count[t] < n {
		got, err := f.r.Read(f.buf[f.have:])
		if err != nil {
			return fmt.Errorf("after %d of %d messages %v: %w", f.count[t], n, t, err)
		}
		f.have += got
		used, err := f.take(f.buf[:f.have])
		if err != nil {
			return err
		}
		f.have = copy(f.buf, f.buf[used:f.have])
	}
	return nil
}

// take counts the whole messages in b and returns their length. Runs of one type cost one visit of the map.
func (f *frameCounter) take(b []byte) (used int, err error) {
	var run wire.StreamType
	var length int
	for {
		frame, n, err := wire.ParseFrame(b[used:])
		if err != nil || n == 0 {
			if length > 0 {
				f.count[run] += length
			}
			return used, err
		}
		if frame.Type != run {
			if length > 0 {
				f.count[run] += length
			}
			run, length = frame.Type, 0
		}
		length++
		used += n
	}
}

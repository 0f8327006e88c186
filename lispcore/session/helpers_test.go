package session_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

var (
	epoch      = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	serverAddr = netip.MustParseAddr("10.0.0.9")
	etrAddr    = netip.MustParseAddr("10.0.0.1")
)

// opened is a connection of the ETR at addr, as its Map-Server sees it.
func opened(stream lispcore.StreamID, addr netip.Addr, port uint16) lispcore.StreamOpened {
	return lispcore.StreamOpened{
		Stream: stream, Local: netip.AddrPortFrom(serverAddr, lispcore.ControlPort), Remote: netip.AddrPortFrom(addr, port),
	}
}

// upSession is a Map-Server's session with an ETR.
func upSession(t testing.TB) (*session.Table, *session.Session) {
	t.Helper()
	table := session.NewTable()
	table.Admit(serverAddr, etrAddr)
	s, replaced := table.Accept(epoch, opened(table.NextStream(), etrAddr, 11001))
	if s == nil || replaced != 0 {
		t.Fatalf("a permitted connection was not taken: %v, replaced %d", s, replaced)
	}
	return table, s
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ear is a role that takes every message, and writes down what it hears.
type ear struct{ heard []string }

func (e *ear) handle(m wire.StreamMessage) error {
	e.heard = append(e.heard, said(m))
	if m.StreamType() == wire.TypeMappingNotification {
		return session.ErrUnexpected
	}
	return nil
}

// said writes a message in a few words.
func said(m wire.StreamMessage) string {
	switch m := m.(type) {
	case *wire.RegistrationACK:
		return fmt.Sprintf("%v %v", m.StreamType(), m.Prefix)
	case *wire.RegistrationRefresh:
		return fmt.Sprintf("%v %v", m.StreamType(), m.Scope)
	case *wire.Registration:
		return fmt.Sprintf("%v %x", m.StreamType(), m.Register)
	}
	return m.StreamType().String()
}

// answers writes down what a session wants written, one line per message.
func answers(t testing.TB, out []lispcore.Output) []string {
	t.Helper()
	var list []string
	for _, o := range out {
		w, ok := o.(lispcore.WriteStream)
		if !ok {
			continue
		}
		for b := w.Data; len(b) > 0; {
			f, n, err := wire.ParseFrame(b)
			if err != nil || n == 0 {
				t.Fatalf("a session writes what is no frame: %x: %v", b, err)
			}
			m, err := wire.ParseStream(f)
			if err != nil {
				t.Fatalf("a session writes what can't be read: %x: %v", b, err)
			}
			line := fmt.Sprintf("%d %s", f.ID, said(m))
			if e, ok := m.(*wire.ErrorNotification); ok {
				line = fmt.Sprintf("%d Error %d: %v, length %d, ID %d, %d bytes of it", f.ID, e.Code, e.Type, e.Length, e.ID, len(e.Data))
			}
			list, b = append(list, line), b[n:]
		}
	}
	return list
}

package telnet

import (
	"io"
	"sync"
)

// Stream is the data of a telnet connection: what is typed is read from it, what is shown is written to it. One goroutine
// may read while others write.
type Stream struct {
	conn io.ReadWriteCloser
	raw  [4096]byte // Read's
	left []byte     // typed, and not read yet

	codec Codec

	mu  sync.Mutex // of writing
	out []byte
}

// NewStream opens the protocol on a connection.
func NewStream(conn io.ReadWriteCloser) (*Stream, error) {
	s := &Stream{conn: conn}
	_, err := conn.Write(s.codec.Open())
	return s, err
}

// Read reads what is typed. The protocol's own bytes are answered meanwhile.
func (s *Stream) Read(p []byte) (int, error) {
	for len(s.left) == 0 {
		n, err := s.conn.Read(s.raw[:])
		data, reply := s.codec.Decode(s.raw[:n])
		if len(reply) > 0 {
			if err := s.send(reply); err != nil {
				return 0, err
			}
		}
		if s.left = data; err != nil && len(data) == 0 {
			return 0, err
		}
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

func (s *Stream) send(reply []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.conn.Write(reply)
	return err
}

// Write shows p. It keeps nothing of it.
func (s *Stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = s.codec.Encode(s.out[:0], p)
	if _, err := s.conn.Write(s.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close closes the connection.
func (s *Stream) Close() error { return s.conn.Close() }

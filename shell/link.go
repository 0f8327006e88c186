package shell

import (
	"lisplab/devices"
	"lisplab/shell/telnet"
)

// link carries a terminal over a connection between two routers: what goes in at one end, keys or a screen, comes out at the
// other. Like the connection it is for who is on the goroutine that owns the lab.
type link interface {
	// read returns what has come since the last call. An error is one of this program, not of the network.
	read() ([]byte, error)
	write(data []byte)
	// waiting is how many bytes have come that nobody has read.
	waiting() int
	// over tells whether nothing more will come: what has come before can be read still.
	over() bool
	close()
}

// telnetLink is a link in telnet's words.
type telnetLink struct {
	stream *devices.Stream
	codec  *telnet.Codec
}

func (l *telnetLink) read() ([]byte, error) {
	data, reply := l.codec.Decode(l.stream.Read())
	l.stream.Write(reply)
	return data, nil
}

func (l *telnetLink) write(data []byte) { l.stream.Write(l.codec.Encode(nil, data)) }
func (l *telnetLink) waiting() int      { return l.stream.Waiting() }
func (l *telnetLink) over() bool        { return l.stream.State() == devices.StreamClosed }
func (l *telnetLink) close()            { l.stream.Close(false) }

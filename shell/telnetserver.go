package shell

import (
	"context"
	"io"
	"net"
	"time"

	"lisplab/devices"
	"lisplab/shell/telnet"
)

// serveTelnet serves one telnet connection: one session, which asks who is there.
func (f *front) serveTelnet(ctx context.Context, conn net.Conn) {
	line, err := f.seat(devices.TransportTelnet, conn)
	if err != nil {
		refuse(conn)
		return
	}
	defer goodbye(conn)
	defer f.leave(line)
	stream, err := telnet.NewStream(conn)
	if err != nil {
		return
	}
	sh, err := f.shell()
	if err != nil {
		return
	}
	v := NewVTY(sh, line, stream, func() { _ = conn.Close() })
	_ = f.run(ctx, v, nil)
}

// farewell is how long a client may take to close its end of a connection.
const farewell = time.Second

// goodbye closes a connection so that what was shown last arrives: closing it while something that was typed is not read
// yet would take it back.
func goodbye(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		late := devices.AfterWall(farewell, func() { _ = conn.Close() })
		_, _ = io.Copy(io.Discard, conn)
		late.Stop()
	}
	_ = conn.Close()
}

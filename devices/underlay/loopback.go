package underlay

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
)

// TakeLoopback takes a free block of loopback addresses, as a lab does, for n routers that run in real time, and returns
// the LISP control address of each. Release gives the block back.
func TakeLoopback(n int) (at []netip.AddrPort, release func() error, err error) {
	b, err := takeBlock()
	if err != nil {
		return nil, nil, err
	}
	if b.guard == nil {
		return nil, nil, errors.New("this system has no aliases in 127.0.0.0/8, which routers in real time need to be told apart")
	}
	for i := range n {
		at = append(at, b.alias(i))
	}
	return at, b.close, nil
}

// DialStream opens a TCP connection from the address and any port, as an ETR does. It waits SynWait at most.
func DialStream(ctx context.Context, from netip.Addr, to netip.AddrPort) (io.ReadWriteCloser, error) {
	d := net.Dialer{
		LocalAddr:       net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0)),
		Timeout:         SynWait,
		KeepAliveConfig: keepAlive,
	}
	return d.DialContext(ctx, "tcp4", to.String())
}

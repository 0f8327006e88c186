package underlay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"lisplab/lispcore"
)

// The second byte of a lab's block 127.B.0.0/16.
const firstBlock, lastBlock = 16, 215

// maxNodes is what fits in a block beside its guard, network and broadcast address.
const maxNodes = 1<<16 - 3

// block is the range of loopback addresses that a lab holds for its lifetime. A guard socket, bound without SO_REUSEADDR,
// keeps other labs out of it. Where the system has no aliases in 127/8, guard is nil and every router is 127.0.0.1 with
// ports of its own.
type block struct {
	base  netip.Addr
	guard *net.UDPConn
}

// takeBlock takes the first free block.
func takeBlock() (*block, error) {
	for b := firstBlock; b <= lastBlock; b++ {
		base := netip.AddrFrom4([4]byte{127, byte(b), 0, 0})
		guard, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(base.Next(), lispcore.ControlPort)))
		switch {
		case err == nil:
			return &block{base, guard}, nil
		case errors.Is(err, syscall.EADDRINUSE):
			continue
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			return &block{}, nil
		default:
			return nil, fmt.Errorf("taking the loopback block 127.%d.0.0/16: %w", b, err)
		}
	}
	return nil, fmt.Errorf("all loopback blocks from 127.%d.0.0/16 to 127.%d.0.0/16 are taken by other labs", firstBlock, lastBlock)
}

// alias is the loopback address of the node's sockets. Port 0 asks the kernel for one.
func (b *block) alias(node int) netip.AddrPort {
	if b.guard == nil {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	n := node + 2 // .0.0 is the network, .0.1 the guard
	a := b.base.As4()
	a[2], a[3] = byte(n>>8), byte(n)
	return netip.AddrPortFrom(netip.AddrFrom4(a), lispcore.ControlPort)
}

// dataAlias is that of the node's socket for encapsulated packets.
func (b *block) dataAlias(node int) netip.AddrPort {
	at := b.alias(node)
	if at.Port() == 0 {
		return at
	}
	return netip.AddrPortFrom(at.Addr(), lispcore.DataPort)
}

// close gives the block back.
func (b *block) close() error {
	if b.guard == nil {
		return nil
	}
	return b.guard.Close()
}

// listenUDP binds a node's UDP socket.
func listenUDP(alias netip.AddrPort) (*net.UDPConn, netip.AddrPort, error) {
	sock, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(alias))
	if err != nil {
		return nil, alias, err
	}
	return sock, sock.LocalAddr().(*net.UDPAddr).AddrPort(), nil
}

// listenTCP opens a node's listener. Kernel keepalive and multipath TCP are off: liveness is modelled.
func listenTCP(at netip.AddrPort) (*net.TCPListener, error) {
	lc := net.ListenConfig{KeepAlive: -1}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(context.Background(), "tcp4", at.String())
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

//go:build linux

package underlay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"lisplab/lispcore"
	"lisplab/lispcore/forward"
)

// openPackets opens a node's sockets for whole packets: two to send by, and those that hear ICMP.
func (k *Kernel) openPackets(node int) (err error) {
	at := k.sites[node]
	if at.raw4, err = rawSocket(unix.AF_INET, unix.IPPROTO_RAW); err != nil {
		return err
	}
	f, err := listenICMP4()
	if err != nil {
		return err
	}
	at.icmp = append(at.icmp, f)
	if haveIPv6 {
		if at.raw6, err = rawSocket(unix.AF_INET6, unix.IPPROTO_RAW); err != nil {
			return err
		}
		if f, err = listenICMP6(); err != nil {
			return err
		}
		at.icmp = append(at.icmp, f)
	}
	for i, f := range at.icmp {
		k.running.Go(func() { k.readICMP(node, f, i > 0) })
	}
	return nil
}

func rawSocket(family, protocol int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
	if errors.Is(err, unix.EPERM) {
		return -1, fmt.Errorf("raw sockets need root, or CAP_NET_RAW, which --cap-add NET_RAW gives a container: %w", err)
	}
	if err != nil {
		return -1, fmt.Errorf("raw socket: %w", err)
	}
	return fd, nil
}

// heardICMP4 and heardICMP6 are the types of ICMP messages that an engine or a probe of ours may wait for. The kernel
// answers echo requests itself.
var (
	heardICMP4 = []int{0, 3, 11, 12}    // echo reply, unreachable, time exceeded, parameter problem
	heardICMP6 = []int{1, 2, 3, 4, 129} // unreachable, too big, time exceeded, parameter problem, echo reply
	icmpFilter = 1                      // ICMP_FILTER, which package unix does not name
	protocols  = [...]int{unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6}
)

func listenICMP4() (*os.File, error) {
	fd, err := rawSocket(unix.AF_INET, protocols[0])
	if err != nil {
		return nil, err
	}
	blocked := ^uint32(0)
	for _, t := range heardICMP4 {
		blocked &^= 1 << t
	}
	var filter [4]byte
	binary.NativeEndian.PutUint32(filter[:], blocked)
	if err := unix.SetsockoptString(fd, unix.SOL_RAW, icmpFilter, string(filter[:])); err != nil {
		return nil, errors.Join(fmt.Errorf("setting ICMP_FILTER: %w", err), unix.Close(fd))
	}
	if err := set(fd, tellOptions4...); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "icmp"), nil
}

func listenICMP6() (*os.File, error) {
	fd, err := rawSocket(unix.AF_INET6, protocols[1])
	if err != nil {
		return nil, err
	}
	var filter unix.ICMPv6Filter
	for i := range filter.Data {
		filter.Data[i] = ^uint32(0)
	}
	for _, t := range heardICMP6 {
		filter.Data[t/32] &^= 1 << (t % 32)
	}
	if err := unix.SetsockoptICMPv6Filter(fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &filter); err != nil {
		return nil, errors.Join(fmt.Errorf("setting ICMPV6_FILTER: %w", err), unix.Close(fd))
	}
	if err := set(fd, tellOptions6[1:]...); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "icmpv6"), nil
}

// readICMP posts the messages that come to an ICMP socket, each as the packet that it came in, until it is closed.
func (k *Kernel) readICMP(node int, f *os.File, v6 bool) {
	conn, err := f.SyscallConn()
	if err != nil {
		return // closed already
	}
	buf, oob := make([]byte, 1<<16), make([]byte, 256)
	for {
		var size, oobSize int
		var from unix.Sockaddr
		var readErr error
		err := conn.Read(func(fd uintptr) bool {
			size, oobSize, _, from, readErr = unix.Recvmsg(int(fd), buf, oob, 0)
			return readErr != unix.EAGAIN
		})
		if err != nil {
			return
		}
		if readErr != nil {
			continue // the socket's own errors say nothing that does not come as a message too
		}
		told := readControl(oob[:oobSize])
		data := slices.Clone(buf[:size])
		if v6 {
			data = withHeader6(from, told, data)
		}
		ok := k.post(func(time.Time) []Delivery {
			if !slices.Contains(k.sites[node].icmp, f) {
				return nil
			}
			k.stats.Packets++
			return []Delivery{{node, lispcore.PacketReceived{Interface: k.cfg.Ground.Interface(node, told.iface), Data: data}}}
		})
		if !ok {
			return
		}
	}
}

// withHeader6 gives an ICMPv6 message the IPv6 header that the kernel keeps to itself.
func withHeader6(from unix.Sockaddr, t told, message []byte) []byte {
	b := make([]byte, 0, ipv6Header+len(message))
	b = append(b, 6<<4|t.tos>>4, t.tos<<4, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(message)))
	b = append(b, unix.IPPROTO_ICMPV6, t.ttl)
	var src [16]byte
	if a, ok := from.(*unix.SockaddrInet6); ok {
		src = a.Addr
	}
	dst := t.to.As16()
	return append(append(append(b, src[:]...), dst[:]...), message...)
}

// sendPacket sends a packet natively, by the routing table of the interface's VRF, or out of a tunnel, to be forwarded.
func (k *Kernel) sendPacket(node int, out lispcore.SendPacket) []Delivery {
	if vrf, ok := TunnelVRF(out.Interface); ok {
		if f := k.sites[node].tunnels[vrf]; f != nil {
			_, err := f.Write(out.Data)
			k.count(err)
		}
		return nil
	}
	return k.sendRaw(node, k.nodes[node].iface(out.Interface).VRF, out.Data)
}

// sendRaw sends a whole packet by the routing table of a VRF, in fragments if need be. What is too large for its interface
// and may not be fragmented is told of.
func (k *Kernel) sendRaw(node int, vrf string, b []byte) []Delivery {
	at := k.sites[node]
	dst, v6, ok := addresses(b)
	fd := at.raw4
	if v6 {
		fd = at.raw6
	}
	if !ok || fd < 0 {
		k.stats.Unsent++
		return nil
	}
	mtu := DefaultMTU
	if route, ok := k.Lookup(node, vrf, dst); ok {
		mtu = k.nodes[node].iface(route.Interface).mtu()
	}
	pieces, err := [][]byte{b}, error(nil)
	if len(b) > mtu {
		if pieces, err = forward.Fragment(nil, b, mtu); err != nil {
			return []Delivery{{node, lispcore.PacketFailed{Reason: lispcore.FailTooBig, MTU: mtu, Data: b[:min(len(b), quoteSize)]}}}
		}
	}
	for _, piece := range pieces {
		var err error
		if k.leaving != nil {
			k.leaving(piece)
			dst, _, _ = addresses(piece)
		}
		if at.applied.Running { // else nothing looks at marks, and they may need more rights than the socket did
			err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, Mark(max(0, slices.Index(at.applied.VRFs(), vrf))))
		}
		if err == nil {
			err = unix.Sendto(fd, piece, 0, sockaddr(dst))
		}
		k.count(err)
	}
	return nil
}

// addresses reads the destination of an IP packet.
func addresses(b []byte) (dst netip.Addr, v6, ok bool) {
	switch {
	case len(b) >= ipv4Header && b[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(b[16:20])), false, true
	case len(b) >= ipv6Header && b[0]>>4 == 6:
		return netip.AddrFrom16([16]byte(b[24:40])), true, true
	}
	return dst, false, false
}

func sockaddr(a netip.Addr) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4()}
	}
	return &unix.SockaddrInet6{Addr: a.As16()}
}

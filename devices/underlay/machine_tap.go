//go:build linux

package underlay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"lisplab/lispcore"
)

// Tap has see called, as that of Kernel does, for every frame of the router's LISP at the machine's interfaces: whole packets
// of UDP 4341 and 4342 and TCP 4342 from and to its places. The machine's interfaces are not the lab's; a frame is at the one
// by which the router's own table reaches the other end, or else at that of the place.
func (m *Machine) Tap(ports []Port, see func(Frame)) (stop func() error, err error) {
	t := &kernelTap{k: m.Kernel, ending: make(chan struct{})}
	t.see = func(f Frame) {
		if f, ok := m.ours(f); ok && slices.Contains(ports, f.Port) {
			see(f)
		}
	}
	f, err := tapSocket(onlyLISP())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", m.nodes[router].name, err), t.stop())
	}
	t.hear(f, func(link *unix.SockaddrLinklayer, data []byte) Frame {
		if link.Hatype != unix.ARPHRD_ETHER && link.Hatype != unix.ARPHRD_LOOPBACK { // a tunnel of the machine's, without frames
			data = append(binary.NativeEndian.AppendUint16(make([]byte, ethernetHeader-2), link.Protocol), data...)
		}
		return Frame{Out: link.Pkttype == unix.PACKET_OUTGOING, Peer: Nobody, Data: data}
	})
	m.taps = append(m.taps, t)
	return t.stop, nil
}

// ours tells where a frame of the router's is; false for one of another's. On the machine's loopback each passes twice, out
// and in again: one of them is the router's.
func (m *Machine) ours(f Frame) (Frame, bool) {
	if len(f.Data) < ethernetHeader {
		return f, false
	}
	src, dst, _ := endpoints(f.Data[ethernetHeader:])
	here, there := dst.Addr(), src.Addr()
	if f.Out {
		here, there = there, here
	}
	i := slices.IndexFunc(m.places, func(p Place) bool { return p.Here && p.At == here })
	if i < 0 {
		return f, false
	}
	f.Port = Port{router, m.places[i].Interface}
	if route, ok := m.Lookup(router, "", m.lab(there)); ok && (route.Kind == RouteConnected || route.Kind == RouteStatic) {
		f.Port.Interface = route.Interface
	}
	return f, true
}

// onlyLISP is the filter that takes packets of LISP's ports, IPv4 and IPv6, but of fragments only the first.
func onlyLISP() []bpf.Instruction {
	const (
		network          = 1<<32 - 0x100000 // SKF_NET_OFF: counted from the IP header, whatever is before it
		tcp, udp         = protocolTCP, protocolUDP
		data, control    = uint32(lispcore.DataPort), uint32(lispcore.ControlPort)
		offset           = 0x1fff // of a fragment
		equal, different = bpf.JumpEqual, bpf.JumpNotEqual
	)
	return []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtProto},
		bpf.JumpIf{Cond: equal, Val: unix.ETH_P_IPV6, SkipTrue: 8},    // to IPv6
		bpf.JumpIf{Cond: different, Val: unix.ETH_P_IP, SkipTrue: 17}, // to nothing

		bpf.LoadAbsolute{Off: network + 9, Size: 1},
		bpf.JumpIf{Cond: equal, Val: udp, SkipTrue: 1},
		bpf.JumpIf{Cond: different, Val: tcp, SkipTrue: 14}, // to nothing
		bpf.LoadAbsolute{Off: network + 6, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: offset, SkipTrue: 12}, // to nothing
		bpf.LoadMemShift{Off: network},
		bpf.Jump{Skip: 4}, // to the ports

		bpf.LoadAbsolute{Off: network + 6, Size: 1}, // IPv6
		bpf.JumpIf{Cond: equal, Val: udp, SkipTrue: 1},
		bpf.JumpIf{Cond: different, Val: tcp, SkipTrue: 7}, // to nothing
		bpf.LoadConstant{Dst: bpf.RegX, Val: ipv6Header},

		bpf.LoadIndirect{Off: network, Size: 2}, // the ports
		bpf.JumpIf{Cond: equal, Val: data, SkipTrue: 5},
		bpf.JumpIf{Cond: equal, Val: control, SkipTrue: 4},
		bpf.LoadIndirect{Off: network + 2, Size: 2},
		bpf.JumpIf{Cond: equal, Val: data, SkipTrue: 2},
		bpf.JumpIf{Cond: equal, Val: control, SkipTrue: 1},

		bpf.RetConstant{Val: 0}, // nothing
		bpf.RetConstant{Val: maxFrame},
	}
}

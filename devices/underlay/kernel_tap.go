//go:build linux

package underlay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// tapRoom is how many bytes of frames wait in the kernel while nobody reads them. maxFrame is how long one can be: what is
// cut into segments later is one frame yet.
const (
	tapRoom  = 32 << 20
	maxFrame = 1 << 17
)

// kernelTap sees the frames at some interfaces, by one packet socket for each node: its frames come in the order in which the
// kernel has them.
type kernelTap struct {
	k       *Kernel
	see     func(Frame)
	files   []*os.File
	readers sync.WaitGroup
	ending  chan struct{} // closed when no more is wanted, and the sockets take no more

	mu      sync.Mutex
	waiting []Frame

	looking, stopping, over bool // belong to the goroutine that owns the lab
}

// tapPort is one of the kernel's interfaces that is tapped.
type tapPort struct {
	Port
	peer Port // of a segment of two
	lan  bool // more than two: peers are known by their hardware addresses
}

// Tap has see called, by the goroutine that owns the lab, for every frame that passes the interfaces, in either direction,
// from now on until stop is called. What has passed until then has been seen when stop returns; its error tells of frames
// that were missed.
func (k *Kernel) Tap(ports []Port, see func(Frame)) (stop func() error, err error) {
	t := &kernelTap{k: k, see: see, ending: make(chan struct{})}
	var nodes []int
	for _, p := range ports {
		if !slices.Contains(nodes, p.Node) {
			nodes = append(nodes, p.Node)
		}
	}
	stations, err := k.stations(ports)
	for _, node := range nodes {
		if err == nil {
			err = t.open(node, ports, stations)
		}
	}
	if err != nil {
		return nil, errors.Join(err, t.stop())
	}
	k.taps = append(k.taps, t)
	return t.stop, nil
}

// open begins to read what passes at some interfaces of a node.
func (t *kernelTap) open(node int, ports []Port, stations map[string]Port) error {
	var f *os.File
	tapped := make(map[int]tapPort)
	err := t.k.cfg.Ground.Enter(node, func() error {
		list, err := net.Interfaces()
		if err != nil {
			return err
		}
		for _, i := range list {
			p := Port{node, t.k.cfg.Ground.Interface(node, i.Index)}
			if !slices.Contains(ports, p) {
				continue
			}
			at := tapPort{Port: p, peer: Nobody}
			ends := t.k.ends(p)
			if at.lan = len(ends) > 2; len(ends) == 2 && !t.k.outside(ends[1]) {
				at.peer = ends[1]
			}
			tapped[i.Index] = at
		}
		for _, p := range ports {
			known := func(i net.Interface) bool { return tapped[i.Index].Port == p }
			if p.Node == node && !slices.ContainsFunc(list, known) {
				return fmt.Errorf("interface %s is not there to be captured: somebody has removed it; bring the lab up again", p.Interface)
			}
		}
		f, err = tapSocket(onlyAt(tapped))
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", t.k.nodes[node].name, err)
	}
	t.hear(f, func(link *unix.SockaddrLinklayer, data []byte) Frame {
		return frameAt(tapped[link.Ifindex], link.Pkttype == unix.PACKET_OUTGOING, data, stations)
	})
	return nil
}

// hear begins to read a socket. What is known of a frame says sight.
func (t *kernelTap) hear(f *os.File, sight func(link *unix.SockaddrLinklayer, data []byte) Frame) {
	t.files = append(t.files, f)
	t.readers.Go(func() { t.read(f, sight) })
}

// outside tells whether a port is the far end of a plug.
func (k *Kernel) outside(p Port) bool { return p.Node >= len(k.nodes)-len(k.plugs) }

// ends are the ports of a segment, the given one first: what is cabled to it, and hosts.
func (k *Kernel) ends(p Port) []Port {
	list := []Port{p}
	for i := 0; i < len(list); i++ {
		add := func(a, b Port) {
			if a == list[i] && !slices.Contains(list, b) {
				list = append(list, b)
			}
		}
		for _, l := range slices.Concat(k.links, k.plugs) {
			add(l.A, l.B)
			add(l.B, l.A)
		}
		for _, nd := range k.nodes {
			if nd.host != nil {
				at := Port{nd.index, HostInterface}
				add(nd.host.Port, at)
				add(at, nd.host.Port)
			}
		}
	}
	return list
}

// stations are the interfaces on the LANs at some ports, by hardware address. What leads out of the network is a LAN.
func (k *Kernel) stations(ports []Port) (map[string]Port, error) {
	byNode := make(map[int][]Port)
	for _, p := range ports {
		if ends := k.ends(p); len(ends) > 2 || slices.ContainsFunc(ends, k.outside) {
			for _, e := range ends {
				if !k.outside(e) {
					byNode[e.Node] = append(byNode[e.Node], e)
				}
			}
		}
	}
	stations := make(map[string]Port)
	for node, ends := range byNode {
		err := k.cfg.Ground.Enter(node, func() error {
			list, err := net.Interfaces()
			for _, i := range list {
				if p := (Port{node, k.cfg.Ground.Interface(node, i.Index)}); slices.Contains(ends, p) {
					stations[string(i.HardwareAddr)] = p
				}
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.nodes[node].name, err)
		}
	}
	return stations, nil
}

// tapSocket opens a socket that gets the frames of the present namespace that a filter takes, from its first moment on.
func tapSocket(filter []bpf.Instruction) (*os.File, error) {
	return packetSocket("captures", func(fd int) error {
		if err := setFilter(fd, filter); err != nil {
			return err
		}
		if err := set(fd, option{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS"}); err != nil {
			return err
		}
		return setRoom(fd, tapRoom)
	}, 0)
}

// packetSocket opens a packet socket in the present namespace, for what needs one: prepared, and then bound to an interface,
// or with index 0 to all of them.
func packetSocket(what string, prepare func(fd int) error, index int) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.EPERM):
		return nil, fmt.Errorf("%s need root, or CAP_NET_RAW: %w", what, err)
	case errors.Is(err, unix.EAFNOSUPPORT):
		return nil, fmt.Errorf("%s need packet sockets, which this kernel has not got (%w): `modprobe af_packet` may load them", what, err)
	case err != nil:
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	if err = prepare(fd); err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: index})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("packet socket: %w", err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "packets"), nil
}

// setRoom has a socket keep some bytes until they are read.
func setRoom(fd, bytes int) error {
	if set(fd, option{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes, "SO_RCVBUFFORCE"}) == nil {
		return nil
	}
	return set(fd, option{unix.SOL_SOCKET, unix.SO_RCVBUF, bytes, "SO_RCVBUF"}) // in a user namespace
}

func networkOrder(n uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], n)
	return binary.NativeEndian.Uint16(b[:])
}

// setFilter has a socket take what a filter lets pass, from now on.
func setFilter(fd int, program []bpf.Instruction) error {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	var filter []unix.SockFilter
	for _, i := range raw {
		filter = append(filter, unix.SockFilter{Code: i.Op, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog); err != nil {
		return fmt.Errorf("setting SO_ATTACH_FILTER: %w", err)
	}
	return nil
}

// closeDoor has the socket of a tap take no more frames. Their stamps would not tell them from those that it has: a frame
// that the kernel has not stamped gets the time at which it is read.
func closeDoor(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	cerr := conn.Control(func(fd uintptr) { err = setFilter(int(fd), onlyAt(nil)) })
	return errors.Join(err, cerr)
}

// onlyAt is the filter that takes the frames at some interfaces whole, and no others.
func onlyAt(at map[int]tapPort) []bpf.Instruction {
	program := []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtInterfaceIndex}}
	for index := range at {
		program = append(program,
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(index), SkipTrue: 1}, bpf.RetConstant{Val: maxFrame})
	}
	return append(program, bpf.RetConstant{Val: 0})
}

// read puts frames where the goroutine that owns the lab finds them, until the tap ends. What the socket has then is put
// there too.
func (t *kernelTap) read(f *os.File, sight func(link *unix.SockaddrLinklayer, data []byte) Frame) {
	conn, err := f.SyscallConn()
	if err != nil {
		return // closed already
	}
	buf, oob := make([]byte, maxFrame), make([]byte, 256)
	ended := false
	for {
		var size, oobSize int
		var from unix.Sockaddr
		var readErr error
		take := func(fd uintptr) bool {
			size, oobSize, _, from, readErr = unix.Recvmsg(int(fd), buf, oob, 0)
			return ended || readErr != unix.EAGAIN
		}
		if ended {
			err = conn.Control(func(fd uintptr) { take(fd) })
		} else if err = conn.Read(take); errors.Is(err, os.ErrDeadlineExceeded) {
			<-t.ending
			ended = true
			continue
		}
		switch {
		case err != nil, ended && readErr == unix.EAGAIN:
			return
		case readErr != nil:
			continue // an interface is down: the next frames come when it is up
		}
		link, ok := from.(*unix.SockaddrLinklayer)
		if !ok {
			continue
		}
		frame := sight(link, slices.Clone(buf[:size]))
		frame.At = stampOf(oob[:oobSize])
		t.put(frame)
		if !ended {
			t.tell()
		}
	}
}

// frameAt says of a frame what is known of it.
func frameAt(p tapPort, out bool, data []byte, stations map[string]Port) Frame {
	f := Frame{Port: p.Port, Out: out, Peer: p.peer, Data: data}
	if p.lan && len(data) >= 12 {
		address := data[6:12] // of the sender
		if out {
			address = data[:6]
		}
		if s, ok := stations[string(address)]; ok {
			f.Peer = s
		}
	}
	return f
}

// stampOf is when the kernel has seen a frame.
func stampOf(oob []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err == nil {
		for _, m := range messages {
			if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= 16 {
				return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
			}
		}
	}
	return time.Now()
}

func (t *kernelTap) put(f Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(t.waiting, f)
}

// tell has the goroutine that owns the lab look at what waits. It waits itself while that has too much to do.
func (t *kernelTap) tell() {
	select {
	case t.k.arrivals <- func(time.Time) []Delivery { t.look(); return nil }:
	case <-t.ending:
	case <-t.k.closing:
	}
}

// look shows what waits, those of several nodes in the order of time.
func (t *kernelTap) look() {
	t.mu.Lock()
	list := t.waiting
	t.waiting = nil
	t.mu.Unlock()
	if len(t.files) > 1 {
		slices.SortStableFunc(list, func(a, b Frame) int { return a.At.Compare(b.At) })
	}
	defer func(before bool) { t.looking = before }(t.looking)
	t.looking = true
	for _, f := range list {
		if t.over {
			return
		}
		t.see(f)
	}
}

// stop ends the tap. Who stops it because of a frame gets none of those behind it.
func (t *kernelTap) stop() (err error) {
	if t.stopping {
		t.over = true
		return nil
	}
	t.stopping, t.over = true, t.looking
	for _, f := range t.files {
		err = errors.Join(err, closeDoor(f))
	}
	close(t.ending)
	for _, f := range t.files {
		err = errors.Join(err, f.SetReadDeadline(time.Unix(1, 0)))
	}
	t.readers.Wait()
	missed := uint64(0)
	for _, f := range t.files {
		n, serr := missedBy(f)
		missed += n
		err = errors.Join(err, serr, f.Close())
	}
	t.look()
	t.over = true
	t.k.taps = slices.DeleteFunc(t.k.taps, func(o *kernelTap) bool { return o == t })
	if missed > 0 {
		err = errors.Join(err, fmt.Errorf("%d frames are missing: they came faster than they were written; capture at one link", missed))
	}
	return err
}

// missedBy is how many frames found no room.
func missedBy(f *os.File) (n uint64, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := conn.Control(func(fd uintptr) {
		var s *unix.TpacketStats
		if s, err = unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			n = uint64(s.Drops)
		}
	})
	return n, errors.Join(err, cerr)
}

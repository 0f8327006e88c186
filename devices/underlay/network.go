package underlay

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"time"

	"lisplab/lispcore"
)

// Config says what a Network is made of.
type Config struct {
	Names []string // the routers, by number
	Links []Link
	Hosts []Host // behind the routers; their numbers follow the routers'
	// Rand gives TCP client ports and initial sequence numbers.
	Rand *rand.Rand
	// Chance draws what impaired links do to packets; nil when no link ever is.
	Chance *rand.Rand
	// Wall reads the wall clock. It serves only to notice a delivery that does not come.
	Wall func() time.Time
	// Patience is how long a delivery may take in wall time; 10 s when zero.
	Patience time.Duration
	// NextStream gives a router's name for a connection that it accepts.
	NextStream func(node int) lispcore.StreamID
	// Takes, if not nil, tells whether a router takes connections at a TCP port beside 4342. It is asked at each dial.
	Takes func(node int, port uint16) bool
	// Filter, if not nil, is asked of every packet of the lab's sockets (LISP over UDP, TCP) at every interface that the packet
	// crosses. Packets of SendPacket are not asked about: who sends and forwards them sees to that.
	Filter Filter
	// Observe, if not nil, gets every event in order.
	Observe func(Event)
	// Tamper, if not nil, sees each Datagram and Data event between the socket and the router and returns the bytes that
	// the router gets.
	Tamper func(Event) []byte

	noAliases bool // a test plays a system that has no aliases in 127/8
}

// Network is the underlay of one lab. It is used by one goroutine.
type Network struct {
	model
	lanes
	ports  tallies
	cfg    Config
	block  *block
	byAddr map[netip.AddrPort]int // UDP sockets of the lab, by kernel address
	buf    []byte                 // what the kernel hands over
	out    []Delivery

	crossing [1]Hop // of a native packet, while it is observed

	conns  map[uint64]*conn
	order  []uint64 // of conns, as they were dialled
	dials  map[uint64]*dial
	last   uint64 // number of the last connection attempt
	timers lispcore.Timers[timer]
	stats  Stats

	flights    map[uint64]func(now time.Time) error // what happens when packets under way arrive
	lastFlight uint64
	passages   map[uint64]*passage // on streams; numbered as flights are
}

// Stats counts what passed and what does not belong here.
type Stats struct {
	Datagrams, Dropped                uint64
	Packets, PacketsDropped           uint64 // native ones, at each segment
	Dials, Writes                     uint64
	ForeignDatagrams, ForeignConnects uint64 // from outside the lab: dropped
}

// Delivery is one input for one router.
type Delivery struct {
	Node  int
	Input lispcore.Input
}

// Sending is one output of one router.
type Sending struct {
	Node   int
	Output lispcore.Output
}

// Fault tells that the kernel did not do what the model said. The lab can't go on after it: its engines have missed
// something.
type Fault struct {
	At   time.Time // lab time
	What string
	Err  error
}

// Error says what was expected and what came.
func (f *Fault) Error() string {
	s := fmt.Sprintf("underlay fault at lab time %s: %s", f.At.Format("15:04:05.000"), f.What)
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap returns the error of the socket, if there is one.
func (f *Fault) Unwrap() error { return f.Err }

// New takes a block of loopback addresses and binds the routers' UDP sockets in it. All routers are stopped and have no
// interface; all links are as in cfg.
func New(cfg Config) (*Network, error) {
	if len(cfg.Names) > maxNodes {
		return nil, fmt.Errorf("a lab of %d routers: %d is the most that a block of loopback addresses holds", len(cfg.Names), maxNodes)
	}
	if err := checkDescriptors(len(cfg.Names)); err != nil {
		return nil, err
	}
	if cfg.Patience == 0 {
		cfg.Patience = 10 * time.Second
	}
	b := &block{}
	if !cfg.noAliases {
		var err error
		if b, err = takeBlock(); err != nil {
			return nil, err
		}
	}
	n := &Network{
		model: newModel(cfg.Links, cfg.Filter), cfg: cfg, block: b,
		byAddr: make(map[netip.AddrPort]int), buf: make([]byte, 1<<16),
		conns: make(map[uint64]*conn), dials: make(map[uint64]*dial),
		flights: make(map[uint64]func(time.Time) error), passages: make(map[uint64]*passage),
	}
	n.lanes = newLanes(&n.model, cfg.Chance)
	for i, name := range cfg.Names {
		nd := &node{index: i, name: name}
		sock, addr, err := listenUDP(b.alias(i))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", name, err), n.Close())
		}
		nd.udp, nd.tcp.addr = udpSocket{conn: sock, addr: addr}, addr
		n.nodes = append(n.nodes, nd)
		n.byAddr[addr] = i
	}
	n.addHosts(cfg.Hosts)
	return n, nil
}

// checkDescriptors refuses a lab that would run out of file descriptors half-way. A router needs its three sockets, and a
// lab in which each has a session with two others two more for each end of these.
func checkDescriptors(nodes int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil // nothing is known; the kernel will tell
	}
	const perNode, spare = 7, 64
	if need := uint64(nodes*perNode + spare); need > uint64(limit.Cur) {
		return fmt.Errorf("a lab of %d routers needs about %d file descriptors, the limit is %d: raise it with `ulimit -n %d`", nodes, need, limit.Cur, need)
	}
	return nil
}

// Update makes earlier changes (links, power, configurations) take effect: lines, routing tables, and the fate of the
// connections whose path they touch. It returns what had waited for a path that is back; carry it in that order.
func (n *Network) Update(now time.Time) []Sending {
	n.update()
	return n.updateConns(now)
}

// Carry takes one output of a running router to its destination and returns what routers are to be told, in order. An
// error is a *Fault. The deliveries and what they point to are valid until the next call.
func (n *Network) Carry(now time.Time, node int, out lispcore.Output) ([]Delivery, error) {
	n.out = n.out[:0]
	var err error
	switch out := out.(type) {
	case lispcore.SendDatagram:
		err = n.sendDatagram(now, n.nodes[node], out)
	case lispcore.OpenStream:
		err = n.openStream(now, n.nodes[node], out)
	case lispcore.WriteStream:
		err = n.onStream(now, node, out.Stream, out)
	case lispcore.CloseStream:
		err = n.onStream(now, node, out.Stream, out)
	case lispcore.SendPacket:
		n.sendPacket(now, n.nodes[node], out)
	default:
		err = fmt.Errorf("underlay: no way to carry %T", out)
	}
	return n.out, err
}

// Stats returns the counters.
func (n *Network) Stats() Stats { return n.stats }

// Quiet checks that nothing is left in any socket: what a router sent was handed over. Datagrams and connections from
// outside the lab are dropped and counted.
func (n *Network) Quiet(now time.Time) error {
	for _, nd := range n.nodes {
		if nd.host != nil {
			continue
		}
		if err := n.checkUDP(now, nd); err != nil {
			return err
		}
		if err := n.checkListener(now, nd); err != nil {
			return err
		}
	}
	for _, id := range n.order {
		if err := n.checkConn(now, n.conns[id]); err != nil {
			return err
		}
	}
	return nil
}

// Close ends every connection without a word to the routers, closes all sockets and gives the block back.
func (n *Network) Close() error {
	var errs []error
	for _, id := range n.order {
		n.conns[id].discard()
	}
	n.conns, n.order = nil, nil
	for _, nd := range n.nodes {
		if nd.host == nil {
			errs = append(errs, nd.tcp.close(), n.closeData(nd), nd.udp.conn.Close())
		}
	}
	n.nodes = nil
	return errors.Join(append(errs, n.block.close())...)
}

func (n *Network) observe(e Event) {
	n.ports.count(e)
	if n.cfg.Observe != nil {
		n.cfg.Observe(e)
	}
}

// tampered returns the bytes that the router gets.
func (n *Network) tampered(e Event) []byte {
	if n.cfg.Tamper != nil {
		return n.cfg.Tamper(e)
	}
	return e.Payload
}

// deadline keeps the deadline of a socket Patience, or up to a tenth more, ahead, without a timer operation for each call.
type deadline struct{ set time.Time }

func (d *deadline) renew(n *Network, sock interface{ SetDeadline(time.Time) error }) {
	slack := n.cfg.Patience / 10
	if wall := n.cfg.Wall(); d.set.IsZero() || wall.Sub(d.set) > slack {
		d.set = wall
		_ = sock.SetDeadline(wall.Add(n.cfg.Patience + slack)) // fails only on a closed socket; the read tells
	}
}

// empty tells whether a socket has nothing to read: no bytes, no end, no error.
func empty(sock syscall.Conn) (bool, error) {
	raw, err := sock.SyscallConn()
	if err != nil {
		return false, err
	}
	var one [1]byte
	var recvErr error
	err = raw.Control(func(fd uintptr) {
		_, _, recvErr = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return errors.Is(recvErr, syscall.EAGAIN), err
}

var _ io.Closer = (*Network)(nil)

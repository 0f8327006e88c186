//go:build linux

package underlay

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"lisplab/lispcore"
)

// Ground is where a Kernel's nodes stand: it keeps the kernel's interfaces, addresses and routes as the model has them, and
// lets sockets be opened there.
type Ground interface {
	// Enter runs fn where the node's sockets belong. fn must not start a goroutine that opens one.
	Enter(node int, fn func() error) error
	// Apply makes the kernel's network of a node what the State says.
	Apply(node int, s State) error
	// Interface is the name that the lab has for an interface of the kernel's at a node; "" for one that is not the lab's.
	Interface(node, index int) string
	// Relay takes the segment of an interface off the kernel's hands, so that no frame passes but by Wires, or gives it back.
	Relay(at Port, on bool) error
	// Wire opens a packet socket at the far end of an interface: it reads what the node sends there, and what is written to it
	// the node receives.
	Wire(at Port) (*os.File, error)
	// Counters is what the kernel has counted at an interface since that was made.
	Counters(at Port) (Counters, error)
	// Watch calls lost, from any goroutine, when something that the ground has built is gone.
	Watch(lost func(error))
	Close() error
}

// State is what the kernel's network at a node is to be.
type State struct {
	Running    bool
	Interfaces []InterfaceState
	Routes     []VRFRoute // those of the own addresses left out
	Forward4   bool
	Forward6   bool
	Tunnels    []Tunnel
}

// InterfaceState is an interface as it is to be: without addresses while its line is down.
type InterfaceState struct {
	Interface
	Up bool // line protocol
}

// VRFRoute is a route in the table of a VRF.
type VRFRoute struct {
	VRF string
	RouteInfo
}

// KernelConfig says what a Kernel is made of.
type KernelConfig struct {
	Names []string // the routers, by number
	Links []Link
	Hosts []Host // their numbers follow the routers'
	// Plugs are cables that lead out of the network, to interfaces B that only the Ground knows. Their numbers follow the hosts'.
	Plugs []Link
	// Ground is closed with the Kernel.
	Ground Ground
	// Chance draws what impaired links do to frames; nil when no link ever is.
	Chance *rand.Rand
	// NextStream gives a router's name for a connection that it accepts.
	NextStream func(node int) lispcore.StreamID
	// Takes, if not nil, tells whether a router takes connections at one of Ports. It is asked at each Update, and again at each
	// connection.
	Takes func(node int, port uint16) bool
	// Ports are the TCP ports beside 4342 at which routers may listen.
	Ports []uint16
	// Filter, if not nil, is asked of every packet that crosses an interface whose Filtered is set.
	Filter Filter
}

// Kernel is an underlay of the kernel's own: literal addresses, real links, real time. The model says what its network is to
// be, the Ground makes it so, and the kernel then owns addresses, echo replies, native forwarding, TTL and ICMP errors. What
// arrives at the sockets of the nodes arrives by itself:
//
//	UDP 4342, 4341 ---> reader --+
//	TCP            ---> reader --+                   goroutine that owns the lab
//	ICMP           ---> reader --+--> Arrivals --->  Arrival(now) --> deliveries --> engines
//	lisp0 (TUN)    ---> reader --+                   Carry <-- outputs
//
// Frames that cross an impaired link or meet an access list are the goroutine's too (wire.go): the Ground hands over the segments that it asks for.
//
// Beside the readers everything belongs to the goroutine that owns the lab.
type Kernel struct {
	model
	lanes
	cfg      KernelConfig
	sites    []*site // by node
	arrivals chan Arrival
	closing  chan struct{}
	running  sync.WaitGroup
	failed   error                           // the first thing that can't be mended
	heard    func(Delivery) (Delivery, bool) // what becomes of a Delivery, unless false: nothing; nil: what it is
	leaving  func(packet []byte)             // changes a whole packet that leaves natively; may be nil
	stats    KernelStats
	taps     []*kernelTap
	segments [][]Port       // of several ends each
	relays   map[int]*relay // of segments, by number
	ports    tallies        // of what relays have dropped
	flights  lispcore.Timers[*flight]
}

// KernelStats counts what passed.
type KernelStats struct {
	Datagrams, Packets, Tunnelled uint64 // received
	Sent, Unsent                  uint64 // datagrams and packets; Unsent ones the kernel has refused
	Refused                       uint64 // dials
	Relayed, Lost                 uint64 // frames that went by the lab, and those that an impaired link has lost
	Denied                        uint64 // frames, by access lists
}

// maxArrivals is how many Arrivals may wait before the readers do.
const maxArrivals = 1024

// NewKernel makes the nodes, all without power.
func NewKernel(cfg KernelConfig) *Kernel {
	k := &Kernel{
		model: newModel(cfg.Links, cfg.Filter), cfg: cfg, arrivals: make(chan Arrival, maxArrivals), closing: make(chan struct{}),
		relays: make(map[int]*relay),
	}
	k.plugs = slices.Clone(cfg.Plugs)
	k.lanes = newLanes(&k.model, cfg.Chance)
	for i, name := range cfg.Names {
		k.nodes = append(k.nodes, &node{index: i, name: name})
	}
	k.addHosts(cfg.Hosts)
	for _, p := range k.plugs {
		k.nodes = append(k.nodes, &node{index: p.B.Node, name: p.B.Interface})
	}
	for range k.nodes {
		k.sites = append(k.sites, &site{})
	}
	k.segments = k.findSegments()
	cfg.Ground.Watch(func(err error) {
		k.post(func(time.Time) []Delivery { k.fail(err); return nil })
	})
	return k
}

// Arrivals are what the sockets have to tell, in order.
func (k *Kernel) Arrivals() <-chan Arrival { return k.arrivals }

// post hands something over to the goroutine that owns the lab. It is false when there is none any more.
func (k *Kernel) post(a Arrival) bool {
	if k.heard != nil {
		told := a
		a = func(now time.Time) []Delivery {
			var list []Delivery
			for _, d := range told(now) {
				if d, ok := k.heard(d); ok {
					list = append(list, d)
				}
			}
			return list
		}
	}
	select {
	case k.arrivals <- a:
		return true
	case <-k.closing:
		return false
	}
}

// fail keeps the first error: Quiet tells it.
func (k *Kernel) fail(err error) {
	if k.failed == nil {
		k.failed = err
	}
}

// Quiet tells what has gone wrong beyond repair.
func (k *Kernel) Quiet(time.Time) error { return k.failed }

// Stats returns the counters.
func (k *Kernel) Stats() KernelStats { return k.stats }

// SetPower starts or stops a node. Power that is cut takes everything with it, and leaves the lines down first, so that no
// FIN and no RST gets out.
func (k *Kernel) SetPower(node int, on bool) error {
	k.nodes[node].running = on
	if on {
		return k.openSite(node)
	}
	k.ports.forget(node)
	err := k.apply(node, State{Tunnels: k.sites[node].applied.Tunnels})
	return errors.Join(err, k.closeSite(node))
}

// Update makes earlier changes take effect. What can't be done is told by Quiet.
func (k *Kernel) Update(time.Time) []Sending {
	k.update()
	if err := k.updateRelays(); err != nil {
		k.fail(err)
	}
	for i := range k.nodes {
		if err := k.updateNode(i, k.state(k.nodes[i])); err != nil {
			k.fail(err)
		}
	}
	return nil
}

// updateNode has a node's tunnels, its network and its listeners be what they are to be.
func (k *Kernel) updateNode(node int, s State) error {
	nd := k.nodes[node]
	if !nd.running {
		return nil // since SetPower
	}
	if err := k.openTunnels(node, s.Tunnels); err != nil {
		return err
	}
	if err := k.apply(node, s); err != nil {
		return err
	}
	for _, port := range k.cfg.Ports {
		if err := k.listen(node, port, nd.host == nil && k.takes(node, port)); err != nil {
			return err
		}
	}
	return nil
}

// state is what the model says of a node.
func (k *Kernel) state(nd *node) State {
	s := State{Running: true, Forward4: nd.host == nil, Forward6: nd.host == nil && nd.routing.Forward6, Tunnels: nd.routing.Tunnels}
	for _, i := range nd.routing.Interfaces {
		s.Interfaces = append(s.Interfaces, InterfaceState{i, nd.lines[i.Name]})
	}
	for _, vrf := range k.VRFs(nd.index) {
		for _, r := range k.Routes(nd.index, vrf) {
			if r.Kind != RouteLocal {
				s.Routes = append(s.Routes, VRFRoute{vrf, r})
			}
		}
	}
	return s
}

// apply has the ground make a node what the State says, if it is not so already.
func (k *Kernel) apply(node int, s State) error {
	at := k.sites[node]
	if at.applied.equal(s) {
		return nil
	}
	if err := k.cfg.Ground.Apply(node, s); err != nil {
		return fmt.Errorf("%s: %w", k.nodes[node].name, err)
	}
	at.applied = s
	return nil
}

// Counters returns what the kernel has counted at an interface, and what the lab has dropped between it and its neighbours; false
// when the kernel does not say.
func (k *Kernel) Counters(now time.Time, at Port) (Counters, bool) {
	dropped := k.ports.read(now, at)
	c, err := k.cfg.Ground.Counters(at)
	c.OutputDrops += dropped.OutputDrops
	c.InputErrors += dropped.InputErrors
	c.CRC += dropped.CRC
	c.Queued = k.queued(now, at)
	return c, err == nil
}

// Forwards tells whether a packet out of the tunnel of a VRF is the kernel's to forward: here all are.
func (k *Kernel) Forwards(node int, vrf string, b []byte) bool { return true }

// Carry sends one output on its way. What comes of it arrives by itself.
func (k *Kernel) Carry(_ time.Time, node int, out lispcore.Output) ([]Delivery, error) {
	if !k.nodes[node].running {
		return nil, nil
	}
	switch out := out.(type) {
	case lispcore.SendDatagram:
		return k.sendDatagram(node, out), nil
	case lispcore.SendPacket:
		return k.sendPacket(node, out), nil
	case lispcore.OpenStream:
		k.dial(node, out)
	case lispcore.WriteStream:
		if st := k.sites[node].streams[out.Stream]; st != nil && len(out.Data) > 0 {
			st.queue(slices.Clone(out.Data))
		}
	case lispcore.CloseStream:
		k.closeStream(node, out)
	default:
		return nil, fmt.Errorf("underlay: no way to carry %T", out)
	}
	return nil, nil
}

// Close ends everything: sockets, tunnels, and the ground.
func (k *Kernel) Close() error {
	close(k.closing)
	var errs []error
	for _, t := range slices.Clone(k.taps) {
		errs = append(errs, t.stop())
	}
	for i := range k.sites {
		errs = append(errs, k.closeSite(i))
	}
	for _, r := range k.relays {
		errs = append(errs, r.close())
	}
	k.running.Wait()
	return errors.Join(append(errs, k.cfg.Ground.Close())...)
}

// equal tells whether two States are the same.
func (s State) equal(o State) bool {
	return s.Running == o.Running && s.Forward4 == o.Forward4 && s.Forward6 == o.Forward6 &&
		slices.EqualFunc(s.Interfaces, o.Interfaces, InterfaceState.equal) && slices.Equal(s.Routes, o.Routes) &&
		slices.EqualFunc(s.Tunnels, o.Tunnels, Tunnel.equal)
}

func (i InterfaceState) equal(o InterfaceState) bool {
	return i.Up == o.Up && i.Name == o.Name && i.VRF == o.VRF && i.Shut == o.Shut && i.MTU == o.MTU && slices.Equal(i.Addrs, o.Addrs)
}

func (t Tunnel) equal(o Tunnel) bool {
	return t.VRF == o.VRF && t.Instance == o.Instance && t.MTU == o.MTU && slices.Equal(t.Sources, o.Sources) &&
		slices.Equal(t.Destinations, o.Destinations) && slices.Equal(t.Addrs, o.Addrs)
}

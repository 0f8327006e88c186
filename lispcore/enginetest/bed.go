package enginetest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/etr"
	"lisplab/lispcore/itr"
	"lisplab/lispcore/mapresolver"
	"lisplab/lispcore/mapserver"
	"lisplab/lispcore/session"
	"lisplab/lispcore/wire"
)

// Epoch is lab time 0.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// How TCP finds out that nobody is there, as in the lab.
const (
	synWait  = 30 * time.Second  // a dial without an answer
	lossTime = 120 * time.Second // a connection whose peer or path is gone
	probe    = 60 * time.Second  // the longest time until a restarted peer is found out
)

// Bed holds the routers and the one clock.
type Bed struct {
	now    time.Time
	nodes  []*Node
	conns  []*conn
	paths  map[pair]*path
	timers lispcore.Timers[bedTimer]
	spur   bool
	pieces func(n int) int

	// Watch, if set, sees everything that a router puts out, when it is carried.
	Watch func(at time.Time, from *Node, out lispcore.Output)

	text   strings.Builder
	last   string // the time column of the line above
	nonces []uint64
	keys   map[string]*wire.Authenticator
}

// bedTimer is a deadline of the underlay: of a connection, or of a dial that has no answer.
type bedTimer struct {
	conn   *conn
	from   *Node
	stream lispcore.StreamID
}

// Node is one router. It is an xTR, a Map-Server, a Map-Resolver, or a puppet, which does only what the test tells it.
type Node struct {
	Name     string
	Addr     netip.Addr
	Sessions *session.Table
	ETR      *etr.Engine         // or nil
	ITR      *itr.Engine         // of a node with an ETR, or nil
	MS       *mapserver.Engine   // or nil
	MR       *mapresolver.Engine // in front of MS where there is one, or nil

	ETRConfig etr.Config
	ITRConfig itr.Config // its instances are those of the ETR's database, and of what Static names
	Static    map[uint32][]itr.Static
	MSConfig  mapserver.Config
	MRConfig  mapresolver.Config

	bed      *Bed
	out      []lispcore.Output // not yet carried
	unrouted map[netip.Addr]bool
	listens  bool
	off      bool
	dials    uint16
	nextID   uint32 // a puppet's next message ID
}

// NewBed returns a bed without routers at lab time 0.
func NewBed() *Bed {
	return &Bed{now: Epoch, paths: make(map[pair]*path), keys: make(map[string]*wire.Authenticator)}
}

// Spurious makes the bed tick every engine before each input: a tick that is not due must change nothing.
func (b *Bed) Spurious() { b.spur = true }

// Segment makes streams arrive in pieces: next tells how long the next one is, of n bytes that are left.
func (b *Bed) Segment(next func(n int) int) { b.pieces = next }

// Now is the lab time.
func (b *Bed) Now() time.Time { return b.now }

// AddETR puts an ETR on the bed. A Rand of its own comes with it.
func (b *Bed) AddETR(name, addr string, cfg etr.Config) *Node {
	n := b.AddPuppet(name, addr)
	n.listens = false
	n.ETRConfig = cfg
	n.boot()
	return n
}

// AddMapServer puts a Map-Server on the bed. It listens if its configuration says that it is reliable.
func (b *Bed) AddMapServer(name, addr string, cfg mapserver.Config) *Node {
	n := b.AddPuppet(name, addr)
	n.listens = cfg.Reliable
	n.MSConfig = cfg
	n.MS = mapserver.New(n.Sessions)
	n.Configure()
	return n
}

// AddPuppet puts a router without an engine on the bed. It takes connections and keeps quiet.
func (b *Bed) AddPuppet(name, addr string) *Node {
	n := &Node{Name: name, Addr: netip.MustParseAddr(addr), Sessions: session.NewTable(), bed: b, listens: true}
	b.nodes = append(b.nodes, n)
	return n
}

// Node returns a router by its name.
func (b *Bed) Node(name string) *Node {
	i := slices.IndexFunc(b.nodes, func(n *Node) bool { return n.Name == name })
	if i < 0 {
		panic("no router " + name)
	}
	return b.nodes[i]
}

func (b *Bed) nodeAt(addr netip.Addr) *Node {
	i := slices.IndexFunc(b.nodes, func(n *Node) bool { return n.Addr == addr })
	if i < 0 {
		return nil
	}
	return b.nodes[i]
}

func (n *Node) index() int { return slices.Index(n.bed.nodes, n) }

// AddResolver makes a router a Map-Resolver: in front of its Map-Server where it is one.
func (n *Node) AddResolver(cfg mapresolver.Config) {
	n.MRConfig = cfg
	n.MR = mapresolver.New()
	n.Configure()
}

// AddITR makes an ETR an ITR, too, or what cfg says.
func (n *Node) AddITR(cfg itr.Config) {
	n.ITRConfig = cfg
	n.ITR = itr.New(routes{n})
	n.Configure()
}

// routes is the routing table of a router on the bed: there is a way to every RLOC of its own family.
type routes struct{ node *Node }

// Source implements itr.Routes and mapserver.Routes.
func (r routes) Source(to netip.Addr) (netip.Addr, bool) {
	return r.node.Addr, lispcore.FamilyOf(to) == lispcore.FamilyOf(r.node.Addr) && !r.node.unrouted[to]
}

// boot gives a router engines without memory, and its configuration.
func (n *Node) boot() {
	n.Sessions = session.NewTable()
	if n.MS != nil {
		n.MS = mapserver.New(n.Sessions)
	} else {
		n.ETRConfig.Rand = rand.New(rand.NewPCG(uint64(n.index()), uint64(n.bed.now.Sub(Epoch))))
		n.ETR = etr.New(n.Sessions)
	}
	if n.MR != nil {
		n.MR = mapresolver.New()
	}
	if n.ITR != nil {
		n.ITR = itr.New(routes{n})
	}
	n.Configure()
}

// Configure hands the present configuration to the engines.
func (n *Node) Configure() {
	n.bed.learnKeys(n.ETRConfig, n.MSConfig)
	if n.ITR != nil { // first, as in a router: its ETR asks it for the locators that it knows
		n.ITRConfig.Instances = n.itrInstances()
		n.ITRConfig.Rand = n.ETRConfig.Rand
		n.ITR.Configure(n.bed.now, n.ITRConfig)
		n.ETR.SetMapCache(n.ITR.Locators)
	}
	if n.ETR != nil {
		n.ETR.Configure(n.bed.now, n.ETRConfig)
	}
	if n.MS != nil {
		n.MS.SetRoutes(routes{n})
		n.MS.Configure(n.bed.now, n.MSConfig)
	}
	if n.MR != nil {
		if n.MS != nil {
			n.MRConfig.Server = n.MS
		}
		n.MR.Configure(n.bed.now, n.MRConfig)
	}
	n.drain()
}

// itrInstances sorts the ETR's database and the static entries by instance.
func (n *Node) itrInstances() []itr.Instance {
	byInstance := make(map[uint32]*itr.Instance)
	of := func(instance uint32) *itr.Instance {
		if byInstance[instance] == nil {
			byInstance[instance] = &itr.Instance{Instance: instance, Static: n.Static[instance]}
		}
		return byInstance[instance]
	}
	for instance := range n.Static {
		of(instance)
	}
	for _, m := range n.ETRConfig.Database {
		i := of(m.EID.Instance)
		i.Database = append(i.Database, m)
	}
	list := make([]itr.Instance, 0, len(byInstance))
	for _, i := range byInstance {
		list = append(list, *i)
	}
	slices.SortFunc(list, func(a, b itr.Instance) int { return int(a.Instance) - int(b.Instance) })
	return list
}

// engines are the roles of the router.
func (n *Node) engines() []lispcore.Engine {
	var list []lispcore.Engine
	if n.ITR != nil {
		list = append(list, n.ITR)
	}
	if n.ETR != nil {
		list = append(list, n.ETR)
	}
	if n.MR != nil {
		list = append(list, n.MR)
	}
	if n.MS != nil {
		list = append(list, n.MS)
	}
	return list
}

// roleFor finds the role that an input is for, as a router does; nil: none.
func (n *Node) roleFor(in lispcore.Input) lispcore.Engine {
	switch in := in.(type) {
	case lispcore.Datagram:
		return n.roleForDatagram(in)
	default:
		if n.ETR != nil {
			return n.ETR
		}
		if n.MS != nil {
			return n.MS
		}
	}
	return nil
}

func (n *Node) roleForDatagram(in lispcore.Datagram) lispcore.Engine {
	t, _ := wire.PeekType(in.Payload)
	data := in.To.Port() == lispcore.DataPort
	switch {
	case n.ITR != nil && !data && (t == wire.TypeMapReply || isSMR(in.Payload)):
		return n.ITR
	case n.MR != nil && !data && (t == wire.TypeEncapsulatedControl || t == wire.TypeMapRequest):
		return n.MR
	case n.ETR != nil:
		return n.ETR
	case n.MS != nil:
		return n.MS
	case n.MR != nil:
		return n.MR
	}
	return nil
}

// isSMR tells whether a message is a Map-Request with the S bit.
func isSMR(message []byte) bool { return len(message) > 0 && message[0]&0xf1 == 0x11 }

func (n *Node) drain() {
	for _, e := range n.engines() {
		n.out = append(n.out, e.Drain()...)
	}
}

// Handle gives the router an input at the present instant.
func (n *Node) Handle(in lispcore.Input) {
	if n.off {
		return
	}
	if n.bed.spur {
		for _, e := range n.engines() {
			e.Handle(n.bed.now.Add(-time.Nanosecond), lispcore.Tick{})
		}
	}
	if _, tick := in.(lispcore.Tick); tick {
		for _, e := range n.engines() {
			if at, armed := e.Deadline(); armed && !at.After(n.bed.now) {
				e.Handle(n.bed.now, in)
			}
		}
		n.drain()
		return
	}
	role := n.roleFor(in)
	if role == nil {
		return
	}
	var lent []byte
	switch i := in.(type) {
	case lispcore.Datagram:
		i.Payload = slices.Clone(i.Payload)
		lent, in = i.Payload, i
		if n.ITR != nil && i.To.Port() == lispcore.DataPort {
			n.ITR.HandleData(n.bed.now, i)
		}
	case lispcore.StreamData:
		i.Data = slices.Clone(i.Data)
		lent, in = i.Data, i
	}
	role.Handle(n.bed.now, in)
	for i := range lent {
		lent[i] = 0xaa // an engine that kept a part of it is found out
	}
	n.drain()
}

// Settle does everything that is due at the present instant.
func (b *Bed) Settle() {
	for range 100_000 {
		if !b.step() {
			return
		}
	}
	panic("the routers never come to rest: " + b.text.String())
}

func (b *Bed) step() bool {
	for _, n := range b.nodes {
		if len(n.out) > 0 {
			out := n.out[0]
			n.out = n.out[1:]
			b.carry(n, out)
			return true
		}
	}
	if t, due := b.timers.Due(b.now); due {
		b.fire(t)
		return true
	}
	for _, n := range b.nodes {
		if at, armed := n.deadline(); armed && !at.After(b.now) {
			n.Handle(lispcore.Tick{})
			return true
		}
	}
	return false
}

func (n *Node) deadline() (at time.Time, armed bool) {
	if n.off {
		return at, false
	}
	for _, e := range n.engines() {
		if t, ok := e.Deadline(); ok && (!armed || t.Before(at)) {
			at, armed = t, true
		}
	}
	return at, armed
}

// Advance moves the clock by d, doing everything due on the way and at the end.
func (b *Bed) Advance(d time.Duration) {
	end := b.now.Add(d)
	for {
		b.Settle()
		next := end
		if at, armed := b.timers.Next(); armed && at.Before(next) {
			next = at
		}
		for _, n := range b.nodes {
			if at, armed := n.deadline(); armed && at.Before(next) {
				next = at
			}
		}
		if !next.After(b.now) {
			return
		}
		b.now = next
	}
}

// Text returns what passed since the last call.
func (b *Bed) Text() string {
	text := b.text.String()
	b.text.Reset()
	b.last = ""
	return text
}

// say writes one line: who speaks, and what.
func (b *Bed) say(who, format string, args ...any) {
	at := clock(b.now.Sub(Epoch))
	if at == b.last {
		at = ""
	} else {
		b.last = at
	}
	line := fmt.Sprintf("%-9s %-13s %s", at, who, fmt.Sprintf(format, args...))
	b.text.WriteString(strings.TrimRight(line, " ") + "\n")
}

// clock writes a lab time, with a fraction only where there is one.
func clock(d time.Duration) string {
	text := fmt.Sprintf("%02d:%02d:%02d", d/time.Hour, d/time.Minute%60, d/time.Second%60)
	if ms := d % time.Second / time.Millisecond; ms != 0 {
		text += fmt.Sprintf(".%03d", ms)
	}
	return text
}

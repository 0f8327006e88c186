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

// Node is one router. It is an ETR, a Map-Server, or a puppet, which does only what the test tells it.
type Node struct {
	Name     string
	Addr     netip.Addr
	Sessions *session.Table
	ETR      *etr.Engine       // or nil
	MS       *mapserver.Engine // or nil

	ETRConfig etr.Config
	MSConfig  mapserver.Config

	bed     *Bed
	out     []lispcore.Output // not yet carried
	listens bool
	off     bool
	dials   uint16
	nextID  uint32 // a puppet's next message ID
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

// boot gives an ETR or a Map-Server an engine without memory, and its configuration.
func (n *Node) boot() {
	n.Sessions = session.NewTable()
	if n.MS != nil {
		n.MS = mapserver.New(n.Sessions)
	} else {
		n.ETRConfig.Rand = rand.New(rand.NewPCG(uint64(n.index()), uint64(n.bed.now.Sub(Epoch))))
		n.ETR = etr.New(n.Sessions)
	}
	n.Configure()
}

// Configure hands the present configuration to the engine.
func (n *Node) Configure() {
	switch {
	case n.ETR != nil:
		n.bed.learnKeys(n.ETRConfig, mapserver.Config{})
		n.ETR.Configure(n.bed.now, n.ETRConfig)
	case n.MS != nil:
		n.bed.learnKeys(etr.Config{}, n.MSConfig)
		n.MS.Configure(n.bed.now, n.MSConfig)
	}
	n.drain()
}

func (n *Node) engine() lispcore.Engine {
	switch {
	case n.ETR != nil:
		return n.ETR
	case n.MS != nil:
		return n.MS
	}
	return nil
}

func (n *Node) drain() {
	if e := n.engine(); e != nil {
		n.out = append(n.out, e.Drain()...)
	}
}

// Handle gives the router an input at the present instant.
func (n *Node) Handle(in lispcore.Input) {
	e := n.engine()
	if e == nil || n.off {
		return
	}
	if n.bed.spur {
		e.Handle(n.bed.now.Add(-time.Nanosecond), lispcore.Tick{})
	}
	var lent []byte
	switch i := in.(type) {
	case lispcore.Datagram:
		i.Payload = slices.Clone(i.Payload)
		lent, in = i.Payload, i
	case lispcore.StreamData:
		i.Data = slices.Clone(i.Data)
		lent, in = i.Data, i
	}
	e.Handle(n.bed.now, in)
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

func (n *Node) deadline() (time.Time, bool) {
	e := n.engine()
	if e == nil || n.off {
		return time.Time{}, false
	}
	return e.Deadline()
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

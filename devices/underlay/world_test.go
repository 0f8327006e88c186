package underlay

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
)

// start is lab time 0 of the tests.
var start = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// world is a network of three routers, a -- core -- b, whose roles are played by a script: it writes down what they are
// told, and nothing else.
type world struct {
	t      testing.TB
	n      *Network
	now    time.Time
	told   []string // "10s b data \"hello\""
	events []Event
	hurt   error

	streams []lispcore.StreamID          // the last stream that each router was told of
	given   []lispcore.StreamID          // the last number that each router gave out
	bytes   map[lispcore.StreamID]string // received so far
	refuses map[int]bool                 // routers that close what they accept
	ports   map[uint16]bool              // beside 4342 that b takes
	lists   map[listed]bool              // what core denies
	denied  int                          // packets
}

// listed is a line of core's access lists: packets that come in at the interface, from or to the port.
type listed struct {
	iface string
	port  uint16
}

// filter is the access lists of core.
func (w *world) filter(node int, iface string, out bool, p FlowInfo) bool {
	deny := node == 1 && !out && (w.lists[listed{iface, p.Source.Port()}] || w.lists[listed{iface, p.Destination.Port()}])
	if deny {
		w.denied += p.Packets
	}
	return !deny
}

var worldNames = []string{"a", "core", "b"}

// The addresses of a and b; core has .0 of both networks.
var worldAddrs = []netip.Addr{netip.MustParseAddr("10.0.1.1"), {}, netip.MustParseAddr("10.0.2.1")}

func newWorld(t testing.TB, change ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, now: start, streams: make([]lispcore.StreamID, 3), given: make([]lispcore.StreamID, 3),
		bytes: make(map[lispcore.StreamID]string), refuses: make(map[int]bool), lists: make(map[listed]bool)}
	cfg := Config{
		Names: worldNames,
		Links: []Link{{A: Port{0, "Gi0"}, B: Port{1, "Gi1"}, Up: true}, {A: Port{1, "Gi2"}, B: Port{2, "Gi0"}, Up: true}},
		Rand:  rand.New(rand.NewPCG(1, 2)), Chance: rand.New(rand.NewPCG(3, 4)), Wall: time.Now, Patience: time.Second,
		NextStream: w.nextStream,
		Takes:      func(node int, port uint16) bool { return node == 2 && w.ports[port] },
		Filter:     w.filter,
		Observe:    func(e Event) { e.Payload = slices.Clone(e.Payload); w.events = append(w.events, e) },
	}
	for _, c := range change {
		c(&cfg)
	}
	n, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	w.n = n
	w.configure(0, "10.0.1.1/31 Gi0", "0.0.0.0/0 10.0.1.0")
	w.configure(1, "10.0.1.0/31 Gi1", "10.0.2.0/31 Gi2")
	w.configure(2, "10.0.2.1/31 Gi0", "0.0.0.0/0 10.0.2.0")
	for i := range worldNames {
		w.power(i, true)
	}
	w.update()
	return w
}

func (w *world) nextStream(node int) lispcore.StreamID {
	w.given[node]++
	return w.given[node]
}

// configure gives a router interfaces ("PREFIX NAME") and routes ("PREFIX NEXTHOP").
func (w *world) configure(node int, lines ...string) {
	var r Routing
	for _, line := range lines {
		f := strings.Fields(line)
		p := netip.MustParsePrefix(f[0])
		if via, err := netip.ParseAddr(f[1]); err == nil {
			r.Routes = append(r.Routes, Route{Prefix: p, NextHop: via})
		} else {
			r.Interfaces = append(r.Interfaces, Interface{Name: f[1], Addrs: []netip.Prefix{p}})
		}
	}
	w.n.Configure(node, r)
}

func (w *world) power(node int, on bool) {
	w.check(w.n.SetPower(node, on))
	if on && node != 1 {
		w.n.Receive(node, true)
		w.check(w.n.Listen(node, true))
	}
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil && w.hurt == nil {
		w.hurt = err
		w.t.Error(err)
	}
}

func (w *world) update() {
	for _, s := range w.n.Update(w.now) {
		w.carry(s.Node, s.Output)
	}
}

// carry takes an output to its end, and what it causes.
func (w *world) carry(node int, out lispcore.Output) {
	if c, ok := out.(lispcore.CloseStream); ok {
		w.n.Silence(node, c.Stream)
	}
	ds, err := w.n.Carry(w.now, node, out)
	w.check(err)
	w.deliver(ds)
}

func (w *world) deliver(ds []Delivery) {
	var then []Sending
	for _, d := range slices.Clone(ds) {
		w.tell(d)
		if in, ok := d.Input.(lispcore.StreamOpened); ok && !in.Dialled && w.refuses[d.Node] {
			then = append(then, Sending{d.Node, lispcore.CloseStream{Stream: in.Stream, Abort: true}})
			w.n.Silence(d.Node, in.Stream)
		}
	}
	for _, s := range then {
		w.carry(s.Node, s.Output)
	}
}

// tell writes down what a router is told.
func (w *world) tell(d Delivery) {
	say := ""
	switch in := d.Input.(type) {
	case lispcore.Datagram:
		say = fmt.Sprintf("datagram %q", in.Payload)
	case lispcore.StreamOpened:
		w.streams[d.Node] = in.Stream
		say = "accepted"
		if in.Dialled {
			say = "connected"
		}
		if in.RTT > 0 {
			say += fmt.Sprintf(", RTT %v", in.RTT)
		}
	case lispcore.StreamData:
		w.bytes[in.Stream] += string(in.Data)
		say = fmt.Sprintf("data %q", in.Data)
	case lispcore.StreamClosed:
		say = in.Reason.String()
	case lispcore.PacketFailed:
		say = fmt.Sprintf("failed %s", failNames[in.Reason])
	}
	w.told = append(w.told, fmt.Sprintf("%v %s %s", w.now.Sub(start), worldNames[d.Node], say))
}

var failNames = map[lispcore.FailReason]string{
	lispcore.FailNoRoute: "no route", lispcore.FailNoHost: "no host", lispcore.FailTTL: "TTL", lispcore.FailTooBig: "too big",
	lispcore.FailProhibited: "prohibited", lispcore.FailNoPort: "no port",
}

// until lets time pass.
func (w *world) until(at time.Duration) {
	end := start.Add(at)
	for w.hurt == nil {
		due, armed := w.n.Deadline()
		if !armed || due.After(end) {
			break
		}
		w.now = due
		ds, err := w.n.Tick(w.now)
		w.check(err)
		w.deliver(ds)
	}
	w.now = end
	w.check(w.n.Quiet(w.now))
}

// do plays one line of a script, "TIME VERB ARGUMENTS". Routers are named by letter; dial makes the stream that the other
// verbs mean.
func (w *world) do(line string) {
	w.t.Helper()
	f := strings.Fields(line)
	at, err := time.ParseDuration(f[0])
	w.check(err)
	w.until(at)
	who := func(i int) int { return slices.Index(worldNames, f[i]) }
	switch f[1] {
	case "dial":
		w.carry(who(2), lispcore.OpenStream{Stream: w.nextStream(who(2)), From: worldAddrs[who(2)],
			To: netip.AddrPortFrom(worldAddrs[who(3)], lispcore.ControlPort)})
	case "telnet":
		w.carry(who(2), lispcore.OpenStream{Stream: w.nextStream(who(2)), From: worldAddrs[who(2)],
			To: netip.AddrPortFrom(worldAddrs[who(3)], 23)})
	case "takes":
		w.ports = map[uint16]bool{23: true}
	case "send":
		w.carry(who(2), lispcore.SendDatagram{From: netip.AddrPortFrom(worldAddrs[who(2)], lispcore.ControlPort),
			To: netip.AddrPortFrom(worldAddrs[who(3)], lispcore.ControlPort), Payload: []byte(f[4])})
	case "write":
		w.carry(who(2), lispcore.WriteStream{Stream: w.streams[who(2)], Data: []byte(f[3])})
	case "close":
		w.carry(who(2), lispcore.CloseStream{Stream: w.streams[who(2)]})
	case "abort":
		w.carry(who(2), lispcore.CloseStream{Stream: w.streams[who(2)], Abort: true})
	case "hangup":
		w.carry(who(2), lispcore.CloseStream{Stream: w.given[who(2)]})
	case "refuses":
		w.refuses[who(2)] = true
	case "deaf":
		w.check(w.n.Listen(who(2), false))
	case "cut", "mend":
		w.n.SetLink(map[string]int{"a": 0, "b": 1}[f[2]], f[1] == "mend")
		w.update()
	case "stop", "start":
		w.power(who(2), f[1] == "start")
		w.update()
	case "forgets": // core loses its interface towards the router, and with it the route
		w.configure(1, map[string]string{"a": "10.0.2.0/31 Gi2", "b": "10.0.1.0/31 Gi1"}[f[2]])
		w.update()
	case "deny", "permit": // an access list of core: PORT ROUTER, where packets with that port come in from the router
		port, err := strconv.Atoi(f[2])
		w.check(err)
		w.lists[listed{map[string]string{"a": "Gi1", "b": "Gi2"}[f[3]], uint16(port)}] = f[1] == "deny"
		w.update()
	case "hits":
		w.told = append(w.told, fmt.Sprintf("%v core %d denied", w.now.Sub(start), w.denied))
	case "lonely": // a router loses its route, not its line
		w.configure(who(2), worldAddrs[who(2)].String()+"/31 Gi0")
		w.update()
	case "impair": // LINK to|from CORE WHAT VALUE
		w.impair(f[2], f[3] == "from", f[4], f[5])
	case "half-open": // on the side of the router
		w.deliver(w.n.HalfOpen(w.now, map[string]int{"a": 0, "b": 1}[f[2]], f[2] == "b"))
	case "end":
	default:
		w.t.Fatalf("no verb %q", f[1])
	}
}

// lines splits a text of a test table into its lines.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

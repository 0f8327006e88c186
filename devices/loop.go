package devices

import (
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lisplab/devices/underlay"
	"lisplab/lispcore"
)

// maxDeliveries is how much may happen at one instant of lab time before it is called a loop.
const maxDeliveries = 100_000

// host is what the loop knows of a router.
type host interface {
	handle(now time.Time, in lispcore.Input)
	drain() []lispcore.Output
	deadline() (at time.Time, armed bool)
}

// loop is the lock-step heart of a lab. One goroutine owns it, and with it every engine.
//
// All outputs wait in one queue, ordered by (lab time, device, number). The head is carried over its real sockets, the
// destination gets one input and is drained into the queue, and so on. When the queue is empty the clock jumps to the
// earliest deadline: of the network, of a power-on, of a fault of the lab file, of a wait, of an engine; at one instant in that order, devices in lab-file
// order. The same inputs give the same run, whatever the machine does meanwhile.
type loop struct {
	now       time.Time
	names     []string
	hosts     []host
	net       wires
	queue     queue
	number    uint64
	engines   []deadline // of each host, as of its last drain
	power     lispcore.Timers[int]
	powerOn   func(device int) error
	faults    lispcore.Timers[int] // of the lab file, by number
	fault     func(i int) error
	waits     lispcore.Timers[*waitTask] // that somebody sits out
	failed    func()                     // is called when the run has ended by an error; may be nil
	interrupt <-chan struct{}            // closed: lab time passes no more; may be nil
	idle      func() bool                // is called when nothing more is due at an instant, and tells whether it did something; may be nil

	count  int     // of deliveries and ticks at the present instant
	recent [32]hop // the last of them
	err    error   // what ended the run
}

type deadline struct {
	at    time.Time
	armed bool
}

// hop is one delivery or tick, for the error that names a loop.
type hop struct {
	from, to int
	what     string
}

// queue is a heap of outputs.
type queue []queued

type queued struct {
	at     time.Time
	device int
	number uint64
	out    lispcore.Output
}

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(queued)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = queued{}
	*q = old[:len(old)-1]
	return last
}
func (q queue) Less(i, j int) bool {
	a, b := &q[i], &q[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	if a.device != b.device {
		return a.device < b.device
	}
	return a.number < b.number
}

// push queues one output of a device.
func (l *loop) push(device int, out lispcore.Output) {
	l.number++
	heap.Push(&l.queue, queued{l.now, device, l.number, out})
}

// collect takes over what a device wants done. Call it after everything that may have moved an engine.
func (l *loop) collect(device int) {
	for _, out := range l.hosts[device].drain() {
		if c, ok := out.(lispcore.CloseStream); ok {
			l.net.Silence(device, c.Stream)
		}
		l.push(device, out)
	}
	at, armed := l.hosts[device].deadline()
	l.engines[device] = deadline{at, armed}
}

// ErrInterrupted tells that lab time stands still because of Options.Interrupt. The lab is whole.
var ErrInterrupted = errors.New("interrupted")

// run lets everything happen that is due up to and at the instant, and leaves the clock there.
func (l *loop) run(until time.Time) error {
	if l.err != nil {
		return l.err
	}
	l.count = 0
	err := l.runUntil(until)
	if err != nil && !errors.Is(err, ErrInterrupted) {
		l.err = err
		if l.failed != nil {
			l.failed()
		}
	}
	return err
}

func (l *loop) interrupted() bool {
	select {
	case <-l.interrupt:
		return true
	default:
		return false
	}
}

func (l *loop) runUntil(until time.Time) error {
	for {
		at, step := l.next()
		if (step == nil || at.After(l.now)) && l.idle != nil && l.idle() {
			if l.err != nil { // of a run inside
				return l.err
			}
			continue
		}
		if step == nil || at.After(until) {
			break
		}
		if at.After(l.now) {
			if l.interrupted() {
				return ErrInterrupted
			}
			l.now, l.count = at, 0
		}
		if l.count++; l.count > maxDeliveries {
			return l.endless()
		}
		if err := step(); err != nil {
			return err
		}
	}
	if until.After(l.now) {
		if l.interrupted() {
			return ErrInterrupted
		}
		l.now = until
	}
	return l.net.Quiet(l.now)
}

// wake tells when the loop next has something to do.
func (l *loop) wake() (at time.Time, armed bool) {
	at, step := l.next()
	return at, step != nil
}

// next finds what comes first.
func (l *loop) next() (at time.Time, step func() error) {
	earlier := func(t time.Time, armed bool, s func() error) {
		if armed && (step == nil || t.Before(at)) {
			at, step = t, s
		}
	}
	if len(l.queue) > 0 {
		if head := l.queue[0].at; !head.After(l.now) {
			return head, l.carry
		}
		earlier(l.queue[0].at, true, l.carry)
	}
	t, armed := l.net.Deadline()
	earlier(t, armed, l.tickNetwork)
	t, armed = l.power.Next()
	earlier(t, armed, l.tickPower)
	t, armed = l.faults.Next()
	earlier(t, armed, l.tickFault)
	t, armed = l.waits.Next()
	earlier(t, armed, l.tickWait)
	first := -1
	for i, d := range l.engines {
		if d.armed && (step == nil && first < 0 || d.at.Before(at)) {
			at, first = d.at, i
		}
	}
	if first >= 0 {
		step = func() error { return l.tickEngine(first) }
	}
	return at, step
}

// carry takes the head of the queue to its destination.
func (l *loop) carry() error {
	q := heap.Pop(&l.queue).(queued)
	deliveries, err := l.net.Carry(l.now, q.device, q.out)
	if err != nil {
		return err
	}
	l.deliver(q.device, deliveries)
	return nil
}

// deliver hands inputs to their devices, one at a time.
func (l *loop) deliver(from int, deliveries []underlay.Delivery) {
	for _, d := range deliveries {
		l.recent[l.count%len(l.recent)] = hop{from, d.Node, nameOf(d.Input)}
		l.hosts[d.Node].handle(l.now, d.Input)
		l.collect(d.Node)
	}
}

func (l *loop) tickNetwork() error {
	deliveries, err := l.net.Tick(l.now)
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		l.deliver(d.Node, []underlay.Delivery{d})
	}
	return nil
}

func (l *loop) tickPower() error {
	device, due := l.power.Due(l.now)
	if !due {
		return nil
	}
	return l.powerOn(device)
}

// tickFault has all faults happen that are due. Each lets the lab come to rest before it, so they are taken off the table
// first: or the last would happen before the first.
func (l *loop) tickFault() error {
	var list []int
	for {
		i, due := l.faults.Due(l.now)
		if !due {
			break
		}
		list = append(list, i)
	}
	for _, i := range list {
		if err := l.fault(i); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) tickWait() error {
	if t, due := l.waits.Due(l.now); due {
		t.end()
	}
	return nil
}

func (l *loop) tickEngine(device int) error {
	l.deliver(device, []underlay.Delivery{{Node: device, Input: lispcore.Tick{}}})
	return nil
}

// endless is the error that names a loop at one instant.
func (l *loop) endless() error {
	var who []string
	for _, h := range l.recent {
		s := fmt.Sprintf("%s from %s to %s", h.what, l.names[h.from], l.names[h.to])
		if h.from == h.to {
			s = fmt.Sprintf("%s at %s", h.what, l.names[h.to])
		}
		if h.what != "" && !slices.Contains(who, s) {
			who = append(who, s)
		}
	}
	slices.Sort(who)
	return fmt.Errorf("more than %d deliveries at lab time %s: a loop of %s", maxDeliveries, l.now.Format("15:04:05.000"), strings.Join(who, ", "))
}

func nameOf(in lispcore.Input) string {
	switch in.(type) {
	case lispcore.Datagram:
		return "datagram"
	case lispcore.PacketReceived:
		return "packet"
	case lispcore.PacketFailed:
		return "packet that failed"
	case lispcore.StreamOpened:
		return "connection"
	case lispcore.StreamData:
		return "stream data"
	case lispcore.StreamClosed:
		return "close"
	}
	return "timer"
}

package devices

import (
	"time"

	"lisplab/devices/packet"
	"lisplab/devices/probe"
)

// Task is a command that waits: a ping, a traceroute, a lig, `lab advance` in real time. Like the device it belongs to the goroutine that owns the lab,
// which goes on meanwhile: it runs by the loop, packet for packet, and prints as it goes.
type Task interface {
	// Text is what is new on the screen since the last call.
	Text() string
	Done() bool
	// Abort ends it, as Ctrl-^ does. What it then has to say is in Text.
	Abort()
	// OnChange has fn called, as Stream.OnChange does, when there is new text and when the task is done.
	OnChange(fn func())

	report()
}

// Await lets lab time pass until the task is done, as AwaitOthers does for all. While lab time follows the wall clock
// it passes by itself, and nothing is done here.
func (l *Lab) Await(t Task) error {
	return l.await(func() bool { return !t.Done() })
}

// await lets lab time pass, from one thing that is due to the next, as long as something is waited for.
func (l *Lab) await(waiting func() bool) error {
	if l.follower != nil {
		return nil
	}
	if l.live != nil {
		return l.pass(func() bool { return !waiting() }, l.loop.now.Add(forever))
	}
	for waiting() {
		at, armed := l.loop.wake()
		if !armed {
			return l.loop.err
		}
		if err := l.Advance(max(0, at.Sub(l.loop.now))); err != nil {
			return err
		}
	}
	return nil
}

// watched is what OnChange works on.
type watched struct {
	lab      *Lab
	changed  func() // nil: nobody wants to know
	reported bool   // changed is yet to be called
}

// OnChange implements Task.
func (w *watched) OnChange(fn func()) {
	if w.changed = fn; fn != nil {
		w.report()
	}
}

// report has changed called as soon as nothing is due.
func (w *watched) report() {
	if w.changed != nil && !w.reported {
		w.reported = true
		w.lab.reports = append(w.lab.reports, w)
	}
}

// tell calls who wants to know.
func (w *watched) tell() {
	w.reported = false
	if w.changed != nil {
		w.changed()
	}
}

// prober is a node that can ping and trace: a router, or a host.
type prober interface {
	// transmit sends a packet of the node's own.
	transmit(now time.Time, vrf string, b []byte)
	collected()
}

// probeTask is a ping or a traceroute of a node.
type probeTask struct {
	watched
	probe.Probe
	node prober
	vrf  string
}

// Abort implements Task.
func (t *probeTask) Abort() {
	t.Probe.Abort()
	t.report()
	t.node.collected()
}

// failedTask is a task that was over before it began, with what it says.
type failedTask struct {
	watched
	text string
}

func (t *failedTask) Text() (text string) {
	text, t.text = t.text, ""
	return text
}

func (t *failedTask) Done() bool { return true }
func (t *failedTask) Abort()     {}

// waitTask is done when real time has passed. It prints nothing.
type waitTask struct {
	watched
	done bool
}

// Wait begins to let real time pass, MaxWait at most: who would have to sit out Advance can give up a task, and others have
// the lab meanwhile.
func (l *Lab) Wait(d time.Duration) (Task, error) {
	if err := l.MayPass(d); err != nil {
		return nil, err
	}
	t := &waitTask{watched: watched{lab: l}}
	l.loop.waits.Set(t, l.loop.now.Add(d))
	return t, nil
}

func (t *waitTask) Text() string { return "" }
func (t *waitTask) Done() bool   { return t.done }

// Abort implements Task.
func (t *waitTask) Abort() {
	t.lab.loop.waits.Stop(t)
	t.end()
}

func (t *waitTask) end() {
	t.done = true
	t.report()
}

// probes are the probes that a node has under way.
type probes struct{ list []*probeTask }

// begin starts a probe.
func (p *probes) begin(now time.Time, t *probeTask) {
	p.list = append(p.list, t)
	t.Start(now)
	p.send(now, t)
	t.report()
}

// send sends what a probe wants sent, until it waits.
func (p *probes) send(now time.Time, t *probeTask) {
	for packets := t.Drain(); len(packets) > 0; packets = t.Drain() {
		for _, b := range packets {
			t.node.transmit(now, t.vrf, b)
		}
	}
}

// receive offers a message to the probes of a VRF.
func (p *probes) receive(now time.Time, vrf string, m packet.Message) {
	for _, t := range p.list {
		if t.vrf == vrf && !t.Done() {
			t.Receive(now, m)
			t.report()
		}
	}
}

// tick lets the probes that are due go on, and forgets those that are done.
func (p *probes) tick(now time.Time) {
	for _, t := range p.list {
		if at, armed := t.Deadline(); armed && !at.After(now) {
			t.Tick(now)
			t.report()
		}
	}
}

// flush sends what answers and timers have made the probes want to send, and forgets those that are done.
func (p *probes) flush(now time.Time) {
	for _, t := range p.list {
		p.send(now, t)
	}
	kept := p.list[:0]
	for _, t := range p.list {
		if !t.Done() {
			kept = append(kept, t)
		}
	}
	clear(p.list[len(kept):])
	p.list = kept
}

// deadline is the earliest deadline of the probes.
func (p *probes) deadline() (at time.Time, armed bool) {
	for _, t := range p.list {
		if until, ok := t.Deadline(); ok && (!armed || until.Before(at)) {
			at, armed = until, true
		}
	}
	return at, armed
}

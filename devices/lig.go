package devices

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/itr"
)

// LigOptions say what a lig asks.
type LigOptions struct {
	EIDs   []lispcore.EID // asked one after the other; of a host the whole address
	Source netip.Addr     // the zero Addr leaves it to the router
	To     netip.Addr     // the Map-Resolver; the zero Addr stands for the configured ones
	Count  int            // Map-Requests for each EID; 0 stands for 3
	// Render prints the mappings of an answer, as `show ip lisp map-cache` does; it is called when the answer has come.
	Render func(itr.LigResult) string
}

// ligTask is a lig of a router.
type ligTask struct {
	watched
	device *Device
	opt    LigOptions
	id     itr.LigID
	left   []lispcore.EID // behind the one under way
	done   bool
	screen strings.Builder
}

// Lig asks the mapping system who has EIDs (`lig`).
func (d *Device) Lig(opt LigOptions) Task {
	switch {
	case d.itr == nil:
		return d.refuse("% LISP ITR functionality is not enabled\n")
	case len(opt.EIDs) == 0:
		return d.refuse("% No local EID prefix\n")
	}
	t := &ligTask{watched: watched{lab: d.lab}, device: d, opt: opt, left: opt.EIDs}
	d.ligs = append(d.ligs, t)
	t.next(d.lab.loop.now)
	t.poll(d.lab.loop.now)
	d.lab.loop.collect(d.index)
	return t
}

func (d *Device) refuse(text string) Task { return &failedTask{watched{lab: d.lab}, text} }

// next asks for the next EID.
func (t *ligTask) next(now time.Time) {
	t.id = t.device.itr.Lig(now, t.left[0], t.opt.Source, t.opt.To, t.opt.Count)
	t.left = t.left[1:]
}

// poll looks whether the answer has come.
func (t *ligTask) poll(now time.Time) {
	for !t.done {
		r, done := t.device.itr.LigResult(t.id)
		if !done {
			return
		}
		t.print(r)
		t.report()
		if t.done = len(t.left) == 0; !t.done {
			t.next(now)
		}
	}
}

func (t *ligTask) print(r itr.LigResult) {
	eid := strings.ToUpper(r.EID.Prefix.Addr().String())
	switch {
	case r.Answered:
		fmt.Fprintf(&t.screen, "Mapping information for EID %s from %v with RTT %d msecs\n", eid, r.From, max(1, r.RTT.Milliseconds()))
		if t.opt.Render != nil {
			t.screen.WriteString(t.opt.Render(r))
		}
	case !r.Resolver.IsValid():
		t.screen.WriteString("% No map-resolver configured, or no route to it\n")
	default:
		fmt.Fprintf(&t.screen, "%% No map-reply for EID %s from map-resolver %v\n", eid, r.Resolver)
	}
}

// Text implements Task.
func (t *ligTask) Text() string {
	text := t.screen.String()
	t.screen.Reset()
	return text
}

// Done implements Task.
func (t *ligTask) Done() bool { return t.done }

// Abort implements Task.
func (t *ligTask) Abort() {
	if !t.done {
		t.done = true
		if t.device.itr != nil {
			t.device.itr.LigCancel(t.id)
		}
		t.report()
	}
}

// pollLigs lets the ligs go on that have their answer, and forgets those that are done.
func (d *Device) pollLigs(now time.Time) {
	kept := d.ligs[:0]
	for _, t := range d.ligs {
		if t.poll(now); !t.done {
			kept = append(kept, t)
		}
	}
	clear(d.ligs[len(kept):])
	d.ligs = kept
}

// dropTasks ends the tasks of a router that has lost its power, or its ITR.
func (d *Device) dropTasks() {
	for _, t := range d.ligs {
		t.Abort()
	}
	for _, t := range d.plane.probes.list {
		t.Probe.Abort()
		t.report()
	}
}

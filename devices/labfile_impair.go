package devices

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"lisplab/devices/underlay"
)

// A lab file says what is broken, and from when on:
//
//	impairments:
//	  - link: xTR1 -- Core1           # both directions; xTR1 -> Core1 is one
//	    loss: 30                      # from lab time 0
//	  - link: Core1 -> New-MSMR
//	    at: 5m
//	    delay: 200ms
//	    block: [tcp 4342]
//	  - {link: xTR1 -- Core1, at: 10m, clear: on}
//	  - {link: xTR1 -- Core1, at: 11m, state: down}
//	  - {device: xTR2, at: 12m, state: freeze}
//
// What an entry does not name stays as an earlier one has left it, as with the lines `lab link` and `lab device`.

// faultEntry is one entry as it stands.
type faultEntry struct {
	at           time.Duration
	link, device ast.Node
	state        ast.Node
	clear        bool
	halfOpen     bool
	changes      []func(*underlay.Impairment)
}

func (r *labReader) readFault(n ast.Node) error {
	var e faultEntry
	keep := func(to *ast.Node) func(ast.Node) error { return func(n ast.Node) error { *to = n; return nil } }
	change := func(c func(*underlay.Impairment)) { e.changes = append(e.changes, c) }
	duration := func(set func(*underlay.Impairment, time.Duration)) func(ast.Node) error {
		return func(n ast.Node) error {
			d, err := r.readSpan(n)
			change(func(i *underlay.Impairment) { set(i, d) })
			return err
		}
	}
	share := func(set func(*underlay.Impairment, uint8)) func(ast.Node) error {
		return func(n ast.Node) error {
			p, err := r.readPercent(n)
			change(func(i *underlay.Impairment) { set(i, p) })
			return err
		}
	}
	err := r.mapping(n, "an impairment: link or device, at, loss, state ...",
		field{"link", keep(&e.link)},
		field{"device", keep(&e.device)},
		field{"at", r.readDuration(&e.at)},
		field{"state", keep(&e.state)},
		field{"delay", duration(func(i *underlay.Impairment, d time.Duration) { i.Delay = d })},
		field{"jitter", duration(func(i *underlay.Impairment, d time.Duration) { i.Jitter = d })},
		field{"loss", share(func(i *underlay.Impairment, p uint8) { i.Loss = p })},
		field{"duplicate", share(func(i *underlay.Impairment, p uint8) { i.Duplicate = p })},
		field{"reorder", share(func(i *underlay.Impairment, p uint8) { i.Reorder = p })},
		field{"corrupt", share(func(i *underlay.Impairment, p uint8) { i.Corrupt = p })},
		field{"corrupt-checksum", share(func(i *underlay.Impairment, p uint8) { i.Checksum = p })},
		field{"rate", func(n ast.Node) error {
			rate, err := r.readRate(n)
			change(func(i *underlay.Impairment) { i.Rate = rate })
			return err
		}},
		field{"block", func(n ast.Node) error {
			return r.oneOrMore(n, func(n ast.Node) error {
				s, err := r.readService(n)
				change(func(i *underlay.Impairment) { i.Block(s) })
				return err
			})
		}},
		field{"half-open", r.readSwitch(&e.halfOpen, "on or off")},
		field{"clear", r.readSwitch(&e.clear, "on or off")},
	)
	switch {
	case err != nil:
		return err
	case e.link != nil && e.device == nil:
		return r.linkFault(n, e)
	case e.device != nil && e.link == nil:
		return r.deviceFault(n, e)
	}
	return r.wrong(n, "an impairment of a link or of a device")
}

// linkFault takes over an entry about a link.
func (r *labReader) linkFault(n ast.Node, e faultEntry) error {
	const form = "a link such as xTR1 -- Core1, or in one direction xTR1 -> Core1"
	text, err := r.scalar(e.link, form)
	if err != nil {
		return err
	}
	a, b, both := strings.Cut(text, dashes)
	if !both {
		var one bool
		if a, b, one = strings.Cut(text, " -> "); !one {
			return r.wrong(e.link, form)
		}
	}
	ia, ib := r.find(a), r.find(b)
	switch {
	case ia < 0:
		return r.wrongAt(e.link, 0, a, r.aDevice())
	case ib < 0:
		return r.wrongAt(e.link, len(a)+len(dashes), b, r.aDevice())
	case !r.linked(ia, ib):
		return r.wrong(e.link, "two devices that have a link to each other")
	}
	add := func(do func(*Lab) error) { r.lab.faults = append(r.lab.faults, planned{e.at, do}) }
	if e.state != nil {
		state, err := r.scalar(e.state, "up or down")
		if err != nil || state != "up" && state != "down" {
			return r.wrong(e.state, "up or down")
		}
		add(func(l *Lab) error { return l.SetLink(a, b, state == "up") })
	}
	if e.clear {
		add(func(l *Lab) error {
			return l.Impair(a, b, !both, func(i *underlay.Impairment) { *i = underlay.Impairment{} })
		})
	}
	for _, c := range e.changes {
		add(func(l *Lab) error { return l.Impair(a, b, !both, c) })
	}
	if e.halfOpen {
		add(func(l *Lab) error { return l.HalfOpen(a, b) })
	}
	if e.state == nil && !e.clear && len(e.changes) == 0 && !e.halfOpen {
		return r.wrong(n, "what becomes of the link: delay, loss, block, state ...")
	}
	return nil
}

// linked tells whether two devices have a link.
func (r *labReader) linked(a, b int) bool {
	return slices.ContainsFunc(r.lab.links, func(k underlay.Link) bool {
		return k.A.Node == a && k.B.Node == b || k.A.Node == b && k.B.Node == a
	})
}

// deviceFault takes over an entry about a device.
func (r *labReader) deviceFault(n ast.Node, e faultEntry) error {
	const states = "stop, start, freeze or thaw"
	name, err := r.scalar(e.device, r.aDevice())
	if err != nil {
		return err
	}
	i := r.find(name)
	switch {
	case i < 0:
		return r.wrong(e.device, r.aDevice())
	case len(e.changes) > 0 || e.clear || e.halfOpen:
		return r.wrong(n, "of a device only at and state; everything else is a link's")
	case e.state == nil:
		return r.wrong(n, "a state: "+states)
	case e.at == 0:
		return r.wrong(n, "a time later than 0, at which all devices without a power-on boot")
	}
	state, err := r.scalar(e.state, states)
	if err != nil {
		return err
	}
	// An operator may have been there first: what is so already is no error.
	do := map[string]func(*Lab) error{
		"stop":  func(l *Lab) error { return l.unless(!l.devices[i].running, name, l.StopDevice) },
		"start": func(l *Lab) error { return l.unless(l.devices[i].running, name, l.StartDevice) },
		"freeze": func(l *Lab) error {
			return l.unless(!l.devices[i].running || l.devices[i].frozen, name, l.FreezeDevice)
		},
		"thaw": func(l *Lab) error { return l.unless(!l.devices[i].frozen, name, l.ThawDevice) },
	}[state]
	if do == nil {
		return r.wrong(e.state, states)
	}
	r.lab.faults = append(r.lab.faults, planned{e.at, do})
	return nil
}

// unless does something to a device, or leaves it alone.
func (l *Lab) unless(so bool, name string, do func(name string) error) error {
	if so {
		return nil
	}
	return do(name)
}

// readSpan reads how long something takes.
func (r *labReader) readSpan(n ast.Node) (time.Duration, error) {
	const what = "a time such as 200ms or 1.5s"
	text, err := r.scalar(n, what)
	if err != nil {
		return 0, err
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, r.wrong(n, what)
	}
	return d, nil
}

func (r *labReader) readPercent(n ast.Node) (uint8, error) {
	const what = "a share of the packets in percent, from 0 to 100"
	text, err := r.scalar(n, what)
	if err != nil {
		return 0, err
	}
	p, err := strconv.ParseUint(strings.TrimSuffix(text, "%"), 10, 8)
	if err != nil || p > 100 {
		return 0, r.wrong(n, what)
	}
	return uint8(p), nil
}

// maxRate is the fastest link that can be slowed down to, in kilobits a second.
const maxRate = 10_000_000

func (r *labReader) readRate(n ast.Node) (uint64, error) {
	what := fmt.Sprintf("kilobits a second, from 1 to %d; 0 for no limit", maxRate)
	text, err := r.scalar(n, what)
	if err != nil {
		return 0, err
	}
	kbps, err := strconv.ParseUint(text, 10, 64)
	if err != nil || kbps > maxRate {
		return 0, r.wrong(n, what)
	}
	return kbps * 1000, nil
}

func (r *labReader) readService(n ast.Node) (underlay.Service, error) {
	const what = "a port such as tcp 4342 or udp 4341"
	text, err := r.scalar(n, what)
	if err != nil {
		return underlay.Service{}, err
	}
	protocol, port, _ := strings.Cut(text, " ")
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || protocol != "tcp" && protocol != "udp" {
		return underlay.Service{}, r.wrong(n, what)
	}
	return underlay.Service{TCP: protocol == "tcp", Port: uint16(number)}, nil
}

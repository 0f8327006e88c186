package devices

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// LineName names a terminal line of a router: the console or a vty.
type LineName struct {
	VTY    bool
	Number int
}

// String returns the name as a log has it: "console", "vty0".
func (n LineName) String() string {
	if n.VTY {
		return fmt.Sprintf("vty%d", n.Number)
	}
	return "console"
}

// Short returns the name as lists of lines have it: "con 0", "vty 0".
func (n LineName) Short() string {
	if n.VTY {
		return fmt.Sprintf("vty %d", n.Number)
	}
	return fmt.Sprintf("con %d", n.Number)
}

// Absolute is the number of the line among all lines of the router: the console is 0, the vtys follow.
func (n LineName) Absolute() int {
	if n.VTY {
		return 1 + n.Number
	}
	return n.Number
}

// Terminal is a session at one of the router's lines. Like the device it belongs to the goroutine that owns the lab; only
// Touch and Idle may be called from anywhere.
type Terminal struct {
	Line LineName
	From netip.Addr // the terminal's address; the zero Addr for the console and for the lab's own terminals

	User string    // who has logged in; "" when nobody asked
	SSH  *SSHTerms // of a session by SSH; nil for others

	// What `terminal ...` changes. The line's configuration is where they begin.
	Length  int // lines of a page; 0 means no pages
	Width   int // columns; 0 means any
	History int // lines that are kept
	Monitor bool

	Since time.Time           // lab time when the session began
	Hosts func() []netip.Addr // where it has connections to; may be nil

	device *Device
	key    atomic.Int64 // wall clock of the last key, in nanoseconds; 0 when nobody sits there in real time
	idle   *time.Timer  // waits for the exec-timeout; nil when nobody asked
}

// SSHTerms are what the two ends of an SSH connection have agreed on.
type SSHTerms struct {
	In, Out SSHProtection // what the router reads, and what it writes
}

// SSHProtection is how one direction of an SSH connection is protected, by the names of the protocol. There is no MAC where
// the cipher authenticates.
type SSHProtection struct{ Cipher, MAC string }

// NewTerminal returns a terminal at no line of any router, as the console finds it.
func NewTerminal() *Terminal {
	return &Terminal{Length: DefaultLength, Width: DefaultWidth, History: DefaultHistory}
}

// Why a session finds no line.
var (
	ErrNoLine    = errors.New("all lines are in use")
	ErrTransport = errors.New("no free line takes this protocol")
	ErrStopped   = errors.New("the router has no power")
)

// OpenConsole seats a session at the console.
func (d *Device) OpenConsole() (*Terminal, error) {
	if !d.running {
		return nil, ErrStopped
	}
	if slices.ContainsFunc(d.terminals, func(t *Terminal) bool { return !t.Line.VTY }) {
		return nil, ErrNoLine
	}
	return d.seat(LineName{}, netip.Addr{}), nil
}

// OpenVTY seats a session from that address at the first free vty whose `transport input` takes the protocol. Protocol 0
// is the lab's own, which every line takes.
func (d *Device) OpenVTY(by Transport, from netip.Addr) (*Terminal, error) {
	n, err := d.freeVTY(by)
	if err != nil {
		return nil, err
	}
	return d.seat(LineName{true, n}, from), nil
}

// freeVTY finds the first free vty that takes the protocol.
func (d *Device) freeVTY(by Transport) (n int, err error) {
	if !d.running {
		return 0, ErrStopped
	}
	err = ErrNoLine
	for n := range d.cfg.VTYCount() {
		name := LineName{true, n}
		switch {
		case slices.ContainsFunc(d.terminals, func(t *Terminal) bool { return t.Line == name }):
		case by != 0 && !d.cfg.VTY(n).TransportInput.Takes(by):
			err = ErrTransport
		default:
			return n, nil
		}
	}
	return 0, err
}

func (d *Device) seat(name LineName, from netip.Addr) *Terminal {
	t := &Terminal{Line: name, From: from, Since: d.lab.loop.now, device: d}
	if d.uses == nil {
		d.uses = make(map[LineName]int)
	}
	d.uses[name]++
	l := t.Config()
	t.Length, t.Width = orDefault(l.Length, DefaultLength), orDefault(l.Width, DefaultWidth)
	t.History = orDefault(l.History, DefaultHistory)
	d.terminals = append(d.terminals, t)
	slices.SortFunc(d.terminals, func(a, b *Terminal) int { return cmp.Compare(a.Line.Absolute(), b.Line.Absolute()) })
	return t
}

// Terminals returns the sessions at the router's lines, in the order of the lines.
func (d *Device) Terminals() []*Terminal { return slices.Clone(d.terminals) }

// LineState is what a line is at present.
type LineState struct {
	Line  LineName
	InUse bool
	Uses  int // sessions since the boot
}

// Lines returns the lines of the router, in their order.
func (d *Device) Lines() []LineState {
	names := []LineName{{}}
	for n := range d.cfg.VTYCount() {
		names = append(names, LineName{true, n})
	}
	var list []LineState
	for _, name := range names {
		used := slices.ContainsFunc(d.terminals, func(t *Terminal) bool { return t.Line == name })
		list = append(list, LineState{name, used, d.uses[name]})
	}
	return list
}

// Calls are the hosts that the session has connections to.
func (t *Terminal) Calls() []netip.Addr {
	if t.Hosts == nil {
		return nil
	}
	return t.Hosts()
}

// Config is the present configuration of the terminal's line.
func (t *Terminal) Config() Line {
	if t.device == nil {
		return Line{}
	}
	if t.Line.VTY {
		return t.device.cfg.VTY(t.Line.Number)
	}
	return t.device.cfg.Console
}

// Login tells how the line asks who is there.
func (t *Terminal) Login() LoginMethod {
	switch m := t.Config().Login; {
	case m != LoginDefault:
		return m
	case t.Line.VTY:
		return LoginPassword
	}
	return LoginNone
}

// Open tells whether the session still has its line: it loses it by Close, and when the router loses its power.
func (t *Terminal) Open() bool {
	return t.device != nil && slices.Contains(t.device.terminals, t)
}

// Close gives the line back.
func (t *Terminal) Close() {
	if t.idle != nil {
		t.idle.Stop()
	}
	if t.device == nil {
		return
	}
	t.device.terminals = slices.DeleteFunc(t.device.terminals, func(o *Terminal) bool { return o == t })
}

// By names the session as the log does: "console", "lab on vty0 (127.0.0.1)".
func (t *Terminal) By() string {
	by := t.Line.String()
	if t.From.IsValid() {
		by += fmt.Sprintf(" (%v)", t.From)
	}
	if t.User != "" {
		by = t.User + " on " + by
	}
	return by
}

// Touch notes that a key was pressed just now, on the wall clock. A terminal that is never touched is never idle.
func (t *Terminal) Touch() { t.key.Store(wall().UnixNano()) }

// Idle is how long ago the last key was pressed.
func (t *Terminal) Idle() time.Duration {
	at := t.key.Load()
	if at == 0 {
		return 0
	}
	return max(0, time.Duration(wall().UnixNano()-at))
}

// OnTimeout has expired called, on a goroutine of its own, when nobody has pressed a key for the exec-timeout of the
// line, whatever that is by then. Close ends it.
func (t *Terminal) OnTimeout(expired func()) {
	t.Touch()
	t.idle = time.AfterFunc(time.Hour, func() {
		over := false
		t.device.lab.Do(func() {
			if !t.Open() || t.idle == nil {
				return
			}
			if left, ever := t.left(); !ever || left > 0 {
				t.rearm()
				return
			}
			over, t.idle = true, nil
		})
		if over {
			expired()
		}
	})
	t.rearm()
}

// left is how long the terminal may yet be idle; false when it may be for ever.
func (t *Terminal) left() (time.Duration, bool) {
	timeout := t.Config().Timeout()
	return timeout - t.Idle(), timeout > 0
}

// rearm makes the timer fire when the exec-timeout may be over.
func (t *Terminal) rearm() {
	if t.idle == nil {
		return
	}
	if left, ever := t.left(); ever {
		t.idle.Reset(max(0, left))
	} else {
		t.idle.Stop()
	}
}

// rearmTerminals makes the sessions follow a configuration that has changed: their timeouts, and the lines that are gone.
func (d *Device) rearmTerminals() {
	for _, t := range d.Terminals() {
		if t.Line.VTY && t.Line.Number >= d.cfg.VTYCount() {
			t.Close()
			continue
		}
		t.rearm()
	}
}

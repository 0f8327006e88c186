package devices

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"lisplab/devices/capture"
	"lisplab/devices/underlay"
	"lisplab/lispcore"
)

// Options are what a lab needs from outside.
type Options struct {
	// Parse reads one router's IOS configuration. It is injected because the rows of the configuration live in package
	// commands. Its errors carry file:line:column; of several lines that are wrong they are joined (errors.Join), and the
	// configuration is what the others say.
	Parse func(rel Release, file, text string) (Config, error)
	// Seed replaces the seed of the lab file.
	Seed *uint64
	// ShortPrompts turns short-prompts on (see Lab.ShortPrompts), whatever the lab file says.
	ShortPrompts bool
	// Observe gets every event of the underlay, in order. Payloads are valid only during the call.
	Observe func(underlay.Event)
	// Taps capture from lab time 0 on, until the lab is closed (see Lab.Capture).
	Taps []Tap
	// Tamper, a fault for tests, sees each Datagram and Data event between the socket and the engine and returns the bytes
	// that the engine gets. It must not change ev.Payload in place.
	Tamper func(ev underlay.Event) []byte
	// Logged is called when a router's log has got a line, on the goroutine that owns the lab. It must not block.
	Logged func(d *Device, line LogLine)
	// Powered is called when a router has got power or has lost it, a reload included, on the goroutine that owns the lab:
	// its terminals have lost their router. It must not block.
	Powered func(d *Device, on bool)
	// Underlay is what the lab runs on: what the lab file says when "", and Loopback when it says nothing.
	Underlay Underlay
	// Run names what the netns underlay builds: no two runs of a name can be up at once. "" stands for the lab's name, and,
	// unless RunByLab is set, numbers that no other run has.
	Run      string
	RunByLab bool
	// Node is the one router that the host underlay runs. The others run elsewhere.
	Node string
	// Forward has the host underlay take packets of the machine, too: it takes root, or CAP_NET_ADMIN and CAP_NET_RAW, and
	// /dev/net/tun.
	Forward bool
	// External says where addresses of the lab are on real machines; it goes before what the lab file says.
	External map[netip.Addr]netip.Addr
	// Failed is called when lab time stands still for good (see Lab.Err) while it follows the wall clock, on the goroutine that
	// owns the lab. It must not block.
	Failed func(error)
	// Interrupt, when it is closed, makes lab time stand still: what lets it pass returns ErrInterrupted.
	Interrupt <-chan struct{}
	// State is the directory that keeps the files of all routers beyond the process, their startup configurations among
	// them; it is made if need be. "" keeps them in memory.
	State string
	// FS is where a path that is no built-in name is read from; nil means the machine's files.
	FS fs.FS
}

// LinkState is one link between two interfaces.
type LinkState struct {
	A, AInterface string
	B, BInterface string // of a cable into the machine B is its interface, and BInterface ""
	Up            bool   // the cable; an interface that is shut does not change it
	// AB and BA are what the link does to packets from A to B, and back.
	AB, BA underlay.Impairment
}

// Lab is a network of routers whose LISP runs. Its methods, and those of its devices, belong to the goroutine that owns
// the lab: while it follows the wall clock call them inside Do. Do, Follow and Close may be called from anywhere.
type Lab struct {
	*world
	inside bool // Do runs at once: see Inside
}

// world is what a Lab and its Inside have in common.
type world struct {
	file     *labFile
	seed     uint64
	net      wires
	live     *live // nil: the wires are in lock-step
	loop     *loop
	devices  []*Device
	hosts    []*Host
	logged   func(*Device, LogLine) // may be nil
	powered  func(*Device, bool)    // may be nil
	parse    func(rel Release, file, text string) (Config, error)
	state    *state                 // nil: files are kept in memory
	answer   func(*Device, *Stream) // may be nil
	failed   func(error)            // may be nil
	frames   *capture.Wires
	captures []*Capture
	wholes   []*capture.Writer // of the whole lab, on loopback
	reports  []teller          // who have something to tell, in order
	hearing  bool

	mu       sync.Mutex // held by who owns the lab, or looks for the owner
	follower *follower
	closed   bool
}

// OpenLab starts a lab: a built-in one by name, or one by the path of its lab.yaml (or of the folder that holds it), with
// the configuration files beside it. Devices without a power-on delay have booted, and everything due at lab time 0 has
// run. Errors of the lab file and of configurations name file:line:column, what was found and what was expected; nothing
// is started then.
func OpenLab(nameOrPath string, opt Options) (*Lab, error) {
	file, err := readLab(nameOrPath, opt)
	if err != nil {
		return nil, firstOf(err)
	}
	if opt.Underlay == "" {
		opt.Underlay = file.underlay
	}
	if opt.Underlay == OwnHost {
		if err := file.alone(opt.Node); err != nil {
			return nil, err
		}
	}
	l := &Lab{world: &world{file: file, seed: file.seed, logged: opt.Logged, powered: opt.Powered, failed: opt.Failed, parse: opt.Parse, frames: capture.NewWires()}}
	if opt.Seed != nil {
		l.seed = *opt.Seed
	}
	l.file.shortPrompt = l.file.shortPrompt || opt.ShortPrompts
	if opt.State != "" {
		if l.state, err = openState(opt.State); err != nil {
			return nil, err
		}
	}
	if err := l.build(opt); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if err := l.start(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if err := l.checkPlaces(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// build makes the devices and their network, all without power.
func (l *Lab) build(opt Options) error {
	l.loop = &loop{now: labStart, engines: make([]deadline, len(l.file.devices)+len(l.file.hosts)), powerOn: l.powerOn, fault: l.fault, idle: l.hear, failed: l.fail, interrupt: opt.Interrupt}
	for i, f := range l.file.devices {
		d := &Device{lab: l, index: i, file: f}
		if err := d.seal(&f.startup); err != nil {
			return err
		}
		if err := l.attachFiles(d); err != nil {
			return err
		}
		l.devices = append(l.devices, d)
		l.loop.names = append(l.loop.names, f.name)
		l.loop.hosts = append(l.loop.hosts, d)
	}
	routers := slices.Clone(l.loop.names)
	for i, f := range l.file.hosts {
		h := &Host{lab: l, index: len(l.devices) + i, Host: f.Host, gateway: f.gateway}
		l.hosts = append(l.hosts, h)
		l.loop.names = append(l.loop.names, f.Name)
		l.loop.hosts = append(l.loop.hosts, h)
	}
	net, err := l.lay(routers, opt)
	if err != nil {
		return err
	}
	l.net, l.loop.net = net, net
	for _, h := range l.hosts {
		if err := h.powerOn(); err != nil {
			return err
		}
	}
	for _, t := range opt.Taps {
		if t.whole() && l.live == nil {
			continue // see tapWhole
		}
		if _, err := l.Capture(t); err != nil {
			return err
		}
	}
	return nil
}

// lay lays the wires that the options ask for. Without an error they are never nil.
func (l *Lab) lay(routers []string, opt Options) (wires, error) {
	switch opt.Underlay {
	case "", Loopback:
	case Netns:
		return l.goLive(routers, opt)
	case OwnHost:
		return l.goHost(opt)
	default:
		return nil, fmt.Errorf("underlay %q: expected one of %s, %s, %s", opt.Underlay, Loopback, Netns, OwnHost)
	}
	if err := l.tapWhole(opt.Taps); err != nil {
		return nil, err
	}
	net, err := underlay.New(underlay.Config{
		Names: routers, Links: l.file.links, Hosts: l.file.underlayHosts(), Filter: l.filter,
		Rand: rand.New(rand.NewPCG(l.seed, 0)), Chance: rand.New(rand.NewPCG(l.seed, 1)), Wall: wall,
		NextStream: l.nextStream, Takes: l.takes, Observe: l.observer(opt.Observe), Tamper: opt.Tamper,
	})
	if err != nil {
		return nil, err
	}
	return net, nil
}

// nextStream is a router's name for a connection that it accepts.
func (l *Lab) nextStream(node int) lispcore.StreamID { return l.devices[node].sessions.NextStream() }

// start boots the devices that have power at lab time 0 and lets everything happen that is due.
func (l *Lab) start() error {
	if err := l.plan(); err != nil {
		return err
	}
	var first []*Device
	for _, d := range l.devices {
		if d.file.powerOn > 0 {
			l.loop.power.Set(d.index, labStart.Add(d.file.powerOn))
		} else {
			first = append(first, d)
		}
	}
	if err := l.boot(first...); err != nil {
		return err
	}
	return l.Settle()
}

// Name is the lab's name.
func (l *Lab) Name() string { return l.file.name }

// Console is the name of the device whose prompt opens on the console.
func (l *Lab) Console() string { return l.devices[l.file.console].Name() }

// ShortPrompts tells whether the prompts of configuration modes are kept within the 32 characters that clients such as
// scrapli look for between the parentheses. IOS itself prints longer ones.
func (l *Lab) ShortPrompts() bool { return l.file.shortPrompt }

// Now is the lab time.
func (l *Lab) Now() time.Time { return l.loop.now }

// Err is what ended the run: a fault of the underlay, or a loop at one instant. Lab time stands still since then.
func (l *Lab) Err() error { return l.loop.err }

// Settle lets everything happen that is due at the present instant, until it is quiet. In real time that is what has
// happened until now.
func (l *Lab) Settle() error {
	if l.live != nil {
		return l.catchUp()
	}
	return l.loop.run(l.loop.now)
}

// Advance moves lab time ahead and lets everything happen that is due until then, the end instant included. In real time it
// waits, MaxWait at most.
func (l *Lab) Advance(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("lab time can't go back by %v", -d)
	}
	if l.live != nil {
		return l.endure(d)
	}
	if l.follower != nil {
		l.follower.clock.skip(d)
	}
	return l.loop.run(l.loop.now.Add(d))
}

// Devices returns the devices in lab-file order.
func (l *Lab) Devices() []*Device { return append([]*Device(nil), l.devices...) }

// Device returns the device of that name, in any case of letters, or nil.
func (l *Lab) Device(name string) *Device {
	for _, d := range l.devices {
		if strings.EqualFold(d.Name(), name) {
			return d
		}
	}
	return nil
}

// device is Device with an error that says which names there are.
func (l *Lab) device(name string) (*Device, error) {
	if d := l.Device(name); d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("no device %q in lab %s: its devices are %s", name, l.Name(), strings.Join(l.loop.names[:len(l.devices)], ", "))
}

// External tells whether it is a cable into an interface of the machine: not Up where the underlay has none.
func (k LinkState) External() bool { return k.BInterface == "" }

// Links returns the links in lab-file order, and then the cables into the machine's interfaces.
func (l *Lab) Links() []LinkState {
	var list []LinkState
	for i, k := range l.net.Links() {
		list = append(list, LinkState{
			A: l.devices[k.A.Node].Name(), AInterface: k.A.Interface,
			B: l.devices[k.B.Node].Name(), BInterface: k.B.Interface, Up: k.Up,
			AB: l.net.Impairment(i, false), BA: l.net.Impairment(i, true),
		})
	}
	for i, p := range l.file.plugs {
		k := LinkState{A: l.devices[p.Node].Name(), AInterface: p.Interface, B: p.machine, Up: l.plugged()}
		if k.Up {
			c := l.plugCable(i)
			k.AB, k.BA = l.net.Impairment(c, false), l.net.Impairment(c, true)
		}
		list = append(list, k)
	}
	return list
}

// SetLink plugs the cables between two devices in or out. Setting what is set already changes nothing.
func (l *Lab) SetLink(a, b string, up bool) error {
	if err := l.bothOurs(a, b); err != nil {
		return err
	}
	cables, err := l.cables(a, b)
	if err != nil {
		return err
	}
	return l.change(func() error {
		for _, c := range cables {
			l.net.SetLink(c.link, up)
		}
		return nil
	})
}

// neighbors says what a device is linked to.
func (l *Lab) neighbors(d *Device) string {
	var names []string
	for _, k := range l.net.Links() {
		switch d.index {
		case k.A.Node:
			names = append(names, l.devices[k.B.Node].Name())
		case k.B.Node:
			names = append(names, l.devices[k.A.Node].Name())
		}
	}
	for _, p := range l.file.plugs {
		if p.Node == d.index && l.plugged() {
			names = append(names, p.machine)
		}
	}
	if len(names) == 0 {
		return d.Name() + " has no links"
	}
	return d.Name() + " is linked to " + strings.Join(names, ", ")
}

// StopDevice cuts the power of a device: it says nothing any more, and its state is gone. One that was about to boot stays
// without power.
func (l *Lab) StopDevice(name string) error {
	d, err := l.device(name)
	if err != nil {
		return err
	}
	if !d.running {
		if _, coming := l.loop.power.Get(d.index); coming { // its boot is called off
			l.loop.power.Stop(d.index)
			return nil
		}
		return fmt.Errorf("%s is stopped already", d.Name())
	}
	return l.change(func() error {
		err := l.net.SetPower(d.index, false)
		d.powerOff()
		l.loop.collect(d.index) // nothing: its deadlines are gone
		l.notePower(d)
		return err
	})
}

// StartDevice boots a device that is stopped, with its startup configuration (see Device.Startup). A power-on that was still
// to come is done with it. When the startup configuration can't be read it stays without power.
func (l *Lab) StartDevice(name string) error {
	d, err := l.device(name)
	if err != nil {
		return err
	}
	if d.running {
		return fmt.Errorf("%s is running already", d.Name())
	}
	if _, _, err := d.loadStartup(); err != nil {
		return fmt.Errorf("%s can't boot: %w", d.Name(), err)
	}
	l.loop.power.Stop(d.index)
	if err := l.Settle(); err != nil {
		return err
	}
	return l.boot(d)
}

// powerOn is what the loop calls when the power-on delay of a device is over.
func (l *Lab) powerOn(device int) error { return l.boot(l.devices[device]) }

// boot gives devices power and starts them with their startup configurations, all at once.
func (l *Lab) boot(devices ...*Device) error {
	for _, d := range devices {
		if err := l.net.SetPower(d.index, true); err != nil {
			return err
		}
		d.powerOn(l.loop.now)
		l.net.Configure(d.index, routingOf(d.cfg))
		l.notePower(d)
	}
	return l.rewire()
}

func (l *Lab) notePower(d *Device) {
	if l.powered != nil {
		l.powered(d, d.running)
	}
}

// change makes a change of the network after everything due at the present instant has run, so that nothing is under way
// across it.
func (l *Lab) change(fn func() error) error {
	if err := l.Settle(); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err
	}
	return l.rewire()
}

// rewire makes a change of links, power or configuration take effect: in the network, in the logs, and in the engines,
// which must know which map server they have a route to.
func (l *Lab) rewire() error {
	for _, h := range l.hosts {
		h.configure()
	}
	for _, s := range l.net.Update(l.loop.now) {
		l.loop.push(s.Node, s.Output)
	}
	for _, d := range l.devices {
		if !d.running {
			continue
		}
		d.logLines()
		d.noteRoutes(l.loop.now)
		if err := d.configureRoles(); err != nil {
			return err
		}
		l.loop.collect(d.index)
	}
	return nil
}

// CloseAfter closes the lab after what it is given has happened, if anything has, and adds what goes wrong. An interrupt alone
// stays ErrInterrupted; with something else it is not worth telling.
func (l *Lab) CloseAfter(err error) error {
	failed := l.Close()
	if failed != nil && errors.Is(err, ErrInterrupted) {
		return failed
	}
	return errors.Join(err, failed)
}

// Close stops the lab: the follower, the devices without a word, all sockets. A closed lab can't be used.
func (l *Lab) Close() error {
	l.unfollow()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed, l.follower = true, nil
	var errs []error
	for _, d := range l.devices {
		d.dropStreams()
	}
	l.hear()
	errs = append(errs, l.stopCaptures()...)
	if l.net != nil {
		errs = append(errs, l.net.Close())
	}
	for _, w := range l.wholes {
		errs = append(errs, w.Flush())
	}
	if l.state != nil {
		errs = append(errs, l.state.close())
	}
	return errors.Join(errs...)
}

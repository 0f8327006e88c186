package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/shell"
)

// serveCmd makes every router of a lab reachable as a device is, and the lab itself.
type serveCmd struct {
	labFlags
	serveFlags
	Speed float64 `default:"1" placeholder:"N" help:"Lab time runs N times as fast as the wall clock (${default})."`
}

// serveFlags say where a lab is reachable, and how that is told.
type serveFlags struct {
	labPortFlags
	SSH    shell.Ports `name:"ssh" default:"127.0.0.1:2201-" placeholder:"PORTS" help:"One SSH port a router: ADDRESS:FIRST-, ADDRESS:0 for any free ones, or off (${default})."`
	Telnet shell.Ports `default:"127.0.0.1:2301-" placeholder:"PORTS" help:"One telnet port a router, in the same form (${default})."`

	Inventory    string `default:"table" enum:"table,ansible,netmiko,nornir,pyats,ssh-config" placeholder:"FORM" help:"What to print of the routers: a table, or the inventory of a client: ansible, netmiko, nornir, pyats or ssh-config (${default})."`
	ShortPrompts bool   `help:"Keep prompts of configuration modes within the 32 characters that scrapli knows, whatever the lab file says."`
}

// Validate refuses what has no meaning.
func (c serveCmd) Validate() error {
	switch {
	case !(c.Speed > 0 && c.Speed <= maxSpeed):
		return fmt.Errorf("--speed %v: expected a number above 0, up to %v", c.Speed, maxSpeed)
	case c.Speed != 1 && c.Underlay == devices.Netns:
		return fmt.Errorf("--speed %v: time is real on the %s underlay", c.Speed, c.Underlay)
	}
	return c.serveFlags.check()
}

// check refuses what would serve nothing.
func (c serveFlags) check() error {
	if !c.SSH.On() && !c.Telnet.On() && !c.LabPort.IsValid() {
		return errors.New("--ssh off, --telnet off and no --lab-port: nothing would be reachable")
	}
	return nil
}

// maxSpeed is more than any lab keeps up with.
const maxSpeed = 100_000

// Run serves until it is interrupted.
func (c serveCmd) Run(ctx context.Context) error {
	return c.serve(ctx, serving{open: c.open, state: c.State, speed: c.Speed})
}

// serving is a lab that is to be served.
type serving struct {
	open  func(devices.Options) (*devices.Lab, *commands.Set, error)
	hint  func(*devices.Lab) string // what is peculiar to it, for standard error as soon as it is reachable; nil: nothing is
	state string                    // the directory in which things are kept, "" for none
	speed float64                   // of lab time
}

// serve opens a lab and serves it until it is interrupted, or, where its time is real, is broken beyond repair.
func (c serveFlags) serve(ctx context.Context, what serving) (err error) {
	ctx, broken := context.WithCancel(ctx)
	defer broken()
	var server atomic.Pointer[shell.Server]
	var live bool
	lab, set, err := what.open(devices.Options{
		Interrupt:    ctx.Done(),
		ShortPrompts: c.ShortPrompts,
		Logged: func(d *devices.Device, line devices.LogLine) {
			if s := server.Load(); s != nil {
				s.Logged(d, line)
			}
		},
		Powered: func(d *devices.Device, on bool) {
			if s := server.Load(); s != nil {
				s.Powered(d, on)
			}
		},
		Failed: func(error) {
			if live {
				broken()
			}
		},
	})
	if errors.Is(err, devices.ErrInterrupted) {
		return nil // sooner than it has begun
	}
	if err != nil {
		return err
	}
	live = lab.Live()
	defer func() { err = errors.Join(err, lab.Close()) }()
	if live && what.speed != 1 {
		return fmt.Errorf("--speed %v: the lab file says that the underlay is %s, where time is real", what.speed, devices.Netns)
	}
	keys := shell.HostKeys{Dir: what.state}
	port, err := c.listen(lab, set, keys)
	if err != nil {
		return err
	}
	s, err := shell.NewServer(lab, set, shell.ServerOptions{SSH: c.SSH, Telnet: c.Telnet, Keys: keys, Failed: func(device string, err error) {
		fmt.Fprintf(os.Stderr, "lisplab: a session at %s has ended: %v\n", device, err)
	}})
	if err != nil {
		if port != nil {
			port.Close()
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w: does another lab run? --ssh and --telnet choose other ports, and ADDRESS:0 takes any free ones", err)
		}
		return err
	}
	server.Store(s)
	if what.hint != nil {
		fmt.Fprint(os.Stderr, what.hint(lab))
	}
	if err := c.tell(s, port); err != nil {
		s.Close()
		if port != nil {
			port.Close()
		}
		return err
	}
	lab.FollowAt(ctx, what.speed)
	var running sync.WaitGroup
	if port != nil {
		running.Go(func() { port.Serve(ctx) })
	}
	s.Serve(ctx)
	running.Wait()
	lab.Do(func() { err = lab.Err() })
	return err
}

// tell says where everything is.
func (c serveFlags) tell(s *shell.Server, port *shell.LabPort) error {
	text, err := s.Inventory().Text(c.Inventory)
	if err != nil {
		return err
	}
	if port != nil && c.Inventory == "table" {
		text += fmt.Sprintf("\nThe lab itself: lisplab ctl --lab-port %v 'advance 5m', or ssh -p %d %v\n", port.Addr(), port.Addr().Port(), port.Addr().Addr())
	}
	_, err = fmt.Print(text)
	return err
}

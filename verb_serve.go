package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"text/tabwriter"

	"lisplab/devices"
	"lisplab/shell"
)

// serveCmd makes every router of a lab reachable as a device is, and the lab itself.
type serveCmd struct {
	labFlags
	labPortFlags
	SSH    shell.Ports `name:"ssh" default:"127.0.0.1:2201-" placeholder:"PORTS" help:"One SSH port a router: ADDRESS:FIRST-, ADDRESS:0 for any free ones, or off (${default})."`
	Telnet shell.Ports `default:"127.0.0.1:2301-" placeholder:"PORTS" help:"One telnet port a router, in the same form (${default})."`
	Speed  float64     `default:"1" placeholder:"N" help:"Lab time runs N times as fast as the wall clock (${default})."`
}

// Validate refuses what has no meaning.
func (c serveCmd) Validate() error {
	if !(c.Speed > 0 && c.Speed <= maxSpeed) {
		return fmt.Errorf("--speed %v: expected a number above 0, up to %v", c.Speed, maxSpeed)
	}
	return nil
}

// maxSpeed is more than any lab keeps up with.
const maxSpeed = 100_000

// Run serves until it is interrupted.
func (c serveCmd) Run(ctx context.Context) (err error) {
	var server atomic.Pointer[shell.Server]
	lab, set, err := c.open(devices.Options{Logged: func(d *devices.Device, line devices.LogLine) {
		if s := server.Load(); s != nil {
			s.Logged(d, line)
		}
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	keys := shell.HostKeys{Dir: c.State}
	port, err := c.listen(lab, set, keys)
	if err != nil {
		return err
	}
	s, err := shell.NewServer(lab, set, shell.ServerOptions{SSH: c.SSH, Telnet: c.Telnet, Keys: keys})
	if err != nil {
		if port != nil {
			port.Close()
		}
		return err
	}
	server.Store(s)
	if err := c.tell(s, port); err != nil {
		s.Close()
		if port != nil {
			port.Close()
		}
		return err
	}
	lab.FollowAt(ctx, c.Speed)
	var running sync.WaitGroup
	if port != nil {
		running.Go(func() { port.Serve(ctx) })
	}
	s.Serve(ctx)
	running.Wait()
	return lab.Err()
}

// tell says where everything is.
func (c serveCmd) tell(s *shell.Server, port *shell.LabPort) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "Router\tRelease\tSSH\tTelnet")
	for _, e := range s.Endpoints() {
		ssh, telnet := "--", "--"
		if e.SSH.IsValid() {
			ssh = e.SSH.String()
		}
		if e.Telnet.IsValid() {
			telnet = e.Telnet.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Device, e.Release, ssh, telnet)
	}
	if port != nil {
		fmt.Fprintf(w, "(the lab)\t\t%v\n", port.Addr())
	}
	return w.Flush()
}

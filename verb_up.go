package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/devices/netns"
)

// upCmd brings a lab up on the kernel's own wires, and serves it.
type upCmd struct {
	labChoice
	serveFlags
	Underlay devices.Underlay `default:"netns" enum:"netns" placeholder:"KIND" help:"What the lab runs on: netns, a network namespace for each router (${default})."`
	Name     string           `placeholder:"NAME" help:"The name of this run, which stands in those of its namespaces: lisplab.NAME.xTR1. Two labs that are up have two (the lab's name)."`
}

// Validate refuses what has no meaning.
func (c upCmd) Validate() error {
	if c.Name != netns.RunName(c.Name) {
		return fmt.Errorf("--name %s: expected letters, digits, - and _, such as %s", c.Name, netns.RunName(c.Name))
	}
	return c.check()
}

// Run serves until it is interrupted, told to by lisplab down, or broken beyond repair. It leaves nothing behind.
func (c upCmd) Run(ctx context.Context) error {
	open := func(opt devices.Options) (*devices.Lab, *commands.Set, error) {
		opt.Underlay, opt.Run, opt.RunByLab = c.Underlay, c.Name, true
		return c.open(opt, 0)
	}
	return c.serve(ctx, open, c.State, 1)
}

// downCmd ends what lisplab up has brought up, and takes away what a crash has left.
type downCmd struct {
	Underlay devices.Underlay `default:"netns" enum:"netns" placeholder:"KIND" help:"What the lab runs on: netns (${default})."`
	Name     string           `arg:"" optional:"" help:"The run: what up --name said, or the lab's name. Without it all runs end."`
}

// Run prints a line for each run.
func (c downCmd) Run() error {
	runs, err := netns.Runs()
	switch {
	case err != nil:
		return err
	case c.Name != "" && !slices.Contains(runs, c.Name):
		fmt.Printf("%s is not up.\n", c.Name)
		return nil
	case c.Name != "":
		runs = []string{c.Name}
	case len(runs) == 0:
		fmt.Println("No lab is up.")
	}
	var errs []error
	for _, run := range runs {
		lived, err := netns.Down(run)
		switch {
		case err != nil:
			errs = append(errs, err)
		case lived:
			fmt.Printf("%s is down.\n", run)
		default:
			fmt.Printf("%s was not running any more; what it had left is gone.\n", run)
		}
	}
	return errors.Join(errs...)
}

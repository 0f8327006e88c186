package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	return c.serve(ctx, serving{open: open, hint: upHint, state: c.State, speed: 1})
}

// upHint says what is peculiar to a lab in namespaces.
func upHint(lab *devices.Lab) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Each router and host has a network namespace: ip netns exec lisplab.%s.%s ip route\n", lab.Run(), lab.Console())
	fmt.Fprintf(&b, "Ctrl-C or lisplab down %s ends the lab.\n", lab.Run())
	if plugs, _ := lab.Plugs(); len(plugs) > 0 {
		fmt.Fprintf(&b, "Plugged into this machine until then: %s\n", strings.Join(plugs, ", "))
	}
	return b.String()
}

// downCmd ends what lisplab up has brought up, and takes away what a crash has left.
type downCmd struct {
	Underlay devices.Underlay `default:"netns" enum:"netns" placeholder:"KIND" help:"What the lab runs on: netns (${default})."`
	All      bool             `help:"End all labs that are up."`
	Name     string           `arg:"" optional:"" help:"The run: what up --name said, or the lab's name. Without it the only one ends. What a crash has left of others is taken away, and what a killed lisplab node --forward has."`
}

// Validate refuses what contradicts itself.
func (c downCmd) Validate() error {
	if c.All && c.Name != "" {
		return fmt.Errorf("--all and %s: one of the two", c.Name)
	}
	return nil
}

// Run prints a line for each run.
func (c downCmd) Run() error {
	runs, err := netns.Runs()
	switch {
	case err != nil:
		return err
	case c.Name == "":
		return c.endAll(runs)
	case !slices.Contains(runs, c.Name):
		fmt.Printf("%s is not up.\n", c.Name)
		return nil
	}
	return end(c.Name)
}

// endAll ends the only run that lives, or all of them, and takes away what dead ones have left.
func (c downCmd) endAll(runs []string) error {
	live := slices.DeleteFunc(slices.Clone(runs), func(run string) bool { return !netns.Lives(run) })
	several := len(live) > 1 && !c.All // who ends them may not be who brought them up
	if several {
		runs = slices.DeleteFunc(runs, func(run string) bool { return slices.Contains(live, run) })
	}
	found, err := netns.CleanOwn()
	switch {
	case err != nil:
	case found:
		fmt.Println("The rules and routes that a killed lisplab node --forward had left are gone.")
	case len(runs) == 0 && !several:
		fmt.Println("No lab is up.")
	}
	errs := []error{err}
	for _, run := range runs {
		errs = append(errs, end(run))
	}
	if several {
		errs = append(errs, fmt.Errorf("%d labs are up: %s; name the one that is to end, or end them with --all", len(live), strings.Join(live, ", ")))
	}
	return errors.Join(errs...)
}

// end ends one run, and says how it was.
func end(run string) error {
	lived, err := netns.Down(run)
	switch {
	case err != nil:
		return err
	case lived:
		fmt.Printf("%s is down.\n", run)
	default:
		fmt.Printf("%s was not running any more; what it had left is gone.\n", run)
	}
	return nil
}

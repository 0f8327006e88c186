package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/shell"
)

// labChoice chooses a lab.
type labChoice struct {
	Lab   string `default:"${default_lab}" placeholder:"NAME|FILE" help:"A built-in lab, or the path of a lab.yaml (${default})."`
	State string `placeholder:"DIR" help:"Keep the files of all routers in this directory, their startup configurations among them. Without it they end with the lab."`
}

// labFlags choose a lab, what it runs on, and how far it has come when the verb meets it.
type labFlags struct {
	labChoice
	underlayFlag
	Advance time.Duration `default:"10s" placeholder:"TIME" help:"Lab time to let pass first (${default})."`
}

// underlayFlag chooses what a lab runs on.
type underlayFlag struct {
	Underlay devices.Underlay `default:"" enum:",loopback,netns" placeholder:"KIND" help:"What the lab runs on: loopback, modelled links and time that jumps, or netns, a network namespace for each router and real time, which needs root (what the lab file says, else loopback)."`
}

// open starts the lab and lets it converge.
func (f labFlags) open(opt devices.Options) (*devices.Lab, *commands.Set, error) {
	opt.Underlay = f.Underlay
	return f.labChoice.open(opt, f.Advance)
}

func (f labChoice) open(opt devices.Options, advance time.Duration) (*devices.Lab, *commands.Set, error) {
	set, err := commands.New()
	if err != nil {
		return nil, nil, err
	}
	opt.Parse, opt.State = set.Load, f.State
	lab, err := devices.OpenLab(f.Lab, opt)
	if err != nil {
		return nil, nil, err
	}
	if plugs, in := lab.Plugs(); !in {
		for _, p := range plugs {
			fmt.Fprintf(os.Stderr, "Note: %s: there is no such cable here, only on the %s underlay.\n", p, devices.Netns)
		}
	}
	if err := lab.Advance(advance); err != nil {
		return nil, nil, lab.CloseAfter(err)
	}
	return lab, set, nil
}

// consoleCmd is a person's terminal in front of a lab, or lines from a pipe.
type consoleCmd struct {
	labFlags
}

// Run serves standard input. At a terminal lab time follows the wall clock; lines from a pipe are a script, for which it
// stands still.
func (c consoleCmd) Run(ctx context.Context) (err error) {
	var console atomic.Pointer[shell.Console]
	lab, set, err := c.open(devices.Options{Interrupt: ctx.Done(), Logged: func(*devices.Device, devices.LogLine) {
		if c := console.Load(); c != nil {
			c.Wake()
		}
	}})
	if err != nil {
		return err
	}
	defer func() {
		if cerr := lab.Close(); err == nil {
			err = cerr
		}
	}()
	sh := shell.New(lab, set)
	sh.SetConsole(true)
	if err := sh.Attach(lab.Console()); err != nil {
		return err
	}
	if !shell.IsTerminal(os.Stdin, os.Stdout) {
		return sh.Script(os.Stdin, os.Stdout)
	}
	restore, err := shell.Raw(os.Stdin)
	if err != nil {
		return err
	}
	defer restore()
	fmt.Printf(welcome, lab.Name())
	terminal, err := shell.NewConsole(ctx, sh, os.Stdin, os.Stdout)
	if err != nil {
		return err
	}
	console.Store(terminal)
	lab.Follow(ctx)
	return terminal.Run()
}

const welcome = `Lab %s. Type ? for the router's commands, lab ? for the lab's own; Ctrl-D leaves.

`

package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"

	gossh "golang.org/x/crypto/ssh"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/shell"
)

// labPortFlags make a lab that is served drivable from outside.
type labPortFlags struct {
	LabPort netip.AddrPort `placeholder:"ADDRESS:PORT" help:"Listen there for lines to the lab itself: an SSH port with a lab> prompt, and what lisplab ctl talks to. A loopback address; port 0 takes any."`
	LabFile string         `placeholder:"FILE" help:"Write down there where the lab port is, and its key, for lisplab ctl --lab-file."`
}

// listen opens the lab port, if one is wanted.
func (f labPortFlags) listen(lab *devices.Lab, set *commands.Set, keys shell.HostKeys) (*shell.LabPort, error) {
	if !f.LabPort.IsValid() {
		if f.LabFile != "" {
			return nil, fmt.Errorf("--lab-file %s: there is nothing to write without --lab-port", f.LabFile)
		}
		return nil, nil
	}
	p, err := shell.NewLabPort(lab, set, f.LabPort, keys)
	if err != nil || f.LabFile == "" {
		return p, err
	}
	if err := p.WriteKnownHost(f.LabFile); err != nil {
		p.Close()
		return nil, fmt.Errorf("--lab-file: %w", err)
	}
	return p, nil
}

// ctlCmd drives a lab that another process serves.
type ctlCmd struct {
	LabPort netip.AddrPort `default:"127.0.0.1:2200" placeholder:"ADDRESS:PORT" help:"Where the lab listens: what its serve --lab-port says (${default})."`
	LabFile string         `placeholder:"FILE" help:"The file of its serve --lab-file: tells the port, and by which key it must be known."`
	Lines   []string       `arg:"" name:"line" help:"Lines to the lab, without the word lab: 'advance 5m', 'link xTR1 Core1 down'."`
}

// Run prints the answers. A line that the lab refuses ends the verb with an error; the lines after it are not run.
func (c ctlCmd) Run(ctx context.Context) error {
	at, key := c.LabPort, gossh.PublicKey(nil)
	if c.LabFile != "" {
		text, err := os.ReadFile(c.LabFile)
		if err != nil {
			return fmt.Errorf("--lab-file: %w", err)
		}
		if at, key, err = shell.ParseKnownHost(text); err != nil {
			return fmt.Errorf("--lab-file %s: %w", c.LabFile, err)
		}
	}
	lab, err := shell.DialLab(ctx, at, key)
	if err != nil {
		return err
	}
	defer lab.Close()
	for _, line := range c.Lines {
		if err := lab.Drive(line, os.Stdout); err != nil {
			return err
		}
	}
	return nil
}

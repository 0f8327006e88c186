package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"lisplab/devices"
	"lisplab/transcripts"
)

// captureCmd writes a packet capture.
type captureCmd struct {
	labFlags
	File   string `arg:"" help:"The file to write, whose name ends in .pcapng. On --underlay netns it gets the frames that really pass."`
	Link   string `xor:"place" placeholder:"A-B" help:"Only what passes the link between two routers, or between a host and its router: every packet as it looks there, with its TTL."`
	Device string `xor:"place" placeholder:"NAME" help:"Only what passes the interfaces of a router, in and out."`
	Replay string `placeholder:"PATH" help:"Capture the replay of a transcript, in place of a lab that runs for a while."`
}

// Validate refuses a file that would not be known for what it is.
func (c captureCmd) Validate() error { return devices.CheckCaptureFile(c.File) }

// Run writes the file. An answer of the transcript that differs is no error here. What is interrupted has captured until then.
func (c captureCmd) Run(ctx context.Context) (err error) {
	var t *transcripts.Transcript
	if c.Replay != "" {
		if t, err = theTranscript(c.Replay); err != nil {
			return err
		}
	}
	f, err := os.Create(c.File)
	if err != nil {
		return err
	}
	err = c.run(ctx, []devices.Tap{{Link: c.Link, Device: c.Device, To: f}}, t)
	if errors.Is(err, devices.ErrInterrupted) {
		err = nil
	}
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(c.File)
		return err
	}
	info, err := os.Stat(c.File)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", c.File, info.Size())
	return nil
}

// theTranscript reads the one transcript at a path: a file, or a folder that holds no other.
func theTranscript(path string) (*transcripts.Transcript, error) {
	files, err := transcripts.Files(path)
	if err != nil {
		return nil, err
	}
	if len(files) > 1 {
		return nil, fmt.Errorf("found %d transcripts below %s, expected one: name its file", len(files), path)
	}
	return transcripts.Load(files[0])
}

// run runs the lab or the transcript. When it closes, the file is complete.
func (c captureCmd) run(ctx context.Context, taps []devices.Tap, t *transcripts.Transcript) error {
	if t != nil {
		bar := newProgress("capturing " + c.Replay)
		defer bar.clear()
		_, err := transcripts.Replay(t, transcripts.Options{Underlay: c.Underlay, Taps: taps, Step: bar.step, Interrupt: ctx.Done()})
		return err
	}
	lab, _, err := c.open(devices.Options{Taps: taps, Interrupt: ctx.Done()})
	if err != nil {
		return err
	}
	return lab.Close()
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"lisplab/devices"
	"lisplab/devices/capture"
	"lisplab/devices/underlay"
	"lisplab/transcripts"
)

// captureCmd writes a packet capture.
type captureCmd struct {
	labFlags
	File   string `arg:"" help:"The pcapng file to write."`
	Link   string `xor:"place" placeholder:"A-B" help:"Only what passes the link between two routers, or between a host and its router: every packet as it looks there, with its TTL."`
	Device string `xor:"place" placeholder:"NAME" help:"Only what passes the interfaces of a router, in and out."`
	Replay string `placeholder:"PATH" help:"Capture the replay of a transcript, in place of a lab that runs for a while."`
}

// recorder is how a lab is recorded: as a whole, or at one place.
type recorder struct {
	observe func(underlay.Event)
	taps    []devices.Tap
	flush   func() error
}

// recorder makes the one that the flags ask for. At a place the lab itself completes the file when it closes.
func (c captureCmd) recorder(to io.Writer) (recorder, error) {
	if c.Link != "" || c.Device != "" {
		return recorder{taps: []devices.Tap{{Link: c.Link, Device: c.Device, To: to}}, flush: func() error { return nil }}, nil
	}
	w, err := capture.NewWriter(to)
	if err != nil {
		return recorder{}, err
	}
	return recorder{observe: w.Observe, flush: w.Flush}, nil
}

// Run writes the file. An answer of the transcript that differs is no error here.
func (c captureCmd) Run() (err error) {
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
	r, err := c.recorder(f)
	if err == nil {
		err = c.run(r, t)
	}
	if err == nil {
		err = r.flush()
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

func (c captureCmd) run(r recorder, t *transcripts.Transcript) error {
	if t != nil {
		bar := newProgress("capturing " + c.Replay)
		defer bar.clear()
		_, err := transcripts.Replay(t, transcripts.Options{Observe: r.observe, Taps: r.taps, Step: bar.step})
		return err
	}
	lab, _, err := c.open(devices.Options{Observe: r.observe, Taps: r.taps})
	if err != nil {
		return err
	}
	return lab.Close()
}

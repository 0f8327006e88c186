package main

import (
	"errors"
	"fmt"
	"os"

	"lisplab/devices"
	"lisplab/devices/capture"
	"lisplab/transcripts"
)

// captureCmd writes a packet capture.
type captureCmd struct {
	labFlags
	File   string `arg:"" help:"The pcapng file to write."`
	Replay string `placeholder:"PATH" help:"Capture the replay of a transcript, in place of a lab that runs for a while."`
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
	w, err := capture.NewWriter(f)
	if err == nil {
		err = c.run(w, t)
	}
	if err == nil {
		err = w.Flush()
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

func (c captureCmd) run(w *capture.Writer, t *transcripts.Transcript) error {
	if t != nil {
		bar := newProgress("capturing " + c.Replay)
		defer bar.clear()
		_, err := transcripts.Replay(t, transcripts.Options{Observe: w.Observe, Step: bar.step})
		return err
	}
	lab, _, err := c.open(devices.Options{Observe: w.Observe})
	if err != nil {
		return err
	}
	return lab.Close()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"lisplab/devices"
	"lisplab/shell"
	"lisplab/transcripts"
)

// replayCmd replays transcripts.
type replayCmd struct {
	Paths []string `arg:"" name:"path" help:"Transcripts, or folders of them."`
	underlayFlag
	Update bool `help:"Write the answers of this run into the files."`
}

// Validate refuses to write down what another run would not show again.
func (c replayCmd) Validate() error {
	if c.Update && c.Underlay == devices.Netns {
		return fmt.Errorf("--update: what the files say is what the %s underlay shows, not %s", devices.Loopback, c.Underlay)
	}
	return nil
}

// Run replays every file and prints one line for each, and a diff for every answer that differs.
func (c replayCmd) Run(ctx context.Context) error {
	files, err := transcripts.Files(c.Paths...)
	if err != nil {
		return err
	}
	var failed, broken int
	for _, file := range files {
		t, err := transcripts.Load(file)
		loaded, ok := err == nil, false
		if loaded {
			ok, err = c.replay(ctx, t)
		}
		var wrong *transcripts.Error
		switch {
		case (!loaded || errors.As(err, &wrong)) && len(files) > 1: // the others can be played
			fmt.Printf("%v\n%-8s %s\n", err, "BROKEN", file)
			broken++
		case err != nil:
			return err
		case !ok:
			failed++
		}
	}
	switch {
	case broken > 0:
		return fmt.Errorf("%d of %d transcripts can't be played, %d answer otherwise", broken, len(files), failed)
	case failed > 0:
		return fmt.Errorf("%d of %d transcripts answer otherwise; if that is right, run replay --update and explain it in the commit", failed, len(files))
	}
	return nil
}

func (c replayCmd) replay(ctx context.Context, t *transcripts.Transcript) (ok bool, err error) {
	bar := newProgress("replaying " + t.File)
	res, err := transcripts.Replay(t, transcripts.Options{Step: bar.step, Underlay: c.Underlay, Interrupt: ctx.Done()})
	bar.clear()
	if err != nil {
		return false, err
	}
	word := "ok"
	switch {
	case len(res.Failures) == 0:
	case c.Update:
		if err := transcripts.Update(res); err != nil {
			return false, err
		}
		word = "updated"
	default:
		word = "FAILED"
		for _, f := range res.Failures {
			fmt.Println(f)
		}
	}
	fmt.Printf("%-8s %s: %d lines typed, %v of lab time\n", word, t.File, res.Steps, res.Elapsed)
	return word != "FAILED", nil
}

// progress tells on a terminal how far a long task is, and nothing in a pipe.
type progress struct {
	what  string
	on    bool
	width int
}

func newProgress(what string) *progress {
	return &progress{what: what, on: shell.IsTerminal(os.Stderr, os.Stderr)}
}

func (p *progress) step(done, all int) { p.tell(fmt.Sprintf("%d of %d", done, all)) }

func (p *progress) tell(what string) {
	if p.on {
		p.width = max(p.width, len(p.what)+len(what)+2)
		fmt.Fprintf(os.Stderr, "\r%-*s", p.width, p.what+": "+what)
	}
}

func (p *progress) clear() {
	if p.width > 0 {
		fmt.Fprintf(os.Stderr, "\r%*s\r", p.width, "")
	}
}

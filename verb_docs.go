package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"lisplab/transcripts"
)

// docsCmd builds and checks the documentation.
type docsCmd struct {
	Build docsBuildCmd `cmd:"" help:"Write the pages and the README's listing anew, from a run."`
	Check docsCheckCmd `cmd:"" help:"Fail when a page or the README's listing is stale."`
}

// sources are the transcripts that the pages come from, in the order in which they follow each other on a page. The verbs
// run at the root of the repository.
var sources = []string{
	"transcripts/seed/reliable-registration.txt",
	"transcripts/forwarding/first-ping.txt",
	"transcripts/forwarding/proxy.txt",
}

// readme holds a listing of the first one's run.
const readme = "README.md"

type docsBuildCmd struct{}

// Run writes every file that is stale.
func (docsBuildCmd) Run(ctx context.Context) error {
	pages, err := build(ctx)
	if err != nil {
		return err
	}
	for _, p := range pages {
		changed, err := p.Write()
		if err != nil {
			return err
		}
		if changed {
			fmt.Println("written ", p.File)
		} else {
			fmt.Println("as it is", p.File)
		}
	}
	return nil
}

type docsCheckCmd struct{}

// Run compares every file with what a run says.
func (docsCheckCmd) Run(ctx context.Context) error {
	pages, err := build(ctx)
	if err != nil {
		return err
	}
	for _, p := range pages {
		if err := p.Check(); err != nil {
			return err
		}
		fmt.Println("fresh", p.File)
	}
	return nil
}

// build replays the sources and makes all pages of them.
func build(ctx context.Context) ([]transcripts.Page, error) {
	var results []*transcripts.Result
	for _, source := range sources {
		t, err := transcripts.Load(source)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: run lisplab docs at the root of its repository", err)
		}
		if err != nil {
			return nil, err
		}
		bar := newProgress("replaying " + source)
		res, err := transcripts.Replay(t, transcripts.Options{Step: bar.step, Interrupt: ctx.Done()})
		bar.clear()
		if err != nil {
			return nil, err
		}
		if len(res.Failures) > 0 {
			return nil, fmt.Errorf("%s answers otherwise than written: run `lisplab replay %s` first", source, source)
		}
		results = append(results, res)
	}
	listing, err := results[0].Embed(readme)
	return append(transcripts.Pages(results...), listing), err
}

package main

import (
	"context"
	"os"

	"lisplab/devices/bench"
)

// benchCmd measures the Map-Server, the Map-Resolver, an xTR and the machine.
type benchCmd struct {
	Quick bool `help:"Measure a tenth, once: too little to quote."`
}

// Run prints a table.
func (c benchCmd) Run(ctx context.Context) error {
	bar := newProgress("measuring")
	defer bar.clear()
	return bench.Run(ctx, os.Stdout, bench.Options{Quick: c.Quick, Progress: bar.tell})
}

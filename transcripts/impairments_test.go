package transcripts

import (
	"path/filepath"
	"runtime"
	"testing"
)

// TestImpairedRunsAreOne holds that what chance does to packets is the lab's seed's doing: a story of an impaired link is the
// same, delivery for delivery, on one processor and on many, and another one with another seed.
func TestImpairedRunsAreOne(t *testing.T) {
	files, err := filepath.Glob("impairments/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("stories %v, error %v", files, err)
	}
	trace := func(file string, opt Options) string {
		tr, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		trace := NewTrace()
		opt.Observe = trace.Observe
		if _, err := Replay(tr, opt); err != nil {
			t.Fatal(err)
		}
		return trace.String()
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, file := range files {
		first := trace(file, Options{})
		for _, procs := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(procs)
			if trace(file, Options{}) != first {
				t.Errorf("%s: another run at GOMAXPROCS=%d", file, procs)
			}
		}
	}
	other := uint64(2)
	if loss := "impairments/loss.txt"; trace(loss, Options{Seed: &other}) == trace(loss, Options{}) {
		t.Errorf("%s: the same run with another seed", loss)
	}
}

package transcripts

import (
	"flag"
	"testing"
)

var update = flag.Bool("update", false, "write the answers of this run into the transcripts")

// TestTranscripts replays every transcript of this folder.
func TestTranscripts(t *testing.T) {
	files, err := Files(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			res := replay(t, file, Options{})
			if *update && len(res.Failures) > 0 {
				if err := Update(res); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, f := range res.Failures {
				t.Error(f)
			}
		})
	}
}

// replay plays a file, and fails the test when it can't be played.
func replay(t testing.TB, file string, opt Options) *Result {
	t.Helper()
	tr, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	res, err := Replay(tr, opt)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

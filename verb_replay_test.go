package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplayPlaysTheRest replays a folder in which a transcript can't be played: the others are, and all is told.
func TestReplayPlaysTheRest(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.txt": "!! advance 5\n",
		"b.txt": "xTR1#show privilege\nCurrent privilege level is 1\n",
		"c.txt": "xTR1#show privilege\nCurrent privilege level is 15\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, errs, code := captured(t, t.Context(), "replay", dir)
	n, shown, told := <-code, all(t, out), all(t, errs)
	for _, want := range []string{
		"a.txt:1:12: found \"5\", expected DURATION such as 5m or 1h30m\nBROKEN   ",
		"-Current privilege level is 1\n+Current privilege level is 15\n",
		"FAILED   " + filepath.Join(dir, "b.txt") + ": ",
		"ok       " + filepath.Join(dir, "c.txt") + ": ",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("standard output lacks %q:\n%s", want, shown)
		}
	}
	if want := "lisplab: 1 of 3 transcripts can't be played, 1 answer otherwise\n"; n != exitFailed || told != want {
		t.Errorf("exit code %d, %q; expected %d and %q", n, told, exitFailed, want)
	}
}

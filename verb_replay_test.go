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
	if err := os.Symlink("b.txt/", filepath.Join(dir, "a2.txt")); err != nil { // nobody, not even root, can read it
		t.Fatal(err)
	}
	out, errs, code := captured(t, t.Context(), "replay", dir)
	n, shown, told := <-code, all(t, out), all(t, errs)
	for _, want := range []string{
		"a.txt:1:12: found \"5\", expected DURATION such as 5m or 1h30m\nBROKEN   ",
		"a2.txt: not a directory: expected a transcript\nBROKEN   ",
		"-Current privilege level is 1\n+Current privilege level is 15\n",
		"FAILED   " + filepath.Join(dir, "b.txt") + ": ",
		"ok       " + filepath.Join(dir, "c.txt") + ": ",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("standard output lacks %q:\n%s", want, shown)
		}
	}
	if want := "lisplab: 2 of 4 transcripts can't be played, 1 answer otherwise\n"; n != exitFailed || told != want {
		t.Errorf("exit code %d, %q; expected %d and %q", n, told, exitFailed, want)
	}
}

// What is not there, or can't be read, is named, with what was expected there.
func TestPathsOfTranscripts(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"empty/below", "folder.txt"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("loop.txt", "loop.txt"); err != nil {
		t.Fatal(err)
	}
	const source = "transcripts/seed/reliable-registration.txt: "
	for _, row := range []struct{ args, want string }{
		{"replay nowhere", "nowhere: no such file or directory: expected a transcript or a folder of transcripts"},
		{"replay empty", "empty: found no transcript (*.txt) in this folder or below, expected one at least"},
		{"replay folder.txt", "folder.txt: found no transcript (*.txt) in this folder or below, expected one at least"},
		{"replay loop.txt", "loop.txt: too many levels of symbolic links: expected a transcript"},
		{"capture --replay nowhere x.pcapng", "nowhere: no such file or directory: expected a transcript or a folder of transcripts"},
		{"docs build", source + "no such file or directory: expected a transcript: run lisplab docs at the root of its repository"},
		{"docs check", source + "no such file or directory: expected a transcript: run lisplab docs at the root of its repository"},
	} {
		_, errs, code := captured(t, t.Context(), strings.Fields(row.args)...)
		if n, told := <-code, all(t, errs); n != exitFailed || told != "lisplab: "+row.want+"\n" {
			t.Errorf("%s: exit code %d, %q; expected %d and %q", row.args, n, told, exitFailed, row.want)
		}
	}
}

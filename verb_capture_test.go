package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A capture is written into a file that is called one, and into no other that may be there: the verb and the line of a lab
// have one rule.
func TestCaptureFileName(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, errs, code := captured(t, t.Context(), "capture", "--advance", "0s", file)
	n, told := <-code, all(t, errs)
	rule := `found file "` + file + `", expected a name that ends in .pcapng`
	if n != exitUsage || !strings.Contains(told, rule) {
		t.Errorf("exit code %d, %q; expected %d and %q", n, told, exitUsage, rule)
	}
	_, errs, code = captured(t, t.Context(), "replay", transcriptOf(t, "!! capture device xTR1 "+file+"\n"))
	if n, told := <-code, all(t, errs); n != exitFailed || !strings.Contains(told, rule) {
		t.Errorf("a line of a lab: exit code %d, %q; expected %d and %q", n, told, exitFailed, rule)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("the file says %q now (%v)", text, err)
	}
}

// transcriptOf writes a transcript.
func transcriptOf(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "transcript.txt")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

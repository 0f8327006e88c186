package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// TestCtl drives a lab that is served elsewhere: by the file that says where it is.
func TestCtl(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	file := filepath.Join(t.TempDir(), "lab")
	out, _, served := captured(t, ctx, "serve", "--ssh", "off", "--telnet", "127.0.0.1:0", "--lab-port", "127.0.0.1:0", "--lab-file", file, "--speed", "60")
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "The lab itself: ") {
			break
		}
	}
	for _, row := range []struct {
		lines []string
		code  int
		shows string // on standard output or, when it fails, on standard error
	}{
		{[]string{"advance 5m", "device xTR2 stop", "devices"}, 0, "xTR2           15.5     stopped "},
		{[]string{"advance 5x", "device Core1 stop"}, exitFailed, "the lab refused `advance 5x`: found \"5x\", expected DURATION"},
		{[]string{"devices"}, 0, "Core1          15.5     running "},
	} {
		out, errs, code := captured(t, ctx, append([]string{"ctl", "--lab-file", file}, row.lines...)...)
		if n, shown := <-code, all(t, out)+all(t, errs); n != row.code || !strings.Contains(shown, row.shows) {
			t.Errorf("ctl %q: exit code %d, %q; expected %d and %q", row.lines, n, shown, row.code, row.shows)
		}
	}
	cancel()
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if n := <-served; n != 0 {
		t.Errorf("serve ends with exit code %d", n)
	}
	_, errs, code := captured(t, t.Context(), "ctl", "--lab-file", file, "devices")
	if n, shown := <-code, all(t, errs); n != exitFailed || !strings.Contains(shown, "no lab is at 127.0.0.1:") {
		t.Errorf("without a lab: exit code %d, %s", n, shown)
	}
}

// all reads to the end. What the verb under test prints is less than a pipe holds.
func all(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

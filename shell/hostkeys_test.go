package shell

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostKeysAreKept makes keys, and finds the same ones again.
func TestHostKeysAreKept(t *testing.T) {
	h := HostKeys{Dir: filepath.Join(t.TempDir(), "state")}
	var kinds []string
	first, err := h.Signers("R1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Signers("R1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.Signers("R2")
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range first {
		kinds = append(kinds, s.PublicKey().Type())
		if !bytes.Equal(s.PublicKey().Marshal(), again[i].PublicKey().Marshal()) {
			t.Errorf("another %s key the second time", s.PublicKey().Type())
		}
		if bytes.Equal(s.PublicKey().Marshal(), other[i].PublicKey().Marshal()) {
			t.Errorf("the same %s key at another router", s.PublicKey().Type())
		}
	}
	if got := strings.Join(kinds, " "); got != "ssh-ed25519 ssh-rsa" {
		t.Errorf("keys %s, want ssh-ed25519 and ssh-rsa", got)
	}
	files, err := filepath.Glob(filepath.Join(h.Dir, "R1", "ssh", "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files %q (%v), want two", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v (%v), want 0600", f, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(h.Dir, "R1", "ssh", ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestHostKeyFileIsNone holds what is said of a file that is no key, and that it stays as it is.
func TestHostKeyFileIsNone(t *testing.T) {
	h := HostKeys{Dir: t.TempDir()}
	dir := filepath.Join(h.Dir, "R1", "ssh")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ed25519")
	if err := os.WriteFile(file, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := h.Signers("R1")
	if err == nil || !strings.HasPrefix(err.Error(), file+": not an SSH private key") || !strings.Contains(err.Error(), "delete the file") {
		t.Errorf("error %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "no key" {
		t.Errorf("the file is now %q (%v)", text, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Signers("R1"); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v, want one that names the file", err)
	}
}

package commands

import (
	"bytes"
	"os"
	"testing"
)

// The command reference is what the table says.
func TestReferenceIsUpToDate(t *testing.T) {
	var want bytes.Buffer
	if err := compiled(t).Reference(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("README.md", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("README.md"); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("commands/README.md is stale: run `go test ./commands -run Reference -update` (%v)", err)
	}
}

package enginetest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lisplab/lispcore"
	"lisplab/lispcore/enginetest"
)

// TestFacts plays the behaviour that the protocol fixes, a file per fact, and what several roles do together.
func TestFacts(t *testing.T) { enginetest.Scenarios(t) }

// TestFirstBytes holds the first bytes of a session from either side against the capture's.
func TestFirstBytes(t *testing.T) {
	p := enginetest.NewPlayer()
	var got []string
	p.Bed().Watch = func(_ time.Time, from *enginetest.Node, out lispcore.Output) {
		if w, ok := out.(lispcore.WriteStream); ok {
			got = append(got, fmt.Sprintf("%s %x", from.Name, w.Data[:min(15, len(w.Data))]))
		}
	}
	p.Play("ms MS 10.0.0.9", "site MS A key-a 10.0.0.0/8*", "etr X 10.0.0.1", "map-server X MS key-a", "database X 10.1.1.0/24", "advance 1s")
	want := []string{
		"MS 0014000f000000000000009facade9", // Refresh: ID 0, scope 0
		"X 001100640000000032000101",        // Registration: ID 0, 100 bytes; I and M, one record
	}
	for i, w := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], w) {
			t.Errorf("write %d: %q, want %q", i, got, w)
		}
	}
}

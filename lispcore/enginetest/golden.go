package enginetest

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what passed in the scenarios of testdata")

// Scenarios runs each scenario of the tested package's testdata, and fails where something else passes than what stands there.
// With -update it writes what passes instead.
func Scenarios(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Run(string(want))
			switch {
			case err != nil:
				t.Fatal(err)
			case *update:
				err = os.WriteFile(file, []byte(got), 0o644)
			case got != string(want):
				t.Errorf("%s", Diff(string(want), got))
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

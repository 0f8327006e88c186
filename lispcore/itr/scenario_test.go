package itr_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"lisplab/lispcore/enginetest"
)

var update = flag.Bool("update", false, "rewrite what passed in the scenarios of testdata")

func TestScenarios(t *testing.T) {
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
			got, err := enginetest.Run(string(want))
			switch {
			case err != nil:
				t.Fatal(err)
			case *update:
				err = os.WriteFile(file, []byte(got), 0o644)
			case got != string(want):
				t.Errorf("%s", enginetest.Diff(string(want), got))
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

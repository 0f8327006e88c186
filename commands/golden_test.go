package commands

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// goldenCase is one screen: what is shown, and the function that prints it.
type goldenCase struct {
	name  string
	print func(w *strings.Builder)
}

// checkGolden compares screens with testdata/NAME.golden, which holds them under "=== title" lines.
func checkGolden(t *testing.T, name string, cases []goldenCase) {
	t.Helper()
	var got strings.Builder
	for _, c := range cases {
		got.WriteString("=== " + c.name + "\n")
		c.print(&got)
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wantLines, gotLines := strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")
	for i := range max(len(wantLines), len(gotLines)) {
		w, g := lineAt(wantLines, i), lineAt(gotLines, i)
		if w != g {
			t.Fatalf("%s:%d:\n want %q\n got  %q\n(-update rewrites it; look at the difference before you commit)", path, i+1, w, g)
		}
	}
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(no line)"
}

// labTime is an instant of lab time, seconds after its beginning.
func labTime(seconds int) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

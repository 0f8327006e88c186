package grammar

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the goldens from what the code prints")

// TestKeys replays testdata/keys.txt: lines typed at the prompt of a mode, ended by ?, <TAB> or nothing (Enter), and
// what came of them.
func TestKeys(t *testing.T) {
	const file = "testdata/keys.txt"
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g := toy(t)
	var b strings.Builder
	for line := range strings.Lines(string(golden)) {
		line = strings.TrimSuffix(line, "\n")
		prompt, typed, isPrompt := strings.Cut(line, "> ")
		switch {
		case strings.HasPrefix(line, "#") || line == "":
			fmt.Fprintln(&b, line)
		case isPrompt && (prompt == string(floor) || prompt == string(bench)):
			fmt.Fprintln(&b, line)
			b.WriteString(keys(g, Mode(prompt), len(prompt)+2, typed))
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(golden) {
		t.Errorf("%s differs from what the code prints (-update rewrites it):\n%s", file, b.String())
	}
}

// keys answers one typed line as a terminal would show it.
func keys(g *Grammar, m Mode, width int, typed string) string {
	var b strings.Builder
	if line, ok := strings.CutSuffix(typed, "?"); ok {
		list, err := g.Next(m, line)
		if err != nil {
			return "    " + err.Error() + "\n"
		}
		for _, c := range list {
			fmt.Fprintf(&b, "    %s\n", strings.TrimSpace(fmt.Sprintf("%-20s%s", c.Text, c.Help)))
		}
		return b.String()
	}
	if line, ok := strings.CutSuffix(typed, "<TAB>"); ok {
		completed, ok := g.Complete(m, line)
		return fmt.Sprintf("    %q %v\n", completed, ok)
	}
	match, err := g.Parse(m, typed)
	var e *Error
	switch {
	case errors.As(err, &e):
		return fmt.Sprintf("%s^\n    %v\n", strings.Repeat(" ", width+e.Col), e)
	default:
		return fmt.Sprintf("    rule %d: %v\n", match.Rule, g.rules[match.Rule])
	}
}

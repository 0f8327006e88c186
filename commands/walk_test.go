package commands

import (
	"slices"
	"strings"
	"testing"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// samples are values for the places that `?` lists.
var samples = map[string]string{
	"WORD": "zzz", "LINE": "some text", "A.B.C.D": "10.0.0.1", "A.B.C.D/nn": "10.0.0.0/8", "X:X:X:X::X": "2001:DB8::1", "X:X:X:X::X/<0-128>": "2001:DB8::/32",
	"DURATION": "90s",
}

// A person who only ever types what `?` lists gets everywhere: every keyword has help and is accepted, no line is a dead
// end, and every row of the table is reached.
func TestQuestionMarkWalk(t *testing.T) {
	s := compiled(t)
	for _, rel := range releases {
		d := s.dialect(rel)
		reached := map[int]bool{}
		for _, mode := range modeTitles {
			walk(t, d, mode.mode, "", reached, map[grammar.Place]bool{})
		}
		for i, r := range s.rows {
			here := r.in(rel)
			if here != reached[i] && !r.Hidden && !strings.HasSuffix(r.Syntax, "}") {
				t.Errorf("release %s: row %q: reached %v, in the release %v", rel, r.Syntax, reached[i], here)
			}
		}
	}
}

// walk goes on from a line, to each place of the grammar once: by whatever words a line came there, it goes on alike.
func walk(t *testing.T, d *dialect, m grammar.Mode, line string, reached map[int]bool, seen map[grammar.Place]bool) {
	if strings.HasPrefix(line, "do ") && m != Config {
		return // walked once, from global configuration
	}
	place, err := d.grammar.Place(m, line)
	if err == nil && seen[place] {
		return
	}
	seen[place] = true
	list, err := d.grammar.Next(m, line)
	if err != nil {
		t.Errorf("%s: %q is a dead end: %v", m, line, err)
		return
	}
	for _, c := range list {
		text, isPlace := samples[c.Text]
		switch {
		case c.Text == grammar.End:
			match, err := d.grammar.Parse(m, line)
			if err != nil {
				t.Errorf("%s: %q ends with %s, and yet: %v", m, line, grammar.End, err)
				continue
			}
			reached[d.rowOf[match.Rule]] = true
			continue
		case strings.TrimSpace(c.Help) == "":
			t.Errorf("%s: %q: %s has no help", m, line, c.Text)
		case c.Keyword:
			text = c.Text
		case !isPlace && c.Text[0] == '<':
			text = c.Text[1:strings.IndexByte(c.Text, '-')] // the lowest of <0-255>
		case !isPlace:
			t.Fatalf("the walk has no sample for the place %s", c.Text)
		}
		if c.Text == "LINE" {
			match, err := d.grammar.Parse(m, line+text)
			if err != nil {
				t.Errorf("%s: %q: %v", m, line+text, err)
			}
			reached[d.rowOf[match.Rule]] = true
			continue
		}
		walk(t, d, m, line+text+" ", reached, seen)
	}
}

// Keywords sort as ASCII, the end of the line is last, and none comes twice.
func TestHelpIsSorted(t *testing.T) {
	g := compiled(t).dialect(devices.Release155).grammar
	for _, line := range []string{"", "show ", "show lisp ", "show lisp site ", "clear lisp site "} {
		list, err := g.Next(Exec, line)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, c := range list {
			if c.Text != grammar.End {
				texts = append(texts, c.Text)
			}
		}
		if !slices.IsSorted(texts) || len(slices.Compact(slices.Clone(texts))) != len(texts) {
			t.Errorf("%q: %v", line, texts)
		}
	}
}

package grammar

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// A table that is wrong does not compile or fails its check, which say what is wrong with it.
func TestCompileRefuses(t *testing.T) {
	rule := func(syntax ...string) (rules []Rule) {
		for _, s := range syntax {
			rules = append(rules, Rule{Modes: []Mode{"m"}, Syntax: s})
		}
		return rules
	}
	for _, tt := range []struct {
		what  string
		words Words
		rules []Rule
		want  string
	}{
		{"a keyword without help", Words{"a": "A"}, rule("a b"), `mode m: "a b" has no help (word path "a b")`},
		{"an empty help", Words{"a": " "}, rule("a"), `mode m: "a" has no help`},
		{"a place without help", Words{"a": "A"}, rule("a WORD$x"), `mode m: "a WORD" has no help (word path "a WORD")`},
		{"help for nothing", Words{"a": "A", "b": "B"}, rule("a"), `help for "b" belongs to no rule`},
		{"two meanings", Words{"a": "A", "a b": "B"}, rule("a [b]", "a"), `mode m: "a" means both "a [b]" and "a"`},
		{"two names", Words{"a": "A", "a WORD": "X", "a b": "B"}, rule("a WORD$x", "a WORD$y b"), `"a WORD" is named both "x" and "y"`},
		{"two helps", Words{"a": "A", "a b": "1", "a b|c": "C", "a b|c d": "2", "a b d": "3", "a c": "c"}, rule("a <b|c> d", "a b d e"), `has two helps`},
		{"a place without a name", Words{}, rule("a WORD"), `the place WORD has no $name`},
		{"words behind LINE", Words{"a": "A", "a LINE": "L", "a b": "B"}, rule("a LINE$x b"), `nothing can come after LINE`},
		{"an open bracket", Words{}, rule("a [b"), `syntax "a [b": a bracket lacks its "]"`},
		{"a wrong bracket", Words{}, rule("a [b>"), `a bracket lacks its "]"`},
		{"a closed bracket", Words{}, rule("a b]"), `"]" has no opening bracket`},
		{"an empty branch", Words{}, rule("a [b | ]"), `is empty`},
		{"an empty syntax", Words{}, rule(""), `it is empty`},
		{"an upper case keyword", Words{}, rule("Show"), `Show is neither a place nor a keyword`},
		{"an inverted range", Words{}, rule("a <9-1>$n"), `<9-1> is no range`},
		{"a named choice of places", Words{}, rule("a <b | WORD$w>$x"), `$x stands behind a choice of more than keywords`},
		{"a jump to nowhere", Words{"a": "A"}, rule("a {other}"), `can't go on in mode other`},
	} {
		_, err := compileAll(tt.words, tt.rules)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\nwant %s", tt.what, err, tt.want)
		}
	}
}

func TestHelpOfAMode(t *testing.T) {
	g, err := compileAll(Words{"a": "everywhere", "m2: a": "in m2"}, []Rule{{Modes: []Mode{"m1", "m2"}, Syntax: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[Mode]string{"m1": "everywhere", "m2": "in m2"} {
		if list, _ := g.Next(mode, ""); len(list) != 1 || list[0].Help != want {
			t.Errorf("%s: %v", mode, list)
		}
	}
}

func TestMergeRefusesHelpGivenTwice(t *testing.T) {
	if _, err := Merge(Words{"a": "A"}, Words{"a": "A"}); err == nil || !strings.Contains(err.Error(), `help for "a" is given twice`) {
		t.Error(err)
	}
}

// A grammar grows where lines come; sessions that come to the same place at once find one tree, the same as one grown before.
func TestGrowsForManySessions(t *testing.T) {
	lines := []string{"show tools sharp | count", "sh tools 7", "wire gi0/1 10.0.0.1", "paint coats 2 door gloss", "order nail at 3 fast", "order nail fast at 3", "find 10.0.0.0/8", "show nothing"}
	g, err := Compile(toyWords, toyRules)
	if err != nil {
		t.Fatal(err)
	}
	grown := toy(t)
	var sessions sync.WaitGroup
	for i := range 8 {
		sessions.Go(func() {
			for j := range lines {
				line := lines[(i+j)%len(lines)]
				match, err := g.Parse(floor, line)
				want, wantErr := grown.Parse(floor, line)
				if match.Rule != want.Rule || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("%q means rule %d (%v), want %d (%v)", line, match.Rule, err, want.Rule, wantErr)
				}
			}
		})
	}
	sessions.Wait()
}

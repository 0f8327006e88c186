package transcripts

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const sample = `! The left site
!
! and its ETR.
!! lab reliable-registration
!! advance 1m

xTR1#show running-config
hostname xTR1
!
! Last change: never

end

! A comment needs the empty line before it.
xTR1#sh<TAB>
xTR1#show 
xTR1#show li?
lisp

xTR1#foo
% Unknown command

New-MSMR(config-router-lisp)#<^Z>
xTR1>
`

// TestParse takes a transcript with every kind of item apart.
func TestParse(t *testing.T) {
	tr, err := Parse("sample.txt", sample)
	if err != nil {
		t.Fatal(err)
	}
	var steps []*Step
	var kinds strings.Builder
	for _, item := range tr.Items {
		switch it := item.(type) {
		case Blank:
			kinds.WriteByte('_')
		case Prose:
			kinds.WriteByte('p')
		case *Directive:
			kinds.WriteByte('d')
		case *Step:
			kinds.WriteByte('s')
			steps = append(steps, it)
		}
	}
	type step struct {
		line          int
		prompt, typed string
		output        string
	}
	want := []step{
		{7, "xTR1#", "show running-config", "hostname xTR1|!|! Last change: never||end"},
		{15, "xTR1#", "sh<TAB>", "xTR1#show "},
		{17, "xTR1#", "show li?", "lisp|"},
		{20, "xTR1#", "foo", "% Unknown command|"},
		{23, "New-MSMR(config-router-lisp)#", "<^Z>", ""},
		{24, "xTR1>", "", ""},
	}
	if got, want := kinds.String(), "pppdd_s_psssss"; got != want {
		t.Errorf("items are %s, want %s", got, want)
	}
	for i, s := range steps {
		got := step{s.Line, s.Prompt, s.Typed, strings.Join(s.Output, "|")}
		if i >= len(want) || got != want[i] {
			t.Errorf("step %d is %+v", i, got)
		}
	}
	if text, err := tr.Format(); err != nil || text != sample {
		t.Errorf("written down it is (%v)\n%s", err, text)
	}
}

// TestDirectiveAnswers holds what belongs to the answer of a directive: all up to a prompt, a comment, or an empty line
// before one.
func TestDirectiveAnswers(t *testing.T) {
	const text = "!! hosts\nHost\n\nPC1\n\n! prose\n!! advance 1s\n\nxTR1#show clock\n\n!! explain PC1\narrives\nxTR1#\n\n!! hosts\n\n"
	tr, err := Parse("x.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range tr.Items {
		if d, ok := item.(*Directive); ok {
			got = append(got, d.Text+"="+strings.Join(d.Output, "|"))
		}
	}
	if want := "hosts=Host||PC1, advance 1s=, explain PC1=arrives, hosts="; strings.Join(got, ", ") != want {
		t.Errorf("the answers are %q, want %q", got, want)
	}
	if again, err := tr.Format(); err != nil || again != text {
		t.Errorf("written down it is (%v)\n%s", err, again)
	}
}

// TestDirectiveAnswerIsCompared: a lab's answer is a golden as a router's is.
func TestDirectiveAnswerIsCompared(t *testing.T) {
	tr, err := Parse("x.txt", "!! advance 1s\n!! explain PC1 10.10.10.10 10.10.10.1\nPC1: arrives\n")
	if err != nil {
		t.Fatal(err)
	}
	res, err := Replay(tr, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Failures) != 1 || res.Failures[0].Line != 3 || len(res.Failures[0].Got) < 3 {
		t.Errorf("failures: %v", res.Failures)
	}
}

// TestParseErrors holds that what can't be read is told with its place.
func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"! ok\nSessions for VRF default\n", "x.txt:2:1: found \"Sessions for VRF default\", expected a prompt"},
		{"!!advance 5s\n", "x.txt:1:1: found \"!!advance 5s\", expected a prompt"},
		{"#show clock\n", "x.txt:1:1: found \"#show clock\""},
		{"xTR1#show clock\n*00:00:00\n!! advance 1s\n", "x.txt:3:1: found `!! advance 1s` in the answer to `xTR1#show clock`, expected an empty line before it"},
		{"xTR1 #show clock\n", "x.txt:1:1: found \"xTR1 #show clock\""},
	} {
		_, err := Parse("x.txt", tt.text)
		var place *Error
		if !errors.As(err, &place) || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %s...", tt.text, err, tt.want)
		}
	}
}

// TestInverse draws transcripts: what Format writes, Parse reads back as the same, and Format then writes the same.
// Answers are any lines but those that Format must refuse.
func TestInverse(t *testing.T) {
	word := rapid.StringMatching(`[ -~]{0,30}`)
	item := rapid.Custom(func(t *rapid.T) Item {
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			return Blank{}
		case 1:
			return Prose{word.Draw(t, "prose")}
		case 2:
			return &Directive{Text: word.Draw(t, "directive")}
		}
		s := &Step{
			Prompt: rapid.SampledFrom([]string{"xTR1#", "xTR2>", "New-MSMR(config-router-lisp-site)#"}).Draw(t, "prompt"),
			Typed:  word.Draw(t, "typed"),
		}
		s.Output = rapid.SliceOfN(rapid.SampledFrom([]string{
			"", "!", "! text", "Site Name ", "\ttab", "-- trailing   ", "xTR1#sh", "% Invalid input detected at '^' marker.", "xTR1#", "!! lab",
		}), 0, 5).Draw(t, "output")
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		tr := &Transcript{File: "x.txt", Items: rapid.SliceOfN(item, 0, 8).Draw(t, "items")}
		text, err := tr.Format()
		if err != nil {
			return // it says why, and nothing was written
		}
		again, err := Parse("x.txt", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if text2, err := again.Format(); err != nil || text2 != text {
			t.Fatalf("%v: written down twice:\n%s\n---\n%s", err, text, text2)
		}
		if len(again.Items) != len(tr.Items) {
			t.Fatalf("%d items became %d:\n%s", len(tr.Items), len(again.Items), text)
		}
	})
}

// FuzzParse holds that any text is refused with a place or survives being written down.
func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("xTR1#sh<TAB>\n")
	f.Add("xTR1#a\n\n\n! b\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		tr, err := Parse("x.txt", text)
		if err != nil {
			var place *Error
			if !errors.As(err, &place) || place.Line < 1 {
				t.Fatalf("%v has no place", err)
			}
			return
		}
		first, err := tr.Format()
		if err != nil {
			t.Fatalf("what was read can't be written down: %v\n%q", err, text)
		}
		if again, err := Parse("x.txt", first); err != nil || len(again.Items) != len(tr.Items) {
			t.Fatalf("%v: %q became %q", err, text, first)
		}
	})
}

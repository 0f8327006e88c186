package transcripts

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lisplab/devices"
	"lisplab/devices/underlay"
)

const seedFile = "seed/reliable-registration.txt"

// chapter is the document whose listings the seed transcript reproduces. It stands beside the repository.
const chapter = "../../shared/seed/lisp-reliable-registration.txt"

// TestSeedIsTheChapter compares the document form of the four listings with the chapter's: site tables to the byte,
// session listings after folding runs of blanks, because the chapter's columns are ragged.
func TestSeedIsTheChapter(t *testing.T) {
	text, err := os.ReadFile(chapter)
	if err != nil {
		t.Skipf("the chapter is not beside the repository: %v", err)
	}
	documented := chapterListings(string(text))
	for _, want := range []struct {
		line string
		fold bool
	}{
		{"New-MSMR#show lisp site", false},
		{"Old-MSMR#show lisp site", false},
		{"xTR1#show lisp session", true},
		{"New-MSMR#show lisp session", true},
	} {
		if len(documented) == 0 {
			t.Fatalf("the chapter has no listing left for %s", want.line)
		}
		wanted := documented[0]
		documented = documented[1:]
		got := joined(documentForm(t, want.line))
		if want.fold {
			wanted, got = fold(wanted), fold(got)
		}
		if got != wanted {
			t.Errorf("%s\n got:\n%s\nwant:\n%s", want.line, got, wanted)
		}
	}
	if len(documented) > 0 {
		t.Errorf("the chapter has %d more listings", len(documented))
	}
}

func joined(lines []string) string { return strings.Join(lines, "\n") + "\n" }

var blanks = regexp.MustCompile(` +`)

func fold(s string) string { return blanks.ReplaceAllString(s, " ") }

// chapterListings returns what the chapter prints below each `Device# show ...`: blocks of code, and for a site table the
// lines of cells that follow its block.
func chapterListings(text string) []string {
	var list []string
	for _, part := range strings.Split(text, "Device# show ")[1:] {
		_, part, _ = strings.Cut(part, "```\n\n```\n")
		listing, rest, _ := strings.Cut(part, "```\n")
		if strings.HasPrefix(rest, "\nSite Name\t") {
			table, _, _ := strings.Cut(rest[1:], "\n\n")
			listing += "\n" + table + "\n"
		}
		list = append(list, listing)
	}
	return list
}

// documentForm returns the answer to a line of the seed transcript where it stands in document form: its second one.
func documentForm(t *testing.T, line string) []string {
	t.Helper()
	tr, err := Load(seedFile)
	if err != nil {
		t.Fatal(err)
	}
	var found []*Step
	for _, item := range tr.Items {
		if s, ok := item.(*Step); ok && s.Prompt+s.Typed == line {
			found = append(found, s)
		}
	}
	if len(found) != 2 {
		t.Fatalf("%s: `%s` stands there %d times, want 2: in ios and in document form", seedFile, line, len(found))
	}
	return found[1].Output
}

// TestSeedEndsInTheCompleteLab holds that what the operators type makes the complete lab of the first-day lab.
func TestSeedEndsInTheCompleteLab(t *testing.T) {
	ended := map[string]devices.Config{}
	replay(t, seedFile, Options{Final: func(lab *devices.Lab) {
		for _, d := range lab.Devices() {
			ended[d.Name()] = d.Config()
		}
	}})
	complete, err := Parse("complete.txt", "!! lab reliable-registration\n")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Replay(complete, Options{Final: func(lab *devices.Lab) {
		if len(lab.Devices()) != len(ended) {
			t.Errorf("the complete lab has %d devices, the first day's %d", len(lab.Devices()), len(ended))
		}
		for _, d := range lab.Devices() {
			if !d.Config().Equal(ended[d.Name()]) {
				t.Errorf("%s ends as\n%+v\nand is complete as\n%+v", d.Name(), ended[d.Name()], d.Config())
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSeedIsNotCanned breaks the lab in ways that each must show in the listings: they come from messages, not from the
// transcript.
func TestSeedIsNotCanned(t *testing.T) {
	// flip returns a fault that flips a bit in the first such payload.
	flip := func(kind underlay.EventKind, src, dst string, offset int) Options {
		done := false
		return Options{Tamper: func(ev underlay.Event) []byte {
			if done || ev.Kind != kind || ev.Src.Addr().String() != src || ev.Dst.Addr().String() != dst {
				return ev.Payload
			}
			done = true
			b := append([]byte(nil), ev.Payload...)
			b[offset] ^= 1
			return b
		}}
	}
	const xTR1, newMSMR = "203.0.113.11", "209.165.201.31"
	for _, tt := range []struct {
		name string
		opt  func() Options
	}{
		{"the link xTR1-Core1 is down from the start", func() Options {
			lab := editLab(t, "lab.yaml", "config: xTR1.cfg\n", "config: xTR1.cfg\n    power-on: 1s\n")
			return Options{Lab: lab, Before: func(l *devices.Lab) error { return l.SetLink("xTR1", "Core1", false) }}
		}},
		{"a key differs", func() Options {
			return Options{Lab: editLab(t, "New-MSMR.cfg", "authentication-key site-a-key", "authentication-key another-key")}
		}},
		{"the other key differs", func() Options {
			return Options{Lab: editLab(t, "Old-MSMR.cfg", "authentication-key shared-key", "authentication-key another-key")}
		}},
		{"one byte of the first Map-Register is flipped", func() Options { return flip(underlay.Datagram, xTR1, newMSMR, 40) }},
		{"one byte of the first Map-Notify is flipped", func() Options { return flip(underlay.Datagram, newMSMR, xTR1, 40) }},
		{"one byte of the Refresh is flipped", func() Options { return flip(underlay.Data, newMSMR, xTR1, 1) }},
		{"one byte of a Registration is flipped", func() Options { return flip(underlay.Data, xTR1, newMSMR, 60) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr, err := Load(seedFile)
			if err != nil {
				t.Fatal(err)
			}
			res, err := Replay(tr, tt.opt())
			if err != nil {
				t.Logf("the run fails: %v", err)
				return
			}
			for _, f := range res.Failures {
				if strings.HasPrefix(f.Step.Typed, "show lisp") {
					return
				}
			}
			t.Errorf("no listing changed")
		})
	}
}

// editLab copies the first-day lab with one text in one of its files replaced wherever it stands, and returns its lab file.
func editLab(t *testing.T, file, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../devices/labs/reliable-registration-day0")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, new)), 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "lab.yaml")
}

// TestSeedMovesNotOnAnotherSeed: the first-day lab has no jitter, so its listings don't depend on the seed.
func TestSeedMovesNotOnAnotherSeed(t *testing.T) {
	other := uint64(7)
	for _, f := range replay(t, seedFile, Options{Seed: &other}).Failures {
		t.Error(f)
	}
}

// traceOf replays a transcript and returns the trace of its events.
func traceOf(t testing.TB, tr *Transcript, seed *uint64) *Trace {
	t.Helper()
	trace := NewTrace()
	if _, err := Replay(tr, Options{Seed: seed, Observe: trace.Observe}); err != nil {
		t.Fatal(err)
	}
	return trace
}

var soak = flag.Int("soak", 0, "how often TestSoak replays the seed transcript, printing each trace; 0 means 5, quietly")

// TestSoak holds that every replay of the seed transcript is the same, delivery for delivery. `make soak` runs it in
// several processes under load and compares their traces.
func TestSoak(t *testing.T) {
	tr, err := Load(seedFile)
	if err != nil {
		t.Fatal(err)
	}
	first := ""
	runs := *soak
	if runs == 0 {
		runs = 5
	}
	for range runs {
		trace := traceOf(t, tr, nil)
		if *soak > 0 {
			t.Logf("trace: %v", trace)
		}
		if first == "" {
			first = trace.String()
		}
		if got := trace.String(); got != first {
			t.Fatalf("two runs differ: %s and %s", first, got)
		}
		if trace.Count() < 2000 {
			t.Fatalf("the run has %d events, want well over 2000", trace.Count())
		}
	}
}

// TestSeedOfJitter: with jitter another seed is another run, and the same seed the same.
func TestSeedOfJitter(t *testing.T) {
	tr, err := Parse("jitter.txt", "!! lab reliable-registration\n!! advance 10m\n")
	if err != nil {
		t.Fatal(err)
	}
	one, two := uint64(1), uint64(2)
	a, again, b := traceOf(t, tr, &one), traceOf(t, tr, &one), traceOf(t, tr, &two)
	if a.String() != again.String() {
		t.Errorf("seed 1 gives %v and then %v", a, again)
	}
	if a.String() == b.String() {
		t.Errorf("seeds 1 and 2 give one trace")
	}
}

// BenchmarkSeed replays the whole seed transcript: 7 h 21 min of lab time.
func BenchmarkSeed(b *testing.B) {
	tr, err := Load(seedFile)
	if err != nil {
		b.Fatal(err)
	}
	var elapsed time.Duration
	for b.Loop() {
		res, err := Replay(tr, Options{})
		if err != nil {
			b.Fatal(err)
		}
		elapsed = res.Elapsed
	}
	b.ReportMetric(elapsed.Hours(), "lab-hours/op")
}

package commands

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// typist types at the table without a router behind it: at a candidate configuration, as in Load, in any mode.
type typist struct {
	set *Set
	c   *Context
	cfg *devices.Config
	out bytes.Buffer
}

func newTypist(t *testing.T) *typist {
	y := &typist{set: compiled(t), cfg: &devices.Config{Hostname: "R1"}}
	y.c = &Context{Out: &y.out, Config: y.cfg}
	return y
}

func (y *typist) prompt() string { return promptText(y.cfg.Hostname, y.c.Mode()) }

// stand puts the typist into a mode.
func (y *typist) stand(m grammar.Mode) {
	if m == User || m == Exec {
		y.c.restart(m)
		return
	}
	y.stand(cmp.Or(modeParent(m), Exec))
	y.c.enter(frame{mode: m, subject: "X"})
}

// typed answers one typed line as the screen shows it; `?` and <TAB> at its end act at once.
func (y *typist) typed(line string) string {
	y.out.Reset()
	width := len(y.prompt())
	if partial, ok := strings.CutSuffix(line, "?"); ok {
		list, err := y.set.Next(y.c, partial)
		if err != nil {
			return ErrorText(err, width, partial)
		}
		var b strings.Builder
		for _, c := range list {
			b.WriteString(strings.TrimRight(fmt.Sprintf("  %-20s %s", c.Text, c.Help), " ") + "\n")
		}
		return b.String()
	}
	if partial, ok := strings.CutSuffix(line, "<TAB>"); ok {
		completed, _ := y.set.Complete(y.c, partial)
		return "  " + completed + "|\n"
	}
	if err := y.set.Run(y.c, line); err != nil {
		return y.out.String() + ErrorText(err, width, line)
	}
	return y.out.String()
}

// TestKeys replays sessions as the screen shows them, the mode in the prompt: one of the default release, and one in the
// hierarchical form.
func TestKeys(t *testing.T) {
	t.Run("15.5", func(t *testing.T) { replayKeys(t, devices.Release155, "testdata/keys.txt") })
	t.Run("17.9", func(t *testing.T) { replayKeys(t, devices.Release179, "testdata/keys_hierarchical.txt") })
}

func replayKeys(t *testing.T, rel devices.Release, file string) {
	y := newTypist(t)
	y.c.loading = rel
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(golden)) {
		line = strings.TrimSuffix(line, "\n")
		switch at := strings.IndexAny(line, "#>"); {
		case strings.HasPrefix(line, "! ") || line == "!":
			b.WriteString(line + "\n")
		case at > 0 && strings.HasPrefix(line, "R"):
			if prompt := line[:at+1]; prompt != y.prompt() {
				t.Fatalf("%s: %q: the prompt is %q", file, line, y.prompt())
			}
			b.WriteString(line + "\n" + y.typed(line[at+1:]))
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(golden) {
		t.Errorf("%s is stale (-update rewrites it; look at the difference before you commit):\n%s", file, diff.Diff("golden", golden, "now", []byte(b.String())))
	}
}

// IOS's words for what is wrong with a line, to the byte.
func TestErrorText(t *testing.T) {
	y := newTypist(t)
	caret := func(col int) string {
		return strings.Repeat(" ", col) + "^\n% Invalid input detected at '^' marker.\n\n"
	}
	for _, tt := range []struct {
		mode       grammar.Mode
		line, want string
	}{
		{Exec, "showboot", "% Bad IP address or host name\n% Unknown command or computer name, or unable to find computer address\n\n"},
		{Exec, "showboot now", caret(3 + 4)},
		{Exec, "show lisp sites", caret(3 + 14)},
		{Exec, "show", "% Incomplete command.\n\n"},
		{Exec, "show ip", "% Incomplete command.\n\n"},
		{Exec, "  sh lisp s", "% Ambiguous command:  \"sh lisp s\"\n"},
		{User, "configure terminal", caret(3)},
		{User, "configure", "% Bad IP address or host name\n% Unknown command or computer name, or unable to find computer address\n\n"},
		{Config, "logging", "% Incomplete command.\n\n"},
		{Config, "logging 0255.255.1", caret(11 + 8)},
		{Interface, "ip address 10.1.1.1/24", caret(14 + 19)},
		{Interface, "ip address 10.1.1.1", "% Incomplete command.\n\n"},
		{Site, "eid-prefix 10.0.0.0/8 accept-all", caret(28 + 29)},
	} {
		y.stand(tt.mode)
		err := y.set.Run(y.c, tt.line)
		if got := ErrorText(err, len(y.prompt()), tt.line); got != tt.want {
			t.Errorf("%s: %q:\n%q\nwant\n%q", y.prompt(), tt.line, got, tt.want)
		}
	}
	for err, want := range map[error]string{
		errors.New("link xTR1-Core9 does not exist"): "% link xTR1-Core9 does not exist\n",
		refuse("%%Inconsistent address and mask"):    "%Inconsistent address and mask\n",
		refuse("Bad mask /24 for address 10.0.0.0"):  "Bad mask /24 for address 10.0.0.0\n",
	} {
		if got := ErrorText(err, 3, "x"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// FuzzTyped: whatever is typed in whatever mode, with Enter, ? or Tab, nothing panics, and what is completed stays.
func FuzzTyped(f *testing.F) {
	set, err := New()
	if err != nil {
		f.Fatal(err)
	}
	for i, line := range []string{"sh li si", "interface gi0/0 ", "site A | include", "do do show", "no ", "ip route 0.0.0.0 0.0.0.0 lo", "\x00\xff ?"} {
		f.Add(uint8(i), line)
	}
	f.Fuzz(func(t *testing.T, mode uint8, line string) {
		y := &typist{set: set, cfg: &devices.Config{Hostname: "R1"}}
		y.c = &Context{Out: &y.out, Config: y.cfg}
		modes := len(modeTitles) - 1 // all but the lab's own
		y.c.loading = releases[int(mode)/modes%len(releases)]
		y.stand(modeTitles[int(mode)%modes].mode)
		list, err := set.Next(y.c, line)
		if err == nil && len(list) == 0 {
			t.Errorf("%q: neither help nor an error", line)
		}
		if completed, ok := set.Complete(y.c, line); ok {
			if again, _ := set.Complete(y.c, completed); again != completed {
				t.Errorf("%q completes to %q, and that to %q", line, completed, again)
			}
		}
		if strings.HasPrefix(strings.TrimSpace(strings.ToLower(line)), "d") || y.c.Mode() == User || y.c.Mode() == Exec {
			return // these need a router
		}
		if err := set.Run(y.c, line); err != nil && ErrorText(err, 10, line) == "" {
			t.Errorf("%q: an error without words", line)
		}
	})
}

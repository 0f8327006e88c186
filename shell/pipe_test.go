package shell

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

const runningConfig = `hostname xTR1
!
interface GigabitEthernet0/0
 description to {Core1}, port 10.1
 ip address 10.0.0.1 255.255.255.252
!
router lisp
 site A
  authentication-key lisp
  eid-prefix 10.0.0.0/8 accept-more-specifics
  exit
 !
 site B
  authentication-key other
  exit
 !
 ipv4 map-server
 exit
!
end
`

// TestPipes types show commands with output modifiers and holds what passes.
func TestPipes(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{`show run | include site`, " site A\n site B\n"},
		{`SH run | i site`, " site A\n site B\n"},
		{`do show run | inc ^hostname`, "hostname xTR1\n"},
		{`show run | include key lisp|hostname`, "hostname xTR1\n  authentication-key lisp\n"},
		{`show run | exclude ^ |!`, "hostname xTR1\ninterface GigabitEthernet0/0\nrouter lisp\nend\n"},
		{`show run | begin ^ ipv4`, " ipv4 map-server\n exit\n!\nend\n"},
		{`show run | section site A`, " site A\n  authentication-key lisp\n  eid-prefix 10.0.0.0/8 accept-more-specifics\n  exit\n"},
		{`show run | section ^interface`, "interface GigabitEthernet0/0\n description to {Core1}, port 10.1\n ip address 10.0.0.1 255.255.255.252\n"},
		{`show run | section authentication-key`, "  authentication-key lisp\n  authentication-key other\n"},
		{`show run | count exit`, "Number of lines which match regexp = 3\n"},
		{`show run | count nothing`, "Number of lines which match regexp = 0\n"},
		{`show run | section router lisp | include key`, "  authentication-key lisp\n  authentication-key other\n"},
		{`show run | s router lisp | e site | c exit`, "Number of lines which match regexp = 3\n"},
		// A pipe sign without a modifier behind it is alternation.
		{`show run | include hostname | no such`, "hostname xTR1\n"},
		{`show run | include xTR1|10.0.0.0`, "hostname xTR1\n  eid-prefix 10.0.0.0/8 accept-more-specifics\n"},
		// An underscore is a delimiter or an end of the line; braces and escaped characters are plain.
		{`show run | include _10\.1_`, " description to {Core1}, port 10.1\n"},
		{`show run | include _Core1_`, " description to {Core1}, port 10.1\n"},
		{`show run | include {C`, " description to {Core1}, port 10.1\n"},
		{`show run | include _end_`, "end\n"},
		{`show run | include [_]`, ""},
		{`show run | include (a\1`, "% Failed to compile regular expression.\n"},
		{`show run | include *`, "% Failed to compile regular expression.\n"},
		// No show command, no modifier.
		{`description a | include b`, runningConfig},
		{`show run`, runningConfig},
	} {
		got, err := pipe(runningConfig, pipeOf(tt.line), func(string, string, bool) error { return errors.New("a file was written") })
		if err != nil || got != tt.want {
			t.Errorf("%s\n got:\n%s\nwant:\n%s\n%v", tt.line, got, tt.want, err)
		}
	}
}

// TestPipesIntoFiles types show commands whose answer goes into files, and holds what the screen shows and what is saved.
func TestPipesIntoFiles(t *testing.T) {
	const text = "one\ntwo\nthree\n"
	for _, tt := range []struct{ line, screen, saved string }{
		{"show x | redirect flash:a", "", "flash:a= one two three"},
		{"show x | r flash:a", "", "flash:a= one two three"},
		{"show x | append a", "", "a+= one two three"},
		{"show x | tee nvram:a", text, "nvram:a= one two three"},
		{"show x | tee /append a", text, "a+= one two three"},
		{"show x | t /app a", text, "a+= one two three"},
		{"more a | redirect b", "", "b= one two three"},
		{"do dir | redirect b", "", "b= one two three"},
		{"show x | include t | redirect a", "", "a= two three"},
		{"show x | inc t | exc w | append a", "", "a+= three"},
		{"show x | include t | tee a | count e", "two\nthree\n", "a | count e= two three"}, // and no file has such a name
		{"show x | include t | tee /append a", "two\nthree\n", "a+= two three"},
		{"description x | redirect a", text, ""},
	} {
		var saved []string
		got, err := pipe(text, pipeOf(tt.line), func(file, text string, add bool) error {
			sign := "= "
			if add {
				sign = "+= "
			}
			saved = append(saved, file+sign+strings.Join(strings.Fields(text), " "))
			return nil
		})
		if err != nil || got != tt.screen || strings.Join(saved, ", ") != tt.saved {
			t.Errorf("%s\n got %q, saved %q\nwant %q, saved %q\n%v", tt.line, got, saved, tt.screen, tt.saved, err)
		}
	}
	full := errors.New("disk full")
	if got, err := pipe(text, pipeOf("show x | tee a"), func(string, string, bool) error { return full }); got != "" || !errors.Is(err, full) {
		t.Errorf("a full disk: got %q, %v", got, err)
	}
}

// TestHelpInChains asks for help and completes behind the last of several pipe signs.
func TestHelpInChains(t *testing.T) {
	_, sh := atRouter(t, "xTR1")
	for _, tt := range []struct{ line, help string }{
		{"show clock | include a | i", "include\n\n"},
		{"show clock | include a | exclude b | c", "count\n\n"},
		{"do show clock | inc a | t", "% Unrecognized command\n"},
		{"show clock | include a | tee /", "  /append  Append output to URL\n  WORD     Uniform Resource Locator\n\n"},
		{"show clock | include a | tee ", "  /append  Append output to URL\n  WORD     Uniform Resource Locator\n\n"},
		{"show clock | include a | x", "  LINE  Regular Expression\n\n"},
		{"show clock | include a|b ", "  LINE  Regular Expression\n\n"},
		{"show clock | redirect f | c", "% Unrecognized command\n"},
	} {
		if got := sh.Help(tt.line); got != tt.help {
			t.Errorf("%s?\n got %q\nwant %q", tt.line, got, tt.help)
		}
	}
	if got := sh.Help("show clock | include a | "); got != sh.Help("show clock | ") {
		t.Errorf("behind the second pipe sign:\n%s", got)
	}
	for line, want := range map[string]string{
		"show clo":                       "show clock ",
		"show clock | inc":               "show clock | include ",
		"show clock | include a | exc":   "show clock | include a | exclude ",
		"show clock | include  a | te":   "show clock | include  a | tee ",
		"sh cl | i a | tee /a":           "sh cl | i a | tee /append ",
		"show clock | include a | x":     "show clock | include a | x",
		"show clock | redirect f | inc":  "show clock | redirect f | inc",
		"show clock | include a | inc b": "show clock | include a | inc b",
	} {
		if got := sh.Complete(line); got != want {
			t.Errorf("%s<TAB> is %q, want %q", line, got, want)
		}
	}
}

// TestPages pages ten lines through a terminal of four, and holds every byte that the terminal gets.
func TestPages(t *testing.T) {
	const text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"
	m := more + unMore
	for _, tt := range []struct {
		length     int
		keys, want string
	}{
		{0, "", text},
		{11, "", text},
		{4, "   ", "1\n2\n3\n" + m + "4\n5\n6\n" + m + "7\n8\n9\n" + m + "10\n"},
		{4, "\r\r ", "1\n2\n3\n" + m + "4\n" + m + "5\n" + m + "6\n7\n8\n" + more},
		{4, "q", "1\n2\n3\n" + m},
		{4, "x", "1\n2\n3\n" + m},
		{4, " q", "1\n2\n3\n" + m + "4\n5\n6\n" + m},
		{2, "\r q", "1\n" + m + "2\n" + m + "3\n" + m},
		{1, "\r q", "1\n" + m + "2\n" + m + "3\n" + m}, // a line at least
		{4, "", "1\n2\n3\n" + more},
	} {
		var out bytes.Buffer
		keys := strings.NewReader(tt.keys)
		if err := page(&out, text, tt.length, keys.ReadByte); err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("length %d, keys %q: %v", tt.length, tt.keys, err)
		}
		if out.String() != tt.want {
			t.Errorf("length %d, keys %q:\n got %q\nwant %q", tt.length, tt.keys, out.String(), tt.want)
		}
	}
}

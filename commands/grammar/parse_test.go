package grammar

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	g := toy(t)
	for _, tt := range []struct {
		line string
		rule int
	}{
		{"show tools", 0},
		{"  SHOW\tTools  ", 0},
		{"show tools sharp", 0},
		{"show tools na plane", 0},
		{"show tools 7", 0},
		{"show tools | count", 0},
		{"show tools sharp | only a|b c", 0},
		{"show tool-rack", 1},
		{"show tool-", 1},
		{"sho tools s", 0},
		{"shutter o", 2},
		{"paint coats 2 chair gloss", 3},
		{"paint chair", 3},
		{"no paint chair", 4},
		{"wire 10.0.0.1", 5},
		{"wire gi0/1", 5},
		{"wire Gig 0/1 10.0.0.1", 5},
		{"wire Loopback 0", 5},
		{"wire te0/1.100", 5},
		{"fence 10.0.0.0/8", 6},
		{"fence 2001:db8::/32", 6},
		{"find 10.0.0.1", 7},
		{"find 10.0.0.0/8", 7},
		{"find ::1", 7},
		{"call fe80::1", 8},
		{"wait 5h5m41s", 9},
		{"note it's #1 \"quoted\" | and raw?  ", 10},
		{"secret", 11},
		{"pick *", 14},
		{"pick anything", 14},
		{"order chair", 15},
		{"order chair fast", 15},
		{"order chair for me at 3", 15},
		{"order chair at 3 for me fast", 15},
	} {
		m, err := g.Parse(floor, tt.line)
		if err != nil || m.Rule != tt.rule {
			t.Errorf("%q: rule %d, %v; want rule %d", tt.line, m.Rule, err, tt.rule)
		}
	}
}

func TestArgs(t *testing.T) {
	g := toy(t)
	parse := func(line string) Args {
		m, err := g.Parse(floor, line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		return m.Args
	}
	for _, tt := range []struct{ got, want any }{
		{parse("paint coats 3 chair gl").Uint("coats"), uint32(3)},
		{parse("paint coats 3 chair gl").Has("gloss"), true},
		{parse("paint chair").Has("gloss"), false},
		{parse("paint chair").Uint("coats"), uint32(0)},
		{parse("no paint chair").Has("no"), true},
		{parse("pick *").Has("*"), true},
		{parse("pick *").Has("pick"), false}, // the keyword is spelt as the name of the place, which was not typed
		{parse("pick chair").String("pick"), "chair"},
		{parse("no paint  chair").Col("thing"), 10},
		{parse("shutter c").String("state"), "closed"},
		{parse("wire gi0/01").Interface("port"), "GigabitEthernet0/1"},
		{parse("wire LOOP 17").Interface("port"), "Loopback17"},
		{parse("wire 10.0.0.1").Interface("port"), ""},
		{parse("wire nu0 10.0.0.1").Addr("from"), netip.MustParseAddr("10.0.0.1")},
		{parse("find 10.0.0.1").Prefix("e"), netip.MustParsePrefix("10.0.0.1/32")},
		{parse("find 2001:DB8::1/32").Prefix("e"), netip.MustParsePrefix("2001:db8::1/32")},
		{parse("wait 1d2h").Duration("d"), 26 * time.Hour},
		{parse("wait 90s").Duration("d"), 90 * time.Second},
		{parse("note  it's  # raw | text  ").String("text"), "it's  # raw | text"},
		{parse("show tools | o a|b c").String("pattern"), "a|b c"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %v, want %v", tt.got, tt.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	g := toy(t)
	for _, tt := range []struct {
		line string // a ^ stands before the offending character
		kind Kind
	}{
		{"^bogus", Invalid},
		{"sh^x", Invalid},
		{"show to^ys", Invalid},
		{"^s", Ambiguous}, // show, shutter; the hidden one is no candidate
		{"^sh", Ambiguous},
		{"show ^tool", Ambiguous},
		{"show ^t sharp", Ambiguous},
		{"show^", Incomplete},
		{"show tools name^", Incomplete},
		{"show tools name ^", Incomplete},
		{"show tools ^100", Invalid},
		{"show tools sharp ^7", Invalid},
		{"show tool-rack ^| count", Invalid},
		{"paint c^", Incomplete}, // c is coats, not a thing: keywords beat places
		{"wire 10.0.0.1^/24", Invalid},
		{"wire ^0255.255.1", Invalid},
		{"wire ^10.0.0", Invalid},
		{"wire gi^", Incomplete},
		{"wire gi^x/0", Invalid},
		{"wire loopback^0/1", Invalid},
		{"wire loopback ^2147483648", Invalid},
		{"fence 10.0.0.0/^33", Invalid},
		{"fence ^10.0.0.0", Invalid},
		{"call fe80::1^/64", Invalid},
		{"call ^fe80::1%eth0", Invalid},
		{"wait ^-5s", Invalid},
		{"wait ^5", Invalid},
		{"no ^shutter", Invalid},
		{"note^", Incomplete},
	} {
		col := strings.Index(tt.line, "^")
		line := tt.line[:col] + tt.line[col+1:]
		_, err := g.Parse(floor, line)
		var e *Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Col != col {
			t.Errorf("%q: %v at %+v; want kind %d at column %d", line, err, e, tt.kind, col)
		}
	}
}

func TestErrorSaysWhatWasExpected(t *testing.T) {
	g := toy(t)
	for line, want := range map[string]string{
		"shutter ajar":    `found "ajar", expected closed or open`,
		"shutter open up": `found "up", expected the end of the line`,
		"fence all":       `found "all", expected A.B.C.D/nn or X:X:X:X::X/<0-128>`,
		"shutter":         `incomplete command: expected closed or open`,
		"sh":              `ambiguous word "sh": it may be show or shutter`,
	} {
		if _, err := g.Parse(floor, line); fmt.Sprint(err) != want {
			t.Errorf("%q: %v; want %s", line, err, want)
		}
	}
}

// A handler's own complaint about a value stands where the parser's would.
func TestInvalidValue(t *testing.T) {
	g := toy(t)
	for _, tt := range []struct{ line, name, want string }{
		{"paint ^chair", "thing", `found "chair", expected a thing`},
		{"wire gi^0/7", "port", `found "GigabitEthernet0/7", expected a thing`},
		{"wire loop ^7", "port", `found "Loopback7", expected a thing`},
	} {
		col := strings.Index(tt.line, "^")
		m, err := g.Parse(floor, tt.line[:col]+tt.line[col+1:])
		if err != nil {
			t.Fatal(err)
		}
		var e *Error
		if !errors.As(m.Args.Invalid(tt.name, "a thing"), &e) || e.Col != col || e.Error() != tt.want {
			t.Errorf("%q: %v at column %d", tt.line, e, e.Col)
		}
	}
}

func TestJumpIntoAnotherMode(t *testing.T) {
	g := toy(t)
	m, err := g.Parse(bench, "fr show tools 7")
	if err != nil || m.Rule != 0 || m.Args.Uint("number") != 7 || !m.Args.Has("from") {
		t.Errorf("rule %d, %v", m.Rule, err)
	}
	if _, err := g.Parse(bench, "from hammer"); err == nil {
		t.Error("the other mode knows a rule of this one")
	}
	if _, err := g.Parse("nowhere", "show"); err == nil {
		t.Error("an unknown mode knows a rule")
	}
}

func FuzzParse(f *testing.F) {
	g := toy(f)
	for _, line := range []string{"", "show tools | only x", "wire gi0/1", "wire gi0/1.1 10.0.0.1/", "find ::1/", "wait 1d1s", "note \x00\xff  ", "no paint c", "paint coats"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		_, err := g.Parse(floor, line)
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Col < 0 || e.Col > len(line) || e.Error() == "") {
			t.Errorf("%q: %#v", line, err)
		}
		if completed, ok := g.Complete(floor, line); ok {
			if again, _ := g.Complete(floor, completed); again != completed {
				t.Errorf("%q completes to %q, and that to %q", line, completed, again)
			}
		}
		list, err := g.Next(floor, line)
		if err == nil && len(list) == 0 {
			t.Errorf("%q: Next has neither a candidate nor an error", line)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	g := toy(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Parse(floor, "paint coats 2 chair gloss"); err != nil {
			b.Fatal(err)
		}
	}
}

package commands

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// Args are the typed values of a line, by the $names of the row's syntax.
type Args = grammar.Args

// Row is one command.
type Row struct {
	Modes  []grammar.Mode
	Syntax string // in the notation of package grammar

	// No is the syntax of the command's `no` form, without that word; "" when it has none. Run runs it too, and sees
	// Args.Has("no").
	No string

	// Help holds the help of the word paths that this row is the first to use; paths of many rows stand in words.go. A path
	// that is given twice, or not at all, fails the table's test.
	Help grammar.Words

	// Default runs the `default` form, which every row with a `no` form has; nil where that is the `no` form.
	Default func(c *Context, a Args) error

	// Run does what the line asks, and writes its answer to c.Out. In a mode of configuration it changes c.Config, which
	// is applied afterwards. An error is printed as ErrorText words it, and nothing is changed.
	Run func(c *Context, a Args) error

	// Print says the row back, for a row of configuration. It is called once per block of the row's mode.
	Print func(cfg *devices.Config, p *Printer)

	// Releases tells in which software releases the row exists; nil means in all.
	Releases func(devices.Release) bool

	// Prints tells in which of its releases the row prints itself; nil means in all. A release that takes lines of an
	// older form prints what they say in its own.
	Prints func(devices.Release) bool

	// Example is a line (or lines, with those of its parents before it) that a row of configuration prints back as it is.
	Example string

	Hidden bool // works, but `?` does not list it
}

// in tells whether a release has the row.
func (r *Row) in(rel devices.Release) bool { return r.Releases == nil || r.Releases(rel) }

// prints tells whether the row prints itself in a mode, in a release.
func (r *Row) prints(rel devices.Release, m grammar.Mode) bool {
	return r.Print != nil && slices.Contains(r.Modes, m) && r.in(rel) && (r.Prints == nil || r.Prints(rel))
}

// rules returns the rules of the grammar that the row stands for: the line, its `no` form, and its `default` form.
func (r *Row) rules() []grammar.Rule {
	rules := []grammar.Rule{{Modes: r.Modes, Syntax: r.Syntax, Suffix: r.suffix(), Hidden: r.Hidden}}
	if r.No != "" {
		rules = append(rules,
			grammar.Rule{Modes: r.Modes, Prefix: prefixNo, Syntax: r.No, Hidden: r.Hidden},
			grammar.Rule{Modes: r.Modes, Prefix: prefixDefault, Syntax: r.No, Hidden: r.Hidden})
	}
	return rules
}

// What a line of configuration may begin with.
const (
	prefixNo      = "no"
	prefixDefault = "default"
)

// run runs the row in the form that the line has.
func (r *Row) run(c *Context, prefix string, a Args) error {
	switch {
	case prefix != prefixDefault:
		return r.Run(c, a)
	case r.Default != nil:
		return r.Default(c, a)
	}
	return r.Run(c, a.With(prefixNo))
}

// modifiers is what may follow every command that shows something: the shell filters the answer by it, or puts it into a
// file. Behind a LINE more of them may follow, which are part of it here.
const modifiers = `[\| <append WORD$url | begin LINE$filter | count LINE$filter | exclude LINE$filter | include LINE$filter | redirect WORD$url | section LINE$filter | tee [/append] WORD$url>]`

// shows are the commands whose answer is only to be read.
var shows = []string{"dir", "more", "show"}

func (r *Row) suffix() string {
	if command, _, _ := strings.Cut(r.Syntax, " "); slices.Contains(shows, command) {
		return modifiers
	}
	return ""
}

// The words of a syntax that stand in every line of its row.
var (
	keywordPattern = regexp.MustCompile(`^[a-z0-9-]+`)
	placePattern   = regexp.MustCompile(`^(?:<\d+-\d+>|[A-Z.:]+)`)
)

// about is what lists say of a row in a mode: the help of the keywords that it begins with, or of the place. A keyword behind
// a place tells more when it is what distinguishes the row from others that begin as it does.
func (s *Set) about(r *Row, m grammar.Mode) (help string) {
	all := s.dialect(releases[slices.IndexFunc(releases, r.in)]).words
	var path []string
	places := false
	words := strings.Fields(r.Syntax)
	for i, word := range words {
		keyword, place := keywordPattern.FindString(word), placePattern.FindString(word)
		switch {
		case place != "" && i > 0:
			places = true
			continue
		case keyword == "" && place == "", places && !s.branches(m, strings.Join(words[:i], " ")+" ", word):
			return help
		}
		path = append(path, keyword+place)
		text := strings.Join(path, " ")
		help = cmp.Or(all[string(m)+": "+text], all[text], help)
	}
	return help
}

// branches tells whether rows of a mode go on behind a beginning with another word.
func (s *Set) branches(m grammar.Mode, beginning, word string) bool {
	return slices.ContainsFunc(s.rows, func(r Row) bool {
		rest, ok := strings.CutPrefix(r.Syntax, beginning)
		return ok && slices.Contains(r.Modes, m) && !strings.HasPrefix(rest, word)
	})
}

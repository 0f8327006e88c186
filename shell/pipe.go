package shell

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"lisplab/commands/grammar"
)

// filter is one output modifier: what stands behind one pipe sign.
type filter struct {
	modifier string
	pattern  string // or the name of a file
}

// modifiers are the output modifiers, in full.
var modifiers = []string{"append", "begin", "count", "exclude", "include", "redirect", "section", "tee"}

// saving are the modifiers that take a file.
var saving = []string{"append", "redirect", "tee"}

// piped are the commands that have output modifiers. In other lines, such as a description, a pipe sign is text.
var piped = []string{"dir", "more", "show"}

// pipeOf returns the output modifiers of a line that the grammar has accepted.
func pipeOf(line string) []filter {
	words := grammar.Split(line)
	if len(words) > 0 && strings.EqualFold(words[0].Text, "do") {
		words = words[1:]
	}
	if len(words) == 0 || !slices.ContainsFunc(piped, func(c string) bool { return strings.HasPrefix(c, strings.ToLower(words[0].Text)) }) {
		return nil
	}
	for i, w := range words {
		if w.Text == "|" && i+2 < len(words) {
			return chain(words[i+1].Text, line[words[i+2].Col:])
		}
	}
	return nil
}

// chain cuts the rest of a line into modifiers. A pipe sign is alternation to a regular expression, so it begins another
// modifier only where it stands alone, with a modifier and a pattern behind it. A file ends the chain.
func chain(modifier, rest string) []filter {
	f := filter{expand(modifier), rest}
	if slices.Contains(saving, f.modifier) {
		return []filter{f}
	}
	words := grammar.Split(rest)
	for i, w := range words {
		if i > 0 && w.Text == "|" && i+2 < len(words) && expand(words[i+1].Text) != "" {
			f.pattern = strings.TrimRight(rest[:w.Col], " \t")
			return append([]filter{f}, chain(words[i+1].Text, rest[words[i+2].Col:])...)
		}
	}
	return []filter{f}
}

// unchained takes the modifiers out of a line between its first pipe sign and its last: the grammar knows of one modifier, and
// what may be typed behind the last pipe sign is what may be behind the first. cut is where in the line the last begins.
func unchained(line string) (short string, cut int) {
	first, last := -1, -1
	words := grammar.Split(line)
	for i, w := range words {
		if w.Text != "|" {
			continue
		}
		switch {
		case first < 0:
			first, last, short = i, w.Col, line[:w.Col]
		case slices.Contains(saving, expand(words[first+1].Text)):
			return line, len(line) // nothing comes behind a file
		case i > first+2: // a modifier and its pattern stand between
			last = w.Col
		}
	}
	if first < 0 {
		return line, len(line)
	}
	return short + line[last:], last
}

// expand returns the modifier that the word begins, or "".
func expand(word string) string {
	for _, m := range modifiers {
		if strings.HasPrefix(m, strings.ToLower(word)) {
			return m
		}
	}
	return ""
}

// pipe filters a text, and has what goes into files saved: add to the end of the file, or in place of it. What can't be saved
// is the error, and the text is lost, as on a router.
func pipe(text string, filters []filter, save func(file, text string, add bool) error) (string, error) {
	for _, f := range filters {
		file := f.pattern
		var err error
		switch f.modifier {
		case "redirect", "append":
			err = save(file, text, f.modifier == "append")
			text = ""
		case "tee":
			rest, add := cutWord(file, teeAppend)
			err = save(rest, text, add)
		default:
			re, failed := compile(f.pattern)
			if failed != nil {
				return "% Failed to compile regular expression.\n", nil
			}
			text = f.apply(re, text)
		}
		if err != nil {
			return "", err
		}
	}
	return text, nil
}

// teeAppend is the option of tee that may stand before the file.
const teeAppend = "/append"

// cutWord cuts the first word off a text if it begins the option.
func cutWord(text, option string) (rest string, cut bool) {
	word, rest, more := strings.Cut(text, " ")
	if more && strings.HasPrefix(option, strings.ToLower(word)) {
		return strings.TrimLeft(rest, " "), true
	}
	return text, false
}

func (f filter) apply(re *regexp.Regexp, text string) string {
	var b strings.Builder
	count := 0
	begun, section := false, -1 // section: the indentation of the line that began one
	for line := range strings.Lines(text) {
		bare := strings.TrimSuffix(line, "\n")
		match := re.MatchString(bare)
		keep := false
		switch f.modifier {
		case "begin":
			begun = begun || match
			keep = begun
		case "exclude":
			keep = !match
		case "include":
			keep = match
		case "section":
			// A section is a line and what is indented deeper below it.
			indent := len(bare) - len(strings.TrimLeft(bare, " "))
			if section < 0 || indent <= section {
				section = -1
				if match {
					section = indent
				}
			}
			keep = section >= 0
		case "count":
			if match {
				count++
			}
		}
		if keep {
			b.WriteString(bare + "\n")
		}
	}
	if f.modifier == "count" {
		return fmt.Sprintf("Number of lines which match regexp = %d\n", count)
	}
	return b.String()
}

// compile reads a regular expression of IOS. It is close to Go's, but braces are plain characters, a backslash makes the
// next character plain, and an underscore stands for a delimiter: blank, comma, brace, parenthesis, or either end of the
// line. References to groups (\1) can't be had.
func compile(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	inClass := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			if pattern[i] >= '0' && pattern[i] <= '9' {
				return nil, fmt.Errorf("reference to a group in %q", pattern)
			}
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case inClass:
			if c == '[' {
				b.WriteByte('\\')
			}
			inClass = c != ']'
			b.WriteByte(c)
		case c == '_':
			b.WriteString(`(?:[\s,{}()]|^|$)`)
		case c == '{' || c == '}':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			inClass = c == '['
			b.WriteByte(c)
		}
	}
	return regexp.Compile(b.String())
}

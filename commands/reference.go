package commands

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Reference writes the command reference in Markdown: every row that `?` lists, by mode.
func (s *Set) Reference(w io.Writer) error {
	var b strings.Builder
	b.WriteString(referenceHead)
	for _, m := range modeTitles {
		fmt.Fprintf(&b, "\n## %s\n\n", m.title)
		if parent := modeParent(m.mode); parent != "" {
			fmt.Fprintf(&b, "Mode `%s`. A line that is not listed here is tried in mode `%s`.\n\n", m.mode, parent)
		}
		b.WriteString("| Command | What it does |\n| --- | --- |\n")
		for i := range s.rows {
			if r := &s.rows[i]; slices.Contains(r.Modes, m.mode) && !r.Hidden {
				fmt.Fprintf(&b, "| %s | %s |\n", referenceSyntax(r), s.about(r, m.mode)+releaseNote(r))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const referenceHead = `# Command reference

Generated from the table of commands by ` + "`go test ./commands -run Reference -update`" + `; a test fails when it is stale.

Keywords may be shortened to a unique beginning. ` + "`[ ]`" + ` is optional, ` + "`< | >`" + ` is a choice, ` + "`<0-255>`" + ` a number, words in capitals are
places: ` + "`WORD`" + ` one word, ` + "`LINE`" + ` the rest of the line, ` + "`ADDRESS`, `PREFIX` and `EID`" + ` of either address family. ` + "`show`, `more` and `dir`" + ` may be
followed by ` + "`| begin`, `| count`, `| exclude`, `| include` or `| section`" + ` and a regular expression, by ` + "`| redirect`, `| append` or" + `
` + "`| tee [/append]`" + ` and a file, or by several of these.
`

// referenceSyntax shows a row and its no form, which differ only in what may be left out.
func referenceSyntax(r *Row) string {
	code := func(syntax string) string {
		return "`" + strings.ReplaceAll(placesText(syntax), "|", `\|`) + "`"
	}
	switch r.No {
	case "":
		return code(r.Syntax)
	case r.Syntax:
		return code("[no] " + r.Syntax)
	}
	return code(r.Syntax) + "<br>" + code("no "+r.No)
}

// releaseNote names the releases that have a row, unless all have it.
func releaseNote(r *Row) string {
	var have []string
	for _, rel := range releases {
		if r.in(rel) {
			have = append(have, string(rel))
		}
	}
	if len(have) == len(releases) {
		return ""
	}
	return " (release " + strings.Join(have, ", ") + ")"
}

package commands

import (
	"fmt"
	"io"
	"strings"

	"lisplab/commands/grammar"
)

func showArchiveRows() []Row {
	return []Row{{
		Modes: []grammar.Mode{Exec}, Syntax: "show archive config differences [WORD$a [WORD$b]]",
		Help: grammar.Words{
			"show archive":                         "Archive functions",
			"show archive config":                  "Configuration files",
			"show archive config differences":      "Differences between two configurations: the startup and the running one",
			"show archive config differences WORD": "A file as flash:NAME, nvram:startup-config or system:running-config",
		},
		Run: showDifferences,
	}}
}

// showDifferences tells what stands in the second configuration and not in the first (+), and the other way round (-).
// Without names they are the startup and the running one; a single name is the first.
func showDifferences(c *Context, a Args) error {
	files := []file{startupFile, runningFile}
	for i, place := range []string{"a", "b"} {
		if a.Has(place) {
			files[i] = fileOf(a.String(place))
		}
	}
	var blocks [2][]block
	for i, f := range files {
		text, err := c.read(f)
		if err != nil {
			return err
		}
		blocks[i] = blocksOf(text)
	}
	var b strings.Builder
	differences(&b, blocks[0], blocks[1], 0)
	if b.Len() == 0 {
		b.WriteString("!No changes were found\n")
	}
	_, err := fmt.Fprintf(c.Out, "!Contextual Config Diffs:\n%s", &b)
	return err
}

// block is a line of a configuration, without its indent, and the lines that stand indented below it.
type block struct {
	line  string
	lines []block
}

// blocksOf reads a configuration into its blocks; comments are dropped.
func blocksOf(text string) []block {
	lines := make([]grammar.Word, 0, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if words := grammar.Split(line); len(words) > 0 && words[0].Text[0] != '!' {
			lines = append(lines, grammar.Word{Text: line[words[0].Col:], Col: words[0].Col})
		}
	}
	list, _ := nest(lines, -1)
	return list
}

// nest takes the lines that are indented deeper than the indent, and returns the rest.
func nest(lines []grammar.Word, indent int) (list []block, rest []grammar.Word) {
	for len(lines) > 0 && lines[0].Col > indent {
		b := block{line: lines[0].Text}
		b.lines, lines = nest(lines[1:], lines[0].Col)
		list = append(list, b)
	}
	return list, lines
}

// differences writes what differs between two blocks, in the order of the second, what is missing there at its place of the
// first. A line that has changed blocks below it stands before them without a sign.
func differences(w io.Writer, from, to []block, depth int) {
	before, after := byLine(from), byLine(to)
	indent := strings.Repeat(" ", depth)
	for len(from) > 0 || len(to) > 0 {
		if len(from) > 0 {
			_, kept := after[from[0].line]
			if !kept {
				writeBlock(w, from[0], '-', depth)
			}
			if !kept || len(to) == 0 {
				from = from[1:]
				continue
			}
		}
		was, kept := before[to[0].line]
		if !kept {
			writeBlock(w, to[0], '+', depth)
			to = to[1:]
			continue
		}
		var inner strings.Builder
		if differences(&inner, was.lines, to[0].lines, depth+1); inner.Len() > 0 {
			fmt.Fprintf(w, "%s%s\n%s", indent, to[0].line, &inner)
		}
		to = to[1:]
		if len(from) > 0 {
			from = from[1:]
		}
	}
}

func byLine(list []block) map[string]block {
	m := make(map[string]block, len(list))
	for _, b := range list {
		m[b.line] = b
	}
	return m
}

// writeBlock writes a block that only one side has.
func writeBlock(w io.Writer, b block, sign byte, depth int) {
	fmt.Fprintf(w, "%s%c%s\n", strings.Repeat(" ", depth), sign, b.line)
	for _, l := range b.lines {
		writeBlock(w, l, sign, depth+1)
	}
}

package transcripts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/shlex"
)

// Page is one file of the documentation as a run makes it.
type Page struct {
	File string
	Text string
}

// Pages returns the pages that stand between `!! page begin FILE` and `!! page end`: prose as it is, which is Markdown, and
// what was typed with its answer as a block of code. A page may have several such parts, in several transcripts: they follow
// each other as the results do.
func Pages(results ...*Result) []Page {
	var files []string
	built := map[string]*pageBuilder{}
	for _, r := range results {
		off := &pageBuilder{} // what stands on no page
		b := off
		for _, item := range r.Transcript.Items {
			switch it := item.(type) {
			case *Directive:
				words, err := shlex.Split(it.Text)
				if err != nil || len(words) < 2 || words[0] != "page" {
					if len(it.Output) > 0 {
						b.block(&Step{it.Line, labPrompt, it.Text, it.Output})
					}
					continue
				}
				b.end()
				b = off
				if words[1] == "begin" {
					if built[words[2]] == nil {
						files = append(files, words[2])
						built[words[2]] = &pageBuilder{}
					}
					b = built[words[2]]
					b.comesFrom(filepath.ToSlash(r.Transcript.File))
				}
			case Prose:
				b.prose(it.Text)
			case *Step:
				b.block(it)
			case Blank:
				b.end()
			}
		}
	}
	pages := make([]Page, len(files))
	for i, file := range files {
		pages[i] = Page{file, built[file].text()}
	}
	return pages
}

// labPrompt is the prompt at which a page shows what was asked of the lab.
const labPrompt = "lab>"

// pageBuilder puts a page together from paragraphs and blocks, one empty line apart.
type pageBuilder struct {
	parts []string
	from  []string // the transcripts that they come from
	open  []string // the lines of a paragraph
	code  bool     // the last part is a block of code that the next step joins
}

func (b *pageBuilder) prose(line string) {
	if line == "" {
		b.end()
		return
	}
	b.open = append(b.open, line)
}

// end ends a paragraph, and keeps the next step out of the block of the last.
func (b *pageBuilder) end() {
	if len(b.open) > 0 {
		b.paragraph(strings.Join(b.open, "\n"))
		b.open = nil
	}
	b.code = false
}

func (b *pageBuilder) paragraph(text string) { b.parts, b.code = append(b.parts, text), false }

// block adds a step. Steps that follow each other share a block, as they did on the screen.
func (b *pageBuilder) block(s *Step) {
	lines := strings.Join(s.lines(), "\n")
	if len(b.open) > 0 {
		b.end()
	}
	if last := len(b.parts) - 1; b.code {
		b.parts[last] = strings.TrimSuffix(b.parts[last], "\n```") + "\n" + lines + "\n```"
		return
	}
	b.parts, b.code = append(b.parts, "```\n"+lines+"\n```"), true
}

func (b *pageBuilder) comesFrom(file string) {
	if !slices.Contains(b.from, file) {
		b.from = append(b.from, file)
	}
}

func (b *pageBuilder) text() string {
	b.end()
	const head = "<!-- Built by `lisplab docs build` from %s: edit that, not this. -->"
	return strings.Join(append([]string{fmt.Sprintf(head, strings.Join(b.from, " and "))}, b.parts...), "\n\n") + "\n"
}

// Embed returns a file with its listings taken from the run. A listing is the block of code between the lines
//
//	<!-- PROMPT COMMAND -->
//	<!-- end -->
//
// and becomes the first step with that prompt and command.
func (r *Result) Embed(file string) (Page, error) {
	old, err := os.ReadFile(file)
	if err != nil {
		return Page{}, unread(file, "a page with listings of a run", err)
	}
	var b strings.Builder
	inside := 0
	for n, line := range strings.Split(string(old), "\n") {
		if n > 0 && inside == 0 {
			b.WriteByte('\n')
		}
		typed, opens := strings.CutPrefix(strings.TrimSuffix(line, " -->"), "<!-- ")
		switch {
		case inside > 0 && line == "<!-- end -->":
			inside = 0
			b.WriteString("\n" + line)
		case inside > 0:
		case opens && prompts.MatchString(typed):
			step := r.find(typed)
			if step == nil {
				return Page{}, &Error{file, n + 1, 1, fmt.Sprintf("found no `%s` in %s", typed, r.Transcript.File)}
			}
			b.WriteString(line + "\n```\n" + strings.Join(step.lines(), "\n") + "\n```")
			inside = n + 1
		default:
			b.WriteString(line)
		}
	}
	if inside > 0 {
		return Page{}, &Error{file, inside, 1, "found no `<!-- end -->` for this listing"}
	}
	return Page{file, b.String()}, nil
}

func (r *Result) find(line string) *Step {
	i := slices.IndexFunc(r.Transcript.Items, func(item Item) bool {
		s, ok := item.(*Step)
		return ok && s.Prompt+s.Typed == line
	})
	if i < 0 {
		return nil
	}
	return r.Transcript.Items[i].(*Step)
}

// Check compares the page with its file.
func (p Page) Check() error {
	old, err := os.ReadFile(p.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is missing: run `lisplab docs build`", p.File)
	case err != nil:
		return unread(p.File, "a page", err)
	}
	if !bytes.Equal(old, []byte(p.Text)) {
		return fmt.Errorf("%s is stale: run `lisplab docs build`", p.File)
	}
	return nil
}

// Write writes the page if its file is another.
func (p Page) Write() (changed bool, err error) {
	old, err := os.ReadFile(p.File)
	if err == nil && bytes.Equal(old, []byte(p.Text)) {
		return false, nil
	}
	if err := os.WriteFile(p.File, []byte(p.Text), 0o644); err != nil {
		return false, fmt.Errorf("writing a page: %w", err)
	}
	return true, nil
}

package transcripts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files returns the transcripts that the paths name: files as they are, and all *.txt files below folders, by name.
func Files(paths ...string) ([]string, error) {
	var files []string
	for _, path := range paths {
		before := len(files)
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (file == path || strings.HasSuffix(file, ".txt")) {
				files = append(files, file)
			}
			if err != nil {
				return unread(file, "a transcript or a folder of transcripts", err)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s: found no transcript (*.txt) in this folder or below, expected one at least", path)
		}
	}
	return files, nil
}

// unread says of a path that can't be read what was expected there. It wraps the system's error.
func unread(path, expected string, err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		err = system.Err
	}
	return fmt.Errorf("%s: %w: expected %s", path, err, expected)
}

// ErrCI is why goldens are not rewritten where nobody reads what they become.
var ErrCI = errors.New("goldens are not updated when CI is true: run this at your own machine and read the difference")

// Update writes the answers of a run into the transcript's file. Prose and directives stay as they are. A comment that
// reads as part of an answer, for want of the empty line before it, would be lost: that is an error.
func Update(r *Result) error {
	if os.Getenv("CI") == "true" {
		return ErrCI
	}
	for _, f := range r.Failures {
		for i, line := range f.Step.Output {
			if strings.HasPrefix(line, prose) && !slices.Contains(f.Got, line) {
				return &Error{f.File, f.Step.Line + 1 + i, 1, fmt.Sprintf("found `%s` in the answer to `%s%s`, expected an empty line before a comment",
					clip(line), f.Step.Prompt, clip(f.Step.Typed))}
			}
		}
	}
	text, err := r.Transcript.Format()
	if err != nil {
		return err
	}
	if err := os.WriteFile(r.Transcript.File, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing this run's answers: %w", err)
	}
	return nil
}

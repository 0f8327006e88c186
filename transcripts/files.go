package transcripts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == before {
			return nil, fmt.Errorf("found no transcript (*.txt) below %s", path)
		}
	}
	return files, nil
}

// ErrCI is why goldens are not rewritten where nobody reads what they become.
var ErrCI = errors.New("goldens are not updated when CI is true: run this at your own machine and read the difference")

// Update writes the answers of a run into the transcript's file. Prose and directives stay as they are.
func Update(r *Result) error {
	if os.Getenv("CI") == "true" {
		return ErrCI
	}
	text, err := r.Transcript.Format()
	if err != nil {
		return err
	}
	return os.WriteFile(r.Transcript.File, []byte(text), 0o644)
}

package devices

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// builtIn holds the labs that come with the program, one folder each.
//
//go:embed labs
var builtIn embed.FS

// labFileName is the lab file of a folder.
const labFileName = "lab.yaml"

// DefaultLab is the lab that opens when none is named.
const DefaultLab = "reliable-registration"

// BuiltInLabs returns the names of the built-in labs, sorted.
func BuiltInLabs() []string {
	entries, err := builtIn.ReadDir("labs")
	if err != nil {
		panic(err) // the folder is embedded in the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// readLab reads a lab with all its configurations. Its errors are all that is wrong with them, joined: what OpenLab shows is the
// beginning of it.
func readLab(nameOrPath string, opt Options) (*labFile, error) {
	folder, file, display, err := locate(nameOrPath, opt.FS)
	if err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(folder, file)
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", nameOrPath, err)
	}
	r, err := readLabFile(display(file), text)
	if r == nil {
		return nil, err
	}
	if r.lab.name == "" {
		r.lab.name = nameOrPath
	}
	if err := errors.Join(err, r.readConfigs(folder, display, opt)); err != nil {
		return nil, err
	}
	return &r.lab, nil
}

// LabSummary is what CheckLab has read.
type LabSummary struct {
	Name                  string
	Devices, Links, Hosts int
}

// CheckLab reads a lab as OpenLab does and starts nothing. Its mistakes are all that is wrong with the lab file and the
// configurations, each with file:line:column where it has a place.
func CheckLab(nameOrPath string, opt Options) (s LabSummary, mistakes []error) {
	file, err := readLab(nameOrPath, opt)
	if err != nil {
		return s, leaves(err)
	}
	return LabSummary{file.name, len(file.devices), len(file.links), len(file.hosts)}, nil
}

// locate finds the folder of a lab, its lab file in it, and how the files in it are named in errors.
func locate(nameOrPath string, fsys fs.FS) (folder fs.FS, file string, display func(string) string, err error) {
	if slices.Contains(BuiltInLabs(), nameOrPath) {
		folder, err = fs.Sub(builtIn, path.Join("labs", nameOrPath))
		return folder, labFileName, func(file string) string { return path.Join(nameOrPath, file) }, err
	}
	stat, split, join := os.Stat, filepath.Split, filepath.Join
	open := func(dir string) (fs.FS, error) { return os.DirFS(dir), nil }
	if fsys != nil {
		stat = func(name string) (fs.FileInfo, error) { return fs.Stat(fsys, path.Clean(name)) }
		split, join = path.Split, path.Join
		open = func(dir string) (fs.FS, error) { return fs.Sub(fsys, path.Clean(dir)) }
	}
	info, err := stat(nameOrPath)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", nil, fmt.Errorf("no lab %q: expected a built-in lab (%s) or the path of a lab file",
			nameOrPath, strings.Join(BuiltInLabs(), ", "))
	case err != nil:
		return nil, "", nil, fmt.Errorf("lab %s: %w", nameOrPath, err)
	}
	dir, file := split(nameOrPath)
	if info.IsDir() {
		dir, file = nameOrPath, labFileName
	}
	if dir == "" {
		dir = "."
	}
	folder, err = open(dir)
	return folder, file, func(file string) string { return join(dir, file) }, err
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms are the folders in the order of imports: each calls only rooms behind it.
var rooms = []string{"", "transcripts", "shell", "commands", "devices", "lispcore"}

// roles are the packages of one LISP role each. They talk to each other in bytes, so none may know another.
var roles = []string{"etr", "mapserver", "mapresolver", "itr"}

// pkg is one package of the module as `go list` tells it.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func modulePackages(t *testing.T) []pkg {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var list []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// room returns the number of the room that an import path of the module belongs to.
func room(path string) (n int, ours bool) {
	rest, ours := strings.CutPrefix(path, "lisplab")
	if !ours || rest != "" && rest[0] != '/' {
		return 0, false
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	return slices.Index(rooms, name), true
}

// TestRoomsImportInOrder: main -> transcripts -> shell -> commands -> devices -> lispcore, and never back.
func TestRoomsImportInOrder(t *testing.T) {
	for _, p := range modulePackages(t) {
		from, _ := room(p.ImportPath)
		if from < 0 {
			t.Errorf("%s stands in none of the rooms %v", p.ImportPath, rooms[1:])
		}
		for _, imp := range p.Imports {
			if to, ours := room(imp); ours && to < from {
				t.Errorf("%s imports %s, which is a room before it", p.ImportPath, imp)
			}
		}
	}
}

// TestRolesDoNotKnowEachOther holds the wall between roles, and keeps the grammar free of the lab.
func TestRolesDoNotKnowEachOther(t *testing.T) {
	for _, p := range modulePackages(t) {
		for _, imp := range p.Imports {
			a, isRole := strings.CutPrefix(p.ImportPath, "lisplab/lispcore/")
			b, toRole := strings.CutPrefix(imp, "lisplab/lispcore/")
			if isRole && toRole && a != b && slices.Contains(roles, a) && slices.Contains(roles, b) {
				t.Errorf("%s imports %s: roles talk in bytes", p.ImportPath, imp)
			}
			if _, ours := room(imp); ours && p.ImportPath == "lisplab/commands/grammar" {
				t.Errorf("%s imports %s: the grammar knows no command", p.ImportPath, imp)
			}
		}
	}
}

// enginetest is the test bed of the engines, which reads and writes their scenarios.
const enginetest = "lisplab/lispcore/enginetest"

// TestLispcoreIsACalculation: the standard library and the prefix trie, without sockets, files, logs, goroutines or
// random numbers of its own. The test bed has files, and so serves tests alone.
func TestLispcoreIsACalculation(t *testing.T) {
	forbidden := []string{"net", "os", "log", "log/slog", "syscall", "crypto/rand", "math/rand"}
	for _, p := range modulePackages(t) {
		if slices.Contains(p.Imports, enginetest) {
			t.Errorf("%s imports %s, which is for tests", p.ImportPath, enginetest)
		}
		if n, _ := room(p.ImportPath); rooms[max(n, 0)] != "lispcore" {
			continue
		}
		for _, imp := range p.Imports {
			_, ours := room(imp)
			first, _, _ := strings.Cut(imp, "/")
			standard := !strings.Contains(first, ".")
			switch {
			case ours || imp == "github.com/gaissmai/bart":
			case p.ImportPath == enginetest && imp == "os":
			case !standard:
				t.Errorf("%s imports %s, which is not of the standard library", p.ImportPath, imp)
			case slices.Contains(forbidden, imp) || strings.HasPrefix(imp, "net/") && imp != "net/netip" || strings.HasPrefix(imp, "os/"):
				t.Errorf("%s imports %s: engines have no world of their own", p.ImportPath, imp)
			}
		}
		inspect(t, p, func(n ast.Node, at token.Position, _ map[string]string) {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%v: a goroutine in an engine", at)
			}
		})
	}
}

// clockReads are the functions of package time that know the wall clock or wait by it. A ticker or a timer would bring
// it in by the back door.
var clockReads = []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep"}

// globalRandom are the names of math/rand/v2 that need no source: anything else draws from the process's.
var globalRandom = []string{"Rand", "New", "NewPCG", "NewChaCha8", "PCG", "ChaCha8", "Source", "Zipf", "NewZipf"}

// TestOnlyDevicesReadsTheClock holds also that random numbers come from a source that somebody has seeded.
func TestOnlyDevicesReadsTheClock(t *testing.T) {
	for _, p := range modulePackages(t) {
		n, _ := room(p.ImportPath)
		devices := rooms[max(n, 0)] == "devices"
		inspect(t, p, func(n ast.Node, at token.Position, imports map[string]string) {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok {
				return
			}
			switch name := sel.Sel.Name; imports[x.Name] {
			case "time":
				if !devices && slices.Contains(clockReads, name) {
					t.Errorf("%v: time.%s: only devices knows the wall clock", at, name)
				}
			case "math/rand/v2":
				if !slices.Contains(globalRandom, name) {
					t.Errorf("%v: rand.%s draws from the process's own source", at, name)
				}
			}
		})
	}
}

// plainNet are the names of package net that only calculate with addresses.
var plainNet = []string{"IP", "IPMask", "IPNet", "CIDRMask", "ParseIP", "ParseCIDR", "ParseMAC", "HardwareAddr", "ErrClosed"}

// foreign plays other people's LISP routers for tests.
const foreign = "lisplab/devices/foreign"

// TestForeignStandsApart: what our engines are tested against shares no code with them, and no program contains it.
func TestForeignStandsApart(t *testing.T) {
	for _, p := range modulePackages(t) {
		for _, imp := range p.Imports {
			if _, ours := room(imp); ours && p.ImportPath == foreign {
				t.Errorf("%s imports %s: a stranger knows nothing of us", p.ImportPath, imp)
			}
			if imp == foreign {
				t.Errorf("%s imports %s, which is for tests", p.ImportPath, imp)
			}
		}
	}
}

// TestOnlyTheUnderlayOpensSockets: sockets are for devices/underlay, for the benchmarks below devices, for the SSH and
// telnet front end of shell, and for the strangers of tests.
func TestOnlyTheUnderlayOpensSockets(t *testing.T) {
	allowed := []string{"lisplab/devices/underlay", "lisplab/devices/netns", "lisplab/devices/bench", "lisplab/shell", foreign}
	for _, p := range modulePackages(t) {
		if slices.Contains(allowed, p.ImportPath) {
			continue
		}
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "golang.org/x/net") || strings.HasPrefix(imp, "golang.org/x/sys") || strings.HasPrefix(imp, "github.com/vishvananda") {
				t.Errorf("%s imports %s: only devices/underlay opens sockets", p.ImportPath, imp)
			}
		}
		inspect(t, p, func(n ast.Node, at token.Position, imports map[string]string) {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && imports[x.Name] == "net" && !slices.Contains(plainNet, sel.Sel.Name) {
					t.Errorf("%v: net.%s: only devices/underlay opens sockets", at, sel.Sel.Name)
				}
			}
		})
	}
}

// inspect walks the files of a package, its tests left out. imports maps the names of a file's imports to their paths.
func inspect(t *testing.T, p pkg, visit func(n ast.Node, at token.Position, imports map[string]string)) {
	t.Helper()
	fset := token.NewFileSet()
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		imports := map[string]string{}
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(path, "/v2")
			name = name[strings.LastIndex(name, "/")+1:]
			if spec.Name != nil {
				name = spec.Name.Name
			}
			imports[name] = path
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if n != nil {
				visit(n, fset.Position(n.Pos()), imports)
			}
			return true
		})
	}
}

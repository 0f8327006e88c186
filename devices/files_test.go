package devices

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"
)

// The lab of these tests: one router, alone.
const alone = "dir/lab.yaml"

var aloneFiles = fstest.MapFS{
	alone:        {Data: []byte("devices: [{name: R1, config: R1.cfg, interfaces: [GigabitEthernet0/0]}]")},
	"dir/R1.cfg": {Data: []byte("hostname FromTheLabFile\n")},
}

// openAlone opens that lab with a state directory, or without one.
func openAlone(t testing.TB, state string) (*Lab, *Device) {
	t.Helper()
	lab := open(t, alone, Options{FS: aloneFiles, State: state})
	return lab, lab.Device("R1")
}

// eachStore runs a test on files in memory and on files in a state directory.
func eachStore(t *testing.T, test func(t *testing.T, lab *Lab, d *Device)) {
	t.Run("memory", func(t *testing.T) {
		lab, d := openAlone(t, "")
		test(t, lab, d)
	})
	t.Run("directory", func(t *testing.T) {
		lab, d := openAlone(t, filepath.Join(t.TempDir(), "made", "when", "missing"))
		test(t, lab, d)
	})
}

// listing prints a file system: "a 3 10s, b 0 0s", with the lab time of the last write.
func listing(t testing.TB, f *FileSystem) string {
	t.Helper()
	list, err := f.List()
	must(t, err)
	var texts []string
	for _, i := range list {
		texts = append(texts, fmt.Sprintf("%s %d %v", i.Name, i.Size, i.At.Sub(labStart)))
	}
	return strings.Join(texts, ", ")
}

func TestFiles(t *testing.T) {
	eachStore(t, func(t *testing.T, lab *Lab, d *Device) {
		flash := d.FileSystem("FLASH:")
		if flash == nil || d.FileSystem("flash") != nil || d.FileSystems()[0] != flash {
			t.Fatalf("the file systems are %v", d.FileSystems())
		}
		must(t, flash.Write("b", []byte("bee")))
		must(t, lab.Advance(10*time.Second+300*time.Millisecond))
		must(t, flash.Write("a", nil))
		must(t, flash.Append("c", []byte("se")))
		must(t, flash.Append("c", []byte("ae")))
		must(t, d.FileSystem(NVRAM).Write("b", []byte("another")))
		if got, want := listing(t, flash), "a 0 10s, b 3 0s, c 4 10s"; got != want {
			t.Errorf("flash: holds %s, want %s", got, want)
		}
		if free, err := flash.Free(); err != nil || free != flash.Size()-7 {
			t.Errorf("%d bytes free of %d, want 7 less (%v)", free, flash.Size(), err)
		}
		if data, err := flash.Read("c"); err != nil || string(data) != "seae" {
			t.Errorf("c holds %q (%v)", data, err)
		}
		must(t, flash.Write("b", []byte("B")))
		must(t, flash.Remove("a"))
		if got, want := listing(t, flash), "b 1 10s, c 4 10s"; got != want {
			t.Errorf("flash: holds %s, want %s", got, want)
		}
	})
}

// What is read may be changed, and so may what was written.
func TestFilesAreCopies(t *testing.T) {
	eachStore(t, func(t *testing.T, _ *Lab, d *Device) {
		flash, text := d.FileSystem(Flash), []byte("text")
		must(t, flash.Write("a", text))
		text[0] = 'n'
		read, err := flash.Read("a")
		must(t, err)
		read[1] = '!'
		if again, _ := flash.Read("a"); string(again) != "text" {
			t.Errorf("the file holds %q", again)
		}
	})
}

func TestFileErrors(t *testing.T) {
	long := strings.Repeat("x", maxName+1)
	read := func(name string) func(*FileSystem) error {
		return func(f *FileSystem) error { _, err := f.Read(name); return err }
	}
	write := func(name string) func(*FileSystem) error {
		return func(f *FileSystem) error { return f.Write(name, []byte("x")) }
	}
	remove := func(name string) func(*FileSystem) error {
		return func(f *FileSystem) error { return f.Remove(name) }
	}
	eachStore(t, func(t *testing.T, _ *Lab, d *Device) {
		for _, tt := range []struct {
			do   func(*FileSystem) error
			want string
		}{
			{read("none"), "Error opening flash:/none (No such file or directory)"},
			{remove("none"), "Error deleting flash:/none (No such file or directory)"},
			{read(""), "Error opening flash:/ (Invalid argument)"},
			{write(""), "Error opening flash:/ (Invalid argument)"},
			{write("."), "Error opening flash:/. (Invalid argument)"},
			{write(".."), "Error opening flash:/.. (Invalid argument)"},
			{write(partial), "Error opening flash:/.partial (Invalid argument)"},
			{write("../nvram/startup-config"), "Error opening flash:/../nvram/startup-config (No such file or directory)"},
			{read("/etc/passwd"), "Error opening flash://etc/passwd (No such file or directory)"},
			{write("sub/file"), "Error opening flash:/sub/file (No such file or directory)"},
			{remove("../../R1"), "Error deleting flash:/../../R1 (No such file or directory)"},
			{write(`a\b`), `Error opening flash:/a\b (Invalid argument)`},
			{write("two words"), "Error opening flash:/two words (Invalid argument)"},
			{write("nul\x00"), "Error opening flash:/nul\x00 (Invalid argument)"},
			{write("new\nline"), "Error opening flash:/new\nline (Invalid argument)"},
			{write("umläut"), "Error opening flash:/umläut (Invalid argument)"},
			{write(long), "Error opening flash:/" + long + " (Invalid argument)"},
			{func(f *FileSystem) error { return f.Write("big", make([]byte, flashSize+1)) }, "Error writing flash:/big (No space left on device)"},
		} {
			err := tt.do(d.FileSystem(Flash))
			var own *StorageError
			if err == nil || err.Error() != tt.want || !errors.As(err, &own) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		}
		if got := listing(t, d.FileSystem(Flash)); got != "" {
			t.Errorf("flash: holds %s, want nothing", got)
		}
	})
}

// A file that does not fit leaves the old one as it was; one that replaces it needs no room beside it.
func TestFilesFillUp(t *testing.T) {
	eachStore(t, func(t *testing.T, _ *Lab, d *Device) {
		nvram := d.FileSystem(NVRAM)
		must(t, nvram.Write("a", make([]byte, nvramSize-10)))
		must(t, nvram.Write("b", []byte("0123456789")))
		if free, err := nvram.Free(); err != nil || free != 0 {
			t.Errorf("%d bytes free, want none (%v)", free, err)
		}
		if err := nvram.Append("b", []byte("x")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("error %v, want no space", err)
		}
		if data, err := nvram.Read("b"); err != nil || string(data) != "0123456789" {
			t.Errorf("b holds %q (%v)", data, err)
		}
		must(t, nvram.Write("a", make([]byte, nvramSize-10)))
		must(t, nvram.Remove("a"))
		must(t, nvram.Append("b", []byte("x")))
	})
}

// Files in memory and files in a directory behave alike, whatever is done with them, and no name makes anything appear
// outside of the directory.
func TestStoresAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		outside, err := os.MkdirTemp("", "state")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(outside)
		s, err := openState(filepath.Join(outside, "dir"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		inDirectory, err := s.store("R1", Flash)
		if err != nil {
			t.Fatal(err)
		}
		at := labStart
		now := func() time.Time { return at }
		a := &FileSystem{Flash, 100, memory{}, now}
		b := &FileSystem{Flash, 100, inDirectory, now}
		name := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "startup-config", "../x", "..", "a/b", ".partial"}), rapid.String())
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			at = at.Add(time.Second)
			n, data := name.Draw(t, "name"), rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "data")
			var errs [2]error
			var texts [2]string
			what := rapid.SampledFrom([]string{"write", "append", "remove", "read"}).Draw(t, "what")
			for i, f := range []*FileSystem{a, b} {
				switch what {
				case "write":
					errs[i] = f.Write(n, data)
				case "append":
					errs[i] = f.Append(n, data)
				case "remove":
					errs[i] = f.Remove(n)
				case "read":
					var got []byte
					got, errs[i] = f.Read(n)
					texts[i] = string(got)
				}
			}
			if fmt.Sprint(errs[0]) != fmt.Sprint(errs[1]) || texts[0] != texts[1] {
				t.Fatalf("%s %q: %q, %v in memory and %q, %v in the directory", what, n, texts[0], errs[0], texts[1], errs[1])
			}
			listA, _ := a.List()
			listB, err := b.List()
			if err != nil || !slices.Equal(listA, listB) {
				t.Fatalf("%v in memory and %v in the directory (%v)", listA, listB, err)
			}
		}
		if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
			t.Fatalf("beside the state directory stands %v (%v)", entries, err)
		}
	})
}

// What another program has put into the directory does not lead out of it, and is neither read, listed nor replaced.
func TestStateStaysInside(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	must(t, os.WriteFile(secret, []byte("secret"), 0o600))
	state := filepath.Join(dir, "state")
	flashDir := filepath.Join(state, "R1", "flash")
	must(t, os.MkdirAll(filepath.Join(flashDir, "folder"), 0o700))
	must(t, os.Symlink(secret, filepath.Join(flashDir, "absolute")))
	must(t, os.Symlink("../../../secret", filepath.Join(flashDir, "relative")))
	must(t, os.Symlink("real", filepath.Join(flashDir, "inside")))
	must(t, syscall.Mkfifo(filepath.Join(flashDir, "pipe"), 0o600))
	must(t, os.WriteFile(filepath.Join(flashDir, "real"), []byte("real"), 0o600))
	must(t, os.WriteFile(filepath.Join(flashDir, "not a name"), nil, 0o600))

	_, d := openAlone(t, state)
	flash := d.FileSystem(Flash)
	if list, err := flash.List(); err != nil || len(list) != 1 || list[0].Name != "real" {
		t.Errorf("listed %v (%v), want the regular file", list, err)
	}
	for name, why := range map[string]string{
		"absolute": "Invalid argument", "relative": "Invalid argument", "inside": "Invalid argument", "pipe": "Invalid argument",
		"folder": "Is a directory",
	} {
		_, err := flash.Read(name)
		for what, err := range map[string]error{"opening": err, "writing": flash.Write(name, []byte("x")), "deleting": flash.Remove(name)} {
			if want := fmt.Sprintf("Error %s flash:/%s (%s)", what, name, why); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		}
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "secret" {
		t.Errorf("the file outside holds %q (%v)", text, err)
	}
}

// A state directory that can't be one is refused before anything is started, with its path and the reason.
func TestStateIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(t *testing.T, dir string)
		want string // DIR stands for the directory
	}{
		{"a file in its place", func(t *testing.T, dir string) { must(t, os.WriteFile(dir, nil, 0o600)) },
			"state directory DIR: mkdir DIR: not a directory"},
		{"a device's directory leads away", func(t *testing.T, dir string) {
			must(t, os.Mkdir(dir, 0o700))
			must(t, os.Symlink(t.TempDir(), filepath.Join(dir, "R1")))
		}, "state directory DIR: openat R1: path escapes from parent"},
		{"a file system's directory leads away", func(t *testing.T, dir string) {
			must(t, os.MkdirAll(filepath.Join(dir, "R1"), 0o700))
			must(t, os.Symlink("../../..", filepath.Join(dir, "R1", "nvram")))
		}, "state directory DIR: openat nvram: path escapes from parent"},
		{"a file in place of a file system", func(t *testing.T, dir string) {
			must(t, os.MkdirAll(filepath.Join(dir, "R1"), 0o700))
			must(t, os.WriteFile(filepath.Join(dir, "R1", "flash"), nil, 0o600))
		}, "state directory DIR: open DIR/R1/flash: not a directory"},
		{"a startup configuration that can't be read", func(t *testing.T, dir string) {
			must(t, os.MkdirAll(filepath.Join(dir, "R1", "nvram", "startup-config"), 0o700))
		}, "state directory DIR: R1 can't boot: Error opening nvram:/startup-config (Is a directory)"},
		{"another lab has it", func(t *testing.T, dir string) { openAlone(t, dir) },
			"state directory DIR: another lab is using it: end that one, or name another directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			tt.make(t, dir)
			lab, err := OpenLab(alone, Options{FS: aloneFiles, Parse: parse, State: dir})
			if err == nil {
				lab.Close()
				t.Fatal("opened")
			}
			if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != tt.want {
				t.Errorf("error\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// The name of a device becomes that of a directory.
func TestStateOfOddNames(t *testing.T) {
	for _, name := range []string{"..", "a/b", "."} {
		files := fstest.MapFS{
			alone:        {Data: []byte(fmt.Sprintf("devices: [{name: %q, config: R1.cfg}]", name))},
			"dir/R1.cfg": {},
		}
		lab, err := OpenLab(alone, Options{FS: files, Parse: parse, State: t.TempDir()})
		if err == nil {
			lab.Close()
			t.Errorf("a device of the name %q has state", name)
		}
	}
}

// inChild starts this test again in a process of its own. It returns the same directory in both; in the parent child is
// false, and the child has passed.
func inChild(t *testing.T) (dir string, child bool) {
	t.Helper()
	const variable = "LISPLAB_TEST_DIRECTORY"
	if dir := os.Getenv(variable); dir != "" {
		return dir, true
	}
	dir = t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), variable+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir, false
}

// Files that the process may not touch. The superuser may touch all, so a process of its own gives that up.
func TestStatePermissions(t *testing.T) {
	dir, child := inChild(t)
	path := filepath.Join(dir, "R1", "nvram")
	if !child {
		must(t, os.Chmod(path, 0o700))
		_, d := openAlone(t, dir)
		if got := d.Config().Hostname; got != "Old" {
			t.Errorf("the router boots as %s, want Old", got)
		}
		return
	}
	_, d := openAlone(t, dir)
	nvram := d.FileSystem(NVRAM)
	must(t, nvram.Write(StartupFile, []byte("hostname Old\n")))
	must(t, os.Chmod(path, 0))
	if os.Geteuid() == 0 {
		const nobody = 65534
		must(t, syscall.Setuid(nobody))
	}
	_, read := nvram.Read(StartupFile)
	_, list := nvram.List()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{read, "Error opening nvram:/startup-config (Permission denied)"},
		{list, "Error opening nvram:/ (Permission denied)"},
		{nvram.Write(StartupFile, []byte("hostname New\n")), "Error writing nvram:/startup-config (Permission denied)"},
		{nvram.Append(StartupFile, []byte("!\n")), "Error opening nvram:/startup-config (Permission denied)"},
		{nvram.Remove(StartupFile), "Error deleting nvram:/startup-config (Permission denied)"},
	} {
		if tt.err == nil || tt.err.Error() != tt.want || !errors.Is(tt.err, fs.ErrPermission) {
			t.Errorf("error %v, want %s", tt.err, tt.want)
		}
	}
}

// A disk that fills up in the middle of a file leaves the old one, and no other trace. A process of its own stands for it,
// in which no file may grow beyond 4 KiB.
func TestFullDisk(t *testing.T) {
	dir, child := inChild(t)
	if !child {
		_, d := openAlone(t, dir)
		if got := d.Config().Hostname; got != "Old" {
			t.Errorf("the router boots as %s, want Old", got)
		}
		if entries, err := os.ReadDir(filepath.Join(dir, "R1", "nvram")); err != nil || len(entries) != 1 {
			t.Errorf("nvram holds %v (%v), want the startup configuration alone", entries, err)
		}
		return
	}
	_, d := openAlone(t, dir)
	must(t, d.FileSystem(NVRAM).Write(StartupFile, []byte("hostname Old\n")))
	signal.Ignore(syscall.SIGXFSZ)
	must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}))
	err := d.FileSystem(NVRAM).Write(StartupFile, []byte("hostname New\n"+strings.Repeat("!\n", 4096)))
	if err == nil || err.Error() != "Error writing nvram:/startup-config (File too large)" {
		t.Errorf("error %v, want that the file is too large", err)
	}
}

package devices

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The file systems of a router.
const (
	Flash = "flash:" // what an operator puts there
	NVRAM = "nvram:" // the startup configuration
)

// StartupFile is the file in nvram: that a router boots.
const StartupFile = "startup-config"

// The sizes in bytes. They bound what a session can make the lab keep.
const (
	flashSize = 64 << 20
	nvramSize = 32 << 20
)

// FileSystem is flash: or nvram: of one router. It is flat, and what is in it outlives reloads and power cuts; with a
// state directory (Options.State) it outlives the process too. A file is replaced as a whole or not at all. Its methods,
// like those of its device, belong to the goroutine that owns the lab; their errors are *StorageError.
type FileSystem struct {
	name  string
	size  int64
	store store
	now   func() time.Time
}

// FileInfo is one file of a listing.
type FileInfo struct {
	Name string
	Size int64
	At   time.Time // lab time of the last write, in whole seconds
}

// store keeps files by name. A file that is not there is syscall.ENOENT.
type store interface {
	list() ([]FileInfo, error) // in any order
	read(name string, most int64) ([]byte, error)
	write(name string, data []byte, at time.Time) error
	remove(name string) error
}

// StorageError is a file that can't be read, written or deleted. The file, if there is one, is as it was.
type StorageError struct {
	Op   string // "opening", "writing", "deleting"
	File string // "flash:/backup.cfg"
	Err  error
}

// Error returns the error in IOS's words, without their percent sign: "Error opening flash:/a (No such file or directory)".
func (e *StorageError) Error() string {
	cause := e.Err
	for inner := errors.Unwrap(cause); inner != nil; inner = errors.Unwrap(inner) {
		cause = inner // the words of the system alone: paths of this machine mean nothing at a router
	}
	text := cause.Error()
	return fmt.Sprintf("Error %s %s (%s)", e.Op, e.File, strings.ToUpper(text[:1])+text[1:])
}

// Unwrap returns the cause.
func (e *StorageError) Unwrap() error { return e.Err }

// Name is the name with its colon: "flash:".
func (f *FileSystem) Name() string { return f.name }

// Size is how many bytes all files together may take.
func (f *FileSystem) Size() int64 { return f.size }

// List returns the files by name.
func (f *FileSystem) List() ([]FileInfo, error) {
	list, err := f.store.list()
	if err != nil {
		return nil, f.wrong("opening", "", err)
	}
	slices.SortFunc(list, func(a, b FileInfo) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// Free is how many of the bytes of Size are free.
func (f *FileSystem) Free() (int64, error) {
	list, err := f.List()
	return f.free(list, ""), err
}

// free is the room that is left, the file of that name not counted.
func (f *FileSystem) free(list []FileInfo, but string) int64 {
	left := f.size
	for _, i := range list {
		if i.Name != but {
			left -= i.Size
		}
	}
	return max(0, left)
}

// Read returns a file.
func (f *FileSystem) Read(name string) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, f.wrong("opening", name, err)
	}
	data, err := f.store.read(name, f.size)
	if err != nil {
		return nil, f.wrong("opening", name, err)
	}
	return data, nil
}

// Write makes a file, or replaces one.
func (f *FileSystem) Write(name string, data []byte) error {
	if err := checkName(name); err != nil {
		return f.wrong("opening", name, err)
	}
	list, err := f.store.list()
	if err != nil {
		return f.wrong("writing", name, err)
	}
	if int64(len(data)) > f.free(list, name) {
		return f.wrong("writing", name, syscall.ENOSPC)
	}
	if err := f.store.write(name, data, f.now().Truncate(time.Second)); err != nil {
		return f.wrong("writing", name, err)
	}
	return nil
}

// Append adds to a file, which need not be there.
func (f *FileSystem) Append(name string, data []byte) error {
	old, err := f.Read(name)
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		return err
	}
	return f.Write(name, append(old, data...))
}

// Remove deletes a file.
func (f *FileSystem) Remove(name string) error {
	if err := checkName(name); err != nil {
		return f.wrong("deleting", name, err)
	}
	if err := f.store.remove(name); err != nil {
		return f.wrong("deleting", name, err)
	}
	return nil
}

func (f *FileSystem) wrong(op, name string, err error) error {
	return &StorageError{op, f.name + "/" + name, err}
}

// maxName is how long the name of a file may be.
const maxName = 127

// checkName refuses what can't name a file. A name with a slash points into a directory, and there are none. Characters
// that some system keeps for itself are out, and so is a dot at the beginning: those names are the state directory's own.
func checkName(name string) error {
	switch {
	case strings.Contains(name, "/"):
		return syscall.ENOENT
	case name == "" || len(name) > maxName || name[0] == '.':
		return syscall.EINVAL
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' || strings.IndexByte(`\:*?"<>|`, c) >= 0 {
			return syscall.EINVAL
		}
	}
	return nil
}

// memory keeps files as long as the lab.
type memory map[string]memoryFile

type memoryFile struct {
	data []byte
	at   time.Time
}

func (m memory) list() ([]FileInfo, error) {
	var list []FileInfo
	for name, f := range m {
		list = append(list, FileInfo{name, int64(len(f.data)), f.at})
	}
	return list, nil
}

func (m memory) read(name string, _ int64) ([]byte, error) {
	f, ok := m[name]
	if !ok {
		return nil, syscall.ENOENT
	}
	return slices.Clone(f.data), nil
}

func (m memory) write(name string, data []byte, at time.Time) error {
	m[name] = memoryFile{slices.Clone(data), at}
	return nil
}

func (m memory) remove(name string) error {
	if _, ok := m[name]; !ok {
		return syscall.ENOENT
	}
	delete(m, name)
	return nil
}

// attachFiles gives a device its file systems: in memory, or in the state directory.
func (l *Lab) attachFiles(d *Device) error {
	for _, f := range []*FileSystem{{name: Flash, size: flashSize}, {name: NVRAM, size: nvramSize}} {
		f.store, f.now = memory{}, l.Now
		if l.state != nil {
			var err error
			if f.store, err = l.state.store(d.Name(), f.name); err != nil {
				return err
			}
		}
		d.files = append(d.files, f)
	}
	if _, _, err := d.loadStartup(); err != nil { // only a state directory can hold an unreadable one
		return fmt.Errorf("state directory %s: %s can't boot: %w", l.state.path, d.Name(), err)
	}
	return nil
}

// FileSystems returns the file systems. The first is where a name without one belongs.
func (d *Device) FileSystems() []*FileSystem { return slices.Clone(d.files) }

// FileSystem returns a file system by its name, with the colon and in any case of letters, or nil.
func (d *Device) FileSystem(name string) *FileSystem {
	for _, f := range d.files {
		if strings.EqualFold(f.name, name) {
			return f
		}
	}
	return nil
}

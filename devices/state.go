package devices

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// state is the directory that the user names for what outlives the process:
//
//	DIR/DEVICE/nvram/startup-config
//	DIR/DEVICE/flash/NAME
//
// It is private, because configurations hold keys. A lab has it to itself, by a lock that ends with the process, however
// that ends. No name that an operator types leads out of it: every file is opened below an os.Root.
type state struct {
	path string
	lock *os.File // the directory
	root *os.Root
	open []*os.Root // of the file systems
}

// openState opens the directory, and makes it if need be.
func openState(path string) (_ *state, err error) {
	s := &state{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("state directory %s: %w", path, err), s.close())
		}
	}()
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if s.lock, err = os.Open(path); err != nil {
		return nil, err
	}
	switch err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, errors.New("another lab is using it: end that one, or name another directory")
	case err != nil:
		return nil, fmt.Errorf("lock: %w", err)
	}
	s.root, err = os.OpenRoot(path)
	return s, err
}

func (s *state) close() error {
	var errs []error
	for _, r := range append(s.open, s.root) {
		if r != nil {
			errs = append(errs, r.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// store opens the directory of one file system of a device.
func (s *state) store(device, system string) (store, error) {
	system = strings.TrimSuffix(system, ":")
	root := s.root
	for _, name := range []string{device, system} {
		if err := checkName(name); err != nil {
			return nil, fmt.Errorf("state directory %s: device %q can't have a directory of its name: %w", s.path, device, err)
		}
		var err error
		if root, err = subdirectory(root, name); err != nil {
			return nil, fmt.Errorf("state directory %s: %w", s.path, err)
		}
		s.open = append(s.open, root)
	}
	return directory{root}, nil
}

// subdirectory opens a directory, and makes it if need be.
func subdirectory(root *os.Root, name string) (*os.Root, error) {
	err := root.Mkdir(name, 0o700)
	switch {
	case err == nil:
		if err := flush(root); err != nil {
			return nil, err
		}
	case !errors.Is(err, os.ErrExist):
		return nil, err
	}
	return root.OpenRoot(name)
}

// directory is a store in a directory of this machine. Only regular files count: whatever else somebody has put there is
// neither listed nor followed.
type directory struct{ root *os.Root }

// partial is the file that is being written. It becomes a file of the router only when it is complete, by its new name; what
// a killed process leaves behind is overwritten by the next.
const partial = ".partial"

func (d directory) list() ([]FileInfo, error) {
	dir, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var list []FileInfo
	for _, name := range names {
		if checkName(name) != nil {
			continue
		}
		info, err := d.root.Lstat(name)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return nil, err
		case info.Mode().IsRegular():
			list = append(list, FileInfo{name, info.Size(), info.ModTime().UTC().Truncate(time.Second)})
		}
	}
	return list, nil
}

func (d directory) read(name string, most int64) ([]byte, error) {
	info, err := d.regular(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, syscall.EFBIG
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// regular returns what a regular file is, and an error for anything else: a pipe would never answer.
func (d directory) regular(name string) (os.FileInfo, error) {
	info, err := d.root.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, syscall.EISDIR
	case !info.Mode().IsRegular():
		return nil, syscall.EINVAL
	}
	return info, nil
}

// write is atomic, whatever ends the process or the machine: the bytes and their date are on the disk before the file takes
// the name, and the name is on the disk before write returns.
func (d directory) write(name string, data []byte, at time.Time) (err error) {
	if _, err := d.regular(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := d.root.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := d.root.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = d.root.Chtimes(partial, at, at)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = d.root.Rename(partial, name)
	}
	if err != nil {
		_ = d.root.Remove(partial) // it takes room; the error is the one above
		return err
	}
	return flush(d.root)
}

func (d directory) remove(name string) error {
	if _, err := d.regular(name); err != nil {
		return err
	}
	if err := d.root.Remove(name); err != nil {
		return err
	}
	return flush(d.root)
}

// flush brings the names in a directory to the disk.
func flush(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

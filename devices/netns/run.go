//go:build linux

package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Where runs are written down, and where `ip netns` looks for namespaces.
const (
	runDir   = "/run/lisplab"
	spaceDir = "/run/netns"
	prefix   = "lisplab."
)

// spaceName is the name of a node's namespace; that of no node is the one of what is plugged in nowhere.
func spaceName(run, node string) string {
	if node == "" {
		return prefix + run
	}
	return prefix + run + "." + node
}

// runOf is the run that a namespace belongs to; false for one that is not ours.
func runOf(space string) (run string, ours bool) {
	rest, ours := strings.CutPrefix(space, prefix)
	if !ours {
		return "", false
	}
	run, _, _ = strings.Cut(rest, ".")
	return run, run != ""
}

// ErrUp tells that a run of the name is up.
var ErrUp = errors.New("is up already")

// take locks the file of a run for this process, which ends with it.
func take(run string) (*os.File, error) {
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return nil, fmt.Errorf("%s is needed to write down what is up: %w", runDir, err)
	}
	path := filepath.Join(runDir, run)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if errors.Is(err, fs.ErrNotExist) { // the last run has just taken the directory away
			if err = os.MkdirAll(runDir, 0o755); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			pid := processOf(f)
			_ = f.Close()
			return nil, fmt.Errorf("lab %s %w, by process %d", run, ErrUp, pid)
		}
		if !stillAt(f, path) { // its owner has removed it between the two calls
			_ = f.Close()
			continue
		}
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		return f, err
	}
}

// give unlocks the file of a run and removes it.
func give(f *os.File) error {
	err := os.Remove(f.Name())
	_ = os.Remove(runDir) // the last one; with others in it, it stays
	return errors.Join(err, f.Close())
}

func stillAt(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

// processOf reads which process has locked a file; 0 when it has not said so yet.
func processOf(f *os.File) int {
	b := make([]byte, 20)
	n, _ := f.ReadAt(b, 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}

// Runs lists the names of the runs that are up, or have left something behind.
func Runs() ([]string, error) {
	var runs []string
	files, err := entries(runDir)
	if err != nil {
		return nil, err
	}
	spaces, err := entries(spaceDir)
	if err != nil {
		return nil, err
	}
	runs = append(runs, files...)
	for _, s := range spaces {
		if run, ours := runOf(s); ours {
			runs = append(runs, run)
		}
	}
	slices.Sort(runs)
	return slices.Compact(runs), nil
}

// entries lists a directory that need not be there.
func entries(dir string) (names []string, err error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names, err
}

// Lives tells whether the process of a run is there still.
func Lives(run string) bool {
	f, err := os.Open(filepath.Join(runDir, run))
	if err != nil {
		return false
	}
	defer f.Close()
	pid := processOf(f)
	return pid > 0 && syscall.Kill(pid, 0) == nil
}

// downWait is how long a run may take to end after it was asked to.
const downWait = 30 * time.Second

// Down ends a run: its process, if it lives, is asked to end, and what is left is taken away. It tells whether the process
// lived.
func Down(run string) (lived bool, err error) {
	if os.Geteuid() != 0 {
		return false, errNoRoot
	}
	asked := false
	for until := time.Now().Add(downWait); ; {
		f, err := take(run)
		if err == nil {
			return lived, errors.Join(Clean(run), give(f))
		}
		if !errors.Is(err, ErrUp) {
			return lived, err
		}
		lived = true
		wait := time.Until(until)
		if wait <= 0 {
			return lived, fmt.Errorf("%w, and has not ended in %v: end it with `kill -9`, then `lisplab down` again", err, downWait)
		}
		if !asked {
			if asked, err = ask(run); err != nil {
				return lived, err
			}
		}
		if !asked {
			wait = askAgain
		}
		awaitEnd(run, wait)
	}
}

// askAgain is how long a process that is just up, or just down, has to say who it is.
const askAgain = 10 * time.Millisecond

// awaitEnd waits until nobody holds the file of a run, or for so long.
func awaitEnd(run string, wait time.Duration) {
	f, err := os.Open(filepath.Join(runDir, run))
	if err != nil {
		return // it has just ended
	}
	free := make(chan struct{})
	go func() {
		for errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_SH), unix.EINTR) {
		}
		_ = f.Close() // and with it the lock
		close(free)
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-free:
	case <-timer.C:
	}
}

// ask asks the process of a run to end. It is false when that has not said who it is yet, or will not any more.
func ask(run string) (asked bool, err error) {
	f, err := os.Open(filepath.Join(runDir, run))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // it has just ended
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	pid := processOf(f)
	if pid <= 0 {
		return false, nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return false, fmt.Errorf("ending process %d of lab %s: %w", pid, run, err)
	}
	return true, nil
}

// Clean takes the namespaces of a run away, and with them all that is in them but for the machine's own interfaces, which go
// back there: the floor stays as long as one can't. Who calls it holds the run.
func Clean(run string) error {
	spaces, err := entries(spaceDir)
	if err != nil {
		return err
	}
	kept := giveBack(run)
	errs := []error{kept}
	for _, s := range spaces {
		if r, ours := runOf(s); ours && r == run && (kept == nil || s != spaceName(run, "")) {
			errs = append(errs, removeSpace(s))
		}
	}
	return errors.Join(errs...)
}

// removeSpace takes the name of a namespace away; without a name, a process or a socket in it, the kernel removes it. One
// that is half-made has a file and no mount.
func removeSpace(name string) error {
	path := filepath.Join(spaceDir, name)
	for {
		mounted, err := isMounted(path)
		if err == nil && mounted { // perhaps twice over
			err = unix.Unmount(path, unix.MNT_DETACH)
		} else if err == nil {
			if err = os.Remove(path); err == nil || errors.Is(err, fs.ErrNotExist) {
				return nil
			}
		}
		if err != nil {
			return fmt.Errorf("removing namespace %s: %w", name, err)
		}
	}
}

// isMounted tells whether there is a namespace at a path, and not just its file, or nothing.
func isMounted(path string) (bool, error) {
	var at unix.Statfs_t
	err := unix.Statfs(path, &at)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return at.Type == unix.NSFS_MAGIC, err
}

package shell

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"

	"lisplab/devices"
)

// A task is a command that goes on when its line has been answered: a ping, a traceroute, a lig. It has the terminal until it
// is done, as a connection to another router has: its text appears as it comes, and Ctrl-^ ends it. What else is typed
// meanwhile is for the prompt behind it. One that a line addressed to the lab has begun is none of a router's: Ctrl-C, by which
// everything else on this machine ends, ends it too.

// task returns the task that has the terminal, or nil.
func (s *Shell) task() devices.Task {
	switch {
	case s.labTask != nil:
		return s.labTask
	case s.at == nil:
		return nil
	}
	s.at.revive()
	return s.at.Task()
}

// watchTask has fn called when the task has something new, and not again for the same task: it is called at once.
func (s *Shell) watchTask(t devices.Task, fn func()) {
	if s.watched != t {
		s.watched = t
		t.OnChange(fn)
	}
}

// endTask takes the terminal from the task, if there is one. A task that is not done is given up.
func (s *Shell) endTask() {
	t := s.task()
	if t == nil {
		return
	}
	t.OnChange(nil)
	if s.watched = nil; !t.Done() {
		t.Abort()
	}
	if s.labTask != nil {
		s.labTask = nil
	} else {
		s.at.EndTask()
	}
}

// beginLabTask is for a task that a line addressed to the lab has begun, at a host for instance.
func (s *Shell) beginLabTask(t devices.Task) (text string, err error) {
	if s.lab.Following() {
		s.labTask = t
		return "", nil
	}
	err = s.lab.Await(t)
	return t.Text(), err
}

// Busy tells whether something other than the router's prompt has the terminal, a connection or a task: then Relay takes the
// keys.
func (s *Shell) Busy() (busy bool) {
	s.lab.Do(func() { busy = s.busy() })
	return busy
}

func (s *Shell) busy() bool { return s.task() != nil || s.calling() }

// Relay hands keys to what has the terminal. rest are those that it has no use for: they are for whoever has the terminal
// next. out is what a terminal in raw mode has to show.
func (s *Shell) Relay(keys []byte) (rest, out []byte, err error) {
	s.lab.Do(func() {
		switch {
		case s.task() != nil:
			rest, out, err = s.work(keys)
		case s.calling():
			var used int
			used, out, err = s.exchange(keys)
			rest = keys[used:]
		default:
			rest = keys
		}
	})
	return rest, out, err
}

// work lets the task go on. Of the keys it uses those that end it.
func (s *Shell) work(keys []byte) (rest, out []byte, err error) {
	t := s.task()
	ends := func(key rune) bool { return key == ctrlCaret || key == ctrlC && s.labTask != nil }
	if i := bytes.IndexFunc(keys, ends); i >= 0 {
		t.Abort()
		keys = slices.Concat(keys[:i], keys[i+1:])
	}
	err = s.lab.Settle()
	text := t.Text()
	if t.Done() || err != nil {
		s.endTask()
	} else {
		s.watchTask(t, s.ring)
	}
	return keys, []byte(strings.ReplaceAll(text, "\n", "\r\n")), err
}

// relay hands the terminal to the connection that the session has opened or resumed, or to the task that it has begun, if
// there is one, until that is over or left. wait waits for more keys, or until the shell rings.
func (s *Shell) relay(k *keys, screen *bufio.Writer, wait func() error) error {
	var ahead []byte // typed for the prompt behind it
	for s.Busy() {
		rest, out, err := s.Relay(k.typed)
		ahead, k.typed = typedAhead(ahead, rest), nil
		_, _ = screen.Write(out) // an error comes up at the next wait
		if err != nil {
			return err
		}
		if !s.Busy() {
			break
		}
		if err := wait(); err != nil {
			return err
		}
	}
	if len(ahead) > 0 {
		k.typed = append(ahead, k.typed...)
	}
	return nil
}

// maxAhead is how many keys are kept of those that come while nobody reads them. More are lost.
const maxAhead = 64 << 10

// typedAhead adds keys to those that are kept.
func typedAhead(kept, more []byte) []byte {
	return append(kept, more[:min(len(more), max(0, maxAhead-len(kept)))]...)
}

// await is how a script sees a task: it lets lab time pass until the task is done.
func (s *Shell) await() (text string, err error) {
	t := s.task()
	if t == nil || s.ring != nil || s.lab.Following() {
		return "", nil
	}
	err = s.lab.Await(t)
	text = t.Text()
	s.endTask()
	return text, err
}

// remote is who has sent a line to be run, without a terminal: by an exec request.
type remote struct {
	gone  <-chan struct{} // closed when nobody is there to read the answer
	abort chan struct{}   // has one when Ctrl-^ was typed
	show  io.Writer
}

func newRemote(show io.Writer, gone <-chan struct{}) *remote {
	return &remote{gone, make(chan struct{}, 1), show}
}

// listen reads what is typed while a line runs: Ctrl-^ counts. It returns when nobody can type any more.
func (r *remote) listen(keys io.Reader) {
	buf := make([]byte, 256)
	for {
		n, err := keys.Read(buf)
		if bytes.IndexByte(buf[:n], ctrlCaret) >= 0 {
			select {
			case r.abort <- struct{}{}:
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

// outlast shows a task that a remote line has begun, while lab time follows the wall clock, until it is done or nobody is
// there any more. above is what stands above its text; it is returned when there is no task, and has not been shown then.
func (s *Shell) outlast(above string) (unshown string, err error) {
	working := false
	if s.remote != nil {
		s.lab.Do(func() { working = s.task() != nil })
	}
	if !working {
		return above, nil
	}
	defer s.lab.Do(s.endTask)
	changed := make(chan struct{}, 1)
	changed <- struct{}{}
	for {
		select {
		case <-changed:
		case <-s.remote.abort:
			s.lab.Do(func() {
				if t := s.task(); t != nil {
					t.Abort()
				}
			})
		case <-s.remote.gone:
			return "", nil
		}
		text, done := above, false
		s.lab.Do(func() {
			t := s.task()
			if done = t == nil; done {
				return
			}
			text += t.Text()
			if err = s.lab.Err(); err != nil || t.Done() {
				done = true
				return
			}
			s.watchTask(t, func() {
				select {
				case changed <- struct{}{}:
				default:
				}
			})
		})
		if above = ""; text != "" {
			if _, werr := io.WriteString(s.remote.show, text); werr != nil {
				return "", err
			}
		}
		if done {
			return "", err
		}
	}
}

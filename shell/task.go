package shell

import (
	"bytes"
	"strings"

	"lisplab/devices"
)

// A task is a command that goes on when its line has been answered: a ping, a traceroute, a lig. It has the terminal until it
// is done, as a connection to another router has: its text appears as it comes, and Ctrl-^ ends it. What else is typed
// meanwhile is for the prompt behind it.

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

func (s *Shell) endTask() {
	if s.labTask != nil {
		s.labTask = nil
		return
	}
	s.at.EndTask()
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

// Relay hands keys to what has the terminal. It returns how many it has used; what is left of them is for whoever has the
// terminal next. out is what a terminal in raw mode has to show.
func (s *Shell) Relay(keys []byte) (used int, out []byte, err error) {
	s.lab.Do(func() {
		switch {
		case s.task() != nil:
			used, out, err = s.work(keys)
		case s.calling():
			used, out, err = s.exchange(keys)
		}
	})
	return used, out, err
}

// work lets the task go on. Of the keys it uses those up to Ctrl-^.
func (s *Shell) work(keys []byte) (used int, out []byte, err error) {
	t := s.task()
	if i := bytes.IndexByte(keys, ctrlCaret); i >= 0 {
		t.Abort()
		used = i + 1
	}
	err = s.lab.Settle()
	text := t.Text()
	if t.Done() || err != nil {
		text += t.Text()
		s.endTask()
	} else {
		t.OnChange(s.ring)
	}
	return used, []byte(strings.ReplaceAll(text, "\n", "\r\n")), err
}

// await is how a script sees a task: it lets lab time pass until the task is done.
func (s *Shell) await() (text string, err error) {
	t := s.task()
	if t == nil || s.ring != nil || s.lab.Following() {
		return "", nil
	}
	err = s.lab.Await(t)
	s.endTask()
	return t.Text(), err
}

// outlast waits for a task while lab time follows the wall clock, where no front end relays it: a command that came by an
// exec request. It gives the task up when until ends.
func (s *Shell) outlast(until <-chan struct{}) (text string, err error) {
	changed := make(chan struct{}, 1)
	for {
		var done bool
		s.lab.Do(func() {
			t := s.task()
			if done = t == nil; done {
				return
			}
			text += t.Text()
			if done = t.Done() || s.lab.Err() != nil; done {
				s.endTask()
				err = s.lab.Err()
				return
			}
			t.OnChange(func() {
				select {
				case changed <- struct{}{}:
				default:
				}
			})
		})
		if done {
			return text, err
		}
		select {
		case <-changed:
		case <-until:
			s.lab.Do(func() {
				if t := s.task(); t != nil {
					t.Abort()
					s.endTask()
				}
			})
			return text, nil
		}
	}
}

package shell

import (
	"strings"
	"time"

	"lisplab/commands"
	"lisplab/devices"
)

// NewLog returns the lines that the attached router's log has got since it was attached to or since the last call, as
// terminals show them: those that go to this one.
func (s *Shell) NewLog() (text string) {
	s.lab.Do(func() { text = s.newLog() })
	return text
}

func (s *Shell) newLog() string {
	var b strings.Builder
	for _, l := range s.at.newLog() {
		if s.at.Terminal == nil || s.at.Terminal.Shows(l) {
			b.WriteString(commands.LogText(s.at.Device.Config(), s.at.booted, l) + "\n")
		}
	}
	return b.String()
}

// ConsoleLog returns what a script sees the attached router's console show by itself since the last call: lines of the log,
// and the prompt above them. There is no text when there is none, and until the terminal is back at a prompt.
func (s *Shell) ConsoleLog() (prompt, text string) {
	s.lab.Do(func() {
		if !s.seated || s.at == nil {
			return
		}
		prompt = s.prompt()
		if !s.asked() && (!s.calling() || s.atPrompt()) {
			text = s.newLog()
		}
	})
	return prompt, text
}

// mark is how far a log is shown. Lines have no number, and old ones leave the log: it is told by the instant of the last
// line shown, and by how many of that instant are.
type mark struct {
	logged time.Time
	shown  int
}

// markOf takes all lines that are in the router's log as shown.
func markOf(d *devices.Device) (m mark) {
	log := d.Log()
	if len(log) == 0 {
		return m
	}
	m.logged = log[len(log)-1].At
	for i := len(log); i > 0 && log[i-1].At.Equal(m.logged); i-- {
		m.shown++
	}
	return m
}

// newLog returns the lines of the log that are not shown yet, and marks them as shown.
func (c *session) newLog() []devices.LogLine {
	log := c.Device.Log()
	first := len(log)
	for first > 0 && log[first-1].At.After(c.logged) {
		first--
	}
	same := first
	for same > 0 && log[same-1].At.Equal(c.logged) {
		same--
	}
	first = min(first, same+c.shown)
	if len(log) > 0 {
		c.mark = markOf(c.Device)
	}
	return log[first:]
}

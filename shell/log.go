package shell

import (
	"strings"

	"lisplab/commands"
	"lisplab/devices"
)

// NewLog returns the lines that the attached router's log has got since it was attached to or since the last call, as
// terminals show them: those that go to this one.
func (s *Shell) NewLog() (text string) {
	s.lab.Do(func() {
		var b strings.Builder
		for _, l := range s.at.newLog() {
			if s.at.Terminal == nil || s.at.Terminal.Shows(l) {
				b.WriteString(commands.LogText(s.at.Device.Config(), s.at.booted, l) + "\n")
			}
		}
		text = b.String()
	})
	return text
}

// newLog returns the lines of the log that are not shown yet, and marks them as shown. Lines have no number, and old ones
// leave the log: what is shown is told by the instant of the last line shown, and by how many of that instant are.
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
	c.markLog()
	return log[first:]
}

// markLog takes all lines that are in the log as shown.
func (c *session) markLog() {
	log := c.Device.Log()
	if len(log) == 0 {
		return
	}
	c.logged, c.shown = log[len(log)-1].At, 0
	for i := len(log); i > 0 && log[i-1].At.Equal(c.logged); i-- {
		c.shown++
	}
}

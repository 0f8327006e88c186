package commands

import (
	"cmp"
	"fmt"
	"io"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// Form is how a show command lays out its rows.
type Form string

const (
	FormIOS      Form = "ios"      // the columns of a router, to the byte; the zero Form means this too
	FormDocument Form = "document" // as the vendor's documentation shows them: tab-separated cells, or free blanks
	FormJSON     Form = "json"     // an array of objects, one per row
)

// Context is one session at a router: where it is attached, in which mode it stands, and where its answers go. The zero
// mode stack is a session in privileged EXEC mode.
type Context struct {
	Lab    *devices.Lab
	Device *devices.Device
	Out    io.Writer
	Form   Form
	Width  int // of the terminal in columns; 0 means unlimited

	// Terminal is what the session is shown on; nil for one that is shown on none, such as a script.
	Terminal *Terminal

	// Config is the candidate configuration, while a row of configuration runs.
	Config *devices.Config

	// Caller has the session's telnet connections; nil where none can be opened.
	Caller Caller

	// Attach is the device that `lab connect` asked for; who runs the session acts on it and clears it.
	Attach string
	// Closed is set by `exit` and `logout` in EXEC mode: the session is over.
	Closed bool

	loading devices.Release // in Load: the release of the router that the file is for
	set     *Set            // whose row runs
	frames  []frame
	level   uint8 // of privilege, in user EXEC mode; 0 means that of a user

	history []string // the lines that were typed in EXEC modes, oldest first

	question *Question // that waits for an answer; nil when none does

	task devices.Task // that has the session until it is done; nil when none does
}

// frame is one level of the mode stack. subject and instance say which block of configuration the mode is about.
type frame struct {
	mode     grammar.Mode
	subject  string // an interface, a site, a locator-set, a VRF
	instance uint32 // of an eid-table or an instance-id

	vty         bool // of lines: vtys, from the first to the last; else the console
	first, last int
}

// Mode returns the mode that the next line is read in.
func (c *Context) Mode() grammar.Mode { return c.top().mode }

func (c *Context) top() frame {
	if len(c.frames) == 0 {
		return frame{mode: Exec}
	}
	return c.frames[len(c.frames)-1]
}

// enter goes down into a mode.
func (c *Context) enter(f frame) {
	if len(c.frames) == 0 {
		c.frames = []frame{{mode: Exec}}
	}
	c.frames = append(c.frames[:len(c.frames):len(c.frames)], f)
}

// restart leaves all modes for an EXEC mode.
func (c *Context) restart(m grammar.Mode) { c.frames = []frame{{mode: m}} }

// Prompt returns the prompt that stands before the next line.
func (c *Context) Prompt() string {
	mode := c.Mode()
	if c.Lab.ShortPrompts() {
		mode = shortMode(mode)
	}
	cfg := c.config()
	switch {
	case mode == User && c.Level() > devices.LevelUser:
		mode = Exec // which has the same prompt: a level above that of a user
	case cfg.Services.NoPromptConfig && mode != User && mode != Exec:
		return ""
	}
	return promptText(cfg.Hostname, mode)
}

// promptText words a prompt. In configuration modes IOS cuts the hostname at 20 characters.
func promptText(host string, m grammar.Mode) string {
	host = cmp.Or(host, defaultHostname)
	switch m {
	case User:
		return host + ">"
	case Exec:
		return host + "#"
	}
	return host[:min(len(host), 20)] + "(" + string(m) + ")#"
}

// say writes to the answer.
func (c *Context) say(format string, args ...any) error {
	_, err := fmt.Fprintf(c.Out, format, args...)
	return err
}

// Begin leaves a task with the session: the command that ran has begun it, and no other one runs before it is done.
func (c *Context) Begin(t devices.Task) { c.task = t }

// Task returns the task that has the session; nil when none does.
func (c *Context) Task() devices.Task { return c.task }

// EndTask takes the session back from its task.
func (c *Context) EndTask() { c.task = nil }

// config is the configuration that the session sees: the router's or, where there is no router, that of the file.
func (c *Context) config() devices.Config {
	switch {
	case c.Device != nil:
		return c.Device.Config()
	case c.Config != nil:
		return *c.Config
	}
	return devices.Config{}
}

func (c *Context) release() devices.Release {
	if c.Device == nil {
		return c.loading
	}
	return c.Device.Release()
}

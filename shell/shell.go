package shell

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"lisplab/commands"
	"lisplab/commands/grammar"
	"lisplab/devices"
)

// Shell is a terminal that can be attached to each router of a lab. Every router keeps its own session: coming back to
// one finds the mode in which it was left. A Shell is for one goroutine.
type Shell struct {
	lab      *devices.Lab
	set      *commands.Set
	console  bool
	seated   bool                         // at consoles, for a script (see SitAtConsole)
	other    map[*devices.Device]*session // at the vtys when the terminal is at consoles, and the other way round
	marks    map[*devices.Device]mark     // how far each log was when it came there
	form     commands.Form
	sessions map[*devices.Device]*session
	at       *session
	refused  bool
	ring     func()       // wakes the front end when a connection to another router has changed; nil for a script
	labTask  devices.Task // that a line addressed to the lab has begun; nil when none is under way
	watched  devices.Task // that rings
	remote   *remote      // who sends whole lines on the wall clock; nil for all others
	idle     func()       // wakes a console whose session is over; nil when nobody sits there
}

// session is the line of one router that the terminal is attached to.
type session struct {
	commands.Context
	booted time.Time // a restart of the router ends the session
	mark             // how far the log is shown

	bound bool // it is that of one vty, and is over when it loses its line

	// Of a console alone.
	seat     func(*session) // takes the router's console
	over     bool           // the session has ended, and another one can begin
	restart  bool           // it has because the router was restarted
	entering bool           // who is there is being asked

	calls  calls
	screen screen // of the call, for a script
}

// New returns a terminal in front of the lab, attached to no router.
func New(lab *devices.Lab, set *commands.Set) *Shell {
	lab.Do(func() { lab.Answer(answering(lab, set, HostKeys{})) })
	return newShell(lab, set)
}

func newShell(lab *devices.Lab, set *commands.Set) *Shell {
	return &Shell{lab: lab, set: set, form: commands.FormIOS, sessions: map[*devices.Device]*session{}}
}

// SetConsole makes the terminal the lab's console, before it is attached to a router: it has pages, and lines that begin
// with the word `lab` are addressed to the lab. Other terminals pass them on to the router, which does not know the word.
func (s *Shell) SetConsole(on bool) { s.console = on }

// SitAtConsole takes the terminal of a script to the consoles of the routers, or back to its vtys. The sessions that it
// leaves stay as they are. Logs are shown at the consoles from here on (see ConsoleLog).
func (s *Shell) SitAtConsole(on bool) (err error) {
	s.lab.Do(func() {
		if on == s.seated {
			return
		}
		s.seated = on
		if s.sessions, s.other = s.other, s.sessions; s.sessions == nil {
			s.sessions = map[*devices.Device]*session{}
		}
		s.marks = map[*devices.Device]mark{}
		for _, d := range s.lab.Devices() {
			m := markOf(d)
			if s.marks[d] = m; s.sessions[d] != nil {
				s.sessions[d].mark = m
			}
		}
		if s.at != nil {
			err = s.attach(s.at.Device.Name())
		}
	})
	return err
}

// SetForm chooses how show commands lay out their answer, at every router.
func (s *Shell) SetForm(f commands.Form) { s.form = f }

// Attach connects the terminal to a router, by its name in the lab.
func (s *Shell) Attach(device string) (err error) {
	s.lab.Do(func() { err = s.attach(device) })
	return err
}

func (s *Shell) attach(device string) error {
	d := s.lab.Device(device)
	if d == nil {
		var names []string
		for _, d := range s.lab.Devices() {
			names = append(names, d.Name())
		}
		return fmt.Errorf("found device %q, expected one of %s", device, strings.Join(names, ", "))
	}
	if s.sessions[d] == nil {
		c := &session{Context: commands.Context{Lab: s.lab, Device: d}, booted: d.Booted()}
		if s.console || s.seated {
			c.seat = s.seatConsole
			c.seat(c)
		}
		c.mark = markOf(d)
		if s.seated {
			c.mark = s.marks[d]
		}
		s.sessions[d] = c
	}
	s.at = s.sessions[d]
	return nil
}

// touch notes that somebody sits at the terminal and has just typed.
func (s *Shell) touch() {
	s.lab.Do(func() {
		if t := s.at.Terminal; t != nil {
			t.Touch()
		}
	})
}

// Attached tells whether the shell sits at a router, which it does from the first Attach or AttachPrompt on.
func (s *Shell) Attached() bool { return s.at != nil }

// Device returns the router that the terminal is attached to.
func (s *Shell) Device() *devices.Device { return s.at.Device }

// Length is how many lines a page of the terminal has; 0 means that there are no pages.
func (s *Shell) Length() int {
	if t := s.at.Terminal; t != nil {
		return t.Length
	}
	return 0
}

// Closed tells whether `exit` in EXEC mode has ended the session.
func (s *Shell) Closed() bool { return s.at.Closed }

// Prompt returns the prompt that stands before the next line, and nothing follows it, not even a blank; or the question
// that the line will answer.
func (s *Shell) Prompt() (prompt string) {
	s.lab.Do(func() { prompt = s.prompt() })
	return prompt
}

func (s *Shell) prompt() string {
	s.at.revive()
	if !s.at.Device.Running() { // it has no name of its own then
		return s.at.Device.Name() + "#"
	}
	if q, asked := s.at.Asked(); asked {
		return q.Prompt
	}
	if s.calling() {
		if _ = s.listen(""); s.calling() { // the lab keeps the error
			return s.at.screen.prompt()
		}
	}
	return s.at.Prompt()
}

// Refused tells whether the last line that Exec ran was refused: its answer says what is wrong with it.
func (s *Shell) Refused() bool { return s.refused }

// Mode returns the mode that the next line is read in.
func (s *Shell) Mode() (m grammar.Mode) {
	s.lab.Do(func() {
		s.at.revive()
		m = s.at.Mode()
	})
	return m
}

// InConfiguration tells whether the next line is a line of configuration.
func (s *Shell) InConfiguration() bool {
	m := s.Mode()
	return m != commands.User && m != commands.Exec
}

// sit makes the session that of a vty.
func (s *Shell) sit(line *devices.Terminal) { s.at.Terminal, s.at.bound = line, true }

// gone tells whether the session has lost its vty, with the power of its router for instance. Nothing that is typed there
// any more reaches the router, which may be back: who typed it has not logged in since.
func (c *session) gone() bool { return c.bound && !c.Terminal.Open() }

// revive starts the session anew when its router has been restarted.
func (c *session) revive() {
	if c.bound {
		return
	}
	if b := c.Device.Booted(); !b.Equal(c.booted) {
		*c = session{Context: commands.Context{Lab: c.Lab, Device: c.Device}, booted: b, seat: c.seat}
		if c.seat != nil {
			c.seat(c)
			c.over, c.restart = true, true
		}
	}
}

// Exec runs one typed line, or answers the question that waits, and returns what the screen shows below it, up to the
// next prompt. What is wrong with the line is part of the answer, in IOS's words; an error means that the lab itself has
// failed.
func (s *Shell) Exec(line string) (text string, err error) {
	s.lab.Do(func() { text, err = s.exec(line) })
	if err == nil {
		text, err = s.outlast(text)
	}
	return text, err
}

// ExecEnd runs what was typed before Ctrl-Z, if anything was, and leaves configuration. At a question it is Interrupt.
func (s *Shell) ExecEnd(line string) (text string, err error) {
	s.lab.Do(func() {
		if s.asked() {
			s.at.Unask()
			return
		}
		if text, err = s.exec(line); err == nil {
			text += s.end()
			err = s.lab.Settle()
		}
	})
	return text, err
}

// Interrupt is Ctrl-C: it leaves configuration and drops what was typed. A question, and the command that asked it, are
// given up instead.
func (s *Shell) Interrupt() (text string, err error) {
	s.lab.Do(func() {
		text = s.end()
		err = s.lab.Settle()
	})
	return text, err
}

// end leaves configuration modes.
func (s *Shell) end() string {
	if s.at.gone() {
		return ""
	}
	if s.asked() {
		s.at.Unask()
		return ""
	}
	if m := s.at.Mode(); m == commands.User || m == commands.Exec {
		return ""
	}
	return s.run("end")
}

func (s *Shell) exec(line string) (string, error) {
	if s.at.gone() {
		s.at.Closed = true
		return "", nil
	}
	if s.calling() {
		return s.callLine(line + "\r")
	}
	at := s.at
	text := at.screen.take() + s.dispatch(line)
	if more, err := s.await(); more != "" || err != nil {
		return text + more, err
	}
	if err := s.lab.Settle(); err != nil || s.at != at || !s.calling() || s.ring != nil {
		return text, err
	}
	return s.begun(text)
}

func (s *Shell) dispatch(line string) string {
	s.refused = false
	if s.asked() {
		return s.reply(line)
	}
	if rest, ok := s.labLine(line); ok {
		return s.runLab(line, rest)
	}
	s.at.revive()
	if !s.at.Device.Running() {
		s.refused = true
		return s.at.dead()
	}
	if s.at.Device.Frozen() {
		s.refused = true
		return fmt.Sprintf("%% %s is frozen\n", s.at.Device.Name())
	}
	if s.over() { // only RETURN begins another session
		return ""
	}
	return s.run(line)
}

// dead is what a terminal at a router without power says. A real one would stay dark; a person wants to know why.
func (c *session) dead() string {
	if at, ok := c.Device.Booting(); ok {
		return fmt.Sprintf("%% %s boots in %v\n", c.Device.Name(), at.Sub(c.Lab.Now()).Round(time.Second))
	}
	return fmt.Sprintf("%% %s is powered off\n", c.Device.Name())
}

// run lets the router answer a line, and does with the answer what follows its pipe signs.
func (s *Shell) run(line string) string {
	c := &s.at.Context
	var out bytes.Buffer
	width := len(c.Prompt())
	c.Out, c.Form, c.Caller = &out, s.form, s.caller()
	err := s.set.Run(c, line)
	if c.Closed {
		s.at.calls.hangUp()
	}
	text := out.String()
	if err == nil {
		text, err = pipe(text, pipeOf(line), c.SaveOutput)
	}
	if err != nil {
		s.refused = true
		text += commands.ErrorText(err, width, line)
	}
	return text
}

// caller is for the lines that open and close connections to other routers.
func (s *Shell) caller() commands.Caller {
	s.at.calls.device, s.at.calls.ring = s.at.Device, s.ring
	return &s.at.calls
}

// labLine tells whether a line is addressed to the lab, and what it says.
func (s *Shell) labLine(line string) (rest string, ok bool) {
	if !s.console {
		return "", false
	}
	return behindLab(line)
}

// behindLab returns what stands behind the word `lab` at the beginning of a line.
func behindLab(line string) (rest string, ok bool) {
	words := grammar.Split(line)
	if len(words) == 0 || !strings.EqualFold(words[0].Text, labWord) {
		return "", false
	}
	return line[words[0].Col+len(labWord):], true
}

const (
	labWord = "lab"
	labHelp = "Act on the lab itself: time, links, power"
)

// runLab runs what stands behind `lab` in line; the word alone asks what that may be.
func (s *Shell) runLab(line, rest string) string {
	if strings.TrimSpace(rest) == "" {
		rest = "help"
	}
	text, err := s.Direct(rest)
	if err != nil {
		s.refused = true
		text += commands.LabErrorText(err, len(s.prompt())+len(line)-len(rest), rest)
	}
	return text
}

// Direct runs a line addressed to the lab, without the word `lab`: a directive of a transcript. It runs inside the
// caller's Lab.Do, and the caller settles the lab afterwards.
func (s *Shell) Direct(line string) (text string, err error) {
	var out bytes.Buffer
	c := &commands.Context{Lab: s.lab, Out: &out, Form: s.form}
	if s.at != nil {
		c.Device = s.at.Device
	}
	switch err = s.set.RunLab(c, line); {
	case err != nil:
	case c.Attach != "":
		err = s.attach(c.Attach)
	case c.Task() != nil:
		var more string
		more, err = s.beginLabTask(c.Task())
		out.WriteString(more)
	}
	return out.String(), err
}

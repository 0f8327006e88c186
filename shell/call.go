package shell

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/lispcore"
	"lisplab/shell/telnet"
)

// calls are the connections that a session at one router has opened to other hosts, by telnet or SSH. One of them may have
// the terminal: then keys go to the far end, and what it shows is on the screen in place of the router's own prompt.
//
//	keys ──type──> link ──> devices.Stream ~~~ underlay ~~~> the far router's VTY (answer.go)
//	screen <──hear── link <──┘
//
// It is for who is on the goroutine that owns the lab.
type calls struct {
	device *devices.Device
	ring   func() // told when a connection has changed; nil: nobody waits
	list   []*call
	at     *call // has the terminal; nil when the router itself has
	last   *call // had it last
	left   bool  // a key has taken the terminal from a connection: the screen goes on with a new line
	failed bool  // the last attempt to connect came to nothing
}

type call struct {
	number  int
	host    string
	stream  *devices.Stream
	link    link
	wording wording
	open    bool   // it has been told that the connection stands
	escaped bool   // Ctrl-^ was typed
	ahead   []byte // typed before the connection stood
	partial string // the far end's prompt when the call was left, for a script
}

// wording is what a protocol says of its connections.
type wording struct{ stands, fails string }

var (
	telnetWording = wording{"Open\r\n", "\r\n"} // behind `Trying ... `
	sshWording    wording
)

const (
	ctrlCaret = 0x1E // Ctrl-^: the key that leaves a call when an x follows
	leaveCall = 'x'
)

// Telnet opens a connection that takes the terminal over.
func (c *calls) Telnet(host string, to netip.AddrPort) {
	s := c.device.Dial(to)
	c.add(&call{host: host, stream: s, link: &telnetLink{s, telnet.NewClient()}, wording: telnetWording})
	s.OnChange(c.ring)
}

// SSH does the same, for a user.
func (c *calls) SSH(user, host string, to netip.AddrPort) {
	s := c.device.Dial(to)
	l := newSSHCall(s, user)
	c.add(&call{host: host, stream: s, link: l, wording: sshWording})
	ring := c.ring
	s.OnChange(func() {
		l.stir()
		if ring != nil {
			ring()
		}
	})
}

func (c *calls) add(k *call) {
	k.number = c.free()
	c.list = append(c.list, k)
	slices.SortFunc(c.list, func(a, b *call) int { return a.number - b.number })
	c.at, c.last, c.failed = k, k, false
}

// free is the lowest number that no connection has.
func (c *calls) free() int {
	n := 1
	for slices.ContainsFunc(c.list, func(k *call) bool { return k.number == n }) {
		n++
	}
	return n
}

// Calls lists the connections.
func (c *calls) Calls() (list []commands.Call) {
	for _, k := range c.list {
		list = append(list, commands.Call{Number: k.number, Host: k.host, Addr: k.stream.Remote.Addr(),
			Waiting: k.link.waiting(), Idle: k.stream.Idle(), Last: k == c.last})
	}
	return list
}

// Resume gives the terminal to a connection.
func (c *calls) Resume(number int) {
	if k := c.numbered(number); k != nil {
		c.at, c.last = k, k
	}
}

// Disconnect ends a connection.
func (c *calls) Disconnect(number int) {
	if k := c.numbered(number); k != nil {
		k.link.close()
		c.drop(k)
	}
}

// hangUp ends all connections: the session is over.
func (c *calls) hangUp() {
	for _, k := range c.list {
		k.link.close()
	}
	c.list, c.at, c.last = nil, nil, nil
}

func (c *calls) numbered(number int) *call {
	for _, k := range c.list {
		if k.number == number {
			return k
		}
	}
	return nil
}

func (c *calls) drop(k *call) {
	c.list = slices.DeleteFunc(c.list, func(o *call) bool { return o == k })
	if c.at == k {
		c.at = nil
	}
	if c.last == k {
		c.last = nil
		if len(c.list) > 0 {
			c.last = c.list[len(c.list)-1]
		}
	}
}

// typed sends keys to the far end, up to those that leave the call. It returns how many it has used.
func (c *calls) typed(keys []byte) (used int) {
	k := c.at
	if k.stream.State() == devices.StreamDialling {
		return c.keep(keys)
	}
	var out []byte
	for i, key := range keys {
		switch escaped := k.escaped; {
		case escaped && (key == leaveCall || key == leaveCall-'a'+'A'):
			k.escaped = false
			k.link.write(out)
			c.at, c.left = nil, true
			return i + 1
		case key == ctrlCaret && !escaped:
			k.escaped = true
		case escaped && key != ctrlCaret:
			k.escaped = false // no command of ours: it is dropped
		default:
			k.escaped = false
			out = append(out, key)
		}
	}
	k.link.write(out)
	return len(keys)
}

// keep keeps keys until the connection stands. Ctrl-^ gives it up.
func (c *calls) keep(keys []byte) (used int) {
	k := c.at
	if i := bytes.IndexByte(keys, ctrlCaret); i >= 0 {
		k.stream.Close(true)
		c.drop(k)
		c.left = true
		return i + 1
	}
	k.ahead = typedAhead(k.ahead, keys)
	return len(keys)
}

// hear returns what the call that has the terminal shows, and takes the terminal from a call that is over.
func (c *calls) hear() (out []byte, err error) {
	k := c.at
	if k == nil || k.stream.State() == devices.StreamDialling {
		return nil, nil
	}
	if stood := k.stream.Local.IsValid(); stood && !k.open {
		k.open = true
		out = append(out, k.wording.stands...)
		c.typed(k.ahead)
		k.ahead = nil
	}
	data, err := k.link.read()
	out = append(out, data...)
	if err != nil || !k.link.over() {
		return out, err
	}
	k.link.close()
	c.drop(k)
	if k.open {
		return fmt.Appendf(out, "\r\n[Connection to %s closed by foreign host]\r\n", k.host), nil
	}
	c.failed = true
	return fmt.Appendf(out, "%s%% %s\r\n\r\n", k.wording.fails, whyNot(k.stream.Reason())), nil
}

// whyNot words why a connection was not made.
func whyNot(r lispcore.CloseReason) string {
	switch r {
	case lispcore.ClosedByRefusal:
		return "Connection refused by remote host"
	case lispcore.ClosedNoRoute:
		return "Destination unreachable; gateway or host down"
	}
	return "Connection timed out; remote host not responding"
}

// exchange types keys at the call that has the terminal, and lets everything happen that follows at the present instant.
// out is what the terminal gets; calling tells whether the call has the terminal still.
func (s *Shell) exchange(keys []byte) (used int, out []byte, err error) {
	c := &s.at.calls
	if c.at != nil {
		used = c.typed(keys)
	}
	if c.left {
		c.left = false
		out = append(out, "\r\n"...)
	}
	for {
		if err = s.lab.Settle(); err != nil {
			return used, out, err
		}
		more, err := c.hear()
		out = append(out, more...)
		if err != nil || len(more) == 0 {
			return used, out, err
		}
	}
}

func (s *Shell) calling() bool {
	if s.at == nil {
		return false
	}
	s.at.revive()
	return s.at.calls.at != nil && s.at.Device.Running() && !s.at.gone()
}

// hangUp ends the connections of the session, and its task.
func (s *Shell) hangUp() {
	s.lab.Do(func() {
		s.endTask()
		if s.at != nil {
			s.at.calls.hangUp()
			_ = s.lab.Settle() // the lab keeps the error
		}
	})
}

// What follows is for scripts, which have no screen: they take whole lines and answer in whole lines.

// screen is what a script sees of a far end: the lines that are finished, and the one that is not, which is a prompt.
type screen struct {
	text strings.Builder
	line []byte
	col  int

	shown string // of the unfinished line, to who reads whole lines: it stood there as the prompt
}

func (s *screen) write(data []byte) {
	for _, b := range data {
		switch {
		case b == '\r':
			s.col = 0
		case b == '\n':
			s.text.WriteString(strings.TrimRight(strings.TrimPrefix(string(s.line), s.shown), " ") + "\n")
			s.line, s.col, s.shown = s.line[:0], 0, ""
		case b == '\b':
			s.col = max(0, s.col-1)
		case b < ' ':
		default:
			if s.col == len(s.line) {
				s.line = append(s.line, b)
			} else {
				s.line[s.col] = b
			}
			s.col++
		}
	}
}

// take returns the finished lines, and forgets them.
func (s *screen) take() string {
	text := s.text.String()
	s.text.Reset()
	return text
}

// prompt is the unfinished line up to the cursor.
func (s *screen) prompt() string { return string(s.line[:s.col]) }

func (s *screen) setPrompt(text string) {
	s.line, s.col, s.shown = append(s.line[:0], text...), len(text), text
}

// listen shows a script what its call has to show: it types keys, lets lab time pass while a connection is being made, and
// goes on at each `--More--`, as nobody reads page by page.
func (s *Shell) listen(keys string) error {
	c, screen := &s.at.calls, &s.at.screen
	for {
		k := c.at
		_, out, err := s.exchange([]byte(keys))
		if err == nil {
			err = s.lab.AwaitOthers()
		}
		if err == nil {
			var more []byte
			_, more, err = s.exchange(nil)
			out = append(out, more...)
		}
		screen.write(out)
		if c.at != k {
			screen.setPrompt("")
		}
		keys = ""
		switch {
		case err != nil:
			return err
		case c.at != nil && strings.HasSuffix(screen.prompt(), more):
			keys = " "
		case len(out) == 0:
			screen.shown = screen.prompt()
			return nil
		}
	}
}

// callLine types a line at the far end, whose echo is not part of the answer.
func (s *Shell) callLine(keys string) (text string, err error) {
	screen := &s.at.screen
	before := screen.take() // what has come since the last line
	err = s.listen(keys)
	_, text, _ = strings.Cut(screen.take(), "\n")
	return before + text, err
}

// begun shows a script a call that has just been opened or resumed by a line of the router. text is the answer to that
// line.
func (s *Shell) begun(text string) (string, error) {
	screen, k := &s.at.screen, s.at.calls.at
	screen.setPrompt("")
	screen.write([]byte(text))
	if k.partial != "" {
		screen.setPrompt(k.partial)
	}
	err := s.listen("")
	s.refused = s.refused || s.at.calls.failed
	s.at.calls.failed = false
	return screen.take(), err
}

// typeCall is Type while a call has the terminal.
func (s *Shell) typeCall(typed string) (text string, err error) {
	if left, ok := strings.CutSuffix(typed, KeyLeave); ok {
		screen, k := &s.at.screen, s.at.calls.at
		if err = s.listen(left); err != nil {
			return screen.take(), err
		}
		before := screen.take()
		k.partial = screen.prompt()
		err = s.listen(string(rune(ctrlCaret)) + string(rune(leaveCall)))
		_, text, _ = strings.Cut(screen.take(), "\n") // behind what was typed
		return before + text, err
	}
	if !s.atPrompt() {
		return s.callLine(typed + "\r")
	}
	const clear = string(rune(ctrlU))
	if partial, ok := strings.CutSuffix(typed, KeyHelp); ok {
		text, err = s.callLine(partial + "?")
		if err == nil {
			err = s.listen(clear)
		}
		return text, err
	}
	if partial, ok := strings.CutSuffix(typed, KeyTab); ok {
		text, err = s.callLine(partial + "\t")
		text += s.at.screen.prompt() + "\n"
		if err == nil {
			err = s.listen(clear)
		}
		return text, err
	}
	if line, ok := strings.CutSuffix(typed, KeyEnd); ok {
		return s.callLine(line + string(rune(ctrlZ)))
	}
	return s.callLine(typed + "\r")
}

// atPrompt tells whether the far end waits for a command, and not for an answer.
func (s *Shell) atPrompt() bool {
	p := s.at.screen.prompt()
	return strings.HasSuffix(p, "#") || strings.HasSuffix(p, ">")
}

// farQuestion returns what the far end asks, if it does.
func (s *Shell) farQuestion() (question string, asked bool) {
	s.lab.Do(func() {
		if s.calling() && !s.atPrompt() {
			question = s.at.screen.prompt()
		}
	})
	return question, question != ""
}

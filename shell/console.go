package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/chzyer/readline"

	"lisplab/commands"
)

// Console is a person's terminal in front of the lab.
//
// Readline edits the line, and only that: its goroutine sees the keys through keyboard, and everything that is shown while
// a line is being edited is written by that goroutine, in changed; everything else by the one that runs Run, between two
// lines. So the two never write at once. There is one readline instance in a process, and it is never closed: closing one
// that reads hangs, and suspending it, which Ctrl-Z would do, stops the parent process.
type Console struct {
	sh   *Shell
	out  io.Writer
	keys *keyboard
	line *readline.Instance

	exec, config   *readline.Config // they differ in their history
	answer, secret *readline.Config // of answers to questions; they have none

	prompt   string             // of the line being edited
	question *commands.Question // that the line answers; nil for a command

	ended rune // the marked key that ended the line, 0 for Enter: set by readline's goroutine before it hands the line over

	// Of readline's goroutine alone.
	asked rune   // the marked key that changed has to answer
	eof   bool   // the Ctrl-D that comes next was typed, and is not the Delete key
	typed []rune // the line as it is
}

// IsTerminal tells whether a person may sit at both files.
func IsTerminal(in, out *os.File) bool {
	return readline.IsTerminal(int(in.Fd())) && readline.IsTerminal(int(out.Fd()))
}

// NewConsole puts a terminal in front of the lab. Run then reads it until the session is over or ctx is.
func NewConsole(ctx context.Context, sh *Shell, in io.Reader, out io.Writer) (*Console, error) {
	c := &Console{sh: sh, out: out, keys: newKeyboard(in, ctx.Done())}
	nothing := func() error { return nil }
	c.exec = &readline.Config{
		Stdin:                  c.keys,
		Stdout:                 out,
		DisableAutoSaveHistory: true,
		UniqueEditLine:         true, // Run itself writes down the line that was entered
		FuncFilterInputRune:    c.filter,
		FuncIsTerminal:         func() bool { return true },
		FuncMakeRaw:            nothing, // the terminal is raw during all of Run
		FuncExitRaw:            nothing,
		FuncGetWidth:           func() int { return width(out) },
	}
	c.exec.SetListener(c.changed)
	sh.ring = c.Wake
	sh.watch(c.Wake)
	c.keys.over = sh.Over
	var err error
	if c.line, err = readline.NewEx(c.exec); err != nil {
		return nil, err
	}
	c.config, c.answer, c.secret = c.exec.Clone(), c.exec.Clone(), c.exec.Clone()
	c.secret.EnableMask = true
	return c, nil
}

// width is how many columns the terminal has: readline has to know where a long line breaks.
func width(out io.Writer) int {
	if f, ok := out.(*os.File); ok {
		if columns, _, err := readline.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

// Wake makes the console show what the attached router has logged. It never blocks.
func (c *Console) Wake() { c.keys.Wake() }

// Run serves the terminal until Ctrl-D or the end of the input; `exit` ends a session, behind which another one can begin.
// The terminal must be in raw mode, with output processing on (see Raw).
func (c *Console) Run() error {
	for {
		err := c.relay()
		if err == nil && c.sh.Over() {
			err = c.begin()
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		if err := c.show(c.sh.NewLog()); err != nil {
			return err
		}
		line, end, err := c.read()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		text, err := c.act(line, end)
		if err != nil {
			return err
		}
		if err := page(c.out, text, c.sh.Length(), c.keys.Key); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
	}
}

// relay hands the terminal to the connection that the router has opened or resumed, or to the task that it has begun, if
// there is one, until that is over or left. Readline has no part in it: the far end echoes what is typed.
func (c *Console) relay() error {
	defer c.keys.release()
	var typed []byte // a key at most: what is typed ahead may be for the router's own prompt
	for c.sh.Busy() {
		rest, out, err := c.sh.Relay(typed)
		if err != nil {
			return err
		}
		c.keys.keep(rest)
		if err := c.show(string(out)); err != nil || !c.sh.Busy() || c.sh.Over() {
			return err
		}
		if typed, err = c.keys.KeyOrWake(); err != nil {
			return err
		}
		if len(typed) > 0 {
			c.sh.touch()
		}
	}
	return nil
}

// begin waits until somebody wants another session at the console, and begins it.
func (c *Console) begin() error {
	if err := c.show(c.sh.Available()); err != nil {
		return err
	}
	for {
		if err := c.show(c.sh.NewLog()); err != nil {
			return err
		}
		key, err := c.keys.KeyOrWake()
		switch {
		case err != nil:
			return err
		case string(key) == "\r" || string(key) == "\n":
			return c.show(c.sh.Begin())
		case string(key) == string(rune(ctrlD)):
			return io.EOF
		}
	}
}

// read edits one line, and leaves on the screen what was entered.
func (c *Console) read() (line string, end rune, err error) {
	c.question = nil
	if q, asked := c.sh.Pending(); asked {
		c.question = &q
	}
	c.line.SetConfig(c.mode())
	c.prompt = c.sh.Prompt()
	c.line.SetPrompt(c.prompt)
	c.ended = 0
	c.keys.single = c.question != nil && c.question.Key
	if line, err = c.line.Readline(); err != nil {
		return "", 0, err
	}
	end = c.ended
	if err := c.show(c.prompt + c.visible(line) + echo[end] + "\n"); err != nil {
		return "", 0, err
	}
	if end == markEOF {
		return "", 0, io.EOF
	}
	if strings.TrimSpace(line) != "" && end != markBreak && end != markOver && c.question == nil {
		c.line.SaveHistory(line)
	}
	return line, end, nil
}

// mode chooses how the next line is edited.
func (c *Console) mode() *readline.Config {
	switch {
	case c.question != nil && c.question.Secret:
		return c.secret
	case c.question != nil:
		return c.answer
	case c.sh.InConfiguration():
		return c.config
	}
	return c.exec
}

// visible is what the screen shows of a line.
func (c *Console) visible(line string) string {
	if c.question != nil && c.question.Secret {
		return ""
	}
	return line
}

// echo is what the keys that end a line leave behind it.
var echo = map[rune]string{markEnd: "^Z", markBreak: "^C", markEOF: ""}

func (c *Console) act(line string, end rune) (string, error) {
	switch end {
	case markEnd:
		return c.sh.ExecEnd(line)
	case markBreak:
		return c.sh.Interrupt()
	case markOver:
		return "", nil
	}
	return c.sh.Exec(line)
}

func (c *Console) show(text string) error {
	_, err := io.WriteString(c.out, text)
	return err
}

// filter sees every character before readline acts on it. A marked key becomes the bell, which does nothing.
func (c *Console) filter(r rune) (rune, bool) {
	if r != markWake && r != markOver {
		c.sh.touch()
	}
	if c.question != nil { // there is no help with an answer
		switch r {
		case markHelp:
			return '?', true
		case markTab:
			return readline.CharBell, true
		}
	}
	switch r {
	case markHelp, markTab, markRedraw, markWake:
		c.asked = r
		return readline.CharBell, true
	case markEnd, markBreak, markOver:
		c.ended = r
		return readline.CharBell, true
	case markEOF:
		c.eof = true
		return readline.CharBell, true
	case readline.CharDelete: // Ctrl-D, and the Delete key
		eof := c.eof
		c.eof = false
		switch {
		case len(c.typed) > 0:
			return r, true
		case eof:
			c.ended = markEOF
			return readline.CharEnter, true
		}
		return r, false
	}
	return r, true
}

// changed sees the line after every key.
func (c *Console) changed(line []rune, pos int, key rune) ([]rune, int, bool) {
	if key == 0 { // a new line begins; this call comes from Run's goroutine
		return nil, 0, false
	}
	asked := c.asked
	c.asked, c.typed = 0, line
	switch asked {
	case markHelp:
		c.aside(c.prompt + string(line) + "?\n" + c.sh.Help(string(line[:pos])))
	case markRedraw:
		c.aside(c.prompt + c.visible(string(line)) + "\n")
	case markWake:
		if c.sh.Over() { // it is shown when the line has been ended
			break
		}
		if text := c.sh.NewLog(); text != "" {
			c.aside(text)
		}
	case markTab:
		completed := []rune(c.sh.Complete(string(line[:pos])))
		c.aside(c.prompt + string(line) + "\n")
		c.typed = append(completed, line[pos:]...)
		return c.typed, len(completed), true
	}
	return nil, 0, false
}

// aside takes the line being edited off the screen, writes text, and draws the line again below.
func (c *Console) aside(text string) {
	fmt.Fprint(c.line.Stdout(), text)
}

// Raw makes a terminal hand over each key as it is typed, and returns the function that undoes it.
func Raw(in *os.File) (restore func(), err error) {
	fd := int(in.Fd())
	state, err := readline.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return func() { _ = readline.Restore(fd, state) }, nil
}

package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"lisplab/commands"
	"lisplab/devices"
	"lisplab/shell/editor"
)

// VTY is a session at one of a router's vtys: what comes over an SSH channel or a telnet connection.
//
//	conn ──> keys ──> editor ──> Shell.Exec ──> page ──> conn
//	           │        │  ^                      ^
//	           └────────┼──┘ echo                 │
//	                    └── `?`, Tab, Ctrl-Z ... ─┘
//
// One goroutine does all of that, in the order in which keys were typed, however far ahead; another one only reads the
// connection, so that a line of the log, the end of the session or the end of the lab need not wait for a key.
type VTY struct {
	sh   *Shell
	line *devices.Terminal
	keys *keys
	out  *bufio.Writer
	edit editor.Editor
	wake chan struct{}

	exec, config editor.History

	hangUp func()
	wall   bool // keys come at moments of the wall clock: it tells how long nobody has typed
}

// NewVTY puts a line of a router, and what is connected to it, in front of a shell that is attached to that router.
// Reading begins at once; Run serves. hangUp closes the connection under a Read or a Write that waits.
func NewVTY(sh *Shell, line *devices.Terminal, conn io.ReadWriter, hangUp func()) *VTY {
	v := newVTY(sh, line, readKeys(conn), conn, hangUp)
	v.wall = true
	sh.lab.Do(func() {
		sh.sit(line)
		sh.ring = v.Wake
	})
	return v
}

func newVTY(sh *Shell, line *devices.Terminal, keys *keys, out io.Writer, hangUp func()) *VTY {
	return &VTY{sh: sh, line: line, keys: keys, out: bufio.NewWriter(out), wake: make(chan struct{}, 1), hangUp: hangUp}
}

// Wake tells the session that its router has logged something. It never blocks.
func (v *VTY) Wake() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Run serves the session until its user leaves, the connection or the line ends, or ctx does. The connection is then for
// the caller to close. user is who was let in already, as over SSH; nil has the line itself ask who is there, as its
// configuration says. An error is one of the lab.
func (v *VTY) Run(ctx context.Context, user *devices.User) error {
	defer context.AfterFunc(ctx, v.hangUp)()
	defer close(v.keys.over)
	err := v.run(user)
	v.sh.hangUp()
	if errors.Is(err, errOver) {
		err = nil
	}
	if err != nil {
		v.write(fmt.Sprintf("\n%% %v\n", err))
	}
	_ = v.out.Flush()
	return err
}

// errOver ends a session whose user is not let in, or whose connection or line is gone.
var errOver = errors.New("the session is over")

func (v *VTY) run(user *devices.User) error {
	if err := v.enter(user); err != nil {
		return err
	}
	for {
		if err := v.relay(); err != nil {
			return err
		}
		at := v.look()
		if !at.open {
			return errOver
		}
		if err := v.step(at); err != nil {
			return err
		}
		if v.sh.Closed() {
			return nil
		}
	}
}

// standing is where the session stands before a line.
type standing struct {
	prompt   string
	question commands.Question
	asked    bool
	config   bool // the line will be one of configuration
	open     bool // the session still has its line

	length, width, history int
}

func (v *VTY) look() (at standing) {
	s := v.sh
	s.lab.Do(func() {
		if at.open = v.line.Open(); !at.open {
			return
		}
		at.prompt = s.prompt()
		if at.asked = s.asked(); at.asked {
			at.question, _ = s.at.Asked()
		}
		m := s.at.Mode()
		at.config = m != commands.User && m != commands.Exec
		at.length, at.width, at.history = v.line.Length, v.line.Width, v.line.History
	})
	return at
}

// step reads one line, does what it says, and shows the answer.
func (v *VTY) step(at standing) (err error) {
	if at.asked && at.question.Key {
		return v.confirm(at)
	}
	kind := editor.Command
	switch {
	case at.asked && at.question.Secret:
		kind = editor.Secret
	case at.asked:
		kind = editor.Answer
	}
	history := &v.exec
	if at.config {
		history = &v.config
	}
	history.SetSize(at.history)
	line, end, err := v.read(editor.Line{Prompt: at.prompt, Kind: kind, History: history, Width: at.width}, at.length)
	if err != nil {
		return err
	}
	var text string
	switch {
	case end == editor.Interrupt:
		text, err = v.sh.Interrupt()
	case end == editor.End:
		history.Add(line)
		text, err = v.sh.ExecEnd(line)
	default:
		if kind == editor.Command {
			history.Add(line)
		}
		text, err = v.sh.Exec(line)
	}
	if perr := v.page(text, at.length); err == nil {
		err = perr
	}
	return err
}

// relay hands the terminal to what has it in place of the prompt, until that is over or left.
func (v *VTY) relay() error {
	return v.sh.relay(v.keys, v.out, func() error {
		_, err := v.wait(v.wake)
		return err
	})
}

// confirm answers a question of one key.
func (v *VTY) confirm(at standing) error {
	v.write(at.prompt)
	key, err := v.key()
	if err != nil {
		return err
	}
	var text string
	switch {
	case key == '\r':
		v.write("\n")
		text, err = v.sh.Exec("")
	case key >= ' ' && key < deleted:
		v.write(string(rune(key)) + "\n")
		text, err = v.sh.Exec(string(rune(key)))
	default:
		v.write("\n")
		text, err = v.sh.Interrupt()
	}
	if perr := v.page(text, at.length); err == nil {
		err = perr
	}
	return err
}

// read edits a line, and answers the keys that ask for something meanwhile. length is for pages of help.
func (v *VTY) read(l editor.Line, length int) (line string, end editor.Event, err error) {
	e := &v.edit
	e.Begin(l)
	for {
		v.echo()
		woken, err := v.wait(v.wake)
		if err != nil {
			return "", 0, err
		}
		if woken {
			if err := v.tell(); err != nil {
				return "", 0, err
			}
			continue
		}
		used, event := e.Feed(v.keys.typed)
		v.keys.typed = v.keys.typed[used:]
		v.echo()
		switch event {
		case editor.Enter, editor.End, editor.Interrupt:
			return e.Text(), event, nil
		case editor.Help:
			if err := v.page(v.sh.Help(e.Before()), length); err != nil {
				return "", 0, err
			}
			e.Redraw()
		case editor.Complete:
			e.SetBefore(v.sh.Complete(e.Before()))
			e.Redraw()
		}
	}
}

// tell shows what the router has logged, if the session wants it. The line being typed is shown again below it when the
// line of the router is `logging synchronous`; else it stays where it was, above.
func (v *VTY) tell() error {
	text := v.sh.NewLog()
	var open, monitor, synchronous bool
	v.sh.lab.Do(func() {
		if open = v.line.Open(); open {
			monitor, synchronous = v.line.Monitor, v.line.Config().LoggingSynchronous
		}
	})
	switch {
	case !open:
		return errOver
	case !monitor || text == "":
		return nil
	}
	v.write("\n" + text)
	if synchronous {
		v.edit.Redraw()
	}
	return nil
}

// wait sends what is to be shown, and waits until something is typed or wake says that there is something to show.
func (v *VTY) wait(wake <-chan struct{}) (woken bool, err error) {
	if len(v.keys.typed) > 0 {
		return false, nil
	}
	if v.out.Flush() != nil {
		return false, errOver
	}
	woken, err = v.keys.wait(wake)
	if err == nil && !woken && v.wall {
		v.line.Touch()
	}
	return woken, err
}

// key waits for one key outside a line.
func (v *VTY) key() (byte, error) {
	for {
		if _, err := v.wait(nil); err != nil {
			return 0, err
		}
		b := v.keys.typed[0]
		v.keys.typed = v.keys.typed[1:]
		if key, ok := v.edit.Key(b); ok {
			return key, nil
		}
	}
}

// page shows a text, page by page.
func (v *VTY) page(text string, length int) error {
	if text == "" {
		return nil
	}
	// Writing fails only when the connection has; the next wait tells.
	return page(returns{v.out}, text, length, v.key)
}

// write shows a text. An error comes up at the next wait.
func (v *VTY) write(text string) { _, _ = io.WriteString(returns{v.out}, text) }

// echo shows what the editor has to show.
func (v *VTY) echo() { _, _ = v.out.Write(v.edit.Output()) }

// returns puts a carriage return before every line feed, as a terminal wants it.
type returns struct{ w *bufio.Writer }

func (r returns) Write(p []byte) (int, error) { return r.WriteString(string(p)) }

func (r returns) WriteString(s string) (int, error) {
	for line := range strings.Lines(s) {
		text, ended := strings.CutSuffix(line, "\n")
		_, err := r.w.WriteString(text)
		if err == nil && ended {
			_, err = r.w.WriteString("\r\n")
		}
		if err != nil {
			return 0, err
		}
	}
	return len(s), nil
}

// keys is what is typed at a connection. A goroutine reads it, no further ahead than a few kilobytes: the rest waits in
// the connection, whose other end is slowed down by that.
type keys struct {
	typed  []byte                                                           // and not used yet
	pull   func(wake <-chan struct{}) (chunk []byte, woken bool, err error) // in place of chunks; nil for a connection from outside
	chunks chan []byte
	over   chan struct{} // closed: nobody takes chunks any more
}

func readKeys(r io.Reader) *keys {
	k := &keys{chunks: make(chan []byte), over: make(chan struct{})}
	go k.read(r)
	return k
}

func (k *keys) read(r io.Reader) {
	defer close(k.chunks)
	var bufs [2][2048]byte // one is used while the other is filled: whoever takes a chunk is done with the one before
	for i := 0; ; i ^= 1 {
		n, err := r.Read(bufs[i][:])
		if n > 0 {
			select {
			case k.chunks <- bufs[i][:n]:
			case <-k.over:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait takes what is typed next, or is woken.
func (k *keys) wait(wake <-chan struct{}) (woken bool, err error) {
	if k.pull != nil {
		k.typed, woken, err = k.pull(wake)
		return woken, err
	}
	select {
	case chunk, ok := <-k.chunks:
		if !ok {
			return false, errOver
		}
		k.typed = chunk
		return false, nil
	case <-wake:
		return true, nil
	}
}

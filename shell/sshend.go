package shell

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"lisplab/devices"
)

// sshEnd is one end of an SSH connection between two routers of a lab.
//
//	owner of the lab                          goroutines of the SSH library
//	write ──> pending ──push──> channel ──────> encrypt ──Write──> out ──flush──> devices.Stream
//	read <── data <──────────── receive <────── decrypt <──Read─── in <───feed─── devices.Stream
//
// The library runs on goroutines, a lab on one that goes from event to event. So that a screen shows the same on every run,
// the owner waits where something is bound to come, and only there: visit tells when. Both ends are of this process, so each
// knows what the other has sent, and need not guess whether goroutines are busy still. Lab time stands still meanwhile.
type sshEnd struct {
	stream *devices.Stream
	client bool
	ended  func() // called once by visit, when the goroutines are done; may be nil

	// Of the owner alone.
	mate    *sshEnd // the other end; nil until it is known
	fed     int     // bytes of the stream that the library was given
	flushed int     // bytes of the library that the stream was given
	pending []byte  // of the terminal, not given to the channel yet
	sent    int     // of the terminal, given to the channel
	acked   int     // of these, for how many the mate has told that it has read them
	marks   []sshMark
	owed    int // of the mate's data, what must have arrived by now: see its marks
	err     error

	changed chan struct{} // has one when something below has changed
	gone    chan struct{} // closed when nothing comes from the stream any more

	mu      sync.Mutex
	arrived *sync.Cond // in, eof or closed has changed
	in, out []byte
	total   int // bytes that ever were in out
	writes  int // that total is the sum of
	reading int // how much the library waits for at most; 0 when it does not
	eof     bool
	closed  bool
	done    bool // the goroutines have ended
	asking  bool // a client waits for a password
	channel gossh.Channel
	data    []byte // of the terminal, not read by the owner yet
	got     int    // bytes of the terminal that have arrived
	tasks   []func()
}

// sshMark says how much of the terminal's data has gone out with so many bytes of the library.
type sshMark struct{ total, sent int }

// sshAhead is how much of the terminal's data goes out before the mate has read it. It is less than the window of the
// library, at whose end the owner would wait for itself.
const sshAhead = 1 << 20

func newSSHEnd(stream *devices.Stream, client bool) *sshEnd {
	e := &sshEnd{stream: stream, client: client, changed: make(chan struct{}, 1), gone: make(chan struct{})}
	e.arrived = sync.NewCond(&e.mu)
	stream.Reader = e
	return e
}

// What follows is for the goroutines.

// note tells the owner that something has changed.
func (e *sshEnd) note() {
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// update changes what the owner sees.
func (e *sshEnd) update(change func()) {
	e.mu.Lock()
	change()
	e.mu.Unlock()
	e.note()
}

// receive reads the terminal's data until the channel ends.
func (e *sshEnd) receive(channel gossh.Channel) {
	buf := make([]byte, 32<<10)
	for {
		n, err := channel.Read(buf)
		e.update(func() {
			e.data = append(e.data, buf[:n]...)
			e.got += n
		})
		if err != nil {
			return
		}
	}
}

// onOwner has the owner call fn, and returns when it has; false when the connection is gone before.
func (e *sshEnd) onOwner(fn func()) bool {
	ran := make(chan struct{})
	e.update(func() { e.tasks = append(e.tasks, func() { fn(); close(ran) }) })
	select {
	case <-ran:
		return true
	case <-e.gone:
		return false
	}
}

// Read and Write are the library's side of the stream.
func (e *sshEnd) Read(p []byte) (n int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.in) == 0 && !e.eof && !e.closed {
		e.reading = len(p)
		e.note()
		e.arrived.Wait()
	}
	e.reading = 0
	if len(e.in) == 0 || e.closed {
		return 0, io.EOF
	}
	n = copy(p, e.in)
	e.in = e.in[n:]
	return n, nil
}

func (e *sshEnd) Write(p []byte) (n int, err error) {
	err = io.ErrClosedPipe
	e.update(func() {
		if !e.closed && !e.eof {
			e.out = append(e.out, p...)
			e.total += len(p)
			e.writes++
			n, err = len(p), nil
		}
	})
	return n, err
}

// Close ends reading and writing. What was written goes out still.
func (e *sshEnd) Close() error {
	e.update(func() {
		e.closed = true
		e.arrived.Broadcast()
	})
	return nil
}

func (e *sshEnd) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(e.stream.Local) }
func (e *sshEnd) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(e.stream.Remote) }
func (e *sshEnd) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (e *sshEnd) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (e *sshEnd) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// What follows is for the owner of the lab.

// begin runs the protocol.
func (e *sshEnd) begin(run func()) {
	go func() {
		run()
		_ = e.Close()
		e.update(func() { e.done = true })
	}()
}

// sshState is what the owner sees of the goroutines, at one moment.
type sshState struct {
	eof, closed, done, asking, open bool
	idle                            bool // the library has said what it says by itself, and waits for the mate
	out, total, got                 int
}

func (e *sshEnd) state() sshState {
	e.mu.Lock()
	defer e.mu.Unlock()
	return sshState{e.eof, e.closed, e.done, e.asking, e.channel != nil, e.idle(), len(e.out), e.total, e.got}
}

// idle tells whether the library waits for somebody who may be no sshEnd, but a person at a telnet client: it has told its
// version, which it reads byte by byte from the other end too, and behind the versions what it can do.
func (e *sshEnd) idle() bool {
	return len(e.in) == 0 && (e.reading == 1 && e.writes > 0 || e.reading > 1 && e.writes > 1)
}

// read returns the terminal's data that has come.
func (e *sshEnd) read() ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	data := e.data
	e.data = nil
	return data, e.err
}

func (e *sshEnd) waiting() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.data)
}

// over tells whether the goroutines have ended: then nothing more comes.
func (e *sshEnd) over() bool { return e.state().done || e.err != nil }

// write sends the terminal's data as soon as there is a session.
func (e *sshEnd) write(data []byte) {
	e.pending = append(e.pending, data...)
	e.push()
	e.flush()
}

// close ends the connection.
func (e *sshEnd) close() {
	e.push()
	_ = e.Close()
	e.flush()
	e.stream.Close(false)
	e.feed()
}

// visit lets the connection go on as far as it can before the lab does something: it moves bytes between the library and
// the streams of both ends, and waits for the goroutines while something is bound to come of what they have been given.
func (e *sshEnd) visit() {
	var late <-chan struct{}
	for e.err == nil {
		ends := e.ends()
		for _, end := range ends {
			end.feed()
			end.work()
			end.push()
			end.flush()
		}
		if e.settled() {
			break
		}
		if late == nil {
			over := make(chan struct{})
			defer devices.AfterWall(sshPatience, func() { close(over) }).Stop()
			late = over
		}
		var other <-chan struct{}
		if e.mate != nil {
			other = e.mate.changed
		}
		select {
		case <-e.changed:
		case <-other:
		case <-late:
			for _, end := range ends {
				end.err = fmt.Errorf("SSH from %v to %v: nothing has come of what was sent for %v of wall time", e.stream.Local, e.stream.Remote, sshPatience)
			}
		}
	}
	for _, end := range e.ends() {
		if end.ended != nil && (end.state().done || end.err != nil) {
			ended := end.ended
			end.ended = nil
			ended()
		}
	}
}

// sshPatience is how long the owner waits for the goroutines. They only calculate.
const sshPatience = 10 * time.Second

// ends are the end and its mate, if that is known.
func (e *sshEnd) ends() []*sshEnd {
	if e.mate == nil {
		if peer := e.stream.Peer(); peer != nil {
			if mate, ok := peer.Reader.(*sshEnd); ok && mate.client != e.client {
				e.mate, mate.mate = mate, e
			}
		}
	}
	if e.mate == nil {
		return []*sshEnd{e}
	}
	return []*sshEnd{e, e.mate}
}

// feed gives the library what has come.
func (e *sshEnd) feed() {
	data := e.stream.Read()
	e.fed += len(data)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.in = append(e.in, data...)
	if e.stream.State() == devices.StreamClosed && !e.eof {
		e.eof = true
		close(e.gone)
	}
	e.arrived.Broadcast()
}

// work does what the goroutines want to have done.
func (e *sshEnd) work() {
	e.mu.Lock()
	tasks := e.tasks
	e.tasks = nil
	if e.eof { // nobody waits for them any more
		tasks = nil
	}
	e.mu.Unlock()
	for _, task := range tasks {
		task()
	}
}

// push gives the terminal's data to the channel.
func (e *sshEnd) push() {
	e.mu.Lock()
	channel, stuck := e.channel, e.closed || e.eof
	e.mu.Unlock()
	if channel == nil || stuck || e.mate == nil {
		return
	}
	// What the mate has read counts when it has told so: when all that it wanted to say has come.
	if m := e.mate.state(); m.out == 0 && m.total == e.fed {
		e.acked = m.got
	}
	for len(e.pending) > 0 && e.sent-e.acked < sshAhead {
		n, err := channel.Write(e.pending[:min(len(e.pending), 32<<10)])
		if err != nil {
			e.pending = nil
			return
		}
		e.pending = e.pending[n:]
		e.sent += n
		e.marks = append(e.marks, sshMark{e.state().total, e.sent})
	}
}

// flush gives the stream what the library has written.
func (e *sshEnd) flush() {
	e.mu.Lock()
	out := e.out
	e.out = nil
	e.mu.Unlock()
	e.flushed += len(out)
	e.stream.Write(out)
}

// ending tells whether the goroutines are bound to end.
func (s sshState) ending() bool { return (s.eof || s.closed) && !s.done }

// settled tells whether nothing is bound to come before the lab does something.
func (e *sshEnd) settled() bool {
	mine := e.state()
	if mine.ending() || mine.out > 0 {
		return false
	}
	if e.mate == nil {
		return mine.done || mine.idle
	}
	his := e.mate.state()
	if his.ending() || his.out > 0 || !e.received(mine, e.mate) || !e.mate.received(his, e) {
		return false
	}
	client := mine
	if !e.client {
		client = his
	}
	if mine.done || his.done || client.asking || client.open {
		return true
	}
	// The login goes on by itself, unless something is under way that the network holds.
	return e.flushed != e.mate.fed || e.mate.flushed != e.fed
}

// received tells whether the terminal has got all data that its mate has sent in what has come so far.
func (e *sshEnd) received(mine sshState, mate *sshEnd) bool {
	for len(mate.marks) > 0 && mate.marks[0].total <= e.fed {
		e.owed = mate.marks[0].sent
		mate.marks = mate.marks[1:]
	}
	return !mine.open || mine.closed || mine.done || mine.got >= e.owed
}

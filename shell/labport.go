package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"lisplab/commands"
	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/shell/editor"
)

// labKeys is the directory of the lab port's own host key, beside those of the routers. No router can have a blank in
// its name.
const labKeys = "lab port"

// LabPort is where a lab is driven from outside: an SSH port that takes what the console takes behind the word `lab`. With
// a terminal there is a prompt; without one the client's command is one such line.
//
//	ssh -p 2200 127.0.0.1                      lab>advance 5m
//	ssh -p 2200 127.0.0.1 advance 5m
//	lisplab ctl 'advance 5m'                   the same, by LabClient
//
// It asks nobody who he is, so it listens on loopback addresses only.
type LabPort struct {
	lab      *devices.Lab
	set      *commands.Set
	listener net.Listener
	ssh      *ssh.Server
	key      gossh.PublicKey
}

// NewLabPort listens.
func NewLabPort(lab *devices.Lab, set *commands.Set, at netip.AddrPort, keys HostKeys) (*LabPort, error) {
	if !at.Addr().IsLoopback() {
		return nil, fmt.Errorf("lab port %v: it asks for no password, so it must be at a loopback address such as 127.0.0.1; `ssh -L` brings it elsewhere", at)
	}
	signers, err := keys.Signers(labKeys)
	if err != nil {
		return nil, fmt.Errorf("host keys of the lab port: %w", err)
	}
	p := &LabPort{lab: lab, set: set, key: signers[0].PublicKey()}
	p.ssh = &ssh.Server{ConnCallback: rememberPeer, ChannelHandlers: map[string]ssh.ChannelHandler{"session": p.channel}}
	for _, s := range signers {
		p.ssh.AddHostKey(s)
	}
	if p.listener, err = net.Listen("tcp", at.String()); err != nil {
		return nil, fmt.Errorf("lab port: %w", err)
	}
	return p, nil
}

// Addr is where the port is.
func (p *LabPort) Addr() netip.AddrPort { return addrPort(p.listener.Addr()) }

// KnownHost is the line of a known_hosts file that says where the port is, and by which key it is known: all that a client
// has to know.
func (p *LabPort) KnownHost() string {
	return knownhosts.Line([]string{p.Addr().String()}, p.key) + "\n"
}

// WriteKnownHost writes KnownHost into a file, for clients to find the port by.
func (p *LabPort) WriteKnownHost(file string) error {
	return writeAtomically(file, []byte(p.KnownHost()))
}

// Close gives the port up when it was never served.
func (p *LabPort) Close() { _ = p.listener.Close() }

// Serve takes connections until ctx ends. When it returns no session runs any more.
func (p *LabPort) Serve(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() {
		accept(ctx, &running, p.listener, func(ctx context.Context, conn net.Conn) {
			peer := &sshPeer{Conn: conn, ctx: ctx}
			p.ssh.HandleConn(peer)
			peer.wait()
		})
	})
	<-ctx.Done()
	p.Close()
	running.Wait()
}

// channel serves one session: a prompt, or one line.
func (p *LabPort) channel(_ *ssh.Server, _ *gossh.ServerConn, offer gossh.NewChannel, ctx ssh.Context) {
	peer := sshPeerOf(ctx)
	if !peer.begin() {
		_ = offer.Reject(gossh.ResourceShortage, "too many sessions")
		return
	}
	defer peer.end()
	channel, requests, err := offer.Accept()
	if err != nil {
		return
	}
	var running sync.WaitGroup
	defer running.Wait()
	here, leave := context.WithCancel(peer.ctx)
	defer leave()
	serve := func(session func() (status uint32)) {
		running.Go(func() {
			_, _ = channel.SendRequest("exit-status", false, gossh.Marshal(struct{ Status uint32 }{session()}))
			_ = channel.Close()
		})
	}
	served := false
	for req := range requests {
		var command struct{ Line string }
		switch {
		case req.Type == "pty-req" || req.Type == "window-change":
			_ = req.Reply(true, nil)
		case req.Type == "shell" && !served:
			served = true
			_ = req.Reply(true, nil)
			serve(func() uint32 { return p.prompt(channel) })
		case req.Type == "exec" && !served && gossh.Unmarshal(req.Payload, &command) == nil:
			served = true
			_ = req.Reply(true, nil)
			r := newRemote(channel, here.Done())
			running.Go(func() { r.listen(channel) })
			serve(func() uint32 { return p.exec(r, channel.Stderr(), command.Line) })
		default:
			_ = req.Reply(false, nil)
		}
	}
}

// exec runs one line. What is wrong with it goes to wrong.
func (p *LabPort) exec(r *remote, wrong io.Writer, line string) (status uint32) {
	sh := New(p.lab, p.set)
	sh.remote = r
	text, err := sh.Drive(line)
	if err == nil {
		text, err = sh.outlast(text)
	}
	if _, werr := io.WriteString(r.show, text); werr != nil {
		return 1
	}
	if err != nil {
		_, _ = fmt.Fprintln(wrong, strings.TrimPrefix(err.Error(), "% "))
		return 1
	}
	return 0
}

// Drive runs a line addressed to the lab, at a terminal that stands in front of the lab and not of a router, and lets
// everything happen that is due then. The word `lab` before it, as at a router's console, changes nothing. A task that it begins has the terminal then. An error is what is wrong with the line,
// or with the lab.
func (s *Shell) Drive(line string) (text string, err error) {
	if rest, ok := behindLab(line); ok {
		line = rest
	}
	s.lab.Do(func() {
		if text, err = s.Direct(line); err == nil {
			err = s.lab.Settle()
		}
		if s.at != nil {
			s.at, err = nil, errNoRouter
		}
	})
	return text, err
}

var errNoRouter = errors.New("no router can be had here: each has SSH and telnet ports of its own")

const (
	labPrompt = "lab>"
	labLeave  = "exit"
)

// labTerminal is a person's session at the lab port.
type labTerminal struct {
	port *LabPort
	sh   *Shell
	keys *keys
	out  *bufio.Writer
	edit editor.Editor
	wake chan struct{} // has one when a task has something to show
}

// prompt serves a person, until he leaves.
func (p *LabPort) prompt(channel gossh.Channel) (status uint32) {
	t := &labTerminal{port: p, sh: New(p.lab, p.set), keys: readKeys(channel), out: bufio.NewWriter(channel), wake: make(chan struct{}, 1)}
	defer close(t.keys.over)
	defer t.sh.hangUp()
	t.sh.ring = func() {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	fmt.Fprintf(t.text(), "Lab %s. Type ? for what it takes, exit to leave.\n\n", p.lab.Name())
	history := &editor.History{}
	history.SetSize(devices.DefaultHistory)
	for {
		line, end, err := t.read(history)
		if err != nil {
			return 0
		}
		word := strings.TrimSpace(line)
		switch {
		case end == editor.Interrupt || word == "":
			continue
		case len(word) > 1 && strings.HasPrefix(labLeave, strings.ToLower(word)):
			_ = t.out.Flush()
			return 0
		}
		history.Add(line)
		t.run(line)
		switch err := t.sh.relay(t.keys, t.out, t.wait); {
		case errors.Is(err, errOver):
			return 0
		case err != nil: // of the lab
			fmt.Fprintf(t.text(), "%% %v\n", err)
		}
	}
}

// wait shows what there is to show, and waits for keys or for a task.
func (t *labTerminal) wait() error {
	if t.out.Flush() != nil {
		return errOver
	}
	_, err := t.keys.wait(t.wake)
	return err
}

// read edits a line.
func (t *labTerminal) read(history *editor.History) (line string, end editor.Event, err error) {
	e := &t.edit
	e.Begin(editor.Line{Prompt: labPrompt, History: history, Width: devices.DefaultWidth})
	for {
		_, _ = t.out.Write(e.Output())
		if len(t.keys.typed) == 0 {
			if t.out.Flush() != nil {
				return "", 0, errOver
			}
			if _, err := t.keys.wait(nil); err != nil {
				return "", 0, err
			}
		}
		used, event := e.Feed(t.keys.typed)
		t.keys.typed = t.keys.typed[used:]
		_, _ = t.out.Write(e.Output())
		switch event {
		case editor.Enter, editor.End, editor.Interrupt:
			return e.Text(), event, nil
		case editor.Help:
			_, _ = io.WriteString(t.text(), t.help(e.Before()))
			e.Redraw()
		case editor.Complete:
			completed, _ := t.port.set.CompleteLab(e.Before())
			e.SetBefore(completed)
			e.Redraw()
		}
	}
}

// run runs a line and shows the answer.
func (t *labTerminal) run(line string) {
	width := len(labPrompt)
	if rest, ok := behindLab(line); ok {
		width += len(line) - len(rest)
		line = rest
	}
	text, err := t.sh.Drive(line)
	if err != nil {
		text += commands.LabErrorText(err, width, line)
	}
	_, _ = io.WriteString(t.text(), text)
}

// help answers `?`, with the one word that is the prompt's own.
func (t *labTerminal) help(partial string) string {
	list, err := t.port.set.NextLab(partial)
	if !strings.ContainsAny(strings.TrimLeft(partial, " "), " \t") && strings.HasPrefix(labLeave, strings.ToLower(strings.TrimSpace(partial))) {
		leave := grammar.Candidate{Text: labLeave, Help: "Leave this prompt; the lab goes on", Keyword: true}
		at := slices.IndexFunc(list, func(c grammar.Candidate) bool { return c.Text > labLeave })
		if at < 0 {
			at = len(list)
		}
		list, err = slices.Insert(slices.Clone(list), at, leave), nil
	}
	return t.sh.answer(partial, list, err)
}

func (t *labTerminal) text() io.Writer { return returns{t.out} }

// LabClient is the other end of a lab port.
type LabClient struct{ client *gossh.Client }

// ErrRefused tells that a line was refused: by the lab, in the words of the error that wraps it, or by a router, on the screen.
var ErrRefused = errors.New("refused")

// DialLab connects to a lab port. key is the one that it must be known by; nil takes any.
func DialLab(ctx context.Context, at netip.AddrPort, key gossh.PublicKey) (*LabClient, error) {
	cfg := &gossh.ClientConfig{User: "lab", HostKeyCallback: gossh.InsecureIgnoreHostKey()}
	if key != nil {
		cfg.HostKeyCallback, cfg.HostKeyAlgorithms = gossh.FixedHostKey(key), []string{key.Type()}
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", at.String())
	if err != nil {
		return nil, fmt.Errorf("no lab is at %v (`lisplab serve`, `up` and `node` make one reachable there with --lab-port %v): %w", at, at, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c, channels, requests, err := gossh.NewClientConn(conn, at.String(), cfg)
	if err != nil {
		stop()
		_ = conn.Close()
		return nil, fmt.Errorf("lab port %v: %w", at, err)
	}
	return &LabClient{gossh.NewClient(c, channels, requests)}, nil
}

// Drive runs a line at the lab and writes its answer to out. A line that the lab refuses is an ErrRefused.
func (c *LabClient) Drive(line string, out io.Writer) error {
	s, err := c.client.NewSession()
	if err != nil {
		return err
	}
	defer s.Close()
	var wrong strings.Builder
	s.Stdout, s.Stderr = out, &wrong
	err = s.Run(line)
	var exit *gossh.ExitError
	if errors.As(err, &exit) {
		return &refusedLine{line, strings.TrimSpace(wrong.String())}
	}
	return err
}

// Close ends the connection.
func (c *LabClient) Close() error { return c.client.Close() }

// refusedLine is an ErrRefused.
type refusedLine struct{ line, why string }

func (e *refusedLine) Error() string { return fmt.Sprintf("the lab refused `%s`: %s", e.line, e.why) }
func (e *refusedLine) Unwrap() error { return ErrRefused }

// ParseKnownHost reads a file of KnownHost.
func ParseKnownHost(text []byte) (at netip.AddrPort, key gossh.PublicKey, err error) {
	_, hosts, key, _, _, err := gossh.ParseKnownHosts(text)
	if err != nil || len(hosts) != 1 {
		return at, nil, errors.New("expected the line that `lisplab serve --lab-file` writes: [ADDRESS]:PORT and a public key")
	}
	host, port, found := strings.Cut(strings.TrimPrefix(hosts[0], "["), "]:")
	if !found {
		host, port = hosts[0], "22"
	}
	if at, err = netip.ParseAddrPort(net.JoinHostPort(host, port)); err != nil {
		return at, nil, fmt.Errorf("found host %q, expected [ADDRESS]:PORT", hosts[0])
	}
	return at, key, nil
}

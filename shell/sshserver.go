package shell

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"

	"lisplab/devices"
)

const (
	// sshVersion is how IOS names itself to clients.
	sshVersion = "Cisco-1.25"
	// sshSessions is how many sessions one connection may have at a time.
	sshSessions = 10
)

// sshLoginTime is how long a client may take to log in: what `ip ssh time-out` is by default. Tests shorten it.
var sshLoginTime = 120 * time.Second

// sshServer sets up the protocol for a router. The library sees to connections and logins. Sessions are handled here: the
// library's own would translate line ends behind the editor's back, and stop reading a client that resizes its window.
func (f *front) sshServer(keys HostKeys) (*ssh.Server, error) {
	signers, err := keys.Signers(f.device.Name())
	if err != nil {
		return nil, err
	}
	s := &ssh.Server{
		Version: sshVersion,
		ServerConfigCallback: func(ssh.Context) *gossh.ServerConfig {
			return &gossh.ServerConfig{MaxAuthTries: attempts}
		},
		BannerHandler:   func(ssh.Context) string { return f.config().Banners.Login },
		ConnCallback:    rememberPeer,
		PasswordHandler: f.sshPassword,
		KeyboardInteractiveHandler: func(ctx ssh.Context, ask gossh.KeyboardInteractiveChallenge) bool {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			return err == nil && len(answers) == 1 && f.sshPassword(ctx, answers[0])
		},
		ChannelHandlers: map[string]ssh.ChannelHandler{"session": f.sshChannel},
	}
	for _, signer := range signers {
		s.AddHostKey(signer)
	}
	return s, nil
}

func (f *front) config() (cfg devices.Config) {
	f.lab.Do(func() { cfg = f.device.Config() })
	return cfg
}

// sshPeer is one connection.
type sshPeer struct {
	net.Conn
	ctx  context.Context // of the server
	late *time.Timer     // closes the connection unless somebody logs in
	user devices.User    // who has

	mu       sync.Mutex
	line     *devices.Terminal // taken when the connection was made: the first session's
	open     int               // sessions that run
	over     bool
	sessions sync.WaitGroup
}

// sshPeerKey is where the library keeps the peer of a connection.
type sshPeerKey struct{}

func rememberPeer(ctx ssh.Context, conn net.Conn) net.Conn {
	ctx.SetValue(sshPeerKey{}, conn)
	return conn
}

func sshPeerOf(ctx ssh.Context) *sshPeer { return ctx.Value(sshPeerKey{}).(*sshPeer) }

// begin counts a session in, if the connection may have one more.
func (p *sshPeer) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || p.open == sshSessions {
		return false
	}
	p.open++
	p.sessions.Add(1)
	return true
}

func (p *sshPeer) end() {
	p.mu.Lock()
	p.open--
	p.mu.Unlock()
	p.sessions.Done()
}

// wait returns when no session runs, and lets none begin.
func (p *sshPeer) wait() {
	p.mu.Lock()
	p.over = true
	p.mu.Unlock()
	p.sessions.Wait()
}

// takeLine returns the line that the connection was given, once.
func (p *sshPeer) takeLine() (line *devices.Terminal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line, p.line = p.line, nil
	return line
}

// serveSSH serves one SSH connection. It has a line from the beginning, before anybody logs in: when all are taken it is
// refused.
func (f *front) serveSSH(ctx context.Context, conn net.Conn) {
	line, err := f.seat(devices.TransportSSH, conn)
	if err != nil {
		refuse(conn)
		return
	}
	p := &sshPeer{Conn: conn, ctx: ctx, line: line, late: devices.AfterWall(sshLoginTime, func() { _ = conn.Close() })}
	defer p.late.Stop()
	f.ssh.HandleConn(p)
	p.wait()
	if line := p.takeLine(); line != nil {
		f.leave(line)
	}
}

// sshPassword lets a local user in.
func (f *front) sshPassword(ctx ssh.Context, typed string) bool {
	user, ok := f.config().Authenticate(ctx.User(), typed)
	if ok {
		p := sshPeerOf(ctx)
		p.user = user
		p.late.Stop()
	}
	return ok
}

// sshChannel serves one session of a connection: a shell, or one command.
func (f *front) sshChannel(_ *ssh.Server, conn *gossh.ServerConn, offer gossh.NewChannel, ctx ssh.Context) {
	p := sshPeerOf(ctx)
	if !p.begin() {
		_ = offer.Reject(gossh.ResourceShortage, "too many sessions")
		return
	}
	defer p.end()
	line := p.takeLine()
	if line == nil {
		var err error
		if line, err = f.seat(devices.TransportSSH, p); err != nil {
			_ = offer.Reject(gossh.ResourceShortage, err.Error())
			return
		}
	}
	defer f.leave(line)
	f.lab.Do(func() { line.SSH = sshTerms(conn) })
	channel, requests, err := offer.Accept()
	if err != nil {
		return
	}
	var running sync.WaitGroup
	here, leave := context.WithCancel(p.ctx)
	defer leave()
	serve := func(session func() (status uint32)) {
		running.Go(func() {
			status := session()
			f.leave(line) // before the client knows: it may be back at once
			_, _ = channel.SendRequest("exit-status", false, gossh.Marshal(struct{ Status uint32 }{status}))
			_ = channel.Close()
		})
	}
	// Requests are answered until the channel is closed by both ends. What is asked of the terminal is granted, and changes
	// nothing: a vty is 80 by 24 until its user says otherwise.
	for served := false; ; {
		req, ok := <-requests
		if !ok {
			break
		}
		switch {
		case req.Type == "pty-req" || req.Type == "window-change":
			_ = req.Reply(true, nil)
		case req.Type == "shell" && !served:
			served = true
			_ = req.Reply(true, nil)
			serve(func() uint32 { return f.sshShell(p, line, channel) })
		case req.Type == "exec" && !served:
			var command struct{ Line string }
			if err := gossh.Unmarshal(req.Payload, &command); err != nil {
				_ = req.Reply(false, nil)
				continue
			}
			served = true
			_ = req.Reply(true, nil)
			r := newRemote(channel, here.Done())
			running.Go(func() { r.listen(channel) })
			serve(func() uint32 { return f.sshExec(p, line, r, command.Line) })
		default:
			_ = req.Reply(false, nil)
		}
	}
	leave()
	running.Wait()
}

// sshShell serves a person, or a client that types like one. Without a pty it is the same: a router echoes in any case.
func (f *front) sshShell(p *sshPeer, line *devices.Terminal, channel gossh.Channel) (status uint32) {
	sh, err := f.shell()
	if err != nil {
		return 1
	}
	v := NewVTY(sh, line, channel, func() { _ = p.Close() })
	if f.run(p.ctx, v, &p.user) != nil {
		return 1
	}
	return 0
}

// sshExec runs one command without a terminal: its answer has plain line feeds and no pages. The status is 1 when the
// router refuses it.
func (f *front) sshExec(p *sshPeer, line *devices.Terminal, r *remote, command string) (status uint32) {
	sh, err := f.shell()
	if err != nil {
		return 1
	}
	sh.remote = r
	f.lab.Do(func() {
		sh.sit(line)
		line.User = p.user.Name
		sh.at.SetLevel(p.user.Level)
	})
	for typed := range strings.Lines(command) {
		text, err := sh.Converse(strings.TrimRight(typed, "\r\n"), nil)
		if err != nil {
			text += fmt.Sprintf("%% %v\n", err)
			f.fail(err)
		}
		if _, werr := io.WriteString(r.show, text); err != nil || werr != nil || sh.Refused() {
			return 1
		}
	}
	return 0
}

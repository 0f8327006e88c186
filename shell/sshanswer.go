package shell

import (
	"errors"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"lisplab/devices"
)

// sshServers are the SSH servers of a lab's routers, for each other.
type sshServers struct {
	keys    HostKeys
	signers map[*devices.Device]gossh.Signer // made when they are first wanted
}

// signer is the host key of a router: the one of its keys that all clients in a lab know.
func (s *sshServers) signer(d *devices.Device) (gossh.Signer, error) {
	if key := s.signers[d]; key != nil {
		return key, nil
	}
	key, err := s.keys.signer(d.Name(), hostKeys[0])
	if err == nil {
		s.signers[d] = key
	}
	return key, err
}

// answer takes a connection: it logs somebody in, and has him served.
func (s *sshServers) answer(a *answer) {
	signer, err := s.signer(a.device)
	if err != nil { // of the disk; whoever serves the lab has been told
		a.end()
		a.stream.Close(true)
		return
	}
	l := &sshAnswer{sshEnd: newSSHEnd(a.stream, false), answer: a, banner: a.device.Config().Banners.Login}
	l.ended = l.hangUp
	l.begin(func() { l.run(signer) })
	a.heard = func() {
		l.visit()
		if l.ring != nil {
			l.ring()
		}
	}
	a.stream.OnChange(a.heard)
	if a.wall {
		l.login = devices.AfterWall(sshLoginTime, func() { a.late(l.giveUp) })
	}
}

// sshAnswer is the link of a session that somebody has at a router by SSH.
type sshAnswer struct {
	*sshEnd
	answer *answer
	banner string
	user   devices.User // who was let in
	ring   func()       // gives the session its turn; nil as long as there is none
	login  *time.Timer  // waits for the login; nil where nobody is late
}

var errNotLetIn = errors.New("not let in")

// run is the protocol, on a goroutine of its own.
func (l *sshAnswer) run(signer gossh.Signer) {
	config := &gossh.ServerConfig{
		ServerVersion: "SSH-2.0-" + sshVersion, MaxAuthTries: attempts,
		BannerCallback: func(gossh.ConnMetadata) string { return l.banner },
		PasswordCallback: func(conn gossh.ConnMetadata, typed []byte) (*gossh.Permissions, error) {
			ok := false
			l.onOwner(func() { l.user, ok = l.answer.device.Config().Authenticate(conn.User(), string(typed)) })
			if !ok {
				return nil, errNotLetIn
			}
			return nil, nil
		},
	}
	config.AddHostKey(signer)
	conn, offers, requests, err := gossh.NewServerConn(l, config)
	if err != nil {
		return
	}
	defer conn.Close()
	go gossh.DiscardRequests(requests)
	for offer := range offers {
		if offer.ChannelType() != "session" || l.state().open {
			_ = offer.Reject(gossh.Prohibited, "one session is all there is")
			continue
		}
		channel, events, err := offer.Accept()
		if err != nil {
			return
		}
		go l.serve(conn, channel, events)
	}
}

// serve begins the session when its client wants one.
func (l *sshAnswer) serve(conn *gossh.ServerConn, channel gossh.Channel, events <-chan *gossh.Request) {
	served := false
	for event := range events {
		ok := event.Type == "pty-req"
		if event.Type == "shell" && !served {
			served = true
			l.update(func() { l.channel = channel })
			// The prompt is on its way before the client knows that there is a session.
			ok = l.onOwner(func() {
				l.answer.line.SSH = sshTerms(conn)
				l.loggedIn()
				l.ring = l.answer.session(l, &l.user)
				l.ring()
			})
			go l.receive(channel)
		}
		_ = event.Reply(ok, nil)
	}
}

// close ends the session and its connection.
func (l *sshAnswer) close() {
	l.mu.Lock()
	channel := l.channel
	l.mu.Unlock()
	if channel != nil {
		l.push()
		_, _ = channel.SendRequest("exit-status", false, gossh.Marshal(struct{ Status uint32 }{0}))
		_ = channel.Close()
	}
	l.sshEnd.close()
}

// giveUp ends the connection of somebody who has not logged in in time.
func (l *sshAnswer) giveUp() {
	if l.ring == nil {
		l.answer.end()
		l.close()
	}
}

// hangUp ends the session when the protocol has ended; without one it gives the line back.
func (l *sshAnswer) hangUp() {
	if l.ring != nil {
		l.ring()
		return
	}
	l.loggedIn()
	l.answer.end()
	l.close()
}

// loggedIn notes that nobody is late any more.
func (l *sshAnswer) loggedIn() {
	if l.login != nil {
		l.login.Stop()
	}
}

// sshTerms are what a connection's ends have agreed on.
func sshTerms(conn *gossh.ServerConn) *devices.SSHTerms {
	meta, ok := conn.Conn.(gossh.AlgorithmsConnMetadata)
	if !ok {
		return nil
	}
	in, out := meta.Algorithms().Read, meta.Algorithms().Write
	return &devices.SSHTerms{In: devices.SSHProtection{Cipher: in.Cipher, MAC: in.MAC}, Out: devices.SSHProtection{Cipher: out.Cipher, MAC: out.MAC}}
}

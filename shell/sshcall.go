package shell

import (
	"errors"
	"strings"

	gossh "golang.org/x/crypto/ssh"

	"lisplab/devices"
	"lisplab/shell/editor"
)

// sshCall is the link of a router's own `ssh`: the client asks for the password, and then passes keys on.
type sshCall struct {
	*sshEnd
	user string

	begun  bool
	edit   editor.Editor // of the password
	asked  bool          // it is being typed
	ahead  []byte        // typed, and not for anything yet
	answer chan string
}

func newSSHCall(stream *devices.Stream, user string) *sshCall {
	return &sshCall{sshEnd: newSSHEnd(stream, true), user: user, answer: make(chan string, 1)}
}

// stir is told whenever the stream has changed.
func (c *sshCall) stir() {
	if c.stream.State() == devices.StreamOpen && !c.begun {
		c.begun = true
		c.begin(c.run)
	}
	if c.begun {
		c.visit()
	}
}

// What the client offers is what IOS offers.
var sshClientAlgorithms = gossh.Config{
	Ciphers: []string{gossh.CipherAES128CTR, gossh.CipherAES192CTR, gossh.CipherAES256CTR},
	MACs:    []string{gossh.HMACSHA256, gossh.HMACSHA1},
}

var errHungUp = errors.New("the connection is closed")

// run is the protocol, on a goroutine of its own.
func (c *sshCall) run() {
	password := func() (string, error) {
		c.update(func() { c.asking = true })
		select {
		case typed := <-c.answer:
			return typed, nil
		case <-c.gone:
			return "", errHungUp
		}
	}
	conn, offers, requests, err := gossh.NewClientConn(c, c.stream.Remote.String(), &gossh.ClientConfig{
		Config: sshClientAlgorithms, User: c.user, ClientVersion: "SSH-2.0-" + sshVersion,
		Auth:            []gossh.AuthMethod{gossh.RetryableAuthMethod(gossh.PasswordCallback(password), attempts)},
		HostKeyCallback: gossh.InsecureIgnoreHostKey(), // IOS takes any, too, unless told otherwise
		BannerCallback: func(text string) error {
			text = strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n") + "\n"
			c.show(strings.ReplaceAll(text, "\n", "\r\n"))
			return nil
		},
	})
	if err != nil {
		return
	}
	client := gossh.NewClient(conn, offers, requests)
	defer client.Close()
	channel, events, err := client.OpenChannel("session", nil)
	if err != nil {
		return
	}
	go gossh.DiscardRequests(events)
	terminal := gossh.Marshal(struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}{"vt100", devices.DefaultWidth, devices.DefaultLength, 0, 0, "\x00"})
	for _, request := range []struct {
		name string
		with []byte
	}{{"pty-req", terminal}, {"shell", nil}} {
		if ok, err := channel.SendRequest(request.name, true, request.with); err != nil || !ok {
			return
		}
	}
	c.update(func() { c.channel = channel })
	c.receive(channel)
}

// over tells whether the protocol has ended, or can't begin.
func (c *sshCall) over() bool {
	if !c.begun {
		return c.stream.State() == devices.StreamClosed
	}
	return c.sshEnd.over()
}

func (c *sshCall) read() ([]byte, error) {
	c.use()
	return c.sshEnd.read()
}

// show is for what the client itself has to say.
func (c *sshCall) show(text string) { c.update(func() { c.data = append(c.data, text...) }) }

func (c *sshCall) write(keys []byte) {
	c.ahead = append(c.ahead, keys...)
	c.use()
}

// use gives keys to what they are for: the password that is asked for, or the far end.
func (c *sshCall) use() {
	for {
		switch at := c.state(); {
		case at.done || at.closed:
			return
		case at.open:
			if len(c.ahead) > 0 {
				c.sshEnd.write(c.ahead)
				c.ahead = nil
			}
			return
		case !at.asking:
			return
		}
		if !c.asked {
			c.asked = true
			c.edit.Begin(editor.Line{Prompt: "Password: ", Kind: editor.Secret})
		}
		used, event := c.edit.Feed(c.ahead)
		c.ahead = c.ahead[used:]
		c.show(string(c.edit.Output()))
		if event == editor.None {
			return
		}
		typed := c.edit.Text()
		if event == editor.Interrupt {
			typed = ""
		}
		c.asked = false
		c.update(func() { c.asking = false })
		c.answer <- typed
		c.visit()
	}
}

package shell

import (
	"fmt"
	"strings"

	"lisplab/commands"
	"lisplab/devices"
)

// What follows is the console as a line of its router: `line con 0` says how long a session may be idle there, who may
// begin one and at which level. A lab opens with a session that has begun, at the operator's level.

// watch has idle called when a session at a console is over because nobody has typed for its exec-timeout. It may be called
// from any goroutine.
func (s *Shell) watch(idle func()) {
	s.lab.Do(func() {
		s.idle = idle
		for d, c := range s.sessions {
			s.watchSession(d, c)
		}
	})
}

func (s *Shell) watchSession(d *devices.Device, c *session) {
	t := c.Terminal
	if s.idle == nil || t == nil || !t.Open() {
		return
	}
	t.OnTimeout(func() {
		s.lab.Do(func() {
			if c := s.sessions[d]; c != nil && c.Terminal == t {
				c.over = true
			}
		})
		s.idle()
	})
}

// seatConsole gives a session the console of its router.
func (s *Shell) seatConsole(c *session) {
	c.Terminal = commands.NewTerminal() // the router has no power, or its console is taken
	if t, err := c.Device.OpenConsole(); err == nil {
		c.Terminal = t
		s.watchSession(c.Device, c)
	}
}

// Over tells whether the session at the attached router's console is over.
func (s *Shell) Over() (over bool) {
	s.lab.Do(func() { over = s.over() })
	return over
}

// over tells whether a person's session at a console is over. Scripts go on.
func (s *Shell) over() bool {
	if s.idle == nil {
		return false
	}
	c := s.at
	c.revive()
	_, asked := c.Asked()
	return c.over || c.Closed || c.entering && !asked // the question was given up
}

// Available ends a session at the console, and returns what the screen shows until somebody begins another one.
func (s *Shell) Available() (text string) {
	s.lab.Do(func() {
		c := s.at
		s.endTask()
		c.calls.hangUp()
		host := c.Device.Name()
		if c.Device.Running() {
			host = c.Device.Config().Hostname
		}
		text = fmt.Sprintf("\n\n\n%s con0 is now available\n\n\n\n\n\nPress RETURN to get started.\n\n", host)
		if c.restart {
			text = commands.BootText(c.Device)
		}
		if c.Terminal != nil {
			c.Terminal.Close()
		}
		c.Context = commands.Context{Lab: s.lab, Device: c.Device}
	})
	return text
}

// Begin begins a session at the console: with its banners, the question who is there, and the level that the line gives.
func (s *Shell) Begin() (text string) {
	s.lab.Do(func() {
		c := s.at
		c.over, c.restart, c.entering = false, false, false
		s.seatConsole(c)
		cfg := c.Device.Config()
		var b strings.Builder
		method := c.Terminal.Login()
		if method == devices.LoginNone {
			b.WriteString(wholeLines(cfg.Banners.MOTD))
		} else {
			b.WriteString(cfg.Banners.MOTD + cfg.Banners.Login + "\n\nUser Access Verification\n\n")
		}
		c.SetLevel(cfg.Console.Level)
		switch method {
		case devices.LoginNone:
			b.WriteString(wholeLines(cfg.Banners.Exec))
		case devices.LoginPassword:
			c.askPassword(cfg.Console, 1)
		case devices.LoginLocal:
			c.askUser(1)
		}
		text = b.String()
	})
	return text
}

// askPassword asks for the password of the line.
func (c *session) askPassword(line devices.Line, attempt int) {
	if !line.Password.Set() { // nobody is locked out of a console
		return
	}
	c.entering = true
	c.Ask(commands.Question{Prompt: "Password: ", Secret: true, Then: func(_ *commands.Context, typed string) error {
		switch {
		case line.Password.Check(typed):
			return c.welcome()
		case attempt == attempts:
			c.over = true
			_, err := fmt.Fprint(c.Out, "% Bad passwords\n")
			return err
		}
		c.askPassword(line, attempt+1)
		return nil
	}})
}

// askUser asks for a local user and his password.
func (c *session) askUser(attempt int) {
	c.entering = true
	c.Ask(commands.Question{Prompt: "Username: ", Then: func(_ *commands.Context, name string) error {
		c.Ask(commands.Question{Prompt: "Password: ", Secret: true, Then: func(_ *commands.Context, typed string) error {
			if user, ok := c.Device.Config().Authenticate(name, typed); ok {
				c.Terminal.User = user.Name
				c.SetLevel(user.Level)
				return c.welcome()
			}
			if c.over = attempt == attempts; !c.over {
				c.askUser(attempt + 1)
			}
			_, err := fmt.Fprint(c.Out, "% Login invalid\n\n")
			return err
		}})
		return nil
	}})
}

func (c *session) welcome() error {
	c.entering = false
	_, err := fmt.Fprint(c.Out, wholeLines(c.Device.Config().Banners.Exec))
	return err
}

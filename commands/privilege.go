package commands

import (
	"fmt"

	"lisplab/commands/grammar"
	"lisplab/devices"
)

// privilegeRows are the ways from one level of privilege to another.
func privilegeRows() []Row {
	return []Row{
		{Modes: anyExec, Syntax: "enable [<1-15>$level]",
			Help: grammar.Words{
				"enable":        "Turn on privileged commands",
				"enable <1-15>": "Enable level",
			},
			Run: enable},
		{Modes: anyExec, Syntax: "disable [<1-15>$level]",
			Help: grammar.Words{
				"disable":        "Turn off privileged commands",
				"disable <1-15>": "Privilege level to go to",
			},
			Run: disable},
		{Modes: anyExec, Syntax: "login",
			Help: grammar.Words{"login": "Log in as a particular user"},
			Run: func(c *Context, _ Args) error {
				c.login(1)
				return nil
			}},
		{Modes: anyExec, Syntax: "show privilege",
			Help: grammar.Words{"show privilege": "Show current privilege level"},
			Run: func(c *Context, _ Args) error {
				_, err := fmt.Fprintf(c.Out, "Current privilege level is %d\n", c.Level())
				return err
			}},
	}
}

// attempts is how often a router asks for a password.
const attempts = 3

// Level returns the session's level of privilege.
func (c *Context) Level() uint8 {
	if c.Mode() == User {
		return max(devices.LevelUser, c.level)
	}
	return devices.LevelOperator
}

// SetLevel puts the session into EXEC mode at a level of privilege. Below the operator's a session has the commands of a
// user, whatever the level's number.
func (c *Context) SetLevel(level uint8) {
	if level >= devices.LevelOperator {
		c.restart(Exec)
		return
	}
	c.level = max(devices.LevelUser, level)
	c.restart(User)
}

// enable goes to a level. Going up takes the password of that level. Where there is none a session from the network stays
// out; whoever sits at the router may go in.
func enable(c *Context, a Args) error {
	level := uint8(devices.LevelOperator)
	if a.Has("level") {
		level = uint8(a.Uint("level"))
	}
	e := c.config().EnableFor(level)
	switch {
	case level <= c.Level():
		c.SetLevel(level)
	case e.Secret.Set():
		c.askEnable(level, e.Secret.Check, "% Bad secrets", 1)
	case e.Password.Set():
		c.askEnable(level, e.Password.Check, "% Bad passwords", 1)
	case c.Terminal != nil && c.Terminal.From.IsValid():
		return refuse("%% No password set")
	default:
		c.SetLevel(level)
	}
	return nil
}

func (c *Context) askEnable(level uint8, right func(string) bool, bad string, attempt int) {
	c.Ask(Question{Prompt: "Password: ", Secret: true, Then: func(c *Context, typed string) error {
		switch {
		case right(typed):
			c.SetLevel(level)
		case attempt == attempts:
			fmt.Fprintln(c.Out, bad)
			return refuse("") // an empty line
		default:
			c.askEnable(level, right, bad, attempt+1)
		}
		return nil
	}})
}

func disable(c *Context, a Args) error {
	level := uint8(devices.LevelUser)
	if a.Has("level") {
		level = uint8(a.Uint("level"))
	}
	if level > c.Level() {
		return refuse("%% New privilege level must be less than current privilege level")
	}
	c.SetLevel(level)
	return nil
}

// login makes somebody else of who sits at the terminal. Who is not let in keeps the name and the level that he has.
func (c *Context) login(attempt int) {
	c.Ask(Question{Prompt: "Username: ", Then: func(c *Context, name string) error {
		c.Ask(Question{Prompt: "Password: ", Secret: true, Then: func(c *Context, typed string) error {
			user, known := c.config().Authenticate(name, typed)
			if !known {
				if attempt < attempts {
					c.login(attempt + 1)
				}
				_, err := fmt.Fprint(c.Out, "% Login invalid\n\n")
				return err
			}
			c.seat().User = user.Name
			c.SetLevel(user.Level)
			return nil
		}})
		return nil
	}})
}

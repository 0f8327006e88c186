package commands

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/password"
)

// enableRows are what opens the levels of privilege.
func enableRows() []Row {
	only := []grammar.Mode{Config}
	const level = "[level <1-15>$level]"
	return []Row{
		{Modes: only,
			Syntax: "enable secret " + level + " [<0|5|8|9>$type] LINE$password",
			No:     "enable secret " + level + " [<0|5|8|9>$type] [LINE$password]",
			Help: grammar.Words{
				"config: enable":             "Modify enable password parameters",
				"enable secret":              "Assign the privileged level secret",
				"enable secret level":        "Set exec level password",
				"enable secret level <1-15>": "Level number",
				"enable secret 0":            "Specifies an UNENCRYPTED password will follow",
				"enable secret 5":            "Specifies a MD5 HASHED secret will follow",
				"enable secret 8":            "Specifies a PBKDF2 HASHED secret will follow",
				"enable secret 9":            "Specifies a SCRYPT HASHED secret will follow",
				"enable secret LINE":         "The UNENCRYPTED (cleartext) 'enable' secret",
			},
			Run: func(c *Context, a Args) error {
				return setEnable(c, a, func(e *devices.Enable) *password.Password { return &e.Secret })
			},
			Print: func(cfg *devices.Config, p *Printer) {
				for _, e := range cfg.Enable {
					if e.Secret.Set() {
						p.Line("enable secret%s %v", levelText(e.Level), e.Secret)
					}
				}
			},
			Example: "enable secret level 5 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0"},
		{Modes: only,
			Syntax: "enable password " + level + " [<0|7>$type] LINE$password",
			No:     "enable password " + level + " [<0|7>$type] [LINE$password]",
			Help: grammar.Words{
				"enable password":              "Assign the privileged level password (MAX of 25 characters)",
				"enable password level":        "Set exec level password",
				"enable password level <1-15>": "Level number",
				"enable password 0":            "Specifies an UNENCRYPTED password will follow",
				"enable password 7":            "Specifies a HIDDEN password will follow",
				"enable password LINE":         "The UNENCRYPTED (cleartext) 'enable' password",
			},
			Run: func(c *Context, a Args) error {
				return setEnable(c, a, func(e *devices.Enable) *password.Password { return &e.Password })
			},
			Print: func(cfg *devices.Config, p *Printer) {
				for _, e := range cfg.Enable {
					if e.Password.Set() {
						p.Line("enable password%s %s", levelText(e.Level), passwordText(e.Password, "level"))
					}
				}
				if len(cfg.Enable) > 0 {
					p.separator()
				}
			},
			Example: "enable password level 5 7 0822455D0A16"},
	}
}

// levelText names the level of an enable password, unless it is the one that is meant without a word.
func levelText(level uint8) string {
	if level == devices.LevelOperator {
		return ""
	}
	return " level " + strconv.Itoa(int(level))
}

func setEnable(c *Context, a Args, of func(*devices.Enable) *password.Password) error {
	level := uint8(devices.LevelOperator)
	if a.Has("level") {
		level = uint8(a.Uint("level"))
	}
	var p password.Password
	if !a.Has("no") {
		var err error
		if p, err = typedPassword(a); err != nil {
			return err
		}
	}
	e := c.Config.EnableFor(level)
	*of(&e) = p
	list := slices.DeleteFunc(c.Config.Enable, func(o devices.Enable) bool { return o.Level == level })
	if e.Secret.Set() || e.Password.Set() {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b devices.Enable) int { return cmp.Compare(a.Level, b.Level) })
	c.Config.Enable = list
	return nil
}

// userRows are the local users.
func userRows() []Row {
	const syntax = "username WORD$user [privilege <1-15>$level]"
	return []Row{{
		Modes:  []grammar.Mode{Config},
		Syntax: syntax + " [password [<0|7>$type] LINE$password | secret [<0|5|8|9>$type] LINE$password]",
		No:     syntax + " [password [[<0|7>$type] LINE$password] | secret [[<0|5|8|9>$type] LINE$password]]",
		Help: grammar.Words{
			"username":                  "Establish User Name Authentication",
			"username WORD":             "User name",
			"username privilege":        "Set user privilege level",
			"username privilege <1-15>": "User privilege level",
			"username password":         "Specify the password for the user",
			"username password 0":       "Specifies an UNENCRYPTED password will follow",
			"username password 7":       "Specifies a HIDDEN password will follow",
			"username password LINE":    "The UNENCRYPTED (cleartext) user password",
			"username secret":           "Specify the secret for the user",
			"username secret 0":         "Specifies an UNENCRYPTED secret will follow",
			"username secret 5":         "Specifies a MD5 HASHED secret will follow",
			"username secret 8":         "Specifies a PBKDF2 HASHED secret will follow",
			"username secret 9":         "Specifies a SCRYPT HASHED secret will follow",
			"username secret LINE":      "The UNENCRYPTED (cleartext) user secret",
		},
		Run:     setUser,
		Print:   printUsers,
		Example: "username lab privilege 15 secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0",
	}}
}

// setUser adds a user, or changes what the line says of him.
func setUser(c *Context, a Args) error {
	name := a.String("user")
	i := slices.IndexFunc(c.Config.Users, func(u devices.User) bool { return u.Name == name })
	if a.Has("no") {
		if i >= 0 {
			c.Config.Users = slices.Delete(c.Config.Users, i, i+1)
		}
		return nil
	}
	u := devices.User{Name: name, Level: devices.LevelUser}
	if i >= 0 {
		u = c.Config.Users[i]
	}
	if a.Has("level") {
		u.Level = uint8(a.Uint("level"))
	}
	if a.Has("password") {
		secret := a.Has("secret")
		if u.Password.Set() && u.Secret != secret {
			return refuse("ERROR: Can not have both a user password and a user secret.\nPlease choose one or the other.")
		}
		p, err := typedPassword(a)
		if err != nil {
			return err
		}
		u.Secret, u.Password = secret, p
	}
	if i >= 0 {
		c.Config.Users[i] = u
	} else {
		c.Config.Users = append(c.Config.Users, u)
	}
	return nil
}

func printUsers(cfg *devices.Config, p *Printer) {
	for _, u := range cfg.Users {
		line := "username " + u.Name
		if u.Level != devices.LevelUser {
			line += " privilege " + strconv.Itoa(int(u.Level))
		}
		switch {
		case u.Password.Set() && u.Secret:
			line += " secret " + u.Password.String()
		case u.Password.Set():
			line += " password " + u.Password.String()
		}
		p.Line("%s", line)
	}
	if len(cfg.Users) > 0 {
		p.separator()
	}
}

// typedPassword returns the password of a line `... [TYPE] PASSWORD`.
func typedPassword(a Args) (password.Password, error) {
	p := password.Password{Text: a.String("password")}
	if t := a.String("type"); t != "" {
		p.Type = t[0] - '0'
	}
	switch {
	case p.Valid():
		return p, nil
	case p.Type == 7:
		return p, refuse("Invalid encrypted password: %s", p.Text)
	}
	return p, refuse("ERROR: The secret you entered is not a valid encrypted secret.\n"+
		"To enter an UNENCRYPTED secret, do not specify type %d encryption.\n"+
		"When you properly enter an UNENCRYPTED secret, it will be encrypted.", p.Type)
}

// passwordText writes a password as IOS does where it leaves the type of one in clear away. One that would read as a type,
// or as another word that may stand there, needs it.
func passwordText(p password.Password, others ...string) string {
	first, _, _ := strings.Cut(p.Text, " ")
	reads := func(word string) bool { return strings.HasPrefix(word, strings.ToLower(first)) }
	if p.Type != 0 || slices.ContainsFunc(append([]string{"0", "7"}, others...), reads) {
		return p.String()
	}
	return p.Text
}

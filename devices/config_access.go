package devices

import (
	"slices"
	"time"

	"lisplab/devices/password"
)

// The levels of privilege: a user sees and asks, an operator changes. The levels between are names for a user who has come
// by an enable password of his own.
const (
	LevelUser     = 1
	LevelOperator = 15
)

// User is one `username` line.
type User struct {
	Name     string
	Level    uint8 // 1 to 15
	Secret   bool  // `secret` rather than `password`
	Password password.Password
}

// Enable is what opens one level of privilege: an `enable secret` or, where there is none, an `enable password` line.
type Enable struct {
	Level            uint8
	Secret, Password password.Password
}

// User returns a local user.
func (c Config) User(name string) (User, bool) {
	i := slices.IndexFunc(c.Users, func(u User) bool { return u.Name == name })
	if i < 0 {
		return User{}, false
	}
	return c.Users[i], true
}

// Authenticate tells whether a local user has typed his password, and returns him. A name that is not there takes as long
// as a wrong password. With hashes of types 8 and 9 that is 15 ms: do it outside Lab.Do, on a copy of the configuration.
func (c Config) Authenticate(name, typed string) (User, bool) {
	u, known := c.User(name)
	if !known && len(c.Users) > 0 {
		u.Password = c.Users[0].Password
	}
	right := u.Password.Check(typed)
	return u, known && right
}

// EnableFor returns what opens a level.
func (c Config) EnableFor(level uint8) Enable {
	for _, e := range c.Enable {
		if e.Level == level {
			return e
		}
	}
	return Enable{Level: level}
}

// LoginMethod says how a line asks who is there.
type LoginMethod uint8

// The login methods.
const (
	LoginDefault  LoginMethod = iota // what the line does by itself: the console asks nothing, a vty its password
	LoginNone                        // `no login`
	LoginPassword                    // `login`: the password of the line
	LoginLocal                       // `login local`: a local user and his password
)

// Transport is a set of the protocols by which a line takes sessions.
type Transport uint8

// The transports. The zero Transport means that nothing was configured: a vty then takes all.
const (
	TransportNone Transport = 1 << iota
	TransportSSH
	TransportTelnet
	TransportAll
)

// Takes tells whether sessions by one of the protocols are let in.
func (t Transport) Takes(by Transport) bool {
	return t == 0 || t&TransportAll != 0 || t&by != 0
}

// Line is one terminal line: the console or a vty. Its zero value is a line as it comes.
type Line struct {
	ExecTimeout        time.Duration // 0 means DefaultExecTimeout, negative never
	Level              uint8         // `privilege level`; 0 means that of a user
	Password           password.Password
	LoggingSynchronous bool
	Login              LoginMethod
	Length, Width      int // of the terminal; 0 means the default, negative 0
	History            int // lines of history; 0 means the default, negative none
	TransportInput     Transport
}

// What a line does when it is told nothing else.
const (
	DefaultExecTimeout = 10 * time.Minute
	DefaultLength      = 24
	DefaultWidth       = 80
	DefaultHistory     = 20
)

// DefaultVTYs is how many vtys a router has at least.
const DefaultVTYs = 5

// Timeout returns for how long a session may be idle; 0 means for ever.
func (l Line) Timeout() time.Duration { return max(0, orDefault(l.ExecTimeout, DefaultExecTimeout)) }

func orDefault[T int | time.Duration](n, def T) T {
	if n == 0 {
		return def
	}
	return max(0, n)
}

// VTYCount is how many vtys the router has.
func (c Config) VTYCount() int { return max(DefaultVTYs, len(c.VTYs)) }

// VTY returns the configuration of a vty, by number.
func (c Config) VTY(n int) Line {
	if n < len(c.VTYs) {
		return c.VTYs[n]
	}
	return Line{}
}

// Banners are the texts that a terminal shows; "" means none.
type Banners struct {
	MOTD  string // to whoever connects
	Login string // before the question who is there
	Exec  string // behind it
}

// Domain is what the router knows of names.
type Domain struct {
	NoLookup bool // `no ip domain lookup`: a mistyped word is not asked for as the name of a host
	Name     string
}

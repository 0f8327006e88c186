package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lisplab/commands/grammar"
	"lisplab/devices"
	"lisplab/devices/password"
)

// highestVTY is the highest number of a vty.
const highestVTY = 97

// lineRows are the terminal lines: the console and the vtys.
func lineRows() []Row {
	return slices.Concat([]Row{
		{Modes: []grammar.Mode{Config}, Syntax: "line console <0-0>$number",
			Help: grammar.Words{
				"line":               "Configure a terminal line",
				"line console":       "Primary terminal line",
				"line console <0-0>": "First Line number",
			},
			Run: func(c *Context, _ Args) error {
				c.enter(frame{mode: Line})
				return nil
			},
			Print:   printLines,
			Example: "line con 0\n logging synchronous"},
		{Modes: []grammar.Mode{Config}, Syntax: "line vty <0-97>$first [<0-97>$last]", No: "line vty <0-97>$first [<0-97>$last]",
			Help: grammar.Words{
				"line vty":              "Virtual terminal",
				"line vty <0-97>$first": "First Line number",
				"line vty <0-97>$last":  "Last Line number",
			},
			Run: selectVTYs},
	}, loginRows(), terminalLineRows())
}

// selectVTYs enters vtys, and makes those that are not there; `no` takes them away, down to the five that every router has.
func selectVTYs(c *Context, a Args) error {
	first, last := int(a.Uint("first")), int(a.Uint("first"))
	if a.Has("last") {
		last = int(a.Uint("last"))
	}
	have := c.Config.VTYCount()
	switch {
	case last < first:
		return a.Invalid("last", fmt.Sprintf("<%d-%d>", first, highestVTY))
	case !a.Has("no"):
		if last >= have {
			c.Config.VTYs = vtys(c.Config, last+1)
		}
		c.enter(frame{mode: Line, vty: true, first: first, last: last})
		return nil
	case first < devices.DefaultVTYs:
		return refuse("%% Can't delete last %d VTY lines", devices.DefaultVTYs)
	case first < have:
		c.Config.VTYs = tidyVTYs(c.Config.VTYs[:first])
	}
	return nil
}

// vtys returns the vtys of a configuration, at least n of them.
func vtys(cfg *devices.Config, n int) []devices.Line {
	list := slices.Clone(cfg.VTYs)
	for len(list) < max(n, cfg.VTYCount()) {
		list = append(list, devices.Line{})
	}
	return list
}

// tidyVTYs is how a configuration keeps vtys: not at all, when they are the five that every router has, as they come.
func tidyVTYs(list []devices.Line) []devices.Line {
	if len(list) == devices.DefaultVTYs && !slices.ContainsFunc(list, func(l devices.Line) bool { return l != devices.Line{} }) {
		return nil
	}
	return list
}

// eachLine changes the lines of the present mode.
func (c *Context) eachLine(change func(l *devices.Line)) {
	f := c.top()
	if !f.vty {
		change(&c.Config.Console)
		return
	}
	c.Config.VTYs = vtys(c.Config, f.last+1)
	for i := f.first; i <= f.last; i++ {
		change(&c.Config.VTYs[i])
	}
	c.Config.VTYs = tidyVTYs(c.Config.VTYs)
}

// lineOf is the line that a block prints: of vtys that say the same, the first.
func lineOf(cfg *devices.Config, f frame) devices.Line {
	if f.vty {
		return cfg.VTY(f.first)
	}
	return cfg.Console
}

// printLines prints all lines. Vtys that say the same share a block, but the first five never do with the others.
func printLines(cfg *devices.Config, p *Printer) {
	p.lineBlock(frame{mode: Line}, "line con 0")
	count := cfg.VTYCount()
	for first := 0; first < count; {
		last := first
		for last+1 < count && last+1 != devices.DefaultVTYs && cfg.VTY(last+1) == cfg.VTY(first) {
			last++
		}
		name := fmt.Sprintf("line vty %d", first)
		if last > first {
			name += fmt.Sprintf(" %d", last)
		}
		p.lineBlock(frame{mode: Line, vty: true, first: first, last: last}, name)
		first = last + 1
	}
	p.separator()
}

// lineBlock prints the block of a line; there is nothing between one and the next.
func (p *Printer) lineBlock(f frame, name string) {
	p.block(f, false, "%s", name)
	p.lines = p.lines[:len(p.lines)-1]
}

// lineRow makes a row of mode Line that changes and prints one thing.
func lineRow(syntax, no string, help grammar.Words, set func(l *devices.Line, a Args), print func(l devices.Line, f frame, p *Printer), example string) Row {
	return Row{Modes: []grammar.Mode{Line}, Syntax: syntax, No: no, Help: help,
		Run: func(c *Context, a Args) error {
			c.eachLine(func(l *devices.Line) { set(l, a) })
			return nil
		},
		Print:   func(cfg *devices.Config, p *Printer) { print(lineOf(cfg, p.frame), p.frame, p) },
		Example: example}
}

// loginRows say how long a session lasts and how it begins.
func loginRows() []Row {
	return []Row{
		lineRow("exec-timeout <0-35791>$minutes [<0-2147483>$seconds]", "exec-timeout [<0-35791>$minutes [<0-2147483>$seconds]]",
			grammar.Words{
				"exec-timeout":             "Set the EXEC timeout",
				"exec-timeout <0-35791>":   "Timeout in minutes",
				"exec-timeout <0-2147483>": "Timeout in seconds",
			},
			func(l *devices.Line, a Args) {
				l.ExecTimeout = time.Duration(a.Uint("minutes"))*time.Minute + time.Duration(a.Uint("seconds"))*time.Second
				switch {
				case a.Has("no") || l.ExecTimeout == devices.DefaultExecTimeout:
					l.ExecTimeout = 0
				case l.ExecTimeout == 0:
					l.ExecTimeout = -1
				}
			},
			func(l devices.Line, _ frame, p *Printer) {
				if l.ExecTimeout != 0 {
					t := l.Timeout()
					p.Line("exec-timeout %d %d", t/time.Minute, t%time.Minute/time.Second)
				}
			},
			"line con 0\n exec-timeout 0 0"),
		lineRow("privilege level <1-15>$level", "privilege level [<1-15>$level]",
			grammar.Words{
				"privilege":              "Change privilege level for line",
				"privilege level":        "Assign default privilege level for line",
				"privilege level <1-15>": "Default privilege level for line",
			},
			func(l *devices.Line, a Args) {
				l.Level = uint8(a.Uint("level"))
				if a.Has("no") || l.Level == devices.LevelUser {
					l.Level = 0
				}
			},
			func(l devices.Line, _ frame, p *Printer) {
				if l.Level != 0 {
					p.Line("privilege level %d", l.Level)
				}
			},
			"line vty 0 4\n privilege level 15"),
		linePasswordRow(),
		lineRow("logging synchronous", "logging synchronous",
			grammar.Words{
				"config-line: logging": "Modify message logging facilities",
				"logging synchronous":  "Synchronized message output",
			},
			func(l *devices.Line, a Args) { l.LoggingSynchronous = !a.Has("no") },
			func(l devices.Line, _ frame, p *Printer) {
				if l.LoggingSynchronous {
					p.Line("logging synchronous")
				}
			},
			"line con 0\n logging synchronous"),
		loginMethodRow(),
	}
}

func linePasswordRow() Row {
	row := lineRow("password [<0|7>$type] LINE$password", "password [[<0|7>$type] LINE$password]",
		grammar.Words{
			"password":      "Set a password",
			"password 0":    "Specifies an UNENCRYPTED password will follow",
			"password 7":    "Specifies a HIDDEN password will follow",
			"password LINE": "The UNENCRYPTED (cleartext) line password",
		}, nil,
		func(l devices.Line, _ frame, p *Printer) {
			if l.Password.Set() {
				p.Line("password %s", passwordText(l.Password))
			}
		},
		"line vty 0 4\n password 7 0822455D0A16")
	row.Run = func(c *Context, a Args) error {
		var pw password.Password
		if !a.Has("no") {
			var err error
			if pw, err = typedPassword(a); err != nil {
				return err
			}
		}
		c.eachLine(func(l *devices.Line) { l.Password = pw })
		return nil
	}
	return row
}

// loginMethodRow is `login`, which is what a vty does and the console does not when they are told nothing.
func loginMethodRow() Row {
	row := lineRow("login [local]", "login [local]",
		grammar.Words{
			"config-line: login": "Enable password checking",
			"login local":        "Local password checking",
		}, nil,
		func(l devices.Line, f frame, p *Printer) {
			switch {
			case l.Login == devices.LoginNone:
				p.Line("no login")
			case l.Login == devices.LoginLocal:
				p.Line("login local")
			case l.Login == devices.LoginPassword || f.vty:
				p.Line("login")
			}
		},
		"line vty 0 4\n login local")
	row.Run = func(c *Context, a Args) error {
		method, byDefault := devices.LoginPassword, devices.LoginNone
		if c.top().vty {
			byDefault = devices.LoginPassword
		}
		switch {
		case a.Has("no"):
			method = devices.LoginNone
		case a.Has("local"):
			method = devices.LoginLocal
		}
		if method == byDefault {
			method = devices.LoginDefault
		}
		c.eachLine(func(l *devices.Line) { l.Login = method })
		return nil
	}
	row.Default = func(c *Context, _ Args) error {
		c.eachLine(func(l *devices.Line) { l.Login = devices.LoginDefault })
		return nil
	}
	return row
}

// terminalLineRows say what terminal a session finds, and how it gets there.
func terminalLineRows() []Row {
	size := func(name, help, place, helpPlace string, standard int, of func(*devices.Line) *int) Row {
		return lineRow(name+" "+place+"$size", name+" ["+place+"$size]",
			grammar.Words{name: help, name + " " + place: helpPlace},
			func(l *devices.Line, a Args) { setSize(of(l), a, standard) },
			func(l devices.Line, _ frame, p *Printer) {
				if n := *of(&l); n != 0 {
					p.Line("%s %d", name, max(0, n))
				}
			},
			"line vty 0 4\n "+name+" 0")
	}
	return []Row{
		size("length", "Set number of lines on a screen", "<0-512>", "Number of lines on screen (0 for no pausing)",
			devices.DefaultLength, func(l *devices.Line) *int { return &l.Length }),
		size("width", "Set width of the display terminal", "<0-512>", "Number of characters on a screen line",
			devices.DefaultWidth, func(l *devices.Line) *int { return &l.Width }),
		historyRow(),
		transportRow(),
	}
}

// setSize keeps a number that may be 0, where 0 stands for the standard.
func setSize(to *int, a Args, standard int) {
	switch n := int(a.Uint("size")); {
	case a.Has("no") || n == standard:
		*to = 0
	case n == 0:
		*to = -1
	default:
		*to = n
	}
}

// historyRow is the line's history: `no history` has none, `no history size` has the usual one.
func historyRow() Row {
	row := lineRow("history [size <0-256>$size]", "history [size [<0-256>$size]]",
		grammar.Words{
			"history":              "Enable and control the command history function",
			"history size":         "Set history buffer size",
			"history size <0-256>": "Size of history buffer",
		},
		func(l *devices.Line, a Args) {
			switch {
			case a.Has("no") && !a.Has("size"):
				l.History = -1
			case !a.Has("size"):
				l.History = 0
			default:
				setSize(&l.History, a, devices.DefaultHistory)
			}
		},
		func(l devices.Line, _ frame, p *Printer) {
			switch {
			case l.History < 0:
				p.Line("no history")
			case l.History > 0:
				p.Line("history size %d", l.History)
			}
		},
		"line con 0\n history size 256")
	row.Default = func(c *Context, _ Args) error {
		c.eachLine(func(l *devices.Line) { l.History = 0 })
		return nil
	}
	return row
}

func transportRow() Row {
	const protocols = "all | none | ssh [telnet] | telnet [ssh]"
	row := lineRow("transport input <"+protocols+">", "transport input ["+protocols+"]",
		grammar.Words{
			"transport":                  "Define transport protocols for line",
			"transport input":            "Define which protocols to use when connecting to the terminal server",
			"transport input all":        "All protocols",
			"transport input none":       "No protocols",
			"transport input ssh":        "TCP/IP SSH protocol",
			"transport input telnet":     "TCP/IP Telnet protocol",
			"transport input ssh telnet": "TCP/IP Telnet protocol",
			"transport input telnet ssh": "TCP/IP SSH protocol",
		}, nil,
		func(l devices.Line, _ frame, p *Printer) {
			if l.TransportInput != 0 {
				p.Line("transport input %s", transportText(l.TransportInput))
			}
		},
		"line vty 0 4\n transport input telnet ssh")
	row.Run = func(c *Context, a Args) error {
		var t devices.Transport
		for _, p := range transports {
			if !a.Has("no") && a.Has(p.word) {
				t |= p.transport
			}
		}
		if !c.top().vty {
			return refuse("%% Nobody connects to the console: it has no transport input.")
		}
		c.eachLine(func(l *devices.Line) { l.TransportInput = t })
		return nil
	}
	return row
}

// transports are the words for the protocols, in the order in which IOS prints them.
var transports = []struct {
	word      string
	transport devices.Transport
}{
	{"all", devices.TransportAll}, {"none", devices.TransportNone}, {"telnet", devices.TransportTelnet}, {"ssh", devices.TransportSSH},
}

func transportText(t devices.Transport) string {
	var words []string
	for _, p := range transports {
		if t&p.transport != 0 {
			words = append(words, p.word)
		}
	}
	return strings.Join(words, " ")
}

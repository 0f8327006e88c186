package commands

import (
	"lisplab/commands/grammar"
	"lisplab/devices"
)

// Terminal is the terminal that a session is shown on, as `terminal ...` sets it. What a client says of its own window
// changes none of it.
type Terminal = devices.Terminal

// NewTerminal returns a terminal as a session finds it, at no line.
func NewTerminal() *Terminal { return devices.NewTerminal() }

// terminalRows are the settings of the session's terminal. A session without one, such as a script, takes them and
// changes nothing.
func terminalRows() []Row {
	set := func(syntax string, help grammar.Words, set func(t *Terminal, a Args)) Row {
		return Row{Modes: anyExec, Syntax: syntax, Help: help, Run: func(c *Context, a Args) error {
			if c.Terminal != nil {
				set(c.Terminal, a)
			}
			return nil
		}}
	}
	return []Row{
		set("terminal length <0-512>$lines",
			grammar.Words{
				"terminal":                "Set terminal line parameters",
				"terminal length":         "Set number of lines on a screen",
				"terminal length <0-512>": "Number of lines on screen (0 for no pausing)",
			},
			func(t *Terminal, a Args) { t.Length = int(a.Uint("lines")) }),
		set("terminal width <0-512>$columns",
			grammar.Words{
				"terminal width":         "Set width of the display terminal",
				"terminal width <0-512>": "Number of characters on a screen line",
			},
			func(t *Terminal, a Args) { t.Width = int(a.Uint("columns")) }),
		set("terminal history",
			grammar.Words{"terminal history": "Enable and control the command history function"},
			func(t *Terminal, _ Args) {
				if t.History == 0 {
					t.History = devices.DefaultHistory
				}
			}),
		set("terminal history size <0-256>$lines",
			grammar.Words{
				"terminal history size":         "Set history buffer size",
				"terminal history size <0-256>": "Size of history buffer",
			},
			func(t *Terminal, a Args) { t.History = int(a.Uint("lines")) }),
		{Modes: anyExec, Syntax: "terminal monitor",
			Help: grammar.Words{"terminal monitor": "Copy debug output to the current terminal line"},
			Run: func(c *Context, _ Args) error {
				switch t := c.Terminal; {
				case t == nil:
				case t.Open() && !t.Line.VTY:
					return c.say("%% Console already monitors\n")
				default:
					t.Monitor = true
				}
				return nil
			}},
		set("terminal no monitor",
			grammar.Words{
				"terminal no":         "Negate a command or set its defaults",
				"terminal no monitor": "Copy debug output to the current terminal line",
			},
			func(t *Terminal, _ Args) { t.Monitor = false }),
		set("terminal no length",
			grammar.Words{"terminal no length": "Set number of lines on a screen"},
			func(t *Terminal, _ Args) { t.Length = devices.DefaultLength }),
		set("terminal no width",
			grammar.Words{"terminal no width": "Set width of the display terminal"},
			func(t *Terminal, _ Args) { t.Width = devices.DefaultWidth }),
		set("terminal no history",
			grammar.Words{"terminal no history": "Enable and control the command history function"},
			func(t *Terminal, _ Args) { t.History = 0 }),
		set("terminal no history size",
			grammar.Words{"terminal no history size": "Set history buffer size"},
			func(t *Terminal, _ Args) { t.History = devices.DefaultHistory }),
	}
}

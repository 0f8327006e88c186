package enginetest

import (
	"fmt"
	"strings"
)

// Run plays a scenario and returns it with what really passed. An error names the line that can't be understood.
func Run(scenario string) (string, error) {
	p := NewPlayer()
	var w strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(scenario, "\n"), "\n") {
		typed, isCommand := strings.CutPrefix(line, ">")
		if !isCommand {
			if line == "" || strings.HasPrefix(line, "#") {
				w.WriteString(line + "\n")
			}
			continue
		}
		w.WriteString(line + "\n")
		text, err := p.play(typed)
		if err != nil {
			return "", fmt.Errorf("line %d: %s: %w", i+1, line, err)
		}
		w.WriteString(text)
	}
	return w.String(), nil
}

// Player carries out the commands of scenarios on a bed.
type Player struct {
	bed  *Bed
	held map[*Node]bool // configured, but not yet told
}

// NewPlayer returns a player with a bed of its own, without routers.
func NewPlayer() *Player { return &Player{bed: NewBed(), held: make(map[*Node]bool)} }

// Bed is what the player plays on.
func (p *Player) Bed() *Bed { return p.bed }

// Play carries out lines of a scenario, without their ">", and returns what passed. It panics at a line that can't be
// understood.
func (p *Player) Play(lines ...string) string {
	var w strings.Builder
	for _, line := range lines {
		text, err := p.play(line)
		if err != nil {
			panic(line + ": " + err.Error())
		}
		w.WriteString(text)
	}
	return w.String()
}

// play carries out one line. A mistake in it, which the commands report by a panic, becomes an error.
func (p *Player) play(line string) (text string, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case mistake:
			err = r
		default:
			panic(r)
		}
	}()
	words := strings.Fields(line)
	if len(words) == 0 {
		return "", mistake("a command is missing")
	}
	quiet := words[0] == "silently"
	if quiet {
		words = words[1:]
	}
	name := words[0]
	no := name == "no"
	if no {
		words = words[1:]
		name = words[0]
	}
	run := commands[name]
	if run == nil {
		return "", mistake("unknown command " + name)
	}
	shown := run(p, no, words[1:])
	p.bed.Settle()
	text = p.bed.Text() + shown
	if quiet {
		text = ""
	}
	return text, nil
}

// mistake is an error in a scenario.
type mistake string

func (m mistake) Error() string { return string(m) }

func mustf(ok bool, format string, args ...any) {
	if !ok {
		panic(mistake(fmt.Sprintf(format, args...)))
	}
}

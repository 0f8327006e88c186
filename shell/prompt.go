package shell

import (
	"fmt"
	"slices"
	"strings"

	"lisplab/commands"
	"lisplab/devices"
)

// AttachPrompt connects the terminal to the router that shows the prompt at present. A session in which nothing was
// typed yet can also be taken up at the prompt of user EXEC mode. The router that the terminal is at comes first, then the
// others in lab-file order, and last those at which a telnet connection has the terminal: their prompt is another router's.
func (s *Shell) AttachPrompt(prompt string) (err error) {
	s.lab.Do(func() { err = s.attachPrompt(prompt) })
	return err
}

func (s *Shell) attachPrompt(prompt string) error {
	before := s.at
	if before != nil && s.prompt() == prompt {
		return nil
	}
	var shown []string
	host, _, _ := strings.Cut(strings.TrimRight(prompt, "#>"), "(")
	list := s.lab.Devices()
	slices.SortStableFunc(list, func(a, b *devices.Device) int { return s.inCall(a) - s.inCall(b) })
	for _, d := range list {
		c := s.sessions[d]
		fresh := c == nil
		if fresh { // it takes no line until the prompt is this router's
			c = &session{Context: commands.Context{Lab: s.lab, Device: d}, booted: d.Booted()}
		}
		s.at = c
		at := s.prompt()
		if at == prompt {
			return s.attach(d.Name())
		}
		if fresh && at == host+"#" && prompt == host+">" {
			if err := s.attach(d.Name()); err != nil {
				return err
			}
			s.run("disable")
			return nil
		}
		shown = append(shown, at)
	}
	s.at = before
	for _, at := range shown {
		if h, _, _ := strings.Cut(strings.TrimRight(at, "#>"), "("); strings.EqualFold(h, host) {
			return fmt.Errorf("found prompt %q, expected %q: that is where the router stands", prompt, at)
		}
	}
	return fmt.Errorf("found prompt %q, expected that of a router of the lab: %s", prompt, strings.Join(shown, ", "))
}

// inCall is 1 when a telnet connection has the terminal at a router, and 0 otherwise.
func (s *Shell) inCall(d *devices.Device) int {
	if c := s.sessions[d]; c != nil && c.calls.at != nil {
		return 1
	}
	return 0
}

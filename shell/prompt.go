package shell

import (
	"fmt"
	"strings"

	"lisplab/commands"
)

// AttachPrompt connects the terminal to the router that shows the prompt at present. A session in which nothing was
// typed yet can also be taken up at the prompt of user EXEC mode.
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
	for _, d := range s.lab.Devices() {
		fresh := s.sessions[d] == nil
		if err := s.attach(d.Name()); err != nil {
			return err
		}
		at := s.prompt()
		if at == prompt {
			return nil
		}
		if fresh && at == host+"#" && prompt == host+">" {
			s.run("disable")
			return nil
		}
		shown = append(shown, at)
		if s.at.Mode() == commands.Exec && fresh {
			delete(s.sessions, d) // nothing was typed here
		}
	}
	s.at = before
	for _, at := range shown {
		if h, _, _ := strings.Cut(strings.TrimRight(at, "#>"), "("); strings.EqualFold(h, host) {
			return fmt.Errorf("found prompt %q, expected %q: that is where the router stands", prompt, at)
		}
	}
	return fmt.Errorf("found prompt %q, expected that of a router of the lab: %s", prompt, strings.Join(shown, ", "))
}

package commands

import "strings"

// Question is what a command asks before it goes on. While a session has one, the next line that is typed there is its
// answer, whatever it says.
type Question struct {
	Prompt  string // as the screen shows it, the blank behind it included
	Default string // the answer where nobody can give one: it must let the command come to an end
	Secret  bool   // the answer is not echoed
	Key     bool   // one key is the answer: a terminal need not wait for Enter

	// Then goes on with the answer, and may ask again. Its error is as that of Row.Run.
	Then func(c *Context, answer string) error
}

// Ask leaves a question with the session. The command that ran is over; Then goes on with it.
func (c *Context) Ask(q Question) { c.question = &q }

// Asked returns the question that waits for an answer, if there is one.
func (c *Context) Asked() (q Question, ok bool) {
	if c.question == nil {
		return Question{}, false
	}
	return *c.question, true
}

// Unask gives up the question, and with it the command that asked.
func (c *Context) Unask() { c.question = nil }

// Answer goes on with the command whose question waits. Its answer goes to c.Out; its error is for ErrorText.
func (s *Set) Answer(c *Context, answer string) error {
	q, ok := c.Asked()
	if !ok {
		return nil
	}
	c.set = s
	c.Unask()
	return q.Then(c, answer)
}

// confirm asks with one key: y or Enter go on, any other key gives the command up.
func (c *Context) confirm(text string, then func(c *Context) error) {
	c.Ask(Question{Prompt: text + " [confirm]", Key: true, Then: func(c *Context, answer string) error {
		if answer != "" && answer[0] != 'y' && answer[0] != 'Y' {
			return nil
		}
		return then(c)
	}})
}

// askYesNo asks until the answer is yes or no. Where nobody answers it is no.
func (c *Context) askYesNo(text string, then func(c *Context, yes bool) error) {
	c.Ask(Question{Prompt: text + " [yes/no]: ", Default: "no", Then: func(c *Context, answer string) error {
		word := strings.ToLower(strings.TrimSpace(answer))
		if word == "" || !strings.HasPrefix("yes", word) && !strings.HasPrefix("no", word) {
			_, err := c.Out.Write([]byte("% Please answer 'yes' or 'no'.\n"))
			c.askYesNo(text, then)
			return err
		}
		return then(c, word[0] == 'y')
	}})
}

// askName asks for the name of a file; Enter takes the proposal.
func (c *Context) askName(text, proposal string, then func(c *Context, name string) error) {
	c.Ask(Question{Prompt: text + " [" + proposal + "]? ", Then: func(c *Context, answer string) error {
		if answer = strings.TrimSpace(answer); answer == "" {
			answer = proposal
		}
		return then(c, answer)
	}})
}

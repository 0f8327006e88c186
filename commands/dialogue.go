package commands

import (
	"strconv"
	"strings"
)

// asking is one question of a dialogue, or several: it goes on with then when it has its answer.
type asking func(c *Context, then func(c *Context) error) error

// inTurn asks one question after the other.
func inTurn(questions ...asking) asking {
	return func(c *Context, then func(c *Context) error) error {
		if len(questions) == 0 {
			return then(c)
		}
		return questions[0](c, func(c *Context) error { return inTurn(questions[1:]...)(c, then) })
	}
}

// value asks for a value; Enter takes what stands in brackets. What take refuses ends the command.
func value(text, usual string, take func(c *Context, answer string) error) asking {
	prompt := text + ": "
	if usual != "" {
		prompt = text + " [" + usual + "]: "
	}
	return func(c *Context, then func(c *Context) error) error {
		c.Ask(Question{Prompt: prompt, Then: func(c *Context, answer string) error {
			if answer = strings.TrimSpace(answer); answer == "" {
				answer = usual
			}
			if err := take(c, answer); err != nil {
				return err
			}
			return then(c)
		}})
		return nil
	}
}

// number asks until the answer is a number of a range.
func number(text string, usual, low, high int, to *int) asking {
	return func(c *Context, then func(c *Context) error) error {
		c.Ask(Question{Prompt: text + " [" + strconv.Itoa(usual) + "]: ", Then: func(c *Context, answer string) error {
			n, err := usual, error(nil)
			if answer = strings.TrimSpace(answer); answer != "" {
				n, err = strconv.Atoi(answer)
			}
			if err != nil || n < low || n > high {
				if err := c.say("%% A decimal number between %d and %d.\n", low, high); err != nil {
					return err
				}
				return number(text, usual, low, high, to)(c, then)
			}
			*to = n
			return then(c)
		}})
		return nil
	}
}

// no asks until the answer is yes or no; Enter is no.
func no(text string, to *bool) asking {
	letter := "n"
	if strings.HasSuffix(text, "?") {
		letter = "no"
	}
	return func(c *Context, then func(c *Context) error) error {
		c.Ask(Question{Prompt: text + " [" + letter + "]: ", Then: func(c *Context, answer string) error {
			answer = strings.ToLower(strings.TrimSpace(answer))
			if !strings.HasPrefix("yes", answer) && !strings.HasPrefix("no", answer) {
				if err := c.say("%% Please answer 'yes' or 'no'.\n"); err != nil {
					return err
				}
				return no(text, to)(c, then)
			}
			*to = strings.HasPrefix(answer, "y")
			return then(c)
		}})
		return nil
	}
}

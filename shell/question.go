package shell

import (
	"bytes"
	"io"

	"lisplab/commands"
)

// Pending returns the question that the router waits on, if it does. Prompt is then the question's text, and Exec takes
// the answer; a front end asks Pending only to know how to read it: without an echo, or as a single key.
func (s *Shell) Pending() (q commands.Question, asked bool) {
	s.lab.Do(func() {
		if asked = s.asked(); asked {
			q, _ = s.at.Asked()
		}
	})
	return q, asked
}

// Converse runs a line as Type does and sees to what the router asks, so that nothing waits for an answer behind it. The
// text is what the screen shows: questions and answers stand in it. answer returns what is typed at a question; when it is
// false, or answer is nil, the question gets what it takes where nobody can answer.
func (s *Shell) Converse(typed string, answer func(question string) (string, bool)) (text string, err error) {
	if text, err = s.Type(typed); err != nil {
		return text, err
	}
	return s.answerAll(text, answer)
}

// answerAll answers questions until there is none. text is what stands above the first.
func (s *Shell) answerAll(text string, answer func(question string) (string, bool)) (string, error) {
	for {
		q, asked := s.Pending()
		far := false
		if !asked {
			if q.Prompt, far = s.farQuestion(); !far || answer == nil {
				return text, nil // without answers, the next line is one
			}
		}
		said, ok := "", false
		if answer != nil {
			said, ok = answer(q.Prompt)
		}
		if !ok {
			if far {
				return text + q.Prompt + "\n", nil
			}
			said = q.Default
		}
		if text += q.Prompt + said + "\n"; s.remote != nil { // a task may follow, which shows its text at once
			if _, err := io.WriteString(s.remote.show, text); err != nil {
				return "", nil
			}
			text = ""
		}
		more, err := s.Exec(said)
		text += more
		if err != nil {
			return text, err
		}
	}
}

// asked tells whether the attached router waits for an answer.
func (s *Shell) asked() bool {
	if s.at == nil {
		return false
	}
	s.at.revive()
	_, asked := s.at.Asked()
	return asked && s.at.Device.Running()
}

// reply goes on with the command that has asked.
func (s *Shell) reply(text string) string {
	c := &s.at.Context
	var out bytes.Buffer
	c.Out, c.Form = &out, s.form
	if err := s.set.Answer(c, text); err != nil {
		s.refused = true
		out.WriteString(commands.ErrorText(err, 0, text))
	}
	return out.String()
}

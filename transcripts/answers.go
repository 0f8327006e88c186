package transcripts

import (
	"strings"

	"lisplab/commands"
)

// answers returns what is typed at the questions of the step: it stands in the recorded output, behind the question's own
// text. Lines above a question may differ in this run without losing its answer.
func (s *Step) answers() func(question string) (string, bool) {
	next := 0 // the first line that no question has taken
	return func(question string) (string, bool) {
		if question == "" && next < len(s.Output) && strings.HasPrefix(s.Output[next], commands.TextFollows) {
			next++ // the lines of the text have no question of their own
		}
		for i := next; i < len(s.Output); i++ {
			if answer, ok := strings.CutPrefix(s.Output[i], question); ok {
				next = i + 1
				return answer, true
			}
			if s.Output[i] == strings.TrimRight(question, " ") { // an editor has cut the blank at its end
				next = i + 1
				return "", true
			}
		}
		return "", false
	}
}

package commands

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"lisplab/commands/grammar"
)

// UnknownWord is a line of one word, in an EXEC mode, that is no command: IOS takes it for the name of a host to
// connect to.
type UnknownWord struct{ Word string }

// Error returns what is wrong in one sentence.
func (e *UnknownWord) Error() string { return fmt.Sprintf("found %q, expected a command", e.Word) }

// ErrorText words an error as IOS prints it, with the newlines that follow. promptWidth is how many columns the prompt
// before the line takes: the caret stands under the typed line.
func ErrorText(err error, promptWidth int, line string) string {
	var unknown *UnknownWord
	if errors.As(err, &unknown) {
		return "% Bad IP address or host name\n% Unknown command or computer name, or unable to find computer address\n\n"
	}
	var syntax *grammar.Error
	if !errors.As(err, &syntax) {
		text := strings.TrimRight(err.Error(), "\n")
		var own refusal
		if !strings.HasPrefix(text, "%") && !errors.As(err, &own) {
			text = "% " + text
		}
		return text + "\n"
	}
	switch syntax.Kind {
	case grammar.Incomplete:
		return "% Incomplete command.\n\n"
	case grammar.Ambiguous:
		return fmt.Sprintf("%% Ambiguous command:  %q\n", strings.TrimSpace(line))
	}
	column := promptWidth + utf8.RuneCountInString(line[:min(syntax.Col, len(line))])
	return strings.Repeat(" ", column) + "^\n% Invalid input detected at '^' marker.\n\n"
}

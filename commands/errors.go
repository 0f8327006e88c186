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

// LabErrorText words an error of a line addressed to the lab, with the newlines that follow: the lab is no router, and says
// what it expected. width is how many columns stand before the line.
func LabErrorText(err error, width int, line string) string {
	var syntax *grammar.Error
	if !errors.As(err, &syntax) {
		return ErrorText(err, width, line)
	}
	marker := ""
	if syntax.Kind != grammar.Incomplete {
		marker = caret(width, line, syntax.Col)
	}
	return fmt.Sprintf("%s%% %v\n\n", marker, err)
}

// caret is the line that points at the byte col of a line behind width columns.
func caret(width int, line string, col int) string {
	return strings.Repeat(" ", width+utf8.RuneCountInString(line[:min(col, len(line))])) + "^\n"
}

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
	return caret(promptWidth, line, syntax.Col) + "% Invalid input detected at '^' marker.\n\n"
}

package commands

import "fmt"

// refusal is an error in the very words that IOS prints.
type refusal string

// Error returns the words.
func (r refusal) Error() string { return string(r) }

// refuse makes a refusal. Most begin with "% ", but some of IOS's own do not.
func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

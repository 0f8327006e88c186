package commands

import "lisplab/commands/grammar"

// The modes. A mode of configuration is named as its prompt shows it.
const (
	User       grammar.Mode = "user"
	Exec       grammar.Mode = "exec"
	Config     grammar.Mode = "config"
	Interface  grammar.Mode = "config-if"
	RouterLISP grammar.Mode = "config-router-lisp"
	Site       grammar.Mode = "config-router-lisp-site"
	LocatorSet grammar.Mode = "config-router-lisp-locator-set"
	EIDTable   grammar.Mode = "config-router-lisp-eid-table"

	// Lab is the mode of lines addressed to the lab instead of to a router: what stands behind the word `lab` on the
	// console and behind `!!` in a transcript.
	Lab grammar.Mode = "lab"
)

// anyExec and anyConfig are the modes of rows that hold throughout.
var (
	anyExec   = []grammar.Mode{User, Exec}
	anyConfig = []grammar.Mode{Config, Interface, RouterLISP, Site, LocatorSet, EIDTable}
)

// modeTitles name the modes in the command reference, in its order.
var modeTitles = []struct {
	mode  grammar.Mode
	title string
}{
	{User, "User EXEC"},
	{Exec, "Privileged EXEC"},
	{Config, "Global configuration"},
	{Interface, "Interface configuration"},
	{RouterLISP, "`router lisp`"},
	{Site, "`router lisp`, `site`"},
	{LocatorSet, "`router lisp`, `locator-set`"},
	{EIDTable, "`router lisp`, `eid-table`"},
	{Lab, "The lab itself (`lab ...` on the console, `!! ...` in a transcript)"},
}

// modeParent is the mode of configuration that a mode is entered from; "" when it is entered from EXEC.
func modeParent(m grammar.Mode) grammar.Mode {
	switch m {
	case Interface, RouterLISP:
		return Config
	case Site, LocatorSet, EIDTable:
		return RouterLISP
	}
	return ""
}

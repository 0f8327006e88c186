package commands

import (
	"strings"

	"lisplab/commands/grammar"
	"lisplab/lispcore"
)

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
	Line       grammar.Mode = "config-line"
	VRF        grammar.Mode = "config-vrf"
	VRFFamily  grammar.Mode = "config-vrf-af"

	// The modes of access lists.
	ExtendedList grammar.Mode = "config-ext-nacl"
	StandardList grammar.Mode = "config-std-nacl"

	// The modes of the hierarchical form.
	ServiceIPv4  grammar.Mode = "config-router-lisp-serv-ipv4"
	ServiceIPv6  grammar.Mode = "config-router-lisp-serv-ipv6"
	Instance     grammar.Mode = "config-router-lisp-inst"
	InstanceIPv4 grammar.Mode = "config-router-lisp-inst-serv-ipv4"
	InstanceIPv6 grammar.Mode = "config-router-lisp-inst-serv-ipv6"

	// Lab is the mode of lines addressed to the lab instead of to a router: what stands behind the word `lab` on the
	// console and behind `!!` in a transcript.
	Lab grammar.Mode = "lab"
)

// anyExec and anyConfig are the modes of rows that hold throughout.
var (
	anyExec   = []grammar.Mode{User, Exec}
	anyConfig = []grammar.Mode{Config, Interface, RouterLISP, Site, LocatorSet, EIDTable,
		ServiceIPv4, ServiceIPv6, Instance, InstanceIPv4, InstanceIPv6, Line, VRF, VRFFamily, ExtendedList, StandardList}
)

// modeTitles name the modes in the command reference, in its order.
var modeTitles = []struct {
	mode  grammar.Mode
	title string
}{
	{User, "User EXEC"},
	{Exec, "Privileged EXEC"},
	{Config, "Global configuration"},
	{VRF, "`vrf definition`, `ip vrf`"},
	{VRFFamily, "`vrf definition`, `address-family`"},
	{Interface, "Interface configuration"},
	{RouterLISP, "`router lisp`"},
	{Site, "`router lisp`, `site`"},
	{LocatorSet, "`router lisp`, `locator-set`"},
	{EIDTable, "`router lisp`, `eid-table`"},
	{ServiceIPv4, "`router lisp`, `service ipv4`"},
	{ServiceIPv6, "`router lisp`, `service ipv6`"},
	{Instance, "`router lisp`, `instance-id`"},
	{InstanceIPv4, "`router lisp`, `instance-id`, `service ipv4`"},
	{InstanceIPv6, "`router lisp`, `instance-id`, `service ipv6`"},
	{ExtendedList, "`ip access-list extended`"},
	{StandardList, "`ip access-list standard`"},
	{Line, "Terminal lines"},
	{Lab, "The lab itself (`lab ...` on the console, `!! ...` in a transcript)"},
}

// modeParent is the mode of configuration that a mode is entered from; "" when it is entered from EXEC.
func modeParent(m grammar.Mode) grammar.Mode {
	switch m {
	case Interface, RouterLISP, Line, VRF, ExtendedList, StandardList:
		return Config
	case VRFFamily:
		return VRF
	case Site, LocatorSet, EIDTable, ServiceIPv4, ServiceIPv6, Instance:
		return RouterLISP
	case InstanceIPv4, InstanceIPv6:
		return Instance
	}
	return ""
}

// serviceMode is the mode of a `service` block that is entered from a mode: from `router lisp`, or from one instance.
func serviceMode(from grammar.Mode, f lispcore.Family) grammar.Mode {
	switch {
	case from == Instance && f == lispcore.IPv4:
		return InstanceIPv4
	case from == Instance:
		return InstanceIPv6
	case f == lispcore.IPv4:
		return ServiceIPv4
	}
	return ServiceIPv6
}

// modeFamily is the address family of a mode of a `service` block.
func modeFamily(m grammar.Mode) lispcore.Family {
	if m == ServiceIPv4 || m == InstanceIPv4 {
		return lispcore.IPv4
	}
	return lispcore.IPv6
}

// longestPrompt is how many characters clients such as scrapli look for between the parentheses of a prompt.
const longestPrompt = 32

// shortMode is what a short prompt shows of a mode: all of it, unless that is too long.
func shortMode(m grammar.Mode) grammar.Mode {
	if len(m) > longestPrompt {
		return grammar.Mode(strings.Replace(string(m), "-router-lisp", "-lisp", 1))
	}
	return m
}

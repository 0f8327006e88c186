package commands

import "lisplab/commands/grammar"

// words is the help of the word paths that several rows share.
var words = grammar.Words{
	"no":      "Negate a command or set its defaults",
	"default": "Set a command to its defaults",
	"show":    "Show running system information",

	"show ip":   "IP information",
	"show ipv6": "IPv6 information",
	"show lisp": "Locator/ID Separation Protocol information",

	"show lisp site EID":                               "EID, or EID prefix",
	"show lisp site instance-id EID":                   "EID, or EID prefix",
	"show lisp site instance-id <0-16777214>":          "Instance ID",
	"show ip lisp database A.B.C.D":                    "EID",
	"show ip lisp database A.B.C.D/nn":                 "EID prefix",
	"show ip lisp database instance-id <0-16777214>":   "Instance ID",
	"show ipv6 lisp database X:X:X:X::X":               "EID",
	"show ipv6 lisp database X:X:X:X::X/<0-128>":       "EID prefix",
	"show ipv6 lisp database instance-id <0-16777214>": "Instance ID",

	"|":               "Output modifiers",
	"| append":        "Append redirected output to URL (URLs supporting append operation only)",
	"| begin":         "Begin with the line that matches",
	"| count":         "Count number of lines which match regexp",
	"| exclude":       "Exclude lines that match",
	"| include":       "Include lines that match",
	"| redirect":      "Redirect output to URL",
	"| section":       "Filter a section of output",
	"| tee":           "Copy output to URL",
	"| tee /append":   "Append output to URL",
	"| append WORD":   "Uniform Resource Locator",
	"| begin LINE":    "Regular Expression",
	"| count LINE":    "Regular Expression",
	"| exclude LINE":  "Regular Expression",
	"| include LINE":  "Regular Expression",
	"| redirect WORD": "Uniform Resource Locator",
	"| section LINE":  "Regular Expression",
	"| tee WORD":      "Uniform Resource Locator",
}

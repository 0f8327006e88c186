package commands

import "lisplab/commands/grammar"

// words is the help of the word paths that several rows share.
var words = grammar.Words{
	"no":   "Negate a command or set its defaults",
	"show": "Show running system information",

	"|":              "Output modifiers",
	"| begin":        "Begin with the line that matches",
	"| count":        "Count number of lines which match regexp",
	"| exclude":      "Exclude lines that match",
	"| include":      "Include lines that match",
	"| section":      "Filter a section of output",
	"| begin LINE":   "Regular Expression",
	"| count LINE":   "Regular Expression",
	"| exclude LINE": "Regular Expression",
	"| include LINE": "Regular Expression",
	"| section LINE": "Regular Expression",
}

package grammar

import (
	"errors"
	"strings"
	"sync"
)

// Mode names the state of a session in which a rule holds.
type Mode string

// Rule is one declared command. Prefix is a keyword before the syntax that is not part of the word paths behind it, so
// that a command and its negation share their help. Suffix is syntax behind it whose word paths start anew, so that what
// may follow many commands has its help once.
type Rule struct {
	Modes  []Mode
	Prefix string
	Syntax string
	Suffix string
	Hidden bool // parsed, but not listed by Next and not completed
}

// String returns the rule as a reference lists it, without its suffix.
func (r Rule) String() string { return strings.TrimSpace(r.Prefix + " " + r.Syntax) }

// Grammar is the compiled rules: a tree per mode. A node of it grows when a line first comes there, so that a session
// pays for what is typed in it and not for all that could be. Any number of goroutines may use it.
type Grammar struct {
	rules []Rule
	names [][]string // by rule: its $names
	roots map[Mode]*node
	grower
}

// node is a place in the tree between two words. Its edges are what may come next, keywords first. Both are there once
// it has grown (see Grammar.at).
type node struct {
	edges []edge
	rule  int // the rule that is complete here, or -1

	mode  Mode
	where string     // the line that first led here, for errors
	from  []position // of the rules that lead here
	grown sync.Once
}

type edge struct {
	*token
	help   string
	hidden bool
	to     *node
}

// Compile reads the syntax strings of the rules. It fails, naming each, when there are some that can't be read. What else may be
// wrong with a table shows when its trees have grown: see Check.
func Compile(words Words, rules []Rule) (*Grammar, error) {
	g := &Grammar{rules: rules, names: make([][]string, len(rules)), roots: map[Mode]*node{}, grower: newGrower(words)}
	var errs []error
	for i, r := range rules {
		elements, err := r.parse()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		g.names[i] = names(elements)
		for _, m := range r.Modes {
			if g.roots[m] == nil {
				g.roots[m] = &node{rule: -1, mode: m}
			}
			g.roots[m].from = append(g.roots[m].from, position{rule: i, rest: elements})
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return g, nil
}

// names lists the $names of a rule.
func names(elements []element) (list []string) {
	for _, e := range elements {
		if e.token != nil && e.token.name != "" {
			list = append(list, e.token.name)
		}
		for _, b := range e.branches {
			list = append(list, names(b)...)
		}
	}
	return list
}

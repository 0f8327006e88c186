package grammar

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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

// Grammar is the compiled rules: a tree per mode. It is never changed, so any number of goroutines may use it.
type Grammar struct {
	rules []Rule
	names [][]string // by rule: its $names
	roots map[Mode]*node
}

// node is a place in the tree between two words. Its edges are what may come next, keywords first.
type node struct {
	edges []edge
	rule  int // the rule that is complete here, or -1
}

type edge struct {
	*token
	help   string
	hidden bool
	to     *node
}

// Compile builds the tree of every mode. It fails, naming all that is wrong, when a syntax string can't be read, when
// two rules of a mode end at one place of the tree, when one place of it carries two names, and when help is missing,
// contradictory or belongs to no rule.
func Compile(words Words, rules []Rule) (*Grammar, error) {
	c := &compiler{words: words, used: map[string]bool{}, grown: map[string]*node{}, g: &Grammar{rules: rules, names: make([][]string, len(rules)), roots: map[Mode]*node{}}}
	starts := map[Mode][]position{}
	var modes []Mode
	for i, r := range rules {
		elements, err := r.parse()
		if err != nil {
			c.fail("%v", err)
			continue
		}
		c.g.names[i] = names(elements)
		for _, m := range r.Modes {
			if starts[m] == nil {
				modes = append(modes, m)
				c.g.roots[m] = &node{rule: -1}
			}
			starts[m] = append(starts[m], position{rule: i, rest: elements})
		}
	}
	for _, m := range modes {
		c.grow(m, c.g.roots[m], starts[m], "")
	}
	for _, path := range sortedKeys(words) {
		if !c.used[path] {
			c.fail("help for %q belongs to no rule", path)
		}
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	return c.g, nil
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

type compiler struct {
	g     *Grammar
	words Words
	used  map[string]bool
	errs  []error
	// grown are the nodes by what is left of the rules there: where the same may follow, by whatever words the line came,
	// the tree has one node.
	grown map[string]*node
}

func (c *compiler) fail(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if !slices.ContainsFunc(c.errs, func(e error) bool { return e.Error() == err.Error() }) {
		c.errs = append(c.errs, err)
	}
}

// position is how far one rule has come: what is left of it.
type position struct {
	rule int
	rest []element
}

// step is one token that a position allows next, and the position behind it.
type step struct {
	*token
	after position
}

// grow makes the subtree of a node from the positions that lead into it. where is the line so far, for errors.
func (c *compiler) grow(m Mode, n *node, from []position, where string) {
	var steps []step
	for _, p := range from {
		c.expand(m, n, p, where, &steps)
	}
	for len(steps) > 0 {
		first := steps[0].token
		var same, others []step
		for _, s := range steps {
			if s.same(first) {
				same = append(same, s)
			} else {
				others = append(others, s)
			}
		}
		n.edges = append(n.edges, c.join(m, same, where))
		steps = others
	}
	slices.SortStableFunc(n.edges, func(a, b edge) int { return strings.Compare(a.text, b.text) })
}

// expand adds the steps that a position allows, and marks the node when the rule may end here.
func (c *compiler) expand(m Mode, n *node, p position, where string, steps *[]step) {
	if len(p.rest) == 0 {
		if n.rule >= 0 && n.rule != p.rule {
			c.fail("mode %s: %q means both %q and %q", m, where, c.g.rules[n.rule], c.g.rules[p.rule])
		}
		n.rule = p.rule
		return
	}
	head, rest := p.rest[0], p.rest[1:]
	switch {
	case head.token != nil:
		*steps = append(*steps, step{head.token, position{p.rule, rest}})
	case head.jump != "":
		root := c.g.roots[head.jump]
		if root == nil || len(rest) > 0 {
			c.fail("mode %s: %q can't go on in mode %s", m, where, head.jump)
			return
		}
		*steps = append(*steps, step{&token{text: "{" + string(head.jump) + "}"}, p})
	case head.anyOrder:
		for i, b := range head.branches {
			if again := head; again.used&(1<<i) == 0 {
				again.used |= 1 << i
				c.expand(m, n, position{p.rule, append(append(b[:len(b):len(b)], again), rest...)}, where, steps)
			}
		}
		c.expand(m, n, position{p.rule, rest}, where, steps)
	default:
		for _, b := range head.branches {
			c.expand(m, n, position{p.rule, append(b[:len(b):len(b)], rest...)}, where, steps)
		}
		if head.optional {
			c.expand(m, n, position{p.rule, rest}, where, steps)
		}
	}
}

// join makes one edge of the steps that share a token.
func (c *compiler) join(m Mode, same []step, where string) edge {
	first := same[0]
	where = strings.TrimSpace(where + " " + first.text)
	if jump, ok := strings.CutPrefix(first.text, "{"); ok {
		return edge{token: first.token, to: c.g.roots[Mode(strings.TrimSuffix(jump, "}"))]}
	}
	e := edge{token: first.token, hidden: true}
	e.help = c.help(m, first.token, where)
	var after []position
	for _, s := range same {
		if s.name != first.name {
			c.fail("mode %s: %q is named both %q and %q", m, where, first.name, s.name)
		}
		if s.path != first.path {
			if other := c.help(m, s.token, where); other != e.help {
				c.fail("mode %s: %q has two helps: %q and %q", m, where, e.help, other)
			}
		}
		e.hidden = e.hidden && c.g.rules[s.after.rule].Hidden
		after = append(after, s.after)
	}
	if first.kind == linePlace && slices.ContainsFunc(after, func(p position) bool { return len(p.rest) > 0 }) {
		c.fail("mode %s: %q: nothing can come after LINE", m, where)
		e.to = &node{rule: -1}
		return e
	}
	key := string(m) + rests(after)
	if e.to = c.grown[key]; e.to == nil {
		e.to = &node{rule: -1}
		c.grown[key] = e.to
		c.grow(m, e.to, after, where)
	}
	return e
}

// rests names what is left of rules: equal for equal rests of the same rules, and for no others.
func rests(positions []position) string {
	var b strings.Builder
	for _, p := range positions {
		fmt.Fprintf(&b, "\n%d", p.rule)
		for _, e := range p.rest {
			fmt.Fprintf(&b, " %p %p %b %s", e.token, e.branches, e.used, e.jump)
		}
	}
	return b.String()
}

func (c *compiler) help(m Mode, t *token, where string) string {
	if help, ok := interfaceHelp(t.path); ok {
		return help
	}
	help, key, ok := c.words.find(m, t.path)
	if !ok {
		c.fail("mode %s: %q has no help (word path %q)", m, where, t.path)
	}
	c.used[key] = true
	return help
}

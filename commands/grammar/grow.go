package grammar

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// grower is what the nodes of a grammar grow from.
type grower struct {
	words Words

	mu   sync.Mutex // of all below
	used map[string]bool
	errs []error
	// shared are the nodes by what is left of the rules there: where the same may follow, by whatever words the line came,
	// the tree has one node.
	shared map[string]*node
}

func newGrower(words Words) grower {
	return grower{words: words, used: map[string]bool{}, shared: map[string]*node{}}
}

// Check grows all trees, and tells all that is wrong with the table: two rules of a mode that end at one place of the tree,
// a place of it that carries two names, help that is missing, contradictory or belongs to no rule. A table that is part of a program has a
// test that calls it; a line parsed by a wrong one means one of the things that it could.
func (g *Grammar) Check() error {
	seen := map[*node]bool{}
	var visit func(*node)
	visit = func(n *node) {
		if n = g.at(n); seen[n] {
			return
		}
		seen[n] = true
		for _, e := range n.edges {
			visit(e.to)
		}
	}
	for _, m := range sortedKeys(g.roots) {
		visit(g.roots[m])
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	errs := slices.Clone(g.errs)
	for _, path := range sortedKeys(g.words) {
		if !g.used[path] {
			errs = append(errs, fmt.Errorf("help for %q belongs to no rule", path))
		}
	}
	return errors.Join(errs...)
}

func (g *Grammar) fail(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if !slices.ContainsFunc(g.errs, func(e error) bool { return e.Error() == err.Error() }) {
		g.errs = append(g.errs, err)
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

// at returns the node at which a line stands that was led to n: n itself, grown, or the root of the mode into which it jumps.
func (g *Grammar) at(n *node) *node {
	n.grown.Do(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.grow(n)
	})
	if len(n.edges) == 1 && strings.HasPrefix(n.edges[0].text, "{") {
		return g.at(n.edges[0].to)
	}
	return n
}

// grow makes the edges of a node from the positions that lead there.
func (g *Grammar) grow(n *node) {
	var steps []step
	for _, p := range n.from {
		g.expand(n, p, &steps)
	}
	n.from = nil
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
		n.edges = append(n.edges, g.join(n, same))
		steps = others
	}
	slices.SortStableFunc(n.edges, func(a, b edge) int { return strings.Compare(a.text, b.text) })
}

// expand adds the steps that a position allows, and marks the node when the rule may end here.
func (g *Grammar) expand(n *node, p position, steps *[]step) {
	if len(p.rest) == 0 {
		if n.rule >= 0 && n.rule != p.rule {
			g.fail("mode %s: %q means both %q and %q", n.mode, n.where, g.rules[n.rule], g.rules[p.rule])
		}
		n.rule = p.rule
		return
	}
	head, rest := p.rest[0], p.rest[1:]
	switch {
	case head.token != nil:
		*steps = append(*steps, step{head.token, position{p.rule, rest}})
	case head.jump != "":
		root := g.roots[head.jump]
		if root == nil || len(rest) > 0 {
			g.fail("mode %s: %q can't go on in mode %s", n.mode, n.where, head.jump)
			return
		}
		*steps = append(*steps, step{&token{text: "{" + string(head.jump) + "}"}, p})
	case head.anyOrder:
		for i, b := range head.branches {
			if again := head; again.used&(1<<i) == 0 {
				again.used |= 1 << i
				g.expand(n, position{p.rule, append(append(b[:len(b):len(b)], again), rest...)}, steps)
			}
		}
		g.expand(n, position{p.rule, rest}, steps)
	default:
		for _, b := range head.branches {
			g.expand(n, position{p.rule, append(b[:len(b):len(b)], rest...)}, steps)
		}
		if head.optional {
			g.expand(n, position{p.rule, rest}, steps)
		}
	}
}

// join makes one edge of the steps that share a token.
func (g *Grammar) join(n *node, same []step) edge {
	first := same[0]
	where := strings.TrimSpace(n.where + " " + first.text)
	if jump, ok := strings.CutPrefix(first.text, "{"); ok {
		return edge{token: first.token, to: g.roots[Mode(strings.TrimSuffix(jump, "}"))]}
	}
	e := edge{token: first.token, hidden: true}
	e.help = g.help(n.mode, first.token, where)
	var after []position
	for _, s := range same {
		if s.name != first.name {
			g.fail("mode %s: %q is named both %q and %q", n.mode, where, first.name, s.name)
		}
		if s.path != first.path {
			if other := g.help(n.mode, s.token, where); other != e.help {
				g.fail("mode %s: %q has two helps: %q and %q", n.mode, where, e.help, other)
			}
		}
		e.hidden = e.hidden && g.rules[s.after.rule].Hidden
		after = append(after, s.after)
	}
	if first.kind == linePlace && slices.ContainsFunc(after, func(p position) bool { return len(p.rest) > 0 }) {
		g.fail("mode %s: %q: nothing can come after LINE", n.mode, where)
		e.to = &node{rule: -1}
		return e
	}
	key := string(n.mode) + rests(after)
	if e.to = g.shared[key]; e.to == nil {
		e.to = &node{rule: -1, mode: n.mode, where: where, from: after}
		g.shared[key] = e.to
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

func (g *Grammar) help(m Mode, t *token, where string) string {
	if help, ok := interfaceHelp(t.path); ok {
		return help
	}
	help, key, ok := g.words.find(m, t.path, t.name)
	if !ok {
		g.fail("mode %s: %q has no help (word path %q)", m, where, t.path)
	}
	g.used[key] = true
	return help
}

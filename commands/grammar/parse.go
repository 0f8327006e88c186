package grammar

import (
	"slices"
	"strings"
)

// Match is a parsed line: the index of its rule and the values of its places.
type Match struct {
	Rule int
	Args Args
}

// Word is one word of a line and the byte offset at which it stands.
type Word struct {
	Text string
	Col  int
}

// Split cuts a line into words at blanks. There are no quotes and no escapes: everything else is data.
func Split(line string) []Word {
	var words []Word
	for i := 0; i < len(line); {
		if isBlank(line[i]) {
			i++
			continue
		}
		end := i
		for end < len(line) && !isBlank(line[end]) {
			end++
		}
		words = append(words, Word{line[i:end], i})
		i = end
	}
	return words
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// Parse finds the rule that a line means in a mode. Its errors are *Error.
func (g *Grammar) Parse(m Mode, line string) (Match, error) {
	return g.ParseWords(m, line, Split(line))
}

// ParseWords is Parse for a line that was split in another way.
func (g *Grammar) ParseWords(m Mode, line string, words []Word) (Match, error) {
	w, err := g.walk(m, line, words)
	if err != nil {
		return Match{}, err
	}
	if w.at.rule < 0 {
		return Match{}, &Error{Kind: Incomplete, Col: len(line), Expected: w.at.expected()}
	}
	w.args.dropKeywords(g.names[w.at.rule])
	return Match{w.at.rule, w.args}, nil
}

// walker is a walk down the tree.
type walker struct {
	at   *node
	args Args
	line *node // where a LINE took the rest, or nil
}

func (g *Grammar) walk(m Mode, line string, words []Word) (*walker, error) {
	w := &walker{at: g.root(m)}
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		e, glued, err := w.at.pick(word)
		if err != nil {
			return nil, err
		}
		switch {
		case e.kind == linePlace:
			rest := strings.TrimRight(line[min(word.Col, len(line)):], " \t")
			w.args.set(e.name, arg{value: rest, col: word.Col})
			w.line = w.at
			words = nil
		case e.isKeyword():
			w.args.set(e.text, arg{value: e.text, col: word.Col, keyword: true})
			if e.name != "" {
				w.args.set(e.name, arg{value: e.text, col: word.Col})
			}
		default:
			value, _, _ := e.kind.read(word.Text)
			w.args.set(e.name, arg{value: value, col: word.Col})
		}
		w.at = g.at(e.to)
		if glued != "" {
			words = append([]Word{{glued, word.Col + len(word.Text) - len(glued)}}, words...)
		}
	}
	return w, nil
}

func (g *Grammar) root(m Mode) *node {
	if root := g.roots[m]; root != nil {
		return g.at(root)
	}
	return &node{rule: -1}
}

// pick chooses the edge that a word means. An exact keyword beats a longer one, keywords beat places, and narrow places
// beat wide ones. glued is the part of the word that belongs to the next edge: the number of an interface name.
func (n *node) pick(word Word) (e *edge, glued string, err error) {
	if e, err := n.keyword(word); e != nil || err != nil {
		return e, "", err
	}
	for rank := rankExact; rank <= rankLine; rank++ {
		for i := range n.edges {
			if e := &n.edges[i]; !e.isKeyword() && e.kind.rank == rank {
				if _, _, ok := e.kind.read(word.Text); ok {
					return e, "", nil
				}
			}
		}
		if rank == rankExact {
			if e, glued, err := n.splitInterface(word); e != nil || err != nil {
				return e, glued, err
			}
		}
	}
	return nil, "", &Error{Kind: Invalid, Col: word.Col + n.reach(word.Text), Found: word.Text, Expected: n.expected()}
}

// keyword returns the edge of the keyword that the word is or uniquely begins.
func (n *node) keyword(word Word) (*edge, error) {
	var found []*edge
	for i := range n.edges {
		e := &n.edges[i]
		if !e.isKeyword() || !hasFoldPrefix(e.text, word.Text) {
			continue
		}
		if len(e.text) == len(word.Text) {
			return e, nil
		}
		found = append(found, e)
	}
	if len(found) > 1 { // a hidden keyword never stands in the way of a shown one
		if shown := slices.DeleteFunc(slices.Clone(found), func(e *edge) bool { return e.hidden }); len(shown) > 0 {
			found = shown
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	err := &Error{Kind: Ambiguous, Col: word.Col, Found: word.Text}
	for _, e := range found {
		err.Expected = append(err.Expected, e.text)
	}
	return nil, err
}

// splitInterface splits "gi0/1" into the type that "gi" means and the number.
func (n *node) splitInterface(word Word) (e *edge, number string, err error) {
	digit := strings.IndexAny(word.Text, "0123456789")
	if digit <= 0 || !slices.ContainsFunc(n.edges, func(e edge) bool { return e.isInterfaceType() }) {
		return nil, "", nil
	}
	e, err = n.keyword(Word{word.Text[:digit], word.Col})
	if e == nil || !e.isInterfaceType() {
		return nil, "", err
	}
	return e, word.Text[digit:], nil
}

// reach tells how far into a word that fits nowhere some edge still agreed with it.
func (n *node) reach(word string) int {
	most := 0
	for _, e := range n.edges {
		if e.isKeyword() {
			most = max(most, commonFold(e.text, word))
		} else {
			_, reach, _ := e.kind.read(word)
			most = max(most, reach)
		}
	}
	return most
}

// expected lists what may come next.
func (n *node) expected() []string {
	var texts []string
	for _, e := range n.edges {
		if !e.hidden {
			text := e.text
			if e.kind != nil && e.kind.such != "" {
				text += " such as " + e.kind.such
			}
			texts = append(texts, text)
		}
	}
	return texts
}

func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func commonFold(s, t string) int {
	n := 0
	for n < len(s) && n < len(t) && lower(s[n]) == lower(t[n]) {
		n++
	}
	return n
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

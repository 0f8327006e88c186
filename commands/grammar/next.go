package grammar

// End is the candidate that stands for the end of the line.
const End = "<cr>"

// Candidate is one line of help: a keyword in full, a place, or End.
type Candidate struct {
	Text    string
	Help    string
	Keyword bool
}

// Next answers `?`: what may stand at the end of the line, sorted as ASCII with End last. Directly behind a word it
// lists what that word can become; behind a blank, what may follow. An error means that the line before makes no sense.
func (g *Grammar) Next(m Mode, line string) ([]Candidate, error) {
	n, partial, err := g.before(m, line)
	if err != nil {
		return nil, err
	}
	var list []Candidate
	for _, e := range n.edges {
		if !e.hidden && e.begins(partial) {
			list = append(list, Candidate{e.text, e.help, e.isKeyword()})
		}
	}
	if n.rule >= 0 && partial == "" && !g.rules[n.rule].Hidden {
		list = append(list, Candidate{Text: End})
	}
	if len(list) == 0 {
		words := Split(line)
		e := &Error{Kind: Invalid, Col: len(line), Found: partial, Expected: n.expected()}
		if partial != "" {
			e.Col = words[len(words)-1].Col + n.reach(partial)
		}
		return nil, e
	}
	return list, nil
}

// Place is where a line leads. Two lines lead to one place when they can go on in the same ways, to the same rules.
type Place struct{ at *node }

// Place returns where a line leads whose words are all done. An error means that the line makes no sense.
func (g *Grammar) Place(m Mode, line string) (Place, error) {
	w, err := g.walk(m, line, Split(line))
	if err != nil {
		return Place{}, err
	}
	return Place{w.at}, nil
}

// lineName returns the $name of the node's LINE.
func (n *node) lineName() string {
	for _, e := range n.edges {
		if e.kind == linePlace {
			return e.name
		}
	}
	return ""
}

// begins tells whether a word that is still being typed can become this edge.
func (e *edge) begins(partial string) bool {
	if e.isKeyword() {
		return hasFoldPrefix(e.text, partial)
	}
	return partial == "" || e.kind.begins(partial)
}

// Complete answers Tab: the line with its last word written out and a blank behind it. ok is false, and the line
// returned as it is, when the last word begins no keyword or several.
func (g *Grammar) Complete(m Mode, line string) (completed string, ok bool) {
	n, partial, err := g.before(m, line)
	if err != nil || partial == "" {
		return line, false
	}
	e, err := n.keyword(Word{Text: partial})
	if e == nil || err != nil || e.hidden {
		return line, false
	}
	return line[:len(line)-len(partial)] + e.text + " ", true
}

// before walks all words of a line that are done, and returns the word that is still being typed.
func (g *Grammar) before(m Mode, line string) (at *node, partial string, err error) {
	words := Split(line)
	if len(words) > 0 && !isBlank(line[len(line)-1]) {
		partial = words[len(words)-1].Text
		words = words[:len(words)-1]
	}
	w, err := g.walk(m, line[:len(line)-len(partial)], words)
	if err != nil {
		return nil, "", err
	}
	if w.line != nil { // a LINE goes on to the end, blanks and all
		return w.line, line[w.args.Col(w.line.lineName()):], nil
	}
	if e, number, err := w.at.splitInterface(Word{Text: partial}); e != nil && err == nil { // gi0/
		return g.at(e.to), number, nil
	}
	return w.at, partial, nil
}

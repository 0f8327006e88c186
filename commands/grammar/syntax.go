package grammar

import (
	"fmt"
	"strings"
)

// element is one part of a parsed syntax string: a token, a choice, an option, or the jump into another mode.
type element struct {
	token    *token
	branches [][]element // of a choice or an option
	optional bool
	anyOrder bool   // of an option: any of its branches, each once, in any order
	used     uint64 // the branches that have been taken, a bit each
	jump     Mode
}

// token is one word of a syntax string: a keyword, or a place with its kind.
type token struct {
	text string // the keyword, or what `?` prints for the place
	kind *place // nil: a keyword
	name string // after the $
	path string // the word path of its help
}

func (t *token) isKeyword() bool { return t.kind == nil }

// same tells whether two tokens are one branch of the tree.
func (t *token) same(o *token) bool { return t.text == o.text && t.isKeyword() == o.isKeyword() }

// parse reads the rule: its prefix, its syntax, and its suffix with word paths of its own.
func (r Rule) parse() ([]element, error) {
	var elements []element
	if r.Prefix != "" {
		elements = append(elements, element{token: &token{text: r.Prefix, path: r.Prefix}})
	}
	syntax, err := parseSyntax(r.Syntax)
	if err != nil {
		return nil, err
	}
	elements = append(elements, syntax...)
	if r.Suffix != "" {
		suffix, err := parseSyntax(r.Suffix)
		if err != nil {
			return nil, err
		}
		elements = append(elements, suffix...)
	}
	return elements, nil
}

func parseSyntax(syntax string) ([]element, error) {
	p := &syntaxParser{words: lexSyntax(syntax)}
	elements, _, err := p.sequence(nil, "")
	if err == nil && p.pos < len(p.words) {
		err = fmt.Errorf("%q has no opening bracket", p.words[p.pos])
	}
	if err == nil && len(elements) == 0 {
		err = fmt.Errorf("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("syntax %q: %w", syntax, err)
	}
	return elements, nil
}

// lexSyntax splits a syntax string into words and the brackets of choices and options. `<` opens a choice unless it
// opens a number range.
func lexSyntax(s string) []string {
	var words []string
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\n' || c == '\t':
			i++
		case c == '<' && rangePattern.MatchString(s[i:]):
			end := i + strings.IndexByte(s[i:], '>') + 1
			for end < len(s) && !strings.ContainsRune(" \n\t[]<>|", rune(s[end])) {
				end++
			}
			words = append(words, s[i:end])
			i = end
		case c == '\\' && i+1 < len(s): // \| is the keyword |
			words = append(words, s[i:i+2])
			i += 2
		case strings.IndexByte("[]<|", c) >= 0:
			words = append(words, s[i:i+1])
			i++
		case c == '>':
			end := i + 1
			for end < len(s) && !strings.ContainsRune(" \n\t[]<>|", rune(s[end])) {
				end++
			}
			words = append(words, s[i:end]) // with its $name
			i = end
		default:
			end := i + 1
			for end < len(s) && !strings.ContainsRune(" \n\t[]>|", rune(s[end])) {
				if s[end] == '<' { // X:X:X:X::X/<0-128>
					end += strings.IndexByte(s[end:]+">", '>')
				}
				end++
			}
			end = min(end, len(s))
			words = append(words, s[i:end])
			i = end
		}
	}
	return words
}

// repeated stands behind an option whose branches may all be typed.
const repeated = "..."

type syntaxParser struct {
	words []string
	pos   int
}

func (p *syntaxParser) peek() string {
	if p.pos < len(p.words) {
		return p.words[p.pos]
	}
	return ""
}

// sequence reads elements up to a word that closes or separates, and returns the keyword path behind them.
func (p *syntaxParser) sequence(path []string, closer string) ([]element, []string, error) {
	var elements []element
	for {
		switch word := p.peek(); {
		case word == "" || word == "]" || strings.HasPrefix(word, ">") || word == "|" && closer != "":
			return elements, path, nil
		case word == "[":
			p.pos++
			branches, _, err := p.group(path, "]")
			if err != nil {
				return nil, nil, err
			}
			e := element{branches: branches, optional: true, anyOrder: p.peek() == repeated}
			if e.anyOrder {
				p.pos++
			}
			elements = append(elements, e)
		case word == "<":
			p.pos++
			branches, name, err := p.group(path, ">")
			if err != nil {
				return nil, nil, err
			}
			choice, err := nameChoice(branches, name)
			if err != nil {
				return nil, nil, err
			}
			elements = append(elements, element{branches: branches})
			if choice != "" {
				path = append(path[:len(path):len(path)], choice)
			}
		case strings.HasPrefix(word, "{"):
			p.pos++
			elements = append(elements, element{jump: Mode(strings.Trim(word, "{}"))})
		default:
			p.pos++
			e, err := newElement(word, path)
			if err != nil {
				return nil, nil, err
			}
			if e.token != nil && e.token.isKeyword() {
				path = append(path[:len(path):len(path)], e.token.text)
			}
			elements = append(elements, e)
		}
	}
}

// group reads the branches of a choice or an option, and the $name behind its closing bracket.
func (p *syntaxParser) group(path []string, closer string) (branches [][]element, name string, err error) {
	for {
		branch, _, err := p.sequence(path, closer)
		if err != nil {
			return nil, "", err
		}
		if len(branch) == 0 {
			return nil, "", fmt.Errorf("a branch before %q is empty", p.peek())
		}
		branches = append(branches, branch)
		word := p.peek()
		p.pos++
		switch {
		case word == "|":
		case strings.HasPrefix(word, closer):
			return branches, strings.TrimPrefix(word[1:], "$"), nil
		default:
			return nil, "", fmt.Errorf("a bracket lacks its %q", closer)
		}
	}
}

// nameChoice gives the keywords of a choice its name, and returns the choice as one word of a path ("" when one of its
// branches is more than a keyword).
func nameChoice(branches [][]element, name string) (string, error) {
	var words []string
	for _, b := range branches {
		if len(b) != 1 || b[0].token == nil || !b[0].token.isKeyword() {
			if name != "" {
				return "", fmt.Errorf("$%s stands behind a choice of more than keywords", name)
			}
			return "", nil
		}
		if name != "" {
			b[0].token.name = name
		}
		words = append(words, b[0].token.text)
	}
	return strings.Join(words, "|"), nil
}

// newElement makes the element of one word: a keyword, a place, or the choice that a place of both families is.
func newElement(word string, path []string) (element, error) {
	text, name, named := strings.Cut(strings.TrimPrefix(word, `\`), "$")
	if text == "" || named && name == "" {
		return element{}, fmt.Errorf("%q has no word or no name", word)
	}
	wordPath := strings.Join(append(path[:len(path):len(path)], text), " ")
	kinds, isPlace, err := places(text)
	switch {
	case err != nil:
		return element{}, err
	case !isPlace:
		return element{token: &token{text: text, name: name, path: wordPath}}, nil
	case name == "":
		return element{}, fmt.Errorf("the place %s has no $name", text)
	case text == interfacePlace:
		return interfaceElement(name), nil
	case len(kinds) == 1:
		return element{token: &token{text: kinds[0].text, kind: kinds[0], name: name, path: wordPath}}, nil
	}
	e := element{}
	for _, k := range kinds {
		e.branches = append(e.branches, []element{{token: &token{text: k.text, kind: k, name: name, path: wordPath}}})
	}
	return e, nil
}

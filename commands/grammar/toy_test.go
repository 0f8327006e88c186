package grammar

import "testing"

// The language of the tests: a workshop. It has nothing of a router's.
const (
	floor Mode = "floor"
	bench Mode = "bench"
)

var toyRules = []Rule{
	0:  {Modes: []Mode{floor}, Syntax: "show tools [sharp | name WORD$name | <1-99>$number]", Suffix: `[\| <count | only LINE$pattern>]`},
	1:  {Modes: []Mode{floor}, Syntax: "show tool-rack"},
	2:  {Modes: []Mode{floor}, Syntax: "shutter <open|closed>$state"},
	3:  {Modes: []Mode{floor}, Syntax: "paint [coats <1-3>$coats] WORD$thing [gloss]"},
	4:  {Modes: []Mode{floor}, Prefix: "no", Syntax: "paint WORD$thing"},
	5:  {Modes: []Mode{floor}, Syntax: "wire <A.B.C.D$from | INTERFACE$port [A.B.C.D$from]>"},
	6:  {Modes: []Mode{floor}, Syntax: "fence PREFIX$p"},
	7:  {Modes: []Mode{floor}, Syntax: "find EID$e"},
	8:  {Modes: []Mode{floor}, Syntax: "call ADDRESS$a"},
	9:  {Modes: []Mode{floor}, Syntax: "wait DURATION$d"},
	10: {Modes: []Mode{floor}, Syntax: "note LINE$text"},
	11: {Modes: []Mode{floor}, Syntax: "secret", Hidden: true},
	12: {Modes: []Mode{bench}, Syntax: "hammer"},
	13: {Modes: []Mode{bench}, Syntax: "from {floor}"},
	14: {Modes: []Mode{floor}, Syntax: "pick <* | WORD$pick>"},
	15: {Modes: []Mode{floor}, Syntax: "order WORD$what [fast | at <1-9>$bench | for WORD$whom]..."},
	16: {Modes: []Mode{floor}, Syntax: "move <1-9>$from <1-9>$to"},
}

var toyWords = Words{
	"show": "Look at something", "show tools": "The tools", "show tool-rack": "Where they hang",
	"show tools sharp": "Only sharp ones", "show tools name": "One of them", "show tools name WORD": "Its name", "show tools <1-99>": "Its number",
	"|": "Filters", "| count": "How many", "| only": "Those that match", "| only LINE": "What to match",
	"shutter": "Move the shutter", "shutter open": "Up", "shutter closed": "Down",
	"paint": "Paint a thing", "paint coats": "More than once", "paint coats <1-3>": "How often", "paint WORD": "The thing", "paint gloss": "With a shine",
	"no":   "Undo",
	"wire": "Pull a wire", "wire A.B.C.D": "Where from",
	"fence": "Fence a range", "fence PREFIX": "The range",
	"find": "Find a place", "find EID": "The place",
	"call": "Call a place", "call ADDRESS": "The place",
	"wait": "Let time pass", "wait DURATION": "How long",
	"note": "Write something down", "note LINE": "The text",
	"secret": "Nobody sees this",
	"hammer": "Hit it", "from": "Act on the floor from here",
	"order": "Order a thing", "order WORD": "The thing", "order fast": "At once", "order at": "At which bench", "order at <1-9>": "Its number",
	"order for": "For whom", "order for WORD": "His name",
	"move": "Move a tool", "move <1-9>$from": "From which bench", "move <1-9>$to": "To which bench",
	"pick": "Take a thing", "pick *": "Everything", "pick WORD": "The thing",
}

func toy(t testing.TB) *Grammar {
	t.Helper()
	g, err := compileAll(toyWords, toyRules)
	if err != nil {
		t.Fatalf("the toy is broken:\n%v", err)
	}
	return g
}

// compileAll compiles rules and grows their trees.
func compileAll(words Words, rules []Rule) (*Grammar, error) {
	g, err := Compile(words, rules)
	if err != nil {
		return nil, err
	}
	return g, g.Check()
}
